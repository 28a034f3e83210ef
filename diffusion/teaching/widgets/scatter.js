// Pairs of numbers as dots in a square; an upright slit singles out those whose first number is in it.

const scatterView = (el, view, axis) => {
  el.classList.add("scrub-chart", "scrub-scatter");
  const { pairs, centres, width, limit } = view;
  mathematics(element(el, "div", { class: "scrub-caption" }), view.label);
  const ticks = view.ticks.map((v) => [v, minus(v)]);
  const frame = chart(el, {
    x: [-limit, limit],
    y: [-limit, limit],
    xLabel: view.x_label,
    yLabel: view.y_label,
    xTicks: ticks,
    yTicks: ticks,
    ...SQUARE,
  });
  const upright = ([v]) => `M${frame.sx(v)},${frame.top}V${frame.bottom}`;
  element(frame.plot, "path", { class: "scrub-grid", d: ticks.map(upright).join("") });

  const dots = Array.from({ length: pairs.length / 2 }, (_, i) =>
    `M${frame.sx(pairs[2 * i]).toFixed(1)},${frame.sy(pairs[2 * i + 1]).toFixed(1)}h0`);
  element(frame.plot, "path", { class: "scrub-dots", d: dots.join("") });
  const slit = element(frame.plot, "path", { class: "scrub-slit" });
  const kept = element(frame.plot, "path", { class: "scrub-dots scrub-kept" });
  const draw = (t) => {
    const inside = dots.filter((_, i) => Math.abs(pairs[2 * i] - centres[t]) <= width / 2);
    const [left, right] = [-width / 2, width / 2].map((off) => frame.sx(centres[t] + off));
    slit.setAttribute("d", `M${left},${frame.top}V${frame.bottom}H${right}V${frame.top}Z`);
    kept.setAttribute("d", inside.join(""));
    const said = `${inside.length} of the ${dots.length} dots are in the slit`;
    frame.svg.ariaLabel = `${view.alt} At ${axis.symbol} = ${axis.label(t)}: ${said}.`;
  };
  const ends = [centres[0], centres.at(-1)].map((centre) => frame.sx(centre) / SQUARE.width);
  return { draw, along: { node: frame.svg, ends } };
};
