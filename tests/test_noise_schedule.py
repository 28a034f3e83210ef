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
from oracles import (
    DEVICES,
    FLOATS,
    cosine,
    decimal_rates,
    decimal_rates_from,
    decimal_rates_rescaled,
    exact_rates,
    gaussian,
    sigmoid,
    worst_relative_error,
)
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


# ---------------------------------------------------------------- schedules with names


def assert_rates(schedule, exact, limit):
    t = torch.arange(1, len(schedule) + 1)
    for dtype, worst in [(torch.float32, 1.2e-7), (torch.float64, limit)]:
        for look_up, rates in zip((schedule.signal_rate, schedule.noise_rate), exact, strict=True):
            assert worst_relative_error(look_up(t, dtype), rates) <= worst


# ᾱ_1 comes as a float64 near 1: of the digits of 1 − ᾱ_1, as many are lost as it has zeros.
FROM_ALPHA_BARS = 1e-11
FROM_BETAS = 1e-13
NAMED = {  # from T: the schedule, and its rates; then the relative error in float64
    "linear": (
        lambda T: NoiseSchedule.linear(time_steps=T),
        lambda T: decimal_rates(1e-4, 0.02, T),
        FROM_BETAS,
    ),
    "constant": (
        lambda T: NoiseSchedule.constant(time_steps=T),
        lambda T: decimal_rates(0.01, 0.01, T),
        FROM_BETAS,
    ),
    "scaled linear": (
        lambda T: NoiseSchedule.scaled_linear(time_steps=T),
        lambda T: decimal_rates(0.00085, 0.012, T, power=2),
        FROM_BETAS,
    ),
    "scaled linear with two other ends": (
        lambda T: NoiseSchedule.scaled_linear(0.3, 1e-5, T),
        lambda T: decimal_rates(0.3, 1e-5, T, power=2),
        FROM_BETAS,
    ),
    "cosine": (
        NoiseSchedule.cosine,
        lambda T: decimal_rates_from(cosine(0.008), T),
        FROM_ALPHA_BARS,
    ),
    "cosine without s": (
        lambda T: NoiseSchedule.cosine(T, s=0),
        lambda T: decimal_rates_from(cosine(0), T),
        1e-10,  # β_1 = (π/2T)² has more zeros yet
    ),
    "sigmoid": (
        NoiseSchedule.sigmoid,
        lambda T: decimal_rates_from(sigmoid(-3, 3, 1), T),
        FROM_ALPHA_BARS,
    ),
    "sigmoid from elsewhere": (
        lambda T: NoiseSchedule.sigmoid(T, 0, 3, 0.7),
        lambda T: decimal_rates_from(sigmoid(0, 3, 0.7), T),
        FROM_ALPHA_BARS,
    ),
}


@pytest.mark.parametrize("time_steps", [1, 2, 10, 1000])
@pytest.mark.parametrize("name", NAMED)
def test_named_schedules_match_50_digit_arithmetic(name, time_steps):
    make, exact, limit = NAMED[name]
    assert len(make(time_steps)) == time_steps
    assert_rates(make(time_steps), exact(time_steps), limit)


@pytest.mark.parametrize("time_steps", [2, 10, 1000])
@pytest.mark.parametrize("name", ["linear", "scaled linear", "sigmoid", "cosine"])
def test_a_rescaled_schedule_matches_50_digit_arithmetic(name, time_steps):
    make, exact, _ = NAMED[name]
    signal_rates, _ = exact(time_steps)
    rescaled = make(time_steps).rescaled()
    assert_rates(rescaled, decimal_rates_rescaled(signal_rates), FROM_ALPHA_BARS)


def test_ten_thousand_steps_match_50_digit_arithmetic():
    exact = decimal_rates_from(cosine(0.008), 10_000)
    assert_rates(NoiseSchedule.cosine(10_000), exact, 1e-10)
    exact = decimal_rates_rescaled(decimal_rates(0.00085, 0.012, 10_000, power=2)[0], 0.9)
    assert_rates(NoiseSchedule.scaled_linear(time_steps=10_000).rescaled(0.9), exact, 1e-11)


def test_named_schedules_are_those_of_diffusers():
    from diffusers import DDPMScheduler
    from diffusers.schedulers.scheduling_ddpm import rescale_zero_terminal_snr

    t = torch.arange(1, 1001)
    for theirs, ours in [
        (dict(beta_schedule="squaredcos_cap_v2"), NoiseSchedule.cosine()),
        (
            dict(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012),
            NoiseSchedule.scaled_linear(),
        ),
    ]:
        # Their β are float32, and a line in float32 is two roundings off.
        assert_close(ours.beta(t), DDPMScheduler(**theirs).betas, rtol=5e-7, atol=0)

    # Their function does what its argument does: here, all in float64. Only the last β differs.
    before = NoiseSchedule.scaled_linear()
    theirs = rescale_zero_terminal_snr(before.beta(t, torch.float64))
    ours = before.rescaled().beta(t, torch.float64)
    assert_close(ours[:-1], theirs[:-1], rtol=1e-12, atol=1e-15)
    assert theirs[-1] == 1 and ours[-1] == 0.999


@pytest.mark.parametrize(
    ("schedule", "end", "below_half", "clipped", "largest"),
    [
        (NoiseSchedule.linear(), 0.0063528, 260, 0, 0.02),
        (NoiseSchedule.scaled_linear(), 0.0682649, 355, 0, 0.012),
        (NoiseSchedule.scaled_linear().rescaled(), 1.4028e-5, 338, 1, 0.999),
        (NoiseSchedule.cosine(), 4.9283e-5, 497, 1, 0.999),
        # ᾱ_500 is exactly ½: rounding decides.
        (NoiseSchedule.sigmoid(), 5.4798e-4, (500, 501), 1, 0.999),
        (NoiseSchedule.constant(), 0.99**500, 69, 0, 0.01),
    ],
    ids=["linear", "scaled linear", "rescaled", "cosine", "sigmoid", "constant"],
)
def test_what_is_known_of_the_named_schedules(schedule, end, below_half, clipped, largest):
    t = torch.arange(1, 1001)
    betas, alpha_bars = schedule.beta(t, torch.float64), schedule.alpha_bar(t, torch.float64)
    assert schedule.signal_rate(1000, torch.float64).item() == pytest.approx(end, rel=2e-5)
    assert 1 + int((alpha_bars >= 0.5).sum()) in np.atleast_1d(below_half)
    assert int((betas >= 0.999).sum()) == clipped and betas.max().item() == pytest.approx(largest)
    assert betas[-1] == betas.max() or not clipped


@pytest.mark.parametrize("time_steps", [10, 100, 4000])
def test_cosine_clips_one_beta_and_the_one_before_it_tends_to_three_quarters(time_steps):
    # ᾱ ∝ (T − t)² near the end, so that ᾱ_{T−1} / ᾱ_{T−2} = (1/2)².
    betas = NoiseSchedule.cosine(time_steps).beta(torch.arange(1, time_steps + 1))
    assert (betas > 0.9).sum() == 1 and betas[-1] == torch.tensor(0.999)
    assert betas[-2].item() == pytest.approx(0.75, abs=2 / time_steps**2)


def test_a_rescaled_schedule_keeps_its_first_beta():
    for schedule in (NoiseSchedule(), NoiseSchedule.scaled_linear(0.2, 0.3, 7)):
        rescaled = schedule.rescaled()
        first, kept = (s.beta(1, torch.float64).item() for s in (schedule, rescaled))
        assert kept == pytest.approx(first, rel=1e-11)
        assert rescaled.signal_rate(len(schedule)) < schedule.signal_rate(len(schedule)) / 10
    NoiseSchedule.constant(0.5, 5000).rescaled()  # its last ᾱ are too small for a float


class Mine(NoiseSchedule):
    pass


@pytest.mark.parametrize(
    "schedule",
    [
        Mine.linear(),
        Mine.scaled_linear(),
        Mine.constant(),
        Mine.cosine(5),
        Mine.sigmoid(5),
        Mine.from_betas([0.1]),
        Mine.from_alpha_bars([0.1]),
        Mine(time_steps=5).rescaled(),
    ],
)
def test_a_schedule_of_a_subclass_is_of_the_subclass(schedule):
    assert type(schedule) is Mine


def test_arguments_may_be_any_real_numbers():
    half = Fraction(1, 2)
    assert NoiseSchedule.cosine(9, s=half) == NoiseSchedule.cosine(9, s=0.5)
    assert NoiseSchedule.cosine(9, s=np.float32(0.5)) == NoiseSchedule.cosine(9, s=0.5)
    assert NoiseSchedule.sigmoid(9, -half, half, half) == NoiseSchedule.sigmoid(9, -0.5, 0.5, 0.5)
    assert NoiseSchedule.scaled_linear(half / 2, half / 2, 9) == NoiseSchedule.constant(0.25, 9)
    assert SHORT.rescaled(half) == SHORT.rescaled(0.5)


# ---------------------------------------------------------------- a schedule from ᾱ

FALLING = st.lists(
    st.just(0.0) | st.floats(1e-200, 1, exclude_max=True), min_size=1, max_size=8, unique=True
).map(lambda alpha_bars: sorted(alpha_bars, reverse=True))


@given(alpha_bars=FALLING, beta_max=st.floats(1e-3, 0.999))
def test_a_schedule_meets_alpha_bar_unless_beta_would_be_too_large(alpha_bars, beta_max):
    schedule = NoiseSchedule.from_alpha_bars(alpha_bars, beta_max)
    betas = schedule.beta(torch.arange(1, len(alpha_bars) + 1), torch.float64)
    assert betas.max() <= beta_max
    before = 0.0  # log ᾱ_{t−1} of the schedule
    for alpha_bar, beta, log_alpha_bar in zip(
        alpha_bars, betas.tolist(), torch.log1p(-betas).cumsum(0).tolist(), strict=True
    ):
        aimed = math.log(alpha_bar) if alpha_bar else -math.inf
        least = before + math.log1p(-beta_max)  # as far down as one step can go
        rounding = 2e-12 * (1 - max(aimed, least))  # 1 − β has three digits less than β
        assert log_alpha_bar == pytest.approx(max(aimed, least), rel=0, abs=rounding)
        assert beta == beta_max or aimed >= least - rounding
        before = log_alpha_bar


@pytest.mark.parametrize("alpha_bars", [[0.5, 0.25], (0.5, 0.25), torch.tensor([0.5, 0.25])])
def test_alpha_bars_may_be_any_list_and_give_the_betas_that_lead_to_them(alpha_bars):
    assert NoiseSchedule.from_alpha_bars(alpha_bars) == NoiseSchedule.from_betas([0.5, 0.5])


def test_a_schedule_comes_back_from_its_alpha_bars():
    t = torch.arange(1, 1001)
    betas = NoiseSchedule().beta(t, torch.float64)
    again = NoiseSchedule.from_alpha_bars(NoiseSchedule().alpha_bar(t, torch.float64))
    assert_close(again.beta(t, torch.float64), betas, rtol=1e-11, atol=0)


def test_a_schedule_catches_up_with_a_cliff():
    schedule = NoiseSchedule.from_alpha_bars([0.9, 1e-5, 9e-6, 8e-6, 7e-6])
    found = schedule.alpha_bar(torch.arange(1, 6), torch.float64).tolist()
    assert found == pytest.approx([0.9, 9e-4, 9e-6, 8e-6, 7e-6], rel=1e-12)


def test_no_fall_is_too_small_and_zero_may_stay():
    below = math.nextafter(0.7, 0)
    schedule = NoiseSchedule.from_alpha_bars([0.9, 0.7, below])
    assert schedule.beta(3, torch.float64).item() == pytest.approx((0.7 - below) / 0.7)
    # Longer than it takes until what is left is too little for a float.
    schedule = NoiseSchedule.from_alpha_bars([0.5] + [0] * 200)
    assert set(schedule.betas.tolist()) == {0.5, torch.tensor(0.999).item()}
    assert schedule.log_snr(201).item() == pytest.approx(math.log(0.5) + 200 * math.log(0.001))


@pytest.mark.parametrize(
    ("alpha_bars", "step"),
    [
        ([1.0, 0.5], "1 leads from 1.0 to 1.0"),
        ([1.5], "1 leads from 1.0 to 1.5"),
        ([0.5, 0.6], "2 leads from 0.5 to 0.6"),
        ([0.5, 0.5], "2 leads from 0.5 to 0.5"),
        ([0.5, 0, 0.1], "3 leads from 0.0 to 0.1"),
        ([0.5, -0.1], "2 leads from 0.5 to -0.1"),
        ([0.5, math.nan], "2 leads from 0.5 to nan"),
        ([math.inf], "1 leads from 1.0 to inf"),
        ([0.5, -math.inf], "2 leads from 0.5 to -inf"),
    ],
)
def test_alpha_bars_that_do_not_fall_are_refused(alpha_bars, step):
    words = rf"^alpha_bars must fall from 1 towards 0 with every step, but step {step}\.$"
    with pytest.raises(ValueError, match=words):
        NoiseSchedule.from_alpha_bars(alpha_bars)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: NoiseSchedule.from_alpha_bars([]), ValueError, "^alpha_bars must be one-dim"),
        (lambda: NoiseSchedule.from_alpha_bars("0.5"), TypeError, "^alpha_bars must be a tensor"),
        (lambda: NoiseSchedule.from_alpha_bars([0.5], 1), ValueError, f"^beta_max {VARIANCE}"),
        (lambda: NoiseSchedule.from_alpha_bars([0.5], "1"), TypeError, f"^beta_max {NUMBER} str"),
        (lambda: SHORT.rescaled(math.nan), ValueError, f"^beta_max {VARIANCE}"),
        (
            lambda: NoiseSchedule(time_steps=1).rescaled(),
            ValueError,
            "^rescaling needs a schedule with two steps or more",
        ),
        (
            lambda: NoiseSchedule(1e-17, 1e-17).rescaled(),
            ValueError,
            "step 1 leads from 1.0 to 1.0",
        ),
        (lambda: NoiseSchedule.linear(0), ValueError, f"^beta_start {VARIANCE}"),
        (lambda: NoiseSchedule.linear(beta_end=1), ValueError, f"^beta_end {VARIANCE}"),
        (lambda: NoiseSchedule.linear(time_steps=0), ValueError, "^time_steps must be at least 1"),
        (lambda: NoiseSchedule.scaled_linear(0), ValueError, f"^beta_start {VARIANCE}"),
        (lambda: NoiseSchedule.scaled_linear(0.1, math.nan), ValueError, f"^beta_end {VARIANCE}"),
        (lambda: NoiseSchedule.scaled_linear("a"), TypeError, f"^beta_start {NUMBER} str"),
        (lambda: NoiseSchedule.scaled_linear(time_steps=0), ValueError, "^time_steps must be at"),
        (lambda: NoiseSchedule.constant(1), ValueError, f"^beta {VARIANCE}, but it is 1"),
        (lambda: NoiseSchedule.constant(None), TypeError, f"^beta {NUMBER} NoneType"),
        (lambda: NoiseSchedule.constant(0.1, 1.5), TypeError, "^time_steps must be an integer"),
        (lambda: NoiseSchedule.cosine(0), ValueError, "^time_steps must be at least 1"),
        (lambda: NoiseSchedule.cosine(10**7), ValueError, "^time_steps must be at most"),
        (lambda: NoiseSchedule.cosine(True), TypeError, "^time_steps must be an integer"),
        (lambda: NoiseSchedule.cosine(9, -1e-9), ValueError, r"^s must be 0 or more.* -1e-09\.$"),
        (lambda: NoiseSchedule.cosine(9, math.nan), ValueError, r"^s must be finite.* nan\.$"),
        (lambda: NoiseSchedule.cosine(9, math.inf), ValueError, r"^s must be finite.* inf\.$"),
        (lambda: NoiseSchedule.cosine(9, 10**400), ValueError, "^s must be finite"),
        (lambda: NoiseSchedule.cosine(9, 1e300), ValueError, "^alpha_bars must fall"),
        (lambda: NoiseSchedule.cosine(9, "0"), TypeError, f"^s {NUMBER} str"),
        (lambda: NoiseSchedule.cosine(9, None), TypeError, f"^s {NUMBER} NoneType"),
        (lambda: NoiseSchedule.sigmoid(-1), ValueError, "^time_steps must be at least 1"),
        (
            lambda: NoiseSchedule.sigmoid(9, 1, 1),
            ValueError,
            r"^start must be below end, but they are 1\.0 and 1\.0\.$",
        ),
        (lambda: NoiseSchedule.sigmoid(9, 3, -3), ValueError, "^start must be below end"),
        (lambda: NoiseSchedule.sigmoid(9, -math.inf), ValueError, "^start must be finite"),
        (lambda: NoiseSchedule.sigmoid(9, end=math.nan), ValueError, "^end must be finite"),
        (lambda: NoiseSchedule.sigmoid(9, end=1j), TypeError, f"^end {NUMBER} complex"),
        (lambda: NoiseSchedule.sigmoid(9, tau=0), ValueError, r"^tau must be above 0.* 0\.0\.$"),
        (lambda: NoiseSchedule.sigmoid(9, tau=-1), ValueError, "^tau must be above 0"),
        (lambda: NoiseSchedule.sigmoid(9, tau=math.inf), ValueError, "^tau must be finite"),
        (lambda: NoiseSchedule.sigmoid(9, tau=False), TypeError, f"^tau {NUMBER} bool"),
        (lambda: NoiseSchedule.sigmoid(9, tau=1e-3), ValueError, "^alpha_bars must fall"),
        (lambda: NoiseSchedule.sigmoid(9, tau=1e300), ValueError, "^alpha_bars must fall"),
        (lambda: NoiseSchedule.sigmoid(9, -1e308, 1e308), ValueError, "^alpha_bars must fall"),
    ],
)
def test_arguments_that_make_no_named_schedule_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


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
