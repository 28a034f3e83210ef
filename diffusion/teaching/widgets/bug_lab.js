// Buttons for the bugs, the line of code that is wrong, a scrub of what it does, and the tests: first
// the learner ticks those that will notice, then they are run.

const buildBugLab = ({ model, el, go, change }) => {
  el.classList.add("scrub-bug-lab", "scrub-view");
  const { bugs } = received(model);

  const row = element(el, "div", { class: "scrub-buttons", role: "group", "aria-label": "bugs" });
  const buttons = bugs.map(({ name }, i) => {
    const button = element(row, "button", { type: "button", class: "scrub-button" }, name);
    button.addEventListener("click", () => change({ choice: i }));
    keepKeys(button);
    return button;
  });
  const line = element(el, "div", { class: "scrub-bug-line" });
  const stage = element(el, "div");
  const report = element(el, "div", { class: "scrub-report" });
  const summary = element(report, "p", { role: "status" });
  const run = element(report, "button", { type: "button", class: "scrub-button" }, "Run the tests");
  run.addEventListener("click", () => {
    if (votes[bug]) return;
    const ticked = Array.from(body.querySelectorAll("input"), (tick) => tick.checked);
    change({ votes: { ...model.get("votes"), [bug]: ticked } });
  });
  keepKeys(run);
  const table = element(report, "table", { class: "scrub-table" });
  const heads = element(element(table, "thead"), "tr");
  for (const name of ["test", "notices?", "measured", "verdict"])
    element(heads, "th", { scope: "col" }, name);
  const body = element(table, "tbody");

  let shown, bug, votes;
  const put = () => {
    bug = model.get("choice");
    const { name, wrong, right, rows, axis, views } = bugs[bug];
    buttons.forEach((button, i) => (button.ariaPressed = i === bug));

    line.replaceChildren();
    if (wrong) {
      element(line, "code", {}, wrong);
      element(line, "br");
      line.append("should be ");
      element(line, "code", {}, right);
    } else line.append("Nothing is wrong yet: this code is as it should be.");

    const position = () => model.get("position");
    shown = replaceScrub(stage, shown, { axis: axisOf(axis), views }, { go, position });

    judge();
  };
  const judge = () => {
    votes = model.get("votes");
    const { name, rows } = bugs[bug];
    const vote = votes[bug]; // once the tests have been run
    body.replaceChildren();
    rows.forEach(([test, measured, limit, alarm], i) => {
      const cells = element(body, "tr");
      element(cells, "th", { scope: "row" }, test);
      const tick = element(element(cells, "td"), "input", { type: "checkbox", "aria-label": `${test} will notice` });
      keepKeys(tick);
      tick.checked = vote?.[i] ?? false;
      tick.disabled = Boolean(vote);
      element(cells, "td", {}, vote ? `${measured} ${alarm ? ">" : "≤"} ${limit}` : `> ${limit} ?`);
      const verdict = element(cells, "td");
      if (!vote) verdict.append("·");
      else element(verdict, alarm ? "strong" : "span", {}, alarm ? "notices" : "passes");
    });
    run.ariaDisabled = Boolean(vote);
    if (!vote) return write(summary, `${name}: which tests will notice? Tick them, then run the tests.`);
    const noticed = rows.filter(([, , , alarm]) => alarm).map(([test]) => test);
    const right = rows.filter(([, , , alarm], i) => alarm === Boolean(vote[i])).length;
    write(summary, `${name}: noticed by ${noticed.join(", ") || "no test"}. You foresaw ${right} of ${rows.length}.`);
  };
  return {
    draw() {
      if (model.get("choice") !== bug) put();
      else if (model.get("votes") !== votes) judge();
      else shown.draw();
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
