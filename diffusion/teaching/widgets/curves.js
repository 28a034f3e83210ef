// Curves over the axis, with a playhead that reads their values off.

const DASHES = { signal: "none", noise: "6 4", neutral: "none", second: "2 3" };

const view = ({ model, el }) => {
  el.classList.add("scrub-view", "scrub-chart");
  const curves = model.get("curves");
  const legend = element(el, "div", { class: "scrub-legend" });
  const last = model.get("last");
  const labels = model.get("labels");
  const all = array(Float32Array, model.get("values"));
  const values = curves.map((_, i) => all.subarray(i * (last + 1), (i + 1) * (last + 1)));
  const text = (value, digits) => {
    if (Number.isNaN(value)) return "–";
    return (Number.isFinite(value) ? value.toFixed(digits) : value < 0 ? "-∞" : "∞").replace("-", "−");
  };

  const readings = curves.map(({ label, kind, digits }, i) => {
    const item = element(legend, "span", { class: "scrub-key" });
    const line = element(item, "svg", { viewBox: "0 0 22 8", class: "scrub-swatch", "aria-hidden": "true" });
    element(line, "path", { d: "M0,4H22", "data-kind": kind, "stroke-dasharray": DASHES[kind] });
    mathematics(element(item, "span", { "data-kind": kind }), label);
    return numberSpan(item, Array.from(values[i], (value) => text(value, digits)));
  });

  const frame = chart(el, {
    width: 460,
    height: 160,
    x: [0, last],
    y: model.get("y_range"),
    xLabel: model.get("x_label"),
    xTicks: model.get("ticks").map((t) => [t, labels[t]]),
    yTicks: model.get("y_ticks").map((v) => [v, String(v).replace("-", "−")]),
  });
  curves.forEach(({ kind }, i) => {
    let path = "";
    let pen = "M"; // lifted over values that are not finite
    values[i].forEach((v, t) => {
      if (Number.isFinite(v)) path += `${pen}${frame.sx(t).toFixed(1)},${frame.sy(v).toFixed(1)}`;
      pen = Number.isFinite(v) ? "L" : "M";
    });
    const style = { class: "scrub-line", "data-kind": kind, "stroke-dasharray": DASHES[kind] };
    element(frame.plot, "path", { d: path, ...style });
  });
  const playhead = element(frame.svg, "g", { class: "scrub-playhead" });
  element(playhead, "path", { d: `M0,${frame.top}V${frame.bottom}` });
  const dots = curves.map(({ kind }) => element(playhead, "circle", { r: 4.5, "data-kind": kind }));

  const draw = () => {
    const t = position(model);
    playhead.setAttribute("transform", `translate(${frame.sx(t)},0)`);
    values.forEach((v, i) => {
      const y = frame.sy(v[t]);
      const visible = y >= frame.top && y <= frame.bottom;
      dots[i].setAttribute("cy", visible ? y : 0);
      dots[i].style.display = visible ? "" : "none";
      readings[i].textContent = text(v[t], curves[i].digits);
    });
    const spoken = curves.map(({ label }, i) => `${label} = ${readings[i].textContent}`).join(", ");
    const where = `${model.get("symbol")} = ${model.get("labels")[t]}`;
    frame.svg.setAttribute("aria-label", `${model.get("alt")} At ${where}: ${spoken}.`);
  };

  return { draw };
};

export default live(view);
