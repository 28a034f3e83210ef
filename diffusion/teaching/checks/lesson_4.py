"""Lesson 4, jump to any t."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from diffusion import NoiseSchedule, forward_chain
from diffusion.teaching.checks.judging import (
    Mistakes,
    about_draws,
    gaussian,
    judge,
    several_calls,
    verdict_on_tensor,
)

# Steps without a pattern, so that no two mistakes come to the same numbers.
SCHEDULE = NoiseSchedule.from_betas([0.12, 0.26, 0.07, 0.33, 0.4])
SEED = 1402  # one that nobody uses for a generator of their own


def q_sample(attempt: Callable[[Tensor, int, NoiseSchedule, Generator], Tensor]) -> None:
    """Lesson 4: `attempt(x_0, t, schedule, generator)` is x_t, with noise from the generator."""
    x_0, t = gaussian(3, 4, 4), 3

    def generator():
        return Generator().manual_seed(SEED)

    def jump(noise):
        return SCHEDULE.signal_rate(t) * x_0 + SCHEDULE.noise_rate(t) * noise

    noise = torch.randn(x_0.shape, generator=generator())
    uniform = torch.rand(x_0.shape, generator=generator())
    walk = list(forward_chain(x_0, SCHEDULE, generator=generator()))
    mistakes = {
        **wrong_jumps(x_0, t, SCHEDULE, noise),
        "Your noise is uniform. torch.randn draws from the bell curve, torch.rand does not.": [
            jump(uniform),
            jump(2 * uniform - 1),
        ],
        "You drew one number for the whole picture. Each pixel needs its own: "
        "torch.randn(x_0.shape, generator=generator).": jump(torch.randn(1, generator=generator())),
        "You walked there step by step. That is right, but slow: ᾱ_t takes you there in one "
        "jump.": walk[t - 1],
    }

    def verdict(answers, again):
        draw = "torch.randn(x_0.shape, generator=generator)"
        complaint = about_draws("The noise", *answers, again[0], draw)
        return verdict_on_tensor(answers[0], jump(noise), mistakes, complaint)

    judge(attempt, (x_0, t, SCHEDULE, generator()), verdict, run=several_calls(2))


def wrong_jumps(x_0: Tensor, t: int | Tensor, schedule: NoiseSchedule, noise: Tensor) -> Mistakes:
    """What x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε becomes with each known mistake.

    t is an int, or an integer tensor that broadcasts against the noise.
    """
    t, T = torch.as_tensor(t), schedule.time_steps
    alpha_bar, beta = schedule.alpha_bar(t), schedule.beta(t)
    keep, add = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()

    def jump(keep=keep, add=add):
        return keep * x_0 + add * noise

    def jump_with(share):
        return jump(share.sqrt(), (1 - share).sqrt())

    return {
        "You kept ᾱ_t of the picture. A share of the variance needs a square root to become a "
        "factor: √ᾱ_t.": jump(alpha_bar),
        "You scaled the noise by 1−ᾱ_t. That is its variance, and a variance scales noise by its "
        "square root: √(1−ᾱ_t).": jump(keep, 1 - alpha_bar),
        "You left out both square roots: the factors are √ᾱ_t and √(1−ᾱ_t).": jump(
            alpha_bar, 1 - alpha_bar
        ),
        "A root is taken twice. Take 1 − ᾱ_t first and then the root, once; signal_rate and "
        "noise_rate are roots already.": [
            jump(signal_rate, noise_rate)
            for signal_rate in (keep, keep.sqrt())
            for noise_rate in (add, add.sqrt(), (1 - keep).sqrt())
        ][1:],  # the first of them is right
        "Your two factors add up to 1. Their squares should: √ᾱ_t and √(1−ᾱ_t).": [
            jump(keep, 1 - keep),
            jump(1 - add, add),
        ],
        "That is x_{t+1}: one index too far. Step t sits at index t − 1; schedule.alpha_bar(t) "
        "spares you the shift.": jump_with(schedule.alpha_bar((t + 1).clamp(max=T))),
        "That is x_{t−1}: one index too early. Step t sits at index t − 1; schedule.alpha_bar(t) "
        "spares you the shift.": [
            jump_with(schedule.alpha_bar(t - 1)),
            jump_with(schedule.alpha_bars[t - 2]),
        ],
        "You took ᾱ_T, the product of all α. The picture has been through t steps only: "
        "ᾱ_t.": jump_with(schedule.alpha_bar(T)),
        "You took α_t, which is step t alone. The jump needs the product of the first t of them, "
        "ᾱ_t.": [jump_with(1 - beta), jump((1 - beta).sqrt()), jump(1 - beta, beta)],
        "You scaled the noise with β_t, which is what step t alone adds. By time t the noise has "
        "the factor √(1−ᾱ_t).": [jump(keep, beta.sqrt()), jump(keep, beta)],
        "The two factors are swapped: √ᾱ_t belongs to the picture, √(1−ᾱ_t) to the noise.": jump(
            add, keep
        ),
        "You left √ᾱ_t out: the picture must shrink as the noise grows.": jump(1),
        "You left √(1−ᾱ_t) out: the noise arrives at full strength at every t.": jump(keep, 1),
        "You left out both factors: multiply the picture by √ᾱ_t, the noise by √(1−ᾱ_t).": jump(
            1, 1
        ),
        "That is the picture alone. Add √(1−ᾱ_t) times the noise.": [jump(keep, 0), jump(1, 0)],
        "That is the noise alone. Add √ᾱ_t times the picture.": [jump(0), jump(0, 1)],
        "You subtracted the noise. It would do no harm (−ε is as likely as ε), but the formula "
        "adds it.": jump(keep, -add),
        "You clamped the result. Clamping is for showing; the data must stay as it is.": jump(
            keep, add
        ).clamp(-1, 1),
    }
