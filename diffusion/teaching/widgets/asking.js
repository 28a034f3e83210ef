// A question over a scrub: the views are veiled until it is answered, with a pin on the track, or with a
// drawing of the curve in question.

const ANSWER = ["pins", "sketch", "shown"];

const asking = (el, scrub, { ask, axis }, { model, change }) => {
  const { sketching } = scrub;
  const root = el.querySelector(".scrub");
  const slider = root.querySelector(".scrub-timeline input");
  remember(model, ask, ANSWER);
  if (sketching) sketching.put(model.get("sketch"));

  // Over the pictures; where there are none, over a chart that is not to be drawn in. The axis over the
  // slider stays in view.
  const veiled = root.querySelector(".scrub-pictures") ?? (sketching ? null : root.querySelector(".scrub-charts > *"));
  const veil = veiled && element(veiled, "div", { class: "scrub-veil", "aria-hidden": "true" });
  if (veil) mathematics(element(veil, "span"), ask);
  const bar = element(root, "div", { class: "scrub-view scrub-ask" });
  const question = element(bar, "span", { class: "scrub-question-text" });
  mathematics(question, ask);
  const buttons = element(bar, "span", { class: "scrub-buttons" });
  const button = (text, press) => {
    const node = element(buttons, "button", { type: "button", class: "scrub-button" }, text);
    node.addEventListener("click", press);
    keepKeys(node);
  };
  const status = element(bar, "p", { role: "status" });
  const finish = (state) => {
    change({ ...state, shown: true });
    answered(el, model, ask, ANSWER);
    slider.focus();
  };
  const pinned = () => [...new Set([...model.get("pins"), model.get("position")])];
  const guess = () => finish({ pins: pinned() });
  if (sketching) {
    button("That is my drawing", () => {
      const sketch = sketching.drawing();
      if (sketch) finish({ sketch });
      else write(status, "Draw in the chart from end to end: with the pointer, or with Tab and the arrow keys.");
    });
    button("Start again", () => sketching.put([]));
  } else {
    button("That is my guess", guess);
    button("Another guess", () => change({ pins: pinned() }));
    slider.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.repeat || model.get("shown")) return;
      event.preventDefault();
      guess();
    });
  }
  button("Show me", () => finish({}));

  const track = root.querySelector(".scrub-timeline .scrub-track");
  const marks = element(track, "div", { class: "scrub-pins", "aria-hidden": "true" });
  const name = (position) => `${axis.symbol} = ${axis.label(position)}`;
  const says = (shown) => {
    const [pins, sketch] = [model.get("pins"), model.get("sketch")];
    if (shown && sketching && sketch.length) {
      const { mean, most, at } = distance(sketch, sketching.values);
      const where = name(Math.round(at * axis.last));
      return `Your drawing is ${mean.toFixed(2)} off on average, and at most ${most.toFixed(2)}, at ${where}.`;
    }
    if (!pins.length) return "";
    return `${pins.length > 1 ? "The guesses" : "The guess"}: ${pins.map(name).join(", ")}.`;
  };

  let pins, shown;
  return {
    ...scrub,
    draw() {
      if (shown !== model.get("shown")) {
        shown = model.get("shown");
        root.classList.toggle(sketching ? "scrub-veiled-pictures" : "scrub-veiled", !shown);
        if (veil) veil.hidden = shown;
        buttons.hidden = shown;
        if (sketching) {
          if (shown) sketching.put(model.get("sketch"));
          sketching.reveal(shown);
        }
        mathematics(status, says(shown));
      }
      if (pins !== model.get("pins")) {
        pins = model.get("pins");
        marks.replaceChildren();
        for (const pin of pins)
          element(marks, "span", { style: `--at: ${pin / axis.last}` }, axis.label(pin));
        mathematics(status, says(shown));
      }
      scrub.draw();
    },
  };
};
