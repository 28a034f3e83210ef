// Helpers for all widgets. A widget's module is a single text: the files are joined, this one first.

// ------------------------------------------------------------------ what the kernel has sent
const TYPES = {
  uint8: Uint8Array, int8: Int8Array, int16: Int16Array, float32: Float32Array, float64: Float64Array,
};

// A description in which each { array: 3 } has become the array itself. The bytes may begin at any
// offset, and typed arrays want an aligned one, hence the copy.
const received = (model) => {
  const arrays = model.get("buffers").map(({ buffer, byteOffset, byteLength }, i) =>
    new TYPES[model.get("spec").types[i]](buffer.slice(byteOffset, byteOffset + byteLength)));
  const resolve = (value) => {
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map(resolve);
    if ("array" in value) return arrays[value.array];
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolve(each)]));
  };
  return resolve(model.get("spec"));
};

// Whatever has been set, a whole number that exists.
const within = (value, last, first = 0) => Math.min(Math.max(Math.round(value) || 0, first), last);
// And one of the names that there are; also before its turn to be mended has come.
const oneOf = (choices, value) => (choices.includes(value) ? value : choices[0]);

// ------------------------------------------------------------------ the widget
const REST = 110; // milliseconds without a move, after which the kernel hears where a slider is
const CROSSING = 1000; // milliseconds that a message may be on its way

// A widget that shares some traits with the kernel; traits = { position: mend, … }, where
// mend(value, model) is the nearest value that exists, whatever a program or another widget has set.
// build({ model, el, go, change }) builds what is shown and gives back draw(), to be called when a
// trait changes, and dispose(). go(position) and change({ trait: value }) are for it to call when the
// reader moves something. What else is sent, `spec` and `buffers`, is another thing to show: all is
// built anew, in one go.
const widget = ({ traits, build }) => ({
  initialize({ model }) {
    // What a listener is given differs between Jupyter and others, and Jupyter tells no "change" of all
    // together when a listener has set something: so we listen to each trait, and ask the model.
    for (const [name, mend] of Object.entries(traits))
      model.on(`change:${name}`, () => {
        const value = mend(model.get(name), model);
        if (value !== model.get(name)) model.set(name, value, { silent: true });
      });
    forgetWhenClosed(model);
  },

  render({ model, el }) {
    let shown, resting;
    let told = -Infinity; // when the kernel last was
    let telling = false;
    // Nothing is drawn from the kernel, so it need not follow a drag: it is told in the end.
    const tell = () => {
      clearTimeout(resting);
      resting = setTimeout(() => {
        if (!model.get("spec")) return; // it was closed
        telling = true; // some hosts do not know `silent`
        for (const name of Object.keys(traits)) {
          // The kernel may have set it meanwhile. Set once more, what is saved is what is shown.
          const value = model.get(name);
          model.set(name, null, { silent: true });
          model.set(name, value, { silent: true });
        }
        model.save_changes();
        telling = false;
        told = performance.now();
      }, REST);
    };
    const change = (state) => {
      for (const [name, value] of Object.entries(state)) model.set(name, value);
      tell();
    };
    const go = (position) => change({ position: traits.position(position, model) });

    let spec, buffers;
    const rebuild = () => {
      if (model.get("spec") === spec && model.get("buffers") === buffers) return;
      [spec, buffers] = [model.get("spec"), model.get("buffers")];
      keepFocus(el, () => {
        shown?.dispose();
        el.replaceChildren();
        shown = build({ model, el, go, change });
        shown.draw();
      });
    };
    const draw = () => {
      if (telling) return;
      shown.draw();
      // What comes from the kernel now may have crossed our message, which it then takes for newer.
      if (performance.now() - told < CROSSING) tell();
    };
    rebuild();
    const heard = { spec: rebuild, buffers: rebuild };
    for (const name of Object.keys(traits)) heard[name] = draw;
    for (const [name, handler] of Object.entries(heard)) model.on(`change:${name}`, handler);
    return () => {
      for (const [name, handler] of Object.entries(heard)) model.off(`change:${name}`, handler);
      shown.dispose();
      el.replaceChildren();
    };
  },
});

// What had the keys keeps them, when an element is built anew.
const keepFocus = (el, rebuild) => {
  const controls = () => [...el.querySelectorAll("button, input, select")];
  const focused = controls().indexOf(document.activeElement);
  rebuild();
  controls()[focused]?.focus();
};

// JupyterLab holds on to the models of closed widgets. It need not keep their data.
const forgetWhenClosed = (model) => {
  model.on("destroy", (closed) => {
    if (!closed?.clear) return; // another host's model
    closed.comm_live = false;
    closed.clear({ silent: true });
    closed.set({}); // and the state before this one is empty, too
  });
};

// ------------------------------------------------------------------ answers
// A page may keep the reader's answers for the next visit, and open what it has kept closed until an
// answer is given: then it has an object `answers`, with get(name) and set(name, state), and listens to
// the event.
const remember = (model, name, traits) => {
  const kept = globalThis.answers?.get(name);
  if (kept) for (const trait of traits) if (trait in kept) model.set(trait, kept[trait]);
};
const answered = (el, model, name, traits) => {
  globalThis.answers?.set(name, Object.fromEntries(traits.map((trait) => [trait, model.get(trait)])));
  el.dispatchEvent(new CustomEvent("answered", { bubbles: true, composed: true }));
};

// ------------------------------------------------------------------ elements
const SVG = "http://www.w3.org/2000/svg";
const element = (parent, name, attributes = {}, text = "") => {
  const svg = parent.namespaceURI === SVG || name === "svg";
  const node = svg ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  return parent.appendChild(node);
};

// Writes only what is new, into the text that is there: least work for the page.
const write = (node, text) => {
  if (node.firstChild?.nodeType !== Node.TEXT_NODE) node.textContent = text;
  else if (node.firstChild.data !== text) node.firstChild.data = text;
};

// The parts of "√ᾱ_t · x_{t−1}" that are subscripts begin with _. A name such as alpha_bars has none.
const subscripts = (text) => text.split(/(?<![a-z]{2})(_(?:[A-Za-z0-9]+|\{[^{}]+\}))/);
const lowered = (subscript) => subscript.replace(/[_{}]/g, "");

// "√ᾱ_t · x_{t−1}" with real subscripts, built from text nodes: labels never pass through HTML. In some
// fonts the bar of ᾱ can be taken for a tilde: the style sheet draws a straight one over an α of its own.
const mathematics = (node, text) => {
  node.replaceChildren();
  for (const part of subscripts(text)) {
    if (part.startsWith("_")) element(node, "sub", {}, lowered(part));
    else
      for (const piece of part.split(/(ᾱ)/)) {
        if (piece === "ᾱ") element(element(node, "span", { class: "scrub-alpha-bar" }), "span", {}, piece);
        else node.append(piece);
      }
  }
  return node;
};

// A span for a number, as wide as its longest text, so that nothing moves when it changes.
const numberSpan = (parent, longest, name = "") =>
  element(parent, "span", { class: `scrub-number ${name}`, style: `min-width: ${longest}ch` });
const longest = (texts) => texts.reduce((most, text) => Math.max(most, text.length), 0);

const minus = (text) => String(text).replace("-", "−");
// A power of ten as a label: 10⁻³.
const superscript = (power) =>
  power === 0 ? "1" : `10${[...String(power)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c])).join("")}`;

// JupyterLab's own shortcuts would take the arrow keys, space and letters from what has the focus.
const keepKeys = (...nodes) => {
  for (const node of nodes) node.setAttribute("data-lm-suppress-shortcuts", "true");
};

// A native range input (it brings the keyboard along) over labelled ticks, [value, text] each.
const rangeInput = (parent, { min, max, step = 1, label, marks }) => {
  const track = element(parent, "div", { class: "scrub-track" });
  const slider = element(track, "input", { type: "range", min, max, step, "aria-label": label });
  if (marks.length) {
    const ticks = element(track, "div", { class: "scrub-ticks", "aria-hidden": "true" });
    for (const [value, text] of marks)
      element(ticks, "span", { style: `--at: ${(value - min) / (max - min)}` }, text);
  }
  keepKeys(slider);
  return { track, slider };
};
