// The same picture at several moments side by side.

const view = ({ model, el }) => {
  el.classList.add("scrub-view", "scrub-strip");
  const [height, width, channels] = model.get("shape");
  const x_0 = array(Uint8Array, model.get("x_0"));
  const noise = array(Int8Array, model.get("noise"));
  const signalRates = array(Float32Array, model.get("signal_rates"));
  const noiseRates = array(Float32Array, model.get("noise_rates"));
  for (const t of model.get("moments")) {
    const name = `${model.get("symbol")} = ${model.get("labels")[t]}`;
    const figure = element(el, "div");
    const canvas = element(figure, "canvas", { role: "img", "aria-label": `${model.get("alt")}, ${name}` });
    Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    image.data.fill(255);
    blend(image.data, channels, x_0, signalRates[t], noise, noiseRates[t], model.get("noise_unit"));
    context.putImageData(image, 0, 0);
    element(figure, "div", { class: "scrub-number" }).textContent = name;
  }
  return { draw: () => {} };
};

export default live(view);
