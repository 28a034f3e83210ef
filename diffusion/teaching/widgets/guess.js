// The game of guessing t. All rounds are in the page, so that it needs no kernel.

const off = (difference) => (difference ? `${Math.abs(difference)} off` : "exactly right");

const render = ({ model, el, signal }) => {
  el.classList.add("scrub-view", "scrub-guess");
  const [height, width, channels] = model.get("shape");
  const size = height * width * channels;
  const [times, estimates, names] = ["times", "estimates", "names"].map((name) => model.get(name));
  const [last, opponent] = [model.get("last"), model.get("opponent")];
  const rounds = times.length;
  const listen = (node, event, handler) => node.addEventListener(event, handler, { signal });

  // ------------------------------------------------------------------ the two pictures
  const pictures = element(el, "div", { class: "scrub-guess-pictures" });
  const panel = (name) => {
    const figure = element(pictures, "div", { class: "scrub-guess-picture" });
    const caption = element(figure, "div", { class: "scrub-caption" });
    const canvas = element(figure, "canvas", { role: "img", width, height });
    canvas.style.aspectRatio = width / height;
    if (width < 128) canvas.classList.add("scrub-pixelated");
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    image.data.fill(255); // opaque
    const frames = array(Uint8Array, model.get(name));
    const none = new Int8Array();
    return (round, text, alt) => {
      const frame = frames.subarray(round * size, (round + 1) * size);
      blend(image.data, channels, frame, 1, none, 0, 0);
      context.putImageData(image, 0, 0);
      mathematics(caption, text);
      canvas.setAttribute("aria-label", alt);
    };
  };
  const showNoised = panel("x_t");
  const showClean = panel("x_0");

  // ------------------------------------------------------------------ the answer
  const controls = element(el, "div", { class: "scrub-controls" });
  const quarters = [0, 1, 2, 3, 4].map((k) => Math.max(1, Math.round((last * k) / 4)));
  const { track, slider } = rangeInput(controls, {
    min: 1,
    max: last,
    label: "your guess of t",
    marks: quarters.map((t) => [t, t]),
  });
  const marks = element(track, "div", { class: "scrub-guess-marks", "aria-hidden": "true" });
  const mark = (kind) => {
    const node = element(marks, "div", { class: "scrub-guess-mark", "data-kind": kind });
    return (t, text) => {
      const at = (t - 1) / (last - 1);
      node.style.setProperty("--at", at);
      node.classList.toggle("scrub-guess-left", at > 0.5);
      node.textContent = text;
    };
  };
  const markTruth = mark("truth");
  const markEstimate = mark("estimate");
  const said = numberSpan(controls, [`t = ${last}`], "scrub-where");
  const button = element(controls, "button", { type: "button", class: "scrub-guess-button" });
  for (const node of [slider, button]) node.setAttribute("data-lm-suppress-shortcuts", "true");
  const result = element(el, "p", { class: "scrub-guess-result", role: "status" });

  // ------------------------------------------------------------------ the score
  const table = element(el, "table", { class: "scrub-guess-score" });
  const row = (parent, cells, name = "td") => {
    const line = element(parent, "tr");
    return cells.map((text, i) => {
      const cell = element(line, i ? name : "th", i ? {} : { scope: "row" });
      cell.textContent = text;
      return cell;
    });
  };
  const heads = row(element(table, "thead"), ["round", "t", "you", "off", opponent, "off"], "th");
  for (const head of heads) head.setAttribute("scope", "col");
  const body = element(table, "tbody");
  const lines = times.map((_, i) => row(body, [`${i + 1}`, "", "", "", "", ""]));
  const totals = row(element(table, "tfoot"), ["on average", "", "", "", "", ""]);

  const average = (values, played) => {
    const sum = values.slice(0, played).reduce((total, v, i) => total + Math.abs(v - times[i]), 0);
    return (sum / played).toFixed(0);
  };

  const say = () => {
    said.textContent = `t = ${slider.value}`;
    slider.setAttribute("aria-valuetext", `t = ${slider.value} of ${last}`);
  };
  const draw = () => {
    const guesses = model.get("guesses");
    const played = guesses.length;
    const round = model.get("round");
    const over = played > round;
    const [t, guess, estimate] = [times[round], guesses[round], estimates[round]];
    const where = `Round ${round + 1} of ${rounds}:`;
    showNoised(round, over ? `x_${t}` : "x_t", `${names[round]}, noised${over ? ` to t = ${t}` : ""}`);
    showClean(round, "x_0", `${names[round]}, clean`);

    slider.value = over ? guess : Math.round(last / 2);
    say();
    marks.style.visibility = over ? "visible" : "hidden";
    markTruth(t, `t = ${t}`);
    markEstimate(estimate, `${opponent}: ${estimate}`);
    const finished = over && played === rounds;
    button.textContent = !over ? "Check" : finished ? "Play again" : "Next";
    let text = `${where} which t is it?`;
    if (over) {
      text = `${where} t was ${t}. You said ${guess}, ${off(guess - t)}; ${opponent} said ${estimate}, ${off(estimate - t)}.`;
    }
    if (finished) {
      text += ` On average you were ${average(guesses, rounds)} off, ${opponent} ${average(estimates, rounds)}.`;
    }
    result.textContent = text;

    lines.forEach(([, ...cells], i) => {
      const [t, guess, estimate] = [times[i], guesses[i], estimates[i]];
      const texts = [t, guess, Math.abs(guess - t), estimate, Math.abs(estimate - t)];
      cells.forEach((cell, k) => (cell.textContent = i < played ? texts[k] : "·"));
    });
    totals[3].textContent = played ? average(guesses, played) : "·";
    totals[5].textContent = played ? average(estimates, played) : "·";
  };

  // ------------------------------------------------------------------ playing
  const change = (state) => {
    model.set(state);
    model.save_changes();
  };
  const advance = () => {
    const [guesses, round] = [model.get("guesses"), model.get("round")];
    if (guesses.length <= round) change({ guesses: [...guesses, slider.valueAsNumber] });
    else if (guesses.length < rounds) change({ round: guesses.length });
    else change({ guesses: [], round: 0 });
  };
  listen(slider, "input", () => {
    // The answer of a round that is over stands.
    const guesses = model.get("guesses");
    if (guesses.length > model.get("round")) slider.value = guesses[model.get("round")];
    say();
  });
  listen(slider, "keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (!event.repeat) advance();
  });
  listen(button, "click", advance);

  draw();
  model.on("change:guesses change:round", draw);
  return () => {
    model.off("change:guesses change:round", draw);
    el.replaceChildren();
  };
};

export default {
  initialize({ model }) {
    release({ model });
    model.on("change:round", (linked) => {
      mend(linked, "round", within(linked.get("round"), model.get("times").length - 1));
    });
  },
  render,
};
