// A curve that the learner draws before it is shown: with the pointer, or point by point with the keys.

const POINTS = 41; // evenly spaced along the axis
const HANDLES = 8; // gaps between those that the keys move
const EVERY = (POINTS - 1) / HANDLES;
const BEYOND = 8; // how far outside the frame a stroke may begin: handles at its corners are as wide

// A surface over a chart's frame. `name(share)` says where on the axis a place is, from 0 to 1.
// `changed(values, i)` hears of each change by the learner, whose latest place is the point i.
const sketchPad = (frame, { label, range: [low, high], name, changed = () => {} }) => {
  const { svg, plot, sy, left, right, top, bottom } = frame;
  const middle = (low + high) / 2;
  const values = new Array(POINTS).fill(null);
  const x = (i) => left + ((right - left) * i) / (POINTS - 1);
  const limit = (v) => Math.min(Math.max(v, low), high);

  const line = element(plot, "path", { class: "scrub-line scrub-sketch", "data-tone": "neutral" });
  const pad = element(svg, "rect", {
    class: "scrub-pad", x: left - BEYOND, y: top - BEYOND,
    width: right - left + 2 * BEYOND, height: bottom - top + 2 * BEYOND,
  });
  const handles = Array.from({ length: HANDLES + 1 }, (_, k) => {
    const node = element(svg, "circle", {
      r: 6, cx: x(k * EVERY), class: "scrub-handle", tabindex: 0, role: "slider",
      "aria-label": `${label} at ${name(k / HANDLES)}`, "aria-valuemin": low, "aria-valuemax": high,
    });
    keepKeys(node);
    node.addEventListener("keydown", (event) => {
      const step = { ArrowUp: 1, ArrowDown: -1, PageUp: 4, PageDown: -4, Home: -99, End: 99 }[event.key];
      if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const part = (high - low) / (event.shiftKey ? 100 : 20);
      set(k * EVERY, limit((values[k * EVERY] ?? middle) + step * part), true);
    });
    return node;
  });

  const show = () => {
    let d = "";
    values.forEach((v, i) => {
      if (v !== null) d += `${i && values[i - 1] !== null ? "L" : "M"}${x(i).toFixed(1)},${sy(v).toFixed(1)}`;
    });
    line.setAttribute("d", d || "M0,0");
    handles.forEach((node, k) => {
      const value = values[k * EVERY] ?? middle;
      node.setAttribute("cy", sy(value));
      node.setAttribute("aria-valuenow", value.toFixed(2));
    });
  };
  // With the keys, the line stays straight from handle to handle.
  const set = (i, value, straight = false) => {
    values[i] = value;
    if (straight)
      for (const other of [i - EVERY, i + EVERY]) {
        if (other < 0 || other >= POINTS) continue;
        values[other] ??= middle;
        between(i, other);
      }
    show();
    changed([...values], i);
  };
  const between = (i, j) => {
    const [a, b] = i < j ? [i, j] : [j, i];
    for (let k = a + 1; k < b; k++) values[k] = values[a] + ((values[b] - values[a]) * (k - a)) / (b - a);
  };

  let last = null; // where the pointer was
  const follow = (event) => {
    const box = svg.getBoundingClientRect();
    const unit = svg.viewBox.baseVal.width / box.width;
    const across = ((event.clientX - box.left) * unit - left) / (right - left);
    const up = (bottom - (event.clientY - box.top) * unit) / (bottom - top);
    const i = within(across * (POINTS - 1), POINTS - 1);
    values[i] = limit(low + up * (high - low));
    if (last !== null) between(last, i);
    last = i;
    show();
    changed([...values], i);
  };
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    last = null;
    follow(event);
    event.preventDefault();
  });
  pad.addEventListener("pointermove", (event) => pad.hasPointerCapture(event.pointerId) && follow(event));

  return {
    line,
    // What has been drawn, gaps closed; null if it does not go from end to end.
    drawing() {
      const drawn = values.flatMap((v, i) => (v === null ? [] : [i]));
      if (!drawn.length || drawn[0] > 2 || drawn.at(-1) < POINTS - 3) return null; // not all the way
      drawn.slice(1).forEach((j, k) => between(drawn[k], j));
      values.fill(values[drawn[0]], 0, drawn[0]).fill(values[drawn.at(-1)], drawn.at(-1) + 1);
      return [...values];
    },
    put(drawing) {
      for (let i = 0; i < POINTS; i++) values[i] = drawing[i] ?? null;
      show();
    },
    // While it is open the chart is a group of sliders, then a picture.
    open(open) {
      svg.setAttribute("role", open ? "group" : "img");
      for (const node of [pad, ...handles]) node.style.display = open ? "" : "none";
    },
  };
};

// How far a drawing is from the true values, on average and at most, and where that is, from 0 to 1.
const distance = (drawing, values) => {
  const last = values.length - 1;
  const off = drawing.map((v, i) => Math.abs(v - values[Math.round((last * i) / (POINTS - 1))]));
  const known = off.filter(Number.isFinite);
  const most = Math.max(...known);
  return { mean: known.reduce((a, b) => a + b, 0) / known.length, most, at: off.indexOf(most) / (POINTS - 1) };
};
