"""Lesson 1, add noise once."""

import math
from collections.abc import Callable

from torch import Tensor

from diffusion.teaching.checks.factors import wrong_factors
from diffusion.teaching.checks.judging import gaussian, judge_number, judge_tensor


def check_forward_step(attempt: Callable[[Tensor, float, Tensor], Tensor]) -> None:
    """Lesson 1: `attempt(x_prev, beta, noise)` is √(1 − β) x_prev + √β noise."""

    def inputs():
        return gaussian(3, 4, 4), 0.19, gaussian(3, 4, 4, seed=1)

    def step(keep, add):
        return keep * x_prev + add * noise

    x_prev, beta, noise = inputs()
    keep, add = math.sqrt(1 - beta), math.sqrt(beta)
    mistakes = wrong_factors(step, keep, add, "(1−β)", "β")
    mistakes["You left √(1−β) out and used β for √β."] = step(1, beta)
    judge_tensor(attempt, inputs, step(keep, add), mistakes)


def check_beta_for_spread(attempt: float) -> None:
    """Lesson 1: the β for which a pixel moves by ± 0.5 (one standard deviation)."""
    mistakes = {
        "0.5 is the standard deviation that you want; β is the variance. What is the relation "
        "between the two?": 0.5,
        "You took the square root where a square is needed: √β = 0.5.": math.sqrt(0.5),
        "That is 1 − β: how much of the variance is kept.": 0.75,
    }
    judge_number(attempt, None, 0.25, mistakes)
