"""A picture at five moments side by side: the whole way at a glance."""

import traitlets

from diffusion.teaching.widgets.axis import Axis
from diffusion.teaching.widgets.image import ImageView
from diffusion.teaching.widgets.view import esm


class StripView(ImageView):
    """A Blend at the five moments of its axis; it stays as it is while t moves."""

    _esm = esm("strip.js")

    moments = traitlets.List(traitlets.Int()).tag(sync=True)

    def _axis_state(self, axis: Axis) -> dict:
        return super()._axis_state(axis) | {"moments": axis.moments}

    def __repr__(self) -> str:
        return "strip of five moments"
