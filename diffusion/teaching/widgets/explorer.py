"""A schedule to play with: its three numbers, and all that follows from them, live."""

import html
import math
from functools import partial

import torch
import traitlets
from ipywidgets import HTML, FloatSlider, IntSlider, VBox, Widget
from torch import Tensor
from torch.nn.functional import softplus

from diffusion import NoiseSchedule
from diffusion.teaching import plots
from diffusion.teaching.widgets.axis import time_axis
from diffusion.teaching.widgets.curves import Curve, CurvesView
from diffusion.teaching.widgets.film import Blend
from diffusion.teaching.widgets.image import ImageView
from diffusion.teaching.widgets.lifetime import OfCell
from diffusion.teaching.widgets.recording import Recording, recorded
from diffusion.teaching.widgets.scrub import scrub
from diffusion.teaching.widgets.strip import StripView
from diffusion.teaching.widgets.view import set_states

# What is recorded for a page without a kernel: all combinations, also the impossible ones.
BETA_STARTS = (0.0, 1e-4, 1e-3, 0.01, 0.05)
BETA_ENDS = (0.0, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.33, 0.5, 0.999, 1.0)
TIME_STEPS = (0, 1, 10, 20, 50, 100, 200, 500, 1000, 2000)
MOST = 100  # steps along the axis; of more, only each so-manyth is recorded


class BetaSlider(FloatSlider):
    @traitlets.validate("value")
    def _validate_value(self, proposal):
        if math.isnan(proposal["value"]):  # which no bound catches and no message can carry
            raise traitlets.TraitError(f"{self.description} must be a number, not nan.")
        return super()._validate_value(proposal)


class ScheduleExplorer(OfCell, VBox):
    """Sliders for β_start, β_end and T over a scrub, a strip of five moments, and a meter.

    What the sliders say is made into a NoiseSchedule at once; where that is impossible, `message`
    says why and the last possible schedule stays.

    Args:
        x_0: a picture (3, H, W) or (1, H, W) in [−1, 1].
        noise: ε, shaped like `x_0`.
        alt: what the picture shows.

    Attributes:
        beta_start, beta_end, time_steps: the sliders; set their `value` to move them.
        schedule: the schedule that is shown.
        message: what the meter says.
    """

    def __init__(self, x_0: Tensor, noise: Tensor, alt: str = "picture"):
        self.x_0, self.noise = x_0, noise
        style = {"description_width": "5em"}
        fine, coarse = (
            {"step": 10**-d, "readout_format": f".{d}f", "style": style} for d in (4, 3)
        )
        self.beta_start = BetaSlider(1e-4, min=0, max=0.05, description="β_start", **fine)
        self.beta_end = BetaSlider(0.02, min=0, max=1, description="β_end", **coarse)
        self.time_steps = IntSlider(1000, 0, 2000, description="T", style=style)
        self._controls = (self.beta_start, self.beta_end, self.time_steps)
        for control in self._controls:
            control.layout.width = "auto"  # all there is, less its margin
            control.observe(self._follow, "value")

        schedule = NoiseSchedule()
        film = Blend(x_0, noise, schedule)
        self._picture, self._strip = ImageView(film, alt=alt), StripView(film, alt=alt)
        self._curves = CurvesView(schedule, _curves(schedule, torch.arange(1001)))
        self._scrub = scrub(self._picture, self._curves)
        self._meter = HTML().add_class("scrub-view").add_class("scrub-meter")
        set_states(self._judge(schedule))
        controls = VBox(self._controls).add_class("scrub-explorer")
        super().__init__([controls, self._meter, *self._recording(), self._strip, self._scrub])

    def _recording(self) -> list[Recording]:
        values = (BETA_STARTS, BETA_ENDS, TIME_STEPS)
        settings = {(c, "value"): v for c, v in zip(self._controls, values, strict=True)}
        return recorded(
            settings,
            partial(self._states_for, most=MOST),
            note="This page cannot compute: it shows the nearest of {} schedules made before.",
            names=lambda first, last, steps: f"Shown: β = {first:g} … {last:g}, T = {steps}.",
        )

    def _follow(self, _change) -> None:
        set_states(self._states_for(*(control.value for control in self._controls)))

    def _states_for(
        self, beta_start: float, beta_end: float, time_steps: int, most: float = math.inf
    ) -> dict[Widget, dict]:
        """What is to be set on each widget for these numbers; with at most so many steps of t."""
        try:
            schedule = NoiseSchedule(beta_start, beta_end, time_steps)
        except ValueError as error:
            return self._say(f"{error} The last schedule stays.")
        count = min(time_steps, most) + 1
        t = torch.linspace(0, time_steps, count, dtype=torch.float64).round().long()
        film = Blend(self.x_0, self.noise, time_axis(schedule, t))
        timeline = self._scrub.timeline
        return {
            timeline: timeline.state_for(film.axis),
            self._picture: self._picture.state_for(film),
            self._curves: self._curves.state_for(film.axis, _curves(schedule, t)),
            self._strip: self._strip.state_for(film),
            **self._judge(schedule),
        }

    def _judge(self, schedule: NoiseSchedule) -> dict[Widget, dict]:
        log_snr = schedule.log_snr(schedule.time_steps).item()
        rate = schedule.signal_rate(schedule.time_steps).item()
        share = f"{100 * rate:.{0 if rate > 0.1 else 1}f} %"
        verdict = "noise" if rate <= 0.01 else f"{share} of the picture is left"
        decibels = f"{10 * log_snr / math.log(10):+.1f}".replace("-", "−")
        return self._say(
            f"The end: √ᾱ_T = {rate:.4f}, SNR_T = {decibels} dB, "
            f"KL = {kl_from_noise(self.x_0, schedule):.3g} nats: {verdict}.",
            schedule=schedule,
        )

    def _say(self, message: str, **attributes) -> dict[Widget, dict]:
        text = html.escape(message).replace("_T", "<sub>T</sub>")
        return {
            self: {"message": message, **attributes},
            self._meter: {"value": f'<span role="status">{text}</span>'},
        }

    def __repr__(self) -> str:
        first, last = self.beta_start.value, self.beta_end.value
        return f"explorer of β = {first:.2g} … {last:.2g}, T = {self.time_steps.value}"

    def _repr_mimebundle_(self, **kwargs) -> dict:
        alt = f"{self._picture.alt} at five moments. {self.message}"
        fallback = plots.bundle(self._scrub.filmstrip(), alt) | {"text/plain": repr(self)}
        return super()._repr_mimebundle_(**kwargs) | fallback


def kl_from_noise(x_0: Tensor, schedule: NoiseSchedule) -> float:
    """KL(q(x_T | x_0) ‖ N(0, I)) in nats, over all of `x_0`: 0 if the end tells nothing of it."""
    log_snr = schedule.log_snr(schedule.time_steps).double()
    # softplus is −log(1 − ᾱ), also where ᾱ is too small for 1 − ᾱ to tell.
    return 0.5 * (log_snr.sigmoid() * (x_0.double() ** 2 - 1) + softplus(log_snr)).sum().item()


def _curves(schedule: NoiseSchedule, t: Tensor) -> list[Curve]:
    return [
        Curve("√ᾱ_t", schedule.signal_rate(t), "signal"),
        Curve("√(1−ᾱ_t)", schedule.noise_rate(t), "noise"),
        Curve("ᾱ_t", schedule.alpha_bar(t), "second"),
    ]
