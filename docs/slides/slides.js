// A deck: arrow keys go through the slides, f puts the slide's widget on the whole screen.

const WIDGETS = ".scrub, .scrub-guess, .scrub-bug-lab, .scrub-explorer, .scrub-drawing, .scrub-leak, .scrub-sampler";
const SIZES = [33, 32, 30, 28, 27, 26, 25, 24]; // of the text, in pixels of 720
// The height that a picture should have, and a widget of many parts.
const wanted = (picture) => (picture.matches(".celltag_large") ? 560 : 450);

// ------------------------------------------------------------------ keys
const present = async () => {
  if (document.fullscreenElement) return document.exitFullscreen();
  const widgets = [...Reveal.getCurrentSlide().querySelectorAll(WIDGETS)];
  const widget = widgets.find((each) => each.checkVisibility({ visibilityProperty: true }));
  await (widget ?? document.documentElement).requestFullscreen();
  (widget?.querySelector(".scrub-timeline input") ?? widget?.querySelector("input"))?.focus();
};

const release = () => document.activeElement?.blur();

// A slider keeps the keys that move it, a button those that press it; Esc gives them back.
const keeps = (node, key) =>
  node.matches("input, select, textarea, [role=slider], [contenteditable=true]") ||
  ([" ", "Enter"].includes(key) && node.matches("a, button, summary"));

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { activeElement, fullscreenElement } = document;
  const typing = activeElement.matches("input:not([type=range]), textarea, [contenteditable=true]");
  if (event.key === "f" && !typing) present();
  else if (event.key === "Escape" && fullscreenElement) document.exitFullscreen();
  else if (event.key === "Escape" && activeElement !== document.body) release();
  else return;
  event.stopImmediatePropagation();
}, true);

document.addEventListener("fullscreenchange", () => document.fullscreenElement || release());

// ------------------------------------------------------------------ the size of the text
// The largest with which all of the slide is on it, lines are whole and pictures large.
const fits = (slide) =>
  [...slide.children].every((each) => each.offsetTop + each.offsetHeight <= 700) &&
  [...slide.querySelectorAll("pre, mjx-container[display]")]
    .every((each) => each.scrollWidth <= each.clientWidth) &&
  [...slide.querySelectorAll(".celltag_picture")].every((each) => each.offsetHeight >= wanted(each));

const fit = () => {
  for (const slide of Reveal.getSlides())
    SIZES.some((size) => {
      slide.style.setProperty("--size", `${size}px`);
      return fits(slide);
    });
  document.body.classList.add("fitted");
};

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
  viewDistance: 99, // all slides are laid out, so that all can be measured
  hash: true,
  slideNumber: "c/t",
  controlsLayout: "edges",
  controlsTutorial: false,
  transition: matchMedia("(prefers-reduced-motion: reduce)").matches ? "none" : "fade",
  transitionSpeed: "fast",
  keyboard: { 70: null }, // f is ours, see above
  keyboardCondition: ({ key }) =>
    !document.fullscreenElement?.matches(WIDGETS) && !keeps(document.activeElement, key),
  plugins: [RevealNotes],
});
Reveal.on("slidechanged", release);
addEventListener("load", () => Promise.all([ready, MathJax.startup.promise]).then(fit));
