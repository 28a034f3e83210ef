// A cloud of points in the plane: a weighted sum of two clouds, or one of many stored ones.

const view = ({ model, el }) => {
  el.classList.add("scrub-view", "scrub-image", "scrub-points");
  mathematics(element(el, "div", { class: "scrub-caption" }), model.get("label"));
  const canvas = element(el, "canvas", { role: "img" });
  const context = canvas.getContext("2d");

  const x_0 = array(Float32Array, model.get("x_0"));
  const noise = array(Float32Array, model.get("noise"));
  const frames = array(Int16Array, model.get("frames")); // in 16383rds of `limit`
  const signalRates = array(Float32Array, model.get("signal_rates"));
  const noiseRates = array(Float32Array, model.get("noise_rates"));
  const count = model.get("count");
  const limit = model.get("limit");
  const trail = model.get("trail");
  const last = model.get("last");

  // A state is a position t of the axis, or the stored frame that stands for it.
  const state = (t) => (frames.length ? Math.floor((t * (frames.length / (2 * count) - 1)) / last) : t);
  const at = (k, i) =>
    frames.length ? (frames[2 * count * k + i] * limit) / 16383 : signalRates[k] * x_0[i] + noiseRates[k] * noise[i];

  const draw = () => {
    const t = position(model);
    const size = canvas.width;
    const scale = size / (2 * limit);
    const css = getComputedStyle(el);
    const colour = (name) => css.getPropertyValue(`--scrub-${name}`).trim();
    context.clearRect(0, 0, size, size);

    // Where N(0, I) keeps 39 % and 86 % of its points: circles of radius 1 and 2.
    context.strokeStyle = colour("noise");
    context.lineWidth = size / 300;
    context.setLineDash([size / 60, size / 90]);
    for (const radius of [1, 2]) {
      context.beginPath();
      context.arc(size / 2, size / 2, radius * scale, 0, 2 * Math.PI);
      context.stroke();
    }
    context.setLineDash([]);

    const now = state(t);
    const x = (k, point) => size / 2 + scale * at(k, 2 * point);
    const y = (k, point) => size / 2 - scale * at(k, 2 * point + 1);
    const dot = Math.max(2, size / 160);
    context.fillStyle = colour("ink");
    context.globalAlpha = 0.55;
    for (let i = 0; i < count; i++) context.fillRect(x(now, i) - dot / 2, y(now, i) - dot / 2, dot, dot);
    context.globalAlpha = 1;

    if (trail >= 0) {
      // One point, with the way that it has come.
      context.strokeStyle = context.fillStyle = colour("ink");
      context.lineWidth = size / 220;
      context.beginPath();
      for (let k = 0; k <= now; k++) context.lineTo(x(k, trail), y(k, trail));
      context.stroke();
      context.beginPath();
      context.arc(x(now, trail), y(now, trail), size / 55, 0, 2 * Math.PI);
      context.fill();
    }
    canvas.setAttribute("aria-label", `${model.get("alt")}, ${model.get("symbol")} = ${model.get("labels")[t]}`);
  };

  // One canvas pixel per device pixel, so that the dots stay sharp on any screen.
  const resized = new ResizeObserver(([entry]) => {
    const side = Math.round(entry.contentRect.width * devicePixelRatio);
    if (side > 0 && side !== canvas.width) {
      canvas.width = canvas.height = side;
      draw();
    }
  });
  resized.observe(canvas);
  canvas.width = canvas.height = 600;
  // A canvas does not follow a change of theme by itself.
  const themed = new MutationObserver(draw);
  for (const node of [document.documentElement, document.body])
    themed.observe(node, { attributeFilter: ["data-jp-theme-light", "data-theme", "class"] });
  const dispose = () => {
    resized.disconnect();
    themed.disconnect();
  };
  return { draw, dispose };
};

export default live(view);
