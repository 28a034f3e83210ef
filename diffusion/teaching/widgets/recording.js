// Stands in for the kernel where there is none: sets on the targets what was recorded for the
// combination of numbers that is nearest to where the controls are.

const models = (model, references) =>
  Promise.all(references.map((id) => model.widget_manager.get_model(id.replace("IPY_MODEL_", ""))));

// The index of the number itself, or of the one that is nearest in proportion: never of a 0, then.
const nearest = (numbers, x) => {
  const distances = numbers.map((number) => (number === x ? 0 : Math.abs(Math.log(number / x))));
  return distances.indexOf(Math.min(...distances));
};

const follow = async (model) => {
  const controls = await models(model, model.get("controls"));
  const targets = await models(model, model.get("targets"));
  const traits = model.get("traits_of_controls");
  const columns = model.get("columns");
  const values = model.get("values");
  let share = 0; // of the way, where `placed` is where we put t; as in View.renew
  let placed = null;

  const set = () => {
    const digits = model.get("grid").map((numbers, i) => nearest(numbers, controls[i].get(traits[i])));
    const row = digits.reduce((sum, digit, i) => sum * model.get("grid")[i].length + digit, 0);
    if (row === model.get("row")) return;
    let t = null; // that of the first view is the t of all
    targets.forEach((target, i) => {
      const state = {};
      model.get("rows")[row].forEach((value, c) => {
        if (columns[c][0] === i && value >= 0) state[columns[c][1]] = values[value];
      });
      if (!Object.keys(state).length) return;
      if (target.has("revision")) {
        const last = target.get("last");
        if (t === null) {
          if (target.get("t") !== placed) share = target.get("t") / last;
          t = placed = Math.round(share * (state.last ?? last));
        }
        Object.assign(state, { t, revision: target.get("revision") + 1 });
      }
      target.set(state);
    });
    model.set("row", row);
  };
  controls.forEach((control, i) => {
    control.on(`change:${traits[i]}`, () => control.comm_live || set()); // a live kernel answers itself
  });
};

// Says in place that this is no live kernel's work.
const render = async ({ model, el }) => {
  const [control] = await models(model, model.get("controls").slice(0, 1));
  if (control.comm_live || !model.get("note")) return;
  el.classList.add("scrub-view", "scrub-note");
  element(el, "span").textContent = `${model.get("note")} `;
  const names = model.get("names");
  const name = numberSpan(el, names);
  const show = () => (name.textContent = names[model.get("row")] || name.textContent);
  show();
  model.on("change:row", show);
};

export default {
  initialize: ({ model }) => void follow(model),
  render,
};
