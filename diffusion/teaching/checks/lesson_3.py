"""Lesson 3, read the schedule."""

from collections.abc import Callable
from itertools import islice, permutations

import torch
from torch import Tensor

from diffusion import NoiseSchedule
from diffusion.teaching.checks.judging import (
    CORRECT,
    about_parts,
    judge,
    same,
    verdict_on_number,
    verdict_on_tensor,
)


def schedule_tables(
    attempt: Callable[[float, float, int], tuple[Tensor, Tensor, Tensor]],
) -> None:
    """Lesson 3: `attempt(beta_start, beta_end, time_steps)` gives betas, alphas, alpha_bars."""
    start, end, time_steps = 0.05, 0.4, 6
    betas = torch.linspace(start, end, time_steps)
    alphas = 1 - betas
    alpha_bars = alphas.cumprod(0)
    times = torch.arange(1, time_steps + 1)
    tables = {"betas": betas, "alphas": alphas, "alpha_bars": alpha_bars}
    mistakes = {
        "betas": {
            "These never reach beta_end. torch.linspace(beta_start, beta_end, time_steps) has "
            "both ends.": start + (end - start) * (times - 1) / time_steps,
            "These begin above beta_start. torch.linspace(beta_start, beta_end, time_steps) has "
            "both ends.": start + (end - start) * times / time_steps,
            "You spaced the √β evenly and squared them. That is the “scaled linear” schedule; "
            "here the β themselves are evenly spaced.": torch.linspace(
                start**0.5, end**0.5, time_steps
            )
            ** 2,
            "They run backwards: β_1 = beta_start comes first.": betas.flip(0),
            "These are the α. If you changed betas in place, make a new tensor: 1 - betas.": alphas,
        },
        "alphas": {
            "These are the β again. A step keeps what it does not replace: α_t = 1 − β_t.": betas,
            "You took a root already. α_t = 1 − β_t is a share of the variance; the root comes "
            "with the picture.": alphas.sqrt(),
            "The sign is turned round: α_t = 1 − β_t, not β_t − 1.": -alphas,
            "These are the running products already. α_t belongs to step t alone: "
            "1 - betas.": alpha_bars,
        },
        "alpha_bars": {
            "These are the α again. ᾱ_t is the product of the first t of them: "
            "torch.cumprod(alphas, dim=0).": alphas,
            "You multiplied the β. Each step keeps α_t of the variance, so multiply the α.": [
                betas.cumprod(0),
                1 - betas.cumprod(0),
            ],
            "You added them up. One step after the other multiplies: cumprod, not cumsum.": [
                alphas.cumsum(0),
                betas.cumsum(0),
                1 - betas.cumsum(0),
            ],
            "That is the one product of all the α. Each t needs its own: cumprod, not "
            "prod.": alpha_bars[-1],
            "You took α_t to the power t. The steps before t have other α: multiply α_1 to "
            "α_t.": alphas**times,
            "You took a root already. ᾱ_t is the plain product of the α; √ᾱ_t is the signal "
            "rate.": alpha_bars.sqrt(),
            "Your products are one step late. ᾱ_t has α_t in it already, so the first value is "
            "α_1, not 1.": torch.cat([torch.ones(1), alpha_bars[:-1]]),
            "That is 1 − ᾱ_t, the share of the noise. ᾱ_t is the picture's.": 1 - alpha_bars,
            "The products run from the end. Begin with α_1.": [
                alphas.flip(0).cumprod(0),
                alphas.flip(0).cumprod(0).flip(0),
            ],
        },
    }

    def verdict(answer, _):
        if isinstance(answer, NoiseSchedule):
            return (
                "That is a NoiseSchedule, which does the work for you. Make the three tensors "
                "yourself, and give them back."
            )
        if complaint := about_parts(answer, tuple(tables)):
            return complaint
        for order in islice(permutations(tables.values()), 1, None):
            if all(map(same, answer, order)):
                return "All three are right, but the order is (betas, alphas, alpha_bars)."
        for (name, right), part in zip(tables.items(), answer, strict=True):
            line = _about_length(part, time_steps) or verdict_on_tensor(part, right, mistakes[name])
            if line != CORRECT:
                return f"{name}: {line}"
        return CORRECT

    judge(attempt, (start, end, time_steps), verdict)


def _about_length(table: Tensor, time_steps: int) -> str | None:
    surplus = len(table) - time_steps if table.ndim == 1 else 0
    if surplus == 1:
        return (
            "That is one value too many: T steps have T values. t = 0 is no step, so leave its "
            "value out."
        )
    if surplus == -1:
        return "One step is missing: T steps have T values, from t = 1 to t = T."
    return None


def beta_end_for_100(attempt: float) -> None:
    """Lesson 3: a β_end for which `NoiseSchedule(1e-4, β_end, 100)` ends in noise."""

    def compare(beta_end):
        if not 0 < beta_end < 1:
            return "β is a variance and lies between 0 and 1. Choose a β_end between them."
        schedule = NoiseSchedule(1e-4, float(beta_end), 100)
        signal_rates = schedule.signal_rate(torch.arange(101), torch.float64)
        left = signal_rates[-1].item()
        if abs(beta_end - 0.02) < 1e-6:
            return (
                f"That is the β_end for T = 1000. With T = 100, {100 * left:.0f} % of the picture "
                "is left: choose a larger one."
            )
        if left > 0.01:
            return (
                f"Too small: {100 * left:.3g} % of the picture is left at t = 100, and it should "
                "be 1 % at most. Choose a larger β_end."
            )
        if left < 0.001:
            gone = int((signal_rates <= 0.01).nonzero()[0])
            return (
                f"More than is needed: the picture is gone by t = {gone}, and the steps after "
                "that are wasted. Choose a smaller β_end."
            )
        return CORRECT

    judge(attempt, None, lambda answer, _: verdict_on_number(answer, compare))
