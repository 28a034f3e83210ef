"""Lesson 5, sample for training.

The order of the draws is the learner's own, so there are no numbers to compare with. What counts is
how the three tensors hang together, and how they are distributed over many calls.
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from diffusion import NoiseSchedule
from diffusion.teaching.checks.judging import (
    NOT_YET,
    Mistake,
    about_draws,
    compare_tensor,
    gaussian,
    judge,
    same,
    three_tensors,
    uneven_schedule,
)
from diffusion.teaching.checks.lesson_4 import SEED, wrong_jumps

# As many channels, rows and columns as pictures: rates along the wrong dimension then raise
# nothing, and can be named.
BATCH = 4
CALLS = 200  # 800 times and 51 200 numbers of noise: enough for the bounds below

TIMES = "torch.randint(1, schedule.time_steps + 1, x_0.shape[:1], generator=generator)"
NOISE = "torch.randn(x_0.shape, generator=generator)"
ONE_T = f"There is one t for the whole batch. Draw one for each element: {TIMES}."


def check_sample_xt(
    attempt: Callable[[Tensor, NoiseSchedule, Generator], tuple[Tensor, Tensor, Tensor]],
) -> None:
    """Lesson 5: `attempt(x_0, schedule, generator)` gives x_t, noise and t for training."""

    def inputs():
        x_0 = gaussian(BATCH, BATCH, BATCH, BATCH)
        return x_0, uneven_schedule(), Generator().manual_seed(SEED)

    def compare(answers, again):
        x_0, schedule, _ = inputs()
        for answer in (*answers, *again):
            _check_parts(answer, x_0)
        # A new first dimension, of the calls.
        x_t, noise, t = map(torch.stack, zip(*answers, strict=True))
        _, noise_again, t_again = map(torch.stack, zip(*again, strict=True))
        _check_draws("t", t, t_again, TIMES)
        _check_times(t, schedule.time_steps)
        _check_formula(x_t, noise, t, x_0, schedule)
        _check_draws("The noise", noise, noise_again, NOISE)
        _check_noise(noise)

    judge(attempt, inputs, compare, calls=CALLS)


def _check_parts(answer, x_0: Tensor) -> None:
    """One call's answer: three tensors, in order, of the right shapes and dtypes."""
    if isinstance(answer, (tuple, list)) and len(answer) == 3 and isinstance(answer[2], int):
        raise Mistake(ONE_T)
    three_tensors(answer, ("x_t", "noise", "t"))
    x_t, noise, t = answer
    if t.ndim > 1 and min(x_t.ndim, noise.ndim) <= 1:
        raise Mistake("The order is (x_t, noise, t): t comes last.")
    if t.numel() == 1:
        raise Mistake(ONE_T)
    like_x_0 = x_0.shape, x_0.dtype
    for name, part, (shape, dtype), advice in [
        ("t", t, (x_0.shape[:1], torch.int64), f"Draw it with {TIMES}, and keep its shape."),
        ("noise", noise, like_x_0, f"Every number of every picture needs its own: {NOISE}."),
        ("x_t", x_t, like_x_0, "Reshape the rates to (B, 1, 1, 1)."),
    ]:
        if part.shape != shape:
            yours = tuple(part.shape)
            raise Mistake(f"{name}: The shape should be {tuple(shape)}, not {yours}. {advice}")
        if part.dtype != dtype:
            raise Mistake(f"{name}: The dtype should be {dtype}, not {part.dtype}.")


def _check_draws(name: str, draws: Tensor, again: Tensor, draw: str) -> None:
    half = CALLS // 2
    if complaint := about_draws(name, draws[:half], draws[half:], again[:half], draw):
        raise Mistake(complaint)


def _check_times(t: Tensor, T: int) -> None:
    """t, shape (calls, B): uniform over 1 … T, one draw per element."""
    if (t == t[:, :1]).all():
        raise Mistake(ONE_T)
    first, last = t.min().item(), t.max().item()
    if (first, last) != (1, T):
        ranges = {
            (0, T - 1): "Your t run from 0 to T − 1. t = 0 is clean data, which teaches nothing, "
            "and T is never drawn",
            (0, T): "Your t begin at 0. t = 0 is clean data, which teaches nothing",
            (1, T - 1): "T is never drawn. The upper end of torch.randint is excluded",
        }
        otherwise = f"Your t run from {first} to {last}. They should run from 1 to T, here {T}"
        raise Mistake(f"{ranges.get((first, last), otherwise)}: {TIMES}.")
    counts = t.flatten().bincount(minlength=T + 1)[1:].double()
    # χ² with T − 1 = 4 degrees of freedom: above 32 once in 500 000.
    if ((counts - counts.mean()) ** 2 / counts.mean()).sum() > 32:
        raise Mistake(
            f"Some t are drawn more often than others. Each should be as likely: {TIMES}."
        )


def _check_formula(x_t, noise, t, x_0: Tensor, schedule: NoiseSchedule) -> None:
    """x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε, with the t and the noise that came with it."""

    def jump(t):
        return schedule.signal_rate(t) * x_0 + schedule.noise_rate(t) * noise

    times = t[:, :, None, None, None]
    if same(x_t, jump(times)):
        return
    signal, noise_rate = schedule.signal_rate(times) * x_0, schedule.noise_rate(times)
    mistakes = {
        "The order is (x_t, noise, t): x_t comes first, then the noise.": (noise - signal)
        / noise_rate,
        "x_t and the noise are one and the same. If you changed the noise in place, make a new "
        "tensor.": noise,
        "Your rates run along another dimension than the batch, so that each picture mixes "
        "several t. Reshape them to (B, 1, 1, 1).": [
            jump(t[:, None, None, None, :]),
            jump(t[:, None, None, :, None]),
            jump(t[:, None, :, None, None]),
        ],
        "One element's rates are used for the whole batch. Look them up with all of t, and reshape "
        "them to (B, 1, 1, 1).": [jump(times[:, :1]), jump(times[:, -1:])],
    }
    if _spread_is_one(noise / noise_rate):
        mistakes[
            "You gave back √(1−ᾱ_t) times the noise. Give back the noise itself: it is what the "
            "network learns to predict."
        ] = signal + noise
    mistakes |= wrong_jumps(x_0, times, schedule, noise)

    added = x_t - signal
    at_each_t = torch.stack([jump(torch.tensor(s)) for s in range(1, schedule.time_steps + 1)])
    fits_some_t = (at_each_t - x_t).abs().amax(dim=(3, 4, 5)) < 1e-3
    otherwise = NOT_YET
    if (added * noise).mean().abs() <= 0.03 * added.std() * noise.std():
        otherwise = (
            "The noise that you give back is not the noise that you added. Draw it once, and use "
            "it twice."
        )
    elif fits_some_t.any(0).all():
        otherwise = (
            "The t that you give back is not the t that you used. Draw it once, and use it twice."
        )
    compare_tensor(x_t, jump(times), mistakes, otherwise)


def _check_noise(noise: Tensor) -> None:
    """Noise of shape (calls, B, …): from N(0, 1), each number drawn by itself."""
    if (noise == noise[:, :1]).all():
        raise Mistake(f"All pictures have the same noise. Each needs its own: {NOISE}.")
    if any((noise == noise.narrow(dim, 0, 1)).all() for dim in range(2, noise.ndim)):
        raise Mistake(f"The noise repeats within a picture. Each number needs its own: {NOISE}.")
    mean, std = noise.mean().item(), noise.std().item()
    width = (noise.max() - noise.min()).item()
    if abs(std * 12**0.5 - width) < 0.01 * width:
        raise Mistake(
            "Your noise is uniform. torch.randn draws from the bell curve, torch.rand does not: "
            f"{NOISE}."
        )
    if abs(mean) > 0.03 or not _spread_is_one(noise):
        raise Mistake(
            f"Your noise has the mean {mean:.2f} and the variance {std**2:.2f}. They should be 0 "
            f"and 1: {NOISE}."
        )


def _spread_is_one(noise: Tensor) -> bool:
    return abs(noise.var().item() - 1) < 0.04
