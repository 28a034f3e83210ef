"""Spectra: their unit, their frequencies, and where a picture crosses the noise."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from diffusion import NoiseSchedule, q_sample
from diffusion.teaching.images import load_image
from diffusion.teaching.spectra import (
    above_noise,
    at_frequencies,
    cross_spectrum,
    crossing,
    spectrum,
)
from diffusion.teaching.widgets import AboveNoiseView, Blend, Frames, SpectrumView

DATA = Path(__file__).parents[1] / "data"
SCHEDULE = NoiseSchedule()


def gaussian(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.float64, generator=generator)


def photograph(name, size=128):
    return load_image(DATA / f"{name}.png", size)


@pytest.mark.parametrize("n", [2, 6, 16])
def test_noise_has_power_1_at_each_frequency(n):
    draws = torch.stack([spectrum(gaussian(100, n, n, seed=seed)) for seed in range(50)])
    assert draws.shape == (50, n // 2 + 1)
    error = draws.std(0) / math.sqrt(50)
    assert ((draws.mean(0) - 1).abs() < 4 * error).all()
    assert (error < 0.03).all()  # so that a frequency with 7 % less would be seen


def by_hand(x):
    """The same from numpy, one place of the transform after the other."""
    x = x.double().numpy()
    n = x.shape[-1]
    window = np.outer(*[0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)] * 2)
    rings = [[] for _ in range(n // 2 + 1)]
    for row in range(n):
        for column in range(n):
            f = round(math.hypot(min(row, n - row), min(column, n - column)))
            wave = np.exp(-2j * np.pi * np.add.outer(row * np.arange(n), column * np.arange(n)) / n)
            # Without the mean, a place of the noise's transform is the sum of ε · this.
            each = window * wave - (window * wave).mean()
            power = [abs((channel * each).sum()) ** 2 for channel in x]
            if 1 <= f <= n // 2:
                rings[f].append(np.mean(power) / (abs(each) ** 2).sum())
    rings[0] = [np.mean([n**2 * channel.mean() ** 2 for channel in x])]
    return [np.mean(ring) for ring in rings]


def test_a_spectrum_is_that_of_the_definition():
    for shape in ((3, 12, 12), (1, 8, 8)):
        x = gaussian(*shape) + 0.7
        np.testing.assert_allclose(spectrum(x), by_hand(x), rtol=1e-10)
    assert spectrum(x.float()).dtype == torch.float64


@pytest.mark.parametrize("f", [3, 9, 20])
def test_stripes_have_their_power_at_their_frequency(f):
    stripes = torch.cos(2 * math.pi * f / 64 * torch.arange(64)).expand(1, 64, 64)
    for x in (stripes, stripes.mT):
        power = spectrum(x)
        assert power.argmax() == f
        assert (
            power[abs(torch.arange(33) - f) > 2].max() < 1e-9
        )  # the window reaches its neighbours


def test_an_even_picture_has_brightness_alone():
    power = spectrum(torch.full((3, 16, 16), -0.5))
    assert power[0] == 256 * 0.25
    assert power[1:].max() < 1e-20


def test_the_spectrum_of_a_blend_is_exact_from_three():
    x_0, noise = photograph("cat", 64).double(), gaussian(3, 64, 64)
    parts = spectrum(x_0), spectrum(noise), cross_spectrum(x_0, noise)
    for t in (0, 1, 100, 400, 1000):
        a, b = SCHEDULE.signal_rate(t, torch.float64), SCHEDULE.noise_rate(t, torch.float64)
        x_t = spectrum(q_sample(x_0, t, SCHEDULE, noise))
        blend = a**2 * parts[0] + b**2 * parts[1] + 2 * a * b * parts[2]
        torch.testing.assert_close(x_t, blend, rtol=1e-10, atol=1e-12)


def test_parts_of_complementary_frequencies_share_out_the_picture_and_its_energy():
    x = photograph("cat", 64).double()
    kept = torch.arange(33) % 3 == 0
    one, other = at_frequencies(x, kept), at_frequencies(x, ~kept)
    torch.testing.assert_close(one + other, x, rtol=0, atol=1e-12)
    energy = (one**2).sum() + (other**2).sum()  # Parseval
    torch.testing.assert_close(energy, (x**2).sum(), rtol=1e-12, atol=0)
    torch.testing.assert_close(
        at_frequencies(x, torch.arange(33) == 0), x.mean((1, 2), keepdim=True).expand_as(x)
    )


TIMES = (10, 50, 100, 150, 200, 250, 300, 400, 500, 600, 700, 1000)
CROSSINGS = {
    ("cat", 256): (113, 41, 28, 21, 17, 13, 12, 8, 5, 3, 0, 0),
    ("hubble", 256): (126, 62, 39, 25, 19, 15, 11, 5, 0, 0, 0, 0),
    ("cat", 128): (58, 26, 18, 13, 10, 9, 7, 4, 2, 0, 0, 0),
    ("hubble", 128): (64, 39, 21, 12, 10, 6, 4, 0, 0, 0, 0, 0),
}


@pytest.mark.parametrize("name, size", CROSSINGS)
def test_where_a_photograph_crosses_the_noise(name, size):
    power = spectrum(photograph(name, size))
    assert tuple(crossing(power, SCHEDULE, t) for t in TIMES) == CROSSINGS[name, size]
    every = [crossing(power, SCHEDULE, t) for t in range(1001)]
    assert every[0] == size // 2 and every == sorted(every, reverse=True)


def test_frequencies_go_for_good_but_not_always_the_finest_first():
    t = torch.arange(1001)
    rates = SCHEDULE.signal_rate(t)[:, None], SCHEDULE.noise_rate(t)[:, None]
    above = above_noise(spectrum(photograph("hubble")), *rates)
    assert not (above[1:] & ~above[:-1]).any()
    assert above[0].all()
    # Stars, and no large shapes: of all that is left, f = 1 … 3 go before f = 4.
    assert above[300].nonzero().flatten().tolist() == [0, 4]


@pytest.mark.parametrize("x", [torch.ones(4, 4), torch.ones(3, 4, 6), torch.ones(1, 5, 5)])
def test_what_has_no_spectrum(x):
    with pytest.raises(ValueError, match=r"square picture \(C, n, n\) with n even, not of the sh"):
        spectrum(x)
    with pytest.raises(ValueError, match="square picture"):
        at_frequencies(x, torch.ones(3, dtype=torch.bool))
    with pytest.raises(TypeError, match=r"floating-point tensor, not of torch\.uint8"):
        spectrum(x.byte())


def test_other_refusals():
    x = torch.ones(1, 4, 4)
    with pytest.raises(ValueError, match=r"one shape, not \(1, 4, 4\) and \(3, 4, 4\)"):
        cross_spectrum(x, x.expand(3, 4, 4))
    with pytest.raises(ValueError, match="t must be in 0 … 1000"):
        crossing(spectrum(x), SCHEDULE, 1001)
    with pytest.raises(TypeError, match="of one time t, an int"):
        crossing(spectrum(x), SCHEDULE, torch.tensor([1, 2]))
    with pytest.raises(ValueError, match=r"kept needs .* 3 in all"):
        at_frequencies(x, torch.ones(2, dtype=torch.bool))


def blend_of(*shape):
    return Blend(torch.zeros(shape), torch.zeros(shape), SCHEDULE)


@pytest.mark.parametrize(
    "make, error, words",
    [
        (lambda: AboveNoiseView(blend_of(3, 12, 12)), ValueError, "power of two.*size=8"),
        (lambda: AboveNoiseView(blend_of(3, 8, 16)), ValueError, "square picture"),
        (lambda: SpectrumView(blend_of(3, 7, 7)), ValueError, "n even"),
        (lambda: SpectrumView(blend_of(2, 8, 8)), ValueError, r"\(3, n, n\) or \(1, n, n\), not"),
        (lambda: SpectrumView(blend_of(30, 2)), ValueError, r"not \(30, 2\)"),
        (
            lambda: SpectrumView(Frames(torch.zeros(2, 1, 8, 8), NoiseSchedule(time_steps=1))),
            TypeError,
            "expected a Blend of x_0 and its noise, not Frames",
        ),
    ],
)
def test_what_a_view_of_it_refuses(make, error, words):
    with pytest.raises(error, match=words):
        make()
