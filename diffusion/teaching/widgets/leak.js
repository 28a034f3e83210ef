// The game of black and mid-grey: x_T is drawn here, from the seed, the setting and the round.

// ------------------------------------------------------------------ a round
// x_T = √ᾱ_T · v + √(1−ᾱ_T) · ε of a picture of n × n in three colours, v = −1 or 0 as a coin falls.
// Each number goes to put(i, x). Gives what the picture was, and the mean of all numbers.
const endOfWalk = ({ seed, place, signal, noise }, n, round, put) => {
  const random = sfc32(seed, place * 65536 + n, round);
  const was = random() < 0.5 ? "black" : "grey";
  const centre = was === "black" ? -signal : 0;
  const normal = normals(random);
  const count = 3 * n * n;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const x = centre + noise * normal();
    sum += x;
    put(i, x);
  }
  return { was, mean: sum / count };
};

// ------------------------------------------------------------------ what the mean tells
// The standard deviation of the mean, and how many of these lie between its two centres.
const leakOf = ({ signal, noise }, n) => {
  const deviation = noise / Math.sqrt(3 * n * n);
  return { deviation, d: signal / deviation };
};
// The likelihood is greater for black where the mean is nearer to black's centre.
const likelier = ({ signal }, mean) => (mean < -signal / 2 ? "black" : "grey");

// Φ(x), that a normal number is below x ≥ 0: Taylor's series of (Φ(x) − ½) / φ(x) (Marsaglia 2004). All its
// terms are positive, so that it is right to 15 digits; beyond 9 the rest is less than 10^−18.
const below = (x) => {
  const z = Math.min(x, 9);
  let sum = z;
  for (let k = 3, term = z; sum + term !== sum; k += 2) sum += term *= (z * z) / k;
  return 0.5 + (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
};
const inHundred = (share) => {
  if (share > 0.9999) return "more than 99.99 %";
  return `${(100 * share).toFixed(share > 0.999 ? 2 : 1)} %`;
};

// A few round numbers on an axis, [value, text] each.
const roundTicks = (low, high) => {
  const least = (high - low) / 6;
  const power = Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((k) => k * 10 ** power).find((step) => step >= least);
  const digits = Math.max(0, -Math.floor(Math.log10(step * 1.5)));
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => {
    const value = (first + i) * step;
    return [value, minus(value.toFixed(digits))];
  });
};

// ------------------------------------------------------------------ the game
const NAMES = { black: "black", grey: "mid-grey" };
const KEYS = { 1: "black", 2: "grey" }; // no letters: a deck has a use for some
const MARKS = { black: "M-4,-4H4V4H-4Z", grey: "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0" };
const ROWS = { black: -0.1, grey: -0.22 }; // where the marks are, below bells of height 1

const mendSchedule = (value, model) => oneOf(model.get("spec").schedules.map(([name]) => name), value);
const mendSize = (value, model) => oneOf(model.get("spec").sizes, value);

const buildLeak = ({ model, el, change }) => {
  el.classList.add("scrub-view", "scrub-leak");
  el.tabIndex = -1; // a click anywhere gives it the keys
  el.role = "group";
  el.ariaLabel = "game: black or mid-grey?";
  keepKeys(el);
  const { schedules, sizes, rounds, seed } = received(model);
  const ends = new Map(schedules.map(([name, signal, noise], place) => [name, { seed, place, signal, noise }]));
  const answersAt = (name, n) => model.get("answers")[`${name} ${n}`] ?? [];
  const setting = () => [mendSchedule(model.get("schedule"), model), mendSize(model.get("size"), model)];
  const here = () => answersAt(...setting());
  const round = () => within(model.get("round"), here().length);
  const isOver = () => round() < here().length;
  // A game that is over is shown until more rounds are asked for.
  const isFinished = () => isOver() && (round() + 1) % rounds === 0 && round() + 1 === here().length;
  const resume = (name, n) => {
    const played = answersAt(name, n).length;
    return played && played % rounds === 0 ? played - 1 : played;
  };

  // ---------------------------------------------------------------- the setting
  const controls = element(el, "div", { class: "scrub-controls" });
  const chooser = element(controls, "label", { class: "scrub-leak-schedule" }, "schedule ");
  const select = element(chooser, "select");
  for (const name of ends.keys()) element(select, "option", { value: name }, name);
  const sizing = element(controls, "div", { class: "scrub-leak-size" });
  element(sizing, "span", { "aria-hidden": "true" }, "size");
  const { slider } = rangeInput(sizing, {
    min: 0,
    max: sizes.length - 1,
    label: "size of the picture",
    marks: sizes.map((n, i) => [i, `${n}²`]),
  });
  const square = (n) => `${n} × ${n}`;
  const sizeText = numberSpan(sizing, square(sizes.at(-1)).length, "scrub-where");
  const choose = (name, n) => {
    if (name !== setting()[0] || n !== setting()[1]) change({ schedule: name, size: n, round: resume(name, n) });
  };
  select.addEventListener("change", () => choose(select.value, setting()[1]));
  slider.addEventListener("input", () => choose(setting()[0], sizes[slider.valueAsNumber]));

  // ---------------------------------------------------------------- the picture and the answer
  const stage = element(el, "div", { class: "scrub-leak-stage" });
  const left = element(stage, "div", { class: "scrub-leak-picture" });
  const caption = element(left, "div", { class: "scrub-caption" });
  const canvas = element(left, "canvas", { role: "img", class: "scrub-pixelated" });
  const context = canvas.getContext("2d");
  const buttonIn = (parent, press) => {
    const node = element(parent, "button", { type: "button", class: "scrub-button" });
    node.addEventListener("click", press);
    return node;
  };
  const group = element(left, "div", { class: "scrub-leak-buttons", role: "group", "aria-label": "your answer" });
  const buttons = Object.entries(KEYS).map(([key, said]) => {
    const node = buttonIn(group, () => answer(said));
    node.setAttribute("aria-keyshortcuts", key);
    element(node, "span", { class: "scrub-leak-swatch", "data-truth": said, "aria-hidden": "true" });
    node.append(said === "black" ? "Black" : "Mid-grey");
    const hint = element(node, "kbd", { "aria-hidden": "true" });
    return (over, answer, truth) => {
      node.ariaPressed = over && said === answer;
      node.ariaDisabled = over;
      node.dataset.mark = !over ? "" : said === truth ? "right" : said === answer ? "wrong" : "";
      write(hint, { "": over ? "" : key, right: "✓", wrong: "✗" }[node.dataset.mark]);
    };
  });
  const onwards = element(left, "div", { class: "scrub-leak-buttons" });
  const next = buttonIn(onwards, () => isOver() && goOn());
  next.append("Next");
  element(next, "kbd", { "aria-hidden": "true" }, "Enter");
  const more = buttonIn(onwards, () => {
    change({ round: here().length });
    next.focus(); // this button is gone
  });
  more.textContent = "Play again";

  // ---------------------------------------------------------------- what the mean tells
  const right = element(stage, "div", { class: "scrub-leak-means" });
  const result = element(right, "p", { role: "status" });
  const [truthText, answersText, scoreText] = ["strong", "span", "span"].map((name) => element(result, name));
  const legend = element(right, "div", { class: "scrub-legend" });
  const mark = (d, truth) => ({ d, class: "scrub-leak-mark", "data-truth": truth, transform: "translate(11,4) scale(0.8)" });
  legendKey(legend, "black", "neutral", { d: "M0,4H22", class: "scrub-line scrub-leak-bell" });
  legendKey(legend, "mid-grey", "second", { d: "M0,4H22", class: "scrub-line scrub-leak-bell", "stroke-dasharray": DASHES.second });
  legendKey(legend, "was black", "neutral", mark(MARKS.black, "black"));
  legendKey(legend, "was mid-grey", "neutral", mark(MARKS.grey, "grey"));
  const chartBox = element(right, "div", { class: "scrub-chart" });
  const words = element(right, "p");

  // ---------------------------------------------------------------- the score
  const table = element(el, "table", { class: "scrub-table" });
  const heads = element(element(table, "thead"), "tr");
  for (const name of ["schedule", "size", "rounds", "you", "likelihood", "theory"])
    element(heads, "th", { scope: "col" }, name);
  const body = element(table, "tbody");

  // ---------------------------------------------------------------- drawing
  let drawn, image, truth;
  const paint = (name, n, now) => {
    if (drawn === `${name} ${n} ${now}`) return;
    drawn = `${name} ${n} ${now}`;
    if (canvas.width !== n || !image) {
      canvas.width = canvas.height = n;
      image = context.createImageData(n, n);
      image.data.fill(255); // opaque
    }
    const pixels = image.data; // clamped, and rounded, by itself
    truth = endOfWalk(ends.get(name), n, now, (i, x) => (pixels[i + Math.trunc(i / 3)] = 127.5 * x + 127.5));
    context.putImageData(image, 0, 0);
  };

  let charted, frame;
  const drawChart = (name, n) => {
    if (charted === `${name} ${n}`) return;
    charted = `${name} ${n}`;
    const { signal } = ends.get(name);
    const { deviation, d } = leakOf(ends.get(name), n);
    const margin = Math.max(4 * deviation, signal / 4);
    const range = [-signal - margin, margin];
    chartBox.replaceChildren();
    frame = chart(chartBox, {
      x: range, y: [-0.3, 1.3], height: 190, yTicks: [[0, ""]], xTicks: roundTicks(...range),
      xLabel: "mean of all numbers of x_T",
    });
    const { svg, plot, sx, sy } = frame;
    for (const [centre, text, tone, side] of [[-signal, "black", "neutral", -1], [0, "mid-grey", "second", 1]]) {
      const points = Array.from({ length: 81 }, (_, i) => (i - 40) / 8); // to 5 deviations
      const at = points.map((z) => `${sx(centre + z * deviation).toFixed(2)},${sy(Math.exp((-z * z) / 2)).toFixed(2)}`);
      const style = { "data-tone": tone, "stroke-dasharray": DASHES[tone] };
      element(plot, "path", { class: "scrub-line scrub-leak-bell", d: `M${at.join("L")}`, ...style });
      const beside = { x: sx(centre + 1.25 * side * deviation) + 5 * side, y: sy(0.55), "text-anchor": side < 0 ? "end" : "start" };
      element(svg, "text", beside, text);
    }
    const middle = sx(-signal / 2);
    element(plot, "path", { class: "scrub-limit", d: `M${middle},${sy(1.3)}V${sy(-0.3)}` });
    element(svg, "text", { x: middle - 6, y: sy(1.16), "text-anchor": "end" }, "← likelihood says black");
    element(svg, "text", { x: middle + 6, y: sy(1.16) }, "says mid-grey →");
    frame.marks = element(plot, "g");
    const bells = d < 0.1 ? "lie on each other" : d < 1 ? "are nearly the same" : d < 6 ? "overlap" : "stand apart";
    mathematics(words, `The centres, −√ᾱ_T and 0, are d′ = ${d.toPrecision(3)} standard deviations apart: the bells ${bells}. At best ${inHundred(below(d / 2))} of the answers are right.`);
    frame.alt = `Two bell curves of the mean of all ${3 * n * n} numbers of x_T: around ${figure(-signal)} for black and around 0 for mid-grey, each with a standard deviation of ${figure(deviation)}; between them the middle, ${figure(-signal / 2)}.`;
  };
  const figure = (x) => minus(Number(x.toPrecision(2)));
  const drawMarks = (answers, over) => {
    frame.marks.replaceChildren();
    answers.forEach(({ was, mean }, i) => {
      const x = frame.sx(mean);
      const latest = over && i === answers.length - 1;
      if (latest) element(frame.marks, "path", { class: "scrub-leak-now", d: `M${x},${frame.sy(1.05)}V${frame.sy(ROWS[was])}` });
      const scale = latest ? " scale(1.6)" : "";
      const place = `translate(${x.toFixed(2)},${frame.sy(ROWS[was]).toFixed(2)})${scale}`;
      element(frame.marks, "path", { class: "scrub-leak-mark", "data-truth": was, d: MARKS[was], transform: place });
    });
    const said = over ? ` The mean of this round: ${figure(answers.at(-1).mean)}.` : "";
    frame.svg.ariaLabel = `${frame.alt}${said}`;
  };

  const score = (end, answers) => {
    const share = (right) => `${Math.round((100 * answers.filter(right).length) / answers.length)} %`;
    return [share(({ said, was }) => said === was), share(({ was, mean }) => likelier(end, mean) === was)];
  };
  const drawTable = () => {
    body.replaceChildren();
    const [current, currentSize] = setting();
    for (const [name, end] of ends)
      for (const n of sizes) {
        const answers = answersAt(name, n);
        const now = name === current && n === currentSize;
        if (!answers.length && !now) continue;
        const line = element(body, "tr", now ? { "aria-current": "true" } : {});
        element(line, "th", { scope: "row" }, name);
        const [mine, its] = answers.length ? score(end, answers) : ["·", "·"];
        const theory = inHundred(below(leakOf(end, n).d / 2)).replace("more than", ">");
        for (const text of [`${n}²`, answers.length, mine, its, theory]) element(line, "td", {}, String(text));
      }
  };

  const draw = () => {
    const [name, n] = setting();
    const [now, over, finished] = [round(), isOver(), isFinished()];
    const answers = here();
    paint(name, n, now);
    drawChart(name, n);
    const start = now - (now % rounds);
    drawMarks(answers.slice(start, over ? now + 1 : now), over);
    drawTable();

    select.value = name;
    slider.value = sizes.indexOf(n);
    slider.setAttribute("aria-valuetext", square(n));
    write(sizeText, square(n));
    const { said, was, mean } = answers[now] ?? {};
    mathematics(caption, over ? `x_T of ${NAMES[was]}` : "x_T of …?");
    canvas.ariaLabel = `x_T, ${square(n)}: noise in colour`;
    for (const show of buttons) show(over, said, was);
    next.ariaDisabled = !over || finished;
    more.style.visibility = finished ? "" : "hidden";

    const where = `Round ${(now % rounds) + 1} of ${rounds}`;
    const verdict = (answer) => `${NAMES[answer]}, ${answer === was ? "right" : "wrong"}`;
    write(truthText, over ? `${where}: it was ${NAMES[was]}. ` : `${where}: black or mid-grey?`);
    const its = likelier(ends.get(name), mean);
    write(answersText, over ? `You said ${verdict(said)}; the likelihood said ${verdict(its)}. ` : "");
    const [you, likelihood] = score(ends.get(name), answers.slice(start));
    write(scoreText, finished ? `Right in this game: you ${you}, the likelihood ${likelihood}.` : "");
  };

  // ---------------------------------------------------------------- playing
  // To the next round; after the last one it stays, so that Enter too often loses no score.
  const goOn = () => change({ round: resume(...setting()) });
  const answer = (said) => {
    if (isOver()) return;
    const [name, n] = setting();
    const answers = [...here(), { said, ...truth }];
    change({ round: answers.length - 1, answers: { ...model.get("answers"), [`${name} ${n}`]: answers } });
    next.focus({ preventScroll: true }); // so that Enter too often is no answer
  };
  el.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target === select) return;
    const said = KEYS[event.key];
    if (said && !event.repeat) answer(said);
    if (said || event.key === "Enter") event.stopPropagation(); // a deck would go on
    if (event.key !== "Enter" || event.shiftKey || !isOver() || event.target === more) return;
    event.preventDefault(); // of an answer, which has been given
    if (!event.repeat) goOn();
  });
  return { draw, dispose() {} };
};

export default widget({
  traits: {
    schedule: mendSchedule,
    size: mendSize,
    round: (value) => within(value, Infinity),
    answers: (value) => value ?? {},
  },
  build: buildLeak,
});
