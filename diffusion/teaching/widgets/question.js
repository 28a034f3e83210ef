// A question: answers to choose from, or a field for a number. What is right, and why, comes after.

const buildQuestion = ({ model, el, change }) => {
  el.classList.add("scrub-view", "scrub-question");
  const { name, right, said, within: reach, unit } = received(model);
  const number = typeof right === "number";
  const withUnit = (value) => minus(unit ? `${value} ${unit}` : value);
  const near = (value, other) => Math.abs(value - other) <= reach * (1 + 1e-9);
  remember(model, name, ["given", "shown"]);

  const answer = (given) => {
    if (model.get("shown")) return;
    change({ given, shown: true });
    answered(el, model, name, ["given", "shown"]);
    verdict.focus(); // what had the keys may be gone
  };
  const form = element(el, "div", { class: "scrub-buttons", role: "group", "aria-label": "your prediction" });
  const button = (text, press) => {
    const node = element(form, "button", { type: "button", class: "scrub-button" });
    mathematics(node, text);
    node.addEventListener("click", press);
    keepKeys(node);
    return node;
  };
  let field;
  const choices = new Map();
  if (number) {
    field = element(form, "input", { type: "number", step: "any", "aria-label": "your number" });
    keepKeys(field);
    if (unit) element(form, "span", {}, unit);
    const guess = () => Number.isFinite(field.valueAsNumber) && answer(String(field.valueAsNumber));
    button("That is my guess", guess);
    field.addEventListener("keydown", ({ key }) => key === "Enter" && guess());
  } else for (const [text] of said) choices.set(text, button(text, () => answer(text)));
  const skip = button("Show me", () => answer(""));
  skip.classList.add("scrub-skip");
  const verdict = element(el, "div", { class: "scrub-verdict", role: "status", tabindex: -1 });

  const draw = () => {
    const [given, shown] = [model.get("given"), model.get("shown")];
    for (const node of form.querySelectorAll("button")) node.ariaDisabled = shown;
    if (number) field.readOnly = shown;
    skip.hidden = shown;
    for (const [text, node] of choices) {
      node.ariaPressed = given === text;
      node.dataset.mark = !shown ? "" : text === right ? "right" : given === text ? "wrong" : "";
    }
    if (number && given) field.value = given;
    verdict.replaceChildren();
    if (!shown) return;
    const line = (lead, text) => {
      const node = element(verdict, "p");
      mathematics(element(node, "strong"), lead);
      if (text) mathematics(element(node, "span"), ` ${text}`);
    };
    const of = (value) => said.find(([text]) => (number ? near(value, Number(text)) : text === value))?.[1];
    const hit = number ? given && near(Number(given), right) : given === right;
    if (given && !hit && number) {
      const direction = Number(given) > right ? "That is too much." : "That is too little.";
      line(`You said ${withUnit(given)}.`, of(Number(given)) ?? direction);
    } else if (given && !hit) line(`“${given}”:`, of(given));
    line(number ? `${hit ? "Yes: it" : "It"} is ${withUnit(right)}.` : hit ? "Yes." : `It is “${right}”.`, of(right));
  };
  return { draw, dispose() {} };
};

export default widget({
  traits: { given: (value) => value ?? "", shown: Boolean },
  build: buildQuestion,
});
