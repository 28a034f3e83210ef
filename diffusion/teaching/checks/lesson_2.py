"""Lesson 2, walk to noise."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

import diffusion
from diffusion import NoiseSchedule
from diffusion.teaching.checks.judging import check_number, check_tensor, collect, gaussian


def forward_chain(attempt: Callable[[Tensor, NoiseSchedule, list], Iterable[Tensor]]) -> None:
    """Lesson 2: `attempt(x_0, schedule, noises)` yields x_1 … x_T."""
    schedule = NoiseSchedule(0.1, 0.4, 5)
    x_0, noises = gaussian(2, 3), [gaussian(2, 3, seed=seed) for seed in range(1, 6)]
    right = torch.stack(list(diffusion.forward_chain(x_0, schedule, noises)))

    def chain(
        keep=lambda t: schedule.alpha(t).sqrt(),
        add=lambda t: schedule.beta(t).sqrt(),
        times=range(1, 6),
        start=lambda x_t: x_t,
        noise=lambda t: noises[t - 1],
    ):
        x_t, walk = x_0, []
        for t in times:
            x_t = keep(t) * start(x_t) + add(t) * noise(t)
            walk.append(x_t)
        return torch.stack(walk)

    def collected(attempt, *given):
        try:
            return collect(attempt(*given), at_most=7)
        except IndexError:
            raise IndexError("noises[0] is ε_1, so that step t takes noises[t − 1].") from None

    check_tensor(
        attempt,
        (x_0, schedule, noises),
        right=right,
        mistakes={
            "You gave back x_0 as well. It is where the chain starts; the steps lead to "
            "x_1 … x_T.": torch.cat([x_0[None], right]),
            "The last step is missing: `range(1, T)` ends at T − 1.": right[:-1],
            "You gave back x_0 … x_{T−1}: yield after the step, not before it.": torch.cat(
                [x_0[None], right[:-1]]
            ),
            "That is only the end, x_T. Yield each x_t on the way.": right[-1:],
            "That is x_T itself. Yield each x_t on the way.": right[-1],
            "You returned after the first step. `yield` goes on where `return` stops.": right[0],
            "All T are one and the same tensor, which you changed in place. Make a new one in "
            "each step.": right[-1:].expand(5, -1, -1),
            "Every step starts from x_0. Let each one start from where the last one ended.": chain(
                start=lambda x_t: x_0
            ),
            "You used the same noise in every step. Step t takes noises[t − 1].": chain(
                noise=lambda t: noises[0]
            ),
            "The steps are taken from T down to 1. Begin with t = 1.": chain(times=range(5, 0, -1)),
            "Each x_t is a jump from x_0 with ᾱ_t. That has the right distribution at each t, but "
            "it is no chain: take x_{t−1} and β_t.": chain(
                schedule.signal_rate, schedule.noise_rate, start=lambda x_t: x_0
            ),
            "You scaled the noise by β_t. A variance scales noise by its square root: √β_t.": chain(
                add=schedule.beta
            ),
            "You left √α_t out: the picture is never shrunk, and the variance climbs.": chain(
                keep=lambda t: 1
            ),
            "You kept α_t of the picture instead of √α_t.": chain(keep=schedule.alpha),
            "You left out both square roots.": chain(schedule.alpha, schedule.beta),
            "The two factors are swapped: √α_t belongs to the picture, √β_t to the noise.": chain(
                lambda t: schedule.beta(t).sqrt(), lambda t: schedule.alpha(t).sqrt()
            ),
        },
        run=collected,
    )


def signal_left(attempt: Callable[[NoiseSchedule, int], float]) -> None:
    """Lesson 2: `attempt(schedule, t)` is √(α_1 ⋯ α_t), what t steps leave of x_0."""
    # Steps without a pattern, so that no two mistakes come to the same number.
    schedule, t = NoiseSchedule.from_betas([0.12, 0.26, 0.07, 0.33, 0.4]), 3
    rates = schedule.alphas.double().sqrt().tolist()
    check_number(
        attempt,
        (schedule, t),
        right=math.prod(rates[:t]),
        mistakes={
            "That is the product of the α. Each step multiplies the picture by a square "
            "root, √α.": math.prod(rates[:t]) ** 2,
            "You multiplied all T factors. After t steps there are only the first t.": math.prod(
                rates
            ),
            "One factor too few: t steps have t factors, α_1 to α_t.": math.prod(rates[: t - 1]),
            "One factor too many: t steps have t factors, α_1 to α_t.": math.prod(rates[: t + 1]),
            "The first factor is missing: α_1 sits at index 0.": math.prod(rates[1:t]),
            "You took α_2 to α_{t+1}: α_1 sits at index 0.": math.prod(rates[1 : t + 1]),
            "That is the factor of step t alone. What did the steps before it leave?": rates[t - 1],
            "You added the factors. One step after the other multiplies them.": sum(rates[:t]),
            "That is how much noise there is, √(1−ᾱ_t). How much picture is there?": math.sqrt(
                1 - math.prod(rates[:t]) ** 2
            ),
        },
        hint="Is a .prod() missing?",
    )
