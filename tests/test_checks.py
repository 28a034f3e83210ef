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
from operator import itemgetter, mul
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from diffusion import NoiseSchedule, collapse_noise, forward_chain, q_sample, sample_xt
from diffusion.reverse_process import ancestral_step, posterior, predict_x_0, sample
from diffusion.teaching import checks


def as_list(value):
    return value if isinstance(value, list) else [value]


def merged(*tables):
    """One table, in which rows with the same words are one."""
    words = dict.fromkeys(itertools.chain(*tables))
    return {w: [a for table in tables if w in table for a in as_list(table[w])] for w in words}


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
    "Your code raised TypeError: ": lambda: None,
    "Your code raised ZeroDivisionError: division by zero\n": lambda *given: 1 / 0,
    "raised ValueError: on and on and on and on": fail(ValueError(100 * "on and " + "\non")),
    "raised IndexError: list index out of range. Step t sits at index t": lambda *given: [][9],
    "raised IndexError: tuple index out of range\n": lambda *given: ()[9],
    "Your code raised Broken\n": fail(Broken()),
}
ONE_TENSOR = FUNCTION | {
    "torch tensor of real numbers, not ndarray": give(np.zeros(3)),
    "torch tensor of real numbers, not list": give([0.5, 0.7]),
    "Give back one tensor, or a list of": [
        give([torch.zeros(3), "x"]),
        give((torch.zeros(3), torch.zeros(4))),
    ],
    "Your answer holds NaN": give(torch.tensor([0.5, math.nan, math.inf])),
    "Your answer holds inf": give(torch.tensor([0.5, -math.inf])),
    "Nothing came out": [give([]), lambda *given: iter(())],
    "The shape should be": give(torch.zeros(7, 7)),
}


def several_tensors(change, names, length):
    """Accidents with tensors of these names; `change` makes attempts of right answers."""
    number, name = len(names), names[-1]
    wanted = f"Give back {number} tensors, ({', '.join(names)}), not"

    def last(to):
        return change(lambda *all: (*all[:-1], to(all[-1])))

    return FUNCTION | {
        "Not attempted yet": [*FUNCTION["Not attempted yet"], give((..., None, ...)[:number])],
        f"{wanted} one Tensor": change(lambda *all: all[-1]),
        f"{wanted} {number - 1}": change(lambda *all: all[:-1]),
        f"{wanted} {number + 1}": change(lambda *all: [*all, all[0]]),
        f"{names[0]} holds NaN": change(lambda a, *rest: (a * math.nan, *rest[:-1], None)),
        f"{names[0]} holds inf": change(lambda a, b, *rest: (a.abs() + math.inf, b[0], *rest)),
        f"{name}: This one is still missing": [last(give(...)), last(give(None))],
        f"{name}: Make it a torch tensor of real numbers, not": [
            *(last(to) for to in (Tensor.numpy, Tensor.tolist, lambda c: c + 0j))
        ],
        f"{name}: The shape should be ({length},)": last(lambda c: c[:, None]),
    }


# ------------------------------------------------------------------ two factors


def right(keep, add):
    return keep, add


def minus(keep, add):
    return keep, -add


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
    "squared a share": [
        lambda k, a: (k**2, (1 - k**4) ** 0.5),
        lambda k, a: ((1 - a**4) ** 0.5, a**2),
    ],
    "Your two factors add up to 1": [lambda k, a: (k, 1 - k), lambda k, a: (1 - a, a)],
    "bracket is misplaced": [lambda k, a: (k, k), lambda k, a: (k, k * a), lambda k, a: (a, a)],
    "numbers differ from the formula": lambda k, a: (0.3 * k, a),
}


def each(make, table):
    return {words: [make(one) for one in as_list(values)] for words, values in table.items()}


def with_factors(make, kept, added):
    return {words.format(kept, added): attempts for words, attempts in each(make, FACTORS).items()}


def plain(a, x, b, e):
    return a * x + b * e


BLENDS = [  # the same in other words
    plain,
    lambda a, x, b, e: b * e + x * a,
    lambda a, x, b, e: a * x - b * -e,
    lambda a, x, b, e: a * (x + b / a * e),
    lambda a, x, b, e: torch.lerp(a * x, a * x + e, b),
    lambda a, x, b, e: torch.addcmul(a * x, b, e),
    lambda a, x, b, e: torch.stack([a * x, b * e]).sum(0),
    lambda a, x, b, e: torch.einsum("k...->...", torch.stack([a * x, b * e])),
    lambda a, x, b, e: x.clone().mul_(a).add_(b * e),
    lambda a, x, b, e: (a * x.double() + b * e.double()).float(),
]

# ------------------------------------------------------------------ lesson 1


def step(factors=right, blend=plain, change=lambda x: x):
    def attempt(x_prev, beta, noise):
        keep, add = map(torch.as_tensor, factors(math.sqrt(1 - beta), math.sqrt(beta)))
        return change(blend(keep, x_prev, add, noise))

    return attempt


PRECISIONS = Tensor.float, Tensor.double, Tensor.half, Tensor.bfloat16
FORWARD_STEP = merged(
    ONE_TENSOR,
    with_factors(step, "(1−β)", "β"),
    {
        "Correct.": [
            *(step(blend=blend) for blend in BLENDS),
            *(step(change=change) for change in (*PRECISIONS, list)),
            lambda x, b, e: (1 - b) ** 0.5 * x + b**0.5 * e,
            lambda x, b, e: math.cos(math.asin(math.sqrt(b))) * x + math.sqrt(b) * e,
        ],
        "numbers differ from the formula": lambda x, b, e: step()(x, 0.19, e),
        "but not for 0.6 and (5, 2): Your code": lambda x, b, e: step()(x.view(3, 4, 4), b, e),
        "subtracted the noise": step(minus),
        "left √(1−β) out and used β": step(lambda k, a: (1, a**2)),
        "clamped the result": [step(change=lambda x, low=low: x.clamp(low, 1)) for low in (-1, 0)],
        "clamped what you are given": [
            lambda x, b, e: step()(x.clamp(-1, 1), b, e),
            lambda x, b, e: step()(x, b, e.clamp(-1, 1)),
        ],
        "Your answer holds NaN": step(change=Tensor.sqrt),
        "Use the noise that you are given": lambda x, b, e: step()(x, b, torch.rand(x.shape)),
        "changed your input in place": lambda x, b, e: step()(x.mul_(2), b, e),
        "Give back one tensor, not 2": lambda x, b, e: (step()(x, b, e), e),
    },
)
BETA_FOR_SPREAD = {
    "Not attempted yet": [None, ...],
    "Correct.": [0.25, 0.5**2, 1 - 0.75, torch.tensor([0.5]) ** 2, np.float32(0.25)],
    "Your answer holds NaN": [math.nan, torch.tensor(math.nan)],
    "Your answer holds inf": math.inf,
    "0.5 is the standard deviation": 0.5,
    "square root where a square": 0.7071,
    "1 − β": 0.75,
    "the answer is smaller": 0.3,
    "the answer is larger": 0.2,
    "Give a number, not str": "0.25",
    "Give a number, not function": give(0.25),
    "Give one number, not 3.": torch.zeros(3),
}

# ------------------------------------------------------------------ lesson 2


def of_step(s, t):
    return s.alpha(t).sqrt(), s.beta(t).sqrt()


def walk(x_0, schedule, noises, factors=right, rates=of_step, times=None, blend=plain):
    x_t = x_0
    for t in times or times_of(schedule):
        keep, add = factors(*rates(schedule, t))
        x_t = blend(keep, x_t, add, noises[t - 1])
        yield x_t


def walking(**changes):
    return lambda *given: walk(*given, **changes)


def walk_in_place(x_0, schedule, noises):
    x_t = x_0.clone()
    return (x_t.copy_(right) for right in walk(x_0, schedule, noises))


def walk_that_uses_up(x_t, schedule, noises):
    for t in times_of(schedule):
        x_t = next(walk(x_t, schedule, t * noises[:1], times=[t]))
        noises.pop(0)
        yield x_t


def times_of(schedule):
    return range(1, schedule.time_steps + 1)


def jumps(x, s, e):
    return [q_sample(x, t, s, e[t - 1]) for t in times_of(s)]


def collapsed(x, s, e):
    return jumps(x, s, [collapse_noise(e[:t], s) for t in times_of(s)])


FORWARD_CHAIN = merged(
    ONE_TENSOR,
    with_factors(lambda f: walking(factors=f), "α_t", "β_t"),
    {
        "Correct.": [
            *(walk, forward_chain, collapsed, walk_that_uses_up),
            *(walking(blend=blend) for blend in BLENDS),
            *(lambda *given, to=to: to([*walk(*given)]) for to in (list, tuple, iter, torch.stack)),
            lambda x, s, e: [[*walk(x, s, e, times=range(1, t + 1))][-1] for t in times_of(s)],
            lambda x, s, e: (x_t.half() for x_t in walk(x, s, e)),
        ],
        "subtracted the noise": walking(factors=minus),
        "not for 4 steps from (4, 1, 3, 2): Your code raised": walking(times=range(1, 6)),
        "You clamp in each step": [
            walking(blend=lambda *given, low=low: plain(*given).clamp(low, 1)) for low in (-1, 0)
        ],
        "clamped the result": lambda x, s, e: [x_t.clamp(-1, 1) for x_t in walk(x, s, e)],
        "Your answer holds NaN": walking(blend=lambda *given: plain(*given).sqrt()),
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
        "Every step has the same β": walking(rates=lambda s, t: of_step(s, 1)),
        "You took ᾱ_t, which is for the jump": [
            walking(rates=lambda s, t: (s.signal_rate(t), s.noise_rate(t))),
            walking(rates=lambda s, t: (s.signal_rate(t), s.beta(t).sqrt())),
            walking(rates=lambda s, t: (s.alpha(t).sqrt(), s.noise_rate(t))),
        ],
        "same noise in every step": lambda x, s, e: walk(x, s, e[:1] * 5),
        "noises in another order": [
            lambda x, s, e: walk(x, s, e[::-1]),
            lambda x, s, e: walk(x, s, e[-1:] + e[:-1]),
        ],
        "The same input gives something else": lambda x, s, e: forward_chain(x, s),
        "from T down to 1": walking(times=range(5, 0, -1)),
        "a jump from x_0": [jumps, lambda x, s, e: jumps(x, s, e[:1] * 5)],
        "The shape should be": lambda x, s, e: itertools.repeat(x),
    },
)
SIGNAL_LEFT = FUNCTION | {
    "Correct.": [
        lambda s, t: s.signal_rate(t),
        lambda s, t: s.alphas[:t].prod().sqrt().item(),
        lambda s, t: s.alphas[:t].sqrt().prod(),
        lambda s, t: s.alpha_bar(t) ** 0.5,
        lambda s, t: s.alpha_bars[t - 1].sqrt(),
        lambda s, t: math.sqrt(s.alphas[:t].prod()),
        lambda s, t: math.prod(math.sqrt(a) for a in s.alphas[:t]),
        lambda s, t: math.prod(s.alpha(i).sqrt() for i in range(1, t + 1)),
        lambda s, t: (1 - s.betas[:t]).log().sum().div(2).exp(),
        lambda s, t: [*forward_chain(torch.ones(1), s, torch.zeros(5, 1))][t - 1],
    ],
    "Right for t = 3, but not for t = 5: Not yet": lambda s, t: s.alphas[:3].prod().sqrt(),
    "Your answer holds NaN": lambda s, t: (s.betas[:t].sum() - 9).sqrt(),
    "product of the α. Each": lambda s, t: s.alpha_bar(t),
    "A root is taken twice": lambda s, t: s.signal_rate(t).sqrt(),
    "multiplied all T factors": lambda s, t: s.signal_rate(s.time_steps),
    "One factor too few": lambda s, t: s.signal_rate(t - 1),
    "One factor too many": lambda s, t: s.signal_rate(t + 1),
    "first factor is missing": lambda s, t: s.alphas[1:t].prod().sqrt(),
    "α_2 to α_{t+1}": lambda s, t: s.alphas[1 : t + 1].prod().sqrt(),
    "factor of step t alone": [
        lambda s, t: s.alpha(t).sqrt(),
        lambda s, t: s.alpha(t),
        lambda s, t: s.alpha(t).sqrt() ** t,
    ],
    "added the factors": [
        lambda s, t: s.alphas[:t].sqrt().sum(),
        lambda s, t: s.alphas[:t].sum(),
        lambda s, t: s.alphas[:t].sum().sqrt(),
    ],
    "how much noise": lambda s, t: s.noise_rate(t),
    "is an approximation": lambda s, t: math.exp(-s.betas[:t].sum() / 2),
    "Give one number, not 3. Is a .prod() missing?": lambda s, t: s.alphas[:t].sqrt(),
    "Not yet: the answer is larger": lambda s, t: 1 - s.betas[:t].sum(),
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
    **several_tensors(change_tables, ("betas", "alphas", "alpha_bars"), 6),
    "Correct.": [
        tables(),
        tables(lambda a, b, n: a + (b - a) * torch.arange(n) / (n - 1)),
        tables(lambda a, b, n: torch.tensor([a + (b - a) * i / (n - 1) for i in range(n)])),
        tables(lambda a, b, n: torch.linspace(a, b, n, dtype=torch.float64)),
        tables(alphas=lambda b: torch.ones_like(b).sub(b)),
        tables(alpha_bars=lambda a: a.log().cumsum(0).exp()),
        tables(alpha_bars=lambda a: torch.stack([a[: i + 1].prod() for i in range(len(a))])),
        tables(alpha_bars=lambda a: torch.tensor([*itertools.accumulate(a.tolist(), mul)])),
        lambda *given: (lambda s: (s.betas, s.alphas, s.alpha_bars))(NoiseSchedule(*given)),
        change_tables(lambda *all: [*all]),
        change_tables(lambda *all: iter(all)),
        change_tables(lambda *all: tuple(table.double() for table in all)),
    ],
    "not for (0.0001, 0.02, 1000): betas: The shape": lambda a, b, n: tables()(a, b, 6),
    "alphas holds NaN": tables(alphas=lambda b: (b - 1).sqrt()),
    "betas: These run from 0.0001 to 0.02": lambda a, b, n: tables()(1e-4, 0.02, n),
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
    "one product of all": [
        tables(alpha_bars=lambda a: a.prod()),
        tables(alpha_bars=lambda a: a.prod().expand_as(a)),
    ],
    "That is an average": tables(alpha_bars=lambda a: a.cumsum(0) / torch.arange(1, len(a) + 1)),
    "is an approximation": tables(alpha_bars=lambda a: (a - 1).cumsum(0).exp()),
    "one α to the power t": [
        tables(alpha_bars=lambda a: a ** torch.arange(1, len(a) + 1)),
        tables(alpha_bars=lambda a: a[0] ** torch.arange(1, len(a) + 1)),
    ],
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
    "alpha_bars: Not yet: the numbers differ": change_tables(lambda a, b, c: (a, b, 7 * c)),
}
BETA_END_FOR_100 = {
    "Not attempted yet": [None, ...],
    "Correct.": [0.2, 0.18, 0.25, 2 * math.log(100) / 50, torch.tensor(0.2), np.float32(0.2)],
    "Your answer holds NaN": math.nan,
    "Your answer holds inf": math.inf,
    "β is a variance": [0, 1, -0.2, 20],
    "the β_end for T = 1000. With T = 100, 60 % of the picture is left": [0.02, torch.tensor(0.02)],
    "Too small: 1.09 % of the picture is left at t = 100": 0.17,
    "gone by t = 76, and the steps after": 0.3,
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
    "α_t to the power t": of_share(lambda s, t: s.alpha(t) ** t),
    "You added up the β": [
        of_share(lambda s, t: (-s.betas.cumsum(0)[t - 1]).exp()),
        lambda s, t: (s.signal_rate(t), s.betas.cumsum(0)[t - 1].sqrt()),
    ],
    "scaled the noise with β_t": [
        lambda s, t: (s.signal_rate(t), s.beta(t).sqrt()),
        lambda s, t: (s.signal_rate(t), s.beta(t)),
    ],
}


# Ways to draw, given a size and a generator, in place of torch.randn and torch.randint.


def randn(size, g):
    return torch.randn(size, generator=g)


def randint(low, end, size, g):
    return torch.randint(low, end, size, generator=g)


def from_another(source):
    return lambda draw: lambda *size_and_g: draw(*size_and_g[:-1], source(size_and_g[-1]))


unseeded = from_another(lambda g: None)
own_seed = from_another(lambda g: torch.Generator().manual_seed(0))
reseeded = from_another(lambda g: g.manual_seed(0))


def twice(draw, change):
    """Two draws, n and m, and what is made of them."""
    return lambda *given: change(draw(*given), draw(*given))


def uniform(change):
    return lambda size, g: change(torch.rand(size, generator=g))


def same_along(*dims):
    def draw(size, g):
        sizes = [1 if dim - len(size) in dims else n for dim, n in enumerate(size)]
        return randn(sizes, g).expand(size)

    return draw


NORMAL = [  # whatever the way, from N(0, 1)
    randn,
    lambda size, g: torch.empty(size).normal_(generator=g),
    lambda size, g: torch.randn(size, generator=g, dtype=torch.double).float(),
    lambda size, g: torch.normal(0.0, 1.0, size, generator=g),
    lambda size, g: torch.normal(torch.zeros(size), 1.0, generator=g),
    lambda size, g: torch.stack([randn(size[1:], g) for _ in range(size[0])]),
    uniform(lambda u: torch.erfinv(2 * u - 1).clamp(-4, 4) * math.sqrt(2)),
    twice(randn, lambda n, m: -n),
    twice(randn, lambda n, m: m.flip(-1)),
    twice(randn, lambda n, m: (n + m) / math.sqrt(2)),
    twice(randn, lambda n, m: 0.6 * n - 0.8 * m),
]
NO_BELL = {  # mostly of the right mean and variance
    "noise is uniform": [
        uniform(lambda u: u),
        uniform(lambda u: (u - 0.5) * math.sqrt(12)),
    ],
    "Your noise has 2 values only": twice(randn, lambda n, m: n.sign()),
    "You clamped the noise": [twice(randn, lambda n, m, c=c: n.clamp(-c, c)) for c in (1, 3)],
    "not the shape of a bell curve": [
        uniform(lambda u: (0.5 - u).sign() * (1.0001 - (2 * u - 1).abs()).log() / math.sqrt(2)),
        uniform(lambda u: -(1 - u).log() - 1),
        twice(uniform(lambda u: u), lambda u, v: (u - v) * math.sqrt(6)),
    ],
    "took the noise's own mean away, or divided": [
        twice(randn, lambda n, m: n / n.std()),
        twice(randn, lambda n, m: n - n.mean()),
        twice(randn, lambda n, m: n / n.square().mean().sqrt()),
        twice(randn, lambda n, m: n / n.std((-2, -1), keepdim=True)),
    ],
    "numbers of your noise hang together": [
        twice(randn, lambda n, m: (n + n.flip(-1)) / math.sqrt(2)),
        twice(randn, lambda n, m: torch.cat([n[::2], -n[::2]])),
    ],
    "same for all channels.": same_along(-3),
    "same for all channels and rows and columns.": same_along(-3, -2, -1),
}
NO_VARIANCE_OF_1 = [
    twice(randn, lambda n, m: n + m),
    twice(randn, lambda n, m: (n + n) / math.sqrt(2)),
    twice(randn, lambda n, m: n.abs()),
    twice(randn, lambda n, m: n + 0.1),
]


def first_of(table):
    return {words: as_list(values)[0] for words, values in table.items()}


def jumping(factors=RIGHT, draw=randn, blend=plain):
    def attempt(x_0, t, schedule, generator):
        keep, add = factors(schedule, t)
        return blend(keep, x_0, add, draw(x_0.shape, generator))

    return attempt


Q_SAMPLE = merged(
    ONE_TENSOR,
    each(jumping, JUMPS),
    each(lambda draw: jumping(draw=draw), first_of(NO_BELL) | {"Correct.": NORMAL}),
    {
        "Correct.": [
            *(jumping(blend=blend) for blend in BLENDS[::2]),
            jumping(at_t(minus)),  # −ε is as likely as ε
            jumping(of_share(lambda s, t: s.alphas[:t].prod())),
            lambda x, t, s, g: q_sample(x, t, s, generator=g),
            lambda x, t, s, g: [jumping()(part, t, s, g) for part in x],
            lambda x, t, s, g: torch.normal(
                s.signal_rate(t) * x, s.noise_rate(t).item(), generator=g
            ),
        ],
        "numbers differ from the formula": [
            *(jumping(draw=draw) for draw in NO_VARIANCE_OF_1),
            jumping(at_t(lambda k, a: (0.9 * k, a))),
            jumping(at_t(lambda k, a: (k, 0.9 * a))),
            lambda x, t, s, g: jumping()(jumping()(x, t, s, g), t, s, g),
        ],
        "but not for t = 1 and (1, 20, 30)": lambda x, t, s, g: jumping()(x.view(4, 8, 8), t, s, g),
        "Your answer holds NaN": lambda *given: jumping()(*given).sqrt(),
        "You added up the β": jumping(of_share(lambda s, t: 1 - s.betas[:t].sum())),
        "clamped the result": lambda *given: jumping()(*given).clamp(-1, 1),
        "one index too far": jumping(TOO_FAR),
        "step by step": lambda x, t, s, g: [*forward_chain(x, s, generator=g)][t - 1],
        "The noise is something else each time": [
            jumping(draw=unseeded(randn)),
            jumping(at_t(lambda k, a: (k**1.1, a)), unseeded(uniform(lambda u: u))),
        ],
        "The noise is the same in every call": [
            jumping(draw=own_seed(randn)),
            jumping(draw=reseeded(randn)),
        ],
        "Give back one tensor, not 2": lambda x, t, s, g: (jumping()(x, t, s, g), x),
        "changed your input": [jumping(lambda s, t: (s.alpha_bars.sqrt_()[t - 1], 1))],
    },
)


def ones(x_0):
    return -1, *[1] * (x_0.ndim - 1)


def ones_but_for(ndim, form):
    return lambda x_0: form if x_0.ndim == ndim else ones(x_0)


def sampling(
    factors=RIGHT, draw=randn, draw_t=randint, times=(1, 6), forms=[ones] * 2, blend=plain
):
    """A `sample_xt` in which the factors, the draws or the shapes of the two rates differ."""

    def attempt(x_0, schedule, generator):
        t = draw_t(*times, (len(x_0),), generator)
        noise = draw(x_0.shape, generator)
        rates = map(torch.as_tensor, factors(schedule, t))
        keep, add = (rate.reshape(form(x_0)) for rate, form in zip(rates, forms, strict=True))
        return blend(keep, x_0, add, noise), noise, t

    return attempt


def shaped(*places):
    """Rates with so many ones after them, where it is not None."""
    return sampling(forms=[ones if n is None else lambda x, n=n: (-1, *[1] * n) for n in places])


def change(make):
    """A right sample, changed afterwards: x_t, the noise e, and t."""
    return lambda *given: make(*sampling()(*given))


def change_t(to):
    return change(lambda x_t, e, t: (x_t, e, to(t)))


def noise_first(x, s, g):
    noise, t = randn(x.shape, g), (len(s) * torch.rand(len(x), generator=g)).long() + 1
    return q_sample(x, t, s, noise), noise, t


def one_by_one(x_0, schedule, generator):
    parts = [sample_xt(picture[None], schedule, generator) for picture in x_0]
    return tuple(map(torch.cat, zip(*parts, strict=True)))


def scaled_noise(x_0, schedule, generator):
    x_t, noise, t = sample_xt(x_0, schedule, generator)
    return x_t, schedule.noise_rate(t).reshape(-1, 1, 1, 1) * noise, t


def of_two_samples(*parts):
    """Some of x_t, noise and t of one sample, and of the next one with draws of its own."""
    return lambda *given: itemgetter(*parts)((*sample_xt(*given), *sample_xt(*given)))


def noise_last(x, s, g):
    """x_t itself is drawn, and the noise is what is in it."""
    t = torch.randint(1, len(s) + 1, (len(x),), generator=g)
    mean, std = s.signal_rate(t).view(ones(x)) * x, s.noise_rate(t).view(ones(x)).expand_as(x)
    x_t = torch.normal(mean, std, generator=g)
    return x_t, (x_t - mean) / std, t


RIGHT_T = [  # here T = 5
    lambda low, end, size, g: torch.cat([randint(low, end, (1,), g) for _ in range(*size)]),
    lambda low, end, size, g: torch.randint(5, size, generator=g) + 1,
    lambda low, end, size, g: (5 * torch.rand(size, generator=g)).long() + 1,
    lambda low, end, size, g: torch.empty(size).long().random_(1, 6, generator=g),
    lambda low, end, size, g: torch.rand(*size, 5, generator=g).argmax(1) + 1,
    twice(randint, lambda t, u: 6 - t),
    twice(randint, lambda t, u: u.int()),
    twice(randint, lambda t, u: (t + u) % 5 + 1),
]
WRONG_T = {
    "one t for the whole batch": twice(randint, lambda t, u: t[:1].expand_as(t)),
    "more often than others": [
        twice(randint, torch.maximum),
        lambda low, end, size, g: (4 * torch.rand(size, generator=g)).round().long() + 1,
    ],
    "t are sorted within the batch": twice(randint, lambda t, u: t.sort().values),
    "ever have the same t, as torch.randperm": [
        lambda low, end, size, g: torch.randperm(5, generator=g)[:4] + 1
    ],
    "t hang together": [
        twice(randint, lambda t, u: torch.cat([t[::2], 6 - t[::2]])),
        twice(randint, lambda t, u: t[::2].repeat(2)),
        twice(randint, lambda t, u: t[::2].repeat_interleave(2)),
    ],
    "t is something else each time": unseeded(randint),
    "t is the same in every call": [
        own_seed(randint),
        reseeded(randint),
        twice(randint, lambda t, u: torch.arange(len(t)) % 5 + 1),
    ],
}
SAMPLE_XT = merged(
    several_tensors(change, ("x_t", "noise", "t"), 4),
    each(sampling, dict([*first_of(JUMPS).items()][::2])),  # they are lesson 4's
    each(lambda draw: sampling(draw=draw), NO_BELL | {"Correct.": NORMAL[-4:]}),
    each(lambda draw: sampling(draw_t=draw), WRONG_T | {"Correct.": RIGHT_T}),
    {
        "Correct.": [
            *(sample_xt, noise_first, noise_last, one_by_one, change(lambda *parts: [*parts])),
            *(sampling(blend=blend) for blend in BLENDS[-4:]),
            lambda *given: (lambda x_t, e, t: (x_t, -e, t))(*sampling(at_t(minus))(*given)),
        ],
        "not for x_0 of shape (3, 3): x_t: The shape": shaped(3, 3),
        "numbers differ from the formula": sampling(forms=[ones_but_for(2, (-1,))] * 2),
        "not for x_0 of shape (3, 5, 2): Your code": sampling(forms=[ones_but_for(3, (-1, 1))] * 2),
        "(1, 3, 2, 5): t: The shape": lambda *given: [*map(torch.squeeze, sample_xt(*given))],
        "x_t holds NaN": change(lambda x_t, e, t: (x_t.sqrt(), e, t)),
        "clamped the result": change(lambda x_t, e, t: (x_t.clamp(-1, 1), e, t)),
        "rescaled or clamped x_0": [
            lambda x, s, g: sample_xt((x + 1) / 2, s, g),
            lambda x, s, g: sample_xt(2 * x - 1, s, g),
            lambda x, s, g: sample_xt(x.clamp(-1, 1), s, g),
        ],
        "index 5 is out of bounds for dimension 0 with size 5. Step t": sampling(TOO_FAR),
        "Your rates run along another dimension": [shaped(0, 0), shaped(1, 1), shaped(2, 0)],
        "One of your two rates runs along": [shaped(0, None), shaped(None, 1), shaped(None, 2)],
        "One element's rates": [
            sampling(lambda s, t: RIGHT(s, t[:1])),
            sampling(lambda s, t: RIGHT(s, t[-1:])),
        ],
        "x_t and the noise are one": [
            change(lambda x_t, e, t: (e, e, t)),
            change(lambda x_t, e, t: (x_t, e.copy_(x_t), t)),
        ],
        "gave back √(1−ᾱ_t) times the noise": scaled_noise,
        "one sign in x_t and the other": [
            sampling(at_t(minus)),
            change(lambda x_t, e, t: (x_t, -e, t)),
        ],
        "The noise that you give back": [
            of_two_samples(0, 4, 2),
            change(lambda x_t, e, t: (x_t, torch.randn_like(e), t)),
            change(lambda x_t, e, t: (x_t, e.flip(0), t)),
        ],
        "The t that you give back": of_two_samples(0, 1, 5),
        "x_t comes first, then the noise": of_two_samples(1, 0, 2),
        "t comes last": [of_two_samples(0, 2, 1), of_two_samples(2, 0, 1)],
        "one t for the whole batch": [
            change_t(to) for to in (lambda t: t[:1], lambda t: t[0], lambda t: t[0].item())
        ],
        "t: The dtype should be torch.int64": change_t(Tensor.float),
        "noise: The shape should be (4, 4, 4, 4)": change(lambda x_t, e, t: (x_t, e[:, :1], t)),
        "x_t: The shape should be (4, 4, 4, 4)": change(lambda x_t, e, t: (x_t[None], e, t)),
        "x_t: The dtype should be": change(lambda x_t, e, t: (x_t.double(), e, t)),
        "run from 0 to T − 1": sampling(times=(0, 5)),
        "You count from 0, as the diffusers library does": [
            sampling(TOO_FAR, times=(0, 5)),
            change_t(lambda t: t - 1),
        ],
        "begin at 0": sampling(times=(0, 6)),
        "T is never drawn. The upper end": sampling(times=(1, 5)),
        "Your t run from 2 to 5": sampling(times=(2, 6)),
        "The noise is something else each time": sampling(draw=unseeded(randn)),
        "The noise is the same in every call": sampling(draw=own_seed(randn)),
        "same for all pictures.": sampling(draw=same_along(-4)),
        "Your noise has the mean": [
            *(sampling(draw=draw) for draw in NO_VARIANCE_OF_1[:2]),
            lambda x, s, g: sampling(draw=twice(randn, lambda n, m: n * x.std()))(x, s, g),
            lambda x, s, g: sampling(draw=twice(randn, lambda n, m: n + x))(x, s, g),
        ],
        "changed your input": lambda x, s, g: sampling()(x.mul_(2), s, g),
    },
)

# ------------------------------------------------------------------ lesson 6


def angle_of(t, T, s):
    return (t / T + s) / (1 + s) * math.pi / 2


def cos2(angle):
    return angle.cos() ** 2


def at_most(limit):
    return lambda betas: betas.clamp(max=limit)


def unclipped(betas):
    return betas


CLIPPED = at_most(0.999)


def cosine(angle=angle_of, f=cos2, s=0.008, divide=True, clip=CLIPPED, dtype=torch.float64):
    """The cosine schedule, or one with another angle, function, s or limit."""

    def attempt(T):
        values = f(angle(torch.arange(T + 1, dtype=dtype), T, s))
        alpha_bars = values / values[0] if divide else values
        return alpha_bars[1:], clip(1 - alpha_bars[1:] / alpha_bars[:-1])

    return attempt


def multiplied(attempt):
    """The ᾱ are made of the β."""
    return lambda T: (lambda betas: ((1 - betas).cumprod(0), betas))(attempt(T)[1])


def change_cosine(change):
    return lambda T: change(*cosine()(T))


def with_bars(to):
    return change_cosine(lambda bars, b: (to(bars), b))


def with_betas(to, clip=CLIPPED):
    """β that are made of the right ᾱ and the ᾱ before, 1 among them."""
    return change_cosine(lambda bars, b: (bars, clip(to(bars, one_in_front(bars)[:-1]))))


def at_shares(shares):
    """ᾱ at these t/T, divided by the first, and the ratios' β."""

    def attempt(T):
        f = cos2(angle_of(shares(T).double(), 1, 0.008))
        alpha_bars = f / f[0]
        before = one_in_front(alpha_bars)
        return alpha_bars, (1 - before[1:] / before[:-1]).clamp(max=0.999)

    return attempt


def by_hand(T):
    f = [math.cos((t / T + 0.008) / 1.008 * math.pi / 2) ** 2 for t in range(T + 1)]
    betas = [min(1 - f[t] / f[t - 1], 0.999) for t in range(1, T + 1)]
    return torch.tensor(f[1:]) / f[0], torch.tensor(betas)


def all_but_first(bars, before):
    return 1 - bars[1:] / bars[:-1]


def double_angle(angle):
    return (1 + (2 * angle).cos()) / 2


UPSIDE_DOWN, RATIO = (lambda a, before: 1 - before / a), (lambda a, before: a / before)
COSINE = merged(
    several_tensors(change_cosine, ("alpha_bars", "betas"), 20),
    {
        "Correct.": [
            *(cosine(dtype=dtype) for dtype in (torch.float32, torch.float64)),
            *(multiplied(cosine(dtype=dtype)) for dtype in (torch.float32, torch.float64)),
            multiplied(cosine(divide=False)),  # changes no β
            cosine(f=double_angle, dtype=torch.float32),  # ᾱ near 0 has lost its digits
            cosine(f=lambda angle: (math.pi / 2 - angle).sin() ** 2),
            cosine(f=lambda angle: (angle.cos() / angle.cos()[0]) ** 2),
            by_hand,
            change_cosine(lambda a, b: [a.float(), b.requires_grad_()]),
            change_cosine(lambda a, b: iter((a, b.float()))),
            lambda T: (cosine()(T)[0], cosine(dtype=torch.float32)(T)[1]),
            lambda T: (cosine(dtype=torch.float32)(T)[0], cosine()(T)[1]),
            with_bars(lambda a: torch.cat([a[:-1], torch.zeros(1)])),
            lambda T: (lambda s: (s.alpha_bars, s.betas))(NoiseSchedule.cosine(T)),
        ],
        "A NoiseSchedule does the work": NoiseSchedule.cosine,
        "alpha_bars: Make it float32 or float64. In torch.float16": with_bars(Tensor.half),
        "betas: Make it float32 or float64. In torch.": [
            change_cosine(lambda a, b, to=to: (a, to(b)))
            for to in (Tensor.half, Tensor.bfloat16, Tensor.long, Tensor.bool)
        ],
        "One value too many": [with_bars(one_in_front), with_betas(lambda a, _: one_in_front(a))],
        "One value is missing": [
            with_betas(all_but_first),
            with_bars(lambda a: a[:-1]),
            lambda T: tuple(x[1:] for x in at_shares(lambda T: torch.linspace(0, 1, T))(T)),
        ],
        "These are 1000 steps": lambda T: cosine()(1000),
        "not for T = 1000: alpha_bars: The shape": lambda T: cosine()(20),
        "left out the division by f(0)": cosine(divide=False),
        "You divided by f(1)": at_shares(lambda T: torch.arange(1, T + 1) / T),
        "Your first value is that of t = 0": [
            at_shares(lambda T: torch.linspace(0, 1, T)),
            at_shares(lambda T: torch.arange(T) / T),
            *(with_bars(lambda a, f=f: one_in_front(a)[:-1] * f) for f in (1, 0.9998446)),
        ],
        "These are √ᾱ": [
            cosine(f=Tensor.cos),
            cosine(f=Tensor.cos, divide=False),
            multiplied(cosine(f=Tensor.cos)),
            with_bars(Tensor.sqrt),
            multiplied(with_betas(lambda a, before: 1 - (a / before).sqrt())),
        ],
        "You squared twice": [with_bars(Tensor.square), cosine(f=lambda angle: cos2(angle) ** 2)],
        "You squared the angle": [
            cosine(f=lambda angle: (angle**2).cos()),
            cosine(lambda t, T, s: ((t / T + s) / (1 + s)) ** 2 * math.pi / 2, Tensor.cos),
        ],
        "alpha_bars: s is missing": [cosine(s=0), multiplied(cosine(s=0))],
        "Your s is another one": [cosine(s=s) for s in (8, 0.8, 0.08, 0.01, 8e-4)],
        "The denominator 1 + s is missing": cosine(lambda t, T, s: (t / T + s) * math.pi / 2),
        "s stands in the denominator alone": cosine(lambda t, T, s: t / T / (1 + s) * math.pi / 2),
        "A bracket of the angle is misplaced": [
            cosine(lambda t, T, s: t / T + s / (1 + s) * math.pi / 2),
            cosine(lambda t, T, s: (t / T + s / (1 + s)) * math.pi / 2),
            cosine(lambda t, T, s: t / T + s / 1 + s * math.pi / 2),
            cosine(lambda t, T, s: ((t / T + s) / 1 + s) * math.pi / 2),
            cosine(lambda t, T, s: (t + s) / T / (1 + s) * math.pi / 2),
            cosine(lambda t, T, s: t / (T + s) / (1 + s) * math.pi / 2),
            cosine(lambda t, T, s: (t + s) / (T + s) * math.pi / 2),
        ],
        "You took π where": cosine(lambda *given: angle_of(*given) * 2),
        "You took 2π where": cosine(lambda *given: angle_of(*given) * 4),
        "The factor π/2 is missing": cosine(lambda t, T, s: (t / T + s) / (1 + s)),
        "You divided by π/2": [
            cosine(lambda t, T, s: (t / T + s) / ((1 + s) * math.pi / 2)),
            cosine(lambda t, T, s: (t / T + s) / (1 + s) * 2 / math.pi),
        ],
        "3.14 is too rough": cosine(lambda t, T, s: (t / T + s) / (1 + s) * 3.14 / 2),
        "Your angle is in degrees": cosine(lambda t, T, s: (t / T + s) / (1 + s) * 90),
        "You took t where": [
            cosine(lambda t, T, s: angle_of(t, 1, s), divide=divide) for divide in (True, False)
        ],
        "t // T is a whole number": cosine(lambda t, T, s: angle_of(t // T, 1, s)),
        "These are the first ᾱ of T = 1000": cosine(lambda t, T, s: angle_of(t, 1000, s)),
        "You divided t by T − 1": cosine(lambda t, T, s: angle_of(t, T - 1, s)),
        "You divided t by T + 1": cosine(lambda t, T, s: angle_of(t, T + 1, s)),
        "You took the sine": [
            cosine(f=f, divide=divide)
            for f in (Tensor.sin, lambda angle: angle.sin() ** 2)
            for divide in (True, False)
        ],
        "That is 1 − ᾱ_t, the share": with_bars(lambda a: 1 - a),
        "alpha_bars: They run backwards": with_bars(lambda a: a.flip(0)),
        "You multiplied them up": with_bars(lambda a: a.cumprod(0)),
        "alpha_bars: These are the α_t": [
            change_cosine(lambda a, b: (1 - b, b)),
            change_cosine(lambda a, b: (RATIO(a, one_in_front(a)[:-1]), b)),
        ],
        "alpha_bars: These are the β": [
            change_cosine(lambda a, b: (b, b)),
            *(
                lambda T, limit=limit: cosine(clip=at_most(limit))(T)[::-1]
                for limit in (1, 0.9999, 0.999, 0.02)
            ),
        ],
        "You clipped the ᾱ": with_bars(at_most(0.999)),
        "They grow from step to step": [
            lambda T: cosine(f=Tensor.cos)(T)[::-1],
            with_bars(lambda a: (1 - a).sqrt()),
        ],
        "alpha_bars: Not yet": [
            cosine(lambda t, T, s: angle_of(t, 20, s)),
            cosine(lambda *given: angle_of(*given) / 2),
            cosine(lambda t, T, s: angle_of(t, 100, s)),
            cosine(lambda t, T, s: angle_of(t, T, -s)),
            cosine(lambda t, T, s: t / T, f=lambda share: 1 - share),
            cosine(s=0, f=Tensor.cos),
            multiplied(cosine(s=0, clip=at_most(0.02))),
            multiplied(cosine(clip=lambda b: b.clamp(max=0.999) + 1e-5)),
            with_bars(torch.zeros_like),
            with_bars(lambda a: a.cumsum(0)),
            with_bars(lambda a: a.clamp(1e-4, 0.9999)),
            lambda T: (lambda s: (s.alpha_bars, s.betas))(NoiseSchedule(time_steps=T)),
            lambda T: (lambda s: (s.alpha_bars, s.betas))(NoiseSchedule.sigmoid(T)),
        ],
        "betas: All of yours are 0.999. ": with_betas(lambda a, before: before / a),
        "betas: All of yours are 0. ": with_betas(UPSIDE_DOWN, lambda b: b.clamp(0, 0.999)),
        "betas: All of yours are 0.0001": with_betas(UPSIDE_DOWN, lambda b: b.clamp(1e-4, 0.999)),
        "Your β_T is 1. ": [cosine(clip=unclipped), multiplied(cosine(clip=unclipped))],
        "Your β_T is 0.9999. ": [  # and clipped from below, as in a well-known blog post
            cosine(clip=at_most(0.9999)),
            cosine(clip=lambda b: b.clamp(1e-4, 0.9999)),
        ],
        "T = 1000: betas: Your β_T is 0.99588": change_cosine(
            lambda a, b: (
                a.clamp(min=1e-8),
                torch.cat([b[:-1], 1 - 1e-8 / a[-2:-1]]).clamp(max=0.999),
            )
        ),
        "Your β_1 is 0. ": [
            with_betas(lambda *given: torch.cat([torch.zeros(1), all_but_first(*given)])),
            with_betas(lambda a, _: 1 - a / a.roll(1), lambda b: b.clamp(0, 0.999)),
        ],
        "Your β_1 is 0.992. ": with_betas(
            lambda *given: torch.cat([given[0][:1], all_but_first(*given)]), unclipped
        ),
        "Your β_1 is -2": with_betas(lambda a, _: 1 - a / a.roll(1)),
        "You clipped them at 0.02": [
            make(cosine(clip=clip))
            for make in (multiplied, lambda attempt: attempt)
            for clip in (at_most(0.02), lambda b: b.clamp(1e-4, 0.02))
        ],
        "You clipped them at 0.5": change_cosine(lambda a, b: (a, b.clamp(max=0.5))),
        "T = 1000: betas: You clipped them from below as well, at 0.0001": [
            make(cosine(clip=lambda b: b.clamp(1e-4, 0.999)))
            for make in (multiplied, lambda attempt: attempt)
        ],
        "Your limit is one from below": cosine(clip=lambda b: b.clamp(min=0.999)),
        "They begin with β_2": [
            with_betas(lambda *given: torch.cat([all_but_first(*given), torch.ones(1)])),
            with_betas(lambda a, before: 1 - a.roll(-1) / a),
        ],
        "They are one step late": change_cosine(
            lambda a, b: (a, torch.cat([torch.zeros(1), b[:-1]]).requires_grad_())
        ),
        "The ratio is upside down:": [
            with_betas(UPSIDE_DOWN),
            with_betas(UPSIDE_DOWN, unclipped),
            with_betas(lambda a, before: before / a, unclipped),
        ],
        "You divided by ᾱ_t": [
            with_betas(lambda a, before: (before - a) / a),
            with_betas(lambda a, before: (1 - before / a).abs()),
        ],
        "You subtracted without dividing": with_betas(lambda a, before: before - a),
        "betas: These are the α_t": [with_betas(RATIO), with_betas(RATIO, unclipped)],
        "The sign is turned round": with_betas(lambda a, before: a / before - 1),
        "betas: These are the ᾱ": with_betas(lambda a, before: a),
        "That is 1 − ᾱ_t, the noise": [
            with_betas(lambda a, before: 1 - a),
            with_betas(lambda a, before: 1 - a, unclipped),
        ],
        "There is a root too many": [
            with_betas(lambda a, before: 1 - (a / before).sqrt()),
            change_cosine(lambda a, b: (a, b.sqrt())),
        ],
        "betas: They run backwards": change_cosine(lambda a, b: (a, b.flip(0))),
        "betas: Not yet": [
            with_betas(lambda a, before: torch.linspace(1e-4, 0.02, len(a))),
            with_betas(lambda a, before: -(a / before).log()),
            with_betas(lambda a, before: 2 - 2 * a / before),
            with_betas(lambda a, before: a - before),
            with_betas(lambda a, before: 1 - a / a[0]),
        ],
        "betas holds inf": with_betas(lambda a, before: 1 - a / (before * (before < 1))),
    },
)


def log_snr_line(first, last):
    """999 steps in which log SNR falls evenly, and one that takes the rest away."""
    bars = torch.sigmoid(torch.linspace(first, last, 999, dtype=torch.float64))
    return NoiseSchedule.from_alpha_bars(torch.cat([bars, torch.zeros(1)]))


def cosine_with(beta, t):
    betas = NoiseSchedule.cosine().betas
    betas[t - 1] = beta
    return NoiseSchedule.from_betas(betas)


def cliff_at_the_end():
    """Little noise for 998 steps, then all of it: no two steps in the range show the fall."""
    return NoiseSchedule.from_alpha_bars([*torch.linspace(0.99, 0.4, 998).tolist(), 1e-7, 0])


REPAIR = {
    "Not attempted yet": [None, ...],
    "Correct.": [
        NoiseSchedule.cosine(),
        NoiseSchedule.cosine(s=0.2),
        NoiseSchedule.sigmoid(),
        NoiseSchedule.sigmoid(tau=0.7),
        NoiseSchedule.scaled_linear().rescaled(),
        NoiseSchedule.from_betas(cosine()(1000)[1]),
        NoiseSchedule.from_alpha_bars(cosine()(1000)[0]),
        NoiseSchedule.from_alpha_bars(1 - torch.arange(1, 1001) / 1000),  # √ᾱ_T = 0.001
        log_snr_line(6.2, -7),  # 9.2 % wasted
        cosine_with(0.15, 500),  # a jump of 0.2999
    ],
    "Hand over the schedule itself": [NoiseSchedule, NoiseSchedule.cosine, cosine()],
    "Hand over a NoiseSchedule, not list. NoiseSchedule.from_betas(…) makes one": [[0.01] * 1000],
    "Hand over a NoiseSchedule, not torch.float64. ": cosine()(1000)[1],
    "Hand over a NoiseSchedule, not tuple. ": [cosine()(1000)],
    "Hand over a NoiseSchedule, not ndarray. ": [np.full(1000, 0.01)],
    "Hand over a NoiseSchedule, not str. ": "cosine",
    "Yours has T = 100. ": NoiseSchedule.cosine(100),
    "At the end, 6.826 % of the picture is left": NoiseSchedule.scaled_linear(),
    "At the end, 0.635 % of the picture is left": NoiseSchedule.linear(),
    "At the end, 0.657 % of the picture is left": NoiseSchedule.constant(0.01),
    "At the end, 0.129 % of the picture is left": log_snr_line(6.4, -6.4),
    "At the end, 100 % of the picture is left": NoiseSchedule.constant(1e-9),
    "25.7 % of the steps are wasted, and 10 % may be at most: 11 are too clean, at the start (log "
    "SNR above 6), and 246 too noisy": NoiseSchedule.linear().rescaled(),
    "42.7 % of the steps are wasted": NoiseSchedule.constant(0.01).rescaled(),
    "0 are too clean, at the start (log SNR above 6), and 998 too": NoiseSchedule.constant(0.9),
    "200 are too clean, at the start (log SNR above 6), and 201": NoiseSchedule.sigmoid(tau=0.3),
    "11.2 % of the steps": log_snr_line(6.5, -7),
    "From t = 499 to t = 500, log SNR falls by 0.310": cosine_with(0.155, 500),
    "From t = 2 to t = 3, log SNR falls by 0.407 between": NoiseSchedule.sigmoid(start=0),
    "From t = 998 to t = 999, log SNR falls by 5.": cliff_at_the_end(),
}

# ------------------------------------------------------------------ lesson 7


def mean_square(guess, noise):
    return ((guess - noise) ** 2).mean()


def losing(loss=mean_square, sample=sample_xt, ask=lambda denoiser, x_t, t: denoiser(x_t, t)):
    def attempt(denoiser, x_0, schedule, generator):
        x_t, noise, t = sample(x_0, schedule, generator)
        return loss(ask(denoiser, x_t, t), noise)

    return attempt


def comparing(with_what):
    """The guess compared with something else, made of x_t, the noise, x_0, t and the schedule."""

    def attempt(denoiser, x_0, schedule, generator):
        x_t, noise, t = sample_xt(x_0, schedule, generator)
        return mean_square(denoiser(x_t, t), with_what(x_t, noise, x_0, t, schedule))

    return attempt


def of_two_x_0(denoiser, x_0, schedule, generator):
    x_t, _, t = sample_xt(x_0, schedule, generator)
    keep, add = schedule.rates(t, x_0)
    return mean_square((x_t - add * denoiser(x_t, t)) / keep, x_0)


def weighing(denoiser, x_0, schedule, generator):
    x_t, noise, t = sample_xt(x_0, schedule, generator)
    weights = schedule.alpha_bar(t).reshape(ones(x_0))
    return (weights * (denoiser(x_t, t) - noise) ** 2).mean()


def element_by_element(denoiser, x_0, schedule, generator):
    x_t, noise, t = sample_xt(x_0, schedule, generator)
    parts = zip(x_t, noise, t, strict=True)
    return sum(mean_square(denoiser(x[None], s[None]), e[None]) for x, e, s in parts) / len(x_0)


def going_back(denoiser, x_0, schedule, generator):
    loss = losing()(denoiser, x_0, schedule, generator)
    loss.backward()
    return loss


TRAINING_LOSS = merged(
    FUNCTION,
    each(lambda factors: losing(sample=sampling(factors)), dict([*first_of(JUMPS).items()][::4])),
    each(lambda draw: losing(sample=sampling(draw=draw)), first_of(NO_BELL)),
    each(lambda draw: losing(sample=sampling(draw_t=draw)), first_of(WRONG_T)),
    {
        "Correct.": [
            losing(),
            losing(torch.nn.functional.mse_loss),
            losing(lambda g, e: (e - g).pow(2).mean()),
            losing(lambda g, e: torch.square(g - e).flatten(1).mean(1).mean()),
            losing(lambda g, e: (g - e).square().sum() / e.numel()),
            losing(lambda g, e: mean_square(g, e)[None]),
            losing(lambda g, e: mean_square(g.double(), e.double())),
            losing(lambda g, e: mean_square(g.sub_(e), 0)),
            losing(sample=noise_first),
            losing(sample=one_by_one),
            losing(ask=lambda denoiser, x_t, t: denoiser(x_t, t.int())),
            losing(ask=lambda denoiser, x_t, t: denoiser(t=t, x_t=x_t)),
            losing(ask=lambda denoiser, x_t, t: denoiser(x_t.double(), t)),
        ],
        "You added up all squares": [
            losing(lambda g, e: ((g - e) ** 2).sum()),
            losing(lambda g, e: ((g - e) ** 2).flatten(1).sum(1).mean()),
            losing(lambda g, e: torch.nn.functional.mse_loss(g, e, reduction="sum")),
        ],
        "You took the root of the mean square": [
            losing(lambda g, e: mean_square(g, e).sqrt()),
            losing(lambda g, e: (g - e).norm()),
        ],
        "You took absolute values": losing(torch.nn.functional.l1_loss),
        "You did not square": [
            losing(lambda g, e: (g - e).mean()),
            losing(lambda g, e: (e - g).mean()),
        ],
        "You squared the mean": losing(lambda g, e: (g - e).mean() ** 2),
        "That is half of the mean square": losing(lambda g, e: 0.5 * mean_square(g, e)),
        "That is the Huber loss": losing(torch.nn.functional.smooth_l1_loss),
        "You compared the guess with x_0": comparing(lambda x_t, e, x_0, t, s: x_0),
        "You compared the guess with x_t": comparing(lambda x_t, e, x_0, t, s: x_t),
        "You compared two x_0": of_two_x_0,
        "You added the noise to the guess": losing(lambda g, e: mean_square(g, -e)),
        "You compared the guess with nothing": losing(lambda g, e: (g**2).mean()),
        "numbers differ from the formula. Compare it with yours, term by term. The loss is": [
            weighing,
            losing(lambda g, e: ((g - e) ** 4).mean()),
            losing(lambda g, e: mean_square(g, e) + 0.01),
        ],
        "No gradient reaches the denoiser": [
            losing(lambda g, e: mean_square(g, e).detach()),
            losing(lambda g, e: mean_square(g.detach(), e)),
            losing(lambda g, e: mean_square(g.detach(), e.requires_grad_())),
            torch.no_grad()(losing()),
            torch.inference_mode()(losing()),
        ],
        "That is a float, through which": losing(lambda g, e: mean_square(g, e).item()),
        "leave loss.backward() to the training loop": going_back,
        "Yours has the shape (4,). ": losing(lambda g, e: ((g - e) ** 2).mean((1, 2, 3))),
        "Yours has the shape (4, 4, 4, 4). ": losing(lambda g, e: (g - e) ** 2),
        "Yours has the shape (2,). ": lambda *given: [losing()(*given)] * 2,
        "not for x_0 of shape (3, 3): Your code raised": losing(
            lambda g, e: ((g - e) ** 2).mean((1, 2, 3)).mean()
        ),
        "Give back a torch tensor of real numbers, not ndarray": losing(
            lambda g, e: mean_square(g, e).detach().numpy()
        ),
        "Your answer holds NaN": losing(lambda g, e: mean_square(g, e) * math.nan),
        "Your answer holds inf": losing(lambda g, e: mean_square(g, e) / 0),
        "You asked the denoiser 0 times": losing(ask=lambda denoiser, x_t, t: x_t),
        "You asked the denoiser 2 times": losing(
            ask=lambda denoiser, x_t, t: denoiser(x_t, t) + 0 * denoiser(x_t, t)
        ),
        "You gave the denoiser x_0": lambda d, x, s, g: losing(ask=lambda d, x_t, t: d(x, t))(
            d, x, s, g
        ),
        "You gave the denoiser the noise": [
            losing(sample=lambda *given: itemgetter(1, 1, 2)(sample_xt(*given))),
            losing(sample=lambda *given: itemgetter(1, 0, 2)(sample_xt(*given))),
        ],
        "The denoiser wants x_t of shape (4, 4, 4, 4), not (1, 4, 4, 4)": element_by_element,
        "The order is denoiser(x_t, t)": losing(ask=lambda denoiser, x_t, t: denoiser(t, x_t)),
        "Give the denoiser tensors, denoiser(x_t, t), not ndarray": losing(
            ask=lambda denoiser, x_t, t: denoiser(x_t.numpy(), t)
        ),
        "The x_t that you give the denoiser holds NaN": losing(
            ask=lambda denoiser, x_t, t: denoiser(x_t.sqrt(), t)
        ),
        "tensor of shape (4,). Yours is NoneType. sample_xt gives it": losing(
            ask=lambda denoiser, x_t, t: denoiser(x_t)
        ),
        "tensor of shape (4,). Yours is int. ": losing(
            ask=lambda denoiser, x_t, t: denoiser(x_t, t[0].item())
        ),
        "Yours is of shape () and torch.int64": losing(
            ask=lambda denoiser, x_t, t: denoiser(x_t, t[0])
        ),
        "Yours is of shape (4, 1, 1, 1) and torch.int64": losing(
            ask=lambda denoiser, x_t, t: denoiser(x_t, t.reshape(ones(x_t)))
        ),
        "Yours is of shape (4,) and torch.float32": losing(
            ask=lambda denoiser, x_t, t: denoiser(x_t, t / 5)
        ),
        "Yours is of shape (4, 4, 4, 4) and torch.float32": losing(
            sample=lambda *given: itemgetter(0, 2, 1)(sample_xt(*given))
        ),
        "one t for the whole batch": losing(
            ask=lambda denoiser, x_t, t: denoiser(x_t, t[:1].expand_as(t))
        ),
        "You count from 0, as the diffusers library does": losing(
            ask=lambda denoiser, x_t, t: denoiser(x_t, t - 1)
        ),
        "run from 0 to T − 1": losing(sample=sampling(times=(0, 5))),
        "begin at 0": losing(sample=sampling(times=(0, 6))),
        "T is never drawn. The upper end": losing(sample=sampling(times=(1, 5))),
        "Your t run from 2 to 6": losing(ask=lambda denoiser, x_t, t: denoiser(x_t, t + 1)),
        "The t that you give the denoiser is not": losing(sample=of_two_samples(0, 1, 5)),
        "The noise that you compare with is not": [
            losing(sample=of_two_samples(0, 4, 2)),
            losing(sample=change(lambda x_t, e, t: (x_t, torch.randn_like(e), t))),
        ],
        "x_t differs from its formula": [
            losing(sample=sampling(at_t(lambda k, a: (k, 0.9 * a)))),
            losing(sample=lambda x, s, g: sample_xt((x + 1) / 2, s, g)),
        ],
        "The noise is something else each time": losing(sample=sampling(draw=unseeded(randn))),
        "The noise is the same in every call": losing(sample=sampling(draw=own_seed(randn))),
        "same for all pictures.": losing(sample=sampling(draw=same_along(-4))),
        "Your noise has the mean": losing(sample=sampling(draw=NO_VARIANCE_OF_1[0])),
        "changed your input": lambda d, x, s, g: losing()(d, x.clamp_(-1, 1), s, g),
    },
)


def shares_of(s, t):
    """α_t, β_t, ᾱ_{t−1} and ᾱ_t."""
    return s.alpha(t), s.beta(t), s.alpha_bar(t - 1), s.alpha_bar(t)


def from_tables(shift=0):
    """The same from the tables, at index t − 1, or further: −1 is the last one."""
    return lambda s, t: (
        s.alphas[t - 1 + shift],
        s.betas[t - 1 + shift],
        s.alpha_bars[t - 2 + shift],
        s.alpha_bars[t - 1 + shift],
    )


def factor(formula):
    """Of a, b, p and q, which stand for α_t, β_t, ᾱ_{t−1} and ᾱ_t."""
    return eval(f"lambda a, b, p, q: {formula}")


X_0, X_T = "p**0.5 * b / (1 - q)", "a**0.5 * (1 - p) / (1 - q)"
FOR_X_0 = "x_0 is multiplied by √ᾱ_{t−1} β_t / (1 − ᾱ_t). "
FOR_X_T = "x_t is multiplied by √α_t (1 − ᾱ_{t−1}) / (1 − ᾱ_t). "
FOR_ALL = "The mean is divided by √α_t. "
FOR_GUESS = "The guess is multiplied by β_t / √(1 − ᾱ_t). "
FOR_GUESS_OF_X_0 = "The guess of x_0 is divided by √ᾱ_t. "
WRONG_OF_X_0 = {
    "You left out the root of ᾱ_{t−1}": "p * b / (1 - q)",
    "The root is of ᾱ_{t−1} alone": [
        "(p * b) ** 0.5 / (1 - q)",
        "(p * b / (1 - q)) ** 0.5",
        "p**0.5 * b / (1 - q) ** 0.5",
    ],
    "You took α_t in place of ᾱ_{t−1}": "a**0.5 * b / (1 - q)",
    "You took ᾱ_t in place of ᾱ_{t−1}": "q**0.5 * b / (1 - q)",
    "You took 1 − ᾱ_{t−1} in place of ᾱ_{t−1}": "(1 - p) ** 0.5 * b / (1 - q)",
    "You took β_t, which is 1 − α_t, in place of 1 − ᾱ_t": "p**0.5 * b / (1 - a)",
    "You took 1 − ᾱ_{t−1} in place of 1 − ᾱ_t": "p**0.5 * b / (1 - p)",
    "You took ᾱ_t in place of 1 − ᾱ_t": "p**0.5 * b / q",
    "You took α_t in place of β_t": "p**0.5 * a / (1 - q)",
    "You took β̃_t in place of β_t": "p**0.5 * b * (1 - p) / (1 - q) ** 2",
    "You left out √ᾱ_{t−1}": "b / (1 - q)",
    "You left out β_t": "p**0.5 / (1 - q)",
    "You left out 1 − ᾱ_t": "p**0.5 * b",
    "You divided by √ᾱ_{t−1}": "b / (1 - q) / p**0.5",
    "You multiplied by 1 − ᾱ_t": "p**0.5 * b * (1 - q)",
    "At t = 3 that is": "b",
}
WRONG_OF_X_T = {
    "You left out the root of α_t": "a * (1 - p) / (1 - q)",
    "The root is of α_t alone": "(a * (1 - p) / (1 - q)) ** 0.5",
    "You took ᾱ_t in place of α_t": "q**0.5 * (1 - p) / (1 - q)",
    "You took ᾱ_{t−1} in place of α_t": "p**0.5 * (1 - p) / (1 - q)",
    "You took ᾱ_{t−1} in place of 1 − ᾱ_{t−1}": "a**0.5 * p / (1 - q)",
    "You took 1 − ᾱ_t in place of 1 − ᾱ_{t−1}": "a**0.5",
    "You took β_t, which is 1 − α_t, in place of 1 − ᾱ_{t−1}": "a**0.5 * b / (1 - q)",
    "You took ᾱ_t in place of 1 − ᾱ_t": "a**0.5 * (1 - p) / q",
    "You left out √α_t": "(1 - p) / (1 - q)",
    "You left out 1 − ᾱ_{t−1}": "a**0.5 / (1 - q)",
    "You left out 1 − ᾱ_t": "a**0.5 * (1 - p)",
    "You divided by √α_t": "(1 - p) / (1 - q) / a**0.5",
    "At t = 3 that is": "0.5",
}


def under(formula, make, table):
    return {formula + words: values for words, values in each(make, table).items()}


def averaging(x_0=X_0, x_t=X_T, shares=shares_of, blend=plain):
    """The posterior's mean, or one with other factors."""

    def attempt(*given):
        of = shares(given[3], given[2])
        return blend(factor(x_0)(*of), given[1], factor(x_t)(*of), given[0])

    return attempt


def by_precision(x_t, x_0, t, s):
    """The product of two bell curves, one around √ᾱ_{t−1} x_0 and one around x_t / √α_t."""
    if t == 1:
        return x_0
    a, b, p, _ = shares_of(s, t)
    first, second = 1 / (1 - p), a / b
    return (first * p.sqrt() * x_0 + second * x_t / a.sqrt()) / (first + second)


POSTERIOR_MEAN = merged(
    ONE_TENSOR,
    under(FOR_X_0, lambda x_0: averaging(x_0), WRONG_OF_X_0),
    under(FOR_X_T, lambda x_t: averaging(x_t=x_t), WRONG_OF_X_T),
    {
        "Correct.": [
            lambda *given: posterior(*given)[0],
            by_precision,
            *(averaging(blend=blend) for blend in (plain, *BLENDS[4:])),
            *(lambda *given, to=to: to(averaging()(*given)) for to in PRECISIONS),
            averaging(shares=lambda s, t: from_tables()(s, t) if t > 1 else shares_of(s, t)),
            lambda x_t, x_0, t, s: averaging()(x_t.double(), x_0.double(), torch.tensor(t), s),
            lambda x_t, x_0, t, s: posterior(x_t, x_0, torch.full((len(x_t),), t), s)[0],
        ],
        "x_0 and x_t are swapped": [
            averaging(X_T, X_0),
            lambda x_t, x_0, t, s: averaging()(x_0, x_t, t, s),
        ],
        "x_0 is missing. The mean": [averaging("0", x_t) for x_t in (X_T, "a**0.5", "a**-0.5")],
        "x_t is missing. The mean": [averaging(x_0, "0") for x_0 in (X_0, "p**0.5")],
        "You subtracted x_t": averaging(blend=lambda a, x, b, e: a * x - b * e),
        "You subtracted x_0": averaging(blend=lambda a, x, b, e: b * e - a * x),
        FOR_X_0 + "Yours is of step t + 1": [
            averaging(shares=lambda s, t: shares_of(s, t + 1)),
            averaging(shares=from_tables(shift=1)),
        ],
        FOR_X_0 + "Yours is of step t − 1": averaging(shares=lambda s, t: shares_of(s, t - 1)),
        FOR_X_T + "Yours is of step t + 1": averaging(
            shares=lambda s, t: (s.alphas[t], *shares_of(s, t)[1:])
        ),
        "not for t = 1 and (3, 4, 4): " + FOR_X_0 + "At t = 1, index t − 2 is −1": averaging(
            shares=from_tables()
        ),
        "differ from the formula. Compare it with yours, term by term.\n": [
            averaging(blend=lambda *given: plain(*given) + 1),
            averaging(blend=lambda *given: plain(*given).clamp(-1, 1)),
        ],
        "nothing is drawn for it": lambda *given: averaging()(*given) + torch.randn(()),
        "That is the variance": [
            lambda *given: posterior(*given)[1],
            lambda x_t, x_0, t, s: factor("b * (1 - p) / (1 - q)")(*shares_of(s, t)),
        ],
        "Give back one tensor, or a list of": posterior,
        "Give back one tensor, not 2": lambda *given: [averaging()(*given)] * 2,
        "Your answer holds NaN": averaging(x_t="(p - 1).sqrt()"),
        "changed your input in place": lambda x_t, x_0, t, s: averaging()(x_t, x_0.mul_(2), t, s),
    },
)


def less_noise(share="b / (1 - q) ** 0.5", root="a**0.5"):
    """The mean of a step in Algorithm 2, or one with other factors."""
    share, root = factor(share), factor(root)
    return lambda x_t, guess, *of: (x_t - share(*of) * guess) / root(*of)


def by_guess(x_0=X_0, x_t=X_T, keep="q**0.5", add="(1 - q) ** 0.5", change=lambda x_0: x_0):
    """The posterior's mean with a guess of x_0, or one with other factors."""
    x_0, x_t, keep, add = map(factor, (x_0, x_t, keep, add))

    def mean(x, guess, *of):
        return x_0(*of) * change((x - add(*of) * guess) / keep(*of)) + x_t(*of) * x

    return mean


ALGORITHM_2, DEVIATION = less_noise(), "(b * (1 - p) / (1 - q)) ** 0.5"


def down(s):
    return range(s.time_steps, 0, -1)


def one_for_each(x_t, t):
    return torch.full((len(x_t),), t)


def walking_back(
    mean=ALGORITHM_2,
    deviation=DEVIATION,
    draw=randn,
    times=down,
    last=1,  # in which nothing is added
    tell=one_for_each,
    shares=shares_of,
    start=lambda x_T: x_T,
    change=lambda x_t: x_t,
):
    def attempt(denoiser, x_T, schedule, generator):
        x_t = start(x_T)
        for t in times(schedule):
            of = shares(schedule, t)
            x_t = mean(x_t, denoiser(x_t, tell(x_t, t)), *of)
            if t > last:
                x_t = x_t + factor(deviation)(*of) * draw(x_t.shape, generator)
            x_t = change(x_t)
        return x_t

    return attempt


def telling(tell):
    return walking_back(tell=tell)


def by_library(denoiser, x_t, schedule, generator):
    for t in reversed(range(1, len(schedule) + 1)):
        guess = denoiser(x_t, one_for_each(x_t, t))
        mean, variance = posterior(x_t, predict_x_0(x_t, guess, t, schedule), t, schedule)
        x_t = mean + variance**0.5 * randn(x_t.shape, generator)
    return x_t


@torch.no_grad()
def by_tables(denoiser, x_T, schedule, generator):
    """In float64 and in place, with all noise drawn first."""
    T = schedule.time_steps
    noises = torch.randn(T, *x_T.shape, generator=generator, dtype=torch.float64)
    before = one_in_front(schedule.alpha_bars)[:-1]
    variances = schedule.betas * (1 - before) / (1 - schedule.alpha_bars)
    x_t, t = x_T.clone().double(), T
    while t:
        times = t * torch.ones(len(x_t), dtype=torch.long)
        x_t -= schedule.betas[t - 1] / schedule.noise_rate(t) * denoiser(x_t, times)
        x_t /= schedule.alphas[t - 1].sqrt()
        x_t += variances[t - 1].sqrt() * noises[t - 1] * (t > 1)
        t -= 1
    return x_t


def each_from(start):
    """All x_t on the way, each made of the last one, or of something else."""

    def attempt(denoiser, x_t, schedule, generator):
        x_T = x_t
        for t in down(schedule):
            x_t = ancestral_step(denoiser, start(x_t, x_T), t, schedule, generator=generator)
            yield x_t

    return attempt


on_the_way = each_from(lambda x_t, x_T: x_t)


def same_in_each_step(denoiser, x_T, schedule, generator):
    noise = randn(x_T.shape, generator)
    return walking_back(draw=lambda *given: noise)(denoiser, x_T, schedule, generator)


def asking(ask):
    """The denoiser is asked in another way."""
    return lambda d, *given: sample(lambda x_t, t: ask(d, x_t, t), *given)


WRONG_MEANS = {
    "You added the guess of the noise": [
        less_noise("-b / (1 - q) ** 0.5"),
        by_guess(add="-((1 - q) ** 0.5)"),
    ],
    "You took that for a guess of x_0": lambda x, guess, *of: (
        factor(X_0)(*of) * guess + factor(X_T)(*of) * x
    ),
    "The guess is not used": [
        less_noise("0"),
        less_noise("0", "a**-0.5"),
        by_guess("0"),
        lambda x_t, guess, *of: (factor(X_0)(*of) + factor(X_T)(*of)) * x_t,
    ],
    "x_t is forgotten": [
        by_guess(x_t="0"),
        lambda x_t, guess, *of: ALGORITHM_2(0, guess, *of),
    ],
    "You took all of the noise away": [
        by_guess("1", "0"),
        by_guess("p**0.5", "0"),
        less_noise("(1 - q) ** 0.5"),
    ],
    "That is the step of DDIM": lambda x_t, guess, *of: (
        by_guess("p**0.5", "0")(x_t, guess, *of) + factor("(1 - p) ** 0.5")(*of) * guess
    ),
    "A bracket is misplaced": lambda x_t, guess, a, b, p, q: (
        x_t / a.sqrt() - b / (1 - q).sqrt() * guess
    ),
    FOR_ALL + "You left out √α_t": less_noise(root="1"),
    FOR_ALL + "You left out the root": [less_noise(root="a"), less_noise("b", "a")],
    FOR_ALL + "You multiplied by √α_t": less_noise(root="a**-0.5"),
    FOR_ALL + "You took ᾱ_t in": less_noise(root="q**0.5"),
    FOR_ALL + "You took ᾱ_{t−1} in": less_noise(root="p**0.5"),
    FOR_GUESS + "You left out the root of 1 − ᾱ_t. Or: For x_0, the": less_noise("b / (1 - q)"),
    FOR_GUESS + "You left out √(1 − ᾱ_t). Or: For x_0, the": less_noise("b"),
    FOR_GUESS + "You left out β_t": less_noise("(1 - q) ** -0.5"),
    FOR_GUESS + "You took β_t, which is 1 − α_t, in": less_noise("b**0.5"),
    FOR_GUESS + "You took α_t in place of β_t": less_noise("a / (1 - q) ** 0.5"),
    FOR_GUESS + "You took ᾱ_t in place of 1 − ᾱ_t": less_noise("b / q**0.5"),
    FOR_GUESS + "You multiplied by √(1 − ᾱ_t)": less_noise("b * (1 - q) ** 0.5"),
    FOR_GUESS + "The root is of 1 − ᾱ_t alone": less_noise("(b / (1 - q)) ** 0.5"),
    FOR_GUESS_OF_X_0 + "You left out √ᾱ_t": by_guess(keep="1"),
    FOR_GUESS_OF_X_0 + "You left out the root of ᾱ_t": by_guess(keep="q"),
    "For x_0, the guess is multiplied by √(1 − ᾱ_t). You took ᾱ_t in": by_guess(add="q**0.5"),
    FOR_X_0 + "You took α_t in place of β_t": by_guess("p**0.5 * a / (1 - q)"),
    FOR_X_0 + "You took ᾱ_t in place of ᾱ_{t−1}. Or: " + FOR_GUESS_OF_X_0: by_guess(
        "q**0.5 * b / (1 - q)"
    ),
    FOR_X_T + "You took ᾱ_{t−1} in place of 1 − ᾱ_{t−1}": by_guess(x_t="a**0.5 * p / (1 - q)"),
    FOR_X_T + "You took ᾱ_t in place of α_t": by_guess(x_t="q**0.5 * (1 - p) / (1 - q)"),
    "term by term. At t = 3, your mean is": [
        less_noise("0.3"),
        lambda *given: 0.5 * ALGORITHM_2(*given),
    ],
    "differ from the formula. Compare it with yours, term by term.\n": by_guess(change=torch.tanh),
    "You clamp the guess of x_0": by_guess(change=lambda x_0: x_0.clamp(-1, 1)),
}
OWN_SPREAD = "took the noise's own mean away, or divided"
SAMPLER = merged(
    ONE_TENSOR,
    each(walking_back, WRONG_MEANS),
    each(
        lambda draw: walking_back(draw=draw),
        first_of(NO_BELL) | {OWN_SPREAD: NO_BELL[OWN_SPREAD][-1]},
    ),
    each(
        telling,
        {
            "Correct.": [
                lambda x_t, t: torch.tensor([t] * len(x_t)),
                lambda x_t, t: torch.tensor(t).expand(len(x_t)).int(),
            ],
            "Yours is int. torch.full((len(x_t),), t) makes it": lambda x_t, t: t,
            "Yours is of shape () and torch.int64": lambda x_t, t: torch.tensor(t),
            "Yours is of shape (1,) and torch.int64": lambda x_t, t: torch.tensor([t]),
            "Yours is of shape (200,) and torch.float32": lambda x_t, t: t * torch.ones(len(x_t)),
            "but not for T = 3 and (5, 2): The denoiser": lambda x_t, t: torch.full((200,), t),
            "All elements take the same": lambda x_t, t: torch.arange(len(x_t)) % 5 + 1,
            "You asked the denoiser at t = 5, 5, 5, 5, 5. With": lambda x_t, t: torch.full(
                (len(x_t),), 5
            ),
        },
    ),
    each(
        asking,
        {
            "Yours is NoneType": lambda d, x_t, t: d(x_t),
            "The order is denoiser(x_t, t)": lambda d, x_t, t: d(t, x_t),
            "The denoiser wants x_t of shape (200, 3, 4, 4), not (3, 4, 4)": (
                lambda d, x_t, t: d(x_t[0], t)
            ),
            "The x_t that you give the denoiser holds NaN": lambda d, x_t, t: d(x_t.sqrt(), t),
            "Leave x_t in float32. Yours is torch.float16": lambda d, x_t, t: d(x_t.half(), t),
            "The x_t that you give the denoiser holds inf": lambda d, x_t, t: d(x_t / 0, t),
            "You never asked the denoiser": lambda d, x_t, t: x_t,
            "You asked the denoiser at t = 5, 5, 4, 4, 3, 3, 2, 2, 1, 1. With T = 5, ask it once": (
                lambda d, x_t, t: (d(x_t, t) + d(x_t, t)) / 2
            ),
        },
    ),
    {
        "Correct.": [
            *(sample, by_library, by_tables, walking_back(), walking_back(by_guess())),
            *(walking_back(change=to) for to in (Tensor.double, Tensor.requires_grad_)),
            torch.inference_mode()(walking_back()),
            walking_back(deviation=f"-({DEVIATION})", start=Tensor.clone),
            walking_back(by_guess(), last=0),  # β̃_1 is 0
            lambda *given: [*on_the_way(*given)][-1],
            lambda *given: [*walking_back()(*given)],
        ],
        "Leave x_0 in float32. Yours is torch.": [
            lambda *given, to=to: to(sample(*given)) for to in (Tensor.half, Tensor.long)
        ],
        "You walk upwards": [
            walking_back(times=times_of),
            walking_back(times=lambda s: range(len(s)), shares=from_tables(shift=1)),
        ],
        "Your t run from T − 1 down to 0": walking_back(
            times=lambda s: reversed(range(len(s))), shares=from_tables(shift=1)
        ),
        "The last step, t = 1, is missing": walking_back(times=lambda s: range(len(s), 1, -1)),
        "The first step, t = T, is missing": walking_back(times=lambda s: range(len(s) - 1, 0, -1)),
        "There is no step t = 0": walking_back(
            times=lambda s: range(len(s), -1, -1), shares=from_tables()
        ),
        "You took the first step alone": lambda *given: next(on_the_way(*given)),
        "You asked the denoiser at t = 5, 3, 1. With": walking_back(times=lambda s: down(s)[::2]),
        "You start from something else": [
            walking_back(start=torch.zeros_like),
            lambda d, x_T, s, g: sample(d, randn(x_T.shape, g), s, g),
        ],
        "Every step starts from x_T": lambda *given: [*each_from(lambda x_t, x_T: x_T)(*given)][-1],
        "You gave back x_1": lambda *given: [*on_the_way(*given)][-2],
        "Give back one tensor, not 5": on_the_way,
        "Give back one tensor, not 6": lambda d, x_T, s, g: [x_T, *on_the_way(d, x_T, s, g)],
        FOR_GUESS + "Yours is of step t − 1": walking_back(
            shares=lambda s, t: (s.alpha(t), s.beta(max(t - 1, 1)), *shares_of(s, t)[2:])
        ),
        "You clamp x_t, or the result": [
            *(walking_back(change=lambda x, low=low: x.clamp(low, 1)) for low in (-1, 0)),
            lambda *given: sample(*given).clamp(-1, 1),
        ],
        "No noise is added": walking_back(last=9),
        "You add noise in the last step": [
            walking_back(last=0, deviation=deviation) for deviation in ("b**0.5", "1")
        ],
        "The noise that you add has the variance β_t": walking_back(deviation="b**0.5"),
        "You scaled the noise with a variance": [
            walking_back(deviation=deviation) for deviation in ("b * (1 - p) / (1 - q)", "b")
        ],
        "The noise arrives at full strength": walking_back(deviation="1"),
        "At t = 2, your noise has the mean 0.00 and the standard deviation 0.00": walking_back(
            last=2
        ),
        "and the standard deviation 0.63. They should be 0 and √β̃_t = 0.56": walking_back(
            deviation=f"1.1 * {DEVIATION}"
        ),
        "your noise has the mean 0.00 and the standard deviation 0.34. They": walking_back(
            deviation="0.3414"  # right on average
        ),
        "your noise has the mean 0.11 and": walking_back(draw=twice(randn, lambda n, m: n + 0.3)),
        "The noise is the same in every step": [
            same_in_each_step,
            walking_back(draw=reseeded(randn)),
            walking_back(draw=own_seed(randn)),
        ],
        "The noise of one element tells about another's": walking_back(
            draw=twice(randn, lambda n, m: torch.cat([n[::2], n[::2]])[: len(n)])
        ),
        "The noise is the same for all elements": walking_back(draw=same_along(-4)),
        "The noise is something else each time": [
            walking_back(draw=unseeded(randn)),
            walking_back(less_noise("0"), draw=unseeded(randn)),
            lambda d, x_T, s, g: sample(d, x_T, s),
        ],
        "The noise is the same in every call": lambda d, x_T, s, g: sample(
            d, x_T, s, torch.Generator().manual_seed(0)
        ),
        "changed your input in place": lambda d, x_T, s, g: x_T.copy_(sample(d, x_T, s, g)),
        "but not for T = 3 and (5, 2): Your code raised": walking_back(
            draw=lambda size, g: randn((size[0], 3, 4, 4), g)
        ),
    },
)

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
    checks.check_cosine: COSINE,
    checks.check_repair: REPAIR,
    checks.check_training_loss: TRAINING_LOSS,
    checks.check_posterior_mean: POSTERIOR_MEAN,
    checks.check_sampler: SAMPLER,
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


def test_the_global_source_of_randomness_is_left_alone():
    before = torch.get_rng_state()
    said(checks.check_q_sample, jumping())
    said(checks.check_sample_xt, sample_xt)
    said(checks.check_training_loss, losing())
    said(checks.check_sampler, sample)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_learner_may_have_switched_gradients_off():
    with torch.no_grad():
        assert said(checks.check_training_loss, losing()) == "Correct.\n"


def test_chance_never_fails_a_right_answer(monkeypatch):
    drawn = {
        checks.check_q_sample: jumping(),
        checks.check_sample_xt: sample_xt,
        checks.check_training_loss: losing(),
        checks.check_sampler: sample,
    }
    for seed, (check, attempt) in itertools.product(range(4), drawn.items()):
        monkeypatch.setattr(sys.modules[check.__module__], "SEED", seed)
        assert said(check, attempt) == "Correct.\n"
