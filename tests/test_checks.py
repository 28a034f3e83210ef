"""Each exercise's check is fed the solution, every mistake that it names, and learners' accidents.

A table for each check: words of the line that it should print, and the attempt, or the list of
attempts, that it should say them about.
"""

import ast
import io
import itertools
import math
import sys
from contextlib import redirect_stdout
from functools import cache
from operator import itemgetter
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from diffusion import NoiseSchedule, forward_chain, q_sample, sample_xt
from diffusion.teaching import checks


def as_list(value):
    return value if isinstance(value, list) else [value]


# ------------------------------------------------------------------ accidents


def give(answer):
    return lambda *given: answer


def fail(error):
    def attempt(*given):
        raise error

    return attempt


class Broken(Exception):
    def __str__(self):
        raise ValueError


FUNCTION = {
    "Not attempted yet": [None, ..., give(None), give(...)],
    "Hand over the function itself, not float": 0.5,
    "Hand over the function itself, not torch.float32": torch.zeros(3),
    "Hand over the function itself, not tuple": (1, 2),
    "Your code raised TypeError: ": lambda: None,
    "Your code raised ZeroDivisionError: division by zero\n": lambda *given: 1 / 0,
    "raised ValueError: on and on and on and on": fail(ValueError(100 * "on and " + "\non")),
    "raised IndexError: list index out of range. Step t sits at index t": lambda *given: [][9],
    "raised IndexError: tuple index out of range\n": lambda *given: ()[9],
    "Your code raised Broken\n": fail(Broken()),
}
ONE_TENSOR = FUNCTION | {
    "torch tensor of real numbers, not ndarray": give(np.zeros(3)),
    "torch tensor of real numbers, not float": give(0.5),
    "torch tensor of real numbers, not str": give("x_t"),
    "torch tensor of real numbers, not list": give([0.5, 0.7]),
    "torch tensor of real numbers, not torch.complex64": give(torch.zeros(3) + 0j),
    "Give back one tensor, or a list of": [
        give([torch.zeros(3), "x"]),
        give((torch.zeros(3), torch.zeros(4))),
    ],
    "Nothing came out": [give([]), lambda *given: iter(())],
    "The shape should be": give(torch.zeros(7, 7)),
}


def three_tensors(change, names, length):
    """Accidents with three tensors of these names; `change` makes attempts of right answers."""
    wanted, name = f"Give back 3 tensors, ({', '.join(names)}), not", names[2]

    def last(to):
        return change(lambda a, b, c: (a, b, to(c)))

    return FUNCTION | {
        "Not attempted yet": [*FUNCTION["Not attempted yet"], give((..., ..., None))],
        f"{wanted} one Tensor": change(lambda a, b, c: c),
        f"{wanted} one dict": change(lambda a, b, c: {"a": a}),
        f"{wanted} 2": change(lambda a, b, c: (a, b)),
        f"{wanted} 4": change(lambda a, b, c: [a, b, c, a]),
        f"{name}: This one is still missing": [last(give(...)), last(give(None))],
        f"{name}: Make it a torch tensor of real numbers, not": [
            *(last(to) for to in (Tensor.numpy, Tensor.tolist, lambda c: c + 0j)),
        ],
        f"{name}: The shape should be ({length},)": last(lambda c: c[:, None]),
    }


# ------------------------------------------------------------------ two factors


def right(keep, add):
    return keep, add


# What becomes of the two right factors, which are square roots. {0} and {1} are their squares.
FACTORS = {
    "Correct.": right,
    "kept {0} of the picture. A share": lambda k, a: (k**2, a),
    "scaled the noise by {1}. That is its variance": lambda k, a: (k, a**2),
    "left out both square roots: √{0} and √{1}": lambda k, a: (k**2, a**2),
    "left √{0} out:": lambda k, a: (1, a),
    "left √{1} out:": lambda k, a: (k, 1),
    "left out both factors, √{0} and √{1}": lambda k, a: (1, 1),
    "factors are swapped: √{0} belongs to the picture": lambda k, a: (a, k),
    "the picture alone. Add √{1}": [lambda k, a: (k, 0), lambda k, a: (1, 0)],
    "the noise alone. Add √{0}": [lambda k, a: (0, a), lambda k, a: (0, 1)],
    "subtracted the noise": lambda k, a: (k, -a),
    "numbers differ from the formula": lambda k, a: (0.3 * k, a),
}


def each(make, table):
    return {words: [make(one) for one in as_list(values)] for words, values in table.items()}


def with_factors(make, kept, added):
    return {words.format(kept, added): attempts for words, attempts in each(make, FACTORS).items()}


# ------------------------------------------------------------------ lesson 1


def step(factors=right, change=lambda x: x):
    def attempt(x_prev, beta, noise):
        keep, add = factors(math.sqrt(1 - beta), math.sqrt(beta))
        return change(keep * x_prev + add * noise)

    return attempt


PRECISIONS = Tensor.float, Tensor.double, Tensor.half, Tensor.bfloat16
FORWARD_STEP = {
    **ONE_TENSOR,
    **with_factors(step, "(1−β)", "β"),
    "Correct.": [step(change=to) for to in PRECISIONS],
    "left √(1−β) out and used β": step(lambda k, a: (1, a**2)),
    "clamped the result": step(change=lambda x: x.clamp(-1, 1)),
    "Use the noise that you are given": lambda x, b, e: step()(x, b, torch.randn(x.shape)),
    "changed your input in place": lambda x, b, e: step()(x.mul_(2), b, e),
    "Give back one tensor, not 2": lambda x, b, e: (step()(x, b, e), e),
}
BETA_FOR_SPREAD = {
    "Not attempted yet": [None, ...],
    "Correct.": [0.25, torch.tensor(0.25), np.float32(0.25)],
    "0.5 is the standard deviation": 0.5,
    "square root where a square": 0.7071,
    "1 − β": 0.75,
    "the answer is smaller": 0.3,
    "the answer is larger": 0.2,
    "Give a number, not str": "0.25",
    "Give a number, not bool": True,
    "Give a number, not complex": 1j,
    "Give a number, not function": give(0.25),
    "Give one number, not 3.": torch.zeros(3),
    "raised OverflowError": 10**400,
}

# ------------------------------------------------------------------ lesson 2


def walk(x_0, schedule, noises, factors=right, times=range(1, 6)):
    x_t = x_0
    for t in times:
        keep, add = factors(schedule.alpha(t).sqrt(), schedule.beta(t).sqrt())
        x_t = keep * x_t + add * noises[t - 1]
        yield x_t


def walk_in_place(x_0, schedule, noises):
    x_t = x_0.clone()
    for right in walk(x_0, schedule, noises):
        yield x_t.copy_(right)


def walk_that_uses_up(x_0, schedule, noises):
    for t in range(1, 6):
        x_0 = schedule.alpha(t).sqrt() * x_0 + schedule.beta(t).sqrt() * noises.pop(0)
        yield x_0


FORWARD_CHAIN = {
    **ONE_TENSOR,
    **with_factors(lambda f: lambda x, s, e: walk(x, s, e, f), "α_t", "β_t"),
    "Correct.": [walk, lambda *given: tuple(walk(*given)), walk_that_uses_up],
    "clamped the result": lambda x, s, e: [x_t.clamp(-1, 1) for x_t in walk(x, s, e)],
    "gave back x_0 as well": lambda x, s, e: [x, *walk(x, s, e)],
    "last step is missing": lambda x, s, e: walk(x, s, e, times=range(1, s.time_steps)),
    "gave back x_0 … x_{T−1}": lambda x, s, e: [x, *walk(x, s, e)][:-1],
    "only the end": lambda x, s, e: [*walk(x, s, e)][-1:],
    "x_T itself": lambda x, s, e: [*walk(x, s, e)][-1],
    "returned after the first step": lambda x, s, e: next(walk(x, s, e)),
    "one and the same tensor": walk_in_place,
    "Every step starts from x_0": lambda x, s, e: [
        s.alpha(t).sqrt() * x + s.beta(t).sqrt() * e[t - 1] for t in range(1, 6)
    ],
    "same noise in every step": lambda x, s, e: walk(x, s, e[:1] * 5),
    "from T down to 1": lambda x, s, e: walk(x, s, e, times=range(5, 0, -1)),
    "a jump from x_0": lambda x, s, e: [q_sample(x, t, s, e[t - 1]) for t in range(1, 6)],
    "The shape should be": [give(torch.zeros(7, 7)), lambda x, s, e: itertools.repeat(x)],
}
SIGNAL_LEFT = {
    **FUNCTION,
    "Correct.": lambda s, t: s.signal_rate(t),
    "product of the α": lambda s, t: s.alpha_bar(t),
    "multiplied all T factors": lambda s, t: s.signal_rate(s.time_steps),
    "One factor too few": lambda s, t: s.signal_rate(t - 1),
    "One factor too many": lambda s, t: s.signal_rate(t + 1),
    "first factor is missing": lambda s, t: s.alphas[1:t].prod().sqrt(),
    "α_2 to α_{t+1}": lambda s, t: s.alphas[1 : t + 1].prod().sqrt(),
    "factor of step t alone": lambda s, t: s.alpha(t).sqrt(),
    "added the factors": lambda s, t: s.alphas[:t].sqrt().sum(),
    "how much noise": lambda s, t: s.noise_rate(t),
    "Give one number, not 3. Is a .prod() missing?": lambda s, t: s.alphas[:t].sqrt(),
    "the answer is larger": lambda s, t: 1 - s.betas[:t].sum(),
}

# ------------------------------------------------------------------ lesson 3


def tables(betas=torch.linspace, alphas=lambda b: 1 - b, alpha_bars=lambda a: a.cumprod(0)):
    """Three tables, each made of the one before it."""

    def attempt(*given):
        b = betas(*given)
        a = alphas(b)
        return b, a, alpha_bars(a)

    return attempt


def change_tables(change):
    return lambda *given: change(*tables()(*given))


def one_in_front(table):
    return torch.cat([torch.ones(1), table])


WRONG_ORDERS = [*itertools.permutations(range(3))][1:]
SCHEDULE_TABLES = {
    **three_tensors(change_tables, ("betas", "alphas", "alpha_bars"), 6),
    "Correct.": [
        tables(),
        change_tables(lambda *all: [*all]),
        change_tables(lambda *all: iter(all)),
        change_tables(lambda *all: tuple(table.double() for table in all)),
    ],
    "betas: These never reach": tables(lambda a, b, n: torch.linspace(a, b, n + 1)[:-1]),
    "betas: These begin above": tables(lambda a, b, n: torch.linspace(a, b, n + 1)[1:]),
    "scaled linear": tables(lambda a, b, n: torch.linspace(a**0.5, b**0.5, n) ** 2),
    "betas: They run backwards": tables(lambda a, b, n: torch.linspace(b, a, n)),
    "betas: These are the α. If": change_tables(lambda b, a, bars: (b.mul_(-1).add_(1), a, bars)),
    "One value too many": [
        tables(lambda a, b, n: torch.linspace(a, b, n + 1)),
        tables(alphas=lambda b: one_in_front(1 - b)),
        tables(alpha_bars=lambda a: one_in_front(a.cumprod(0))),
    ],
    "One step is missing": [
        tables(lambda a, b, n: torch.linspace(a, b, n - 1)),
        tables(alpha_bars=lambda a: a[:-1].cumprod(0)),
    ],
    "These are the β again": tables(alphas=lambda b: b),
    "alphas: You took a root already": tables(alphas=lambda b: (1 - b).sqrt()),
    "The sign is turned round": tables(alphas=lambda b: b - 1),
    "alphas: These are the running products": tables(alphas=lambda b: (1 - b).cumprod(0)),
    "alpha_bars: These are the α again": tables(alpha_bars=lambda a: a),
    "You multiplied the β": [
        tables(alpha_bars=lambda a: (1 - a).cumprod(0)),
        tables(alpha_bars=lambda a: 1 - (1 - a).cumprod(0)),
    ],
    "You added them up": [
        tables(alpha_bars=lambda a: a.cumsum(0)),
        tables(alpha_bars=lambda a: (1 - a).cumsum(0)),
        tables(alpha_bars=lambda a: 1 - (1 - a).cumsum(0)),
    ],
    "one product of all": tables(alpha_bars=lambda a: a.prod()),
    "α_t to the power t": tables(alpha_bars=lambda a: a ** torch.arange(1, len(a) + 1)),
    "alpha_bars: You took a root already": tables(alpha_bars=lambda a: a.sqrt().cumprod(0)),
    "one step late": tables(alpha_bars=lambda a: one_in_front(a.cumprod(0))[:-1]),
    "That is 1 − ᾱ_t": tables(alpha_bars=lambda a: 1 - a.cumprod(0)),
    "The products run from the end": [
        tables(alpha_bars=lambda a: a.flip(0).cumprod(0)),
        tables(alpha_bars=lambda a: a.flip(0).cumprod(0).flip(0)),
    ],
    "All three are right, but": [
        change_tables(lambda *all, order=order: itemgetter(*order)(all)) for order in WRONG_ORDERS
    ],
    "A NoiseSchedule does the work": NoiseSchedule,
    "betas: Not yet: the numbers differ": change_tables(lambda a, b, c: (7 * a, b, c)),
    "alphas: Not yet: the numbers differ": change_tables(lambda a, b, c: (a, 7 * b, c)),
    "alpha_bars: Not yet: the numbers differ": change_tables(lambda a, b, c: (a, b, 7 * c)),
}
BETA_END_FOR_100 = {
    "Not attempted yet": [None, ...],
    "Correct.": [0.2, 0.18, 0.25, torch.tensor(0.2), np.float32(0.2)],
    "β is a variance": [0, 1, -0.2, 20, math.nan, math.inf, 10**400],
    "the β_end for T = 1000. With T = 100, 60 % of the picture is left": [0.02, torch.tensor(0.02)],
    "Too small: 1.09 % of the picture is left at t = 100": 0.17,
    "Too small: 99.7 % of the picture": 1e-5,
    "gone by t = 76, and the steps after": 0.3,
    "gone by t = 41, and the steps after": 0.99,
    "Give a number, not str": "0.2",
}

# ------------------------------------------------------------------ lessons 4 and 5


def at_t(factors):
    """The two factors of a jump to t, made of the right ones."""
    return lambda s, t: factors(s.signal_rate(t), s.noise_rate(t))


def of_share(share):
    """The two factors of a jump to t, made of what takes the place of ᾱ_t."""
    return lambda s, t: (share(s, t).sqrt(), (1 - share(s, t)).sqrt())


RIGHT, TOO_FAR = at_t(right), of_share(lambda s, t: s.alpha_bars[t])
JUMPS = {
    **with_factors(at_t, "ᾱ_t", "(1−ᾱ_t)"),
    "A root is taken twice": [
        at_t(lambda k, a: (k, (1 - k) ** 0.5)),
        at_t(lambda k, a: (k, a**0.5)),
        at_t(lambda k, a: (k**0.5, a)),
        at_t(lambda k, a: (k**0.5, a**0.5)),
        at_t(lambda k, a: (k**0.5, (1 - k) ** 0.5)),
    ],
    "factors add up to 1": [at_t(lambda k, a: (k, 1 - k)), at_t(lambda k, a: (1 - a, a))],
    "one index too early": [
        of_share(lambda s, t: s.alpha_bar(t - 1)),
        of_share(lambda s, t: s.alpha_bars[t - 2]),
    ],
    "one index too far": of_share(lambda s, t: s.alpha_bars[torch.as_tensor(t).clamp(max=4)]),
    "the product of all α": of_share(lambda s, t: s.alpha_bar(s.time_steps)),
    "You took α_t, which is step t alone": [
        of_share(lambda s, t: s.alpha(t)),
        lambda s, t: (s.alpha(t).sqrt(), s.noise_rate(t)),
        lambda s, t: (s.alpha(t), s.beta(t)),
    ],
    "scaled the noise with β_t": [
        lambda s, t: (s.signal_rate(t), s.beta(t).sqrt()),
        lambda s, t: (s.signal_rate(t), s.beta(t)),
    ],
}


# Ways to draw, in place of torch.randn and torch.randint.


def unseeded(draw):
    return lambda *size, generator: draw(*size)


def own_seed(draw):
    return lambda *size, generator: draw(*size, generator=torch.Generator().manual_seed(0))


def reseeded(draw):
    return lambda *size, generator: draw(*size, generator=generator.manual_seed(0))


UNIFORM = [torch.rand, lambda shape, generator: 2 * torch.rand(shape, generator=generator) - 1]
NORMAL = [
    torch.randn,
    lambda shape, generator: torch.empty(shape).normal_(generator=generator),
    lambda shape, generator: torch.normal(0.0, 1.0, shape, generator=generator),
]


def same_along(*dims):
    def draw(shape, generator):
        sizes = [1 if dim in dims else size for dim, size in enumerate(shape)]
        return torch.randn(sizes, generator=generator).expand(shape)

    return draw


def jumping(factors=RIGHT, draw=torch.randn):
    def attempt(x_0, t, schedule, generator):
        keep, add = factors(schedule, t)
        return keep * x_0 + add * draw(x_0.shape, generator=generator)

    return attempt


Q_SAMPLE = {
    **ONE_TENSOR,
    **each(jumping, JUMPS),
    "Correct.": [jumping(draw=draw) for draw in NORMAL],
    "clamped the result": lambda *given: jumping()(*given).clamp(-1, 1),
    "one index too far": jumping(TOO_FAR),
    "noise is uniform": [jumping(draw=draw) for draw in UNIFORM],
    "one number for the whole picture": jumping(draw=same_along(0, 1, 2)),
    "step by step": lambda x, t, s, g: [*forward_chain(x, s, generator=g)][t - 1],
    "The noise is something else each time": [
        jumping(draw=unseeded(torch.randn)),
        jumping(at_t(lambda k, a: (k**2, a)), draw=unseeded(torch.rand)),
    ],
    "The noise is the same in every call": [
        jumping(draw=own_seed(torch.randn)),
        jumping(draw=reseeded(torch.randn)),
    ],
    "Give back one tensor, not 2": lambda x, t, s, g: (jumping()(x, t, s, g), x),
    "changed your input": [
        lambda x, t, s, g: jumping()(x.mul_(2), t, s, g),
        jumping(lambda s, t: (s.alpha_bars.sqrt_()[t - 1], 1)),
    ],
}


def sampling(factors=RIGHT, draw=torch.randn, draw_t=torch.randint, times=(1, 6), form=None):
    """A `sample_xt` in which the factors, the draws, the times or the shape of the rates differ."""

    def attempt(x_0, schedule, generator):
        t = draw_t(*times, (len(x_0),), generator=generator)
        noise = draw(x_0.shape, generator=generator)
        rates = map(torch.as_tensor, factors(schedule, t))
        keep, add = (rate.reshape(form or (-1, 1, 1, 1)) for rate in rates)
        return keep * x_0 + add * noise, noise, t

    return attempt


def change(make):
    """A right sample, changed afterwards: x_t, the noise e, and t."""
    return lambda *given: make(*sampling()(*given))


def change_t(to):
    return change(lambda x_t, e, t: (x_t, e, to(t)))


def noise_first(x_0, schedule, generator):
    noise = torch.randn(x_0.shape, generator=generator)
    t = (schedule.time_steps * torch.rand(len(x_0), generator=generator)).long() + 1
    return q_sample(x_0, t, schedule, noise), noise, t


def one_by_one(x_0, schedule, generator):
    parts = [sample_xt(picture[None], schedule, generator) for picture in x_0]
    return tuple(map(torch.cat, zip(*parts, strict=True)))


def scaled_noise(x_0, schedule, generator):
    x_t, noise, t = sample_xt(x_0, schedule, generator)
    return x_t, schedule.noise_rate(t).reshape(-1, 1, 1, 1) * noise, t


def of_two_samples(*parts):
    """Some of x_t, noise and t of one sample, and of the next one with draws of its own."""
    return lambda *given: itemgetter(*parts)((*sample_xt(*given), *sample_xt(*given)))


def alternating(first, end, size, generator):
    torch.rand(1, generator=generator)
    return torch.arange(size[0]) % (end - first) + first


def half_weight_at_the_ends(first, end, size, generator):
    return ((end - first - 1) * torch.rand(size, generator=generator)).round().long() + first


def one_t(first, end, size, generator):
    return torch.randint(first, end, (), generator=generator).expand(size)


SAMPLE_XT = {
    **three_tensors(change, ("x_t", "noise", "t"), 4),
    **each(sampling, JUMPS),
    "Correct.": [
        *(sampling(draw=draw) for draw in NORMAL),
        *(sample_xt, noise_first, one_by_one, change(lambda *parts: [*parts])),
    ],
    "numbers differ from the formula": [
        sampling(at_t(lambda k, a: (0.3 * k, a))),
        change(lambda x_t, e, t: (x_t * math.nan, e, t)),
    ],
    "clamped the result": change(lambda x_t, e, t: (x_t.clamp(-1, 1), e, t)),
    "index 5 is out of bounds for dimension 0 with size 5. Step t": sampling(TOO_FAR),
    "along another dimension": [sampling(form=form) for form in [(-1,), (-1, 1), (-1, 1, 1)]],
    "One element's rates": [
        sampling(lambda s, t: RIGHT(s, t[0])),
        sampling(lambda s, t: RIGHT(s, t[-1])),
    ],
    "the noise alone. Add √ᾱ_t": sampling(at_t(lambda k, a: (0, a))),
    "x_t and the noise are one": [
        sampling(at_t(lambda k, a: (0, 1))),
        change(lambda x_t, e, t: (x_t, e.copy_(x_t), t)),
    ],
    "gave back √(1−ᾱ_t) times the noise": scaled_noise,
    "The noise that you give back": of_two_samples(0, 4, 2),
    "The t that you give back": of_two_samples(0, 1, 5),
    "x_t comes first, then the noise": of_two_samples(1, 0, 2),
    "t comes last": [of_two_samples(0, 2, 1), of_two_samples(2, 0, 1)],
    "one t for the whole batch": [
        sampling(draw_t=one_t),
        *map(change_t, (lambda t: t[:1], lambda t: t[0], lambda t: t[0].item())),
    ],
    "t: The dtype should be torch.int64": [change_t(Tensor.float), change_t(Tensor.int)],
    "noise: The shape should be (4, 4, 4, 4)": [
        change(lambda x_t, e, t: (x_t, e[0], t)),
        change(lambda x_t, e, t: (x_t, e[:, :1], t)),
    ],
    "x_t: The shape should be (4, 4, 4, 4)": change(lambda x_t, e, t: (x_t[None], e, t)),
    "noise: The dtype should be": change(lambda x_t, e, t: (x_t, e.double(), t)),
    "x_t: The dtype should be": change(lambda x_t, e, t: (x_t.double(), e, t)),
    "run from 0 to T − 1": sampling(times=(0, 5)),
    "begin at 0": sampling(times=(0, 6)),
    "T is never drawn. The upper end": sampling(times=(1, 5)),
    "Your t run from 2 to 5": sampling(times=(2, 6)),
    "more often than others": sampling(draw_t=half_weight_at_the_ends),
    "t is something else each time": sampling(draw_t=unseeded(torch.randint)),
    "t is the same in every call": [
        sampling(draw_t=own_seed(torch.randint)),
        sampling(draw_t=reseeded(torch.randint)),
        sampling(draw_t=alternating),
    ],
    "The noise is something else each time": sampling(draw=unseeded(torch.randn)),
    "The noise is the same in every call": sampling(draw=own_seed(torch.randn)),
    "All pictures have the same noise": sampling(draw=same_along(0)),
    "repeats within a picture": [
        sampling(draw=same_along(*dims)) for dims in [(1,), (2, 3), (1, 2, 3)]
    ],
    "Your noise is uniform": [sampling(draw=draw) for draw in UNIFORM],
    "Your noise has the mean": sampling(
        draw=lambda shape, generator: 1 + 2 * torch.randn(shape, generator=generator)
    ),
    "changed your input": lambda x, s, g: sampling()(x.mul_(2), s, g),
}

# ------------------------------------------------------------------ the tests

EXERCISES = {
    checks.check_forward_step: FORWARD_STEP,
    checks.check_beta_for_spread: BETA_FOR_SPREAD,
    checks.check_forward_chain: FORWARD_CHAIN,
    checks.check_signal_left: SIGNAL_LEFT,
    checks.check_schedule_tables: SCHEDULE_TABLES,
    checks.check_beta_end_for_100: BETA_END_FOR_100,
    checks.check_q_sample: Q_SAMPLE,
    checks.check_sample_xt: SAMPLE_XT,
}
CASES = [
    pytest.param(check, words, id=f"{check.__name__}-{words}")
    for check, table in EXERCISES.items()
    for words in table
]


@cache
def lines(check, words):
    """What the check prints of each attempt of this row."""
    return [said(check, attempt) for attempt in as_list(EXERCISES[check][words])]


def said(check, attempt):
    with redirect_stdout(io.StringIO()) as out:
        check(attempt)
    return out.getvalue()


@pytest.mark.parametrize(("check", "words"), CASES)
def test_each_attempt_gets_its_own_line(check, words):
    for line in lines(check, words):
        assert line.endswith("\n") and line.count("\n") == 1 and len(line) < 400
        assert [other for other in EXERCISES[check] if other in line] == [words], line


def texts(node):
    """What this code can print, with {} for what it fills in: its strings, but no docstrings."""
    if isinstance(node, ast.JoinedStr):
        pieces = [getattr(piece, "value", None) for piece in node.values]
        yield "".join(piece if isinstance(piece, str) else "{}" for piece in pieces)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        for child in ast.iter_child_nodes(node):
            yield from texts(child)


@pytest.mark.parametrize(
    "file", sorted(Path(checks.__file__).parent.glob("*.py")), ids=lambda p: p.stem
)
def test_every_message_is_tested(file):
    printed = [line for case in CASES for line in lines(*case.values)]
    for message in texts(ast.parse(file.read_text("utf-8"))):
        if " " in message:
            parts = message.split("{}")
            assert any(all(part in line for part in parts) for line in printed), message


@pytest.mark.parametrize("check", [c for c in EXERCISES if FUNCTION.keys() <= EXERCISES[c].keys()])
def test_what_the_learner_prints_appears_once(check):
    def attempt(*given):
        print("here")
        return as_list(EXERCISES[check]["Correct."])[0](*given)

    assert said(check, attempt) == "here\nCorrect.\n"


@pytest.mark.parametrize("options", [{"device": "meta"}, {"layout": torch.sparse_coo}])
def test_odd_tensors_raise_nothing(options):
    line = said(checks.check_forward_step, give(torch.zeros(3, 4, 4, **options)))
    assert line.startswith("Your code raised ")


def test_the_global_source_of_randomness_is_left_alone():
    before = torch.get_rng_state()
    said(checks.check_q_sample, jumping())
    said(checks.check_sample_xt, sample_xt)
    assert torch.equal(torch.get_rng_state(), before)


def test_chance_never_fails_a_right_answer(monkeypatch):
    lesson_5 = sys.modules[checks.check_sample_xt.__module__]
    for seed in range(25):
        monkeypatch.setattr(lesson_5, "SEED", seed)
        assert said(checks.check_sample_xt, sample_xt) == "Correct.\n"
