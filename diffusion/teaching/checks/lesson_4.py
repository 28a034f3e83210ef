"""Lesson 4, jump to any t."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from diffusion import NoiseSchedule, forward_chain
from diffusion.teaching.checks.factors import wrong_factors
from diffusion.teaching.checks.judging import (
    NOT_YET,
    SHIFT,
    Mistakes,
    about_draws,
    as_tensor,
    compare_tensor,
    gaussian,
    judge,
    uneven_schedule,
)

SEED = 1402  # one that nobody uses for a generator of their own


def check_q_sample(attempt: Callable[[Tensor, int, NoiseSchedule, Generator], Tensor]) -> None:
    """Lesson 4: `attempt(x_0, t, schedule, generator)` is x_t, with noise from the generator."""

    def generator():
        return Generator().manual_seed(SEED)

    def jump(noise):
        return schedule.signal_rate(t) * x_0 + schedule.noise_rate(t) * noise

    x_0, t, schedule = gaussian(3, 4, 4), 3, uneven_schedule()
    noise = torch.randn(x_0.shape, generator=generator())
    one_number = jump(torch.randn(1, generator=generator()))
    positive = torch.rand(x_0.shape, generator=generator())
    uniform = [jump(positive), jump(2 * positive - 1)]
    walk = [*forward_chain(x_0, schedule, generator=generator())]
    draw = "torch.randn(x_0.shape, generator=generator)"
    mistakes = {
        **wrong_jumps(x_0, t, schedule, noise),
        f"Your noise is uniform. Draw from the bell curve: {draw}.": uniform,
        f"You drew one number for the whole picture. Each pixel needs its own: {draw}.": one_number,
        "You walked there step by step. That is right, but slow: ᾱ_t takes you there in one "
        "jump.": walk[t - 1],
    }

    def compare(answers, again):
        first, second, again = map(as_tensor, (*answers, again[0]))
        otherwise = about_draws("The noise", first, second, again, draw) or NOT_YET
        compare_tensor(first, jump(noise), mistakes, otherwise)

    def inputs():
        return gaussian(3, 4, 4), t, uneven_schedule(), generator()

    judge(attempt, inputs, compare, calls=2)


def wrong_jumps(x_0: Tensor, t: int | Tensor, schedule: NoiseSchedule, noise: Tensor) -> Mistakes:
    """What x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε becomes with each known mistake.

    t is an int, or an integer tensor that broadcasts against the noise.
    """
    t, T = torch.as_tensor(t), schedule.time_steps
    keep, add, beta = schedule.signal_rate(t), schedule.noise_rate(t), schedule.beta(t)

    def jump(keep=keep, add=add):
        return keep * x_0 + add * noise

    def jump_with(share):
        return jump(share.sqrt(), (1 - share).sqrt())

    roots = [
        jump(signal_rate, noise_rate)
        for signal_rate in (keep, keep.sqrt())
        for noise_rate in (add, add.sqrt(), (1 - keep).sqrt())
    ][1:]  # the first of them is right
    too_far = jump_with(schedule.alpha_bar((t + 1).clamp(max=T)))
    too_early = [jump_with(schedule.alpha_bar(t - 1)), jump_with(schedule.alpha_bars[t - 2])]
    step_alone = [jump_with(1 - beta), jump((1 - beta).sqrt()), jump(1 - beta, beta)]
    noise_of_step = [jump(keep, beta.sqrt()), jump(keep, beta)]
    sum_is_1 = [jump(keep, 1 - keep), jump(1 - add, add)]
    return {
        **wrong_factors(jump, keep, add, "ᾱ_t", "(1−ᾱ_t)"),
        "A root is taken twice. Take 1 − ᾱ_t first and then the root, once; signal_rate and "
        "noise_rate are roots already.": roots,
        "Your two factors add up to 1. Their squares should: √ᾱ_t and √(1−ᾱ_t).": sum_is_1,
        f"That is x_{{t+1}}: one index too far. {SHIFT}": too_far,
        f"That is x_{{t−1}}: one index too early. {SHIFT}": too_early,
        "You took ᾱ_T, the product of all α. The picture has been through t steps only: "
        "ᾱ_t.": jump_with(schedule.alpha_bar(T)),
        "You took α_t, which is step t alone. The jump needs the product of the first t of them, "
        "ᾱ_t.": step_alone,
        "You scaled the noise with β_t, which is what step t alone adds. By time t the noise has "
        "the factor √(1−ᾱ_t).": noise_of_step,
    }
