"""Whether random numbers are drawn by their law: noise from N(0, 1), times from 1 … T.

The numbers come from many calls of an attempt, so that chance is averaged out. Beside each bound
stands how often a right answer would break it if the seed were not fixed; what is only a name for a
mistake found anyway has no such rate. In lessons 4, 5 and 7 all bounds come to less than 10⁻⁷ each.
"""

from itertools import combinations

import torch
from torch import Tensor
from torch.nn.functional import one_hot
from torch.special import ndtr

from diffusion.teaching.checks.judging import Mistake

CALLS = 200  # for all tests
FEW_CALLS = 20  # for those that look at each number by itself, if a call has hundreds
DIMENSIONS = "pictures", "channels", "rows", "columns"  # the last ones, where there are fewer


def check_normal(noise: Tensor, draw: str, beside: Tensor | None = None, off: str = "") -> None:
    """Raise what keeps noise from N(0, 1) with each number drawn by itself, if anything does.

    Args:
        noise: shape (calls, …).
        draw: the right way to draw it, in code.
        beside: other numbers of each call, shape (calls, n), with which it has nothing to do.
        off: what to say of another mean or variance.
    """
    own = f"Each number needs its own: {draw}."
    names = DIMENSIONS[-noise.ndim + 1 :]
    shared = [
        name
        for dim, name in enumerate(names, start=1)
        if noise.shape[dim] > 1 and noise.diff(dim=dim).abs().max() < 1e-4
    ]
    if shared:
        raise Mistake(f"The noise is the same for all {' and '.join(shared)}. {own}")
    _check_spread(noise.flatten(), draw, off)
    if len(noise) == CALLS:
        if _hang_together(noise if beside is None else torch.cat([noise.flatten(1), beside], 1)):
            also = "" if beside is None else ", or about t"
            raise Mistake(
                f"The numbers of your noise hang together: one tells about another{also}. {own}"
            )
        _check_nothing_made_exact(noise, draw)
    # Φ(ε) is uniform: 20 bins are equally full. χ² with 19 degrees of freedom: 3 · 10⁻¹⁰.
    if chi_squared((20 * ndtr(noise)).long().clamp(max=19).flatten().bincount(minlength=20)) > 85:
        raise Mistake(
            "Your noise has mean 0 and variance 1, but not the shape of a bell curve. Draw it with "
            f"{draw}."
        )


def _check_spread(noise: Tensor, draw: str, off: str) -> None:
    """The values, one by one, should spread as far as those of N(0, 1)."""
    n, mean, variance = len(noise), noise.mean().item(), noise.var().item()
    values, largest = len((100 * noise).round().unique()), noise.abs().max()
    width = (noise.max() - noise.min()).item()
    if values < 50:  # those of a bell curve, to two digits, are some 700
        raise Mistake(f"Your noise has {values} values only. The bell curve has them all: {draw}.")
    if abs((12 * variance) ** 0.5 - width) < 0.03 * width:  # as a box of this width has it
        raise Mistake(
            "Your noise is uniform. torch.randn draws from the bell curve, torch.rand does not: "
            f"{draw}."
        )
    if (noise.abs() > largest - 1e-4).sum() > n / 1000:  # a bell curve has one there
        raise Mistake("You clamped the noise. Clamping is for showing, not for the data.")
    # In standard errors; each is beyond 6 in 2 · 10⁻⁹ of all cases.
    if abs(mean) * n**0.5 > 6 or abs(variance - 1) * (n / 2) ** 0.5 > 6:
        raise Mistake(
            off
            or f"Your noise has the mean {mean:z.2f} and the variance {variance:.2f}. They should "
            f"be 0 and 1: {draw}."
        )


def _hang_together(numbers: Tensor) -> bool:
    """Whether any two numbers of a call, or of two calls in a row, are correlated."""
    two_calls = torch.cat([numbers[:-1].flatten(1), numbers[1:].flatten(1)], dim=1)
    correlations = torch.corrcoef(two_calls.T).fill_diagonal_(0)
    return bool(correlations.abs().max() > 0.5)  # any of 135 000 pairs, in lesson 5: 7 · 10⁻⁹


def _check_nothing_made_exact(noise: Tensor, draw: str) -> None:
    """Mean and mean square of a batch, a picture, a row … differ from 0 and 1, as chance has it."""
    dims, square = range(1, noise.ndim), noise.square()
    for group in (group for size in dims for group in combinations(dims, size)):
        n = noise[0].numel() / noise.mean(group)[0].numel()
        if n == 1:
            continue
        means = noise.mean(group) * n**0.5
        squares = (square.mean(group) - 1) * (n / 2) ** 0.5
        # Both have mean 0 and variance 1, over 200 groups or more: below 0.4 in 10⁻¹³ of all cases.
        if min(means.square().mean(), squares.square().mean()) < 0.4:
            raise Mistake(
                "You took the noise's own mean away, or divided it by its own spread. These are 0 "
                f"and 1 over many draws, and not in each. Leave it as {draw} gives it."
            )


def times_hang_together(t: Tensor, T: int) -> bool:
    """Whether one of the times tells about another, in its call or the next. t has (calls, n)."""
    two_calls = one_hot(torch.cat([t[:-1], t[1:]], dim=1) - 1, T).double()
    tables = torch.einsum("cia,cjb->ijab", two_calls, two_calls)  # how often each pair of times
    first, second = torch.triu_indices(*tables.shape[:2], offset=1)
    # With n = 4 and T = 5, 28 tables of 25 pairs: χ² with 24 degrees of freedom. In the four of a
    # time and its next one, each time counts twice: 2 χ²(4) + χ²(16). Beyond 130: 10⁻⁹ in all.
    return bool(chi_squared(tables[first, second].flatten(1)).max() > 130)


def chi_squared(counts: Tensor) -> Tensor:
    """How uneven counts are that should all be alike, along the last dimension."""
    expected = counts.double().mean(-1, keepdim=True)
    return ((counts - expected) ** 2 / expected).sum(-1)
