"""Lesson 7, learn the way back.

The denoisers are ours, and write down what they are asked. x_t and t tell which noise is in x_t,
and x_t and x_{t−1} which noise a step has added; so the order of the draws is the learner's own.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Generator, Tensor
from torch.nn.functional import smooth_l1_loss

from diffusion import NoiseSchedule
from diffusion.reverse_process import Denoiser
from diffusion.teaching.checks.factors_back import OF_X_0, OF_X_T, name_mean, shares, solve
from diffusion.teaching.checks.judging import (
    NOT_YET,
    Mistake,
    Mistakes,
    Trial,
    as_tensor,
    finite,
    gaussian,
    judge,
    kind,
    name_mistake,
    real_tensor,
    same,
    uneven_schedule,
)
from diffusion.teaching.checks.laws import CALLS, check_normal
from diffusion.teaching.checks.lesson_4 import SEED, wrong_jumps
from diffusion.teaching.checks.lesson_5 import (
    INTEGERS,
    NOISE,
    OTHERS,
    PICTURES,
    TIMES,
    check_draws,
    check_times,
    fits_some_t,
)
from diffusion.teaching.checks.walks import Walk, check_walks

ATTACHED = "Give back the tensor itself, without .item(), .detach() or torch.no_grad()."
TWICE = "Draw it once, and use it twice."
LOOP = "for t in range(schedule.time_steps, 0, -1)"

# What a denoiser was asked, each time: x_t, t, and its guess, a leaf that gradients reach.
Asked = list[tuple[Tensor, Tensor, Tensor]]


def _denoiser(shape: torch.Size, asked: Asked, advice: str) -> Denoiser:
    """It guesses some noise that is no multiple of x_t, and says what is wrong with a question."""

    def denoiser(x_t, t=None):
        if not real_tensor(x_t):
            raise Mistake(f"Give the denoiser tensors, denoiser(x_t, t), not {kind(x_t)} as x_t.")
        if x_t.shape == shape[:1] and real_tensor(t) and t.shape == shape:
            raise Mistake("The order is denoiser(x_t, t): x_t comes first.")
        if x_t.shape != shape:
            yours = tuple(x_t.shape)
            raise Mistake(f"The denoiser wants x_t of shape {tuple(shape)}, not {yours}.")
        _check_dtype("x_t", x_t)
        finite("The x_t that you give the denoiser", x_t)
        yours = f"of shape {tuple(t.shape)} and {t.dtype}" if real_tensor(t) else kind(t)
        if not real_tensor(t) or t.shape != shape[:1] or t.dtype not in INTEGERS:
            raise Mistake(
                "The denoiser wants one t per element: an int64 tensor of shape "
                f"({len(x_t)},). Yours is {yours}. {advice}"
            )
        x_t = x_t.detach().clone()
        guess = torch.cos(3 * x_t).requires_grad_()
        asked.append((x_t, t.long().clone(), guess))
        return guess.clone()

    return denoiser


def _check_dtype(name: str, x: Tensor) -> None:
    if x.dtype not in (torch.float32, torch.float64):
        raise Mistake(f"Leave {name} in float32. Yours is {x.dtype}.")


def _asking(x: Tensor, schedule: Callable, advice: str) -> tuple[Callable, list[Asked]]:
    """A trial's inputs, and, for each time that they are made, what their denoiser is asked."""
    runs = []

    def inputs():
        runs.append([])
        denoiser = _denoiser(x.shape, runs[-1], advice)
        return denoiser, x.clone(), schedule(), Generator().manual_seed(SEED)

    return inputs, runs


@torch.enable_grad()
def check_training_loss(
    attempt: Callable[[Denoiser, Tensor, NoiseSchedule, Generator], Tensor],
) -> None:
    """Lesson 7: `attempt(denoiser, x_0, schedule, generator)` is the mean of (guess − noise)²."""
    label = f"Right for pictures of shape {PICTURES}, but not for x_0 of shape {{}}: "
    judge(
        attempt,
        _loss_trial(PICTURES, CALLS),
        *(_loss_trial(shape, calls=6, label=label.format(shape)) for shape in OTHERS),
    )


def _loss_trial(shape: tuple, calls: int, label: str = "") -> Trial:
    x_0, schedule = 3 * gaussian(*shape), uneven_schedule()  # wide: noise alone is no x_t
    inputs, runs = _asking(x_0, uneven_schedule, "sample_xt gives it.")

    def compare(answers, again):
        losses, asked = [*map(_one_loss, (*answers, *again))], runs[0] + runs[1]
        if len(asked) != len(losses):
            raise Mistake(
                f"You asked the denoiser {len(asked) / len(losses):g} times. Ask it once: it takes "
                "the whole batch, denoiser(x_t, t)."
            )
        x_t, t, guess = (torch.stack(part).detach() for part in zip(*asked, strict=True))
        losses = torch.stack(losses)
        target = _targets(losses, [leaf for *_, leaf in asked])
        if same(x_t, x_0.expand_as(x_t)):
            raise Mistake("You gave the denoiser x_0. It should see x_t, with the noise in it.")
        if calls == CALLS:
            if x_t.std() < 1.1:
                raise Mistake("You gave the denoiser the noise. It guesses that: give it x_t.")
            check_draws("t", t[:calls], t[calls:], TIMES)
            check_times(t[:calls], x_t[:calls], target[:calls], x_0, schedule)
        times = t.clamp(1, len(schedule)).reshape(*t.shape, *[1] * (x_0.ndim - 1))
        keep, add = schedule.signal_rate(times), schedule.noise_rate(times)
        noise = (x_t - keep * x_0) / add
        if not same(losses, _mean((guess - noise) ** 2)):
            name_mistake(losses, losses, _wrong_losses(guess, noise, x_0, x_t, add / keep))
            if same(losses, _mean((guess - target) ** 2)):
                name_mistake(x_t, x_t, wrong_jumps(x_0, times, schedule, target))
                _name_mismatch(x_t, target, x_0, schedule)
            raise Mistake(
                f"{NOT_YET} The loss is the mean of (denoiser(x_t, t) − noise)², without weights."
            )
        if not same(target, noise):
            raise Mistake(
                f"No gradient reaches the denoiser, so that it would learn nothing. {ATTACHED}"
            )
        if calls == CALLS:
            check_draws("The noise", noise[:calls], noise[calls:], NOISE)
            check_normal(noise[:calls], NOISE, beside=t[:calls])

    return Trial(inputs, compare, calls, label)


def _one_loss(answer) -> Tensor:
    if isinstance(answer, float):
        raise Mistake(f"That is a float, through which no gradient flows. {ATTACHED}")
    loss = as_tensor(answer)
    if loss.numel() != 1:
        raise Mistake(
            f"Yours has the shape {tuple(loss.shape)}. The loss is one number: the mean over all "
            "numbers of all elements."
        )
    return loss.reshape(())


def _targets(losses: Tensor, guesses: list[Tensor]) -> Tensor:
    """What mean squares compare each guess with, as their gradients, 2 (guess − target) / n, tell.

    Where no gradient flows, it is NaN.
    """
    if any(guess.grad is not None for guess in guesses):
        raise Mistake("Give back the loss, and leave loss.backward() to the training loop.")
    gradients = [None] * len(guesses)
    if losses.requires_grad:
        gradients = torch.autograd.grad(losses.sum(), guesses, allow_unused=True)
    none = torch.full(guesses[0].shape, torch.nan)
    gradients = [none if gradient is None else gradient for gradient in gradients]
    return torch.stack(guesses).detach() - torch.stack(gradients) * none.numel() / 2


def _mean(numbers: Tensor) -> Tensor:
    return numbers.flatten(1).mean(1)


def _wrong_losses(guess, noise, x_0, x_t, ratio) -> Mistakes:
    """Each of shape (calls,), from the guesses, shape (calls, B, …); `ratio` is √(1−ᾱ_t) / √ᾱ_t."""
    error = guess - noise
    square = _mean(error**2)
    n, B = error[0].numel(), error.shape[1]
    return {
        "You added up all squares. Take their mean, over all numbers of all elements.": [
            square * n,
            square * (n // B),
        ],
        "You took the root of the mean square. Leave it out.": [square.sqrt(), (square * n).sqrt()],
        "You took absolute values, the L1 loss. Take squares.": _mean(error.abs()),
        "You did not square: errors of both signs cancel.": [_mean(error), -_mean(error)],
        "You squared the mean. Square first, then take the mean.": _mean(error) ** 2,
        "That is half of the mean square. There is no ½ in this loss.": square / 2,
        "That is the Huber loss, smooth_l1_loss. Take the mean of the squares.": torch.stack(
            [smooth_l1_loss(*pair) for pair in zip(guess, noise, strict=True)]
        ),
        "You compared the guess with x_0. The denoiser guesses the noise.": _mean(
            (guess - x_0) ** 2
        ),
        "You compared the guess with x_t. The denoiser guesses the noise that is in it.": _mean(
            (guess - x_t) ** 2
        ),
        "You compared two x_0. Compare the guess of the noise with the noise.": _mean(
            (ratio * error) ** 2
        ),
        "You added the noise to the guess. Subtract it.": _mean((guess + noise) ** 2),
        "You compared the guess with nothing. Subtract the noise from it.": _mean(guess**2),
    }


def _name_mismatch(x_t: Tensor, target: Tensor, x_0: Tensor, schedule: NoiseSchedule) -> None:
    """Raise why this x_t and the noise that the guess is compared with do not fit."""
    if fits_some_t(x_t, target, x_0, schedule):
        raise Mistake(f"The t that you give the denoiser is not the t of this x_t. {TWICE}")
    if (x_t * target).mean().abs() < 0.03 * x_t.std() * target.std():
        raise Mistake(f"The noise that you compare with is not the noise that you added. {TWICE}")
    raise Mistake("Not yet: x_t differs from its formula, √ᾱ_t x_0 + √(1 − ᾱ_t) ε.")


def _five_steps() -> NoiseSchedule:
    """In which hardly any two slips lead to the same factor."""
    return NoiseSchedule.from_betas([0.09, 0.13, 0.46, 0.15, 0.39])


def check_posterior_mean(attempt: Callable[[Tensor, Tensor, int, NoiseSchedule], Tensor]) -> None:
    """Lesson 7: `attempt(x_t, x_0, t, schedule)` is the mean of q(x_{t−1} | x_t, x_0)."""
    label = "Right for t = 3 and x_t of shape (3, 4, 4), but not for t = {} and {}: "
    others = [(1, (3, 4, 4)), (5, (6, 2)), (2, (2, 1, 5, 3))]
    judge(
        attempt,
        _mean_trial(3, (3, 4, 4)),
        *(_mean_trial(t, shape, label.format(t, shape)) for t, shape in others),
    )


def _mean_trial(t: int, shape: tuple, label: str = "") -> Trial:
    def inputs():
        return gaussian(*shape, seed=1), gaussian(*shape), t, _five_steps()

    def compare(answers, again):
        answer = as_tensor(*answers)
        if same(answer, of_x_0 * x_0 + of_x_t * x_t):
            return
        if answer.numel() == 1 and same(answer.flatten(), of["β̃_t"].reshape(1)):
            raise Mistake("That is the variance, β̃_t. Asked for is the mean.")
        name_mistake(answer, x_t, {})  # the shape
        if not same(answer, as_tensor(*again)):
            raise Mistake("The mean is the same each time: nothing is drawn for it.")
        factors, rest = solve(torch.stack([x_0, x_t]), answer)
        if rest > 1e-3:
            raise Mistake(NOT_YET)
        name_mean(*factors, t, schedule)

    x_t, x_0, _, schedule = inputs()
    of = shares(t, schedule)
    of_x_0, of_x_t = OF_X_0.value(of), OF_X_T.value(of)
    return Trial(inputs, compare, label=label)


def check_sampler(
    attempt: Callable[[Denoiser, Tensor, NoiseSchedule, Generator], Tensor],
) -> None:
    """Lesson 7: `attempt(denoiser, x_T, schedule, generator)` is x_0, by way of all x_t."""
    pictures, points = (CALLS, 3, 4, 4), (5, 2)
    three_steps = partial(NoiseSchedule.from_betas, [0.3, 0.1, 0.5])
    label = f"Right for T = 5 and x_T of shape {pictures}, but not for T = 3 and {points}: "
    judge(
        attempt,
        *_walk_trials(pictures, _five_steps),
        *_walk_trials(points, three_steps, label),
    )


def _walk_trials(shape: tuple, schedule: Callable, label: str = "") -> list[Trial]:
    """Two walks, from different x_T and with the same seed."""
    walks = []

    def trial(seed):
        x_T = gaussian(*shape, seed=seed)
        inputs, runs = _asking(x_T, schedule, "torch.full((len(x_t),), t) makes it.")

        def compare(answers, again):
            results = [as_tensor(answer).detach() for answer in (*answers, again[0])]
            asked = runs[0][: len(runs[0]) // 2]  # in the first of two calls
            walks.append(_walk(asked, x_T, results[0], len(schedule())))
            if seed:
                check_walks(*walks, schedule(), results)

        return Trial(inputs, compare, calls=2, label=label)

    return [trial(seed=0), trial(seed=1)]


def _walk(asked: Asked, x_T: Tensor, x_0: Tensor, T: int) -> Walk:
    name_mistake(x_0, x_T, {})  # the shape
    _check_dtype("x_0", x_0)
    times = [t for _, t, _ in asked]
    if any((t != t[0]).any() for t in times):
        raise Mistake("All elements take the same step: give the denoiser the same t for each.")
    _check_order([t[0].item() for t in times], T)
    x = torch.stack([*(x_t for x_t, *_ in asked), x_0]).double()
    if not same(x[0], x_T):
        raise Mistake("You start from something else than the x_T that you are given.")
    if same(x[:-1], x_T.expand_as(x[:-1])):
        raise Mistake("Every step starts from x_T. Each should start where the last one ended.")
    return Walk(x, torch.stack([guess.detach() for *_, guess in asked]).double())


def _check_order(times: list[int], T: int) -> None:
    right = [*range(T, 0, -1)]
    if times == right:
        return
    if not times:
        raise Mistake("You never asked the denoiser. Each step needs its guess, denoiser(x_t, t).")
    for message, wrong in {
        "You walk upwards. The way back begins at T": [[*range(1, T + 1)], [*range(T)]],
        "Your t run from T − 1 down to 0. The steps are T … 1": [[*range(T - 1, -1, -1)]],
        "The last step, t = 1, is missing": [right[:-1]],
        "The first step, t = T, is missing": [right[1:]],
        "There is no step t = 0. The last one is t = 1": [[*right, 0]],
        "You took the first step alone. There are T": [right[:1]],
    }.items():
        if times in wrong:
            raise Mistake(f"{message}: {LOOP}.")
    yours, right = (", ".join(map(str, some[:12])) for some in (times, right))
    raise Mistake(
        f"You asked the denoiser at t = {yours}. With T = {T}, ask it once in each step, t = "
        f"{right}: {LOOP}."
    )
