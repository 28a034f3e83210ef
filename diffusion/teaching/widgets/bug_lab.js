// Buttons for the bugs, the line of code that is wrong, a scrub of what it does, and the tests.

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
  const summary = element(el, "p", { role: "status" });
  const table = element(el, "table", { class: "scrub-table" });
  const heads = element(element(table, "thead"), "tr");
  for (const name of ["test", "measured", "alarm above", "verdict"])
    element(heads, "th", { scope: "col" }, name);
  const body = element(table, "tbody");

  let shown, bug;
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

    const noticed = rows.filter(([, , , alarm]) => alarm).map(([test]) => test);
    write(summary, `${name}: noticed by ${noticed.join(", ") || "no test"}.`);
    body.replaceChildren();
    for (const [test, measured, limit, alarm] of rows) {
      const cells = element(body, "tr");
      element(cells, "th", { scope: "row" }, test);
      element(cells, "td", {}, measured);
      element(cells, "td", {}, limit);
      element(element(cells, "td"), alarm ? "strong" : "span", {}, alarm ? "notices" : "passes");
    }
  };
  return {
    draw() {
      if (model.get("choice") !== bug) put();
      else shown.draw();
    },
    dispose: () => shown?.dispose(),
  };
};

export default widget({
  traits: {
    position: (value, model) => within(value, model.get("spec").bugs[0].axis.labels.length - 1),
    choice: (value, model) => within(value, model.get("spec").bugs.length - 1),
  },
  build: buildBugLab,
});
