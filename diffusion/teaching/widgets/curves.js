// Curves over the axis, with a playhead that reads their values off.

const DASHES = { signal: "none", noise: "6 4", neutral: "none", second: "2 3" };

const render = ({ model, el }) => {
  el.classList.add("scrub-view", "scrub-chart");
  const curves = model.get("curves");
  const legend = element(el, "div", { class: "scrub-legend" });
  const readings = curves.map(({ label, kind }) => {
    const item = element(legend, "span", { class: "scrub-key" });
    const line = element(item, "svg", { viewBox: "0 0 22 8", class: "scrub-swatch", "aria-hidden": "true" });
    element(line, "path", { d: "M0,4H22", "data-kind": kind, "stroke-dasharray": DASHES[kind] });
    mathematics(element(item, "span", { "data-kind": kind }), label);
    return element(item, "span", { class: "scrub-number" });
  });

  let values, frame, dots, playhead;
  const build = () => {
    frame?.svg.remove();
    const last = model.get("last");
    const labels = model.get("labels");
    frame = chart(el, {
      width: 460,
      height: 160,
      x: [0, last],
      y: model.get("y_range"),
      xLabel: model.get("x_label"),
      yLabel: "",
      xTicks: model.get("ticks").map((t) => [t, labels[t]]),
      yTicks: model.get("y_ticks").map((v) => [v, String(v).replace("-", "−")]),
    });
    const all = array(Float32Array, model.get("values"));
    values = curves.map((_, i) => all.subarray(i * (last + 1), (i + 1) * (last + 1)));
    curves.forEach(({ kind }, i) => {
      const points = Array.from(values[i], (v, t) => `${frame.sx(t).toFixed(1)},${frame.sy(v).toFixed(1)}`);
      const style = { class: "scrub-line", "data-kind": kind, "stroke-dasharray": DASHES[kind] };
      element(frame.svg, "path", { d: `M${points.join("L")}`, ...style });
    });
    playhead = element(frame.svg, "g", { class: "scrub-playhead" });
    element(playhead, "path", { d: `M0,${frame.top}V${frame.bottom}` });
    dots = curves.map(({ kind }) => element(playhead, "circle", { r: 4.5, "data-kind": kind }));
  };

  const draw = () => {
    const t = position(model);
    playhead.setAttribute("transform", `translate(${frame.sx(t)},0)`);
    values.forEach((v, i) => {
      dots[i].setAttribute("cy", frame.sy(v[t]));
      readings[i].textContent = v[t].toFixed(curves[i].digits).replace("-", "−");
    });
    const spoken = curves.map(({ label }, i) => `${label} = ${readings[i].textContent}`).join(", ");
    const where = `${model.get("symbol")} = ${model.get("labels")[t]}`;
    frame.svg.setAttribute("aria-label", `${model.get("alt")} At ${where}: ${spoken}.`);
  };

  build();
  draw();
  model.on("change:t", draw);
  model.on("change:values", () => (build(), draw()));
};

export default { initialize, render };
