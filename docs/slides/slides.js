// A deck: Page Down, or an arrow key, goes through the slides; f makes the slide's widget as large as the screen.

const printing = /print-pdf/.test(location.search); // another layout, with a page for each slide

const WIDGETS = ".scrub, .scrub-guess, .scrub-bug-lab, .scrub-explorer, .scrub-drawing, .scrub-leak, .scrub-sampler";
const SIZES = [33, 32, 30, 28, 27, 26, 25, 24]; // of the text, in pixels of 720

// ------------------------------------------------------------------ light and dark
const themes = matchMedia("(prefers-color-scheme: dark)");
const setTheme = (dark) => (document.body.dataset.jpThemeLight = !dark);
const isDark = () => document.body.dataset.jpThemeLight === "false";
themes.addEventListener("change", () => setTheme(themes.matches));
setTheme(themes.matches && !printing); // paper is light

// ------------------------------------------------------------------ keys
// The part of the slide that f makes as large as the screen: what can be moved, or else the picture.
const showpiece = () => {
  const pictures = [...Reveal.getCurrentSlide().querySelectorAll(".celltag_picture")].filter((each) =>
    each.checkVisibility({ visibilityProperty: true }));
  return pictures.find((each) => each.querySelector(WIDGETS)) ?? pictures[0];
};
const shrink = () => {
  for (const node of document.querySelectorAll(".whole-screen")) node.classList.remove("whole-screen");
};
// The deck is put on the whole screen, and taken from there by Esc alone.
const enlarge = () => {
  const slide = Reveal.getCurrentSlide();
  const piece = showpiece();
  const larger = piece && !piece.matches(".whole-screen");
  shrink();
  if (!document.fullscreenElement) document.documentElement.requestFullscreen?.().catch(() => {});
  if (!larger) return;
  for (const node of [slide, piece]) node.classList.add("whole-screen");
  piece.closest(".fragment")?.classList.add("whole-screen");
  (piece.querySelector(".scrub-timeline input") ?? piece.querySelector("input"))?.focus({ preventScroll: true });
};

const release = () => document.activeElement?.blur();

const openToPrint = () => open(`${location.pathname}?print-pdf&now`, "_blank");

// A clicker has Page Down, Page Up and a key for a black screen. These, and the letters, are the deck's whatever
// has the focus: reveal.js itself would leave all of them to a slider.
const turn = (page) => () => {
  shrink();
  Reveal[page]();
};
const OURS = {
  f: enlarge,
  d: () => setTheme(!isDark()),
  s: () => Reveal.getPlugin("notes").open(),
  o: () => Reveal.toggleOverview(),
  b: () => Reveal.togglePause(),
  ".": () => Reveal.togglePause(),
  PageDown: turn("next"),
  PageUp: turn("prev"),
};

// A field keeps whatever is typed, a slider the keys that move it, a button those that press it; Esc gives them back.
const TYPED = "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable=true]";
const keeps = (node, key) =>
  node.matches("input, select, textarea, [role=slider], [contenteditable=true]") ||
  ([" ", "Enter"].includes(key) && node.matches("a, button, summary"));

addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "p" && !printing) {
    openToPrint();
    event.preventDefault();
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { activeElement } = document;
  const ours = OURS[event.key];
  if (ours && !(event.key.length === 1 && activeElement.matches(TYPED))) {
    ours();
    event.preventDefault();
  } else if (event.key === "Escape" && document.querySelector(".whole-screen")) shrink();
  else if (event.key === "Escape" && activeElement !== document.body) release();
  else return;
  event.stopImmediatePropagation();
}, true);
// A widget's own button for the whole screen does what f does.
addEventListener("click", (event) => {
  if (!event.target.closest?.("[aria-label^=Fullscreen]")) return;
  enlarge();
  event.stopImmediatePropagation();
}, true);
document.addEventListener("fullscreenchange", () => document.fullscreenElement || (shrink(), release()));

// ------------------------------------------------------------------ two windows, one state
// What is moved in the deck moves in the speaker's view, and the other way round. A window that comes later asks
// for what has been moved.
const channel = new BroadcastChannel(`deck ${location.pathname}`);
const models = new Map(); // each with what has changed
let hearing = false;
const share = (model) => {
  const moved = {};
  models.set(model.model_id, { model, moved });
  model.on("change", () => {
    Object.assign(moved, model.changedAttributes());
    if (!hearing) channel.postMessage([model.model_id, moved]);
  });
  channel.postMessage([model.model_id]);
};
channel.addEventListener("message", ({ data: [name, moved] }) => {
  const here = models.get(name);
  if (!here) return;
  if (!moved) return Object.keys(here.moved).length && channel.postMessage([name, here.moved]);
  hearing = true;
  here.model.set(moved);
  hearing = false;
});
requirejs.onResourceLoad = ({ defined }, { name }) => {
  if (name !== "anywidget") return;
  const { prototype } = defined[name].AnyModel;
  const { initialize } = prototype;
  prototype.initialize = function (...given) {
    initialize.apply(this, given);
    share(this);
  };
};

// ------------------------------------------------------------------ sizes
// Of a slide's text the largest with which all is on the slide, lines are whole, and pictures have room. Then of a
// widget's pictures, and then of its charts, the largest that its place holds.
const size = (place, name, pixels) => place.style.setProperty(name, `${pixels}px`);
const holds = (place) => place.scrollHeight <= place.clientHeight + 1 && place.scrollWidth <= place.clientWidth;
const hasRoom = (place) => {
  if (!place.querySelector(WIDGETS)) return place.offsetHeight >= 450;
  size(place, "--picture", 260);
  size(place, "--chart", 400);
  return holds(place);
};
const fits = (slide) =>
  [...slide.children].every((each) => each.offsetTop + each.offsetHeight <= 700) &&
  [...slide.querySelectorAll("pre, mjx-container[display]")]
    .every((each) => each.scrollWidth <= each.clientWidth) &&
  [...slide.querySelectorAll(".celltag_picture")].every(hasRoom);
const fit = (slide) =>
  SIZES.some((pixels) => {
    size(slide, "--size", pixels);
    return fits(slide);
  });

const largest = (place, name, least, most) => {
  while (most - least > 6) {
    const middle = (least + most) / 2;
    size(place, name, middle);
    if (holds(place)) least = middle;
    else most = middle;
  }
  size(place, name, least);
};
const fill = (place) => {
  size(place, "--chart", 330);
  largest(place, "--picture", 120, 640);
  largest(place, "--chart", 330, 1200);
  place.classList.add("filled");
};
const resized = new ResizeObserver((entries) => entries.forEach(({ target }) => fill(target)));
const waiting = new Set(document.querySelectorAll(".jupyter-widgets")); // for what will be drawn there
const arrived = new MutationObserver(() => {
  for (const output of waiting)
    if (output.querySelector("input, button")) {
      waiting.delete(output);
      fit(output.closest("section"));
      const place = output.closest(".celltag_picture");
      if (place) resized.observe(place);
    }
});
for (const output of waiting) arrived.observe(output, { childList: true, subtree: true });

// ------------------------------------------------------------------ the deck
// What people get wrong is told one by one.
for (const item of document.querySelectorAll(".celltag_one-by-one li")) item.classList.add("fragment");

const ready = Reveal.initialize({
  width: 1280,
  height: 720,
  margin: 0,
  minScale: 0.1,
  maxScale: 4,
  center: false,
  display: "flex",
  viewDistance: 999, // all slides are laid out, so that all can be measured
  hash: true,
  slideNumber: "c/t",
  controlsLayout: "edges",
  controlsTutorial: false,
  pdfSeparateFragments: false,
  transition: matchMedia("(prefers-reduced-motion: reduce)").matches ? "none" : "fade",
  transitionSpeed: "fast",
  keyboard: { 70: null }, // f is ours, also in the speaker's view
  keyboardCondition: ({ key }) => !keeps(document.activeElement, key),
  plugins: [RevealNotes],
});
Reveal.on("slidechanged", () => {
  shrink();
  release();
});
addEventListener("load", async () => {
  await Promise.all([ready, MathJax.startup.promise]);
  // The speaker's view copies the notes, without the style that hides what a formula says to a screen reader.
  for (const spoken of document.querySelectorAll("aside mjx-assistive-mml")) spoken.remove();
  Reveal.getSlides().forEach(fit);
  document.body.classList.add("fitted");
  if (/&now/.test(location.search)) print(); // the browser's dialogue
});
