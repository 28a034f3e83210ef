// A table of bugs and tests, whose rows are chosen and then filled; the line of code that is wrong, a
// scrub of what it does, and the tests: first the learner ticks those that will notice, then they are run.

// A lamp with a word, and how it is lit: with true an alarm, with false silent, with undefined not at all.
const lampIn = (parent, place) => {
  const lamp = element(parent, "span", { class: "scrub-lamp", style: `--place: ${place}` });
  const word = element(lamp, "span");
  return (alarm) => {
    lamp.dataset.lamp = alarm === undefined ? "" : alarm ? "alarm" : "silent";
    word.textContent = lamp.dataset.lamp;
  };
};

const buildBugLab = ({ model, el, go, change }) => {
  el.classList.add("scrub-bug-lab", "scrub-view");
  const { bugs } = received(model);
  const tests = bugs[0].rows.map(([test]) => test);
  const lab = element(el, "div", { class: "scrub-lab" });

  // ---------------------------------------------------------------- bugs and tests
  const table = element(lab, "table", { class: "scrub-table scrub-bugs" });
  const heads = element(element(table, "thead"), "tr");
  element(heads, "th", { scope: "col" }, "bug");
  for (const test of tests) element(element(heads, "th", { scope: "col" }), "span", {}, test);
  const body = element(table, "tbody");
  const rows = bugs.map(({ name }, i) => {
    const row = element(body, "tr");
    const button = element(element(row, "th", { scope: "row" }), "button", { type: "button", class: "scrub-button" }, name);
    button.addEventListener("click", () => change({ choice: i }));
    keepKeys(button);
    return { button, lamps: tests.map((_, k) => lampIn(element(row, "td"), k)) };
  });

  // ---------------------------------------------------------------- the lines of code
  // All in one place, which is as high as the longest: nothing moves when another is to be seen.
  const code = element(lab, "div", { class: "scrub-bug-lines" });
  const lines = bugs.map(({ line }) => {
    const node = element(code, "div", { class: "scrub-bug-line" });
    if (!line.length) {
      node.append("Nothing is wrong yet: this code is as it should be.");
      return node;
    }
    const inner = element(node, "code");
    for (const [kind, text] of line) element(inner, { same: "span", gone: "del", new: "ins" }[kind], {}, text);
    const told = (...kinds) => line.filter(([kind]) => kinds.includes(kind)).map(([, text]) => text).join("");
    node.role = "img";
    const [gone, here] = ["gone", "new"].map((kind) => told(kind).trim() || "nothing");
    node.ariaLabel = `${told("same", "new")}, changed from ${gone} to ${here}`;
    return node;
  });

  const stage = element(lab, "div", { class: "scrub-bug-stage" });

  // ---------------------------------------------------------------- the tests
  const report = element(lab, "div", { class: "scrub-report" });
  const trials = element(report, "div", { class: "scrub-tests" });
  const lamps = tests.map((test, k) => {
    const box = element(trials, "div", { class: "scrub-test", role: "group", "aria-label": test });
    const label = element(box, "label");
    const tick = element(label, "input", { type: "checkbox", "aria-label": `${test} will notice` });
    keepKeys(tick);
    element(label, "span", {}, `${test} > ${bugs[0].rows[k][2]}`); // its alarm
    const light = lampIn(box, k);
    const figure = numberSpan(box, longest(bugs.map(({ rows }) => rows[k][1])), "scrub-measured");
    figure.style.setProperty("--place", k);
    return { tick, light, figure };
  });
  const run = element(report, "button", { type: "button", class: "scrub-button" }, "Run the tests");
  run.addEventListener("click", () => {
    if (!votes[bug]) change({ votes: { ...votes, [bug]: lamps.map(({ tick }) => tick.checked) } });
  });
  keepKeys(run);
  const summary = element(report, "p", { role: "status", style: `--place: ${tests.length}` });
  summary.addEventListener("animationend", () => lab.classList.remove("scrub-lighting")); // it is the last

  // ---------------------------------------------------------------- drawing
  let shown, bug, votes;
  const put = () => {
    bug = model.get("choice");
    rows.forEach(({ button }, i) => (button.ariaPressed = i === bug));
    for (const { tick } of lamps) tick.checked = false;
    lines.forEach((line, i) => (line.style.visibility = i === bug ? "" : "hidden"));
    const { axis, views } = bugs[bug];
    const position = () => model.get("position");
    shown = replaceScrub(stage, shown, { axis: axisOf(axis), views }, { go, position });
    lab.classList.remove("scrub-lighting");
    judge();
  };
  const judge = () => {
    votes = model.get("votes");
    bugs.forEach(({ rows: found }, i) =>
      rows[i].lamps.forEach((light, k) => light(votes[i] ? found[k][3] : undefined)));
    const { name, rows: found } = bugs[bug];
    const vote = votes[bug]; // once the tests have been run
    lamps.forEach(({ tick, light, figure }, k) => {
      if (vote) tick.checked = vote[k] ?? false;
      tick.disabled = Boolean(vote);
      light(vote ? found[k][3] : undefined);
      write(figure, vote ? found[k][1] : "");
    });
    run.ariaDisabled = Boolean(vote);
    if (!vote) return write(summary, `${name}: which tests will notice? Tick them, then run the tests.`);
    const noticed = found.filter(([, , , alarm]) => alarm).map(([test]) => test);
    const right = found.filter(([, , , alarm], k) => alarm === Boolean(vote[k])).length;
    write(summary, `${name}: noticed by ${noticed.join(", ") || "no test"}. You foresaw ${right} of ${found.length}.`);
  };
  return {
    draw() {
      if (model.get("choice") !== bug) put();
      else if (model.get("votes") !== votes) {
        // The lamps light one after the other, where the tests are being run.
        if (!votes[bug] && model.get("votes")[bug]) lab.classList.add("scrub-lighting");
        judge();
      } else shown.draw();
    },
    dispose: () => shown?.dispose(),
  };
};

export default widget({
  traits: {
    position: (value, model) => within(value, model.get("spec").bugs[0].axis.labels.length - 1),
    choice: (value, model) => within(value, model.get("spec").bugs.length - 1),
    votes: (value) => value ?? {},
  },
  build: buildBugLab,
});
