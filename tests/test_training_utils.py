"""sample_xt: each element at a time of its own, and x_t really from q(x_t | x_0) at that time."""

import pytest
import torch
from oracles import assert_gaussian
from torch.testing import assert_close

from diffusion import NoiseSchedule, sample_xt

STEPS = 4
SCHEDULE = NoiseSchedule(0.05, 0.4, STEPS)
BETAS = torch.linspace(0.05, 0.4, STEPS, dtype=torch.float64)
X_0 = torch.linspace(-2, 3, 16, dtype=torch.float64)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [(6,), (6, 2), (6, 1, 8, 8), (6, 3, 16, 16), (0, 2)])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_shapes_and_dtypes(shape, dtype):
    x_0 = torch.rand(shape, dtype=torch.float64).to(dtype)
    x_t, noise, t = sample_xt(x_0, SCHEDULE)
    assert x_t.shape == noise.shape == x_0.shape and x_t.dtype == noise.dtype == dtype
    assert t.shape == shape[:1] and t.dtype == torch.int64


def test_x_t_is_the_blend_of_x_0_and_the_returned_noise_at_the_returned_t():
    x_0 = torch.randn(64, 3, 4, 4, dtype=torch.float64, generator=seeded(1))
    x_t, noise, t = sample_xt(x_0, SCHEDULE, seeded())
    for i in range(64):
        alpha_bar = (1 - BETAS[: t[i]]).prod()
        assert_close(x_t[i], alpha_bar.sqrt() * x_0[i] + (1 - alpha_bar).sqrt() * noise[i])


def test_t_is_uniform_on_1_to_T():
    _, _, t = sample_xt(torch.zeros(40_000, 1), SCHEDULE, seeded())
    counts = torch.bincount(t, minlength=STEPS + 1)
    assert counts[0] == 0 and len(counts) == STEPS + 1
    expected = 40_000 / STEPS
    assert ((counts[1:] - expected).abs() < 5 * (expected * (1 - 1 / STEPS)) ** 0.5).all()


def assert_samples_q(sample):
    """Given x_0 and t, element by element: x_t ~ N(√ᾱ_t x_0, (1 − ᾱ_t) I) and noise ~ N(0, I)."""
    x_t, noise, t = sample(X_0.expand(80_000, -1), SCHEDULE, seeded())
    assert_gaussian(noise, torch.zeros(16), 1.0)
    for step in range(1, STEPS + 1):
        alpha_bar = (1 - BETAS[:step]).prod()
        assert_gaussian(x_t[t == step], alpha_bar.sqrt() * X_0, 1 - alpha_bar)


def test_sample_xt_samples_q():
    assert_samples_q(sample_xt)


def wrong(signal, noise_rate, draw=torch.randn, shift=0):
    def sample(x_0, schedule, generator):
        t = torch.randint(1, STEPS + 1, x_0.shape[:1], generator=generator)
        noise = draw(x_0.shape, generator=generator, dtype=x_0.dtype)
        alpha_bar = schedule.alpha_bar(t - shift).view(-1, 1)
        return signal(alpha_bar) * x_0 + noise_rate(alpha_bar) * noise, noise, t

    return sample


def one_t_for_all(x_0, schedule, generator):
    _, noise, t = sample_xt(x_0, schedule, generator)
    x_t = schedule.signal_rate(t[0]) * x_0 + schedule.noise_rate(t[0]) * noise
    return x_t, noise, t


SQRT, SQRT_REST = torch.sqrt, (lambda a: (1 - a).sqrt())
WRONG = {
    "ᾱ for √ᾱ": wrong(lambda a: a, SQRT_REST),
    "√ᾱ for ᾱ": wrong(lambda a: a.sqrt().sqrt(), lambda a: (1 - a.sqrt()).sqrt()),
    "1−ᾱ for √(1−ᾱ)": wrong(SQRT, lambda a: 1 - a),
    "dropped √ᾱ": wrong(torch.ones_like, SQRT_REST),
    "rand for randn": wrong(SQRT, SQRT_REST, torch.rand),
    "index off by one": wrong(SQRT, SQRT_REST, shift=1),
    "one t for the whole batch": one_t_for_all,
}


@pytest.mark.parametrize("bug", WRONG)
def test_a_wrong_sampler_is_noticed(bug):
    with pytest.raises(AssertionError, match="worst"):
        assert_samples_q(WRONG[bug])


def test_the_harness_accepts_the_right_formula():
    assert_samples_q(wrong(SQRT, SQRT_REST))


def test_the_generator_makes_it_repeatable():
    x_0 = torch.zeros(8, 2)
    first, again, other = (sample_xt(x_0, SCHEDULE, seeded(seed)) for seed in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[1], other[1])


def test_gradients_flow_and_layouts_work():
    x_0 = torch.randn(4, 3, 5, 5).to(memory_format=torch.channels_last).requires_grad_()
    x_t, _, t = sample_xt(x_0, SCHEDULE)
    x_t.sum().backward()
    assert_close(x_0.grad[:, 0, 0, 0], SCHEDULE.signal_rate(t))
    x_t, _, _ = sample_xt(torch.zeros(1, 2).expand(4, 2), SCHEDULE)
    assert len({row.tolist()[0] for row in x_t}) == 4


@pytest.mark.parametrize(
    ("x_0", "error", "words"),
    [
        (torch.zeros(2, 3, dtype=torch.uint8), TypeError, "of 16 bits or more, not torch.uint8"),
        (torch.zeros(2, dtype=torch.bool), TypeError, "floating-point"),
        ([1.0], TypeError, "floating-point tensor, not list"),
        (torch.tensor(1.0), ValueError, "0-dimensional"),
    ],
)
def test_bad_input_gets_a_sentence(x_0, error, words):
    with pytest.raises(error, match=words):
        sample_xt(x_0, SCHEDULE)
