"""A schedule that somebody has drawn, and three figures that say what it is good for."""

from itertools import accumulate
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from diffusion import NoiseSchedule
from diffusion.arguments import as_numbers, check_time_steps

LEAST, MOST = 1e-6, 0.999  # of a β
FLOOR = 1e-9  # of ᾱ, where a drawing touches the bottom
WINDOW = 6.0  # beyond this log-SNR, one number of x_t tells next to nothing of its noise, or of x_0


class Scores(NamedTuple):
    """Three figures of a schedule; each of them alone is easily good.

    Attributes:
        kl: KL(q(x_T | x_0) ‖ N(0, I)) in nats: how much of x_0 is left at the end.
        share: of the steps t = 1 … T, in 0 … 1, those with a log-SNR in −6 … 6.
        step: by how much the log-SNR, cut to −6 … 6, falls in one step at most.
    """

    kl: float
    share: float
    step: float


def realise(rates, time_steps: int = 1000) -> NoiseSchedule:
    """The schedule whose √ᾱ_t follows a drawing of it, and never rises.

    Straight lines join what was drawn. ᾱ_0 is 1, whatever was drawn there; noise cannot be taken
    away again, so that where the drawing rises, the schedule stays as level as a β of 10⁻⁶ is; and
    where it falls too steeply, the schedule follows as fast as a β of 0.999 allows.

    Args:
        rates: √ᾱ, in 0 … 1, at two or more evenly spaced places from t = 0 to t = T.
        time_steps: T.

    Raises:
        TypeError: `rates` holds something other than real numbers, or `time_steps` is no integer.
        ValueError: there are fewer than two of them, or one is outside 0 … 1, or not a number; or
            `time_steps` is not in 1 … 1 000 000.
    """
    check_time_steps(time_steps)
    rates = as_numbers("rates", rates).numpy()
    outside = ~((rates >= 0) & (rates <= 1))  # also true for NaN
    if len(rates) < 2 or outside.any():
        wrong = f"one of them is {rates[outside][0]}" if outside.any() else f"there is {len(rates)}"
        raise ValueError(f"rates must be two numbers or more, each in 0 … 1, but {wrong}.")
    places = np.arange(1, time_steps + 1) * (len(rates) - 1) / time_steps
    drawn = np.interp(places, np.arange(len(rates)), rates) ** 2
    falling = accumulate(
        np.maximum(drawn, FLOOR),
        lambda before, wanted: min(before * (1 - LEAST), wanted),
        initial=1.0,
    )
    return NoiseSchedule.from_alpha_bars(list(falling)[1:], beta_max=MOST)


def scores(schedule: NoiseSchedule, x_0: Tensor) -> Scores:
    """How much of x_0 `schedule` leaves, how many steps it wastes, and how far it jumps.

    The KL is that of two normal distributions, summed over the values of x_0 (see DDPM, Eq. 5, its
    first term).
    """
    times = torch.arange(len(schedule) + 1)
    log_snrs = schedule.log_snr(times, torch.float64)
    cut = log_snrs.clamp(-WINDOW, WINDOW)
    alpha_bar = schedule.alpha_bar(len(schedule), torch.float64)
    # The last two nearly cancel: log(1 − ᾱ) ≈ −ᾱ.
    each = alpha_bar * x_0.double().square() - (torch.log1p(-alpha_bar) + alpha_bar)
    return Scores(
        kl=each.sum().item() / 2,
        share=(log_snrs[1:].abs() <= WINDOW).double().mean().item(),
        step=(cut[:-1] - cut[1:]).max().item(),
    )
