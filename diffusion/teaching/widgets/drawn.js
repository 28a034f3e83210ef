// What a drawing of √ᾱ_t comes to, and what a schedule is good for. Held to Python by a test (drawn.py).

const LEAST_BETA = 1e-6;
const MOST_BETA = 0.999;
const FLOOR = 1e-9; // of ᾱ, where a drawing touches the bottom
const WINDOW = 6; // of log-SNR, either way

// From √ᾱ at evenly spaced places, the first at t = 0, the last at t = T: β_1 … β_T, the ᾱ_t that they
// aim at, and at how many t the drawing falls less than with the least β.
const realise = (rates, T) => {
  const drawn = (t) => {
    const place = (t * (rates.length - 1)) / T;
    const i = Math.floor(place);
    const rate = place > i ? rates[i] + (rates[i + 1] - rates[i]) * (place - i) : rates[i];
    return Math.max(rate * rate, FLOOR);
  };
  const aims = new Float64Array(T);
  let aim = 1;
  let level = 0;
  for (let t = 1; t <= T; t++) {
    const most = aim * (1 - LEAST_BETA);
    const wanted = drawn(t);
    if (wanted > most) level++;
    aims[t - 1] = aim = Math.min(most, wanted);
  }
  return { betas: betasFrom(aims, MOST_BETA), aims, level };
};

// By how much a drawing rises over what came before, at most.
const riseOf = (rates) => {
  let least = Infinity;
  return Math.max(...rates.map((rate) => rate - (least = Math.min(least, rate))));
};

// KL at the end in nats, the share of t = 1 … T with a log-SNR in the window, and the largest step of
// the log-SNR, cut to the window.
const scoresOf = ({ log_alpha_bars, log_snrs }, sum_of_squares, count) => {
  const T = log_snrs.length - 1;
  const cut = (t) => Math.min(Math.max(log_snrs[t], -WINDOW), WINDOW);
  let inside = 0;
  let step = 0;
  for (let t = 1; t <= T; t++) {
    if (Math.abs(log_snrs[t]) <= WINDOW) inside++;
    step = Math.max(step, cut(t - 1) - cut(t));
  }
  return [klFromNoise(log_alpha_bars[T], sum_of_squares, count), inside / T, step];
};
