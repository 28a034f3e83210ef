// The histogram of the values at each position, against the density of N(0, 1).

const render = ({ model, el }) => {
  el.classList.add("scrub-view", "scrub-chart");
  const legend = element(el, "div", { class: "scrub-legend" });
  const key = (kind, text, swatch) => {
    const item = element(legend, "span", { class: "scrub-key" });
    const svg = element(item, "svg", { viewBox: "0 0 22 8", class: "scrub-swatch", "aria-hidden": "true" });
    element(svg, "path", { "data-kind": kind, ...swatch });
    mathematics(element(item, "span", { "data-kind": kind }), text);
    return item;
  };
  key("neutral", model.get("label"), { d: "M0,1H22V7H0Z", class: "scrub-bar" });
  key("noise", "N(0, 1)", { d: "M0,4H22", "stroke-dasharray": "6 4" });
  const clipped = numberSpan(legend, ["100.0 % beyond ±1"]);

  const [low, high] = model.get("range");
  const top = model.get("density_top");
  const bins = model.get("bins");
  const frame = chart(el, {
    width: 460,
    height: 160,
    x: [low, high],
    y: [0, top],
    xLabel: "value",
    xTicks: [-3, -2, -1, 0, 1, 2, 3].filter((v) => v >= low && v <= high).map((v) => [v, String(v).replace("-", "−")]),
    yTicks: [0, 0.2, 0.4, 0.6, 0.8, 1, 1.2].filter((v) => v <= top).map((v) => [v, v.toFixed(1)]),
  });
  // What lies outside [−1, 1] cannot be shown by a screen; say where that begins.
  for (const v of [-1, 1])
    element(frame.svg, "path", { class: "scrub-limit", d: `M${frame.sx(v)},${frame.top}V${frame.bottom}` });
  const bars = element(frame.plot, "path", { class: "scrub-bar", "data-kind": "neutral" });
  const density = (v) => Math.exp((-v * v) / 2) / Math.sqrt(2 * Math.PI);
  const points = Array.from({ length: 121 }, (_, i) => low + (i / 120) * (high - low));
  element(frame.plot, "path", {
    class: "scrub-line",
    "data-kind": "noise",
    "stroke-dasharray": "6 4",
    d: `M${points.map((v) => `${frame.sx(v).toFixed(1)},${frame.sy(density(v)).toFixed(1)}`).join("L")}`,
  });

  const heights = array(Uint16Array, model.get("heights")); // in 65535ths of `top`
  const outside = array(Float32Array, model.get("outside"));
  const step = (frame.right - frame.left) / bins;
  const draw = () => {
    const t = position(model);
    let path = `M${frame.left},${frame.bottom}`;
    for (let i = 0; i < bins; i++) {
      const y = frame.bottom - (heights[t * bins + i] / 65535) * (frame.bottom - frame.top);
      path += `V${y.toFixed(1)}h${step.toFixed(3)}`;
    }
    bars.setAttribute("d", `${path}V${frame.bottom}Z`);
    const share = `${(100 * outside[t]).toFixed(1)} %`;
    clipped.textContent = `${share} beyond ±1`;
    const where = `${model.get("symbol")} = ${model.get("labels")[t]}`;
    frame.svg.setAttribute("aria-label", `${model.get("alt")} At ${where}: ${share} of the values lie beyond ±1 and are clipped for display.`);
  };

  draw();
  model.on("change:t", draw);
};

export default { initialize, render };
