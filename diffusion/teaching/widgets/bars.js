// A bar chart that has its own heights at each position; with the bell curve, a histogram. What a
// formula says of them, the law, is a line over the bars.

const barsView = (el, view, axis) => {
  el.classList.add("scrub-chart");
  const { heights, law, tone, notes, bell, top } = view;
  const legend = element(el, "div", { class: "scrub-legend" });
  legendKey(legend, view.label, tone, { d: "M0,1H22V7H0Z", class: "scrub-bar" });
  if (bell) legendKey(legend, "N(0, 1)", "noise");
  if (law) legendKey(legend, view.law_label, "third", { d: "M0,4H22" });
  const note = numberSpan(legend, longest(notes));

  const [low, high] = view.x_range;
  const frame = chart(el, {
    x: [low, high],
    y: [0, top],
    xLabel: view.x_label,
    xTicks: view.x_ticks.map((v) => [v, minus(v)]),
    yTicks: view.y_ticks.map((v) => [v, String(v)]),
    height: view.height,
  });
  const bars = element(frame.plot, "path", { class: "scrub-bar", "data-tone": tone });
  if (bell) {
    // What lies outside [−1, 1] cannot be shown by a screen; say where that begins.
    for (const v of [-1, 1])
      element(frame.plot, "path", { class: "scrub-limit", d: `M${frame.sx(v)},${frame.top}V${frame.bottom}` });
    const density = (v) => Math.exp((-v * v) / 2) / Math.sqrt(2 * Math.PI);
    const points = Array.from({ length: 121 }, (_, i) => low + (i / 120) * (high - low));
    const curve = points.map((v) => `${frame.sx(v).toFixed(1)},${frame.sy(density(v)).toFixed(1)}`);
    const style = { class: "scrub-line scrub-bell", "data-tone": "noise", "stroke-dasharray": DASHES.noise };
    element(frame.plot, "path", { d: `M${curve.join("L")}`, ...style });
  }
  const curve = law && element(frame.plot, "path", { class: "scrub-line scrub-law", "data-tone": "third" });

  const bins = heights.length / (axis.last + 1);
  const step = (frame.right - frame.left) / bins;
  const width = step.toFixed(3);
  // Smoothly through the law at the middle of each bar: there, with the slope between its neighbours.
  const smooth = (values) => {
    const y = Array.from(values, (v) => frame.sy(v));
    const points = y.map((v, i) => {
      const x = frame.left + (i + 0.5) * step;
      const rise = ((y[i + 1] ?? v) - (y[i - 1] ?? v)) / 6; // in a third of a step
      const handle = i ? `S${(x - step / 3).toFixed(2)},${(v - rise).toFixed(2)},` : "M";
      return `${handle}${x.toFixed(2)},${v.toFixed(2)}`;
    });
    return points.join("");
  };
  // What runs off the scale is cut off, and broken near its end: [bar, height] at each position.
  const cut = new Map();
  for (const [k, [t, i]] of (view.cut ?? []).entries())
    cut.set(t, [...(cut.get(t) ?? []), [i, view.beyond[k]]]);
  const breaks = cut.size && element(frame.plot, "path", { class: "scrub-break" });
  const teeth = Math.max(1, Math.round(step / 8));
  const half = ((step + 2) / teeth / 2).toFixed(3); // through the outlines as well
  const zigzag = ([i]) =>
    `M${(frame.left + i * step - 1).toFixed(2)},${frame.top + 10}` + `l${half},-4l${half},4`.repeat(teeth);
  const short = (v) => minus(Number(v.toPrecision(3)));
  const told = (bars) => {
    const [i, height] = bars.reduce((a, b) => (b[1] > a[1] ? b : a));
    const at = short(low + ((i + 0.5) * (high - low)) / bins);
    const who = bars.length > 1 ? `${bars.length} bars run off the scale, the highest` : "1 bar runs off the scale";
    return ` ${who} to ${short(height)} at ${at}.`;
  };

  const draw = (t) => {
    let path = `M${frame.left},${frame.bottom}`;
    for (let i = 0; i < bins; i++) {
      const y = frame.bottom - (heights[t * bins + i] / 255) * (frame.bottom - frame.top);
      path += `V${y.toFixed(1)}h${width}`;
    }
    bars.setAttribute("d", `${path}V${frame.bottom}Z`);
    curve?.setAttribute("d", smooth(law.subarray(t * bins, (t + 1) * bins)));
    const said = notes[t] ?? "";
    write(note, said);
    if (breaks) breaks.setAttribute("d", (cut.get(t) ?? []).map(zigzag).join("") || "M0,0");
    const off = cut.has(t) ? told(cut.get(t)) : "";
    frame.svg.ariaLabel = `${view.alt} At ${axis.symbol} = ${axis.label(t)}${said && ", "}${said}.${off}`;
  };
  return { draw };
};
