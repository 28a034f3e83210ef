"""A schedule to draw: √ᾱ_t under the pen, and at once what it makes of a picture."""

import traitlets
from torch import Tensor

from diffusion import NoiseSchedule
from diffusion.arguments import check_time_steps
from diffusion.teaching.drawn import realise, scores
from diffusion.teaching.widgets.explorer import MOST_STEPS, SHAPES
from diffusion.teaching.widgets.film import Blend
from diffusion.teaching.widgets.image import ImageView
from diffusion.teaching.widgets.scrub import PAGE
from diffusion.teaching.widgets.view import Buffers
from diffusion.teaching.widgets.widget import PageWidget, page_code, whole

POINTS = 41  # of a drawing, evenly spaced: as in sketch.js


class ScheduleDrawing(PageWidget):
    """A chart to draw √ᾱ_t in, over t = 0 … T, beside a picture; and a table of scores.

    What was drawn becomes a schedule, in the page itself and with every move of the pen: see
    `diffusion.teaching.drawn`, which also says what the scores are.

    Args:
        x_0: a picture (3, H, W) or (1, H, W) in [−1, 1].
        noise: ε, shaped like `x_0`.
        time_steps: T, in 2 … 10 000.
        alt: what the picture shows.

    Attributes:
        sketch: the drawing, 41 numbers in 0 … 1; at first a straight line from 1 to 0. Set it to
            draw from a cell.
        schedule: the NoiseSchedule that the page shows.

    Raises:
        TypeError: `time_steps` is not an integer.
        ValueError: `time_steps` is not in 2 … 10 000, or `x_0` and `noise` are no picture.
    """

    _esm = page_code(*PAGE, "rates.js", "drawn.js", "drawing.js")

    sketch = traitlets.List(traitlets.Float(), [1 - i / (POINTS - 1) for i in range(POINTS)]).tag(
        sync=True, echo_update=False
    )

    def __init__(self, x_0: Tensor, noise: Tensor, time_steps: int = 1000, alt: str = "picture"):
        check_time_steps(time_steps)
        if not 2 <= time_steps <= MOST_STEPS:
            raise ValueError(f"time_steps must be in 2 … {MOST_STEPS}, but it is {time_steps}.")
        self._film, self._alt, self._time_steps = (x_0, noise), alt, time_steps
        named = {name: make(*betas.values(), time_steps) for name, (make, betas) in SHAPES.items()}
        buffers = Buffers()
        spec = {
            "picture": self._picture(named["linear"]).spec(buffers),
            "sum_of_squares": x_0.double().square().sum().item(),
            "count": x_0.numel(),
            "time_steps": time_steps,
            "named": [[name, list(scores(each, x_0))] for name, each in named.items()],
            "types": buffers.types,
        }
        super().__init__(spec=spec, buffers=buffers.bytes, position=round(time_steps / 4))

    def _picture(self, schedule: NoiseSchedule) -> ImageView:
        return ImageView(Blend(*self._film, schedule), alt=self._alt)

    @traitlets.validate("sketch")
    def _check_sketch(self, proposal):
        sketch = proposal["value"]
        if len(sketch) != POINTS:
            raise traitlets.TraitError(f"sketch must hold {POINTS} numbers, not {len(sketch)}.")
        for rate in sketch:
            if not 0 <= rate <= 1:  # also true for NaN
                raise traitlets.TraitError(f"sketch must hold numbers in 0 … 1, not {rate}.")
        return sketch

    @traitlets.validate("position")
    def _check_position(self, proposal):
        return whole(proposal, 0, self._time_steps)

    @property
    def schedule(self) -> NoiseSchedule:
        return realise(self.sketch, self._time_steps)

    def still(self) -> bytes:
        return self.moments(self._picture(self.schedule))

    def alt(self) -> str:
        return f"{self._alt} at five moments, beside a chart to draw √ᾱ_t in"

    def __repr__(self) -> str:
        return f"drawing of √ᾱ_t, T = {self._time_steps}"
