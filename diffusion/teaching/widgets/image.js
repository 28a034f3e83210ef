// A picture as a weighted sum of two arrays, or as one of many stored frames.

const view = ({ model, el }) => {
  el.classList.add("scrub-view", "scrub-image");
  const [height, width, channels] = model.get("shape");
  const caption = mathematics(element(el, "div", { class: "scrub-caption" }), model.get("label"));
  caption.dataset.kind = model.get("kind");
  const canvas = element(el, "canvas", { role: "img" });
  Object.assign(canvas, { width, height });
  canvas.style.aspectRatio = width / height;
  if (width < 128) canvas.classList.add("scrub-pixelated");

  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  image.data.fill(255); // opaque

  const data = {
    x_0: array(Uint8Array, model.get("x_0")),
    noise: array(Int8Array, model.get("noise")),
    frames: array(Uint8Array, model.get("frames")),
    signalRates: array(Float32Array, model.get("signal_rates")),
    noiseRates: array(Float32Array, model.get("noise_rates")),
  };

  const show = (t) => {
    const { frames } = data;
    const size = width * height * channels;
    const last = frames.length / size - 1;
    const start = Math.floor((t * last) / model.get("last")) * size;
    const out = image.data;
    for (let i = 0, o = 0; i < size; i++, o++) {
      out[o] = frames[start + i];
      if (channels === 1) {
        out[o + 1] = out[o + 2] = out[o];
        o += 3;
      } else if (i % 3 === 2) o++;
    }
  };

  const draw = () => {
    const t = position(model);
    if (data.frames.length) show(t);
    else {
      const { x_0, noise, signalRates, noiseRates } = data;
      const unit = model.get("noise_unit");
      blend(image.data, channels, x_0, signalRates[t], noise, noiseRates[t], unit);
    }
    context.putImageData(image, 0, 0);
    canvas.setAttribute("aria-label", `${model.get("alt")}, ${model.get("symbol")} = ${model.get("labels")[t]}`);
  };

  return { draw };
};

export default live(view);
