"""Lesson 2, walk to noise."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from diffusion import NoiseSchedule, forward_chain
from diffusion.teaching.checks.factors import wrong_factors
from diffusion.teaching.checks.judging import gaussian, judge_number, judge_tensor, uneven_schedule


def check_forward_chain(attempt: Callable[[Tensor, NoiseSchedule, list], Iterable[Tensor]]) -> None:
    """Lesson 2: `attempt(x_0, schedule, noises)` yields x_1 … x_T."""

    def inputs():
        return gaussian(2, 3), uneven_schedule(), [*gaussian(5, 2, 3, seed=1)]

    x_0, schedule, noises = inputs()
    keep, add = schedule.alphas.sqrt(), schedule.betas.sqrt()
    times, every = torch.arange(1, 6), torch.ones(5)

    def chain(keep=keep, add=add, noises=noises):
        x_t, walk = x_0, []
        for a, b, noise in zip(every * keep, every * add, noises, strict=True):
            x_t = a * x_t + b * noise
            walk.append(x_t)
        return torch.stack(walk)

    def jumps(keep, add):
        return torch.stack([keep[i] * x_0 + add[i] * noises[i] for i in range(5)])

    one_noise = chain(noises=noises[:1] * 5)
    backwards = chain(keep.flip(0), add.flip(0), noises[::-1])
    from_x_0 = jumps(schedule.signal_rate(times), schedule.noise_rate(times))
    right = torch.stack([*forward_chain(x_0, schedule, noises)])
    with_x_0 = torch.cat([x_0[None], right])
    mistakes = {
        "You gave back x_0 as well. It is where the chain starts; the steps lead to x_1 … "
        "x_T.": with_x_0,
        "The last step is missing: `range(1, T)` ends at T − 1.": right[:-1],
        "You gave back x_0 … x_{T−1}: yield after the step, not before it.": with_x_0[:-1],
        "That is only the end, x_T. Yield each x_t on the way.": right[-1:],
        "That is x_T itself. Yield each x_t on the way.": right[-1],
        "You returned after the first step. `yield` goes on where `return` stops.": right[0],
        "All T are one and the same tensor, which you changed in place. Make a new one in each "
        "step.": right[-1:].expand(5, -1, -1),
        "Every step starts from x_0. Let each start where the last one ended.": jumps(keep, add),
        "You used the same noise in every step. Step t takes noises[t − 1].": one_noise,
        "The steps are taken from T down to 1. Begin with t = 1.": backwards,
        "Each x_t is a jump from x_0 with ᾱ_t. That has the right distribution at each t, but it "
        "is no chain: take x_{t−1} and β_t.": from_x_0,
        **wrong_factors(chain, keep, add, "α_t", "β_t"),
    }

    judge_tensor(attempt, inputs, right, mistakes)


def check_signal_left(attempt: Callable[[NoiseSchedule, int], float]) -> None:
    """Lesson 2: `attempt(schedule, t)` is √(α_1 ⋯ α_t), what t steps leave of x_0."""
    t, factors = 3, uneven_schedule().alphas.double().sqrt()

    def product(first, last):
        return factors[first - 1 : last].prod().item()

    right = product(1, t)
    total, noise_rate = factors[:t].sum().item(), (1 - right**2) ** 0.5
    mistakes = {
        "That is the product of the α. Each step multiplies the picture by √α.": right**2,
        "You multiplied all T factors. After t steps there are only the first t.": product(1, 5),
        "One factor too few: t steps have t factors, α_1 to α_t.": product(1, t - 1),
        "One factor too many: t steps have t factors, α_1 to α_t.": product(1, t + 1),
        "The first factor is missing: α_1 sits at index 0.": product(2, t),
        "You took α_2 to α_{t+1}: α_1 sits at index 0.": product(2, t + 1),
        "That is the factor of step t alone. What did the steps before it leave?": product(t, t),
        "You added the factors. One step after the other multiplies them.": total,
        "That is how much noise there is, √(1−ᾱ_t). How much picture is there?": noise_rate,
    }
    hint = "Is a .prod() missing?"
    judge_number(attempt, lambda: (uneven_schedule(), t), right, mistakes, hint)
