// The game of guessing t. All rounds are in the page, so that it needs no kernel.

const off = (difference) => (difference ? `${Math.abs(difference)} off` : "exactly right");

const buildGame = ({ model, el, change }) => {
  el.classList.add("scrub-view", "scrub-guess");
  const { shape, x_t, x_0, times, estimates, names, last, opponent } = received(model);
  const rounds = times.length;
  const round = () => model.get("round");

  // ------------------------------------------------------------------ the two pictures
  const pictures = element(el, "div", { class: "scrub-guess-pictures" });
  const panel = (frames) => {
    const figure = element(pictures, "div", { class: "scrub-guess-picture" });
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
    const node = element(marks, "div", { class: "scrub-guess-mark", "data-mark": kind });
    return (t, text) => {
      const at = (t - 1) / (last - 1);
      node.style.setProperty("--at", at);
      node.classList.toggle("scrub-guess-left", at > 0.5);
      node.textContent = text;
    };
  };
  const markTruth = mark("truth");
  const markEstimate = mark("estimate");
  const said = numberSpan(controls, `t = ${last}`.length, "scrub-where");
  const button = element(controls, "button", { type: "button", class: "scrub-button" });
  keepKeys(button);
  const result = element(el, "p", { class: "scrub-guess-result", role: "status" });

  // ------------------------------------------------------------------ the score
  const table = element(el, "table", { class: "scrub-table" });
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
    const now = round();
    const over = played > now;
    const [t, guess, estimate] = [times[now], guesses[now], estimates[now]];
    const where = `Round ${now + 1} of ${rounds}:`;
    showNoised(now, over ? `x_${t}` : "x_t", `${names[now]}, noised${over ? ` to t = ${t}` : ""}`);
    showClean(now, "x_0", `${names[now]}, clean`);

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
  const advance = () => {
    const [guesses, now] = [model.get("guesses"), round()];
    if (guesses.length <= now) change({ guesses: [...guesses, slider.valueAsNumber] });
    else if (guesses.length < rounds) change({ round: guesses.length });
    else change({ guesses: [], round: 0 });
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
    // One Enter too many does not begin another game.
    if (!event.repeat && !(model.get("guesses").length === rounds && round() === rounds - 1)) advance();
  });
  button.addEventListener("click", advance);
  return { draw, dispose() {} };
};

export default widget({
  traits: {
    round: (value, model) => within(value, model.get("spec").times.length - 1),
    guesses: (value) => value,
  },
  build: buildGame,
});
