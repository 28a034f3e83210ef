// Ancestral sampling in the page: guesses of the noise in x_t, the steps back with them, and how far what
// comes out is from data. Held to torch by a test. A cloud is a Float64Array, x and y of a point in turn.

// ------------------------------------------------------------------ guesses of the noise
// Each is guess(t, x, noise, from, to): it reads these numbers of x, and writes the noise in them.

// y = W h + b. Two rows of W at once, as one sum alone waits for itself; it saves a sixth of the time.
const linear = ({ weight, bias }, h, y) => {
  const n = h.length;
  for (let row = 0, k = 0; row < y.length; row += 2, k += 2 * n) {
    let first = bias[row];
    let second = bias[row + 1];
    for (let i = 0; i < n; i++) {
      first += weight[k + i] * h[i];
      second += weight[k + n + i] * h[i];
    }
    y[row] = first;
    y[row + 1] = second;
  }
};

// As `PointNetwork` in Python. In float64, which takes no longer here.
const networkGuess = ({ layers, told_t }, { signal_rates, noise_rates, log_snrs }) => {
  const outputs = layers.map(({ bias }) => new Float64Array(bias.length));
  const last = layers.length - 1;
  return (t, x, noise, from, to) => {
    const level = told_t ? [signal_rates[t], noise_rates[t], log_snrs[t] / 6] : [];
    const input = Float64Array.of(0, 0, ...level);
    for (let i = from; i < to; i += 2) {
      let h = input;
      h[0] = x[i];
      h[1] = x[i + 1];
      for (let k = 0; k <= last; k++) {
        const y = outputs[k];
        linear(layers[k], h, y);
        if (k < last) for (let j = 0; j < y.length; j++) y[j] /= 1 + Math.exp(-y[j]); // SiLU
        h = y;
      }
      noise[i] = h[0];
      noise[i + 1] = h[1];
    }
  };
};

// As `Mixture.denoiser` in Python: the mean of the noise over all that may have led to x_t.
const mixtureGuess = ({ centres, width }, { signal_rates, noise_rates }) => {
  const blobs = centres.length / 2;
  const logs = new Float64Array(blobs); // of the chance of each, up to a constant
  return (t, x, noise, from, to) => {
    const [signal, spread] = [signal_rates[t], noise_rates[t]];
    const variance = (signal * width) ** 2 + spread ** 2; // of x_t, given its blob
    for (let i = from; i < to; i += 2) {
      let most = -Infinity;
      for (let k = 0; k < blobs; k++) {
        const [dx, dy] = [x[i] - signal * centres[2 * k], x[i + 1] - signal * centres[2 * k + 1]];
        logs[k] = -(dx * dx + dy * dy) / (2 * variance);
        most = Math.max(most, logs[k]);
      }
      let [sum, cx, cy] = [0, 0, 0];
      for (let k = 0; k < blobs; k++) {
        const chance = Math.exp(logs[k] - most);
        sum += chance;
        cx += chance * centres[2 * k];
        cy += chance * centres[2 * k + 1];
      }
      noise[i] = ((x[i] - (signal * cx) / sum) * spread) / variance;
      noise[i + 1] = ((x[i + 1] - (signal * cy) / sum) * spread) / variance;
    }
  };
};

const guessOf = (guesser, rates) =>
  guesser.layers ? networkGuess(guesser, rates) : mixtureGuess(guesser, rates);

// ------------------------------------------------------------------ the way back
const PIECE = 40; // points between two looks at the clock: some milliseconds

// x from x_T to x_0, in place (DDPM, Algorithm 2, with the variance β̃_t). normal() gives the noise that the
// steps add. A generator, so that the page can do other things meanwhile: it yields t whenever x has become
// x_t, and null in between.
function* walkBack(guess, betas, { noise_rates }, x, normal) {
  const noise = new Float64Array(x.length);
  for (let t = betas.length; t > 0; t--) {
    for (let i = 0; i < x.length; i += 2 * PIECE) {
      guess(t, x, noise, i, Math.min(i + 2 * PIECE, x.length));
      yield null;
    }
    const beta = betas[t - 1];
    const share = beta / noise_rates[t]; // of the guess, which the step takes away
    const deviation = (Math.sqrt(beta) * noise_rates[t - 1]) / noise_rates[t];
    for (let i = 0; i < x.length; i++) {
      x[i] = (x[i] - share * noise[i]) / Math.sqrt(1 - beta);
      if (t > 1) x[i] += deviation * normal();
    }
    yield t - 1;
  }
}

// ------------------------------------------------------------------ clouds
const normalCloud = (count, random) => Float64Array.from({ length: 2 * count }, normals(random));

// As `Mixture.draw` in Python, by other chance.
const dataCloud = ({ centres, width }, count, random) => {
  const normal = normals(random);
  const x = new Float64Array(2 * count);
  for (let i = 0; i < x.length; i += 2) {
    const k = 2 * Math.floor((random() * centres.length) / 2);
    x[i] = centres[k] + width * normal();
    x[i + 1] = centres[k + 1] + width * normal();
  }
  return x;
};

// A cloud as it is seen along directions that are evenly spaced: along each, a sorted list.
const seenAlong = (x, directions) => {
  const count = x.length / 2;
  const seen = new Float64Array(directions * count);
  for (let d = 0; d < directions; d++) {
    const [cos, sin] = [Math.cos((Math.PI * d) / directions), Math.sin((Math.PI * d) / directions)];
    const list = seen.subarray(d * count, (d + 1) * count);
    for (let i = 0; i < count; i++) list[i] = cos * x[2 * i] + sin * x[2 * i + 1];
    list.sort();
  }
  return seen;
};

// The sliced Wasserstein distance of two clouds, from what is seen of them.
const apart = (a, b) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / a.length;
};
