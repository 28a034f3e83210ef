"""Lesson 5, sample for training.

The order of the draws is the learner's own, so there are no numbers to compare with. What counts is
how the three tensors hang together, and how they are distributed over many calls.
"""

from collections.abc import Callable
from functools import partial
from itertools import product

import torch
from torch import Generator, Tensor

from diffusion import NoiseSchedule
from diffusion.teaching.checks.judging import (
    NOT_YET,
    Mistake,
    Trial,
    about_draws,
    compare_tensor,
    gaussian,
    judge,
    same,
    several_tensors,
    uneven_schedule,
)
from diffusion.teaching.checks.laws import CALLS, check_normal, chi_squared, times_hang_together
from diffusion.teaching.checks.lesson_4 import SEED, wrong_jumps

# As many channels, rows and columns as pictures: rates along the wrong dimension then raise
# nothing, and can be named.
PICTURES = (4, 4, 4, 4)
OTHERS = [(3, 3), (3, 5, 2), (1, 3, 2, 5)]

TIMES = "torch.randint(1, schedule.time_steps + 1, x_0.shape[:1], generator=generator)"
NOISE = "torch.randn(x_0.shape, generator=generator)"
ONE_T = f"There is one t for the whole batch. Draw one for each element: {TIMES}."
INTEGERS = torch.int64, torch.int32
RESHAPE = "Reshape both rates to (B, 1, …, 1), with as many dimensions as x_0."


def check_sample_xt(
    attempt: Callable[[Tensor, NoiseSchedule, Generator], tuple[Tensor, Tensor, Tensor]],
) -> None:
    """Lesson 5: `attempt(x_0, schedule, generator)` gives x_t, noise and t for training."""
    label = f"Right for pictures of shape {PICTURES}, but not for x_0 of shape {{}}: "
    judge(
        attempt,
        _trial(PICTURES, _check_parts),
        _trial(PICTURES, _check_laws, calls=CALLS),
        *(_trial(shape, _check_form, calls=6, label=label.format(shape)) for shape in OTHERS),
    )


def _trial(shape: tuple, check: Callable, calls: int = 1, label: str = "") -> Trial:
    def inputs():
        # Half as wide as the noise: what has the spread of x_0 is no noise.
        return gaussian(*shape) / 2, uneven_schedule(), Generator().manual_seed(SEED)

    x_0, schedule, _ = inputs()
    return Trial(inputs, partial(check, x_0=x_0, schedule=schedule), calls, label)


def _check_parts(answers, again, x_0: Tensor, schedule: NoiseSchedule) -> None:
    """Each answer: three tensors, in order, of the right shapes and dtypes."""
    for answer in (*answers, *again):
        if isinstance(answer, (tuple, list)) and len(answer) == 3 and isinstance(answer[2], int):
            raise Mistake(ONE_T)
        several_tensors(answer, ("x_t", "noise", "t"))
        x_t, noise, t = answer
        if t.ndim > 1 and min(x_t.ndim, noise.ndim) <= 1:
            raise Mistake("The order is (x_t, noise, t): t comes last.")
        if t.numel() == 1 < len(x_0):
            raise Mistake(ONE_T)
        like_x_0 = x_0.shape, [x_0.dtype]
        for name, part, (shape, dtypes), advice in [
            ("t", t, (x_0.shape[:1], INTEGERS), f"Draw it with {TIMES}, and keep its shape."),
            ("noise", noise, like_x_0, f"Every number of every picture needs its own: {NOISE}."),
            ("x_t", x_t, like_x_0, RESHAPE),
        ]:
            if part.shape != shape:
                yours = tuple(part.shape)
                raise Mistake(f"{name}: The shape should be {tuple(shape)}, not {yours}. {advice}")
            if part.dtype not in dtypes:
                raise Mistake(f"{name}: The dtype should be {dtypes[0]}, not {part.dtype}.")


def _check_form(answers, again, x_0: Tensor, schedule: NoiseSchedule) -> None:
    _check_parts(answers, again, x_0, schedule)
    for x_t, noise, t in answers:
        times = t.long().reshape(-1, *[1] * (x_0.ndim - 1))
        if not same(x_t, schedule.signal_rate(times) * x_0 + schedule.noise_rate(times) * noise):
            raise Mistake(f"The numbers differ from the formula. {RESHAPE}")


def _check_laws(answers, again, x_0: Tensor, schedule: NoiseSchedule) -> None:
    _check_parts(answers, again, x_0, schedule)
    # A new first dimension, of the calls.
    x_t, noise, t = map(torch.stack, zip(*answers, strict=True))
    _, noise_again, t_again = map(torch.stack, zip(*again, strict=True))
    t = t.long()
    check_draws("t", t, t_again, TIMES)
    check_times(t, x_t, noise, x_0, schedule)
    _check_formula(x_t, noise, t, x_0, schedule)
    check_draws("The noise", noise, noise_again, NOISE)
    check_normal(noise, NOISE, beside=t)


def check_draws(name: str, draws: Tensor, again: Tensor, draw: str) -> None:
    n = len(again)
    if complaint := about_draws(name, draws[:n], draws[n : 2 * n], again, draw):
        raise Mistake(complaint)


def check_times(t: Tensor, x_t, noise, x_0: Tensor, schedule: NoiseSchedule) -> None:
    """t, shape (calls, B): uniform over 1 … T, each drawn by itself."""
    T = len(schedule)
    if (t == t[:, :1]).all():
        raise Mistake(ONE_T)
    first, last = t.min().item(), t.max().item()
    if (first, last) == (0, T - 1):
        times = t[:, :, None, None, None] + 1
        if same(x_t, schedule.signal_rate(times) * x_0 + schedule.noise_rate(times) * noise):
            raise Mistake(
                "You count from 0, as the diffusers library does: its t is our t − 1. Here t runs "
                f"from 1 to T: {TIMES}."
            )
    if (first, last) != (1, T):
        ranges = {
            (0, T - 1): "Your t run from 0 to T − 1. t = 0 is clean data, which teaches nothing, "
            "and T is never drawn",
            (0, T): "Your t begin at 0. t = 0 is clean data, which teaches nothing",
            (1, T - 1): "T is never drawn. The upper end of torch.randint is excluded",
        }
        otherwise = f"Your t run from {first} to {last}. They should run from 1 to T, here {T}"
        raise Mistake(f"{ranges.get((first, last), otherwise)}: {TIMES}.")
    # χ² with T − 1 = 4 degrees of freedom: 4 · 10⁻⁹.
    if chi_squared(t.flatten().bincount(minlength=T + 1)[1:]) > 45:
        raise Mistake(
            f"Some t are drawn more often than others. Each should be as likely: {TIMES}."
        )
    if (t.diff() >= 0).all() or (t.diff() <= 0).all():
        raise Mistake(f"Your t are sorted within the batch. Leave them as they are drawn: {TIMES}.")
    if (t[:, :, None] == t[:, None, :]).sum() == t.numel():
        raise Mistake(
            "No two elements of a batch ever have the same t, as torch.randperm draws them. Draw "
            f"each by itself: {TIMES}."
        )
    if times_hang_together(t, T):
        raise Mistake(f"Your t hang together: one tells about another. Draw each alone: {TIMES}.")


def _check_formula(x_t, noise, t, x_0: Tensor, schedule: NoiseSchedule) -> None:
    """x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε, with the t and the noise that came with it."""

    def jump(times_of_signal, times_of_noise):
        signal = schedule.signal_rate(times_of_signal) * x_0
        return signal + schedule.noise_rate(times_of_noise) * noise

    times = t[:, :, None, None, None]
    right = jump(times, times)
    if same(x_t, right):
        return
    signal_rate, noise_rate = schedule.signal_rate(times), schedule.noise_rate(times)
    signal = signal_rate * x_0
    astray = [t[:, None, None, None, :], t[:, None, None, :, None], t[:, None, :, None, None]]
    loaded = [2 * x_0 - 1, (x_0 + 1) / 2, (x_0 - x_0.mean()) / x_0.std(), x_0.clamp(-1, 1)]
    mistakes = {
        "The order is (x_t, noise, t): x_t comes first, then the noise.": (noise - signal)
        / noise_rate,
        "x_t and the noise are one and the same. If you changed the noise in place, make a new "
        "tensor.": noise,
        "Your rates run along another dimension than the batch, so that each picture mixes "
        f"several t. {RESHAPE}": [jump(one, other) for one, other in product(astray, repeat=2)],
        "One of your two rates runs along another dimension than the batch, so that each picture "
        f"mixes several t. {RESHAPE}": [jump(times, other) for other in astray]
        + [jump(other, times) for other in astray],
        f"One element's rates are used for the whole batch. Look up those of all t. {RESHAPE}": [
            jump(times[:, :1], times[:, :1]),
            jump(times[:, -1:], times[:, -1:]),
        ],
        "The noise has one sign in x_t and the other where you give it back, so that the network "
        "would learn −ε. Add the very noise that you give back.": signal - noise_rate * noise,
        "You rescaled or clamped x_0. Take the data as they come; they are scaled where they are "
        "loaded.": [signal_rate * other + noise_rate * noise for other in loaded],
    }
    if abs((noise / noise_rate).var().item() - 1) < 0.04:
        mistakes[
            "You gave back √(1−ᾱ_t) times the noise. Give back the noise itself: it is what the "
            "network learns to predict."
        ] = signal + noise
    mistakes |= wrong_jumps(x_0, times, schedule, noise)

    added = x_t - signal
    otherwise = NOT_YET
    if (added * noise).mean().abs() <= 0.03 * added.std() * noise.std():
        otherwise = (
            "The noise that you give back is not the noise that you added. Draw it once, and use "
            "it twice."
        )
    elif fits_some_t(x_t, noise, x_0, schedule):
        otherwise = (
            "The t that you give back is not the t that you used. Draw it once, and use it twice."
        )
    compare_tensor(x_t, right, mistakes, otherwise)


def fits_some_t(x_t: Tensor, noise: Tensor, x_0: Tensor, schedule: NoiseSchedule) -> bool:
    """Whether each element of x_t, shape (calls, B, …), is a jump with this noise to some t."""
    distances = [
        (schedule.signal_rate(t) * x_0 + schedule.noise_rate(t) * noise - x_t).abs()
        for t in range(1, len(schedule) + 1)
    ]
    return bool((torch.stack(distances).flatten(3).amax(3) < 1e-3).any(0).all())
