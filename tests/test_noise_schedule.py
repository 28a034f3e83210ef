"""NoiseSchedule against 50-digit arithmetic, against diffusers, and against nonsense."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles import decimal_rates, worst_relative_error

from diffusion import NoiseSchedule

LENGTHS = [1, 2, 50, 1000, 10_000]


@pytest.mark.parametrize("time_steps", LENGTHS)
def test_rates_match_50_digit_arithmetic(time_steps):
    schedule = NoiseSchedule(time_steps=time_steps)
    t = torch.arange(1, time_steps + 1)
    signal, noise = decimal_rates(1e-4, 0.02, time_steps)
    assert worst_relative_error(schedule.signal_rate(t), signal) <= 1.2e-7
    assert worst_relative_error(schedule.noise_rate(t), noise) <= 1.2e-7


@pytest.mark.parametrize("time_steps", LENGTHS[:4])
def test_float64_rates_are_float64_exact(time_steps):
    schedule = NoiseSchedule(time_steps=time_steps)
    t = torch.arange(1, time_steps + 1)
    signal, noise = decimal_rates(1e-4, 0.02, time_steps)
    assert worst_relative_error(schedule.signal_rate(t, torch.float64), signal) <= 1e-14
    assert worst_relative_error(schedule.noise_rate(t, torch.float64), noise) <= 1e-14


def test_the_plain_float32_way_would_fail_the_exactness_test():
    alpha_bars = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000), 0)
    _, noise = decimal_rates(1e-4, 0.02, 1000)
    assert worst_relative_error((1 - alpha_bars).sqrt(), noise) > 1e-5


@pytest.mark.parametrize("time_steps", LENGTHS)
def test_arrays_are_the_papers_three_lines(time_steps):
    schedule = NoiseSchedule(time_steps=time_steps)
    betas = torch.linspace(1e-4, 0.02, time_steps)
    for ours, plain in [
        (schedule.betas, betas),
        (schedule.alphas, 1 - betas),
        (schedule.alpha_bars, torch.cumprod(1 - betas.double(), 0).float()),
    ]:
        assert ours.dtype == torch.float32 and ours.shape == (time_steps,)
        torch.testing.assert_close(ours, plain, rtol=1e-5, atol=1e-37)


def test_step_t_sits_at_index_t_minus_1_as_in_diffusers():
    from diffusers import DDPMScheduler

    theirs = DDPMScheduler(num_train_timesteps=1000, beta_start=1e-4, beta_end=0.02)
    schedule = NoiseSchedule()
    t = torch.arange(1, 1001)
    torch.testing.assert_close(schedule.beta(t), theirs.betas[t - 1])
    torch.testing.assert_close(schedule.alpha(t), theirs.alphas[t - 1])
    torch.testing.assert_close(
        schedule.alpha_bar(t), theirs.alphas_cumprod[t - 1], rtol=1e-4, atol=0
    )
    # Neighbouring times differ by far more than that tolerance, so a shifted index would show.
    shifted = theirs.alphas_cumprod[t - 2]
    assert not torch.allclose(schedule.alpha_bar(t), shifted, rtol=1e-4, atol=0)


def test_diffusers_jumps_to_the_same_picture_one_index_lower():
    from diffusers import DDPMScheduler

    from diffusion import q_sample

    generator = torch.Generator().manual_seed(0)
    x_0, noise = (torch.randn(4, 3, 8, 8, generator=generator) for _ in range(2))
    t = torch.tensor([1, 2, 500, 1000])
    theirs = DDPMScheduler().add_noise(x_0, noise, t - 1)
    torch.testing.assert_close(
        q_sample(x_0, t, NoiseSchedule(), noise), theirs, rtol=1e-4, atol=1e-5
    )


def test_facts_that_the_lessons_state():
    facts = {  # T: √ᾱ_T, SNR_T, first t with ᾱ_t < ½
        50: (0.7765, 1.52, None),
        100: (0.6030, 0.571, 83),
        200: (0.3636, 0.152, 118),
        500: (0.0797, 6.39e-3, 185),
        1000: (0.0064, 4.04e-5, 260),
    }
    for time_steps, (rate, snr, half) in facts.items():
        schedule = NoiseSchedule(time_steps=time_steps)
        assert schedule.signal_rate(time_steps).item() == pytest.approx(rate, abs=6e-5)
        assert schedule.log_snr(time_steps).exp().item() == pytest.approx(snr, rel=4e-3)
        below = (schedule.alpha_bars < 0.5).nonzero()
        assert (below[0].item() + 1 if len(below) else None) == half


def test_time_zero_is_clean_and_the_methods_agree_with_the_arrays():
    schedule = NoiseSchedule(time_steps=10)
    assert schedule.alpha_bar(0) == 1 and schedule.signal_rate(0) == 1
    assert schedule.noise_rate(0) == 0 and schedule.log_snr(0) == math.inf
    t = torch.arange(1, 11)
    assert torch.equal(schedule.alpha_bar(t), schedule.alpha_bars)
    assert torch.equal(schedule.beta(t), schedule.betas)
    assert torch.equal(schedule.alpha(t), schedule.alphas)
    assert schedule.log_snr(t).isfinite().all()


@given(
    st.lists(st.floats(1e-6, 0.999), min_size=1, max_size=40),
)
def test_log_snr_and_rates_tell_one_story(betas):
    schedule = NoiseSchedule.from_betas(betas)
    t = torch.arange(1, len(betas) + 1)
    signal, noise = schedule.signal_rate(t, torch.float64), schedule.noise_rate(t, torch.float64)
    torch.testing.assert_close(signal**2 + noise**2, torch.ones(len(betas), dtype=torch.float64))
    log_snr = 2 * (signal.log() - noise.log())
    torch.testing.assert_close(schedule.log_snr(t, torch.float64), log_snr, rtol=1e-9, atol=1e-9)
    assert (schedule.alpha_bar(t, torch.float64).diff() < 0).all()


def test_log_snr_is_finite_where_float32_alpha_bar_is_zero():
    schedule = NoiseSchedule(time_steps=20_000)
    assert schedule.alpha_bar(20_000) == 0
    expected = torch.log1p(-torch.linspace(1e-4, 0.02, 20_000, dtype=torch.float64)).sum()
    assert schedule.log_snr(20_000).item() == pytest.approx(expected.item(), rel=1e-6)


def test_look_ups_keep_the_shape_of_t():
    schedule = NoiseSchedule(time_steps=10)
    assert schedule.alpha_bar(3).shape == ()
    for dtype in (torch.uint8, torch.int16, torch.int64):
        # uint8 zeros and ones would be taken for a mask if they reached the index unconverted.
        t = torch.tensor([[0, 1], [10, 1]], dtype=dtype)
        assert torch.equal(schedule.alpha_bar(t), schedule.alpha_bar(t.long()))
        assert schedule.alpha_bar(t).shape == (2, 2)
    assert schedule.alpha_bar(torch.empty(0, dtype=torch.int64)).shape == (0,)
    assert schedule.alpha_bar(3).dtype == torch.float32
    assert schedule.alpha_bar(3, torch.float64).dtype == torch.float64


@pytest.mark.parametrize("name", ["alpha_bar", "signal_rate", "noise_rate", "log_snr"])
@pytest.mark.parametrize("t", [-1, 11, torch.tensor([0, 11]), torch.tensor(-1), 10**30])
def test_a_time_outside_the_schedule_is_refused(name, t):
    with pytest.raises(ValueError, match=r"t must be in 0 … 10, but it is (-1|11|10{30})\.$"):
        getattr(NoiseSchedule(time_steps=10), name)(t)


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_no_step_leads_to_clean_data(name):
    with pytest.raises(ValueError, match=r"1 … 10 \(t = 0 is the clean data"):
        getattr(NoiseSchedule(time_steps=10), name)(0)


@pytest.mark.parametrize(
    "t", [3.0, True, "3", None, [3], torch.tensor(3.0), torch.tensor(True), torch.tensor(3j)]
)
def test_a_time_that_is_no_integer_is_refused(t):
    kind = t.dtype if isinstance(t, torch.Tensor) else type(t).__name__
    with pytest.raises(TypeError, match=rf"^t must be an int.*, not {kind}\.$"):
        NoiseSchedule(time_steps=10).alpha_bar(t)


@pytest.mark.parametrize("beta", [0, 1, -0.1, 1.5, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["beta_start", "beta_end"])
def test_a_beta_that_is_no_variance_is_refused(name, beta):
    with pytest.raises(ValueError, match=f"{name} is a variance"):
        NoiseSchedule(**{name: beta})


@pytest.mark.parametrize("beta", ["0.1", None, [0.1], 0.1j, True])
def test_a_beta_that_is_no_number_is_refused(beta):
    kind = type(beta).__name__
    with pytest.raises(TypeError, match=rf"^beta_end must be a number, not {kind}\.$"):
        NoiseSchedule(beta_end=beta)


@pytest.mark.parametrize("time_steps", [0, -5])
def test_too_few_steps_are_refused(time_steps):
    with pytest.raises(ValueError, match="time_steps must be at least 1"):
        NoiseSchedule(time_steps=time_steps)


@pytest.mark.parametrize("time_steps", [10.0, "10", None, True])
def test_steps_that_are_no_integer_are_refused(time_steps):
    kind = type(time_steps).__name__
    with pytest.raises(TypeError, match=rf"^time_steps must be an integer, not {kind}\.$"):
        NoiseSchedule(time_steps=time_steps)


def test_a_falling_or_constant_schedule_is_legal():
    assert NoiseSchedule(0.02, 1e-4, 10).betas.diff().max() < 0
    assert NoiseSchedule(0.02, 0.02, 10).betas.unique().numel() == 1


def test_any_real_number_will_do():
    from fractions import Fraction

    schedule = NoiseSchedule(Fraction(1, 100), Fraction(1, 2), 3)
    assert schedule.beta(3, torch.float64).item() == 0.5


def test_from_betas_keeps_what_it_is_given():
    betas = torch.tensor([0.1, 0.5, 0.999], dtype=torch.float64)
    schedule = NoiseSchedule.from_betas(betas)
    assert schedule.time_steps == 3
    assert torch.equal(schedule.beta(torch.arange(1, 4), torch.float64), betas)
    assert schedule.alpha_bar(2).item() == pytest.approx(0.9 * 0.5)
    assert torch.equal(NoiseSchedule.from_betas([0.1, 0.5, 0.999]).alpha_bars, schedule.alpha_bars)
    linear = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    assert torch.equal(NoiseSchedule.from_betas(linear).alpha_bars, NoiseSchedule().alpha_bars)


def test_from_betas_does_not_change_when_its_argument_does():
    betas = torch.tensor([0.1, 0.5], dtype=torch.float64)
    schedule = NoiseSchedule.from_betas(betas)
    betas.fill_(0.9)
    assert schedule.beta(1).item() == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("betas", "error", "words"),
    [
        ([], ValueError, "at least one value"),
        (torch.tensor(0.1), ValueError, "one-dimensional"),
        (torch.full((2, 2), 0.1), ValueError, r"one-dimensional.*\(2, 2\)"),
        ([0.1, 0.0], ValueError, "at step 2 is 0.0"),
        ([1.0, 0.1], ValueError, "at step 1 is 1.0"),
        ([0.1, math.nan], ValueError, "at step 2 is nan"),
        ([0.1, math.inf], ValueError, "at step 2 is inf"),
        (torch.tensor([1, 2]), TypeError, "floating-point"),
        ("0.1", TypeError, r"^betas must be a tensor or a sequence of numbers between 0 and 1\.$"),
        (None, TypeError, "a tensor or a sequence of numbers"),
    ],
)
def test_from_betas_refuses_nonsense(betas, error, words):
    with pytest.raises(error, match=words):
        NoiseSchedule.from_betas(betas)


def test_the_repr_teaches():
    assert repr(NoiseSchedule()) == (
        "NoiseSchedule with T = 1000 steps\n"
        "  β_1 → β_T   0.0001 → 0.02   variance that a step adds\n"
        "  √ᾱ_T        0.006353   what is left of x_0 at the end\n"
        "  ᾱ_t < ½     t = 260   from here on, more noise than signal (of variance 1)"
    )
    assert "ᾱ_t < ½     never" in repr(NoiseSchedule(time_steps=50))
    assert "ᾱ_t < ½     never" in repr(NoiseSchedule.from_betas([0.5]))  # ½ is not below ½
