"""A schedule to play with: its three numbers, and all that follows from them, live."""

import html
import math

import torch
from ipywidgets import HTML, FloatSlider, IntSlider, VBox
from torch import Tensor

from diffusion import NoiseSchedule
from diffusion.teaching import plots
from diffusion.teaching.widgets.curves import Curve, CurvesView
from diffusion.teaching.widgets.film import Blend
from diffusion.teaching.widgets.image import ImageView
from diffusion.teaching.widgets.scrub import scrub
from diffusion.teaching.widgets.strip import StripView


class ScheduleExplorer(VBox):
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
        self.beta_start = FloatSlider(1e-4, min=0, max=0.05, description="β_start", **fine)
        self.beta_end = FloatSlider(0.02, min=0, max=1, description="β_end", **coarse)
        self.time_steps = IntSlider(1000, 0, 2000, description="T", style=style)
        for control in (self.beta_start, self.beta_end, self.time_steps):
            control.layout.width = "100%"
            control.observe(self._follow, "value")

        self.schedule = NoiseSchedule()
        film = Blend(x_0, noise, self.schedule)
        self._picture, self._strip = ImageView(film, alt=alt), StripView(film, alt=alt)
        self._curves = CurvesView(self.schedule, _curves(self.schedule))
        self._scrub = scrub(self._picture, self._curves)
        self._meter = HTML().add_class("scrub-view").add_class("scrub-meter")
        self._measure()
        controls = VBox([self.beta_start, self.beta_end, self.time_steps])
        controls.add_class("scrub-explorer")
        super().__init__([controls, self._meter, self._strip, self._scrub])

    def _follow(self, _change) -> None:
        try:
            self.schedule = NoiseSchedule(
                self.beta_start.value, self.beta_end.value, self.time_steps.value
            )
        except ValueError as error:
            self._say(f"{error} The last schedule stays.")
            return
        film = Blend(self.x_0, self.noise, self.schedule)
        timeline = self._scrub.timeline
        timeline.replace(film.axis)
        # One t for all: a view may not have heard yet where the page has moved it.
        self._picture.replace(film, timeline.t)
        self._curves.replace(film.axis, _curves(self.schedule), t=timeline.t)
        self._strip.replace(film, timeline.t)
        self._measure()

    def _measure(self) -> None:
        schedule = self.schedule
        log_snr = schedule.log_snr(schedule.time_steps).item()
        rate = schedule.signal_rate(schedule.time_steps).item()
        share = f"{100 * rate:.{0 if rate > 0.1 else 1}f} %"
        verdict = "noise" if rate <= 0.01 else f"{share} of the picture is left"
        decibels = f"{10 * log_snr / math.log(10):+.1f}".replace("-", "−")
        self._say(
            f"The end: √ᾱ_T = {rate:.4f}, SNR_T = {decibels} dB, "
            f"KL = {kl_from_noise(self.x_0, schedule):.3g} nats: {verdict}."
        )

    def _say(self, message: str) -> None:
        self.message = message
        text = html.escape(message).replace("_T", "<sub>T</sub>")
        self._meter.value = f'<span role="status">{text}</span>'

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
    alpha_bar, rest = log_snr.sigmoid(), (-log_snr).sigmoid()
    return 0.5 * (alpha_bar * (x_0.double() ** 2 - 1) - rest.log()).sum().item()


def _curves(schedule: NoiseSchedule) -> list[Curve]:
    t = torch.arange(schedule.time_steps + 1)
    return [
        Curve("√ᾱ_t", schedule.signal_rate(t), "signal"),
        Curve("√(1−ᾱ_t)", schedule.noise_rate(t), "noise"),
        Curve("ᾱ_t", schedule.alpha_bar(t), "second"),
    ]
