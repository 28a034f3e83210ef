// A picture as a weighted sum of two arrays, or as one of many stored frames.

// a · x_0 + b · ε in grey levels, into the pixels of a canvas, whose clamped array clips for the eye.
// x_0 is uint8, ε is int8 in steps of `unit`. In whole numbers, of 2^-16 grey levels each: three
// times as fast as with floats, and within one level of them. Factors so large that they would leave
// the range of such numbers are cut; with them all but the middle grey is clipped in any case.
const blend = (out, channels, x_0, signalRate, noise, noiseRate, unit) => {
  const whole = (factor, most) => Math.round(Math.min(Math.max(factor, -most), most) * 65536);
  const A = whole(signalRate, 16);
  const B = whole(127.5 * noiseRate * unit, 200);
  const C = Math.round(127.5 * (65536 - A)) + 32768; // −1 is black; and a half, to round
  const size = x_0.length;
  if (channels === 1)
    for (let i = 0, o = 0; i < size; i++, o += 4)
      out[o] = out[o + 1] = out[o + 2] = (Math.imul(A, x_0[i]) + Math.imul(B, noise[i]) + C) >> 16;
  else
    for (let i = 0, o = 0; i < size; i += 3, o += 4) {
      out[o] = (Math.imul(A, x_0[i]) + Math.imul(B, noise[i]) + C) >> 16;
      out[o + 1] = (Math.imul(A, x_0[i + 1]) + Math.imul(B, noise[i + 1]) + C) >> 16;
      out[o + 2] = (Math.imul(A, x_0[i + 2]) + Math.imul(B, noise[i + 2]) + C) >> 16;
    }
};
// A canvas of this shape, and a function that shows a position of a picture's view on it.
const canvasOf = (parent, { shape: [height, width, channels], ...view }) => {
  const canvas = element(parent, "canvas", { role: "img", width, height });
  canvas.style.aspectRatio = width / height;
  if (width < 128 && !view.smooth) canvas.classList.add("scrub-pixelated");
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  image.data.fill(255); // opaque
  const size = height * width * channels;
  const { frames, places, signal_rates, noise_rates, noise_unit = 0 } = view;
  const copy = (t) => {
    const out = image.data;
    for (let i = places[t] * size, o = 0; o < out.length; i += channels, o += 4) {
      out[o] = frames[i];
      out[o + 1] = frames[i + (channels === 1 ? 0 : 1)];
      out[o + 2] = frames[i + (channels === 1 ? 0 : 2)];
    }
  };
  // Of one term alone, the other is 0.
  const { x_0 = new Uint8Array(size), noise = new Int8Array(size) } = view;
  const mix = (out, t) =>
    blend(out, channels, x_0, view.x_0 ? signal_rates[t] : 0, noise, noise_rates[t], noise_unit);
  // The difference from another sum, which has the same shape and both terms, before either is clipped.
  const { minus } = view;
  const sides = minus && [0, 1].map(() => new Int32Array(image.data.length));
  const subtract = (t) => {
    mix(sides[0], t);
    blend(sides[1], channels, minus.x_0, minus.signal_rates[t], minus.noise, minus.noise_rates[t], minus.noise_unit);
    for (let i = 0; i < sides[0].length; i++)
      if (i % 4 !== 3) image.data[i] = 128 + sides[0][i] - sides[1][i];
  };
  const paint = (t) => {
    if (frames) copy(t);
    else if (minus) subtract(t);
    else mix(image.data, t);
    context.putImageData(image, 0, 0);
  };
  return { canvas, paint };
};

const imageView = (el, view, axis) => {
  el.classList.add("scrub-image");
  const caption = mathematics(element(el, "div", { class: "scrub-caption" }), view.label);
  caption.dataset.tone = view.show === "sum" ? "neutral" : view.show;
  const { notes } = view;
  const note = notes && numberSpan(caption, longest(notes), "scrub-note");
  const { canvas, paint } = canvasOf(el, view);
  const draw = (t) => {
    paint(t);
    if (notes) write(note, notes[t]);
    canvas.ariaLabel = `${view.alt}, ${axis.symbol} = ${axis.label(t)}${notes ? `, ${notes[t]}` : ""}`;
  };
  return { draw };
};
