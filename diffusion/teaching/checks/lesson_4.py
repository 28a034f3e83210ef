"""Lesson 4, jump to any t."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from diffusion import NoiseSchedule, forward_chain
from diffusion.teaching.checks.factors import wrong_factors
from diffusion.teaching.checks.judging import (
    NOT_YET,
    SHIFT,
    Mistake,
    Mistakes,
    Trial,
    about_draws,
    as_tensor,
    gaussian,
    judge,
    name_mistake,
    same,
    uneven_schedule,
)
from diffusion.teaching.checks.laws import CALLS, FEW_CALLS, check_normal

SEED = 1402  # one that nobody uses for a generator of their own
DRAW = "torch.randn(x_0.shape, generator=generator)"


def check_q_sample(attempt: Callable[[Tensor, int, NoiseSchedule, Generator], Tensor]) -> None:
    """Lesson 4: `attempt(x_0, t, schedule, generator)` is x_t, with noise from the generator."""
    others = [(1, (1, 20, 30)), (5, (300, 2))]
    label = "Right for t = 3 and x_0 of shape (4, 8, 8), but not for t = {} and {}: "
    judge(
        attempt,
        _jump_trial(3, (4, 8, 8), calls=2),
        _jump_trial(3, (4, 8, 8), CALLS),
        *(_jump_trial(t, shape, FEW_CALLS, label.format(t, shape)) for t, shape in others),
    )


def _jump_trial(t: int, shape: tuple, calls: int, label: str = "") -> Trial:
    """How the noise is made of what the generator draws is the learner's own.

    A mistake shows in the first call, if the noise is the first draw, and a seed of the learner's
    own in the second. Whether an answer is right, its distribution over many calls tells.
    """

    def generator():
        return Generator().manual_seed(SEED)

    def inputs():
        return gaussian(*shape), t, uneven_schedule(), generator()

    def jump(noise):
        return keep * x_0 + add * noise

    def mistakes():
        walk = [*forward_chain(x_0, schedule, generator=generator())]
        return {
            **wrong_jumps(x_0, t, schedule, noise),
            "You walked there step by step. That is right, but slow: ᾱ_t takes you there in one "
            "jump.": walk[t - 1] if t > 1 else [],  # one step is a jump
        }

    def compare(answers, again):
        answers, first_again = [as_tensor(answer) for answer in answers], as_tensor(again[0])
        first, second = answers[:2]
        if not same(first, jump(noise)):
            name_mistake(first, jump(noise), mistakes())
        if complaint := about_draws("The noise", first, second, first_again, DRAW):
            raise Mistake(complaint)
        if calls > 2:
            _check_distribution(torch.stack(answers), x_0, keep, add)

    x_0, _, schedule, _ = inputs()
    keep, add = schedule.signal_rate(t), schedule.noise_rate(t)
    noise = torch.randn(x_0.shape, generator=generator())
    return Trial(inputs, compare, calls, label)


def _check_distribution(x_t: Tensor, x_0: Tensor, keep: Tensor, add: Tensor) -> None:
    """x_t, shape (calls, …), should be normal around √ᾱ_t x_0, with the variance 1 − ᾱ_t."""
    contrast = x_0 - x_0.mean()  # does not mind if the noise has a mean
    kept = ((x_t * contrast).sum() / (len(x_t) * (x_0 * contrast).sum())).item()
    noise = x_t - kept * x_0
    off = (
        f"{NOT_YET} Over many calls, your x_t is {kept:.2f} · x_0 and noise with mean "
        f"{noise.mean().item():z.2f} and standard deviation {noise.std():.2f}. They should be "
        f"{keep:.2f}, 0 and {add:.2f}."
    )
    check_normal((x_t - keep * x_0) / add, DRAW, off=off)
    # The standard error of what is kept. Beyond 6 of them: 2 · 10⁻⁹ of all cases.
    if abs(kept - keep) > 6 * add / (len(x_t) * contrast.square().sum()).sqrt():
        raise Mistake(off)


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
    beta_sum = schedule.betas.cumsum(0)[t - 1]
    sums = [jump_with((-beta_sum).exp()), jump_with(1 - beta_sum), jump(keep, beta_sum.sqrt())]
    noise_of_step = [jump(keep, beta.sqrt()), jump(keep, beta)]
    return {
        **wrong_factors(jump, keep, add, "ᾱ_t", "(1−ᾱ_t)"),
        "A root is taken twice. Take 1 − ᾱ_t first and then the root, once; signal_rate and "
        "noise_rate are roots already.": roots,
        f"That is x_{{t+1}}: one index too far. {SHIFT}": too_far,
        f"That is x_{{t−1}}: one index too early. {SHIFT}": too_early,
        "You took ᾱ_T, the product of all α. The picture has been through t steps only: "
        "ᾱ_t.": jump_with(schedule.alpha_bar(T)),
        "You took α_t, which is step t alone. The jump needs the product of the first t of them, "
        "ᾱ_t.": step_alone,
        "You took α_t to the power t. The product is over α_1 … α_t: each step has an α of its "
        "own.": jump_with((1 - beta) ** t),
        "You added up the β. That is an approximation, good where they are small. ᾱ_t is the "
        "product of the α.": sums,
        "You scaled the noise with β_t, which is what step t alone adds. By time t the noise has "
        "the factor √(1−ᾱ_t).": noise_of_step,
    }
