"""Whether two walks back are right: in each step the posterior's mean, and noise of its variance.

Both are drawn with the same seed, from different x_T, and so with the same noise. Their difference
has none, and shows to the last digit what a step makes of x_t and of the guess.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from diffusion import NoiseSchedule
from diffusion.forward_process import spread
from diffusion.teaching.checks.factors_back import (
    OF_X_0,
    OF_X_T,
    name_step,
    shares,
    solve,
    step_factors,
)
from diffusion.teaching.checks.judging import NOT_YET, Mistake, about_draws, same
from diffusion.teaching.checks.laws import CALLS, check_normal

DRAW = "torch.randn(x_t.shape, generator=generator)"


class Walk(NamedTuple):
    """x_T … x_0, shape (T + 1, B, …), and the guess of the noise in each but the last, float64."""

    x: Tensor
    guess: Tensor


def check_walks(first: Walk, walk: Walk, schedule: NoiseSchedule, draws: list[Tensor]) -> None:
    """`draws` are x_0 of this walk, of the next with the generator, and of this once more."""
    complaint = about_draws("The noise", *draws, DRAW)
    if complaint and not same(*draws[:2]):  # the same in every call: there may be none at all
        raise Mistake(complaint)
    t = torch.arange(len(schedule), 0, -1)
    _check_means(first, walk, t, schedule)
    a, b = (spread(factor, walk.x) for factor in step_factors(t, schedule))
    _check_noise(walk.x[1:] - a * walk.x[:-1] - b * walk.guess, t, schedule)
    if complaint:
        raise Mistake(complaint)


def _check_means(first: Walk, walk: Walk, t: Tensor, schedule: NoiseSchedule) -> None:
    x, guess = walk.x - first.x, walk.guess - first.guess
    steps = [solve(torch.stack(pair), after) for *pair, after in zip(x, guess, x[1:], strict=False)]
    yours = torch.stack([factors for factors, _ in steps], dim=1)
    right = torch.stack(step_factors(t, schedule))
    if max(rest for _, rest in steps) > 1e-3:
        _name_clamp(first, walk, t, schedule)
        raise Mistake(NOT_YET)
    if same(yours[:, :-1], right[:, :-1]) and same(walk.x[-1], walk.x[-2]):
        raise Mistake("You gave back x_1. The last step, t = 1, makes x_0 of it.")
    if not same(yours, right):
        name_step(*yours, t, schedule)


def _name_clamp(first: Walk, walk: Walk, t: Tensor, schedule: NoiseSchedule) -> None:
    """Raise what is clamped, where a step is not linear in x_t and the guess."""
    of = {name: spread(share, walk.x) for name, share in shares(t, schedule).items()}

    def mean(x, guess):
        x_0 = (x[:-1] - of["1 − ᾱ_t"].sqrt() * guess) / of["ᾱ_t"].sqrt()
        return OF_X_0.value(of) * x_0.clamp(-1, 1) + OF_X_T.value(of) * x[:-1]

    if same(walk.x[1:] - first.x[1:], mean(*walk) - mean(*first)):
        raise Mistake(
            "You clamp the guess of x_0. Many do that for pictures, but Algorithm 2 does not."
        )
    if walk.x[-1].max() == 1 and (walk.x[-1] == 1).sum() > 1:
        raise Mistake("You clamp x_t, or the result. Clamping is for showing, not for the data.")


def _check_noise(noise: Tensor, t: Tensor, schedule: NoiseSchedule) -> None:
    """What was added to the means of the steps T … 1, shape (T, B, …)."""
    if noise.abs().max() < 1e-3:
        raise Mistake(f"No noise is added. All steps but the last add √β̃_t · {DRAW}.")
    if noise[-1].abs().max() > 1e-3:
        raise Mistake("You add noise in the last step as well. At t = 1, x_0 is the mean itself.")
    if noise.shape[1] != CALLS:
        return  # too little to tell more
    noise, of = noise[:-1], shares(t[:-1], schedule)
    yours, right = noise.flatten(1).std(1), of["β̃_t"].sqrt()
    if noise.diff(dim=1).abs().max() < 1e-3:
        raise Mistake(f"The noise is the same for all elements. Each needs its own: {DRAW}.")
    if (noise / spread(yours, noise)).diff(dim=0).abs().max() < 1e-3:
        raise Mistake(f"The noise is the same in every step. Draw it anew in each: {DRAW}.")
    for message, wrong in {
        "The noise that you add has the variance β_t. The paper tries that as well. Asked for is "
        "the posterior's, β̃_t = β_t (1 − ᾱ_{t−1}) / (1 − ᾱ_t).": [of["β_t"].sqrt()],
        "You scaled the noise with a variance. Scale it with the root, √β̃_t.": [
            of["β̃_t"],
            of["β_t"],
        ],
        "The noise arrives at full strength. Scale it with √β̃_t.": [torch.ones_like(right)],
    }.items():
        if any(torch.allclose(yours, one, rtol=0.05) for one in wrong):
            raise Mistake(message)
    widths = yours / right
    worst = (widths - 1).abs().argmax()
    off = (
        f"At t = {t[worst]}, your noise has the mean {noise[worst].mean():z.2f} and the standard "
        f"deviation {yours[worst]:.2f}. They should be 0 and √β̃_t = {right[worst]:.2f}."
    )
    if widths.max() > 1.08 * widths.min():  # 8 standard errors
        raise Mistake(off)
    noise = (noise / spread(right, noise)).movedim(1, 0)
    check_normal(noise, DRAW, off=off)
    # Any two of 200 elements, of 192 numbers each: 10⁻⁹.
    if torch.corrcoef(noise.flatten(1)).fill_diagonal_(0).abs().max() > 0.5:
        raise Mistake(f"The noise of one element tells about another's. Draw it all: {DRAW}.")
