"""NoiseSchedule against 50-digit arithmetic, against diffusers, and against nonsense."""

import copy
import math
import pickle
import sys
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles import DEVICES, FLOATS, decimal_rates, exact_rates, gaussian, worst_relative_error
from torch.testing import assert_close

from diffusion import NoiseSchedule, q_sample

LOOK_UPS = ["beta", "alpha", "alpha_bar", "signal_rate", "noise_rate", "log_snr"]
SHORT = NoiseSchedule(time_steps=10)


# ---------------------------------------------------------------- right numbers


@pytest.mark.parametrize(
    ("time_steps", "dtype", "limit"),
    [(T, torch.float32, 1.2e-7) for T in (1, 2, 50, 1000, 10_000)]
    + [(T, torch.float64, 1e-14) for T in (1, 2, 50, 1000)],
)
def test_rates_match_50_digit_arithmetic(time_steps, dtype, limit):
    schedule, t = NoiseSchedule(time_steps=time_steps), torch.arange(1, time_steps + 1)
    looked_up = schedule.signal_rate(t, dtype), schedule.noise_rate(t, dtype)
    for rates, exact in zip(looked_up, decimal_rates(1e-4, 0.02, time_steps), strict=True):
        assert worst_relative_error(rates, exact) <= limit


# From the smallest float that has all its digits to the largest below 1.
BETAS = st.lists(st.floats(sys.float_info.min, 1, exclude_max=True), min_size=1, max_size=8)


@given(betas=BETAS)
def test_any_betas_give_exact_rates(betas):
    schedule, t = NoiseSchedule.from_betas(betas), torch.arange(1, len(betas) + 1)
    signal, noise = exact_rates(betas)
    # ᾱ is kept as its logarithm, whose last digit counts the more the larger it is.
    limit = 2.5e-16 * (4 + len(betas) - math.log(signal[-1]))
    assert worst_relative_error(schedule.signal_rate(t, torch.float64), signal) <= limit
    assert worst_relative_error(schedule.noise_rate(t, torch.float64), noise) <= limit
    log_snr = [2 * float(s.ln() - n.ln()) for s, n in zip(signal, noise, strict=True)]
    assert schedule.log_snr(t, torch.float64).tolist() == pytest.approx(
        log_snr, rel=1e-13, abs=1e-13
    )
    assert schedule.beta(t, torch.float64).tolist() == betas


@given(betas=BETAS, dtype=st.sampled_from(FLOATS))
def test_a_look_up_is_the_float64_table_rounded_once(betas, dtype):
    schedule, t = NoiseSchedule.from_betas(betas), torch.arange(1, len(betas) + 1)
    for name in LOOK_UPS:
        look_up = getattr(schedule, name)
        assert torch.equal(look_up(t, dtype), look_up(t, torch.float64).to(dtype))
    for array, look_up in [
        (schedule.betas, schedule.beta),
        (schedule.alphas, schedule.alpha),
        (schedule.alpha_bars, schedule.alpha_bar),
    ]:
        assert array.dtype == torch.float32 and torch.equal(array, look_up(t))


def test_step_t_sits_at_index_t_minus_1_as_in_diffusers():
    from diffusers import DDPMScheduler

    theirs = DDPMScheduler(num_train_timesteps=1000, beta_start=1e-4, beta_end=0.02)
    schedule, t = NoiseSchedule(), torch.arange(1, 1001)
    assert_close(schedule.beta(t), theirs.betas[t - 1])
    assert_close(schedule.alpha(t), theirs.alphas[t - 1])
    # Neighbours differ by more than this tolerance, so that a shifted index would show.
    assert_close(schedule.alpha_bar(t), theirs.alphas_cumprod[t - 1], rtol=1e-4, atol=0)
    x_0, noise = (gaussian((1000, 3, 2), torch.float32, seed=seed) for seed in (0, 1))
    x_t = theirs.add_noise(x_0, noise, t - 1)
    assert_close(q_sample(x_0, t, schedule, noise), x_t, rtol=1e-4, atol=1e-5)


def test_at_time_zero_all_is_signal():
    assert SHORT.alpha_bar(0) == 1 and SHORT.signal_rate(0) == 1 and SHORT.log_snr(0) == math.inf
    assert str(SHORT.noise_rate(0)) == "tensor(0.)"  # and not −0


def test_log_snr_is_finite_where_alpha_bar_is_too_small_for_a_float():
    schedule = NoiseSchedule(0.4, 0.4, 3000)
    assert schedule.alpha_bar(3000, torch.float64) == 0
    assert schedule.log_snr(3000).item() == pytest.approx(3000 * math.log(0.6))


# ---------------------------------------------------------------- look-ups


def test_look_ups_have_the_shape_of_t_and_the_dtype_that_is_asked_for():
    assert SHORT.alpha_bar(3).shape == () and SHORT.alpha_bar(3).dtype == torch.float32
    assert SHORT.alpha_bar(torch.empty(0, dtype=torch.int64)).shape == (0,)
    t = torch.tensor([[0, 1], [10, 1]], dtype=torch.uint8)  # zeros and ones, and yet no mask
    looked_up = [SHORT.alpha_bar(time, torch.float64).item() for time in (0, 1, 10, 1)]
    assert SHORT.alpha_bar(t, torch.float64).tolist() == [looked_up[:2], looked_up[2:]]


@pytest.mark.parametrize("device", DEVICES)
def test_look_ups_are_where_t_is_and_a_schedule_is_on_the_cpu(device):
    schedule = NoiseSchedule.from_betas(torch.tensor([0.1, 0.2], device=device))
    assert schedule.betas.device == schedule.alpha_bar(2).device == torch.device("cpu")
    assert schedule.alpha_bar(torch.tensor([1, 2], device=device)).device.type == device


@pytest.mark.parametrize("dtype", FLOATS)
def test_both_rates_at_once_broadcast_over_a_batch(dtype):
    t, x_0 = torch.tensor([0, 10, 3]), torch.zeros(3, 2, 1, 4, dtype=dtype)
    for rates, look_up in zip(
        SHORT.rates(t, x_0), (SHORT.signal_rate, SHORT.noise_rate), strict=True
    ):
        assert torch.equal(rates, look_up(t, dtype).reshape(3, 1, 1, 1))
    assert SHORT.rates(t, x_0[:, 0, 0, 0])[0].shape == (3,)
    for outside in (-1, 11):
        with pytest.raises((IndexError, RuntimeError)):
            SHORT.rates(torch.tensor([1, 2, outside]), x_0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_writing_into_what_a_schedule_gives_out_does_not_change_it(dtype):
    schedule, t, x = NoiseSchedule(time_steps=4), torch.tensor([1, 4]), torch.zeros(2, dtype=dtype)
    look_ups = [getattr(schedule, name) for name in LOOK_UPS]
    before = [look_up(t, dtype) for look_up in look_ups]
    for array in (schedule.betas, schedule.alphas, schedule.alpha_bars):
        array.fill_(0.5)
    for look_up in look_ups:
        look_up(1, dtype).fill_(7)
        look_up(t, dtype).fill_(7)
    for rates in schedule.rates(t, x):
        rates.fill_(7)
    for look_up, values in zip(look_ups, before, strict=True):
        assert torch.equal(look_up(t, dtype), values)
    assert torch.equal(schedule.rates(t, x)[0], schedule.signal_rate(t, dtype))


TIMES_OF_STEPS = r"1 … 10 \(t = 0 is the clean data; no step leads to it\)"


@pytest.mark.parametrize("name", LOOK_UPS)
@pytest.mark.parametrize("t", [-1, 11, torch.tensor([1, 11]), torch.tensor(-1), 10**30])
def test_a_time_outside_the_schedule_is_refused(name, t):
    times = TIMES_OF_STEPS if name in ("beta", "alpha") else "0 … 10"
    with pytest.raises(ValueError, match=rf"^t must be in {times}, but it is (-1|11|10{{30}})\.$"):
        getattr(SHORT, name)(t)


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_no_step_leads_to_clean_data(name):
    with pytest.raises(ValueError, match=f"{TIMES_OF_STEPS}, but it is 0"):
        getattr(SHORT, name)(0)


@pytest.mark.parametrize(
    "t", [3.0, True, "3", None, [3], torch.tensor(3.0), torch.tensor(True), torch.tensor(3j)]
)
def test_a_time_that_is_no_integer_is_refused(t):
    kind = t.dtype if isinstance(t, torch.Tensor) else type(t).__name__
    with pytest.raises(TypeError, match=rf"^t must be an int.*, not {kind}\.$"):
        SHORT.alpha_bar(t)


@pytest.mark.parametrize("dtype", [None, torch.int64, torch.bool, torch.complex64, "cpu"])
def test_an_answer_in_anything_but_floats_is_refused(dtype):
    with pytest.raises(TypeError, match=rf"^dtype must be .* 16 bits or more, not {dtype}\.$"):
        SHORT.alpha_bar(1, dtype)


# ---------------------------------------------------------------- betas of every kind


def test_a_falling_or_constant_schedule_is_legal_and_so_is_any_real_number():
    assert NoiseSchedule(0.02, 1e-4, 10).betas.diff().max() < 0
    schedule = NoiseSchedule(Fraction(1, 2), Fraction(1, 2), 3)
    assert schedule.beta(torch.tensor([1, 2, 3]), torch.float64).tolist() == [0.5] * 3


VARIANCE, NUMBER = "is a variance and must lie strictly between 0 and 1", "must be a number, not"


@pytest.mark.parametrize("name", ["beta_start", "beta_end"])
@pytest.mark.parametrize(
    ("beta", "error", "words"),
    [(b, ValueError, VARIANCE) for b in (0, 1, -0.1, 1.5, math.nan, math.inf, -math.inf)]
    + [(b, TypeError, NUMBER) for b in ("0.1", None, [0.1], 0.1j, True)]
    # What rounds to 0 or 1 is found out a little later.
    + [(b, ValueError, "between 0 and 1") for b in (1 - 1e-17, Fraction(1, 10**400))],
)
def test_a_beta_that_is_no_variance_is_refused(name, beta, error, words):
    kind = type(beta).__name__ if error is TypeError else "but"
    with pytest.raises(error, match=f"{words}.*{kind}") as refused:
        NoiseSchedule(**{name: beta})
    assert words == "between 0 and 1" or str(refused.value).startswith(name)


@pytest.mark.parametrize(
    ("time_steps", "error", "words"),
    [(n, ValueError, f"at least 1, but it is {n}") for n in (0, -5)]
    # Before the memory is full.
    + [(n, ValueError, f"at most 1000000, but it is {n}") for n in (1_000_001, 10**9, 2**70)]
    + [(n, TypeError, f"an integer, not {type(n).__name__}") for n in (10.0, "10", None, True)],
)
def test_a_number_of_steps_that_makes_no_sense_is_refused(time_steps, error, words):
    with pytest.raises(error, match=rf"^time_steps must be {words}\.$"):
        NoiseSchedule(time_steps=time_steps)


@pytest.mark.parametrize(
    "betas",
    [
        (0.1, 0.2),
        np.array([0.1, 0.2]),
        np.array([0.2, 0.1])[::-1],
        np.array([0.1, 0.2]).astype(">f8"),
        [torch.tensor(0.1, dtype=torch.float64), np.float64(0.2)],
        torch.tensor([0.1, 0.2], dtype=torch.float64, requires_grad=True),
        torch.tensor([0.1, 0.7, 0.2], dtype=torch.float64)[::2],
    ],
    ids=["tuple", "array", "backwards", "big-endian", "scalars", "requires_grad", "strided"],
)
def test_betas_may_be_any_list_array_or_tensor_of_numbers(betas):
    schedule = NoiseSchedule.from_betas(betas)
    assert schedule.beta(torch.tensor([1, 2]), torch.float64).tolist() == [0.1, 0.2]
    assert not schedule.betas.requires_grad and schedule.betas.is_contiguous()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, torch.float16, torch.bfloat16])
def test_betas_with_few_digits_are_taken_as_they_are(dtype):
    betas = (torch.tensor if isinstance(dtype, torch.dtype) else np.array)([0.1, 0.2], dtype=dtype)
    assert NoiseSchedule.from_betas(betas) == NoiseSchedule.from_betas(betas.tolist())


def test_a_schedule_does_not_change_when_the_betas_it_was_made_of_do():
    betas = torch.tensor([0.1, 0.5], dtype=torch.float64)
    schedule = NoiseSchedule.from_betas(betas)
    betas.fill_(0.9)
    assert schedule.beta(1).item() == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("betas", "error", "words"),
    [
        ([], ValueError, "one-dimensional with at least one value"),
        (torch.tensor(0.1), ValueError, "one-dimensional"),
        (torch.full((2, 2), 0.1), ValueError, r"one-dimensional.*\(2, 2\)"),
        ([0.1, 0.0], ValueError, r"every β .* between 0 and 1, but β at step 2 is 0\.0"),
        ([1.0, 0.1], ValueError, "at step 1 is 1.0"),
        ([0.1, math.nan], ValueError, "at step 2 is nan"),
        ([0.1, math.inf], ValueError, "at step 2 is inf"),
        (torch.tensor([1, 2]), TypeError, "betas must be floating-point numbers, not torch.int"),
    ],
)
def test_betas_that_make_no_schedule_are_refused(betas, error, words):
    with pytest.raises(error, match=words):
        NoiseSchedule.from_betas(betas)


@pytest.mark.parametrize(
    "betas",
    [
        "0.1",
        None,
        (b for b in [0.1]),
        {0.1, 0.2},
        {1: 0.1},
        b"ab",
        [0.1, [0.2]],
        [1j],
        [torch.tensor(1j)],
        np.array([0.1 + 0j]),
        np.array(["a"]),
        [0.1, None],
        [10**400],
        np.ma.array([0.1, 0.2], mask=[0, 1]),
    ],
    ids=lambda betas: type(betas).__name__,
)
def test_betas_that_are_no_numbers_are_refused(betas):
    with pytest.raises(TypeError, match=r"^betas .* a sequence of numbers between 0 and 1\.$"):
        NoiseSchedule.from_betas(betas)


# ---------------------------------------------------------------- a schedule as a value


def test_the_length_is_T():
    assert len(NoiseSchedule(time_steps=1_000_000)) == 1_000_000
    assert NoiseSchedule(time_steps=1)  # true, as every schedule is


def test_schedules_with_the_same_betas_are_equal():
    betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    schedule, same = NoiseSchedule(), NoiseSchedule.from_betas(betas)
    assert schedule == same and hash(schedule) == hash(same)
    betas[500] = torch.nextafter(betas[500], betas[501])
    nearly, shorter = NoiseSchedule.from_betas(betas), NoiseSchedule(time_steps=999)
    assert nearly != schedule and torch.equal(nearly.betas, schedule.betas)  # in float32
    assert {schedule, same, nearly, shorter} == {schedule, nearly, shorter}
    assert hash(nearly) != hash(schedule) and shorter != schedule
    assert schedule != schedule.betas.tolist() and schedule != 1000


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))]
)
def test_a_schedule_can_be_copied_and_pickled(duplicate):
    schedule, t, x_0 = NoiseSchedule(time_steps=10), torch.tensor([1, 10]), torch.zeros(2, 1)
    fresh = pickle.dumps(schedule)
    rates = schedule.rates(t, x_0)
    assert pickle.dumps(schedule) == fresh  # without tables, which may be on a device
    other = duplicate(schedule)
    assert other == schedule and repr(other) == repr(schedule)
    assert torch.equal(torch.stack(other.rates(t, x_0)), torch.stack(rates))
    assert torch.equal(other.alpha_bar(t), schedule.alpha_bar(t))


def test_the_repr_teaches():
    assert repr(NoiseSchedule()) == (
        "NoiseSchedule with T = 1000 steps\n"
        "  β_1 → β_T   0.0001 → 0.02   variance that a step adds\n"
        "  √ᾱ_T        0.006353   what is left of x_0 at the end\n"
        "  ᾱ_t < ½     t = 260   from here on, more noise than signal (of variance 1)"
    )
    assert "ᾱ_t < ½     never" in repr(NoiseSchedule(time_steps=50))
    assert "ᾱ_t < ½     never" in repr(NoiseSchedule.from_betas([0.5]))  # ½ is not below ½
