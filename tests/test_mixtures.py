"""The best denoiser against integrals and derivatives, and the distance between two clouds."""

import math
from pathlib import Path

import pytest
import torch
from oracles import FLOATS, assert_gaussian, gaussian, seeded
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal
from torch.testing import assert_close

from diffusion import NoiseSchedule, predict_x_0, q_sample, sample
from diffusion.teaching.images import load_digits
from diffusion.teaching.mixtures import Mixture, sliced_wasserstein, spiral

SCHEDULE = NoiseSchedule(0.001, 0.2, 100)
BLOBS = torch.tensor([[-1.0, 0.5], [0.2, -0.7], [1.1, 0.9]], dtype=torch.float64)


def rates(t):
    """√ᾱ_t and √(1 − ᾱ_t), from the definition."""
    alpha_bars = (1 - torch.linspace(0.001, 0.2, 100, dtype=torch.float64)).cumprod(0)
    return alpha_bars[t - 1].sqrt(), (1 - alpha_bars[t - 1]).sqrt()


# ---------------------------------------------------------------- the best denoiser


@pytest.mark.parametrize("t", [1, 10, 40, 100])
def test_the_guess_is_the_mean_of_the_noise_over_all_that_may_have_been(t):
    """Bayes' rule by adding up: over a grid of all x_0 in the plane."""
    line = torch.linspace(-3, 3, 601, dtype=torch.float64)
    x_0 = torch.cartesian_prod(line, line)
    density = torch.exp(-(torch.cdist(x_0, BLOBS) ** 2) / (2 * 0.15**2)).sum(1)
    signal, noise = rates(t)
    x_t = q_sample(BLOBS, t, SCHEDULE, gaussian((3, 2)))
    expected = []
    for here in x_t:
        eps = (here - signal * x_0) / noise  # what the noise was, if x_0 was this
        weights = density * torch.exp(-(eps**2).sum(1) / 2)
        expected.append(weights @ eps / weights.sum())
    guess = Mixture(BLOBS, 0.15).denoiser(SCHEDULE)
    assert_close(guess(x_t, t), torch.stack(expected), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("shape", [(1,), (2,), (1, 8, 8)])
def test_the_guess_points_up_the_density(shape):
    """Tweedie's formula, ε = −√(1 − ᾱ_t) ∇ log p(x_t), with a time for each element."""
    centres, x_t = gaussian((5, *shape)), gaussian((6, *shape), seed=1)
    t = torch.tensor([1, 2, 10, 50, 99, 100])
    signal, noise = (rate.view(-1, 1, 1) for rate in rates(t))
    means = signal * centres.flatten(1)
    blobs = Normal(means, ((signal * 0.3) ** 2 + noise**2).sqrt().expand_as(means))
    each = Categorical(torch.ones(6, 5, dtype=torch.float64))
    x = x_t.flatten(1).requires_grad_()
    density = MixtureSameFamily(each, Independent(blobs, 1)).log_prob(x)
    (slope,) = torch.autograd.grad(density.sum(), x)
    guess = Mixture(centres, 0.3).denoiser(SCHEDULE)(x_t, t)
    assert guess.shape == x_t.shape
    assert_close(guess.flatten(1), -noise.view(-1, 1) * slope, rtol=1e-9, atol=1e-9)


def test_the_least_loss_is_what_x_t_leaves_open():
    """E(ε* − ε)² is ᾱ_t / (1 − ᾱ_t) times the variance of x_0 that is left, given x_t."""
    data = spiral()
    centres, n = data.centres.double(), 20_000
    x_0 = data.draw(n, seeded()).double()
    for t in (2, 10, 30, 60):
        eps, (signal, noise) = gaussian((n, 2), seed=t), rates(t)
        x_t = signal * x_0 + noise * eps
        loss = (data.denoiser(SCHEDULE)(x_t, t) - eps).square().mean(1)
        v = (signal * 0.08) ** 2 + noise**2
        blobs = torch.softmax(-(torch.cdist(x_t, signal * centres) ** 2) / (2 * v), dim=1)
        means = centres + signal * 0.08**2 / v * (x_t[:, None] - signal * centres)
        mean = torch.einsum("nk,nkd->nd", blobs, means)
        spread = torch.einsum("nk,nkd->n", blobs, (means - mean[:, None]) ** 2) / 2
        least = (signal / noise) ** 2 * (spread + (0.08 * noise) ** 2 / v)
        error = (loss - least).std() / n**0.5
        assert (loss - least).mean().abs() < 5 * error and error < 0.02 * least.mean()


@pytest.mark.parametrize("dtype", FLOATS)
def test_it_is_worked_out_in_float64_and_has_the_dtype_of_x_t(dtype):
    x_t = gaussian((4, 2), dtype)
    for t in (1, 100, torch.tensor([1, 2, 99, 100])):
        exact = Mixture(BLOBS, 0.15).denoiser(SCHEDULE)(x_t.double(), t)
        assert torch.equal(Mixture(BLOBS, 0.15).denoiser(SCHEDULE)(x_t, t), exact.to(dtype))


# ---- with width 0: a list of examples, learned by heart

DIGITS, _ = load_digits(Path(__file__).parents[1] / "data" / "digits.png")


@pytest.mark.parametrize("t", [1, 10, 50, 100])
def test_with_width_0_it_is_a_softmax_over_the_examples(t):
    signal, noise = rates(t)
    x_t = q_sample(DIGITS[::200], t, SCHEDULE, generator=seeded())
    examples = DIGITS.double().flatten(1)
    distances = (x_t.double().flatten(1)[:, None] - signal * examples).square().sum(2)
    x_0 = torch.softmax(-distances / (2 * noise**2), dim=1) @ examples
    expected = ((x_t.double().flatten(1) - signal * x_0) / noise).float().view_as(x_t)
    guess = Mixture(DIGITS).denoiser(SCHEDULE)(x_t, t)
    assert guess.isfinite().all()
    assert_close(guess, expected, rtol=1e-5, atol=1e-6)


def test_it_knows_its_examples_and_draws_nothing_else():
    x_1 = q_sample(DIGITS, 1, SCHEDULE, generator=seeded())
    by_heart = Mixture(DIGITS).denoiser(SCHEDULE)
    assert_close(predict_x_0(x_1, by_heart(x_1, 1), 1, SCHEDULE), DIGITS, rtol=0, atol=1e-6)
    made = sample(by_heart, torch.randn(20, 1, 8, 8, generator=seeded()), SCHEDULE, seeded(1))
    nearest = (made.flatten(1)[:, None] - DIGITS.flatten(1)).abs().amax(2).min(1)
    assert nearest.values.max() < 1e-6 and len(nearest.indices.unique()) > 10


# ---------------------------------------------------------------- draws


def test_each_blob_is_as_likely_and_round():
    x_0 = Mixture(10 * BLOBS, 0.5).draw(60_000, seeded())
    chosen = torch.cdist(x_0, 10 * BLOBS).argmin(1)
    counts = torch.bincount(chosen, minlength=3)
    assert ((counts - 20_000).abs() < 5 * (60_000 * 2 / 9) ** 0.5).all()
    for k in range(3):
        u = (x_0[chosen == k] - 10 * BLOBS[k]) / 0.5
        # Along directions too, so that a blob with correlations is no round one.
        angles = torch.linspace(0, math.pi, 17, dtype=torch.float64)[:-1]
        assert_gaussian(u @ torch.stack([angles.cos(), angles.sin()]), torch.zeros(16), 1)


@pytest.mark.parametrize("dtype", FLOATS)
def test_draws_have_the_dtype_of_the_centres_and_come_from_the_generator(dtype):
    data, global_state = Mixture(DIGITS.to(dtype), 0.1), torch.get_rng_state()
    x_0 = data.draw(5, seeded())
    assert x_0.shape == (5, 1, 8, 8) and x_0.dtype == dtype
    assert torch.equal(x_0, data.draw(5, seeded())) and len(data.draw(0)) == 0
    assert torch.equal(torch.get_rng_state(), global_state)


def test_without_width_a_draw_is_a_centre():
    x_0 = Mixture(DIGITS).draw(50, seeded())
    assert (x_0[:, None] == DIGITS).flatten(2).all(2).any(1).all()


def test_the_spiral_is_that_of_lesson_2():
    angle = torch.linspace(1, 10, 800)
    line = torch.stack([angle * angle.cos(), angle * angle.sin()], dim=1) / 4
    assert len(spiral().centres) == 60
    assert torch.cdist(spiral().centres, line).min(1).values.max() < 0.02
    assert torch.cdist(line, spiral().centres).min(1).values.max() < 3 * spiral().width


# ---------------------------------------------------------------- distance


def cloud(n=500, seed=0, dtype=torch.float64):
    return gaussian((n, 2), dtype, seed=seed)


def area_between(a, b):
    """Of two lists of numbers: the area between their cumulative distributions."""
    ends = torch.cat([a, b]).sort().values
    below = [torch.searchsorted(x.sort().values, ends[:-1], right=True) / len(x) for x in (a, b)]
    return ((below[0] - below[1]).abs() * ends.diff()).sum().item()


def test_along_an_axis_it_is_the_area_between_the_distributions():
    a, b = cloud(), 1.5 * cloud(seed=1) + 0.3
    x, y = (area_between(a[:, axis].float(), b[:, axis].float()) for axis in (0, 1))
    assert sliced_wasserstein(a, b, directions=1) == pytest.approx(x, rel=1e-5)
    assert sliced_wasserstein(a, b, directions=2) == pytest.approx((x + y) / 2, rel=1e-5)


def test_a_shift_is_as_far_as_it_looks_along_all_directions():
    a = cloud()
    for d in ([3.0, 0.0], [0.3, -0.4], [0.0, 1e-6]):
        far = sliced_wasserstein(a, a + torch.tensor(d, dtype=a.dtype))
        assert far == pytest.approx(2 / math.pi * math.hypot(*d), rel=1e-4)


def test_it_is_a_distance():
    a, b, c = (cloud(seed=seed) for seed in range(3))
    assert sliced_wasserstein(a, a[torch.randperm(500, generator=seeded())]) == 0
    assert sliced_wasserstein(a, b) == sliced_wasserstein(b, a) > 0
    assert sliced_wasserstein(a, c) <= sliced_wasserstein(a, b) + sliced_wasserstein(b, c)
    assert sliced_wasserstein(7 * a, 7 * b) == pytest.approx(7 * sliced_wasserstein(a, b))
    assert sliced_wasserstein(a, b.float()) == pytest.approx(sliced_wasserstein(a, b), rel=1e-5)


# ---------------------------------------------------------------- one clear sentence for nonsense


@pytest.mark.parametrize(
    ("centres", "width", "error", "words"),
    [
        (torch.zeros(0, 2), 0.1, ValueError, r"^centres must .* \(K, …\) .* \(0, 2\)\.$"),
        (torch.zeros(3), 0.1, ValueError, r"^centres must .* \(3,\)\.$"),
        (torch.tensor(0.0), 0.1, ValueError, "^centres must have the shape"),
        ([[0.0, 1.0]], 0.1, TypeError, "^centres must be a floating-point tensor, not list"),
        (torch.zeros(3, 2).int(), 0.1, TypeError, "^centres must be a floating-point tensor"),
        (BLOBS, -0.1, ValueError, r"^width is a standard deviation, 0 or more.* -0\.1\.$"),
        (BLOBS, math.nan, ValueError, "^width must be finite"),
        (BLOBS, math.inf, ValueError, "^width must be finite"),
        (BLOBS, "0.1", TypeError, "^width must be a number, not str"),
    ],
)
def test_what_makes_no_mixture_is_refused(centres, width, error, words):
    with pytest.raises(error, match=words):
        Mixture(centres, width)


@pytest.mark.parametrize(
    ("x_t", "t", "error", "words"),
    [
        (BLOBS, 0, ValueError, "^t must be in 1 … 100"),
        (BLOBS, 101, ValueError, "^t must be in 1 … 100"),
        (BLOBS, 1.0, TypeError, "^t must be an int"),
        (BLOBS, torch.tensor([1, 2]), ValueError, "^t must be one integer .* one time per element"),
        (BLOBS.int(), 1, TypeError, "^x_t must be a floating-point tensor"),
        (BLOBS[:, :1], 1, ValueError, r"^x_t must have the shape .*\(2,\), but its .*\(3, 1\)\.$"),
        (BLOBS[None], 1, ValueError, "^x_t must have the shape"),
    ],
)
def test_what_no_noise_can_be_guessed_in_is_refused(x_t, t, error, words):
    with pytest.raises(error, match=words):
        Mixture(BLOBS, 0.1).denoiser(SCHEDULE)(x_t, t)


@pytest.mark.parametrize(
    ("a", "b", "error", "words"),
    [
        (BLOBS, BLOBS[:2], ValueError, r"as many points.*\(3, 2\) and \(2, 2\)\.$"),
        (torch.zeros(4, 3), torch.zeros(4, 3), ValueError, "points in the plane"),
        (torch.zeros(4), torch.zeros(4), ValueError, "points in the plane"),
        (torch.zeros(0, 2), torch.zeros(0, 2), ValueError, "points in the plane"),
        ([[0.0, 0.0]], torch.zeros(1, 2), TypeError, "^a must be a floating-point tensor"),
        (BLOBS, BLOBS.int(), TypeError, "^b must be a floating-point tensor"),
    ],
)
def test_clouds_that_cannot_be_compared_are_refused(a, b, error, words):
    with pytest.raises(error, match=words):
        sliced_wasserstein(a, b)


def test_one_who_is_not_told_t_takes_the_mean_over_all_t_and_blobs():
    schedule, x = NoiseSchedule(0.05, 0.4, 4), torch.linspace(-3, 3, 13).double()[:, None]
    guess = Mixture(torch.tensor([[-1.0], [2.0]]), 0.3).denoiser_not_told_t(schedule)
    weights, noises = 0, 0
    for alpha_bar in torch.cumprod(1 - torch.linspace(0.05, 0.4, 4).double(), 0):
        for centre in (-1, 2):
            variance = 0.09 * alpha_bar + 1 - alpha_bar
            off = x - alpha_bar.sqrt() * centre
            weight = torch.exp(-(off**2) / (2 * variance)) / variance.sqrt()
            weights = weights + weight
            noises = noises + weight * off * (1 - alpha_bar).sqrt() / variance
    assert_close(guess(x, 1), noises / weights)
    assert torch.equal(guess(x, 1), guess(x, 4))
