"""Lesson 1, add noise once."""

import math
from collections.abc import Callable

from torch import Tensor

from diffusion.teaching.checks.judging import check_number, check_tensor, gaussian


def forward_step(attempt: Callable[[Tensor, float, Tensor], Tensor]) -> None:
    """Lesson 1: `attempt(x_prev, beta, noise)` is √(1 − β) x_prev + √β noise."""
    x, noise, beta = gaussian(3, 4, 4), gaussian(3, 4, 4, seed=1), 0.19
    keep, add = math.sqrt(1 - beta), math.sqrt(beta)
    check_tensor(
        attempt,
        (x, beta, noise),
        right=keep * x + add * noise,
        mistakes={
            "You scaled the noise by β. β is a variance, and a variance scales noise by its "
            "square root: √β.": keep * x + beta * noise,
            "You left √(1−β) out: the noise is added on top of the full picture, and the variance "
            "climbs with every step.": x + add * noise,
            "You kept (1−β) of the picture instead of √(1−β). A share of the variance needs a "
            "square root to become a factor.": (1 - beta) * x + add * noise,
            "You left out both square roots.": (1 - beta) * x + beta * noise,
            "You left √(1−β) out and used β for √β.": x + beta * noise,
            "You clamped the result. Clamping is for showing; the data must stay as it is.": (
                keep * x + add * noise
            ).clamp(-1, 1),
            "The two factors are swapped: √(1−β) belongs to the picture, √β to the noise.": add * x
            + keep * noise,
            "You subtracted the noise. It would do no harm (−ε is as likely as ε), but the "
            "formula adds it.": keep * x - add * noise,
            "That is the noise alone. Where is the picture?": add * noise,
            "That is the picture alone. Where is the noise?": keep * x,
        },
    )


def beta_for_spread(attempt: float) -> None:
    """Lesson 1: the β for which a pixel moves by ± 0.5 (one standard deviation)."""
    check_number(
        attempt,
        None,
        right=0.25,
        mistakes={
            "0.5 is the standard deviation that you want; β is the variance. What is the "
            "relation between the two?": 0.5,
            "You took the square root where a square is needed: √β = 0.5.": math.sqrt(0.5),
            "That is 1 − β: how much of the variance is kept.": 0.75,
        },
    )
