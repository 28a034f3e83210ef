// A bar chart that has its own heights at each position; with the bell curve, a histogram.

const barsView = (el, view, axis) => {
  el.classList.add("scrub-chart");
  const { heights, tone, notes, bell, top } = view;
  const legend = element(el, "div", { class: "scrub-legend" });
  legendKey(legend, view.label, tone, { d: "M0,1H22V7H0Z", class: "scrub-bar" });
  if (bell) legendKey(legend, "N(0, 1)", "noise");
  const note = numberSpan(legend, longest(notes));

  const [low, high] = view.x_range;
  const frame = chart(el, {
    x: [low, high],
    y: [0, top],
    xLabel: view.x_label,
    xTicks: view.x_ticks.map((v) => [v, minus(v)]),
    yTicks: view.y_ticks.map((v) => [v, String(v)]),
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

  const bins = heights.length / (axis.last + 1);
  const width = ((frame.right - frame.left) / bins).toFixed(3);
  const draw = (t) => {
    let path = `M${frame.left},${frame.bottom}`;
    for (let i = 0; i < bins; i++) {
      const y = frame.bottom - (heights[t * bins + i] / 255) * (frame.bottom - frame.top);
      path += `V${y.toFixed(1)}h${width}`;
    }
    bars.setAttribute("d", `${path}V${frame.bottom}Z`);
    const said = notes[t] ?? "";
    write(note, said);
    frame.svg.ariaLabel = `${view.alt} At ${axis.symbol} = ${axis.label(t)}${said && ", "}${said}.`;
  };
  return { draw };
};
