"""A drawing becomes a schedule, and schedules get scores. See also tests/browser/test_pen.py."""

import math
from itertools import pairwise
from pathlib import Path

import pytest
import torch
import traitlets

from diffusion import NoiseSchedule
from diffusion.teaching.drawn import realise, scores
from diffusion.teaching.images import load_image
from diffusion.teaching.widgets import ScheduleDrawing

CAT = load_image(Path(__file__).parents[1] / "data" / "cat.png", size=64)
X_0, NOISE = torch.randn((2, 3, 8, 6), generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
T = 1000

u = torch.arange(T + 1, dtype=torch.float64) / T
v = torch.sigmoid(3 - 6 * u)
scaled = torch.linspace(0.00085**0.5, 0.012**0.5, T, dtype=torch.float64) ** 2


def clipped(alpha_bars):
    return (1 - alpha_bars[1:] / alpha_bars[:-1]).clamp(max=0.999)


# β from its formula, and by hand: KL in nats, share in −6 … 6, largest step.
TABLE = {
    "linear": (torch.linspace(1e-4, 0.02, T, dtype=torch.float64), 0.031, 0.758, 0.127),
    "scaled linear": (scaled, 3.62, 0.998, 0.291),
    "cosine": (clipped(torch.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2), 1.9e-6, 0.944, 0.063),
    "sigmoid": (clipped((v - v[-1]) / (v[0] - v[-1])), 2.3e-4, 0.983, 0.111),
    # Its first step leads from a clean picture, cut to 6, to log-SNR log(0.99 / 0.01).
    "constant": (torch.full((T,), 0.01, dtype=torch.float64), 0.033, 0.597, 6 - math.log(99)),
    "linear, T = 200": (torch.linspace(1e-4, 0.02, 200, dtype=torch.float64), 160, 0.970, 0.252),
}


@pytest.mark.parametrize("name", TABLE)
def test_scores_are_those_of_the_formulas(name):
    betas, *wanted = TABLE[name]
    found = scores(NoiseSchedule.from_betas(betas), CAT)
    assert found == pytest.approx(tuple(wanted), rel=0.02, abs=0.0006 if name[0] != "c" else 1e-7)

    alpha_bars = (1 - betas).cumprod(0)
    end = torch.distributions.Normal(
        alpha_bars[-1].sqrt() * CAT.double(), (1 - alpha_bars[-1]).sqrt()
    )
    pure = torch.distributions.Normal(torch.zeros_like(CAT).double(), 1.0)
    kl = torch.distributions.kl_divergence(end, pure).sum().item()
    log_snrs = [math.inf, *torch.logit(alpha_bars).tolist()]
    cut = [min(max(each, -6), 6) for each in log_snrs]
    assert found.kl == pytest.approx(kl, rel=1e-6)
    assert found.share == pytest.approx(sum(-6 <= s <= 6 for s in log_snrs) / len(betas))
    assert found.step == pytest.approx(max(a - b for a, b in pairwise(cut)))


def test_no_drawing_is_good_that_leaves_out_a_range_of_noise():
    """Level and then at once into noise, at the end or at the beginning: both are seen as jumps."""
    late, early = (
        [1.0] * 3 + [0.9] * 37 + [0.0],
        [0.9] * 2 + [0.9 - 0.9 * i / 38 for i in range(39)],
    )
    for rates in (late, early):
        kl, share, step = scores(realise(rates), CAT)
        assert kl < 0.01 and step > 0.6
        assert share > 0.9


# ------------------------------------------------------------------ a drawing becomes a schedule

generator = torch.Generator().manual_seed(0)
RANDOM = torch.rand((8, 41), generator=generator, dtype=torch.float64)
DRAWINGS = {
    "straight": [1 - i / 40 for i in range(41)],
    "falling": RANDOM[0].sort(descending=True).values.tolist(),
    "zigzag": RANDOM[1].tolist(),
    "rising": [i / 40 for i in range(41)],
    "cliff": [1.0] * 20 + [0.0] * 21,
    "level at 1": [1.0] * 41,
    "level at 0": [0.0] * 41,
    "level": [0.4] * 41,
    "tiny": [1.0, *[1e-30 * each for each in range(40)]],
    "two": [1.0, 0.0],
}


@pytest.mark.parametrize("time_steps", [2, 7, 200, 1000])
@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_aimed_at_step_by_step(name, time_steps):
    rates = DRAWINGS[name]
    schedule = realise(rates, time_steps)
    assert len(schedule) == time_steps
    t = torch.arange(1, time_steps + 1)
    alpha_bars = schedule.alpha_bar(t, torch.float64).tolist()
    betas = schedule.beta(t, torch.float64)
    assert 1e-6 - 1e-12 <= betas.min() and betas.max() <= 0.999 + 1e-12
    bar, lowest, level = 1.0, 1.0, 1.0
    for t in range(1, time_steps + 1):
        i, rest = divmod(t * (len(rates) - 1), time_steps)
        after = rates[min(i + 1, len(rates) - 1)]
        drawn = rates[i] + (after - rates[i]) * rest / time_steps
        lowest = min(lowest, max(drawn**2, 1e-9))
        # To the lowest of what was drawn so far: a millionth further down with each level step,
        # and no more than a thousandth is left by any one.
        level = min(level * (1 - 1e-6), lowest)
        bar = max(level, bar * 0.001)
        assert abs(alpha_bars[t - 1] - bar) <= 1e-9 * bar
        assert lowest * (1 - 1.001e-6 * t) <= bar  # nothing is lost on the way


@pytest.mark.parametrize(
    "rates, error, words",
    [
        ([0.5, math.nan, 0.1], ValueError, "each in 0 … 1, but one of them is nan"),
        ([0.5, -0.1], ValueError, "each in 0 … 1, but one of them is -0.1"),
        ([1.5, 0.1], ValueError, "each in 0 … 1, but one of them is 1.5"),
        ([0.5], ValueError, "two numbers or more, each in 0 … 1, but there is 1"),
        ([], ValueError, "one-dimensional with at least one value"),
        (["a", "b"], TypeError, "rates must be a tensor or a sequence of numbers"),
    ],
)
def test_what_is_no_drawing_is_refused(rates, error, words):
    with pytest.raises(error, match=words):
        realise(rates)
    with pytest.raises(ValueError, match="time_steps must be at least 1"):
        realise([1.0, 0.0], 0)


# ------------------------------------------------------------------ the widget, from Python


def test_the_schedule_is_that_of_the_drawing():
    drawing = ScheduleDrawing(X_0, NOISE, time_steps=50)
    assert drawing.schedule == realise(DRAWINGS["straight"], 50)
    drawing.sketch = DRAWINGS["zigzag"]
    assert drawing.schedule == realise(DRAWINGS["zigzag"], 50)
    assert repr(drawing) == "drawing of √ᾱ_t, T = 50"


def test_what_cannot_be_drawn_is_refused():
    drawing = ScheduleDrawing(X_0, NOISE)
    before = drawing.get_state()
    level = [0.5] * 41
    for sketch, words in [
        ([math.nan, *level[1:]], "sketch must hold numbers in 0 … 1, not nan."),
        ([*level[1:], 1.01], "sketch must hold numbers in 0 … 1, not 1.01."),
        (level[1:], "sketch must hold 41 numbers, not 40."),
        (["a", *level[1:]], "expected a float, not the str 'a'"),
    ]:
        with pytest.raises(traitlets.TraitError, match=words):
            drawing.sketch = sketch
    for position in (-1, 1001, True):
        with pytest.raises(traitlets.TraitError, match="position must be in 0 … 1000, not"):
            drawing.position = position
    assert drawing.get_state() == before
    for time_steps in (1, 10_001):
        with pytest.raises(ValueError, match="time_steps must be in 2 … 10000, but it is"):
            ScheduleDrawing(X_0, NOISE, time_steps)
    with pytest.raises(ValueError, match="a picture has the shape"):
        ScheduleDrawing(X_0[0], NOISE[0])


def test_where_no_widget_runs_there_are_five_pictures_of_the_drawing():
    drawing = ScheduleDrawing(CAT, torch.zeros_like(CAT), alt="a cat")
    data, _ = drawing._repr_mimebundle_()
    assert 'alt="a cat at five moments, beside a chart to draw √ᾱ_t in"' in data["text/html"]
    straight = drawing.still()
    drawing.sketch = [1.0] * 41
    assert drawing.still() != straight
