"""The classic bugs of noising code: one wrong line each, and the sampler that it makes.

Each leaves x_t = a_t · x_0 + b_t · noise as it is, and changes the rates a_t and b_t, the draw, the
data or what is given back. A wrong step of the chain is followed through all steps: independent
noises add their variances, so that its x_t has exactly these rates in distribution.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache

import torch
from torch import Generator, Tensor

from diffusion import NoiseSchedule

Rates = tuple[Tensor, Tensor]
Sampler = Callable[[int], tuple[Tensor, Tensor, Tensor]]


def _jump(schedule: NoiseSchedule, shift: int = 0) -> Rates:
    t = (torch.arange(schedule.time_steps + 1) - shift).clamp(min=0)
    return schedule.signal_rate(t), schedule.noise_rate(t)


def _walk(keep: Tensor, add: Tensor) -> Rates:
    """The rates after each step x_t = keep · x_{t−1} + add · ε."""
    signal, variance = [1.0], [0.0]
    for k, a in zip(keep.tolist(), add.tolist(), strict=True):
        signal.append(k * signal[-1])
        variance.append(k**2 * variance[-1] + a**2)
    return torch.tensor(signal), torch.tensor(variance).sqrt()


def _beta_as_factor(schedule: NoiseSchedule) -> Rates:
    return _walk(schedule.alphas.sqrt(), schedule.betas)


def _nothing_kept_back(schedule: NoiseSchedule) -> Rates:
    return _walk(torch.ones_like(schedule.betas), schedule.betas.sqrt())


def _root_too_many(schedule: NoiseSchedule) -> Rates:
    signal_rate, _ = _jump(schedule)  # √ᾱ, taken for ᾱ
    return signal_rate.sqrt(), (1 - signal_rate).sqrt()


@dataclass(frozen=True)
class Bug:
    """A bug, or its absence.

    Attributes:
        name: as it is called.
        wrong, right: the line that has it, and how the line should be.
        rates: from a schedule, what multiplies x_0 and the noise, at t = 0 … T.
        draw: what is drawn instead of `torch.randn`.
        load: what becomes of pictures in [−1, 1].
        honest: whether the noise that is given back is the noise that was added.
    """

    name: str
    wrong: str = ""
    right: str = ""
    rates: Callable[[NoiseSchedule], Rates] = _jump
    draw: Callable[..., Tensor] = torch.randn
    load: Callable[[Tensor], Tensor] = lambda x_0: x_0
    honest: bool = True

    def changes(self) -> list[tuple[str, str]]:
        """The line in pieces (kind, text): "same", "gone" from the right line, or "new" in it."""
        words = r"\s*#.*|\d+\.\d+|\w+|\s|."
        right, wrong = (re.findall(words, line) for line in (self.right, self.wrong))
        pieces = []
        for kind, *ends in SequenceMatcher(None, right, wrong, autojunk=False).get_opcodes():
            gone, new = "".join(right[slice(*ends[:2])]), "".join(wrong[slice(*ends[2:])])
            pieces += [("same", new)] if kind == "equal" else [("gone", gone), ("new", new)]
        return [(kind, text) for kind, text in pieces if text]

    def sampler(
        self, x_0: Tensor, schedule: NoiseSchedule, runs: int = 1000, seed: int = 0
    ) -> Sampler:
        """A function that noises `x_0` to a time t, `runs` times, with this bug in it.

        Args:
            x_0: one picture, (C, H, W) in [−1, 1].

        Returns:
            sample(t), which gives (x_0, x_t, noise): the picture as it was loaded, and two tensors
            (runs, C, H, W). It gives the same each time, whatever was asked before.
        """
        x_0, (signal_rates, noise_rates) = self.load(x_0), self.rates(schedule)

        @cache
        def sample(t: int) -> tuple[Tensor, Tensor, Tensor]:
            generator = Generator().manual_seed(seed + t)
            noise = self.draw((runs, *x_0.shape), generator=generator)
            x_t = signal_rates[t] * x_0 + noise_rates[t] * noise
            if not self.honest:
                noise = self.draw(noise.shape, generator=generator)
            return x_0, x_t, noise

        return sample


_STEP = "x_t = schedule.alpha(t).sqrt() * x_t + schedule.beta(t).sqrt() * noise"
BUGS = (
    Bug("no bug"),
    Bug("β for √β", _STEP.replace("beta(t).sqrt()", "beta(t)"), _STEP, rates=_beta_as_factor),
    Bug(
        "√(1−β) dropped",
        _STEP.replace("schedule.alpha(t).sqrt() * ", ""),
        _STEP,
        rates=_nothing_kept_back,
    ),
    Bug(
        "rand for randn",
        "noise = torch.rand(x_0.shape)",
        "noise = torch.randn(x_0.shape)",
        draw=torch.rand,
    ),
    Bug(
        "index off by one",
        "alpha_bar = schedule.alpha_bar(t - 1)",
        "alpha_bar = schedule.alpha_bar(t)",
        rates=lambda schedule: _jump(schedule, shift=1),
    ),
    Bug(
        "√ᾱ for ᾱ",
        "alpha_bar = schedule.alpha_bar(t).sqrt()",
        "alpha_bar = schedule.alpha_bar(t)",
        rates=_root_too_many,
    ),
    Bug(
        "other noise returned",
        "x_t = q_sample(x_0, t, schedule)  # draws noise of its own",
        "x_t = q_sample(x_0, t, schedule, noise)",
        honest=False,
    ),
    Bug(
        "images in [0, 1]",
        "x_0 = pixels / 255",
        "x_0 = pixels / 127.5 - 1",
        load=lambda x_0: (x_0 + 1) / 2,
    ),
)
