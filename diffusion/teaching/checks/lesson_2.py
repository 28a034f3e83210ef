"""Lesson 2, walk to noise."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from diffusion import NoiseSchedule, forward_chain
from diffusion.teaching.checks.factors import SUBTRACTED, wrong_factors
from diffusion.teaching.checks.judging import (
    Trial,
    compare_number,
    gaussian,
    judge,
    tensor_trial,
    uneven_schedule,
)


def check_forward_chain(attempt: Callable[[Tensor, NoiseSchedule, list], Iterable[Tensor]]) -> None:
    """Lesson 2: `attempt(x_0, schedule, noises)` yields x_1 … x_T."""
    label = "Right for 5 steps from x_0 of shape (2, 3), but not for 4 steps from (4, 1, 3, 2): "
    four_steps = NoiseSchedule.from_betas([0.3, 0.15, 0.4, 0.2])
    judge(
        attempt,
        _chain_trial(uneven_schedule(), 2, 3),
        _chain_trial(four_steps, 4, 1, 3, 2, label=label),
    )


def _chain_trial(schedule: NoiseSchedule, *shape: int, label: str = "") -> Trial:
    T = len(schedule)

    def inputs():
        same_schedule = NoiseSchedule.from_betas(schedule.betas)
        return gaussian(*shape), same_schedule, [*gaussian(T, *shape, seed=1)]

    x_0, _, noises = inputs()
    keep, add = schedule.alphas.sqrt(), schedule.betas.sqrt()
    times, every = torch.arange(1, T + 1), torch.ones(T)
    signal_rates, noise_rates = schedule.signal_rate(times), schedule.noise_rate(times)

    def chain(keep=keep, add=add, noises=noises, low=-math.inf, high=math.inf):
        x_t, walk = x_0, []
        for a, b, noise in zip(every * keep, every * add, noises, strict=True):
            x_t = (a * x_t + b * noise).clamp(low, high)
            walk.append(x_t)
        return torch.stack(walk)

    def jumps(keep, add, noises=noises):
        return torch.stack([keep[i] * x_0 + add[i] * noises[i] for i in range(T)])

    right = torch.stack([*forward_chain(x_0, schedule, noises)])
    with_x_0 = torch.cat([x_0[None], right])

    def mistakes():
        return {
            "You gave back x_0 as well. It is where the chain starts; the steps lead to x_1 … "
            "x_T.": with_x_0,
            "The last step is missing: `range(1, T)` ends at T − 1.": right[:-1],
            "You gave back x_0 … x_{T−1}: yield after the step, not before it.": with_x_0[:-1],
            "That is only the end, x_T. Yield each x_t on the way.": right[-1:],
            "That is x_T itself. Yield each x_t on the way.": right[-1],
            "You returned after the first step. `yield` goes on where `return` stops.": right[0],
            "All T are one and the same tensor, which you changed in place. Make a new one in each "
            "step.": right[-1:].expand_as(right),
            "Every step starts from x_0. Let each start where the last one ended.": jumps(
                keep, add
            ),
            "You used the same noise in every step. Step t takes noises[t − 1].": [
                chain(noises=[noise] * T) for noise in noises
            ],
            "You took the noises in another order. Step t takes noises[t − 1].": [
                chain(noises=noises[::-1]),
                chain(noises=[noises[t - 2] for t in times]),
            ],
            "The steps are taken from T down to 1. Begin with t = 1.": chain(
                keep.flip(0), add.flip(0), noises[::-1]
            ),
            "Every step has the same β. Step t takes schedule.alpha(t) and schedule.beta(t).": [
                chain(keep[i], add[i]) for i in range(T)
            ],
            "You took ᾱ_t, which is for the jump from x_0. A step from x_{t−1} keeps α_t and adds "
            "β_t.": [
                chain(signal_rates, noise_rates),
                chain(signal_rates),
                chain(add=noise_rates),
            ],
            "Each x_t is a jump from x_0 with ᾱ_t. That has the right distribution at each t, but "
            "it is no chain: take x_{t−1} and β_t.": [
                jumps(signal_rates, noise_rates),
                jumps(signal_rates, noise_rates, noises[:1] * T),
            ],
            "You clamp in each step. Clamping is for showing, not for what the next step starts "
            "from.": [chain(low=-1, high=1), chain(low=0, high=1)],
            **wrong_factors(chain, keep, add, "α_t", "β_t"),
            SUBTRACTED: chain(add=-add),
        }

    return tensor_trial(inputs, right, mistakes, label)


def check_signal_left(attempt: Callable[[NoiseSchedule, int], float]) -> None:
    """Lesson 2: `attempt(schedule, t)` is √(α_1 ⋯ α_t), what t steps leave of x_0."""
    judge(attempt, _left_trial(3), _left_trial(5, label="Right for t = 3, but not for t = 5: "))


def _left_trial(t: int, label: str = "") -> Trial:
    schedule = uneven_schedule()
    alphas, betas = schedule.alphas.double(), schedule.betas.double()

    def product(first, last):
        return alphas[first - 1 : last].sqrt().prod().item()

    def compare(answers, _):
        compare_number(*answers, right, mistakes, "Is a .prod() missing?")

    right = product(1, t)
    added = [alphas[:t].sqrt().sum(), alphas[:t].sum(), alphas[:t].sum().sqrt()]
    mistakes = {
        "That is the product of the α. Each step multiplies the picture by √α.": right**2,
        "A root is taken twice. One root of the product is enough: √ᾱ_t.": right**0.5,
        "You multiplied all T factors. After t steps there are only the first t.": product(1, 5),
        "One factor too few: t steps have t factors, α_1 to α_t.": product(1, t - 1),
        "One factor too many: t steps have t factors, α_1 to α_t.": product(1, t + 1),
        "The first factor is missing: α_1 sits at index 0.": product(2, t),
        "You took α_2 to α_{t+1}: α_1 sits at index 0.": product(2, t + 1),
        "That is the factor of step t alone. What did the steps before it leave?": [
            product(t, t),
            product(t, t) ** 2,
            product(t, t) ** t,
        ],
        "You added the factors. One step after the other multiplies them.": added,
        "That is how much noise there is, √(1−ᾱ_t). How much picture is there?": (1 - right**2)
        ** 0.5,
        "e^{−½ Σβ} is an approximation, good for small β alone. Multiply the α.": math.exp(
            -betas[:t].sum() / 2
        ),
    }
    return Trial(lambda: (uneven_schedule(), t), compare, label=label)
