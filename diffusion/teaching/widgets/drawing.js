// A schedule to draw: √ᾱ_t under the pen, and at once the picture's way and what the schedule is good for.

const STRAIGHT = Array.from({ length: POINTS }, (_, i) => 1 - i / (POINTS - 1));

// How each score is written, and whether it is good as it is written.
const digits = (x, count) => Number(x.toPrecision(count));
const SCORES = [
  {
    name: "KL at the end",
    write: (kl) => (kl < 0.001 ? minus(kl.toExponential(1)) : String(digits(kl, 2))),
    rule: ["≤ 0.01", "nats"],
    good: (kl) => digits(kl, 2) <= 0.01,
    bad: "too much left",
  },
  {
    name: "log SNR in −6 … 6",
    write: (share) => `${(100 * share).toFixed(1)} %`,
    rule: ["≥ 90 %", "of all t"],
    good: (share) => Number((100 * share).toFixed(1)) >= 90,
    bad: "wasted",
  },
  {
    name: "its largest step there",
    write: (step) => step.toFixed(2),
    rule: ["≤ 0.3", ""],
    good: (step) => Number(step.toFixed(2)) <= 0.3,
    bad: "jump",
  },
];

const buildDrawing = ({ model, el, go, change }) => {
  el.classList.add("scrub-drawing", "scrub-view");
  const { picture, sum_of_squares, count, time_steps: T, named } = received(model);

  // ---------------------------------------------------------------- what is above the chart
  const bar = element(el, "div", { class: "scrub-ask" });
  mathematics(element(bar, "span"),
    "Draw √ᾱ_t in the chart: with the pointer, or with Tab and the arrow keys (with Shift in small steps).");
  const again = element(bar, "button", { type: "button", class: "scrub-button" }, "Start again");
  again.addEventListener("click", () => change({ sketch: STRAIGHT }));
  keepKeys(again);

  // ---------------------------------------------------------------- the schedule, and its scrub
  let drawn; // what the rates are those of
  const rates = ratesOf(new Float64Array(T));
  const { signal_rates, noise_rates } = rates;
  const axis = timeAxis(rates);
  const curve = (label, values, tone) => ({ label, values, tone, digits: 3 });
  const curves = {
    kind: "curves",
    chart: true,
    height: 250,
    alt: "Signal rate, to be drawn, and noise rate.",
    y_range: [0, 1],
    y_ticks: [0, 0.25, 0.5, 0.75, 1],
    curves: [curve("√ᾱ_t", signal_rates, "signal"), curve("√(1−ᾱ_t)", noise_rates, "noise")],
    // The picture is seen where the pen is.
    changed: (sketch, i) => change({ position: Math.round((T * i) / (POINTS - 1)), sketch }),
  };
  const image = { ...picture, signal_rates, noise_rates };
  const strip = { ...image, kind: "strip", chart: true };
  const stage = element(el, "div");
  const status = element(el, "p", { role: "status" });
  const scrub = buildScrub(stage, { axis, views: [image, curves, strip] }, {
    go, position: () => within(model.get("position"), T),
  });

  // ---------------------------------------------------------------- the scores
  const table = element(el, "table", { class: "scrub-table" });
  const row = (parent, head, scope) => {
    const cells = element(parent, "tr");
    element(cells, "th", { scope }, head);
    return cells;
  };
  const heads = row(element(table, "thead"), "schedule", "col");
  for (const { name } of SCORES) element(heads, "th", { scope: "col" }, name);
  const body = element(table, "tbody");
  const pair = (cells) => { // a number, and what is said of it
    const cell = element(cells, "td");
    return [numberSpan(cell, 7), element(cell, "span", { class: "scrub-mark" })];
  };
  const scored = (name) => {
    const cells = row(body, name, "row");
    const shown = SCORES.map(() => pair(cells));
    return (scores) => SCORES.forEach(({ write: text, good, bad }, i) => {
      const [number, mark] = shown[i];
      const fine = good(scores[i]);
      write(number, text(scores[i]));
      write(mark, fine ? "✓" : `✗ ${bad}`);
      mark.classList.toggle("scrub-bad", !fine);
    });
  };
  const score = scored("yours");
  for (const [name, scores] of named) scored(name)(scores);
  const foot = row(element(table, "tfoot"), "good is", "row");
  for (const { rule } of SCORES) pair(foot).forEach((node, i) => write(node, rule[i]));

  // ---------------------------------------------------------------- what became of the drawing
  const steps = (count) => `${count} ${count === 1 ? "step" : "steps"}`;
  const told = ({ aims, level }) => {
    const said = [];
    if (drawn[0] < 0.995)
      said.push(`The drawing begins at ${drawn[0].toFixed(2)}; at t = 0 there is no noise, so the curve begins at 1.`);
    const rise = riseOf(drawn);
    if (rise >= 0.005)
      said.push(`The drawing rises by ${rise.toFixed(2)}; noise cannot be taken away again, so the curve stays level there.`);
    const late = aims.filter((aim, i) => rates.alpha_bars[i + 1] > aim * (1 + 1e-9)).length;
    if (late) said.push(`Too steep for ${steps(late)}: β is 0.999 there, the most there is.`);
    if (level) said.push(`Level for ${steps(level)}: β is 0.000001 there, the least there is.`);
    return said.join(" ");
  };
  const follow = () => {
    if (model.get("sketch") === drawn) return;
    drawn = model.get("sketch");
    const realised = realise(drawn, T);
    for (const [name, values] of Object.entries(ratesOf(realised.betas))) rates[name].set(values);
    scrub.sketching.put(drawn);
    scrub.refresh();
    score(scoresOf(rates, sum_of_squares, count));
    write(status, told(realised));
  };
  return {
    draw() {
      follow();
      scrub.draw();
    },
    dispose: scrub.dispose,
  };
};

export default widget({
  traits: {
    position: (value, model) => within(value, model.get("spec").time_steps),
    sketch: (value) => {
      const exists = (rate) => rate >= 0 && rate <= 1;
      if (value?.length === POINTS && value.every(exists)) return value;
      return STRAIGHT.map((rate, i) => (exists(value?.[i]) ? value[i] : rate));
    },
  },
  build: buildDrawing,
});
