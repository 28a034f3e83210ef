// A scrub as a widget.

const place = (value, model) => within(value, model.get("spec").axis.labels.length - 1);

export default widget({
  traits: {
    position: place,
    pins: (value, model) => Array.from(value ?? [], (pin) => place(pin, model)),
    sketch: (value) => value ?? [],
    shown: Boolean,
  },
  build({ model, el, go, change }) {
    const sent = received(model);
    const spec = { ...sent, axis: axisOf(sent.axis) };
    const scrub = buildScrub(el, spec, { go, position: () => model.get("position") });
    return spec.ask ? asking(el, scrub, spec, { model, change }) : scrub;
  },
});
