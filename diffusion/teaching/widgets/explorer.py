"""A schedule to play with: its shape and numbers, and all that follows from them."""

from collections.abc import Sequence

import traitlets
from torch import Tensor

from diffusion import NoiseSchedule
from diffusion.teaching.widgets.film import Blend
from diffusion.teaching.widgets.image import ImageView
from diffusion.teaching.widgets.scrub import PAGE
from diffusion.teaching.widgets.view import Buffers
from diffusion.teaching.widgets.widget import PageWidget, page_code, whole

MOST_STEPS = 10_000


def _rescaled(beta_start: float, beta_end: float, time_steps: int) -> NoiseSchedule:
    return NoiseSchedule.scaled_linear(beta_start, beta_end, time_steps).rescaled()


# Each shape, and the β that it wants, with where their handles start. The page has the same names.
LINE, SCALED = {"beta_start": 1e-4, "beta_end": 0.02}, {"beta_start": 0.00085, "beta_end": 0.012}
SHAPES = {
    "linear": (NoiseSchedule.linear, LINE),
    "scaled linear": (NoiseSchedule.scaled_linear, SCALED),
    "scaled linear, rescaled": (_rescaled, SCALED),
    "cosine": (NoiseSchedule.cosine, {}),
    "sigmoid": (NoiseSchedule.sigmoid, {}),
    "constant": (NoiseSchedule.constant, {"beta_start": 0.01}),
}


class ScheduleExplorer(PageWidget):
    """Handles for β_start, β_end and T over a picture, curves and a strip of nine moments.

    The page works out the schedule by itself, exactly, with a kernel or without.

    Args:
        x_0: a picture (3, H, W) or (1, H, W) in [−1, 1].
        noise: ε, shaped like `x_0`.
        alt: what the picture shows.
        shapes: which schedules there are to choose from: "linear", "scaled linear", "scaled
            linear, rescaled", "cosine", "sigmoid", "constant". The first is shown at the beginning.

    Attributes:
        shape: one of `shapes`; set it to choose another one. β then goes to where this one starts.
        beta_start, beta_end: in 0 … 1; time_steps: in 1 … 10 000. Set them to move the handles. A β
            of 0 or 1 can be set, and the page says that it is refused. A constant schedule has
            `beta_start` alone; cosine and sigmoid have neither.
        schedule: the NoiseSchedule of this shape and numbers; ValueError where there is none.

    Raises:
        ValueError: `shapes` is empty, or names something else.
    """

    _esm = page_code(*PAGE, "rates.js", "explorer.js")

    shape = traitlets.Unicode("linear").tag(sync=True, echo_update=False)
    beta_start = traitlets.Float(1e-4).tag(sync=True, echo_update=False)
    beta_end = traitlets.Float(0.02).tag(sync=True, echo_update=False)
    time_steps = traitlets.Int(1000).tag(sync=True, echo_update=False)

    def __init__(
        self, x_0: Tensor, noise: Tensor, alt: str = "picture", shapes: Sequence[str] = ("linear",)
    ):
        if isinstance(shapes, str) or not shapes or any(s not in list(SHAPES) for s in shapes):
            names = ", ".join(map(repr, SHAPES))
            raise ValueError(f"shapes must be a list of names out of {names}, not {shapes!r}.")
        self.shapes = tuple(shapes)
        self._picture = ImageView(Blend(x_0, noise, NoiseSchedule()), alt=alt)
        buffers = Buffers()
        picture = self._picture.spec(buffers)
        x_0 = x_0.double()
        spec = {"picture": picture, "sum_of_squares": x_0.square().sum().item()}
        spec |= {"count": x_0.numel(), "types": buffers.types}
        spec["shapes"] = [[name, SHAPES[name][1]] for name in self.shapes]
        super().__init__(spec=spec, buffers=buffers.bytes, shape=self.shapes[0])

    @traitlets.validate("shape")
    def _check_shape(self, proposal):
        if proposal["value"] not in self.shapes:
            names = ", ".join(map(repr, self.shapes))
            raise traitlets.TraitError(f"shape must be one of {names}, not {proposal['value']!r}.")
        return proposal["value"]

    @traitlets.observe("shape")
    def _start_where_the_shape_does(self, _):
        if "shape" in self._property_lock:  # it comes from the page, which sends its β along
            return
        for name, value in SHAPES[self.shape][1].items():
            setattr(self, name, value)

    @traitlets.validate("beta_start", "beta_end")
    def _check_beta(self, proposal):
        if not 0 <= proposal["value"] <= 1:  # also true for NaN
            name = proposal["trait"].name
            raise traitlets.TraitError(f"{name} must be in 0 … 1, not {proposal['value']}.")
        return proposal["value"]

    @traitlets.validate("time_steps")
    def _check_time_steps(self, proposal):
        return whole(proposal, 1, MOST_STEPS)

    @traitlets.validate("position")
    def _check_position(self, proposal):
        return whole(proposal, 0, MOST_STEPS)

    @property
    def schedule(self) -> NoiseSchedule:
        make, betas = SHAPES[self.shape]
        return make(*(getattr(self, name) for name in betas), time_steps=self.time_steps)

    def still(self) -> bytes:
        return self.moments(self._picture)  # with the schedule that DDPM has

    def alt(self) -> str:
        return f"{self._picture.alt} at five moments, over handles for β and T"

    def __repr__(self) -> str:
        parts = [self.shape] if len(self.shapes) > 1 else []
        if betas := [f"{getattr(self, name):.2g}" for name in SHAPES[self.shape][1]]:
            parts.append(f"β = {' … '.join(betas)}")
        return f"explorer of {', '.join([*parts, f'T = {self.time_steps}'])}"
