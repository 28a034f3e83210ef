"""The way back: the posterior against exact arithmetic and experiment, walks against their law."""

import math

import pytest
import torch
from diffusers import DDPMScheduler
from hypothesis import given
from hypothesis import strategies as st
from oracles import (
    FLOATS,
    assert_gaussian,
    decimal_posterior,
    gaussian,
    seeded,
    worst_relative_error,
)
from torch.testing import assert_close

from diffusion import (
    NoiseSchedule,
    ancestral_step,
    forward_step,
    posterior,
    predict_x_0,
    q_sample,
    sample,
)

# Large steps, so that β̃ is far from β, and a wrong coefficient shows.
SCHEDULE = NoiseSchedule(0.05, 0.4, 4)


def zeros(x_t, t):
    return torch.zeros_like(x_t)


# ---------------------------------------------------------------- the posterior


@pytest.mark.parametrize(
    ("dtype", "limit"), [(torch.float32, 1.2e-7), (torch.float64, 1e-13)], ids=str
)
@pytest.mark.parametrize("ends", [(1e-4, 0.02, 1000), (0.01, 0.6, 20), (0.3, 0.2, 2)])
def test_the_posterior_matches_50_digit_arithmetic(ends, dtype, limit):
    schedule, exact = NoiseSchedule(*ends), decimal_posterior(*ends)
    t = torch.arange(2, len(schedule) + 1)  # t = 1 has a test of its own
    one, zero = torch.ones(len(t), dtype=dtype), torch.zeros(len(t), dtype=dtype)
    of_x_0, variance = posterior(zero, one, t, schedule)
    of_x_t, _ = posterior(one, zero, t, schedule)
    for ours, theirs in zip((of_x_0, of_x_t, variance), exact, strict=True):
        assert worst_relative_error(ours, theirs[1:]) <= limit


def test_it_is_the_product_of_what_x_0_says_and_what_x_t_says():
    """N(√ᾱ_{t−1} x_0, 1 − ᾱ_{t−1}) times N(x_t / √α_t, β_t / α_t)."""
    betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)[1:]
    before = (1 - torch.cat([betas.new_tensor([1e-4]), betas])).cumprod(0)[:-1]
    x_t, x_0 = gaussian(999, seed=1), gaussian(999, seed=2)
    precisions = 1 / (1 - before), (1 - betas) / betas
    places = before.sqrt() * x_0, x_t / (1 - betas).sqrt()
    expected = sum(p * at for p, at in zip(precisions, places, strict=True)) / sum(precisions)
    mean, variance = posterior(x_t, x_0, torch.arange(2, 1001), NoiseSchedule())
    assert_close(mean, expected, rtol=1e-9, atol=1e-12)
    assert_close(variance, 1 / sum(precisions), rtol=1e-9, atol=0)


@given(beta=st.floats(0, 1, exclude_min=True, exclude_max=True), dtype=st.sampled_from(FLOATS))
def test_the_first_step_came_from_x_0_exactly(beta, dtype):
    x_t, x_0 = gaussian((3, 2), dtype), gaussian((3, 2), dtype, seed=1)
    for t in (1, torch.tensor([1, 1, 1])):
        mean, variance = posterior(x_t, x_0, t, NoiseSchedule.from_betas([beta, 0.5]))
        assert torch.equal(mean, x_0) and (variance == 0).all()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(3,), (3, 2), (3, 1, 4, 4), (0, 2)])
def test_the_variance_is_one_for_each_t_and_broadcasts(shape, dtype):
    x_t, x_0 = gaussian(shape, dtype), gaussian(shape, dtype, seed=1)
    ones = [1] * (len(shape) - 1)
    mean, variance = posterior(x_t, x_0, 3, SCHEDULE)
    assert variance.shape == (1, *ones) and variance.dtype == dtype and mean.shape == shape
    t = torch.tensor([1, 4, 3])[: shape[0]]
    mean, variances = posterior(x_t, x_0, t, SCHEDULE)
    assert variances.shape == (shape[0], *ones) and mean.shape == shape
    for i, time in enumerate(t.tolist()):
        alone = posterior(x_t[i : i + 1], x_0[i : i + 1], time, SCHEDULE)
        assert torch.equal(mean[i], alone[0][0]) and torch.equal(variances[i], alone[1][0])


# ---- by experiment: where the x_5 of a slit have come from

COARSE = NoiseSchedule(0.01, 0.6, 20)
X_0 = 0.8


def came_from(law):
    """Assert that in each of 21 slits x_4 ~ `law(x_5)`, with the law of each draw's own x_5."""
    x_0, generator = torch.full((200_000,), X_0, dtype=torch.float64), seeded()
    x_4 = q_sample(x_0, 4, COARSE, generator=generator)
    x_5 = forward_step(x_4, 5, COARSE, generator=generator)
    mean, variance = law(x_5)
    u = (x_4 - mean) / variance.sqrt()
    slits = [u[(x_5 - place / 10).abs() < 0.05] for place in range(-5, 16)]
    fewest = min(map(len, slits))
    assert fewest > 1000
    u = torch.stack([each[:fewest] for each in slits], dim=1)
    assert_gaussian(u, torch.zeros(21), 1, limit=4.5)


def test_it_is_where_x_t_has_come_from():
    came_from(lambda x_5: posterior(x_5, torch.full_like(x_5, X_0), 5, COARSE))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x_5, x_0: (posterior(x_5, x_0, 5, COARSE)[0], COARSE.beta(5)),
        lambda x_5, x_0: posterior(x_5, 0 * x_0, 5, COARSE),
        lambda x_5, x_0: posterior(x_5, x_0, 4, COARSE),
        lambda x_5, x_0: posterior(x_5, x_0, 6, COARSE),
    ],
    ids=["β for β̃", "no x_0", "one too early", "one too late"],
)
def test_the_experiment_notices_a_wrong_posterior(wrong):
    with pytest.raises(AssertionError, match="worst"):
        came_from(lambda x_5: wrong(x_5, torch.full_like(x_5, X_0)))


# ---------------------------------------------------------------- x_0 from x_t and the noise


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("t", [0, 1, 100, 1000, torch.tensor([0, 1, 500, 1000])], ids=str)
def test_predict_x_0_undoes_q_sample(dtype, t):
    schedule = NoiseSchedule()
    x_0, noise = gaussian((4, 50), dtype), gaussian((4, 50), dtype, seed=1)
    again = predict_x_0(q_sample(x_0, t, schedule, noise), noise, t, schedule)
    # What is rounded is of the size of x_t; the division makes it larger.
    gain = 1 / torch.as_tensor(schedule.signal_rate(t, torch.float64)).view(-1, 1)
    error = (again.double() - x_0.double()).abs() / gain
    assert again.dtype == dtype and error.max() <= 8 * torch.finfo(dtype).eps
    if isinstance(t, int) and t == 0:
        assert torch.equal(again, x_0)


def test_an_error_of_the_guess_is_multiplied_by_157_at_the_end():
    x_t, noise = gaussian((2, 3)), gaussian((2, 3), seed=1)
    wrong = predict_x_0(x_t, noise - 0.01, 1000, NoiseSchedule())
    error = wrong - predict_x_0(x_t, noise, 1000, NoiseSchedule())
    assert_close(error, torch.full_like(error, 1.57), rtol=0, atol=0.005)


# ---------------------------------------------------------------- walks


def bend(x_t, t):
    """Some denoiser that depends on x_t and on t, and works in any dtype."""
    return torch.tanh(x_t) * (0.5 + t.to(x_t.dtype).view(-1, 1) / 2000)


@pytest.mark.parametrize("t", [1, 2, 3, 20])
def test_a_step_is_a_line_of_algorithm_2_and_a_draw_from_the_posterior(t):
    x_t, z = gaussian((5, 2)), gaussian((5, 2), seed=1)
    guess = bend(x_t, torch.full((5,), t))
    betas = torch.linspace(0.01, 0.6, 20, dtype=torch.float64)
    alpha_bars = (1 - betas).cumprod(0)
    beta, bar, before = betas[t - 1], alpha_bars[t - 1], alpha_bars[t - 2] if t > 1 else 1
    sigma = ((1 - before) / (1 - bar) * beta) ** 0.5
    expected = (x_t - beta / (1 - bar).sqrt() * guess) / (1 - beta).sqrt() + sigma * z
    x_prev = ancestral_step(bend, x_t, t, COARSE, z)
    assert_close(x_prev, expected, rtol=1e-12, atol=1e-12)
    mean, variance = posterior(x_t, predict_x_0(x_t, guess, t, COARSE), t, COARSE)
    assert_close(x_prev, mean + variance.sqrt() * z, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("time_steps", [1, 2, 50, 1000])
def test_the_walk_is_that_of_diffusers(time_steps):
    theirs = DDPMScheduler(time_steps, 1e-4, 0.02, variance_type="fixed_small", clip_sample=False)
    x_t = x_T = gaussian((8, 2), torch.float32)
    generator = seeded(3)
    for t in range(time_steps, 0, -1):
        guess = bend(x_t, torch.full((8,), t))
        x_t = theirs.step(guess, t - 1, x_t, generator=generator).prev_sample
    # Their 1 − ᾱ is right to 8e-5 only.
    x_0 = sample(bend, x_T, NoiseSchedule(time_steps=time_steps), seeded(3))
    assert_close(x_0, x_t, rtol=1e-4, atol=1e-4)


def gaussian_walk(schedule, m, s):
    """For x_0 ~ N(m, s²): the best denoiser, and mean and variance of the walks that it leads.

    Here E[x_0 | x_t] is a line, so that each step is x_{t−1} = a x_t + b + √β̃ z.
    """
    betas, alpha_bars = schedule.betas.double(), schedule.betas.double().neg().add(1).cumprod(0)
    alpha_bars = torch.cat([alpha_bars.new_ones(1), alpha_bars]).tolist()

    def best(x_t, t):
        bar = torch.tensor(alpha_bars, dtype=x_t.dtype)[t].view(-1, 1)
        return (1 - bar).sqrt() * (x_t - bar.sqrt() * m) / (bar * s**2 + 1 - bar)

    mean, variance = 0.0, 1.0
    for t in range(len(schedule), 0, -1):
        beta, bar, before = betas[t - 1].item(), alpha_bars[t], alpha_bars[t - 1]
        slope = math.sqrt(bar) * s**2 / (bar * s**2 + 1 - bar)  # of E[x_0 | x_t]
        of_x_0 = math.sqrt(before) * beta / (1 - bar)
        of_x_t = math.sqrt(1 - beta) * (1 - before) / (1 - bar)
        a, b = of_x_t + of_x_0 * slope, of_x_0 * (m - slope * math.sqrt(bar) * m)
        mean, variance = a * mean + b, a**2 * variance + beta * (1 - before) / (1 - bar)
    return best, mean, variance


def test_where_walks_end_is_known_for_a_bell():
    best, mean, variance = gaussian_walk(COARSE, m=1.5, s=0.5)
    ends = sample(best, gaussian((20_000, 32), seed=1), COARSE, seeded())
    assert_gaussian(ends, torch.full((32,), mean), variance)
    assert variance < 0.2  # with so few steps the end is narrower than the data, which have 0.25


def test_with_many_steps_walks_end_at_the_data():
    _, mean, variance = gaussian_walk(NoiseSchedule(), m=1.5, s=0.5)
    assert mean == pytest.approx(1.5, abs=1e-3) and variance == pytest.approx(0.25, rel=0.02)


def test_the_denoiser_is_asked_T_times_from_T_to_1():
    asked = []

    def denoiser(x_t, t):
        asked.append(t)
        return x_t / 2

    sample(denoiser, torch.zeros(3, 2), SCHEDULE)
    assert all(t.dtype == torch.int64 and t.shape == (3,) for t in asked)
    assert [t.tolist() for t in asked] == [[t] * 3 for t in (4, 3, 2, 1)]


def test_the_generator_alone_decides_and_a_sample_is_its_steps():
    x_T, global_state = gaussian((3, 2)), torch.get_rng_state()
    before, generator = x_T.clone(), seeded(1)
    x_t = x_T
    for t in (4, 3, 2, 1):
        noise = torch.randn(3, 2, dtype=x_T.dtype, generator=generator) if t > 1 else None
        x_t = ancestral_step(bend, x_t, t, SCHEDULE, noise)
    ours = seeded(1)
    assert torch.equal(sample(bend, x_T, SCHEDULE, ours), x_t)
    assert torch.equal(ours.get_state(), generator.get_state())  # T − 1 draws, not T
    assert torch.equal(torch.get_rng_state(), global_state) and torch.equal(x_T, before)


def test_the_last_step_adds_no_noise():
    x_1, noise = gaussian((3, 2)), gaussian((3, 2), seed=1)
    made = ancestral_step(bend, x_1, 1, SCHEDULE, noise)
    guess = bend(x_1, torch.tensor([1, 1, 1]))
    assert_close(made, predict_x_0(x_1, guess, 1, SCHEDULE), rtol=1e-14, atol=1e-14)
    assert torch.equal(made, ancestral_step(bend, x_1, torch.tensor(1), SCHEDULE))
    x_0 = gaussian((3, 2), seed=2)
    x_1 = q_sample(x_0, 1, SCHEDULE, noise)
    assert_close(ancestral_step(lambda x_t, t: noise, x_1, 1, SCHEDULE), x_0)


def test_a_step_passes_gradients_on_and_a_sample_has_none():
    x_t, network = gaussian((3, 2)).requires_grad_(), torch.nn.Linear(2, 2).double()
    noise = gaussian((3, 2), seed=1).requires_grad_()
    ancestral_step(lambda x_t, t: network(x_t), x_t, 3, SCHEDULE, noise).sum().backward()
    assert x_t.grad is not None and network.weight.grad is not None
    _, variance = posterior(x_t, x_t, 3, SCHEDULE)
    assert_close(noise.grad, variance.sqrt().expand(3, 2))
    made = sample(lambda x_t, t: network(x_t), x_t, SCHEDULE)
    assert not made.requires_grad and torch.is_grad_enabled()


def test_gradients_of_the_posterior_and_of_x_0_are_the_weights():
    x_t, other = gaussian((4, 2)).requires_grad_(), gaussian((4, 2), seed=1).requires_grad_()
    t = torch.tensor([1, 2, 3, 4])
    posterior(x_t, other, t, SCHEDULE)[0].sum().backward()
    of_x_0, of_x_t, _ = (torch.tensor(list(map(float, w))) for w in decimal_posterior(0.05, 0.4, 4))
    assert_close(x_t.grad, of_x_t.double().view(4, 1).expand(4, 2), rtol=1e-6, atol=0)
    assert_close(other.grad, of_x_0.double().view(4, 1).expand(4, 2), rtol=1e-6, atol=0)
    x_t.grad = other.grad = None
    predict_x_0(x_t, other, t, SCHEDULE).sum().backward()
    alpha_bar = (1 - torch.linspace(0.05, 0.4, 4, dtype=torch.float64)).cumprod(0).view(4, 1)
    assert_close(x_t.grad, (1 / alpha_bar.sqrt()).expand(4, 2))
    assert_close(other.grad, -((1 - alpha_bar) / alpha_bar).sqrt().expand(4, 2))


# ---------------------------------------------------------------- where floats have too few digits


def test_a_step_starts_where_alpha_bar_is_too_small_for_a_float():
    schedule, x_t, z = NoiseSchedule(0.4, 0.4, 3000), gaussian((3, 2)), gaussian((3, 2), seed=1)
    assert schedule.signal_rate(3000, torch.float64) == 0
    # Where all is noise and is guessed, √α of it stays, and as much as went comes in.
    made = ancestral_step(lambda x_t, t: x_t, x_t, 3000, schedule, z)
    assert_close(made, 0.6**0.5 * x_t + 0.4**0.5 * z)


def test_in_float16_a_step_is_the_rounded_one_of_float64():
    """Also from the end of a cosine, where x_t / √ᾱ_t is beyond the largest float16."""
    x_t, noise = gaussian((50, 2), torch.float16), gaussian((50, 2), torch.float16, seed=1)
    schedule = NoiseSchedule.cosine()
    exact = ancestral_step(zeros, x_t.double(), 1000, schedule, noise.double())
    made = ancestral_step(zeros, x_t, 1000, schedule, noise)
    assert_close(made.double(), exact, rtol=2e-3, atol=2e-3)


def test_in_float16_noise_is_added_whose_variance_is_too_small_for_one():
    schedule, one = NoiseSchedule.from_betas([1e-8] * 3), torch.ones(1, 1, dtype=torch.float16)
    made = ancestral_step(zeros, 0 * one, 3, schedule, one)
    assert made.item() == pytest.approx((2 / 3 * 1e-8) ** 0.5, rel=1e-3)


# ---------------------------------------------------------------- one clear sentence for nonsense

X = torch.zeros(2, 3)
STEPS_ONLY = r"^t must be in 1 … 4 \(t = 0 is the clean data; no step leads to it\), but it is "


def go_back(x_t, noise, t):
    return ancestral_step(lambda x, t: noise, x_t, t, SCHEDULE)


def go_back_with(x_t, noise, t):
    return ancestral_step(zeros, x_t, t, SCHEDULE, noise)


FUNCTIONS = {  # each of x_t, of what is like it, and of t; and what that is called
    "x_0": lambda x_t, x_0, t: posterior(x_t, x_0, t, SCHEDULE),
    "noise": lambda x_t, noise, t: predict_x_0(x_t, noise, t, SCHEDULE),
    "noise ": go_back_with,
    "what the denoiser gives": go_back,
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("other", "error", "words"),
    [
        (torch.zeros(3, 2), ValueError, r"must have the shape \(2, 3\), but its shape is \(3, 2\)"),
        (torch.zeros(3), ValueError, r"must have the shape \(2, 3\)"),
        (X.double(), TypeError, r"same dtype, torch\.float32, not torch\.float64\.$"),
        (X.int(), TypeError, r"same dtype, torch\.float32, not torch\.int32\.$"),
        (0.5, TypeError, "must be a tensor of the same dtype.*not float"),
        ((X,), TypeError, "must be a tensor.*not tuple"),
        (X.to("meta"), ValueError, "must be on the device cpu, but it is on meta"),
        (X.to_sparse(), TypeError, "must be an ordinary tensor"),
    ],
)
def test_what_does_not_fit_x_t_is_refused_by_name(name, other, error, words):
    with pytest.raises(error, match=f"^{name.strip()} {words}|^{name.strip()} .*{words}"):
        FUNCTIONS[name](X, other, 2)


def test_no_guess_at_all_is_refused():
    with pytest.raises(TypeError, match=r"^what the denoiser gives must be a tensor.*not None"):
        go_back(X, None, 2)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("x_t", "error", "words"),
    [
        (X.int(), TypeError, "must be a floating-point tensor of 16 bits or more, not torch.int32"),
        ([[0.0]], TypeError, "must be a floating-point tensor, not list"),
        (torch.tensor(0.5), ValueError, r"must have the shape \(B, …\), but it is 0-dimensional"),
    ],
)
def test_bad_data_is_refused_by_name(name, x_t, error, words):
    with pytest.raises(error, match=f"^x_t {words}"):
        FUNCTIONS[name](x_t, X, 2)
    with pytest.raises(error, match=f"^x_T {words}"):
        sample(zeros, x_t, SCHEDULE)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("t", "error", "words"),
    [
        (5, ValueError, "^t must be in . … 4.*but it is 5"),
        (-1, ValueError, "^t must be in . … 4.*but it is -1"),
        (1.0, TypeError, "^t must be an int.*not float"),
        (True, TypeError, "^t must be an int.*not bool"),
        (torch.tensor(1.0), TypeError, "^t must be an integer tensor"),
        (None, TypeError, "^t must be an int.*not NoneType"),
    ],
)
def test_a_time_that_makes_no_sense_is_refused(name, t, error, words):
    with pytest.raises(error, match=words):
        FUNCTIONS[name](X, X, t)


@pytest.mark.parametrize("name", ["x_0", "noise ", "what the denoiser gives"])
def test_no_step_leads_back_from_clean_data(name):
    with pytest.raises(ValueError, match=f"{STEPS_ONLY}0"):
        FUNCTIONS[name](X, X, 0)


@pytest.mark.parametrize("name", ["x_0", "noise"])
def test_a_batch_has_a_time_for_each_element_or_one_for_all(name):
    with pytest.raises(ValueError, match=r"shape \(2,\), one time per element.*\(3,\)"):
        FUNCTIONS[name](X, X, torch.tensor([1, 2, 3]))


@pytest.mark.parametrize("t", [torch.tensor([1, 1]), torch.tensor([[1]])])
def test_a_batch_takes_one_step_together(t):
    with pytest.raises(TypeError, match=r"^t must be one int: all elements .* the same step"):
        go_back(X, X, t)


def test_nothing_is_asked_where_an_argument_is_wrong():
    def never(x_t, t):
        raise AssertionError

    for x_t, t, noise in [(X.int(), 1, None), (X, 5, None), (X, 2, X.double()), (X, 1, X[0])]:
        with pytest.raises((TypeError, ValueError)):
            ancestral_step(never, x_t, t, SCHEDULE, noise)
