// A scrub as a widget.

export default widget({
  traits: { position: (value, model) => within(value, model.get("spec").axis.labels.length - 1) },
  build({ model, el, go }) {
    const spec = received(model);
    return buildScrub(el, { ...spec, axis: axisOf(spec.axis) }, { go, position: () => model.get("position") });
  },
});
