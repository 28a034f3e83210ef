"""Feedback on the exercises that names the mistake.

Each check takes what the learner wrote and prints one line: that nothing has been attempted, that
it is correct, or what went wrong. It never raises, whatever it is given, so that an open
exercise is no broken notebook.
"""

import copy
import math
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from numbers import Real

import torch
from torch import Tensor

import diffusion
from diffusion import NoiseSchedule

NOT_ATTEMPTED = (
    "Not attempted yet: replace the ... by your code. (You did? Then a return is missing.)"
)


# ------------------------------------------------------------------------------ the exercises


def forward_step(attempt: Callable[[Tensor, float, Tensor], Tensor]) -> None:
    """Lesson 1: `attempt(x_prev, beta, noise)` is √(1 − β) x_prev + √β noise."""
    x, noise, beta = _gaussian(3, 4, 4), _gaussian(3, 4, 4, seed=1), 0.19
    keep, add = math.sqrt(1 - beta), math.sqrt(beta)
    _check_tensor(
        attempt,
        (x, beta, noise),
        right=keep * x + add * noise,
        mistakes={
            "You scaled the noise by β. β is a variance, and a variance scales noise by its "
            "square root: √β.": keep * x + beta * noise,
            "You left √(1−β) out: the noise is added on top of the full picture, and the variance "
            "climbs with every step.": x + add * noise,
            "You kept (1−β) of the picture instead of √(1−β). A share of the variance needs a "
            "square root to become a factor.": (1 - beta) * x + add * noise,
            "You left out both square roots.": (1 - beta) * x + beta * noise,
            "You left √(1−β) out and used β for √β.": x + beta * noise,
            "You clamped the result. Clamping is for showing; the data must stay as it is.": (
                keep * x + add * noise
            ).clamp(-1, 1),
            "The two factors are swapped: √(1−β) belongs to the picture, √β to the noise.": add * x
            + keep * noise,
            "You subtracted the noise. It would do no harm (−ε is as likely as ε), but the "
            "formula adds it.": keep * x - add * noise,
            "That is the noise alone. Where is the picture?": add * noise,
            "That is the picture alone. Where is the noise?": keep * x,
        },
    )


def beta_for_spread(attempt: float) -> None:
    """Lesson 1: the β for which a pixel moves by ± 0.5 (one standard deviation)."""
    _check_number(
        attempt,
        right=0.25,
        mistakes={
            "0.5 is the standard deviation that you want; β is the variance. What is the "
            "relation between the two?": 0.5,
            "You took the square root where a square is needed: √β = 0.5.": math.sqrt(0.5),
            "That is 1 − β: how much of the variance is kept.": 0.75,
        },
    )


def forward_chain(attempt: Callable[[Tensor, NoiseSchedule, list], Iterable[Tensor]]) -> None:
    """Lesson 2: `attempt(x_0, schedule, noises)` yields x_1 … x_T."""
    schedule = NoiseSchedule(0.1, 0.4, 5)
    x_0, noises = _gaussian(2, 3), [_gaussian(2, 3, seed=seed) for seed in range(1, 6)]
    right = torch.stack(list(diffusion.forward_chain(x_0, schedule, noises)))

    def chain(
        keep=lambda t: schedule.alpha(t).sqrt(),
        add=lambda t: schedule.beta(t).sqrt(),
        times=range(1, 6),
        start=lambda x_t: x_t,
        noise=lambda t: noises[t - 1],
    ):
        x_t, walk = x_0, []
        for t in times:
            x_t = keep(t) * start(x_t) + add(t) * noise(t)
            walk.append(x_t)
        return torch.stack(walk)

    def collected(*given):
        try:
            return _collect(attempt(*given), at_most=7)
        except IndexError:
            raise IndexError("noises[0] is ε_1, so that step t takes noises[t − 1].") from None

    _check_tensor(
        attempt if _nothing(attempt) else collected,
        (x_0, schedule, noises),
        right=right,
        mistakes={
            "You gave back x_0 as well. It is where the chain starts; the steps lead to "
            "x_1 … x_T.": torch.cat([x_0[None], right]),
            "The last step is missing: `range(1, T)` ends at T − 1.": right[:-1],
            "You gave back x_0 … x_{T−1}: yield after the step, not before it.": torch.cat(
                [x_0[None], right[:-1]]
            ),
            "That is only the end, x_T. Yield each x_t on the way.": right[-1:],
            "That is x_T itself. Yield each x_t on the way.": right[-1],
            "You returned after the first step. `yield` goes on where `return` stops.": right[0],
            "All T are one and the same tensor, which you changed in place. Make a new one in "
            "each step.": right[-1:].expand(5, -1, -1),
            "Every step starts from x_0. Let each one start from where the last one ended.": chain(
                start=lambda x_t: x_0
            ),
            "You used the same noise in every step. Step t takes noises[t − 1].": chain(
                noise=lambda t: noises[0]
            ),
            "The steps are taken from T down to 1. Begin with t = 1.": chain(times=range(5, 0, -1)),
            "Each x_t is a jump from x_0 with ᾱ_t. That has the right distribution at each t, but "
            "it is no chain: take x_{t−1} and β_t.": chain(
                schedule.signal_rate, schedule.noise_rate, start=lambda x_t: x_0
            ),
            "You scaled the noise by β_t. A variance scales noise by its square root: √β_t.": chain(
                add=schedule.beta
            ),
            "You left √α_t out: the picture is never shrunk, and the variance climbs.": chain(
                keep=lambda t: 1
            ),
            "You kept α_t of the picture instead of √α_t.": chain(keep=schedule.alpha),
            "You left out both square roots.": chain(schedule.alpha, schedule.beta),
            "The two factors are swapped: √α_t belongs to the picture, √β_t to the noise.": chain(
                lambda t: schedule.beta(t).sqrt(), lambda t: schedule.alpha(t).sqrt()
            ),
        },
    )


def signal_left(attempt: Callable[[NoiseSchedule, int], float]) -> None:
    """Lesson 2: `attempt(schedule, t)` is √(α_1 ⋯ α_t), what t steps leave of x_0."""
    # Steps without a pattern, so that no two mistakes come to the same number.
    schedule, t = NoiseSchedule.from_betas([0.12, 0.26, 0.07, 0.33, 0.4]), 3
    rates = schedule.alphas.double().sqrt().tolist()
    _check_number(
        None if _nothing(attempt) else lambda: attempt(schedule, t),
        right=math.prod(rates[:t]),
        mistakes={
            "That is the product of the α. Each step multiplies the picture by a square "
            "root, √α.": math.prod(rates[:t]) ** 2,
            "You multiplied all T factors. After t steps there are only the first t.": math.prod(
                rates
            ),
            "One factor too few: t steps have t factors, α_1 to α_t.": math.prod(rates[: t - 1]),
            "One factor too many: t steps have t factors, α_1 to α_t.": math.prod(rates[: t + 1]),
            "The first factor is missing: α_1 sits at index 0.": math.prod(rates[1:t]),
            "You took α_2 to α_{t+1}: α_1 sits at index 0.": math.prod(rates[1 : t + 1]),
            "That is the factor of step t alone. What did the steps before it leave?": rates[t - 1],
            "You added the factors. One step after the other multiplies them.": sum(rates[:t]),
            "That is how much noise there is, √(1−ᾱ_t). How much picture is there?": math.sqrt(
                1 - math.prod(rates[:t]) ** 2
            ),
        },
    )


# ------------------------------------------------------------------------------ how they judge


def _check_tensor(attempt, arguments, right: Tensor, mistakes: dict[str, Tensor]) -> None:
    if _nothing(attempt):
        return print(NOT_ATTEMPTED)
    given, copies = copy.deepcopy(arguments), copy.deepcopy(arguments)
    try:
        answer, again = attempt(*given), attempt(*copies)
        line = _verdict(answer, again, right, mistakes)
    except Exception as error:
        line = _raised(error)
    else:
        for argument, before in zip(given, arguments, strict=True):
            if isinstance(before, Tensor) and not torch.equal(argument, before):
                line = "You changed your input in place. Make a new tensor instead."
    print(line)


def _verdict(answer, again, right: Tensor, mistakes: dict[str, Tensor]) -> str:
    if _nothing(answer):
        return NOT_ATTEMPTED
    if isinstance(answer, tuple):
        return f"Give back one tensor, not {len(answer)} values."
    if isinstance(answer, list):
        return (
            "Give back tensors of one shape." if answer else "Nothing came out: no tensor at all."
        )
    if not isinstance(answer, Tensor) or answer.is_complex():
        kind = answer.dtype if isinstance(answer, Tensor) else type(answer).__name__
        return f"Give back a torch tensor of real numbers, not {kind}."
    for message, wrong in {"Correct.": right, **mistakes}.items():
        if _same(answer, wrong):
            return message
    if isinstance(again, Tensor) and not _same(answer, again):
        return "The same input gives something else each time. Use the noise that you are given."
    if answer.shape != right.shape:
        return f"The shape should be {tuple(right.shape)}, but yours is {tuple(answer.shape)}."
    return "Not yet: the numbers differ from the formula. Compare it with yours, term by term."


def _check_number(attempt, right: float, mistakes: dict[str, float]) -> None:
    try:
        line = _verdict_on_number(attempt() if callable(attempt) else attempt, right, mistakes)
    except Exception as error:
        line = _raised(error)
    print(line)


def _verdict_on_number(answer, right: float, mistakes: dict[str, float]) -> str:
    if _nothing(answer):
        return NOT_ATTEMPTED
    if isinstance(answer, Tensor):
        if answer.numel() != 1:
            return f"Give one number, not {answer.numel()}. Is a .prod() missing?"
        answer = answer.item()
    if not isinstance(answer, Real) or isinstance(answer, bool):
        return f"Give a number, not {type(answer).__name__}."
    for message, value in {"Correct.": right, **mistakes}.items():
        if math.isclose(answer, value, rel_tol=1e-3):
            return message
    return f"Not yet: the answer is {'smaller' if answer > right else 'larger'} than yours."


def _same(answer: Tensor, other: Tensor) -> bool:
    if answer.shape != other.shape:
        return False
    # Half precision is right to its own few digits.
    tolerance = max(1e-4, 4 * torch.finfo(answer.dtype).eps) if answer.is_floating_point() else 0
    return torch.allclose(answer.double(), other.double(), rtol=tolerance, atol=tolerance)


def _nothing(answer) -> bool:
    return answer is None or answer is ...


def _raised(error: Exception) -> str:
    try:
        text = str(error).partition("\n")[0]
    except Exception:  # even an exception can be broken
        text = ""
    return f"Your code raised {type(error).__name__}{': ' if text else ''}{text}"


def _collect(walk, at_most: int):
    """What a generator or a list gives, stacked; anything else as it is."""
    if not isinstance(walk, (Iterator, list, tuple)):
        return walk
    items = list(islice(walk, at_most))
    if not items or not all(isinstance(item, Tensor) for item in items):
        return items
    if len({item.shape for item in items}) > 1:
        return items
    return torch.stack(items)


def _gaussian(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))
