// Put in front of each view's own file, since a widget's module must be a single file.

// jslink saves each change of t to the kernel at once: for a drag over four linked widgets, that
// is hundreds of messages a second. Nothing is drawn from the kernel, so it need not follow: we let
// `t` change freely in the page and save it when it has been still for `_save_after` milliseconds.
const atRest = (linked, model) => {
  const save = linked.save_changes.bind(linked);
  let timer = null;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      // ipywidgets would save, and set once more, the t of back then; the kernel may have moved it.
      const unsaved = linked._buffered_state_diff;
      if (unsaved && "t" in unsaved) unsaved.t = position(model);
      save();
    }, model.get("_save_after"));
  };
};

// JupyterLab holds on to the models of closed widgets. At least it need not keep their data; and
// what a closed one has put off saving has no place to go to.
const release = ({ model }) => {
  model.on("destroy", (closed) => {
    closed.comm_live = false;
    closed.clear({ silent: true });
    closed.set({}); // and the state before this one is empty, too
  });
};

// Another widget or a program may set what cannot be shown; the kernel is not to hear of it.
const mend = (linked, name, value) => {
  if (linked.get(name) !== value) linked.set(name, value, { silent: true });
};

// The object that jslink saves is not the one that a widget's module is given, but Backbone hands
// it to the listeners of a change, and it does so before jslink saves.
const initialize = ({ model }) => {
  const seen = new WeakSet();
  model.on("change:t", (linked) => {
    mend(linked, "t", position(model));
    if (!seen.has(linked)) linked.save_changes = atRest(linked, model);
    seen.add(linked);
    linked.save_changes();
  });
  release({ model });
};

// A widget whose view(…) builds itself from the model's state and gives back how to draw t and how
// to dispose of what it holds. A new `revision` says that the state is another one: build anew, in
// one go, so that nothing flickers.
const live = (view) => ({
  initialize,
  render({ model, el }) {
    let shown, built;
    const build = () => {
      const focused = [...el.querySelectorAll("*")].indexOf(document.activeElement);
      shown?.dispose?.();
      el.replaceChildren();
      shown = view({ model, el });
      built = model.get("revision");
      shown.draw();
      el.querySelectorAll("*")[focused]?.focus(); // what had the keys keeps them
    };
    build();
    model.on("change:revision", build);
    model.on("change:t", () => model.get("revision") === built && shown.draw());
    return () => {
      shown.dispose?.();
      el.replaceChildren();
    };
  },
});

// Arrays travel as bytes at any offset; typed arrays want aligned ones, hence the copy.
const array = (Type, bytes) =>
  new Type(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));

// Whatever has been set, a whole number that exists.
const within = (value, last) => Math.min(Math.max(Math.round(value) || 0, 0), last);
const position = (model) => within(model.get("t"), model.get("last"));

// signal·x_0 + noise·ε in grey levels, into the pixels of a canvas; its clamped array clips for the
// eye. x_0 is uint8, ε is int8 in steps of `unit`; either may be empty, and is then left out.
const blend = (out, channels, x_0, signalRate, noise, noiseRate, unit) => {
  // A missing array is replaced by the other one at rate 0, so that the loops need not ask.
  const a = x_0.length ? signalRate : 0;
  const b = noise.length ? 127.5 * noiseRate * unit : 0;
  const c = 127.5 * (1 - a);
  const x = x_0.length ? x_0 : noise;
  const e = noise.length ? noise : x_0;
  const size = x.length;
  if (channels === 1)
    for (let i = 0, o = 0; i < size; i++, o += 4)
      out[o] = out[o + 1] = out[o + 2] = a * x[i] + b * e[i] + c;
  else
    for (let i = 0, o = 0; i < size; i += 3, o += 4) {
      out[o] = a * x[i] + b * e[i] + c;
      out[o + 1] = a * x[i + 1] + b * e[i + 1] + c;
      out[o + 2] = a * x[i + 2] + b * e[i + 2] + c;
    }
};

const SVG = "http://www.w3.org/2000/svg";
const element = (parent, name, attributes = {}) => {
  const svg = parent.namespaceURI === SVG || name === "svg";
  const node = svg ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return parent.appendChild(node);
};

// "√ᾱ_t · x_0" with real subscripts, built from text nodes: labels never pass through HTML.
const mathematics = (node, text) => {
  node.replaceChildren();
  for (const part of text.split(/(_[A-Za-z0-9]+)/)) {
    if (part.startsWith("_")) element(node, "sub").textContent = part.slice(1);
    else node.append(part);
  }
  return node;
};

// The same in an SVG text, where a subscript is a shifted span.
const svgMathematics = (node, text) => {
  node.replaceChildren();
  let shift = 0;
  for (const part of text.split(/(_[A-Za-z0-9]+)/)) {
    if (!part) continue;
    const down = part.startsWith("_") ? 3 : 0;
    const span = element(node, "tspan", { dy: down - shift });
    if (down) span.setAttribute("font-size", "75%");
    span.textContent = down ? part.slice(1) : part;
    shift = down;
  }
  return node;
};

// A span for a number, as wide as the longest of its texts, so that nothing moves when it changes.
const numberSpan = (parent, texts, name = "") => {
  const width = texts.reduce((most, text) => Math.max(most, text.length), 0);
  return element(parent, "span", { class: `scrub-number ${name}`, style: `min-width: ${width}ch` });
};

// A native range input (it brings the keyboard along) over labelled ticks, [value, text] each.
const rangeInput = (parent, { min, max, label, marks }) => {
  const track = element(parent, "div", { class: "scrub-track" });
  const slider = element(track, "input", { type: "range", min, max, step: 1, "aria-label": label });
  const ticks = element(track, "div", { class: "scrub-ticks", "aria-hidden": "true" });
  for (const [value, text] of marks) {
    const tick = element(ticks, "span", { style: `--at: ${(value - min) / (max - min)}` });
    tick.textContent = text;
  }
  return { track, slider };
};

// A frame for charts: scales, axes with ticks, and a layer to draw in. Units are SVG user units,
// so that a chart grows with its box and stays sharp.
const chart = (el, { width, height, x, y, xLabel, xTicks, yTicks }) => {
  const svg = element(el, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  const clip = `scrub-clip-${Math.random().toString(36).slice(2)}`; // an id of this page's own
  const [left, right, top, bottom] = [38, width - 17, 8, height - 30];
  const sx = (v) => left + ((v - x[0]) / (x[1] - x[0])) * (right - left);
  const sy = (v) => bottom - ((v - y[0]) / (y[1] - y[0])) * (bottom - top);
  const axes = element(svg, "g", { class: "scrub-axes" });
  for (const [at, text] of yTicks) {
    element(axes, "path", { d: `M${left},${sy(at)}H${right}` });
    element(axes, "text", { x: left - 5, y: sy(at) + 4, "text-anchor": "end" }).textContent = text;
  }
  for (const [at, text] of xTicks)
    element(axes, "text", { x: sx(at), y: bottom + 14, "text-anchor": "middle" }).textContent = text;
  const name = { x: (left + right) / 2, y: height - 3, "text-anchor": "middle" };
  svgMathematics(element(axes, "text", name), xLabel);
  element(element(svg, "clipPath", { id: clip }), "rect", {
    x: left,
    y: top,
    width: right - left,
    height: bottom - top,
  });
  const plot = element(svg, "g", { "clip-path": `url(#${clip})` }); // what runs off the scale is cut
  return { svg, plot, sx, sy, left, right, top, bottom };
};
