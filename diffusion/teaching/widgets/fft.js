// The Fourier transform of n × n complex numbers, n a power of two (Cooley and Tukey 1965).

// transform(re, im) works in place and leaves the result transposed; transform(im, re) takes it back,
// upright, but for the factor n².
const fourier = (n) => {
  const bits = Math.log2(n);
  const reversed = Array.from({ length: n }, (_, i) =>
    Array.from({ length: bits }, (_, bit) => ((i >> bit) & 1) << (bits - 1 - bit)).reduce((a, b) => a + b, 0));
  const swap = (part, a, b) => {
    const kept = part[a];
    part[a] = part[b];
    part[b] = kept;
  };

  // Down each column; all columns side by side, since numbers beside each other are quickly at hand.
  const columns = (re, im) => {
    reversed.forEach((other, row) => {
      if (row < other)
        for (let x = 0; x < n; x++) {
          swap(re, row * n + x, other * n + x);
          swap(im, row * n + x, other * n + x);
        }
    });
    for (let half = 1; half < n; half *= 2) // two halves are joined, of 2 numbers, of 4, of 8, …
      for (let row = 0; row < n; row++) {
        if (row & half) continue;
        const angle = (-Math.PI * (row % half)) / half;
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        for (let a = row * n, b = a + half * n; a < (row + 1) * n; a++, b++) {
          const x = c * re[b] - s * im[b];
          const y = s * re[b] + c * im[b];
          re[b] = re[a] - x;
          im[b] = im[a] - y;
          re[a] += x;
          im[a] += y;
        }
      }
  };
  const transpose = (part) => {
    for (let row = 0; row < n; row++)
      for (let x = 0; x < row; x++) swap(part, row * n + x, x * n + row);
  };
  return (re, im) => {
    columns(re, im);
    transpose(re);
    transpose(im);
    columns(re, im);
  };
};
