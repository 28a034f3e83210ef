// A cloud of points in the plane: a weighted sum of two clouds, or one of many stored ones.

const pointsView = (el, view, axis) => {
  el.classList.add("scrub-image", "scrub-points");
  mathematics(element(el, "div", { class: "scrub-caption" }), view.label);
  const canvas = element(el, "canvas", { role: "img" });
  const context = canvas.getContext("2d");
  const { count, limit, trails, frames, x_0, noise, signal_rates, noise_rates } = view;

  const coordinate = (t, i) => // frames are in 2047ths of `limit`
    frames ? (frames[2 * count * t + i] * limit) / 2047 : signal_rates[t] * x_0[i] + noise_rates[t] * noise[i];

  let shown = 0;
  const draw = (t) => {
    shown = t;
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

    const x = (t, point) => size / 2 + scale * coordinate(t, 2 * point);
    const y = (t, point) => size / 2 - scale * coordinate(t, 2 * point + 1);
    const dot = Math.max(2, size / 160);
    context.fillStyle = colour("ink");
    context.globalAlpha = 0.55;
    for (let i = 0; i < count; i++) context.fillRect(x(t, i) - dot / 2, y(t, i) - dot / 2, dot, dot);
    context.globalAlpha = 1;

    // Some points, each with the way that it has come; the first one is the strongest.
    context.strokeStyle = colour("ink");
    for (const [i, point] of trails.entries()) {
      const weight = i === 0 ? 1 : 0.6;
      context.globalAlpha = weight;
      context.lineWidth = (weight * size) / 220;
      context.beginPath();
      for (let k = 0; k <= t; k++) context.lineTo(x(k, point), y(k, point));
      context.stroke();
    }
    context.globalAlpha = 1;
    for (const [i, point] of trails.entries()) {
      context.beginPath();
      context.arc(x(t, point), y(t, point), size / (i === 0 ? 55 : 75), 0, 2 * Math.PI);
      context.fill();
    }
    canvas.ariaLabel = `${view.alt}, ${axis.symbol} = ${axis.label(t)}`;
  };

  // One canvas pixel per device pixel, so that the dots stay sharp on any screen.
  const resized = new ResizeObserver(([entry]) => {
    const side = Math.round(entry.contentRect.width * devicePixelRatio);
    if (side > 0 && side !== canvas.width) {
      canvas.width = canvas.height = side;
      draw(shown);
    }
  });
  resized.observe(canvas);
  canvas.width = canvas.height = 600;
  // A canvas does not follow a change of theme by itself.
  const themed = new MutationObserver(() => draw(shown));
  for (const node of [document.documentElement, document.body])
    themed.observe(node, { attributeFilter: ["data-jp-theme-light", "data-theme", "class"] });
  const dispose = () => {
    resized.disconnect();
    themed.disconnect();
  };
  return { draw, dispose };
};
