// Ancestral sampling in the page: a cloud on its way from noise back to data, with the guesses of a
// network, or with the best there are.

const SLICE = 12; // milliseconds that the walk may take before the page has its turn
const SECONDS = 5; // that a walk is played for
const DRAWS = 24; // of the data, to compare with: the distance to one alone is half chance
const DIRECTIONS = 25; // to see clouds along: as good as 200, to 0.0003 on the spiral
const MOST_STEPS = 1000; // as in Python
const TRAILED = 3; // points that show the way they have come
const CHANCE = { noise: 0, steps: 1, data: 2 }; // each has a stretch of its own

const namesIn = (model, list) => model.get("spec")[list].map(([name]) => name);
const SETTING = {
  guesser: (value, model) => oneOf(namesIn(model, "guessers"), value),
  steps: (value, model) => oneOf(namesIn(model, "schedules"), value),
  draw: (value) => within(value, 10 ** 6),
};

const buildSampler = ({ model, el, go, change }) => {
  el.classList.add("scrub-sampler", "scrub-view");
  const { data, count, seed, limit, y_ticks, alt, ...sent } = received(model);
  const [guessers, schedules] = [new Map(sent.guessers), new Map(sent.schedules)];
  const chance = (draw, what) => sfc32(seed, draw, CHANCE[what]);
  const setting = () =>
    Object.fromEntries(Object.entries(SETTING).map(([name, mend]) => [name, mend(model.get(name), model)]));
  const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  // ---------------------------------------------------------------- the controls
  const controls = element(el, "div", { class: "scrub-ask" });
  const choice = (text, trait, names) => {
    const select = element(element(controls, "label", { class: "scrub-shape" }, text), "select");
    for (const name of names) element(select, "option", { value: name }, name);
    select.addEventListener("change", () => change({ [trait]: select.value }));
    keepKeys(select);
    return select;
  };
  const guesserChoice = choice("guesses from ", "guesser", guessers.keys());
  const stepsChoice = choice("steps ", "steps", schedules.keys());
  const button = (text, press) => {
    const node = element(controls, "button", { type: "button", class: "scrub-button" }, text);
    node.addEventListener("click", press);
    keepKeys(node);
  };
  button("Walk back", () => (isStill() ? go(axis.last) : shown.play()));
  button("Draw new noise", () => change({ position: 0, draw: setting().draw + 1 }));
  const stage = element(el, "div");
  const result = element(el, "p", { role: "status" });
  const note = "Whatever is chosen, the walk starts from the same x_T. With as many steps, they add the same noise, too.";
  mathematics(element(el, "p", { class: "scrub-sampler-note" }), note);

  // ---------------------------------------------------------------- how far from data
  const mean = (numbers) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
  const clouds = Array.from({ length: DRAWS }, (_, k) => dataCloud(data, count, chance(k, "data")));
  const seen = clouds.map((cloud) => seenAlong(cloud, DIRECTIONS));
  const floor = mean(seen.flatMap((a, i) => seen.slice(i + 1).map((b) => apart(a, b))));
  const distance = (x) => {
    const its = seenAlong(x, DIRECTIONS);
    return mean(seen.map((each) => apart(its, each)));
  };

  // ---------------------------------------------------------------- the walk
  let made = {}; // the setting that it belongs to
  let axis, shown, frames, distances, x, pieces, done;
  let pending = null; // the frame in which it goes on
  const keep = (t) => {
    done = axis.last - t;
    frames.set(x, done * x.length);
    distances[done] = distance(x);
  };
  const goOn = () => {
    const until = performance.now() + SLICE;
    let piece;
    do {
      piece = pieces.next();
      if (Number.isInteger(piece.value)) keep(piece.value);
    } while (!piece.done && performance.now() < until);
    pending = piece.done ? null : requestAnimationFrame(goOn);
    shown.refresh();
    show();
  };
  // Where the slider is, or as far as the walk has come; without motion, nothing of the way there.
  const place = () => {
    const wanted = within(model.get("position"), axis.last);
    return wanted <= done ? wanted : isStill() ? 0 : done;
  };
  const show = () => {
    shown.draw();
    const said = `At t = 0 the points are ${distances[done].toFixed(3)} from the data; two sets of data are ${floor.toFixed(3)} apart.`;
    write(result, pending !== null ? "Walking back …" : place() === axis.last ? said : "");
  };

  // ---------------------------------------------------------------- what shows it
  const axisOver = (rates) => {
    const { last, readouts, ...forward } = timeAxis(rates);
    const back = ({ text, ...rest }) => ({ ...rest, text: (place) => text(last - place) });
    const label = (place) => String(last - place);
    const unmixed = { signal_rates: undefined, noise_rates: undefined };
    return { ...forward, ...unmixed, last, label, readouts: readouts.map(back), spoken: "time t, backwards", seconds: SECONDS };
  };
  const views = () => {
    const points = {
      kind: "points", label: "x_t", count, limit, frames, unit: 1, behind: clouds[0],
      trail: Array.from({ length: Math.min(TRAILED, count) }, (_, i) => i),
      get alt() {
        return `${alt}, guesses from ${made.guesser}, ${made.steps}, ${distances[place()].toFixed(3)} from the data`;
      },
    };
    const curve = (label, values, tone) => ({ label, values, tone, digits: 3 });
    const curves = {
      kind: "curves", chart: true, height: 250, y_range: [y_ticks[0], y_ticks.at(-1)], y_ticks,
      alt: "How far the points are from the data, over how far two sets of data are from each other.",
      curves: [
        curve("distance to the data", distances, "neutral"),
        curve("between two sets of data", new Float64Array(axis.last + 1).fill(floor), "signal"),
      ],
    };
    return [points, curves];
  };

  let stood; // the position when it was drawn last
  const follow = () => {
    const now = setting();
    if (Object.keys(now).every((name) => now[name] === made[name])) return;
    cancelAnimationFrame(pending);
    pending = null;
    const before = made;
    made = now;
    const betas = schedules.get(now.steps);
    const rates = ratesOf(betas);
    const along = stood / axis?.last;
    const other = now.steps !== before.steps;
    if (other) {
      axis = axisOver(rates);
      frames = new Float32Array(2 * count * (axis.last + 1));
      distances = new Float64Array(axis.last + 1);
    } else if (now.draw !== before.draw) shown.stop();
    x = normalCloud(count, chance(now.draw, "noise"));
    pieces = walkBack(guessOf(guessers.get(now.guesser), rates), betas, rates, x, normals(chance(now.draw, "steps")));
    distances.fill(NaN);
    keep(axis.last);
    if (!other) return shown.refresh();
    shown = replaceScrub(stage, shown, { axis, views: views() }, { go, position: place });
    // As far along as before, unless the position came with the number of steps.
    if (stood === model.get("position") && stood !== Math.round(along * axis.last))
      change({ position: Math.round(along * axis.last) });
  };
  return {
    draw() {
      follow();
      [guesserChoice.value, stepsChoice.value] = [made.guesser, made.steps];
      stood = model.get("position");
      if (within(stood, axis.last) > done && pending === null) pending = requestAnimationFrame(goOn);
      show();
    },
    dispose() {
      cancelAnimationFrame(pending);
      shown?.dispose();
    },
  };
};

export default widget({
  traits: {
    ...SETTING,
    position: (value) => within(value, MOST_STEPS), // and no further than T, see above
  },
  build: buildSampler,
});
