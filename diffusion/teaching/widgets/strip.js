// The same picture at evenly spaced moments, each under its place on the axis of the charts above.

const MOMENTS = 9;

const stripView = (el, view, axis) => {
  el.classList.add("scrub-strip");
  const moments = Array.from({ length: MOMENTS }, (_, i) => Math.round((axis.last * i) / (MOMENTS - 1)));
  const { left, right, width } = CHART;
  const pictures = moments.map((t, i) => {
    const at = (left + ((right - left) * i) / (MOMENTS - 1)) / width;
    const figure = element(el, "div", { style: `--at: ${at}` });
    const { canvas, paint } = canvasOf(figure, view);
    paint(t);
    canvas.ariaLabel = `${view.alt}, ${axis.symbol} = ${axis.label(t)}`;
    return figure;
  });
  let marked = pictures[0];
  const draw = (t) => {
    marked.classList.remove("scrub-nearest");
    marked = pictures[Math.round((t / axis.last) * (MOMENTS - 1))];
    marked.classList.add("scrub-nearest");
  };
  return { draw };
};
