// The power of a picture and of its noise at each frequency, on logarithmic scales.

const FOOT = -3; // the power of ten at the foot of the chart
const BRIGHTNESS = -0.3; // where frequency 0, which has no logarithm, stands

const spectrumView = (el, view, axis) => {
  el.classList.add("scrub-chart", "scrub-spectrum");
  const { powers, names, signal_rates, noise_rates } = view;
  const finest = powers.picture.length - 1;
  const cycles = (f) => (f === 0 ? "none" : f === 1 ? "1 cycle" : `${f} cycles`);

  const legend = element(el, "div", { class: "scrub-legend" });
  mathematics(element(legend, "span"), view.label);
  legendKey(legend, names.picture, "signal");
  legendKey(legend, names.noise, "noise");
  legendKey(legend, names.sum, "neutral", { d: "M3,4h0M11,4h0M19,4h0", class: "scrub-specks" });
  const reading = element(legend, "span", { class: "scrub-crossing" }, "finest detail above the noise: ");
  const read = numberSpan(reading, longest([cycles(finest), cycles(0)]));

  const octaves = Array.from({ length: Math.floor(Math.log2(finest)) + 1 }, (_, k) => 2 ** k);
  const place = (f) => (f === 0 ? BRIGHTNESS : Math.log10(f));
  // No picture in [−1, 1] has more power anywhere than an even one of brightness 1: n² at frequency 0.
  const most = Math.log10((2 * finest) ** 2);
  const frame = chart(el, {
    x: [BRIGHTNESS - 0.1, place(finest)],
    y: [FOOT, most + 0.2],
    xLabel: "frequency: cycles across the picture",
    xTicks: [0, ...octaves].map((f) => [place(f), String(f)]),
    yTicks: [-2, 0, 2, 4].filter((power) => power <= most).map((power) => [power, superscript(power)]),
    height: 230,
  });
  const level = (power) => Math.max(Math.log10(power), -99); // of 0, too
  const at = (f, power) => `${frame.sx(place(f)).toFixed(1)},${frame.sy(level(power)).toFixed(1)}`;

  // On a logarithmic scale a factor moves a curve, and leaves its shape.
  const curve = Array.from(powers.picture.slice(1), (power, i) => at(i + 1, power)).join("L");
  const area = `M${frame.sx(0)},9999L${curve}V9999Z`;
  const id = `scrub-above-${Math.random().toString(36).slice(2)}`;
  const above = element(element(frame.svg, "clipPath", { id }), "rect", { width: CHART.width });
  const clipped = element(frame.plot, "g", { "clip-path": `url(#${id})` });
  const shade = element(clipped, "path", { class: "scrub-shade", d: area });
  const apart = (frame.sx(BRIGHTNESS) + frame.sx(0)) / 2;
  element(frame.plot, "path", { class: "scrub-limit", d: `M${apart},${frame.top}V${frame.bottom}` });
  const line = (tone, d) =>
    element(frame.plot, "path", { class: "scrub-line", "data-tone": tone, "stroke-dasharray": DASHES[tone], d });
  const noise = line("noise", `M${frame.left},${frame.sy(0)}H${frame.right}`);
  const picture = line("signal", `M${curve}`);
  const specks = element(frame.plot, "path", { class: "scrub-specks", "data-tone": "neutral" });
  const mark = element(frame.svg, "g", { class: "scrub-playhead" });
  const brightness = element(mark, "circle", { r: 4.5, "data-tone": "signal", cx: frame.sx(BRIGHTNESS) });
  const cross = element(mark, "path");

  const draw = (t) => {
    const [a, b] = [signal_rates[t], noise_rates[t]];
    const moved = (power) => frame.sy(level(power)) - frame.sy(0);
    for (const node of [picture, shade]) node.setAttribute("transform", `translate(0,${moved(a * a)})`);
    noise.setAttribute("transform", `translate(0,${moved(b * b)})`);
    above.setAttribute("height", Math.max(frame.sy(level(b * b)), 0));
    // (√ᾱ_t X + √(1−ᾱ_t) E)², of one place of the Fourier transform, averaged: exact at each t.
    let dots = "";
    powers.picture.forEach((power, f) => {
      dots += `M${at(f, a * a * power + b * b * powers.noise[f] + 2 * a * b * powers.cross[f])}h0`;
    });
    specks.setAttribute("d", dots);

    const kept = powers.picture.map((power) => a * a * power >= b * b);
    const crossing = Math.max(kept.lastIndexOf(1), 0);
    const y = frame.sy(level(a * a * powers.picture[0]));
    brightness.setAttribute("cy", y);
    brightness.style.display = y >= frame.top && y <= frame.bottom ? "" : "none";
    cross.style.display = crossing ? "" : "none";
    if (crossing) cross.setAttribute("d", `M${frame.sx(place(crossing))},${frame.top}V${frame.bottom}`);
    write(read, cycles(crossing));
    const bright = `the brightness is ${kept[0] ? "above" : "below"} the noise`;
    const said = `finest detail above the noise: ${cycles(crossing)}; ${bright}`;
    frame.svg.ariaLabel = `${view.alt} At ${axis.symbol} = ${axis.label(t)}: ${said}.`;
  };
  return { draw };
};
