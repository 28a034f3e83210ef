"""How the checks judge: run the attempt, then compare it with the answer and with known mistakes.

A verdict is one line of text. Where several things are wrong, it names the first to be mended.
"""

import copy
import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from itertools import islice
from numbers import Real
from textwrap import shorten

import torch
from torch import Generator, Tensor

from diffusion import NoiseSchedule

NOT_ATTEMPTED = (
    "Not attempted yet: replace the ... by your code. (You did? Then a return is missing.)"
)
CORRECT = "Correct."
NOT_YET = "Not yet: the numbers differ from the formula. Compare it with yours, term by term."

# What the learner reads, and the wrong answer, or answers, that it is about.
Mistakes = dict[str, Tensor | list[Tensor]]


def judge(attempt, arguments: tuple | None, verdict: Callable, run: Callable | None = None) -> None:
    """Print what there is to say about `attempt`, in one line.

    Args:
        arguments: what to call it with; None where the attempt is a value, not a function.
        verdict: says it, given the answers of two runs on equal arguments.
        run: `run(attempt, *arguments)` calls the attempt, where once is not enough.
    """
    print(_line(attempt, arguments, verdict, run or (lambda attempt, *given: attempt(*given))))


def _line(attempt, arguments, verdict, run) -> str:
    if nothing(attempt):
        return NOT_ATTEMPTED
    try:
        if arguments is None:
            value = attempt() if callable(attempt) else attempt
            return verdict(value, value)
        if not callable(attempt):
            return f"Hand over the function itself, not {_kind(attempt)}."
        given, copies = _copies(arguments), _copies(arguments)
        answer = run(attempt, *given)
        with _silence():
            again = run(attempt, *copies)
        if any(map(_changed, given, arguments)):
            return "You changed your input in place. Make a new tensor instead."
        return verdict(answer, again)
    except Exception as error:
        return _raised(error)


# ------------------------------------------------------------------------------ tensors


def check_tensor(attempt, arguments: tuple, right: Tensor, mistakes: Mistakes, run=None) -> None:
    def verdict(answer, again):
        return verdict_on_tensor(answer, right, mistakes, _about_steadiness(answer, again))

    judge(attempt, arguments, verdict, run)


def verdict_on_tensor(
    answer, right: Tensor, mistakes: Mistakes, otherwise: str | None = None
) -> str:
    """`otherwise` is said of the right shape that is neither right nor one of the mistakes."""
    if nothing(answer):
        return NOT_ATTEMPTED
    if isinstance(answer, tuple):
        return f"Give back one tensor, not {len(answer)} values."
    if isinstance(answer, list) and not answer:
        return "Nothing came out: no tensor at all."
    if isinstance(answer, list) and any(isinstance(item, Tensor) for item in answer):
        return "Give back tensors of one shape."
    if not _real_tensor(answer):
        return f"Give back a torch tensor of real numbers, not {_kind(answer)}."
    for message, wrong in {CORRECT: right, **mistakes}.items():
        if any(same(answer, one) for one in (wrong if isinstance(wrong, list) else [wrong])):
            return message
    if answer.shape != right.shape:
        return f"The shape should be {tuple(right.shape)}, but yours is {tuple(answer.shape)}."
    return otherwise or NOT_YET


def about_parts(answer, names: Sequence[str]) -> str | None:
    """What keeps `answer` from being a tuple of tensors with these names, if anything does."""
    if nothing(answer) or (isinstance(answer, tuple) and all(map(nothing, answer))):
        return NOT_ATTEMPTED
    wanted = f"Give back {len(names)} tensors, ({', '.join(names)})"
    if not isinstance(answer, (tuple, list)):
        return f"{wanted}, not one {type(answer).__name__}."
    if len(answer) != len(names):
        return f"{wanted}, not {len(answer)}."
    for name, part in zip(names, answer, strict=True):
        if nothing(part):
            return f"{name}: This one is still missing."
        if not _real_tensor(part):
            return f"{name}: Make it a torch tensor of real numbers, not {_kind(part)}."
    return None


def same(answer: Tensor, other: Tensor) -> bool:
    if answer.shape != other.shape:
        return False
    # Half precision is right to its own few digits.
    tolerance = max(1e-4, 4 * torch.finfo(answer.dtype).eps) if answer.is_floating_point() else 0
    return torch.allclose(answer.double(), other.double(), rtol=tolerance, atol=tolerance)


# ------------------------------------------------------------------------------ numbers


def check_number(
    attempt, arguments: tuple | None, right: float, mistakes: dict[str, float], hint: str = ""
) -> None:
    def compare(answer):
        for message, value in {CORRECT: right, **mistakes}.items():
            if math.isclose(answer, value, rel_tol=1e-3):
                return message
        return f"Not yet: the answer is {'smaller' if answer > right else 'larger'} than yours."

    judge(attempt, arguments, lambda answer, _: verdict_on_number(answer, compare, hint))


def verdict_on_number(answer, compare: Callable[[float], str], hint: str = "") -> str:
    """What `compare` says of the number; `hint` is for those who give several numbers."""
    if nothing(answer):
        return NOT_ATTEMPTED
    if isinstance(answer, Tensor):
        if answer.numel() != 1:
            return f"Give one number, not {answer.numel()}. {hint}".strip()
        answer = answer.item()
    if not isinstance(answer, Real) or isinstance(answer, bool):
        return f"Give a number, not {_kind(answer)}."
    return compare(answer)


# ------------------------------------------------------------------------------ random draws


def several_calls(calls: int) -> Callable:
    """To `run` with: a list of what so many calls in a row give, all with one generator."""

    def run(attempt, *arguments):
        try:
            first = attempt(*arguments)
            with _silence():
                return [first, *(attempt(*arguments) for _ in range(calls - 1))]
        except IndexError as error:
            if "out of bounds" not in str(error):
                raise
            raise IndexError(
                f"{error}. Step t sits at index t − 1; schedule.alpha_bar(t) spares you the shift."
            ) from None

    return run


def about_draws(name: str, first, second, again, draw: str) -> str | None:
    """What is wrong with how `name` is drawn: in one call, the next, and the first once more."""
    if not all(map(_real_tensor, (first, second, again))):
        return None
    if not same(first, again):
        return (
            f"{name} is something else each time, even if the generator starts from the same "
            f"seed. Draw with the generator that you are given: {draw}."
        )
    if same(first, second):
        return (
            f"{name} is the same in every call. Draw with the generator that you are given, and "
            f"set no seed yourself: {draw}."
        )
    return None


def _about_steadiness(answer, again) -> str | None:
    if _real_tensor(answer) and _real_tensor(again) and not same(answer, again):
        return "The same input gives something else each time. Use the noise that you are given."
    return None


# ------------------------------------------------------------------------------ helpers


def nothing(answer) -> bool:
    return answer is None or answer is ...


def gaussian(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=Generator().manual_seed(seed))


def collect(walk, at_most: int):
    """What a generator or a list gives, stacked; anything else as it is."""
    if not isinstance(walk, (Iterator, list, tuple)):
        return walk
    items = list(islice(walk, at_most))
    if not items or not all(isinstance(item, Tensor) for item in items):
        return items
    if len({item.shape for item in items}) > 1:
        return items
    return torch.stack(items)


def _silence() -> redirect_stdout:
    """What the learner prints is wanted once, not at every call."""
    return redirect_stdout(io.StringIO())


def _real_tensor(answer) -> bool:
    return isinstance(answer, Tensor) and not answer.is_complex()


def _kind(answer) -> str:
    return str(answer.dtype) if isinstance(answer, Tensor) else type(answer).__name__


def _copies(arguments: tuple) -> tuple:
    # Not every PyTorch can copy a generator.
    return tuple(
        Generator().manual_seed(argument.initial_seed())
        if isinstance(argument, Generator)
        else copy.deepcopy(argument)
        for argument in arguments
    )


def _changed(argument, before) -> bool:
    """Tensors, and those of a schedule, should stay as they were. (A list may be used up.)"""
    if isinstance(before, NoiseSchedule):
        return any(_changed(vars(argument).get(name), old) for name, old in vars(before).items())
    return isinstance(before, Tensor) and not torch.equal(argument, before)


def _raised(error: Exception) -> str:
    try:
        text = shorten(str(error).partition("\n")[0], 300, placeholder=" …")
    except Exception:  # even an exception can be broken
        text = ""
    return f"Your code raised {type(error).__name__}{': ' if text else ''}{text}"
