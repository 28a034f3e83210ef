"""Each exercise's check: no attempt, the solution, every named mistake, learners' accidents."""

import ast
import math
import sys
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pytest
import torch

from diffusion import NoiseSchedule, forward_chain, q_sample, sample_xt
from diffusion.teaching import checks
from diffusion.teaching.checks import judging

# ------------------------------------------------------------------ lesson 1: forward_step


def step(keep, add):
    return lambda x_prev, beta, noise: keep(beta) * x_prev + add(beta) * noise


KEEP, ADD = (lambda b: math.sqrt(1 - b)), math.sqrt
FORWARD_STEP = {
    "Correct": step(KEEP, ADD),
    "scaled the noise by β": step(KEEP, lambda b: b),
    "left √(1−β) out:": step(lambda b: 1, ADD),
    "kept (1−β)": step(lambda b: 1 - b, ADD),
    "left out both square roots": step(lambda b: 1 - b, lambda b: b),
    "factors are swapped": step(ADD, KEEP),
    "left √(1−β) out and used β": step(lambda b: 1, lambda b: b),
    "clamped the result": lambda *given: step(KEEP, ADD)(*given).clamp(-1, 1),
    "subtracted the noise": step(KEEP, lambda b: -math.sqrt(b)),
    "noise alone": step(lambda b: 0, ADD),
    "picture alone": step(KEEP, lambda b: 0),
}

# ------------------------------------------------------------------ lesson 1: beta_for_spread

BETA_FOR_SPREAD = {
    "Correct": 0.25,
    "0.5 is the standard deviation": 0.5,
    "square root where a square": 0.7071,
    "1 − β": 0.75,
}

# ------------------------------------------------------------------ lesson 2: forward_chain


def sqrt_alpha(schedule, t):
    return schedule.alpha(t).sqrt()


def sqrt_beta(schedule, t):
    return schedule.beta(t).sqrt()


def walk(
    x_0,
    schedule,
    noises,
    keep=sqrt_alpha,
    add=sqrt_beta,
    times=None,
    from_start=False,
    one_noise=False,
):
    x_t = x_0
    for t in times or range(1, schedule.time_steps + 1):
        x = x_0 if from_start else x_t
        noise = noises[0] if one_noise else noises[t - 1]
        x_t = keep(schedule, t) * x + add(schedule, t) * noise
        yield x_t


def jumps(x_0, schedule, noises):
    return [q_sample(x_0, t, schedule, noises[t - 1]) for t in range(1, schedule.time_steps + 1)]


def in_place(x_0, schedule, noises):
    x_t = x_0.clone()
    for t in range(1, schedule.time_steps + 1):
        x_t *= sqrt_alpha(schedule, t)
        x_t += sqrt_beta(schedule, t) * noises[t - 1]
        yield x_t


def alpha(schedule, t):
    return schedule.alpha(t)


def beta(schedule, t):
    return schedule.beta(t)


FORWARD_CHAIN = {
    "Correct": walk,
    "gave back x_0 as well": lambda x, s, e: [x, *walk(x, s, e)],
    "last step is missing": lambda x, s, e: walk(x, s, e, times=range(1, s.time_steps)),
    "gave back x_0 … x_{T−1}": lambda x, s, e: [x, *walk(x, s, e)][:-1],
    "only the end": lambda x, s, e: list(walk(x, s, e))[-1:],
    "x_T itself": lambda x, s, e: list(walk(x, s, e))[-1],
    "returned after the first step": lambda x, s, e: next(walk(x, s, e)),
    "one and the same tensor": in_place,
    "Every step starts from x_0": lambda x, s, e: walk(x, s, e, from_start=True),
    "same noise in every step": lambda x, s, e: walk(x, s, e, one_noise=True),
    "from T down to 1": lambda x, s, e: walk(x, s, e, times=range(s.time_steps, 0, -1)),
    "a jump from x_0": jumps,
    "scaled the noise by β_t": lambda x, s, e: walk(x, s, e, add=beta),
    "left √α_t out": lambda x, s, e: walk(x, s, e, keep=lambda s, t: 1),
    "kept α_t of the picture": lambda x, s, e: walk(x, s, e, keep=alpha),
    "left out both square roots": lambda x, s, e: walk(x, s, e, alpha, beta),
    "factors are swapped": lambda x, s, e: walk(x, s, e, sqrt_beta, sqrt_alpha),
    "noises[0] is ε_1": lambda x, s, e: [e[t] for t in range(1, 6)],
}

# ------------------------------------------------------------------ lesson 2: signal_left

SIGNAL_LEFT = {
    "Correct": lambda s, t: s.signal_rate(t),
    "product of the α": lambda s, t: s.alpha_bar(t),
    "multiplied all T factors": lambda s, t: s.signal_rate(s.time_steps),
    "One factor too few": lambda s, t: s.signal_rate(t - 1),
    "One factor too many": lambda s, t: s.signal_rate(t + 1),
    "first factor is missing": lambda s, t: s.alphas[1:t].prod().sqrt(),
    "α_2 to α_{t+1}": lambda s, t: s.alphas[1 : t + 1].prod().sqrt(),
    "factor of step t alone": lambda s, t: s.alpha(t).sqrt(),
    "added the factors": lambda s, t: s.alphas[:t].sqrt().sum(),
    "how much noise": lambda s, t: s.noise_rate(t),
    "Is a .prod() missing?": lambda s, t: s.alphas[:t].sqrt(),
}

# ------------------------------------------------------------------ lesson 3: schedule_tables


def schedule_tables(start, end, steps):
    betas = torch.linspace(start, end, steps)
    alphas = 1 - betas
    return betas, alphas, alphas.cumprod(0)


def of_betas(make):
    """All three tables, from wrong betas."""

    def attempt(start, end, steps):
        betas = make(start, end, steps)
        return betas, 1 - betas, (1 - betas).cumprod(0)

    return attempt


def with_alphas(make):
    def attempt(*given):
        betas, alphas, _ = schedule_tables(*given)
        return betas, make(betas, alphas), make(betas, alphas).cumprod(0)

    return attempt


def with_alpha_bars(make):
    def attempt(*given):
        betas, alphas, _ = schedule_tables(*given)
        return betas, alphas, make(betas, alphas)

    return attempt


def reordered(*order):
    return lambda *given: [schedule_tables(*given)[i] for i in order]


def in_place_alphas(*given):
    betas, _, alpha_bars = schedule_tables(*given)
    return betas, betas.mul_(-1).add_(1), alpha_bars


def one_in_front(table):
    return torch.cat([torch.ones(1), table])


SCHEDULE_TABLES = {
    "Correct": [
        schedule_tables,
        lambda *given: list(schedule_tables(*given)),
        lambda *given: tuple(table.double() for table in schedule_tables(*given)),
    ],
    "betas: These never reach": [
        of_betas(lambda a, b, n: torch.arange(a, b - 1e-6, (b - a) / n)),
        of_betas(lambda a, b, n: a + (b - a) * torch.arange(n) / n),
        of_betas(lambda a, b, n: torch.linspace(a, b, n + 1)[:-1]),
    ],
    "betas: These begin above": of_betas(lambda a, b, n: torch.linspace(a, b, n + 1)[1:]),
    "scaled linear": of_betas(lambda a, b, n: torch.linspace(a**0.5, b**0.5, n) ** 2),
    "betas: They run backwards": of_betas(lambda a, b, n: torch.linspace(b, a, n)),
    "betas: These are the α. If": in_place_alphas,
    "one value too many": [
        with_alpha_bars(lambda b, a: one_in_front(a.cumprod(0))),
        with_alphas(lambda b, a: one_in_front(a)),
        of_betas(lambda a, b, n: torch.linspace(a, b, n + 1)),
    ],
    "One step is missing": [
        of_betas(lambda a, b, n: torch.linspace(a, b, n - 1)),
        with_alpha_bars(lambda b, a: a.cumprod(0)[1:]),
        with_alpha_bars(lambda b, a: a[:-1].cumprod(0)),
    ],
    "These are the β again": [
        with_alphas(lambda b, a: b),
        lambda *given: (schedule_tables(*given)[0],) * 3,
    ],
    "alphas: You took a root already": with_alphas(lambda b, a: a.sqrt()),
    "The sign is turned round": with_alphas(lambda b, a: b - 1),
    "alphas: These are the running products": with_alphas(lambda b, a: a.cumprod(0)),
    "alpha_bars: These are the α again": with_alpha_bars(lambda b, a: a),
    "You multiplied the β": [
        with_alpha_bars(lambda b, a: b.cumprod(0)),
        with_alpha_bars(lambda b, a: 1 - b.cumprod(0)),
    ],
    "You added them up": [
        with_alpha_bars(lambda b, a: a.cumsum(0)),
        with_alpha_bars(lambda b, a: b.cumsum(0)),
        with_alpha_bars(lambda b, a: 1 - b.cumsum(0)),
    ],
    "one product of all": with_alpha_bars(lambda b, a: a.prod()),
    "α_t to the power t": with_alpha_bars(lambda b, a: a ** torch.arange(1, len(a) + 1)),
    "alpha_bars: You took a root already": [
        with_alpha_bars(lambda b, a: a.cumprod(0).sqrt()),
        with_alpha_bars(lambda b, a: a.sqrt().cumprod(0)),
    ],
    "one step late": with_alpha_bars(lambda b, a: one_in_front(a.cumprod(0))[:-1]),
    "That is 1 − ᾱ_t": with_alpha_bars(lambda b, a: 1 - a.cumprod(0)),
    "The products run from the end": [
        with_alpha_bars(lambda b, a: a.flip(0).cumprod(0)),
        with_alpha_bars(lambda b, a: a.flip(0).cumprod(0).flip(0)),
    ],
    "All three are right, but": [reordered(0, 2, 1), reordered(1, 0, 2), reordered(2, 1, 0)],
    "That is a NoiseSchedule": NoiseSchedule,
}

# ------------------------------------------------------------------ lesson 3: beta_end_for_100

BETA_END_FOR_100 = {
    "Correct": [0.2, 0.18, 0.25, torch.tensor(0.2), np.float32(0.2)],
    "β is a variance": [0, 1, -0.2, 20, math.nan, math.inf, 10**400],
    "the β_end for T = 1000. With T = 100, 60 % of the picture is left": [0.02, torch.tensor(0.02)],
    "Too small: 1.09 % of the picture is left at t = 100": 0.17,
    "Too small: 99.7 % of the picture": 1e-5,
    "gone by t = 76, and the steps after": 0.3,
    "gone by t = 41, and the steps after": 0.99,
}

# ------------------------------------------------------------------ lessons 4 and 5: the jump


def rates(keep=lambda a: a**0.5, add=lambda a: (1 - a) ** 0.5):
    """Rates made of ᾱ_t, which is correct by default."""
    return lambda s, t: (keep(s.alpha_bar(t)), add(s.alpha_bar(t)))


def rates_of(share):
    return lambda s, t: (share(s, t).sqrt(), (1 - share(s, t)).sqrt())


JUMPS = {
    "Correct": [rates(), lambda s, t: (s.signal_rate(t), s.noise_rate(t))],
    "kept ᾱ_t of the picture": rates(keep=lambda a: a),
    "by 1−ᾱ_t. That is its variance": rates(add=lambda a: 1 - a),
    "left out both square roots": rates(lambda a: a, lambda a: 1 - a),
    "A root is taken twice": [
        rates(add=lambda a: (1 - a**0.5) ** 0.5),
        rates(add=lambda a: (1 - a) ** 0.25),
        rates(keep=lambda a: a**0.25),
        rates(lambda a: a**0.25, lambda a: (1 - a) ** 0.25),
        rates(lambda a: a**0.25, lambda a: (1 - a**0.5) ** 0.5),
    ],
    "factors add up to 1": [rates(add=lambda a: 1 - a**0.5), rates(lambda a: 1 - (1 - a) ** 0.5)],
    "one index too early": [
        rates_of(lambda s, t: s.alpha_bar(t - 1)),
        rates_of(lambda s, t: s.alpha_bars[t - 2]),
    ],
    "one index too far": rates_of(
        lambda s, t: s.alpha_bars[torch.as_tensor(t).clamp(max=s.time_steps - 1)]
    ),
    "the product of all α": rates_of(lambda s, t: s.alpha_bar(s.time_steps)),
    "You took α_t, which is step t alone": [
        rates_of(lambda s, t: s.alpha(t)),
        lambda s, t: (s.alpha(t).sqrt(), s.noise_rate(t)),
        lambda s, t: (s.alpha(t), s.beta(t)),
    ],
    "scaled the noise with β_t": [
        lambda s, t: (s.signal_rate(t), s.beta(t).sqrt()),
        lambda s, t: (s.signal_rate(t), s.beta(t)),
    ],
    "factors are swapped": lambda s, t: (s.noise_rate(t), s.signal_rate(t)),
    "left √ᾱ_t out": rates(keep=lambda a: 1),
    "left √(1−ᾱ_t) out": rates(add=lambda a: 1),
    "left out both factors": rates(lambda a: 1, lambda a: 1),
    "the picture alone": [rates(add=lambda a: 0), rates(lambda a: 1, lambda a: 0)],
    "the noise alone": rates(keep=lambda a: 0),
    "subtracted the noise": rates(add=lambda a: -((1 - a) ** 0.5)),
}


def jumping(rates, clamp=math.inf, draw=torch.randn):
    def attempt(x_0, t, schedule, generator):
        keep, add = rates(schedule, t)
        return (keep * x_0 + add * draw(x_0.shape, generator=generator)).clamp(-clamp, clamp)

    return attempt


def sampling(rates, clamp=math.inf, draw=torch.randn, draw_t=torch.randint, times=None, form=None):
    """A `sample_xt` with these rates; its draws, its t and the form of its rates can be changed."""

    def attempt(x_0, schedule, generator):
        first, end = times or (1, schedule.time_steps + 1)
        t = draw_t(first, end, (len(x_0),), generator=generator)
        noise = draw(x_0.shape, generator=generator)
        keep, add = (
            rate.reshape(form or (-1, 1, 1, 1))
            if isinstance(rate, torch.Tensor) and rate.ndim
            else rate
            for rate in rates(schedule, t)
        )
        return (keep * x_0 + add * noise).clamp(-clamp, clamp), noise, t

    return attempt


def as_list(value):
    return value if isinstance(value, list) else [value]


def with_rates(make):
    return {words: [make(rates) for rates in as_list(value)] for words, value in JUMPS.items()}


# ------------------------------------------------------------------ lesson 4: q_sample


def unseeded(draw):
    return lambda *size, generator: draw(*size)


def own_seed(draw):
    return lambda *size, generator: draw(*size, generator=torch.Generator().manual_seed(0))


def reseeded(draw):
    return lambda *size, generator: draw(*size, generator=generator.manual_seed(0))


def one_number(shape, generator):
    return torch.randn(1, generator=generator)


def minus_one_to_one(shape, generator):
    return 2 * torch.rand(shape, generator=generator) - 1


def walking(x_0, t, schedule, generator):
    return next(islice(forward_chain(x_0, schedule, generator=generator), t - 1, None))


Q_SAMPLE = {
    **with_rates(jumping),
    "clamped": jumping(rates(), clamp=1),
    "noise is uniform": [
        jumping(rates(), draw=torch.rand),
        jumping(rates(), draw=minus_one_to_one),
    ],
    "one number for the whole picture": jumping(rates(), draw=one_number),
    "step by step": walking,
    "The noise is something else each time": [
        jumping(rates(), draw=unseeded(torch.randn)),
        jumping(rates(keep=lambda a: a), draw=unseeded(torch.rand)),
    ],
    "The noise is the same in every call": [
        jumping(rates(), draw=own_seed(torch.randn)),
        jumping(rates(), draw=reseeded(torch.randn)),
    ],
    "Give back one tensor, not 2": lambda x, t, s, g: (jumping(rates())(x, t, s, g), x),
    "changed your input": [
        lambda x, t, s, g: jumping(rates())(x.mul_(2), t, s, g),
        lambda x, t, s, g: jumping(lambda s, t: (s.alpha_bars.sqrt_()[t - 1], 1))(x, t, s, g),
    ],
}

# ------------------------------------------------------------------ lesson 5: sample_xt

RIGHT = sampling(rates())


def changed(change):
    """A right sample, changed afterwards."""
    return lambda x_0, schedule, generator: change(*RIGHT(x_0, schedule, generator))


def noise_first(x_0, schedule, generator):
    noise = torch.randn(x_0.shape, generator=generator)
    t = (schedule.time_steps * torch.rand(len(x_0), generator=generator)).long() + 1
    return q_sample(x_0, t, schedule, noise), noise, t


def one_by_one(x_0, schedule, generator):
    parts = [sample_xt(picture[None], schedule, generator) for picture in x_0]
    return tuple(map(torch.cat, zip(*parts, strict=True)))


def same_noise(*dims):
    def draw(shape, generator):
        shape = list(shape)
        sizes = [1 if dim in dims else size for dim, size in enumerate(shape)]
        return torch.randn(sizes, generator=generator).expand(shape)

    return sampling(rates(), draw=draw)


def one_t(first, end, size, generator):
    return torch.randint(first, end, (), generator=generator).expand(size)


def alternating(first, end, size, generator):
    torch.rand(1, generator=generator)
    return torch.arange(size[0]) % (end - first) + first


def half_weight_at_the_ends(first, end, size, generator):
    return ((end - first - 1) * torch.rand(size, generator=generator)).round().long() + first


def other_noise(x_0, schedule, generator):
    x_t, _, t = RIGHT(x_0, schedule, generator)
    return x_t, torch.randn(x_0.shape, generator=generator), t


def other_t(x_0, schedule, generator):
    x_t, noise, _ = RIGHT(x_0, schedule, generator)
    return x_t, noise, torch.randint(1, schedule.time_steps + 1, (len(x_0),), generator=generator)


def noise_in_place(x_0, schedule, generator):
    _, noise, t = RIGHT(x_0, schedule, generator)
    a, b = (rate.reshape(-1, 1, 1, 1) for rate in rates()(schedule, t))
    return noise.mul_(b).add_(a * x_0), noise, t


def scaled_noise(x_0, schedule, generator):
    x_t, noise, t = RIGHT(x_0, schedule, generator)
    return x_t, schedule.noise_rate(t).reshape(-1, 1, 1, 1) * noise, t


SAMPLE_XT = {
    **with_rates(sampling),
    "Correct": [RIGHT, sample_xt, noise_first, one_by_one, changed(lambda *parts: list(parts))],
    "clamped": sampling(rates(), clamp=1),
    "along another dimension": [
        sampling(rates(), form=form) for form in [(-1,), (-1, 1), (-1, 1, 1)]
    ],
    "One element's rates": [
        sampling(lambda s, t: rates()(s, t[0])),
        sampling(lambda s, t: rates()(s, t[-1])),
    ],
    "x_t and the noise are one": noise_in_place,
    "gave back √(1−ᾱ_t) times the noise": scaled_noise,
    "The noise that you give back": other_noise,
    "The t that you give back": other_t,
    "x_t comes first, then the noise": changed(lambda x_t, noise, t: (noise, x_t, t)),
    "t comes last": [
        changed(lambda x_t, noise, t: (x_t, t, noise)),
        changed(lambda x_t, noise, t: (t, x_t, noise)),
    ],
    "one t for the whole batch": [
        sampling(rates(), draw_t=one_t),
        changed(lambda x_t, noise, t: (x_t, noise, t[:1])),
        changed(lambda x_t, noise, t: (x_t, noise, t[0])),
        changed(lambda x_t, noise, t: (x_t, noise, t[0].item())),
    ],
    "t: The shape should be (4,)": [
        changed(lambda x_t, noise, t: (x_t, noise, t.reshape(-1, 1, 1, 1))),
        changed(lambda x_t, noise, t: (x_t, noise, t[:-1])),
    ],
    "t: Times are whole numbers": [
        changed(lambda x_t, noise, t: (x_t, noise, t.float())),
        changed(lambda x_t, noise, t: (x_t, noise, t.int())),
    ],
    "noise: The shape should be (4, 4, 4, 4)": [
        changed(lambda x_t, noise, t: (x_t, noise[0], t)),
        changed(lambda x_t, noise, t: (x_t, noise[:, :1], t)),
    ],
    "x_t: The shape should be (4, 4, 4, 4)": changed(lambda x_t, noise, t: (x_t[None], noise, t)),
    "noise: Keep the dtype": changed(lambda x_t, noise, t: (x_t, noise.double(), t)),
    "x_t: Keep the dtype": changed(lambda x_t, noise, t: (x_t.double(), noise, t)),
    "run from 0 to T − 1": sampling(rates(), times=(0, 5)),
    "begin at 0": sampling(rates(), times=(0, 6)),
    "T is never drawn. The upper end": sampling(rates(), times=(1, 5)),
    "Your t run from 2 to 5": sampling(rates(), times=(2, 6)),
    "more often than others": sampling(rates(), draw_t=half_weight_at_the_ends),
    "t is something else each time": sampling(rates(), draw_t=unseeded(torch.randint)),
    "t is the same in every call": [
        sampling(rates(), draw_t=own_seed(torch.randint)),
        sampling(rates(), draw_t=reseeded(torch.randint)),
        sampling(rates(), draw_t=alternating),
    ],
    "The noise is something else each time": sampling(rates(), draw=unseeded(torch.randn)),
    "The noise is the same in every call": sampling(rates(), draw=own_seed(torch.randn)),
    "All pictures of the batch have the same noise": same_noise(0),
    "repeats within a picture": [same_noise(1), same_noise(2, 3), same_noise(1, 2, 3)],
    "Your noise is uniform": [
        sampling(rates(), draw=torch.rand),
        sampling(rates(), draw=minus_one_to_one),
    ],
    "Your noise has the mean": sampling(
        rates(), draw=lambda shape, generator: 1 + 2 * torch.randn(shape, generator=generator)
    ),
    "Give back 3 tensors, (x_t, noise, t), not 2": changed(lambda x_t, noise, t: (x_t, noise)),
    "changed your input": lambda x, s, g: RIGHT(x.mul_(2), s, g),
}

EXERCISES = {
    checks.forward_step: FORWARD_STEP,
    checks.beta_for_spread: BETA_FOR_SPREAD,
    checks.forward_chain: FORWARD_CHAIN,
    checks.signal_left: SIGNAL_LEFT,
    checks.schedule_tables: SCHEDULE_TABLES,
    checks.beta_end_for_100: BETA_END_FOR_100,
    checks.q_sample: Q_SAMPLE,
    checks.sample_xt: SAMPLE_XT,
}
NUMBERS = [checks.beta_for_spread, checks.beta_end_for_100]
FUNCTIONS = [check for check in EXERCISES if check not in NUMBERS]
TABLES = [checks.schedule_tables, checks.sample_xt]  # these want three tensors


def said(capsys, check, attempt):
    """The one line that the check prints."""
    check(attempt)
    text = capsys.readouterr().out
    assert text.endswith("\n") and text.count("\n") == 1
    return text.strip()


@pytest.mark.parametrize(
    ("check", "words"),
    [
        pytest.param(check, words, id=f"{check.__name__}-{words}")
        for check, answers in EXERCISES.items()
        for words in answers
    ],
)
def test_each_answer_gets_its_own_message(capsys, check, words):
    for answer in as_list(EXERCISES[check][words]):
        line = said(capsys, check, answer)
        assert words in line
        assert [other for other in EXERCISES[check] if other in line] == [words]


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


@pytest.mark.parametrize("lesson", [f"lesson_{number}" for number in range(1, 6)])
def test_every_message_of_a_lesson_is_tested(capsys, lesson):
    lines = [
        said(capsys, check, answer)
        for check, answers in EXERCISES.items()
        if check.__module__.endswith(lesson)
        for answer in chain.from_iterable(map(as_list, answers.values()))
    ]
    source = Path(checks.__file__).with_name(f"{lesson}.py").read_text("utf-8")
    messages = [text for text in texts(ast.parse(source)) if " " in text]
    assert len(messages) > 3
    for message in messages:
        found = [line for line in lines if all(part in line for part in message.split("{}"))]
        assert found, f"no test for: {message}"


@pytest.mark.parametrize("check", EXERCISES)
@pytest.mark.parametrize("nothing", [None, ...])
def test_nothing_is_not_attempted(capsys, check, nothing):
    assert said(capsys, check, nothing) == checks.NOT_ATTEMPTED
    if check in FUNCTIONS:
        assert said(capsys, check, lambda *arguments: nothing) == checks.NOT_ATTEMPTED


@pytest.mark.parametrize("check", FUNCTIONS)
def test_an_exception_is_reported_in_a_sentence(capsys, check):
    line = said(capsys, check, lambda *arguments: 1 / 0)
    assert line == "Your code raised ZeroDivisionError: division by zero"
    line = said(capsys, check, lambda: None)
    assert line.startswith("Your code raised TypeError: ")


@pytest.mark.parametrize("check", [checks.forward_step, checks.forward_chain, checks.q_sample])
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (np.zeros(3), "torch tensor of real numbers, not ndarray"),
        (0.5, "torch tensor of real numbers, not float"),
        ("x_t", "torch tensor of real numbers, not str"),
        (torch.zeros(3, dtype=torch.complex64), "not torch.complex64"),
        (torch.zeros(7, 7), "The shape should be"),
        ((torch.zeros(3), torch.zeros(4)), "Give back"),
        ([torch.zeros(3), "x"], "Give back tensors of one shape"),
        ([0.5, 0.7], "torch tensor of real numbers, not list"),
        ([], "Nothing came out"),
    ],
)
def test_learners_accidents_get_a_sentence(capsys, check, answer, words):
    assert words in said(capsys, check, lambda *arguments: answer)


@pytest.mark.parametrize("check", TABLES)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a, b, c: torch.stack([a, a, a]), "Give back 3 tensors, ({}), not one Tensor."),
        (lambda a, b, c: {"a": a}, "Give back 3 tensors, ({}), not one dict."),
        (lambda a, b, c: iter([a, b, c]), "Give back 3 tensors, ({}), not one list_iterator."),
        (lambda a, b, c: (a, b), "Give back 3 tensors, ({}), not 2."),
        (lambda a, b, c: [a, b, c, a], "Give back 3 tensors, ({}), not 4."),
        (lambda a, b, c: (..., ..., None), "Not attempted yet"),
        (lambda a, b, c: (a, b, ...), "{}: This one is still missing."),
        (lambda a, b, c: (a, b, None), "{}: This one is still missing."),
        (lambda a, b, c: (a, b, c.numpy()), "{}: Make it a torch tensor of real numbers, not nda"),
        (lambda a, b, c: (a, b, c.tolist()), "{}: Make it a torch tensor of real numbers, not lis"),
        (lambda a, b, c: (a, b, c + 0j), "{}: Make it a torch tensor of real numbers, not torch.c"),
        (lambda a, b, c: (a, b, c[:, None]), "{}: The shape should be ("),
        (lambda a, b, c: (a, b, c[:2]), "{}: The shape should be ("),
    ],
)
def test_accidents_with_three_tensors(capsys, check, change, words):
    names, right = {
        checks.schedule_tables: ("betas, alphas, alpha_bars", schedule_tables),
        checks.sample_xt: ("x_t, noise, t", sample_xt),
    }[check]
    name = names if words.startswith("Give") else names.split()[-1]
    line = said(capsys, check, lambda *given: change(*right(*given)))
    assert line.startswith(words.format(name))


@pytest.mark.parametrize("check", FUNCTIONS)
@pytest.mark.parametrize("value", [0.5, torch.zeros(3), (1, 2)])
def test_an_answer_in_place_of_a_function(capsys, check, value):
    line = said(capsys, check, value)
    assert line.startswith("Hand over the function itself, not ")


def test_rough_answers_in_the_right_shape(capsys):
    betas, alphas, alpha_bars = schedule_tables(0.05, 0.4, 6)
    for tables, name in {
        (7 * betas, alphas, alpha_bars): "betas",
        (betas, 7 * alphas, alpha_bars): "alphas",
        (betas, alphas, 7 * alpha_bars): "alpha_bars",
    }.items():
        line = said(capsys, checks.schedule_tables, lambda *given, tables=tables: tables)
        assert line == f"{name}: {judging.NOT_YET}"
    odd_rates = rates(keep=lambda a: 0.3 * a)
    assert said(capsys, checks.q_sample, jumping(odd_rates)) == judging.NOT_YET
    assert said(capsys, checks.sample_xt, sampling(odd_rates)) == judging.NOT_YET
    nan = changed(lambda x_t, noise, t: (x_t * math.nan, noise, t))
    assert said(capsys, checks.sample_xt, nan) == judging.NOT_YET


def test_an_index_past_the_end_is_explained(capsys):
    too_far = rates_of(lambda schedule, t: schedule.alpha_bars[t])
    line = said(capsys, checks.sample_xt, sampling(too_far))
    assert line.startswith("Your code raised IndexError: index 5 is out of bounds")
    assert line.endswith("Step t sits at index t − 1; schedule.alpha_bar(t) spares you the shift.")
    line = said(capsys, checks.q_sample, lambda x, t, s, g: x.shape[9])
    assert line == "Your code raised IndexError: tuple index out of range"


def test_one_index_too_far_is_named_where_it_raises_nothing(capsys):
    too_far = rates_of(lambda schedule, t: schedule.alpha_bars[t])
    assert "one index too far" in said(capsys, checks.q_sample, jumping(too_far))


@pytest.mark.parametrize(
    "draw",
    [
        lambda shape, generator: torch.empty(shape).normal_(generator=generator),
        lambda shape, generator: torch.normal(0.0, 1.0, shape, generator=generator),
    ],
)
def test_normal_noise_may_be_drawn_in_other_ways(capsys, draw):
    assert said(capsys, checks.q_sample, jumping(rates(), draw=draw)) == "Correct."
    assert said(capsys, checks.sample_xt, sampling(rates(), draw=draw)) == "Correct."


@pytest.mark.parametrize("check", FUNCTIONS)
def test_what_the_learner_prints_appears_once(capsys, check):
    def attempt(*given):
        print("here")
        return as_list(EXERCISES[check]["Correct"])[0](*given)

    check(attempt)
    assert capsys.readouterr().out == "here\nCorrect.\n"


def test_the_global_source_of_randomness_is_left_alone(capsys):
    before = torch.get_rng_state()
    said(capsys, checks.q_sample, jumping(rates()))
    said(capsys, checks.sample_xt, sample_xt)
    assert torch.equal(torch.get_rng_state(), before)


def test_chance_never_fails_a_right_answer(capsys, monkeypatch):
    lesson_5 = sys.modules[checks.sample_xt.__module__]
    for seed in range(25):
        monkeypatch.setattr(lesson_5, "SEED", seed)
        assert said(capsys, checks.sample_xt, sample_xt) == "Correct."


def test_wrong_numbers_in_the_right_shape(capsys):
    assert "differ from the formula" in said(capsys, checks.forward_step, lambda x, b, e: 7 * x)
    line = said(capsys, checks.forward_chain, lambda x, s, e: [7 * x] * 5)
    assert "differ from the formula" in line


def test_an_empty_chain_and_an_endless_one(capsys):
    assert "Nothing came out" in said(capsys, checks.forward_chain, lambda x, s, e: iter(()))

    def endless(x, s, e):
        while True:
            yield x

    assert "The shape should be (5, 2, 3)" in said(capsys, checks.forward_chain, endless)


def test_a_tuple_is_as_good_as_a_list(capsys):
    assert said(capsys, checks.forward_chain, lambda x, s, e: tuple(walk(x, s, e))) == "Correct."


def test_an_index_off_by_one_is_named(capsys):
    line = said(capsys, checks.forward_chain, lambda x, s, e: [e[t] for t in range(1, 6)])
    assert line == (
        "Your code raised IndexError: noises[0] is ε_1, so that step t takes noises[t − 1]."
    )


def test_noise_of_ones_own_is_noticed(capsys):
    def own_noise(x_prev, beta, noise):
        return math.sqrt(1 - beta) * x_prev + math.sqrt(beta) * torch.randn(x_prev.shape)

    assert "Use the noise that you are given" in said(capsys, checks.forward_step, own_noise)


def test_a_rough_answer_of_the_right_kind(capsys):
    line = said(capsys, checks.signal_left, lambda s, t: 1 - s.betas[:t].sum())
    assert line.startswith("Not yet: the answer is larger")
    line = said(capsys, checks.signal_left, lambda s, t: s.alphas[:t].sqrt())
    assert line == "Give one number, not 3. Is a .prod() missing?"


def test_a_list_that_is_used_up_is_no_mistake(capsys):
    def popping(x_0, schedule, noises):
        for t in range(1, schedule.time_steps + 1):
            x_0 = sqrt_alpha(schedule, t) * x_0 + sqrt_beta(schedule, t) * noises.pop(0)
            yield x_0

    assert said(capsys, checks.forward_chain, popping) == "Correct."


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_any_precision_is_right(capsys, dtype):
    def rounded(*given):
        return step(KEEP, ADD)(*given).to(dtype)

    assert said(capsys, checks.forward_step, rounded) == "Correct."


@pytest.mark.parametrize(
    "odd", [torch.zeros(3, 4, 4).to_sparse(), torch.zeros(3, 4, 4, device="meta")]
)
def test_odd_tensors_raise_nothing(capsys, odd):
    assert len(said(capsys, checks.forward_step, lambda *given: odd)) < 400


def test_even_a_broken_exception_is_reported(capsys):
    class Broken(Exception):
        def __str__(self):
            raise ValueError

    def attempt(*given):
        raise Broken

    assert said(capsys, checks.forward_step, attempt) == "Your code raised Broken"


def test_a_changed_input_is_noticed(capsys):
    def in_place(x_prev, beta, noise):
        return x_prev.mul_(math.sqrt(1 - beta)).add_(math.sqrt(beta) * noise)

    assert "changed your input in place" in said(capsys, checks.forward_step, in_place)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0.3, "the answer is smaller"),
        (0.2, "the answer is larger"),
        (torch.tensor(0.25), "Correct"),
        (np.float32(0.25), "Correct"),
        ("0.25", "Give a number, not str"),
        (True, "Give a number, not bool"),
        (torch.zeros(3), "Give one number, not 3"),
        (1j, "Give a number, not complex"),
        (10**400, "raised OverflowError"),
    ],
)
def test_numbers(capsys, number, words):
    assert words in said(capsys, checks.beta_for_spread, number)
