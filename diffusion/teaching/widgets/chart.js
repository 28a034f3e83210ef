// A frame for charts: scales, axes with ticks, and a layer to draw in.

// In SVG user units, so that a chart grows with its box and stays sharp.
const CHART = { width: 460, height: 160, left: 38, right: 443, top: 8 };
const SQUARE = { width: 320, height: 303 }; // so that the frame, without its labels, is one

const chart = (el, { x, y, xLabel, yLabel, xTicks, yTicks, width = CHART.width, height = CHART.height }) => {
  const { left, top } = CHART;
  const right = width - 17;
  const bottom = height - 30;
  const svg = element(el, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  const sx = (v) => left + ((v - x[0]) / (x[1] - x[0])) * (right - left);
  const sy = (v) => bottom - ((v - y[0]) / (y[1] - y[0])) * (bottom - top);
  const axes = element(svg, "g", { class: "scrub-axes" });
  for (const [v, text] of yTicks) {
    element(axes, "path", { d: `M${left},${sy(v)}H${right}` });
    element(axes, "text", { x: left - 5, y: sy(v) + 4, "text-anchor": "end" }, text);
  }
  for (const [v, text] of xTicks)
    element(axes, "text", { x: sx(v), y: bottom + 14, "text-anchor": "middle" }, text);
  const name = { x: (left + right) / 2, y: height - 3, "text-anchor": "middle" };
  svgMathematics(element(axes, "text", name), xLabel);
  if (yLabel) {
    const upwards = element(svg, "g", { transform: `translate(0,${(top + bottom) / 2}) rotate(-90)` });
    svgMathematics(element(upwards, "text", { class: "scrub-y-label", "text-anchor": "middle" }), yLabel);
  }

  const id = `scrub-clip-${Math.random().toString(36).slice(2)}`; // of this page's own
  const clip = { x: left, y: top, width: right - left, height: bottom - top };
  element(element(svg, "clipPath", { id }), "rect", clip);
  const plot = element(svg, "g", { "clip-path": `url(#${id})` }); // what runs off the scale is cut
  return { svg, plot, sx, sy, left, right, top, bottom };
};

// The same as `mathematics`, in an SVG text, where a subscript is a shifted span.
const svgMathematics = (node, text) => {
  let shift = 0;
  for (const part of subscripts(text)) {
    if (!part) continue;
    const down = part.startsWith("_") ? 3 : 0;
    const span = element(node, "tspan", { dy: down - shift }, down ? lowered(part) : part);
    if (down) span.setAttribute("font-size", "75%");
    shift = down;
  }
};

const DASHES = { signal: "none", noise: "6 4", neutral: "none", second: "2 3", third: "7 3 2 3", fourth: "12 4" };

// A line of the legend: a piece of the curve or bar, and its name.
const legendKey = (legend, label, tone, swatch = { d: "M0,4H22", "stroke-dasharray": DASHES[tone] }) => {
  const item = element(legend, "span", { class: "scrub-key" });
  const piece = element(item, "svg", { viewBox: "0 0 22 8", class: "scrub-swatch", "aria-hidden": "true" });
  element(piece, "path", { "data-tone": tone, ...swatch });
  mathematics(element(item, "span", { "data-tone": tone }), label);
  return item;
};
