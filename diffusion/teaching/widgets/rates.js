// What a schedule's three numbers, or its list of β, determine. Held to Python by a test.

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
