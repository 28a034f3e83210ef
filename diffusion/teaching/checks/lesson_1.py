"""Lesson 1, add noise once."""

import math
from collections.abc import Callable

from torch import Tensor

from diffusion.teaching.checks.factors import SUBTRACTED, wrong_factors
from diffusion.teaching.checks.judging import (
    Trial,
    compare_number,
    gaussian,
    judge,
    judge_value,
    tensor_trial,
)


def check_forward_step(attempt: Callable[[Tensor, float, Tensor], Tensor]) -> None:
    """Lesson 1: `attempt(x_prev, beta, noise)` is √(1 − β) x_prev + √β noise."""

    def trial(beta: float, *shape: int, label: str = "") -> Trial:
        def inputs():
            return gaussian(*shape), beta, gaussian(*shape, seed=1)

        def step(keep, add):
            return keep * x_prev + add * noise

        x_prev, _, noise = inputs()
        keep, add = math.sqrt(1 - beta), math.sqrt(beta)

        def mistakes():
            return {
                **wrong_factors(step, keep, add, "(1−β)", "β"),
                "You left √(1−β) out and used β for √β.": step(1, beta),
                SUBTRACTED: step(keep, -add),
                "You clamped what you are given. Clamping is for showing, not for the data.": [
                    keep * x_prev.clamp(-1, 1) + add * noise,
                    keep * x_prev + add * noise.clamp(-1, 1),
                ],
            }

        return tensor_trial(inputs, step(keep, add), mistakes, label)

    label = "Right for β = 0.19 and x_prev of shape (3, 4, 4), but not for 0.6 and (5, 2): "
    judge(attempt, trial(0.19, 3, 4, 4), trial(0.6, 5, 2, label=label))


def check_beta_for_spread(attempt: float, spread: float = 0.5) -> None:
    """Lesson 1: the β for which a pixel moves by ± `spread` (one standard deviation)."""
    mistakes = {
        f"{spread:g} is the standard deviation that you want; β is the variance. What is the "
        "relation between the two?": spread,
        f"You took the square root where a square is needed: √β = {spread:g}.": math.sqrt(spread),
        "That is 1 − β: how much of the variance is kept.": 1 - spread**2,
    }
    judge_value(attempt, lambda answer: compare_number(answer, spread**2, mistakes))
