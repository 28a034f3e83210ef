// The part of a picture whose frequencies are above the noise.

// A function that gives the part of x_0 at those frequencies for which kept[f], as grey
// levels from the middle grey, times n²: one array for each channel. x_0 is uint8, (n, n, channels).
const taker = (x_0, n, channels) => {
  const transform = fourier(n);
  // The frequency at each place, as in Python's `at_frequencies`.
  const distance = (i) => Math.min(i, n - i);
  const frequency = new Uint16Array(n * n).map((_, i) =>
    Math.min(Math.round(Math.hypot(distance(i % n), distance(Math.floor(i / n)))), n / 2));
  const channel = (c) =>
    new Float64Array(n * n).map((_, i) => (c < channels ? x_0[i * channels + c] - 127.5 : 0));
  // Two channels at once, as the two parts of complex numbers: a frequency is taken from both or none.
  const pairs = channels === 1 ? [[0, 1]] : [[0, 1], [2, 3]];
  const transformed = pairs.map((pair) => pair.map(channel));
  for (const [re, im] of transformed) transform(re, im);
  return (kept) =>
    transformed.flatMap((parts) => {
      const [re, im] = parts.map((part) => part.slice());
      for (let i = 0; i < n * n; i++) if (!kept[frequency[i]]) re[i] = im[i] = 0;
      transform(im, re);
      return [re, im];
    });
};

const aboveNoiseView = (el, view, axis) => {
  el.classList.add("scrub-image");
  mathematics(element(el, "div", { class: "scrub-caption", "data-tone": "signal" }), view.label);
  const { x_0, power, signal_rates, noise_rates, shape: [, n, channels] } = view;
  const canvas = element(el, "canvas", { role: "img", width: n, height: n });
  if (n < 128) canvas.classList.add("scrub-pixelated");
  const context = canvas.getContext("2d");
  const image = context.createImageData(n, n);
  image.data.fill(255); // opaque
  const take = taker(x_0, n, channels);

  let shown = -1; // how many frequencies are: of two sets of them, one holds the other
  const draw = (t) => {
    canvas.ariaLabel = `${view.alt}, ${axis.symbol} = ${axis.label(t)}`;
    const kept = power.map((p) => signal_rates[t] ** 2 * p >= noise_rates[t] ** 2);
    const count = kept.reduce((sum, each) => sum + each, 0);
    if (count === shown) return;
    shown = count;
    const parts = take(kept);
    for (let i = 0, o = 0; i < n * n; i++, o += 4)
      for (let c = 0; c < 3; c++) image.data[o + c] = parts[c % channels][i] / (n * n) + 127.5;
    context.putImageData(image, 0, 0);
  };
  return { draw };
};
