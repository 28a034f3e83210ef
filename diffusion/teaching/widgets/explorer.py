"""A schedule to play with: its three numbers, and all that follows from them."""

import traitlets
from torch import Tensor

from diffusion import NoiseSchedule
from diffusion.teaching.widgets.film import Blend
from diffusion.teaching.widgets.image import ImageView
from diffusion.teaching.widgets.scrub import PAGE
from diffusion.teaching.widgets.view import Buffers
from diffusion.teaching.widgets.widget import PageWidget, page_code, whole

MOST_STEPS = 10_000


class ScheduleExplorer(PageWidget):
    """Handles for β_start, β_end and T over a picture, curves and a strip of nine moments.

    The page works out the schedule by itself, exactly, with a kernel or without.

    Args:
        x_0: a picture (3, H, W) or (1, H, W) in [−1, 1].
        noise: ε, shaped like `x_0`.
        alt: what the picture shows.

    Attributes:
        beta_start, beta_end: in 0 … 1; time_steps: in 1 … 10 000. Set them to move the handles. A β
            of 0 or 1 can be set, and the page says that it is refused.
        schedule: the NoiseSchedule with these numbers; ValueError where there is none.
    """

    _esm = page_code(*PAGE, "rates.js", "explorer.js")

    beta_start = traitlets.Float(1e-4).tag(sync=True, echo_update=False)
    beta_end = traitlets.Float(0.02).tag(sync=True, echo_update=False)
    time_steps = traitlets.Int(1000).tag(sync=True, echo_update=False)

    def __init__(self, x_0: Tensor, noise: Tensor, alt: str = "picture"):
        self._picture = ImageView(Blend(x_0, noise, NoiseSchedule()), alt=alt)
        buffers = Buffers()
        picture = self._picture.spec(buffers)
        x_0 = x_0.double()
        spec = {"picture": picture, "sum_of_squares": x_0.square().sum().item()}
        spec |= {"count": x_0.numel(), "types": buffers.types}
        super().__init__(spec=spec, buffers=buffers.bytes)

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
        return NoiseSchedule(self.beta_start, self.beta_end, self.time_steps)

    def still(self) -> bytes:
        return self.moments(self._picture)  # with the schedule that DDPM has

    def alt(self) -> str:
        return f"{self._picture.alt} at five moments, over handles for β and T"

    def __repr__(self) -> str:
        return f"explorer of β = {self.beta_start:.2g} … {self.beta_end:.2g}, T = {self.time_steps}"
