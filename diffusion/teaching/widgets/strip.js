// The same picture at evenly spaced moments, each under its place on the axis of the charts above.

const MOMENTS = 9;

const stripView = (el, view, axis) => {
  el.classList.add("scrub-strip");
  // Each t once, where there are few.
  const gaps = Math.min(MOMENTS - 1, axis.last);
  const moments = Array.from({ length: gaps + 1 }, (_, i) => Math.round((axis.last * i) / gaps));
  const { left, right, width } = CHART;
  const pictures = moments.map((t) => {
    const at = (left + ((right - left) * t) / axis.last) / width;
    const figure = element(el, "div", { style: `--at: ${at}` });
    const { canvas, paint } = canvasOf(figure, view);
    paint(t);
    canvas.ariaLabel = `${view.alt}, ${axis.symbol} = ${axis.label(t)}`;
    return { figure, paint: () => paint(t) };
  });
  const refresh = () => pictures.forEach(({ paint }) => paint());
  let marked = pictures[0].figure;
  const draw = (t) => {
    marked.classList.remove("scrub-nearest");
    marked = pictures[Math.round((t / axis.last) * gaps)].figure;
    marked.classList.add("scrub-nearest");
  };
  return { draw, refresh, along: { node: el, ends: [left / width, right / width] } };
};
