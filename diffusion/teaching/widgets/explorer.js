// A schedule to play with: its shape, β_start, β_end and T, and all that follows from them, worked out
// here.

const LEAST = -5; // β from 10^−5 to 1, and T from 1 to 10^4, on logarithmic axes
const MOST_STEPS = 4;
const share = (beta) => Math.min(Math.max(Number(beta) || 0, 0), 1);
const steps = (T) => within(T, 10 ** MOST_STEPS, 1);
const ENOUGH = 0.01; // of the picture left: what counts as noise in the lessons

// A round number near x: with two digits, where they are near enough, or with three.
const round = (x) => {
  const short = Number(x.toPrecision(2));
  return Math.abs(short / x - 1) < 0.006 ? short : Number(x.toPrecision(3));
};

const DDPM = ratesOf(linspace(1e-4, 0.02, 1000));

const buildExplorer = ({ model, el, go, change }) => {
  el.classList.add("scrub-explorer", "scrub-view");
  const { picture, sum_of_squares, count, ...rest } = received(model);
  const shapes = new Map(rest.shapes); // of each, the β that it wants, and where they start

  // ---------------------------------------------------------------- the controls
  let choice = null;
  if (shapes.size > 1) {
    choice = element(element(el, "label", { class: "scrub-shape" }, "schedule "), "select");
    for (const name of shapes.keys()) element(choice, "option", {}, name);
    choice.addEventListener("change", () => change({ shape: choice.value, ...shapes.get(choice.value) }));
    keepKeys(choice);
  }
  const controls = element(el, "div", { class: "scrub-knobs" });
  const row = (name, first, last, marks) => {
    const line = element(controls, "div", { class: "scrub-knob" });
    mathematics(element(line, "span", { class: "scrub-knob-name" }), name);
    const track = element(line, "div", { class: "scrub-track" });
    const at = (log) => (log - first) / (last - first);
    const ticks = () => {
      const all = element(track, "div", { class: "scrub-ticks", "aria-hidden": "true" });
      for (const [log, text] of marks) element(all, "span", { style: `--at: ${at(log)}` }, text);
    };
    // A handle: its number stands above it, and moves along. Without a name it is not there.
    const handle = (trait, next) => {
      const says = element(track, "span", { class: "scrub-handle-name" });
      const label = element(says, "span");
      const number = element(says, "span", { class: "scrub-number" });
      const input = element(track, "input", { type: "range", min: first, max: last, step: 0.01 });
      keepKeys(input);
      input.addEventListener("input", () =>
        change({ [trait]: next(input.valueAsNumber, model.get(trait)) }));
      const show = (spoken, left) => {
        says.style.visibility = input.style.visibility = spoken ? "" : "hidden";
        if (!spoken) return;
        const value = model.get(trait);
        const log = Math.min(Math.max(Math.log10(value), first), last);
        if (Math.abs(input.valueAsNumber - log) > 0.011) input.value = log;
        if (input.ariaLabel !== spoken) mathematics(label, (input.ariaLabel = spoken));
        write(number, ` = ${value}`);
        input.setAttribute("aria-valuetext", `${spoken} = ${value}`);
        says.style.setProperty("--at", at(log));
        says.classList.toggle("scrub-left", left);
      };
      return show;
    };
    return { line, handle, ticks };
  };
  const powers = (first, last) =>
    Array.from({ length: last - first + 1 }, (_, i) => [first + i, superscript(first + i)]);
  const betas = row("β", LEAST, 0, powers(LEAST, 0));
  const beta = (log) => round(10 ** log);
  const showStart = betas.handle("beta_start", beta);
  const showEnd = betas.handle("beta_end", beta);
  betas.ticks();
  mathematics(element(betas.line, "span", { class: "scrub-knob-none" }), "follows from ᾱ_t");
  const times = row("T", 0, MOST_STEPS, powers(0, MOST_STEPS).map(([log]) => [log, String(10 ** log)]));
  // Between two small whole numbers there are many places: a key goes on to the next number.
  const showSteps = times.handle("time_steps", (log, before) => {
    const near = Math.round(round(10 ** log));
    return near === before ? steps(before + Math.sign(log - Math.log10(before))) : near;
  });
  times.ticks();

  // ---------------------------------------------------------------- what they come to
  const meter = element(el, "div", { class: "scrub-meter", role: "status" });
  const verdict = element(meter, "strong");
  const figures = element(meter, "span", { class: "scrub-figures" });
  const stage = element(el, "div");
  let shown = null;
  let made = ""; // the shape and the numbers that it was made from
  let rates = null;
  let axis = null;
  let along = model.get("position") / model.get("time_steps"); // the share of the way

  const say = (text, exact) => {
    mathematics(verdict, text);
    mathematics(figures, exact);
  };
  const percent = (share) =>
    share < 1e-5 ? "less than 0.001 %" : `${(100 * share).toFixed(share > 0.1 ? 0 : share > 0.02 ? 1 : share > 1e-3 ? 2 : 3)} %`;
  const short = (x) => {
    if (x < 1e-300) return "less than 1e−300"; // there it may be rounded to 0, which it is not
    return minus(x >= 0.001 && x < 1e6 ? String(Number(x.toPrecision(4))) : x.toExponential(2));
  };
  const judge = (rates) => {
    const [T, rate] = [axis.last, rates.signal_rates.at(-1)];
    const kl = klFromNoise(rates.log_alpha_bars[T], sum_of_squares, count);
    say(
      `${percent(rate)} of the picture left: ${rate <= ENOUGH ? "noise" : "not noise"}`,
      `√ᾱ_T = ${short(rate)}   SNR_T = ${axis.signed(T)}   KL = ${short(kl)} nats`,
    );
  };

  const position = () => within(model.get("position"), axis.last);
  const follow = () => {
    const [shape, T] = [model.get("shape"), model.get("time_steps")];
    const wanted = ["beta_start", "beta_end"].filter((trait) => trait in shapes.get(shape));
    const ends = wanted.map((trait) => model.get(trait));
    const names = ends.length === 1 ? ["β"] : ["β_start", "β_end"];
    if (choice) choice.value = shape;
    betas.line.classList.toggle("scrub-without", !ends.length);
    showStart(ends.length && names[0], ends[0] <= ends[1]);
    showEnd(ends.length > 1 && names[1], ends[0] > ends[1]);
    showSteps("T", false);
    const now = [shape, T, ...ends].join();
    if (made === now) return;
    made = now;
    const refuse = (what, why) => say(`${what} is refused`, `${why}. What you see is the last schedule that it took.`);
    for (const [i, value] of ends.entries())
      if (!(value > 0 && value < 1))
        return refuse(`${names[i]} = ${value}`, "this module takes β strictly between 0 and 1");
    const found = SCHEDULES[shape](T, ...ends);
    if (!found.every((beta) => beta > 0 && beta < 1))
      return refuse(`T = ${T}`, "rescaling needs two steps or more");
    const computed = ratesOf(found);
    if (shown && axis.last === T) {
      for (const [name, values] of Object.entries(computed)) rates[name].set(values);
      judge(rates);
      shown.refresh();
      return;
    }
    rates = computed;
    axis = timeAxis(rates);
    judge(rates);
    const at = Math.round(along * T); // as far along as before, wherever that is now
    const before = shown;
    shown = null; // not to be drawn at a place that it may not have
    if (at !== model.get("position")) change({ position: at });
    const { signal_rates, noise_rates } = rates;
    const curve = (label, values, tone) => ({ label, values, tone, digits: 3 });
    const curves = {
      kind: "curves",
      chart: true,
      alt: "Signal rate, noise rate and alpha-bar, over those of DDPM.",
      y_range: [0, 1],
      y_ticks: [0, 0.25, 0.5, 0.75, 1],
      curves: [
        curve("√ᾱ_t", signal_rates, "signal"),
        curve("√(1−ᾱ_t)", noise_rates, "noise"),
        curve("ᾱ_t", rates.alpha_bars, "second"),
      ],
      ghosts: [curve("", DDPM.signal_rates, "signal"), curve("", DDPM.noise_rates, "noise")],
    };
    const image = { ...picture, signal_rates, noise_rates };
    const strip = { ...image, kind: "strip", chart: true };
    shown = replaceScrub(stage, before, { axis, views: [image, curves, strip] }, { go, position });
  };
  return {
    draw() {
      follow();
      shown?.draw();
      // Kept here: when T changes, another view of this explorer may already have moved the position.
      if (axis) along = position() / axis.last;
    },
    dispose: () => shown?.dispose(),
  };
};

export default widget({
  traits: {
    position: (value, model) => within(value, steps(model.get("time_steps"))),
    beta_start: share,
    beta_end: share,
    time_steps: steps,
    shape: (value, model) => oneOf(model.get("spec").shapes.map(([name]) => name), value),
  },
  build: buildExplorer,
});
