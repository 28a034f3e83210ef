"""What goes wrong with the two factors of a step back.

They are those of x_0 and x_t in the posterior's mean, or of x_t and the guess in a sampler. Each is
a product of powers of a few shares of the variance, and a slip mostly changes one of them. All are
float64, for one t or for a tensor of times.
"""

from itertools import product
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

from diffusion import NoiseSchedule
from diffusion.teaching.checks.judging import (
    NOT_YET,
    SHIFT,
    Mistake,
    Mistakes,
    as_list,
    name_mistake,
    same,
)

Shares = dict[str, Tensor]


class Factor(NamedTuple):
    """What the learner reads about it, and the powers that it is a product of."""

    formula: str
    powers: dict[str, float]

    def value(self, of: Shares) -> Tensor:
        return prod(of[name] ** power for name, power in self.powers.items())


OF_X_0 = Factor(
    "x_0 is multiplied by √ᾱ_{t−1} β_t / (1 − ᾱ_t).", {"ᾱ_{t−1}": 0.5, "1 − ᾱ_t": -1, "β_t": 1}
)
OF_X_T = Factor(
    "x_t is multiplied by √α_t (1 − ᾱ_{t−1}) / (1 − ᾱ_t).",
    {"α_t": 0.5, "1 − ᾱ_{t−1}": 1, "1 − ᾱ_t": -1},
)
OF_STEP = Factor("The mean is divided by √α_t.", {"α_t": -0.5})
OF_GUESS = Factor("The guess is multiplied by β_t / √(1 − ᾱ_t).", {"β_t": 1, "1 − ᾱ_t": -0.5})
PREDICTED = Factor("The guess of x_0 is divided by √ᾱ_t.", {"ᾱ_t": -0.5})
REMOVED = Factor("For x_0, the guess is multiplied by √(1 − ᾱ_t).", {"1 − ᾱ_t": 0.5})


def shares(t: int | Tensor, schedule: NoiseSchedule) -> Shares:
    """By name. A t outside of 1 … T stands for the nearest one inside."""
    t = torch.as_tensor(t).clamp(1, len(schedule))
    beta, bar = schedule.beta(t, torch.float64), schedule.alpha_bar(t, torch.float64)
    before = schedule.alpha_bar(t - 1, torch.float64)
    return {
        "α_t": 1 - beta,
        "β_t": beta,
        "ᾱ_{t−1}": before,
        "ᾱ_t": bar,
        "1 − ᾱ_{t−1}": 1 - before,
        "1 − ᾱ_t": 1 - bar,
        "β̃_t": beta * (1 - before) / (1 - bar),
    }


def step_factors(t: Tensor, schedule: NoiseSchedule) -> tuple[Tensor, Tensor]:
    """Those of x_t and of the guess, in the mean of x_{t−1} (DDPM, Algorithm 2)."""
    of = shares(t, schedule)
    return OF_STEP.value(of), -OF_STEP.value(of) * OF_GUESS.value(of)


def name_mean(of_x_0: Tensor, of_x_t: Tensor, t: int, schedule: NoiseSchedule) -> None:
    """Raise what is wrong with the posterior's mean, of_x_0 · x_0 + of_x_t · x_t."""
    of = shares(t, schedule)
    if same(torch.stack([of_x_t, of_x_0]), torch.stack([OF_X_0.value(of), OF_X_T.value(of)])):
        raise Mistake("x_0 and x_t are swapped: √ᾱ_{t−1} β_t goes with x_0, √α_t with x_t.")
    terms = ("x_0", of_x_0, OF_X_0), ("x_t", of_x_t, OF_X_T)
    for name, yours, factor in terms:
        if same(yours, 0 * yours) and not same(yours, factor.value(of)):
            raise Mistake(f"{name} is missing. The mean lies between what x_0 and x_t say.")
    for name, yours, factor in terms:
        right = factor.value(of)
        if same(yours, right):
            continue
        if same(yours, -right):
            raise Mistake(f"You subtracted {name}. The two terms are added.")
        raise Mistake(
            _slip(yours, factor, t, schedule)
            or f"{NOT_YET} {factor.formula} At t = {t} that is {right:.2f}, and yours {yours:z.2f}."
        )


def name_step(a: Tensor, b: Tensor, t: Tensor, schedule: NoiseSchedule) -> None:
    """Raise what is wrong with the means of a sampler, a · x_t + b · guess.

    They are written as in Algorithm 2, or as the posterior's mean with a guess of x_0.
    """
    of = shares(t, schedule)
    signal, noise = of["ᾱ_t"].sqrt(), of["1 − ᾱ_t"].sqrt()
    of_x_0, of_x_t = OF_X_0.value(of), OF_X_T.value(of)
    right_a, right_b = step_factors(t, schedule)
    jump = of["ᾱ_{t−1}"].sqrt() / signal
    wrong = {
        "You added the guess of the noise. A step takes noise away.": [(right_a, -right_b)],
        "The denoiser guesses the noise. You took that for a guess of x_0.": [(of_x_t, of_x_0)],
        "The guess is not used. A step takes some of that noise away.": [(a, 0 * b)],
        "x_t is forgotten. The mean lies between the guess of x_0 and x_t.": [
            (of_x_0 / signal, right_b),
            (0 * a, right_b),
        ],
        "You took all of the noise away, and are left with a guess of x_0. A step takes away "
        "β_t / √(1 − ᾱ_t) of the guess.": [(1 / signal, -noise / signal), (jump, -jump * noise)],
        "That is the step of DDIM. Asked for is the posterior's mean.": [
            (jump, of["1 − ᾱ_{t−1}"].sqrt() - jump * noise)
        ],
        "A bracket is misplaced: √α_t divides x_t and the guess.": [(right_a, right_b / right_a)],
    }
    yours, right = torch.stack([a, b]), torch.stack([right_a, right_b])
    name_mistake(yours, right, {what: [*map(torch.stack, pairs)] for what, pairs in wrong.items()})

    told = -b * signal / noise  # the factor of x_0, if its guess is right
    keep = of_x_0 / (a - of_x_t)  # what the guess of x_0 is divided by, if the rest is right
    forms = [
        [(a, OF_STEP), (-b / a, OF_GUESS)],
        [(told, OF_X_0), (a - told / signal, OF_X_T)],
        [(1 / keep, PREDICTED), (-b / of_x_0 * keep, REMOVED)],
    ]
    slips = [
        [_slip(mine, f, t, schedule) for mine, f in form if not same(mine, f.value(of))]
        for form in forms
    ]
    if alone := [slip for slip, *more in slips if slip and not more]:
        raise Mistake(" Or: ".join(alone))  # these are the same numbers
    for form in slips:
        if form and all(form):
            raise Mistake(form[0])

    worst = (yours - right).abs().amax(0).argmax()
    means = (
        f"{x:.2f} · x_t {'+' if g > 0 else '−'} {abs(g):.2f} · guess"
        for x, g in (yours[:, worst], right[:, worst])
    )
    raise Mistake(
        "{} At t = {}, your mean is {}. It should be {}.".format(NOT_YET, t[worst], *means)
    )


def _slip(yours: Tensor, factor: Factor, t: int | Tensor, schedule: NoiseSchedule) -> str | None:
    """What is wrong with one of the factor's powers, or with their step, if that is all."""
    of, powers = shares(t, schedule), factor.powers
    right = factor.value(of)
    wrong: Mistakes = {}
    for share, power in powers.items():
        others = (of[other] ** p for other, p in powers.items() if other != share)
        rest, name = prod(others, start=torch.ones_like(right)), share
        if abs(power) < 1:
            name = f"√({share})" if " " in share else f"√{share}"
            wrong[f"You left out the root of {share}."] = rest * of[share] ** (2 * power)
            roots = product(*({p, p / 2} if abs(p) == 1 else {p} for p in powers.values()))
            wrong[f"The root is of {share} alone."] = [
                Factor("", dict(zip(powers, some, strict=True))).value(of) for some in roots
            ]
        for other in of:
            taken = "β_t, which is 1 − α_t," if other == "β_t" else other
            wrong[f"You took {taken} in place of {share}."] = rest * of[other] ** power
        wrong[f"You left out {name}."] = rest
        turned = "divided" if power > 0 else "multiplied"
        wrong[f"You {turned} by {name}."] = rest / of[share] ** power
    last = schedule.alpha_bars.double().roll(1)[torch.as_tensor(t) - 1]  # alpha_bars[t − 2]
    for message, there in {
        f"Yours is of step t + 1, or a part of it is. {SHIFT}": shares(t + 1, schedule),
        f"Yours is of step t − 1, or a part of it is. {SHIFT}": shares(t - 1, schedule),
        "At t = 1, index t − 2 is −1: the last one. schedule.alpha_bar(t − 1) is 1 there.": (
            of | {"ᾱ_{t−1}": last, "1 − ᾱ_{t−1}": 1 - last}
        ),
    }.items():
        mixtures = product(*((of[name] ** p, there[name] ** p) for name, p in powers.items()))
        wrong[message] = [*map(prod, mixtures)]
    for slip, values in wrong.items():
        if any(same(yours, one) for one in as_list(values)):
            return f"{factor.formula} {slip}"
    return None


def solve(terms: Tensor, answer: Tensor) -> tuple[Tensor, float]:
    """The factors with which terms, shape (n, …), add up to the answer, and what is left over."""
    terms, answer = terms.double().flatten(1).T, answer.double().flatten()
    factors = torch.linalg.lstsq(terms, answer[:, None]).solution
    return factors[:, 0], (terms @ factors - answer[:, None]).abs().max().item()
