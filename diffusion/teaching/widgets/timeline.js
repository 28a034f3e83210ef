// The slider and its play button, what moves t besides them, and the equation with the numbers of this
// very position.

const SWEEP_SECONDS = 10; // from one end to the other at speed 1, if the axis does not say it
const NEAR = 12; // pixels beyond the ends of a chart's axis where a drag may begin
const STILL = 3; // pixels that a hand may move within a click
const ICONS = {
  play: "M5,3L17,10L5,17Z",
  pause: "M5,3H8.5V17H5ZM11.5,3H15V17H11.5Z",
  fullscreen: "M3,8V3H8M12,3H17V8M17,12V17H12M8,17H3V12",
};

// What a scrub moves along, from its description. A page that computes a schedule makes its own.
const axisOf = ({ labels, readouts, ...rest }) => ({
  ...rest,
  last: labels.length - 1,
  label: (position) => labels[position],
  longestLabel: longest(labels),
  readouts: readouts.map(([name, texts]) => ({
    name,
    text: (position) => texts[position],
    longest: longest(texts),
  })),
});

// x_t = … · x_0 + … · ε, with a bar for each coefficient; gives back what shows it at a position.
const liveEquation = (readouts, { result, terms, label, longestLabel, signal_rates, noise_rates }) => {
  // Bars reach to 1, or to the greatest rate where one is above 1.
  const most = (rates) => rates.reduce((top, rate) => Math.max(top, rate), 1);
  const top = Math.max(most(signal_rates), most(noise_rates));
  const equation = element(readouts, "span", { class: "scrub-equation", "aria-hidden": "true" });
  const names = result.includes("{}"); // the equation says where we are: the 250 of x_250
  const width = result.replace("{}", "").length + 2 + (names ? 0.75 * longestLabel : 0);
  const left = numberSpan(equation, width, names ? "scrub-where" : "");
  mathematics(left, `${result.replace("{}", label(0))} =`);
  const moving = names && left.querySelector("sub");
  const term = (tone, name, rates) => {
    const node = element(equation, "span", { class: "scrub-term", "data-tone": tone });
    const rate = element(node, "span", { class: "scrub-number" });
    mathematics(element(node, "span"), ` · ${name}`);
    const track = element(node, "span", { class: "scrub-bar-track", style: `--one: ${1 / top}` });
    const bar = element(track, "span", { class: "scrub-bar-fill" });
    return (t) => {
      write(rate, rates[t].toFixed(3));
      bar.style.clipPath = `inset(0 ${(100 - (100 * rates[t]) / top).toFixed(1)}% 0 0)`;
    };
  };
  const signalTerm = term("signal", terms[0], signal_rates);
  element(equation, "span", { class: "scrub-plus" }, "+");
  const noiseTerm = term("noise", terms[1], noise_rates);
  return (t) => {
    if (moving) write(moving, label(t));
    signalTerm(t);
    noiseTerm(t);
  };
};

// In `el` the button and the slider, with `ticked` its labels; in `foot` the numbers and the other controls.
const timeline = (el, foot, axis, { go, position, ticked }) => {
  el.classList.add("scrub-view", "scrub-timeline");
  foot.classList.add("scrub-view", "scrub-foot");
  const { last, label, symbol, signal_rates, noise_rates, seconds = SWEEP_SECONDS } = axis;
  // How far it goes: of time it is told to those who hear it, of the steps of a training it is shown.
  const total = ` of ${Math.max(label(0), label(last)) || label(last)}`;
  const of = symbol === "step" ? total : "";
  const gone = new AbortController();
  const listen = (node, event, handler) =>
    node.addEventListener(event, handler, { signal: gone.signal });

  // ---------------------------------------------------------------- the controls
  const button = (parent, icon, label) => {
    const node = element(parent, "button", { type: "button", "aria-label": label, title: label });
    const svg = element(node, "svg", { viewBox: "0 0 20 20", "aria-hidden": "true" });
    element(svg, "path", { d: ICONS[icon] });
    return node;
  };
  const setIcon = (node, icon, label) => {
    node.querySelector("path").setAttribute("d", ICONS[icon]);
    node.ariaLabel = node.title = label;
  };
  const play = button(el, "play", "Play (space)");
  const marks = ticked ? axis.ticks.map((t) => [t, label(t)]) : [];
  const { track, slider } = rangeInput(el, { min: 0, max: last, label: axis.spoken, marks });
  if (ticked) mathematics(element(track, "div", { class: "scrub-axis-name", "aria-hidden": "true" }), axis.spoken);
  const readouts = element(foot, "div", { class: "scrub-readouts" });
  const controls = element(foot, "div", { class: "scrub-controls" });
  const speed = element(controls, "select", { "aria-label": "Speed", title: "Speed" });
  for (const [value, text] of [[0.5, "½×"], [1, "1×"], [2, "2×"], [4, "4×"]])
    element(speed, "option", { value }, text);
  speed.value = "1";
  const fullscreen = button(controls, "fullscreen", "Fullscreen (f)");
  fullscreen.classList.add("scrub-outline");
  keepKeys(play, speed, fullscreen);

  // ---------------------------------------------------------------- the read-outs
  // Each number stands in one place: where we are in the equation, if it says that.
  let where = null;
  if (!(signal_rates && axis.result.includes("{}"))) {
    const here = element(readouts, "span", { class: "scrub-where" });
    mathematics(element(here, "span"), `${symbol} = `);
    where = numberSpan(here, axis.longestLabel + of.length);
  }
  const mixture = signal_rates && liveEquation(readouts, axis); // none, where the views mix differently
  const figures = axis.readouts.map(({ name, text, longest }) => {
    const item = element(readouts, "span", { class: "scrub-figure" });
    mathematics(element(item, "span"), `${name} = `);
    return [numberSpan(item, longest), text];
  });

  const draw = (t) => {
    if (slider.valueAsNumber !== t) slider.value = t;
    if (where) write(where, `${label(t)}${of}`);
    mixture?.(t);
    for (const [node, text] of figures) write(node, text(t));
    const share = signal_rates ? `, ${Math.round(100 * signal_rates[t])} % signal rate` : "";
    slider.setAttribute("aria-valuetext", `${symbol} = ${label(t)}${symbol === "t" ? total : of}${share}`);
  };

  // ---------------------------------------------------------------- moving
  let playing = null; // the pending animation frame or timer
  const stop = () => {
    cancelAnimationFrame(playing);
    clearTimeout(playing);
    playing = null;
    setIcon(play, "play", "Play (space)");
  };
  const start = () => {
    setIcon(play, "pause", "Pause (space)");
    let exact = position() === last ? 0 : position();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      // No continuous motion: still pictures, a tenth of the way apart, a second and more for each.
      const step = () => {
        go((exact += last / 10));
        if (exact >= last) stop();
        else playing = setTimeout(step, 1200 / speed.value);
      };
      playing = setTimeout(step, 0);
      return;
    }
    let before = null;
    const step = (now) => {
      exact += ((now - (before ?? now)) / 1000) * (last / seconds) * speed.value;
      before = now;
      go(exact);
      if (exact >= last) stop();
      else playing = requestAnimationFrame(step);
    };
    go(exact);
    playing = requestAnimationFrame(step);
  };
  const toggle = () => (playing === null ? start() : stop());

  const move = (to) => {
    if (playing !== null) stop();
    go(to);
  };
  listen(slider, "input", () => move(slider.valueAsNumber));
  listen(play, "click", toggle);

  // A hand on a view. Over `ends`, the shares of its width where the axis begins and ends, t is where the
  // hand is. A picture has no such places: across it t goes on by the share of the axis that the hand
  // goes of the width, so that a mere click leaves it where it is.
  const grip = (node, ends) => {
    node.classList.add(ends ? "scrub-along" : "scrub-across");
    let drag = null; // where t was, and where a pointer takes it
    const begin = (event) => {
      if (event.button || !event.isPrimary || node.getAttribute("role") === "group") return; // to be drawn in
      const { left, width } = node.getBoundingClientRect(); // once: nothing is measured on the way
      const share = ({ clientX }) => (clientX - left) / width;
      const [from, before] = [share(event), position()];
      const [first, end] = ends ?? [from, from + 1];
      if (ends && (from < first - NEAR / width || from > end + NEAR / width)) return;
      const to = (at) => (ends ? 0 : before) + (last * (share(at) - first)) / (end - first);
      drag = { before, to, begun: event.clientX, still: ends ? 0 : STILL };
      node.setPointerCapture(event.pointerId);
      event.preventDefault(); // no text is selected
      if (event.pointerType !== "touch") follow(event); // a finger may be about to scroll the page
    };
    const follow = (event) => {
      if (!drag || Math.abs(event.clientX - drag.begun) < drag.still) return;
      drag.still = 0;
      move(drag.to(event));
      slider.focus({ preventScroll: true }); // so that the arrow keys go on from here
    };
    listen(node, "pointerdown", begin);
    listen(node, "pointermove", follow);
    listen(node, "pointerup", (event) => {
      follow(event);
      drag = null;
    });
    listen(node, "pointercancel", () => {
      if (drag) go(drag.before); // it has become a scroll
      drag = null;
    });
  };
  const whole = el.closest(".scrub-explorer, .scrub-bug-lab, .scrub-drawing, .scrub-sampler") ?? el.closest(".scrub");
  const toggleFullscreen = () => {
    if (document.fullscreenElement) document.exitFullscreen();
    // A page may forbid it; then nothing happens.
    else whole.requestFullscreen?.().then(() => slider.focus(), () => {});
  };
  listen(fullscreen, "click", toggleFullscreen);
  // On the whole screen a click beside the controls would take the keys away from the slider.
  listen(document, "click", (event) => {
    const control = event.target.closest?.("button, input, select, label");
    if (document.fullscreenElement?.contains(el) && !control) slider.focus();
  });
  for (const part of [el, foot])
    listen(part, "keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "f") toggleFullscreen();
      else if (event.key === " " && event.target === slider) {
        toggle();
        event.preventDefault();
      }
    });

  const dispose = () => {
    stop();
    gone.abort();
  };
  const goOn = () => playing === null && start();
  return { draw, dispose, play: goOn, stop, grip };
};
