// The slider, its play button, and the equation with the numbers of this very position.

const SWEEP_SECONDS = 10; // from one end to the other at speed 1
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
  const left = numberSpan(equation, result.replace("{}", "").length + longestLabel + 2);
  mathematics(left, `${result.replace("{}", label(0))} =`);
  const moving = result.includes("{}") && left.querySelector("sub"); // the t of x_t
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
  equation.append("+");
  const noiseTerm = term("noise", terms[1], noise_rates);
  return (t) => {
    if (moving) write(moving, label(t));
    signalTerm(t);
    noiseTerm(t);
  };
};

const timeline = (el, axis, { go, position }) => {
  el.classList.add("scrub-view", "scrub-timeline");
  const { last, label, symbol, signal_rates, noise_rates } = axis;
  const gone = new AbortController();
  const listen = (node, event, handler) =>
    node.addEventListener(event, handler, { signal: gone.signal });

  // ---------------------------------------------------------------- the controls
  const controls = element(el, "div", { class: "scrub-controls" });
  const button = (icon, label) => {
    const node = element(controls, "button", { type: "button", "aria-label": label, title: label });
    const svg = element(node, "svg", { viewBox: "0 0 20 20", "aria-hidden": "true" });
    element(svg, "path", { d: ICONS[icon] });
    return node;
  };
  const setIcon = (node, icon, label) => {
    node.querySelector("path").setAttribute("d", ICONS[icon]);
    node.ariaLabel = node.title = label;
  };
  const play = button("play", "Play (space)");
  const marks = axis.ticks.map((t) => [t, label(t)]);
  const { slider } = rangeInput(controls, { min: 0, max: last, label: axis.spoken, marks });
  const speed = element(controls, "select", { "aria-label": "Speed", title: "Speed" });
  for (const [value, text] of [[0.5, "½×"], [1, "1×"], [2, "2×"], [4, "4×"]])
    element(speed, "option", { value }, text);
  speed.value = "1";
  const fullscreen = button("fullscreen", "Fullscreen (f)");
  fullscreen.classList.add("scrub-outline");
  keepKeys(play, speed, fullscreen);

  // ---------------------------------------------------------------- the read-outs
  const readouts = element(el, "div", { class: "scrub-readouts" });
  const here = element(readouts, "span", { class: "scrub-where" });
  mathematics(element(here, "span"), `${symbol} = `);
  const where = numberSpan(here, axis.longestLabel);
  const mixture = signal_rates && liveEquation(readouts, axis); // none, where the views mix differently
  const figures = axis.readouts.map(({ name, text, longest }) => {
    const item = element(readouts, "span", { class: "scrub-figure" });
    mathematics(element(item, "span"), `${name} = `);
    return [numberSpan(item, longest), text];
  });

  const draw = (t) => {
    if (slider.valueAsNumber !== t) slider.value = t;
    write(where, label(t));
    mixture?.(t);
    for (const [node, text] of figures) write(node, text(t));
    const of = symbol === "t" ? ` of ${Math.max(label(0), label(last)) || label(last)}` : "";
    const share = signal_rates ? `, ${Math.round(100 * signal_rates[t])} % signal rate` : "";
    slider.setAttribute("aria-valuetext", `${symbol} = ${label(t)}${of}${share}`);
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
      exact += ((now - (before ?? now)) / 1000) * (last / SWEEP_SECONDS) * speed.value;
      before = now;
      go(exact);
      if (exact >= last) stop();
      else playing = requestAnimationFrame(step);
    };
    go(exact);
    playing = requestAnimationFrame(step);
  };
  const toggle = () => (playing === null ? start() : stop());

  listen(slider, "input", () => {
    if (playing !== null) stop();
    go(slider.valueAsNumber);
  });
  listen(play, "click", toggle);
  const whole = el.closest(".scrub-explorer, .scrub-bug-lab, .scrub-drawing") ?? el.closest(".scrub");
  const toggleFullscreen = () => {
    if (document.fullscreenElement) document.exitFullscreen();
    // A page may forbid it; then nothing happens.
    else whole.requestFullscreen?.().then(() => slider.focus(), () => {});
  };
  listen(fullscreen, "click", toggleFullscreen);
  // On the whole screen a click beside the controls would take the keys away from the slider.
  listen(document, "click", (event) => {
    if (document.fullscreenElement?.contains(el) && !el.contains(event.target)) slider.focus();
  });
  listen(el, "keydown", (event) => {
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
  return { draw, dispose };
};
