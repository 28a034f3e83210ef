// A bar chart that has its own heights at each position; with the bell curve, a histogram.

const view = ({ model, el }) => {
  el.classList.add("scrub-view", "scrub-chart");
  const legend = element(el, "div", { class: "scrub-legend" });
  const key = (kind, text, swatch) => {
    const item = element(legend, "span", { class: "scrub-key" });
    const svg = element(item, "svg", { viewBox: "0 0 22 8", class: "scrub-swatch", "aria-hidden": "true" });
    element(svg, "path", { "data-kind": kind, ...swatch });
    mathematics(element(item, "span", { "data-kind": kind }), text);
  };
  const kind = model.get("kind");
  key(kind, model.get("label"), { d: "M0,1H22V7H0Z", class: "scrub-bar" });
  if (model.get("bell")) key("noise", "N(0, 1)", { d: "M0,4H22", "stroke-dasharray": "6 4" });
  const notes = model.get("notes");
  const note = numberSpan(legend, notes);

  const [low, high] = model.get("x_range");
  const frame = chart(el, {
    width: 460,
    height: 160,
    x: [low, high],
    y: [0, model.get("top")],
    xLabel: model.get("x_label"),
    xTicks: model.get("x_ticks").map((v) => [v, String(v).replace("-", "−")]),
    yTicks: model.get("y_ticks").map((v) => [v, String(v)]),
  });
  const bars = element(frame.plot, "path", { class: "scrub-bar", "data-kind": kind });
  if (model.get("bell")) {
    // What lies outside [−1, 1] cannot be shown by a screen; say where that begins.
    for (const v of [-1, 1]) {
      const limit = `M${frame.sx(v)},${frame.top}V${frame.bottom}`;
      element(frame.plot, "path", { class: "scrub-limit", d: limit });
    }
    const density = (v) => Math.exp((-v * v) / 2) / Math.sqrt(2 * Math.PI);
    const points = Array.from({ length: 121 }, (_, i) => low + (i / 120) * (high - low));
    const curve = points.map((v) => `${frame.sx(v).toFixed(1)},${frame.sy(density(v)).toFixed(1)}`);
    const style = { class: "scrub-line", "data-kind": "noise", "stroke-dasharray": "6 4" };
    element(frame.plot, "path", { d: `M${curve.join("L")}`, ...style });
  }

  const heights = array(Uint16Array, model.get("heights")); // in 65535ths of `top`
  const bins = heights.length / (model.get("last") + 1);
  const step = (frame.right - frame.left) / bins;
  const draw = () => {
    const t = position(model);
    let path = `M${frame.left},${frame.bottom}`;
    for (let i = 0; i < bins; i++) {
      const y = frame.bottom - (heights[t * bins + i] / 65535) * (frame.bottom - frame.top);
      path += `V${y.toFixed(1)}h${step.toFixed(3)}`;
    }
    bars.setAttribute("d", `${path}V${frame.bottom}Z`);
    note.textContent = notes[t] ?? "";
    const where = `${model.get("symbol")} = ${model.get("labels")[t]}`;
    const said = notes[t] ? `, ${notes[t]}` : "";
    frame.svg.setAttribute("aria-label", `${model.get("alt")} At ${where}${said}.`);
  };
  return { draw };
};

export default live(view);
