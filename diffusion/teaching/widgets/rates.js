// What a schedule's name and numbers, or its list of β, determine. Held to Python by a test.

const linspace = (first, last, count) => {
  const step = count > 1 ? (last - first) / (count - 1) : 0;
  // From both ends to the middle, so that the last value is `last` itself.
  return Float64Array.from({ length: count }, (_, i) =>
    i < count / 2 ? first + i * step : last - (count - 1 - i) * step);
};

// From β_1 … β_T, at t = 0 … T: ᾱ_t and what follows from it, all through log ᾱ_t, which keeps the
// digits that a product of factors near 1, or 1 − ᾱ_t, would lose (DDPM, Eq. 4).
const ratesOf = (betas) => {
  const log_alpha_bars = new Float64Array(betas.length + 1);
  betas.forEach((beta, i) => (log_alpha_bars[i + 1] = log_alpha_bars[i] + Math.log1p(-beta)));
  return {
    log_alpha_bars,
    alpha_bars: log_alpha_bars.map(Math.exp),
    signal_rates: log_alpha_bars.map((log) => Math.exp(log / 2)),
    noise_rates: log_alpha_bars.map((log) => Math.sqrt(-Math.expm1(log))),
    log_snrs: log_alpha_bars.map((log) => log - Math.log(-Math.expm1(log))),
  };
};

// β_1 … β_T that lead to ᾱ_1 … ᾱ_T, which may be any curve, as near as least ≤ β ≤ most allows. Each
// aims at its ᾱ from where the schedule really is.
const betasFrom = (alpha_bars, most = 0.999, least = 0) => {
  let left = 1;
  return Float64Array.from(alpha_bars, (alpha_bar) => {
    const beta = left ? (left - alpha_bar) / left : most; // rounded to nothing left
    left = Math.min(Math.max(alpha_bar, left * (1 - most)), left * (1 - least));
    return Math.min(Math.max(beta, least), most);
  });
};

// Shifted and stretched until it ends in noise (Lin et al. 2023, Algorithm 1), of two β or more.
const rescaledBetas = (betas) => {
  const rates = ratesOf(betas).signal_rates.subarray(1);
  const [first, last] = [rates[0], rates.at(-1)];
  return betasFrom(rates.map((rate) => ((rate - last) * (first / (first - last))) ** 2));
};

// The schedules that have a name: from T, and from β at the ends where they want them, to β_1 … β_T.
const falling = (T, curve) =>
  betasFrom(Float64Array.from({ length: T }, (_, i) => curve((i + 1) / T) / curve(0)));
const SCHEDULES = {
  linear: (T, first, last) => linspace(first, last, T),
  "scaled linear": (T, first, last) =>
    linspace(Math.sqrt(first), Math.sqrt(last), T).map((root) => root ** 2),
  "scaled linear, rescaled": (...ends) => rescaledBetas(SCHEDULES["scaled linear"](...ends)),
  cosine: (T) => falling(T, (u) => Math.cos(((u + 0.008) / 1.008) * (Math.PI / 2)) ** 2),
  sigmoid: (T) => {
    const v = (u) => 1 / (1 + Math.exp(-3 + 6 * u));
    return falling(T, (u) => v(u) - v(1));
  },
  constant: (T, first) => new Float64Array(T).fill(first),
};

// KL(q(x_T | x_0) ‖ N(0, I)) in nats, of `count` values with this sum of squares. With ᾱ = ᾱ_T,
// each value gives ½ (ᾱ x² − ᾱ − log(1 − ᾱ)); the last two are added first, since they nearly cancel.
const klFromNoise = (log_alpha_bar, sum_of_squares, count) => {
  const alpha_bar = Math.exp(log_alpha_bar);
  const log_variance = alpha_bar < 0.5 ? Math.log1p(-alpha_bar) : Math.log(-Math.expm1(log_alpha_bar));
  return (alpha_bar * sum_of_squares - count * (log_variance + alpha_bar)) / 2;
};

// What a scrub over t moves along, from the rates.
const timeAxis = ({ alpha_bars, log_snrs, signal_rates, noise_rates }) => {
  const last = alpha_bars.length - 1;
  const decibels = (t) => (10 / Math.LN10) * log_snrs[t];
  const signed = (d) => (Number.isFinite(d) ? minus(`${d < 0 ? "" : "+"}${d.toFixed(1)} dB`) : "+∞ dB");
  return {
    symbol: "t",
    spoken: "time t",
    result: "x_{}",
    terms: ["x_0", "ε"],
    last,
    label: String,
    longestLabel: String(last).length,
    ticks: [...new Set([0, 1, 2, 3, 4].map((k) => Math.round((last * k) / 4)))],
    signal_rates,
    noise_rates,
    readouts: [
      { name: "ᾱ_t", text: (t) => alpha_bars[t].toFixed(4), longest: 6 },
      { name: "SNR", text: (t) => signed(decibels(t)), longest: 9 },
    ],
    signed: (t) => signed(decibels(t)),
  };
};
