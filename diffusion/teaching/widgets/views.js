// All views of a scrub over one timeline, in an element: pictures left, charts right, and the slider under
// the last chart whose axis it moves along, or below them all.

const VIEWS = {
  image: imageView, points: pointsView, curves: curvesView, bars: barsView, strip: stripView,
  above_noise: aboveNoiseView, spectrum: spectrumView, scatter: scatterView,
};

// In an element that may hold an earlier scrub, which is ended.
const replaceScrub = (el, before, spec, how) => {
  let scrub;
  keepFocus(el, () => {
    before?.dispose();
    el.replaceChildren();
    scrub = buildScrub(el, spec, how);
    scrub.draw();
  });
  return scrub;
};

// spec is { axis, views }; position() is where the slider is, and go(position) moves it. Whoever writes
// other values into the arrays of the spec calls refresh().
const buildScrub = (el, spec, { position, go }) => {
  const { axis } = spec;
  const body = element(element(el, "div", { class: "scrub" }), "div", { class: "scrub-body" });
  const stage = element(body, "div", { class: "scrub-stage" });
  const panels = spec.views.filter(({ chart, kind }) => !chart && kind !== "sign").length;
  const pictures = panels && element(stage, "div", { class: `scrub-pictures scrub-pictures-${panels}` });
  const charts = spec.views.some(({ chart }) => chart) && element(stage, "div", { class: "scrub-charts" });
  const parts = [];
  const boxes = [];
  for (const view of spec.views) {
    if (view.kind === "sign") {
      element(pictures || stage, "div", { class: "scrub-sign" }, view.text);
      continue;
    }
    const box = element(view.chart ? charts : pictures, "div", { class: "scrub-view" });
    const part = VIEWS[view.kind](box, view, axis);
    parts.push(part);
    boxes.push([box, part]);
  }
  const under = boxes.findLast(([box, { along }]) => along && box.parentElement === charts)?.[0];
  const rail = element(stage, "div");
  under?.after(rail);
  const ticked = !spec.views.some(({ kind }) => kind === "curves"); // a chart's labels stand above it
  const { play, stop, grip, ...time } = timeline(rail, element(body, "div"), axis, { position, go, ticked });
  parts.push(time);
  for (const [box, { along }] of boxes) {
    if (along) grip(along.node, along.ends);
    else for (const canvas of box.querySelectorAll("canvas")) grip(canvas);
  }
  return {
    play,
    stop,
    sketching: parts.find(({ sketching }) => sketching)?.sketching, // of a curve to be drawn
    draw: () => parts.forEach(({ draw }) => draw(position())),
    refresh: () => parts.forEach(({ refresh }) => refresh?.()),
    dispose: () => parts.forEach(({ dispose }) => dispose?.()),
  };
};
