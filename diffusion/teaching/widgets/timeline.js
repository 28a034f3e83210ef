// The slider that owns t, its play button, and the equation with the numbers of this very t.

const SWEEP_SECONDS = 10; // from one end to the other at speed 1
const ICONS = {
  play: "M5,3L17,10L5,17Z",
  pause: "M5,3H8.5V17H5ZM11.5,3H15V17H11.5Z",
  fullscreen: "M3,8V3H8M12,3H17V8M17,12V17H12M8,17H3V12",
};

// ipywidgets' sliders and buttons around a scrub do not say their names, nor which of them is
// pressed, nor that a text has changed.
const introduce = (around) => {
  for (const slider of around.querySelectorAll(".widget-slider")) {
    const [label, handle, number] = [".widget-label", ".noUi-handle", ".widget-readout"].map(
      (part) => slider.querySelector(part),
    );
    if (!handle.ariaLabel) {
      const speak = () => {
        const text = number.textContent; // 0.003, and not 0.0030000000000000005
        if (handle.ariaValueText !== text) handle.ariaValueText = text;
      };
      new MutationObserver(speak).observe(handle, { attributeFilter: ["aria-valuetext"] });
      speak();
    }
    handle.ariaLabel = label.textContent;
    number.role = "textbox";
    number.ariaLabel = `${label.textContent}, as a number`;
  }
  for (const button of around.querySelectorAll(".widget-toggle-button"))
    button.ariaPressed = button.classList.contains("mod-active");
  for (const text of around.querySelectorAll(".scrub-meter, .scrub-bug-line")) text.ariaLive = "polite";
};

const view = ({ model, el }) => {
  el.classList.add("scrub-view", "scrub-timeline");
  const last = model.get("last");
  const labels = model.get("labels");
  const symbol = model.get("symbol");
  const signalRates = array(Float32Array, model.get("signal_rates"));
  const noiseRates = array(Float32Array, model.get("noise_rates"));
  const gone = new AbortController();
  const listen = (node, event, handler) =>
    node.addEventListener(event, handler, { signal: gone.signal });

  const button = (icon, label) => {
    const node = element(controls, "button", { type: "button", "aria-label": label, title: label });
    const svg = element(node, "svg", { viewBox: "0 0 20 20", "aria-hidden": "true" });
    element(svg, "path", { d: ICONS[icon] });
    return node;
  };
  const setIcon = (node, icon, label) => {
    node.querySelector("path").setAttribute("d", ICONS[icon]);
    node.setAttribute("aria-label", label);
    node.title = label;
  };

  // ------------------------------------------------------------------ the controls
  const controls = element(el, "div", { class: "scrub-controls" });
  const play = button("play", "Play (space)");
  const { slider } = rangeInput(controls, {
    min: 0,
    max: last,
    label: model.get("spoken"),
    marks: model.get("ticks").map((t) => [t, labels[t]]),
  });
  const speed = element(controls, "select", { "aria-label": "Speed", title: "Speed" });
  for (const [value, text] of [[0.5, "½×"], [1, "1×"], [2, "2×"], [4, "4×"]])
    element(speed, "option", { value }).textContent = text;
  speed.value = "1";
  const fullscreen = button("fullscreen", "Fullscreen (f)");
  fullscreen.classList.add("scrub-outline");

  // JupyterLab's own shortcuts would take the arrow keys, space and f from what has the focus.
  for (const node of [slider, play, speed, fullscreen]) node.setAttribute("data-lm-suppress-shortcuts", "true");

  // ------------------------------------------------------------------ the read-outs
  const readouts = element(el, "div", { class: "scrub-readouts" });
  const where = numberSpan(readouts, labels.map((label) => `${symbol} = ${label}`), "scrub-where");
  const equation = element(readouts, "span", { class: "scrub-equation", "aria-hidden": "true" });
  const result = numberSpan(equation, labels.map((label) => `${model.get("result").replace("{}", label)} =`));
  mathematics(result, `${model.get("result").replace("{}", labels[0])} =`);
  const moving = model.get("result").includes("{}") && result.querySelector("sub"); // the t of x_t
  const term = (kind, name) => {
    const node = element(equation, "span", { class: "scrub-term", "data-kind": kind });
    const rate = element(node, "span", { class: "scrub-number" });
    mathematics(element(node, "span"), ` · ${name}`);
    const track = element(node, "span", { class: "scrub-bar-track" });
    return { rate, bar: element(track, "span", { class: "scrub-bar-fill" }) };
  };
  const [signalName, noiseName] = model.get("terms");
  const signalTerm = term("signal", signalName);
  equation.append("+");
  const noiseTerm = term("noise", noiseName);
  const figures = Object.entries(model.get("readouts")).map(([name, values]) => {
    const item = element(readouts, "span", { class: "scrub-figure" });
    mathematics(element(item, "span"), `${name} = `);
    return [numberSpan(item, values), values];
  });

  const show = ({ rate, bar }, value) => {
    rate.textContent = value.toFixed(3);
    bar.style.clipPath = `inset(0 ${100 - (100 * value) / top}% 0 0)`;
  };
  const top = Math.max(1, ...signalRates, ...noiseRates);
  const draw = () => {
    const t = position(model);
    slider.value = t;
    where.textContent = `${symbol} = ${labels[t]}`;
    if (moving) moving.textContent = labels[t];
    show(signalTerm, signalRates[t]);
    show(noiseTerm, noiseRates[t]);
    for (const [node, values] of figures) node.textContent = values[t];
    const of = symbol === "t" ? ` of ${labels[last]}` : "";
    const share = `${Math.round(100 * signalRates[t])} % signal rate`;
    slider.setAttribute("aria-valuetext", `${symbol} = ${labels[t]}${of}, ${share}`);
  };

  // ------------------------------------------------------------------ moving t
  const go = (t) => model.set("t", Math.min(Math.max(Math.round(t), 0), last));

  let playing = null; // the pending animation frame or timer
  const stop = () => {
    cancelAnimationFrame(playing);
    clearTimeout(playing);
    playing = null;
    setIcon(play, "play", "Play (space)");
  };
  const start = () => {
    setIcon(play, "pause", "Pause (space)");
    let exact = position(model) === last ? 0 : position(model);
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
  const toggleFullscreen = () => {
    const scrub = el.closest(".scrub") ?? el;
    if (document.fullscreenElement) document.exitFullscreen();
    // A page may forbid it; then nothing happens.
    else scrub.requestFullscreen?.().then(() => slider.focus(), () => {});
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

  // What is around a scrub is there, and up to date, when the scrub has been laid out.
  const meet = () => {
    const around = el.closest(".scrub-bug-lab, .widget-vbox:has(> .scrub-explorer)");
    if (around) introduce(around);
  };
  const laidOut = new ResizeObserver(meet);
  laidOut.observe(el);
  listen(document, "click", meet); // another button may be the pressed one

  const dispose = () => {
    stop();
    laidOut.disconnect();
    gone.abort();
  };
  return { draw, dispose };
};

export default live(view);
