// In a lesson, what follows a question stays closed to the end of its section until the question has been
// answered; in the quiz nothing is closed. The answers are remembered for this page, in this browser, and
// sent nowhere. Without scripts, and in print, all is open.

const key = `answers ${location.pathname}`;
const memory = (() => {
  const empty = { answers: {}, open: [] };
  try {
    return { ...empty, ...JSON.parse(localStorage.getItem(key)) };
  } catch {
    return empty; // a browser may forbid it
  }
})();
const keep = () => {
  try {
    localStorage.setItem(key, JSON.stringify(memory));
  } catch {}
};

// The widgets ask here for what the reader has answered before; see common.js.
globalThis.answers = {
  get: (name) => memory.answers[name],
  set(name, state) {
    memory.answers[name] = state;
    keep();
  },
};

const make = (name, text, press) => {
  const node = document.createElement(name);
  node.textContent = text;
  if (press) node.addEventListener("click", press);
  return node;
};

document.addEventListener("DOMContentLoaded", () => {
  const questions = [...document.querySelectorAll(".cell.tag_predict")];
  const gates = questions.map((question, i) => {
    const gate = make("div", "");
    gate.className = "gate";
    while (question.nextSibling) gate.append(question.nextSibling);
    const note = make("p", "This section goes on when you have answered. ");
    note.className = "gate-note";
    const open = () => {
      gate.classList.remove("closed");
      note.remove();
      if (memory.open.includes(i)) return;
      memory.open.push(i);
      keep();
    };
    note.append(make("button", "Go on without", open));
    question.after(note, gate);
    if (memory.open.includes(i)) open();
    else gate.classList.add("closed");
    return { gate, open };
  });
  if (!document.querySelector(".cell:is(.tag_predict, .tag_quiz)")) return;

  document.addEventListener("answered", ({ target }) => {
    const i = questions.indexOf(target.closest(".cell.tag_predict"));
    if (i >= 0) gates[i].open();
  });
  const waits = "Each section waits for your answer to its question before it goes on. ";
  const all = make("p", gates.length ? waits : "Your answers are kept in this browser alone. ");
  all.className = "gate-note";
  const restart = () => {
    memory.answers = {};
    memory.open = [];
    keep();
    location.reload();
  };
  const everything = make("button", "Show everything", () => gates.forEach(({ open }) => open()));
  if (gates.length) all.append(everything, " ");
  all.append(make("button", "Forget my answers", restart));
  document.querySelector("article h1").after(all);
});
