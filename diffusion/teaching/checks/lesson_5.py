"""Lesson 5, sample for training.

The order of the draws is the learner's own, so there are no numbers to compare with. What counts is
how the three tensors hang together, and how they are distributed over many calls.
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from diffusion import NoiseSchedule
from diffusion.teaching.checks.judging import (
    CORRECT,
    NOT_ATTEMPTED,
    about_draws,
    about_parts,
    gaussian,
    judge,
    nothing,
    same,
    several_calls,
    verdict_on_tensor,
)
from diffusion.teaching.checks.lesson_4 import SCHEDULE, SEED, wrong_jumps

# As many channels, rows and columns as pictures: rates along the wrong dimension then raise
# nothing, and can be named.
BATCH = 4
CALLS = 200  # 800 times and 51 200 numbers of noise: enough for the bounds below

TIMES = "torch.randint(1, schedule.time_steps + 1, x_0.shape[:1], generator=generator)"
NOISE = "torch.randn(x_0.shape, generator=generator)"
ONE_T = f"There is one t for the whole batch. Draw one for each element: {TIMES}."


def sample_xt(
    attempt: Callable[[Tensor, NoiseSchedule, Generator], tuple[Tensor, Tensor, Tensor]],
) -> None:
    """Lesson 5: `attempt(x_0, schedule, generator)` gives x_t, noise and t for training."""
    x_0 = gaussian(BATCH, BATCH, BATCH, BATCH)

    def verdict(answers, again):
        if nothing(answers[0]):
            return NOT_ATTEMPTED
        for answer in (*answers, *again):
            if complaint := _about_parts(answer, x_0):
                return complaint
        x_t, noise, t = map(torch.stack, zip(*answers, strict=True))  # a new first dimension: calls
        _, noise_again, t_again = map(torch.stack, zip(*again, strict=True))
        half = CALLS // 2
        return (
            about_draws("t", t[:half], t[half:], t_again[:half], TIMES)
            or _about_times(t)
            or _about_formula(x_t, noise, t, x_0)
            or about_draws("The noise", noise[:half], noise[half:], noise_again[:half], NOISE)
            or _about_noise(noise)
            or CORRECT
        )

    arguments = (x_0, SCHEDULE, Generator().manual_seed(SEED))
    judge(attempt, arguments, verdict, run=several_calls(CALLS))


def _about_parts(answer, x_0: Tensor) -> str | None:
    """One call's answer: three tensors, in order, of the right shapes and dtypes."""
    if isinstance(answer, (tuple, list)) and len(answer) == 3 and isinstance(answer[2], int):
        return ONE_T
    if complaint := about_parts(answer, ("x_t", "noise", "t")):
        return complaint
    x_t, noise, t = answer
    if t.ndim > 1 and min(x_t.ndim, noise.ndim) <= 1:
        return "The order is (x_t, noise, t): t comes last."
    if t.numel() == 1:
        return ONE_T
    if t.shape != x_0.shape[:1]:
        return (
            f"t: The shape should be ({BATCH},), one time per element, but yours is "
            f"{tuple(t.shape)}. If you reshaped it for the blend, give it back as it was."
        )
    if t.dtype != torch.int64:
        return (
            f"t: Times are whole numbers of dtype torch.int64, not {t.dtype}. Draw them with "
            f"{TIMES}."
        )
    if noise.shape != x_0.shape:
        return (
            f"noise: The shape should be {tuple(x_0.shape)}, so that every number of every picture "
            f"has its own, but yours is {tuple(noise.shape)}. Draw {NOISE}."
        )
    if x_t.shape != x_0.shape:
        return (
            f"x_t: The shape should be {tuple(x_0.shape)}, as that of x_0, but yours is "
            f"{tuple(x_t.shape)}. Reshape the rates to (B, 1, 1, 1)."
        )
    for name, part in {"noise": noise, "x_t": x_t}.items():
        if part.dtype != x_0.dtype:
            return f"{name}: Keep the dtype of x_0, {x_0.dtype}; yours is {part.dtype}."
    return None


def _about_times(t: Tensor) -> str | None:
    """t, shape (calls, B): uniform over 1 … T, one draw per element."""
    T = SCHEDULE.time_steps
    if (t == t[:, :1]).all():
        return ONE_T
    first, last = t.min().item(), t.max().item()
    if (first, last) == (0, T - 1):
        return (
            "Your t run from 0 to T − 1. t = 0 is clean data, which teaches nothing, and T is "
            f"never drawn: {TIMES}."
        )
    if first == 0:
        return f"Your t begin at 0. t = 0 is clean data, which teaches nothing: {TIMES}."
    if (first, last) == (1, T - 1):
        return f"T is never drawn. The upper end of torch.randint is excluded: {TIMES}."
    if (first, last) != (1, T):
        return (
            f"Your t run from {first} to {last}. They should run from 1 to T, which is {T} "
            f"here: {TIMES}."
        )
    counts = t.flatten().bincount(minlength=T + 1)[1:].double()
    # χ² with T − 1 = 4 degrees of freedom: above 32 once in 500 000.
    if ((counts - counts.mean()) ** 2 / counts.mean()).sum() > 32:
        return f"Some t are drawn more often than others. Each should be as likely: {TIMES}."
    return None


def _about_formula(x_t: Tensor, noise: Tensor, t: Tensor, x_0: Tensor) -> str | None:
    """x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε, with the t and the noise that came with it."""

    def jump(t):
        return SCHEDULE.signal_rate(t) * x_0 + SCHEDULE.noise_rate(t) * noise

    times = t[:, :, None, None, None]
    if same(x_t, jump(times)):
        return None
    signal, noise_rate = SCHEDULE.signal_rate(times) * x_0, SCHEDULE.noise_rate(times)
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
    mistakes |= wrong_jumps(x_0, times, SCHEDULE, noise)

    otherwise = None
    candidates = torch.stack([jump(torch.tensor(s)) for s in range(1, SCHEDULE.time_steps + 1)])
    fits = (candidates - x_t).abs().amax(dim=(3, 4, 5)) < 1e-3
    if fits.any(0).all():
        otherwise = (
            "The t that you give back is not the t that you used. Draw it once, and use it twice."
        )
    added = x_t - signal
    if (added * noise).mean().abs() <= 0.03 * added.std() * noise.std():
        otherwise = (
            "The noise that you give back is not the noise that you added. Draw it once, and use "
            "it twice."
        )
    return verdict_on_tensor(x_t, jump(times), mistakes, otherwise)


def _about_noise(noise: Tensor) -> str | None:
    """Noise of shape (calls, B, …): from N(0, 1), each number drawn by itself."""
    if (noise == noise[:, :1]).all():
        return f"All pictures of the batch have the same noise. Each needs its own: {NOISE}."
    if any((noise == noise.narrow(dim, 0, 1)).all() for dim in range(2, noise.ndim)):
        return f"The noise repeats within a picture. Each number needs its own: {NOISE}."
    mean, std = noise.mean().item(), noise.std().item()
    width = (noise.max() - noise.min()).item()
    if abs(std * 12**0.5 - width) < 0.01 * width:
        return (
            "Your noise is uniform. torch.randn draws from the bell curve, torch.rand does not: "
            f"{NOISE}."
        )
    if abs(mean) > 0.03 or not _spread_is_one(noise):
        return (
            f"Your noise has the mean {mean:.2f} and the variance {std**2:.2f}. They should be 0 "
            f"and 1: {NOISE}."
        )
    return None


def _spread_is_one(noise: Tensor) -> bool:
    return abs(noise.var().item() - 1) < 0.04
