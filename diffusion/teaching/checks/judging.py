"""How the checks judge: run the attempt, then compare its answer with the right and the wrong ones.

A check prints one line. Where several things are wrong, the line is about the first to be mended.
"""

import io
import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import islice
from numbers import Real
from textwrap import shorten

import torch
from torch import Generator, Tensor

from diffusion import NoiseSchedule

CORRECT = "Correct."
NOT_ATTEMPTED = (
    "Not attempted yet: replace the ... by your code. (You did? Then a return is missing.)"
)
NOT_YET = "Not yet: the numbers differ from the formula. Compare it with yours, term by term."
SHIFT = "Step t sits at index t − 1; look-ups like schedule.alpha_bar(t) spare you the shift."

# What the learner reads, and the wrong answer, or answers, that it is about.
Mistakes = dict[str, Tensor | list[Tensor]]


class Mistake(Exception):
    """Something is wrong with an attempt; the text is what the learner reads."""


@dataclass(frozen=True)
class Trial:
    """One way to try a function.

    Attributes:
        inputs: makes the arguments to call it with, always the same ones.
        compare: raises `Mistake`, given the answers of all calls, and once more those of the first
            calls, with the arguments made anew.
        calls: how often it is called. The calls share the arguments, so that a generator goes on.
        label: stands before what is said of this trial.
    """

    inputs: Callable[[], tuple]
    compare: Callable[[list, list], None]
    calls: int = 1
    label: str = ""


def judge(attempt, *trials: Trial) -> None:
    """Print one line about a function: what the first trial that it fails says, or `CORRECT`."""
    label = ""
    try:
        if nothing(attempt):
            raise Mistake(NOT_ATTEMPTED)
        if not callable(attempt):
            raise Mistake(f"Hand over the function itself, not {kind(attempt)}.")
        for trial in trials:
            label = trial.label
            trial.compare(*_run(attempt, trial, aloud=trial is trials[0]))
        print(CORRECT)
    except Exception as error:
        print(label + _about(error))


def judge_value(attempt, compare: Callable) -> None:
    """Print one line about a value; `compare` raises `Mistake`."""
    try:
        if nothing(attempt):
            raise Mistake(NOT_ATTEMPTED)
        compare(attempt)
        print(CORRECT)
    except Exception as error:
        print(_about(error))


def grade(check: Callable, attempt, **variant) -> None:
    """Let a check judge an attempt, and raise `AssertionError` with its line if it is not correct.

    For homework: nbgrader gives no points to a cell that raises, nor to one with words on stderr,
    which a right answer may leave there as well. `variant` goes to the check.
    """
    with redirect_stdout(io.StringIO()) as said, redirect_stderr(io.StringIO()):
        check(attempt, **variant)
    line = said.getvalue().splitlines()[-1]  # what the learner printed may stand before it
    if not line.endswith(CORRECT) or "Your code raised " in line:
        raise AssertionError(line)


def _run(attempt, trial: Trial, aloud: bool) -> tuple[list, list]:
    def answer(arguments):
        one = attempt(*arguments)
        return [*islice(one, 7)] if isinstance(one, Iterator) else one  # a chain may have no end

    given, afresh = trial.inputs(), trial.inputs()
    with nullcontext() if aloud else redirect_stdout(io.StringIO()):
        answers = [answer(given)]
    with redirect_stdout(io.StringIO()):  # what the learner prints is wanted once
        answers += [answer(given) for _ in range(trial.calls - 1)]
        again = [answer(afresh) for _ in range(min(trial.calls, 10))]
    if any(map(_changed, given, trial.inputs())):
        raise Mistake("You changed your input in place. Make a new tensor instead.")
    if nothing(answers):
        raise Mistake(NOT_ATTEMPTED)
    return answers, again


def _changed(argument, before) -> bool:
    """Tensors, and those of a schedule, should stay as they were. (A list may be used up.)"""
    if isinstance(before, NoiseSchedule):
        return any(_changed(vars(argument).get(name), old) for name, old in vars(before).items())
    return isinstance(before, Tensor) and not torch.equal(argument, before)


def _about(error: Exception) -> str:
    if isinstance(error, Mistake):
        return str(error)
    try:
        text = shorten(str(error).partition("\n")[0], 300, placeholder=" …")
    except Exception:  # even an exception can be broken
        text = ""
    line = f"Your code raised {type(error).__name__}" + (f": {text}" if text else "")
    off_by_one = isinstance(error, IndexError) and "tuple" not in text  # that would be x.shape[9]
    return f"{line}. {SHIFT}" if off_by_one else line


def tensor_trial(
    inputs: Callable, right: Tensor, mistakes: Callable[[], Mistakes], label: str = ""
) -> Trial:
    """A function should give this one tensor, and the same one each time."""

    def compare(answers, again):
        answer, otherwise = as_tensor(*answers), NOT_YET
        if same(answer, right):
            return
        if not same(answer, as_tensor(*again)):
            otherwise = (
                "The same input gives something else each time. Use the noise that you are given."
            )
        compare_tensor(answer, right, mistakes(), otherwise)

    return Trial(inputs, compare, label=label)


def as_tensor(answer) -> Tensor:
    """The answer, stacked if it is several tensors."""
    if isinstance(answer, (list, tuple)):
        if not answer:
            raise Mistake("Nothing came out: no tensor at all.")
        tensors = [item for item in answer if isinstance(item, Tensor)]
        if len(tensors) == len(answer) and len({tensor.shape for tensor in tensors}) == 1:
            answer = torch.stack(tensors)
        elif tensors:
            raise Mistake("Give back one tensor, or a list of tensors of one shape.")
    if not real_tensor(answer):
        raise Mistake(f"Give back a torch tensor of real numbers, not {kind(answer)}.")
    finite("Your answer", answer)
    return answer


def finite(name: str, answer: Tensor) -> None:
    if answer.sum().isfinite():  # the quick way, mostly
        return
    if answer.isnan().any():
        raise Mistake(
            f"{name} holds NaN: a root of a negative number, or 0/0. Take roots of shares of the "
            "variance, which are never negative, and not of pictures or noise."
        )
    if answer.isinf().any():
        raise Mistake(f"{name} holds inf: you divided by 0, or a number grew too large.")


def compare_tensor(
    answer: Tensor, right: Tensor, mistakes: Mistakes, otherwise: str = NOT_YET
) -> None:
    """`otherwise` is said of the right shape that is neither right nor one of the mistakes."""
    if not same(answer, right):
        name_mistake(answer, right, mistakes)
        raise Mistake(otherwise)


def name_mistake(
    answer: Tensor, right: Tensor, mistakes: Mistakes, tolerance: float = 1e-4
) -> None:
    """Raise which mistake it is, or that the shape is wrong, if that is so."""
    for message, wrong in mistakes.items():
        if any(same(answer, one, tolerance) for one in as_list(wrong)):
            raise Mistake(message)
    if answer.shape[1:] == right.shape:
        raise Mistake(f"Give back one tensor, not {len(answer)}.")
    if answer.shape != right.shape:
        shape, yours = tuple(right.shape), tuple(answer.shape)
        raise Mistake(f"The shape should be {shape}, but yours is {yours}.")


def several_tensors(answer, names: tuple[str, ...]) -> None:
    """Raise what keeps the answer from being tensors with these names, if anything does."""
    wanted = f"Give back {len(names)} tensors, ({', '.join(names)})"
    if not isinstance(answer, (tuple, list)):
        raise Mistake(f"{wanted}, not one {type(answer).__name__}.")
    if len(answer) != len(names):
        raise Mistake(f"{wanted}, not {len(answer)}.")
    for name, part in zip(names, answer, strict=True):
        if real_tensor(part):
            finite(name, part)
    for name, part in zip(names, answer, strict=True):
        if nothing(part):
            raise Mistake(f"{name}: This one is still missing.")
        if not real_tensor(part):
            raise Mistake(f"{name}: Make it a torch tensor of real numbers, not {kind(part)}.")


def compare_number(
    answer, right: float, mistakes: dict[str, float | list[float]], hint: str = ""
) -> None:
    """`hint` is for those who give several."""

    def close_to(other):
        return math.isclose(number, other, rel_tol=1e-3)

    number = one_number(answer, hint)
    if close_to(right):
        return
    for message, wrong in mistakes.items():
        if any(map(close_to, as_list(wrong))):
            raise Mistake(message)
    direction = "smaller" if number > right else "larger"
    raise Mistake(f"Not yet: the answer is {direction} than yours.")


def one_number(answer, hint: str = "") -> Real:
    if isinstance(answer, Tensor):
        if answer.numel() != 1:
            raise Mistake(f"Give one number, not {answer.numel()}. {hint}".strip())
        answer = answer.item()
    if not isinstance(answer, Real) or isinstance(answer, bool):
        raise Mistake(f"Give a number, not {kind(answer)}.")
    if answer != answer or answer in (math.inf, -math.inf):
        finite("Your answer", torch.tensor(float(answer)))
    return answer


def about_draws(name: str, first, second, again, draw: str) -> str | None:
    """What is wrong with how `name` is drawn: in one call, the next, and the first once more."""
    advice = f"Draw with the generator that you are given, and set no seed yourself: {draw}."
    if not same(first, again):
        return f"{name} is something else each time, even from the same seed. {advice}"
    return f"{name} is the same in every call. {advice}" if same(first, second) else None


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]


def same(answer: Tensor, other: Tensor, tolerance: float = 1e-4) -> bool:
    if answer.shape != other.shape:
        return False
    if answer.is_floating_point():  # half precision is right to its own few digits
        tolerance = max(tolerance, 4 * torch.finfo(answer.dtype).eps)
    else:
        tolerance = 0
    answer, other = answer.flatten(), other.flatten()
    return all(  # where they differ, the first few numbers mostly tell, which saves time
        torch.allclose(answer[:n].double(), other[:n].double(), rtol=tolerance, atol=tolerance)
        for n in (100, None)
    )


def nothing(answer) -> bool:
    """Whether nothing has been written yet, nor any part of it."""
    if isinstance(answer, (list, tuple)) and answer:
        return all(map(nothing, answer))
    return answer is None or answer is ...


def real_tensor(answer) -> bool:
    return isinstance(answer, Tensor) and not answer.is_complex()


def kind(answer) -> str:
    return str(answer.dtype) if isinstance(answer, Tensor) else type(answer).__name__


def gaussian(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=Generator().manual_seed(seed))


def uneven_schedule() -> NoiseSchedule:
    """Five steps without a pattern, so that no two mistakes come to the same numbers."""
    return NoiseSchedule.from_betas([0.12, 0.26, 0.07, 0.33, 0.4])
