// Curves over the axis, with a playhead that reads their values off.

const MOST_POINTS = 500; // of a curve; a chart is not much wider in pixels

// The least and the greatest of the finite values.
const extent = (values) =>
  values.reduce(
    ([low, high], v) => (Number.isFinite(v) ? [Math.min(low, v), Math.max(high, v)] : [low, high]),
    [Infinity, -Infinity],
  );

const curvesView = (el, view, axis) => {
  el.classList.add("scrub-chart");
  const { curves, ghosts = [] } = view;
  const { last, label } = axis;
  const text = (value, digits) => {
    if (Number.isNaN(value)) return "–";
    return minus(Number.isFinite(value) ? value.toFixed(digits) : value < 0 ? "-∞" : "∞");
  };

  // Each number stands in one place: not here, where the equation or a read-out has it.
  const { signal_rates = [], noise_rates = [], readouts } = axis;
  const alike = (values) => (rates) => rates.length && values.every((value, i) => value === rates[i]);
  const said = ({ label, values }) =>
    [signal_rates, noise_rates].some(alike(values)) || readouts.some(({ name }) => name === label);

  const legend = element(el, "div", { class: "scrub-legend" });
  const readings = curves.map((curve) => {
    const { label, tone, digits, values } = curve;
    const item = legendKey(legend, label, tone);
    if (said(curve)) return null;
    const [low, high] = extent(values);
    return numberSpan(item, longest([low, high, values[0], values.at(-1)].map((v) => text(v, digits))));
  });

  const frame = chart(el, {
    x: [0, last],
    y: view.y_range,
    xLabel: axis.spoken,
    xTicks: axis.ticks.map((t) => [t, label(t)]),
    yTicks: view.y_ticks.map((v) => [v, minus(v)]),
    height: view.height,
  });
  // Over as many places as the axis has, or spread over the same width; from the first up to one of them.
  const path = (values, until = values.length - 1) => {
    const end = values.length - 1;
    const every = Math.max(1, Math.floor(end / MOST_POINTS));
    let d = "";
    let pen = "M"; // lifted over values that are not finite
    const point = (t) => {
      const v = values[t];
      if (Number.isFinite(v)) d += `${pen}${frame.sx((t / end) * last).toFixed(1)},${frame.sy(v).toFixed(1)}`;
      pen = Number.isFinite(v) ? "L" : "M";
    };
    for (let t = 0; t < until; t += every) point(t);
    point(until);
    return d;
  };
  let veiled = view.draw ?? null; // the curve that is to be drawn first
  const line = ({ values, tone }, name = "scrub-line") => {
    const style = { class: name, "data-tone": tone, "stroke-dasharray": DASHES[tone] };
    const node = element(frame.plot, "path", style);
    const trace = (until) => node.setAttribute("d", path(values, until));
    trace();
    return Object.assign(trace, { node });
  };
  for (const ghost of ghosts) line(ghost, "scrub-line scrub-ghost");
  const traces = curves.map((curve) => line(curve));
  const refresh = () => traces.forEach((trace) => trace());

  const playhead = element(frame.svg, "g", { class: "scrub-playhead" });
  element(playhead, "path", { d: `M0,${frame.top}V${frame.bottom}` });
  const dots = curves.map(({ tone }) => element(playhead, "circle", { r: 4.5, "data-tone": tone }));

  let now = 0;
  const draw = (t) => {
    playhead.setAttribute("transform", `translate(${frame.sx(t)},0)`);
    now = t;
    if (view.grow) for (const trace of traces) trace(t);
    const spoken = curves.map(({ values, label, digits }, i) => {
      if (i === veiled) return `${label} to be drawn`;
      const y = frame.sy(values[t]);
      const visible = y >= frame.top && y <= frame.bottom;
      if (visible) dots[i].setAttribute("cy", y);
      dots[i].style.display = visible ? "" : "none";
      const value = text(values[t], digits);
      if (readings[i]) write(readings[i], value);
      return `${label} = ${value}`;
    });
    frame.svg.ariaLabel = `${view.alt} At ${axis.symbol} = ${label(t)}: ${spoken.join(", ")}.`;
  };
  const along = { node: frame.svg, ends: [frame.left / CHART.width, frame.right / CHART.width] };
  // `changed` hears of each change of a drawing that the curves follow: it lies under them.
  if (veiled === null && !view.changed) return { draw, refresh, along };
  const { label: name, values } = curves[veiled ?? 0];
  const spot = (share) => `${axis.symbol} = ${label(Math.round(share * last))}`;
  const pad = sketchPad(frame, { label: name, range: view.y_range, name: spot, changed: view.changed });
  const key = legendKey(legend, "your drawing", "neutral", { d: "M1,4H22", class: "scrub-line scrub-sketch" });
  if (view.changed) {
    frame.plot.prepend(pad.line);
    pad.open(true);
    return { draw, refresh, along, sketching: pad };
  }
  const reveal = (shown) => {
    key.style.visibility = shown ? "" : "hidden";
    veiled = shown ? null : view.draw;
    pad.open(!shown);
    for (const node of [traces[view.draw].node, dots[view.draw], readings[view.draw]])
      if (node) node.style.visibility = shown ? "" : "hidden";
    draw(now);
  };
  return { draw, refresh, along, sketching: { ...pad, values, reveal } };
};
