"""The whole way at a glance: a picture at evenly spaced moments, under the axis of the charts."""

from diffusion.teaching.widgets.film import Blend
from diffusion.teaching.widgets.image import ImageView


class StripView(ImageView):
    """A Blend at nine evenly spaced moments; the one that the slider is nearest to is marked."""

    kind = "strip"
    is_chart = True

    def __init__(self, film: Blend, alt: str = "picture"):
        super().__init__(film, alt=alt)
