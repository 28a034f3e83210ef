// The game of guessing t. All rounds are in the page, so that it needs no kernel.

const off = (difference) => (difference ? `${Math.abs(difference)} off` : "exactly right");

const buildGame = ({ model, el, change }) => {
  el.classList.add("scrub-view", "scrub-guess");
  const { shape, x_t, x_0, times, estimates, names, last, opponent } = received(model);
  const rounds = times.length;
  const round = () => model.get("round");

  // ------------------------------------------------------------------ the two pictures
  const game = element(el, "div", { class: "scrub-guess-game" });
  const panel = (frames) => {
    const figure = element(game, "div", { class: "scrub-guess-picture" });
    const caption = element(figure, "div", { class: "scrub-caption" });
    const { canvas, paint } = canvasOf(figure, { shape, frames, places: [...times.keys()] });
    return (round, text, alt) => {
      paint(round);
      mathematics(caption, text);
      canvas.ariaLabel = alt;
    };
  };
  const showNoised = panel(x_t);
  const showClean = panel(x_0);

  // ------------------------------------------------------------------ the axis
  // A line for each mark on the axis of the slider below them, with what it says at its left: the true t,
  // and how far from it the answers are.
  const board = element(game, "div", { class: "scrub-guess-board" });
  const lanes = element(board, "div", { class: "scrub-guess-lanes", role: "img" });
  const place = (t) => (t - 1) / (last - 1);
  const lane = (kind) => {
    const node = element(lanes, "div", { class: "scrub-guess-lane", "data-mark": kind });
    const label = element(node, "span", { class: "scrub-guess-label" });
    const line = element(element(node, "div", { class: "scrub-guess-line" }), "div");
    return (at, truth, text) => {
      node.style.setProperty("--at", place(at));
      node.style.setProperty("--truth", place(truth));
      line.dataset.side = at < truth ? "left" : "right";
      write(label, text);
    };
  };
  const [markTruth, markGuess, markEstimate] = ["truth", "guess", "estimate"].map(lane);

  // ------------------------------------------------------------------ the answer
  const controls = element(board, "div", { class: "scrub-controls" });
  const said = element(controls, "span", { class: "scrub-where" });
  const quarters = [0, 1, 2, 3, 4].map((k) => Math.max(1, Math.round((last * k) / 4)));
  const { slider } = rangeInput(controls, {
    min: 1,
    max: last,
    label: "your guess of t",
    marks: quarters.map((t) => [t, t]),
  });
  const buttons = element(controls, "div", { class: "scrub-buttons" });
  const button = element(buttons, "button", { type: "button", class: "scrub-button" });
  const anew = element(buttons, "button", { type: "button", class: "scrub-button" }, "New game");
  keepKeys(button, anew);
  const result = element(game, "p", { class: "scrub-guess-result", role: "status" });

  // ------------------------------------------------------------------ the score
  const table = element(game, "table", { class: "scrub-table" });
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

  const average = (values) =>
    (values.reduce((total, v, i) => total + Math.abs(v - times[i]), 0) / rounds).toFixed(0);

  const say = () => {
    write(said, `your guess: t = ${slider.value}`);
    slider.setAttribute("aria-valuetext", `t = ${slider.value} of ${last}`);
  };
  const isFinished = () => model.get("guesses").length === rounds && round() === rounds - 1;
  const draw = () => {
    const guesses = model.get("guesses");
    const now = round();
    const over = guesses.length > now;
    const finished = isFinished();
    const [t, guess, estimate] = [times[now], guesses[now], estimates[now]];
    const where = `Round ${now + 1} of ${rounds}:`;
    showNoised(now, over ? `x_${t}` : "x_t", `${names[now]}, noised${over ? ` to t = ${t}` : ""}`);
    showClean(now, "x_0", `${names[now]}, clean`);

    slider.value = over ? guess : Math.round(last / 2);
    say();
    lanes.style.visibility = over ? "" : "hidden";
    if (over) {
      markTruth(t, t, `t = ${t}`);
      markGuess(guess, t, `you: ${guess}, ${off(guess - t)}`);
      markEstimate(estimate, t, `${opponent}: ${estimate}, ${off(estimate - t)}`);
      const far = Math.abs(guess - t) - Math.abs(estimate - t);
      const nearer = far ? `${far < 0 ? "your guess" : opponent} is nearer` : "both are equally near";
      lanes.ariaLabel = `On the axis from 1 to ${last}: t = ${t}, your guess ${guess}, ${opponent} ${estimate}; ${nearer}`;
    }
    button.textContent = over ? "Next" : "Check";
    button.ariaDisabled = finished;
    anew.style.visibility = finished ? "" : "hidden";
    let text = `${where} which t is it?`;
    if (over) {
      text = `${where} t was ${t}. You said ${guess}, ${off(guess - t)}; ${opponent} said ${estimate}, ${off(estimate - t)}.`;
    }
    if (finished) {
      text += ` On average you were ${average(guesses)} off, ${opponent} ${average(estimates)}.`;
    }
    write(result, text);

    table.classList.toggle("scrub-guess-later", !finished); // it comes at the end
    if (!finished) return;
    lines.forEach(([, ...cells], i) => {
      const [t, guess, estimate] = [times[i], guesses[i], estimates[i]];
      const texts = [t, guess, Math.abs(guess - t), estimate, Math.abs(estimate - t)];
      cells.forEach((cell, k) => (cell.textContent = texts[k]));
    });
    totals[3].textContent = average(guesses);
    totals[5].textContent = average(estimates);
  };

  // ------------------------------------------------------------------ playing
  // After the last round it stays, so that Enter too often loses no score.
  const advance = () => {
    const [guesses, now] = [model.get("guesses"), round()];
    if (guesses.length <= now) change({ guesses: [...guesses, slider.valueAsNumber] });
    else if (guesses.length < rounds) change({ round: guesses.length });
    else if (!isFinished()) change({ round: rounds - 1 });
  };
  slider.addEventListener("input", () => {
    // The answer of a round that is over stands.
    const guesses = model.get("guesses");
    if (guesses.length > round()) slider.value = guesses[round()];
    say();
  });
  slider.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (!event.repeat) advance();
  });
  button.addEventListener("click", advance);
  anew.addEventListener("click", () => {
    change({ guesses: [], round: 0 });
    slider.focus({ preventScroll: true }); // this button is gone
  });
  return { draw, dispose() {} };
};

export default widget({
  traits: {
    round: (value, model) => within(value, model.get("spec").times.length - 1),
    guesses: (value) => value,
  },
  build: buildGame,
});
