"""Numbers of every kind: what each gives, as the docstrings of the core state it, line by line."""

import copy
import math
import pickle
import sys
import warnings
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import exact_rates, worst_relative_error
from torch.testing import assert_close

from diffusion import (
    NoiseSchedule,
    collapse_noise,
    forward_chain,
    forward_step,
    q_sample,
    sample_xt,
)

DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
INTEGERS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
SCHEDULE = NoiseSchedule(0.05, 0.4, 4)
STEP_AND_JUMP = pytest.mark.parametrize("function", [forward_step, q_sample])


def generator(device="cpu", seed=0):
    return torch.Generator(device).manual_seed(seed)


def gaussian(shape, dtype=torch.float64, device="cpu", seed=0):
    return torch.randn(shape, generator=generator(seed=seed), dtype=torch.float64).to(device, dtype)


def chain_end(x, t, schedule, noise=None, generator=None):
    """`forward_chain` in the form of the other two, with the same noise in each step."""
    noises = None if noise is None else [noise] * schedule.time_steps
    return list(forward_chain(x, schedule, noises, generator))[t - 1]


def collapsed(x, t, schedule, noise=None, generator=None):
    return collapse_noise([x] * t, schedule)


def sampled(x, t, schedule, noise=None, generator=None):
    return sample_xt(x, schedule, generator)[0]


# Each takes x and gives a tensor like it, whatever else it takes.
ALL = pytest.mark.parametrize(
    "function",
    [forward_step, q_sample, chain_end, sampled, collapsed],
    ids=["forward_step", "q_sample", "forward_chain", "sample_xt", "collapse_noise"],
)


def rates(function, t, dtype=torch.float64):
    """What `forward_step` or `q_sample` multiplies x and noise by, from the schedule's look-ups."""
    if function is q_sample:
        return SCHEDULE.signal_rate(t, dtype), SCHEDULE.noise_rate(t, dtype)
    alpha, beta = SCHEDULE.alpha(t, torch.float64), SCHEDULE.beta(t, torch.float64)
    return alpha.sqrt().to(dtype), beta.sqrt().to(dtype)


# ---------------------------------------------------------------- dtypes, devices, shapes


@ALL
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(3,), (2, 3, 4, 5), (0,), (0, 3, 8, 8), (3, 0), (2, 0, 4, 0)])
def test_x_t_is_like_x(function, device, dtype, shape):
    x = gaussian(shape, dtype, device)
    x_t = function(x, 2, SCHEDULE, generator=generator(device))
    assert (x_t.shape, x_t.dtype, x_t.device) == (x.shape, x.dtype, x.device)
    assert x_t.is_contiguous() and x_t.isfinite().all()


@STEP_AND_JUMP
@given(
    shape=st.lists(st.integers(0, 4), min_size=1, max_size=4),
    dtype=st.sampled_from(FLOATS),
    device=st.sampled_from(DEVICES),
)
@settings(max_examples=50)
def test_any_shape_is_blended_element_by_element(function, shape, dtype, device):
    x, noise = gaussian(shape, dtype, device), gaussian(shape, dtype, device, seed=1)
    t = torch.randint(1, 5, shape[:1], generator=generator())
    signal, rate = (each.view(-1, *[1] * (len(shape) - 1)) for each in rates(function, t))
    expected = signal * x.cpu().double() + rate * noise.cpu().double()
    x_t = function(x, t, SCHEDULE, noise).cpu().double()
    # Two roundings of rates, two of products, one of the sum.
    eps = torch.finfo(dtype).eps
    assert_close(x_t, expected, rtol=4 * eps, atol=8 * eps)


@STEP_AND_JUMP
@pytest.mark.parametrize("dtype", FLOATS)
@given(beta=st.floats(1e-12, 0.999))
@settings(max_examples=50)
def test_the_rates_are_right_to_the_last_digit_of_any_dtype(function, dtype, beta):
    schedule = NoiseSchedule.from_betas([beta])
    one, zero = torch.ones(1, dtype=dtype), torch.zeros(1, dtype=dtype)
    eps = max(torch.finfo(dtype).eps, 1e-15)
    smallest_step = 6e-8 if dtype is torch.float16 else 0
    for x, noise, exact in [(one, zero, (1 - beta) ** 0.5), (zero, one, beta**0.5)]:
        rate = function(x, 1, schedule, noise).item()
        assert abs(rate - exact) <= max(0.51 * eps * exact, smallest_step / 2)


@STEP_AND_JUMP
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", FLOATS)
def test_each_term_alone_is_its_rate_times_its_tensor_to_the_last_bit(function, device, dtype):
    x, t = gaussian((4, 100), dtype, device), torch.tensor([1, 2, 3, 4])
    zero = torch.zeros_like(x)
    signal, rate = (each.view(-1, 1).to(device) for each in rates(function, t, dtype))
    assert torch.equal(function(x, t, SCHEDULE, zero), signal * x)
    assert torch.equal(function(zero, t, SCHEDULE, x), rate * x)


@pytest.mark.parametrize("x_device", DEVICES)
@pytest.mark.parametrize("t_device", DEVICES)
@STEP_AND_JUMP
def test_t_may_be_on_another_device(function, x_device, t_device):
    x, noise = gaussian((3, 2), device=x_device), gaussian((3, 2), device=x_device, seed=1)
    t = torch.tensor([1, 2, 4])
    x_t = function(x, t.to(t_device), SCHEDULE, noise)
    assert x_t.device == x.device
    assert_close(x_t.cpu(), function(x.cpu(), t, SCHEDULE, noise.cpu()))
    assert SCHEDULE.alpha_bar(t.to(t_device)).device.type == t_device


def test_the_default_device_and_dtype_change_nothing():
    x, noise, betas = gaussian((3, 2)), gaussian((3, 2), seed=1), [0.1, 0.2]
    expected = q_sample(x, 2, NoiseSchedule(time_steps=2), noise)
    torch.set_default_dtype(torch.float16)
    try:
        with torch.device("meta"):  # whatever is made here, and says not where, has no values
            schedule = NoiseSchedule(time_steps=2)
            assert torch.equal(q_sample(x, 2, schedule, noise), expected)
            assert q_sample(x, 2, schedule).isfinite().all()
            assert sample_xt(x, schedule)[2].tolist() != []
            assert collapse_noise([noise] * 2, schedule).isfinite().all()
            assert schedule.alpha_bar(2).dtype == torch.float32
            assert NoiseSchedule.from_betas(betas).beta(2).item() == pytest.approx(0.2)
    finally:
        torch.set_default_dtype(torch.float32)


# ---------------------------------------------------------------- NaN and infinity


@ALL
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_nan_and_inf_in_x_stay_in_their_own_place(function, device, odd):
    clean = gaussian((3, 2, 4), device=device)
    spoilt = clean.clone()
    spoilt[1, 0, 2] = odd
    x_t, expected = (function(x, 3, SCHEDULE, generator=generator(device)) for x in (spoilt, clean))
    assert x_t[1, 0, 2].isnan() if math.isnan(odd) else x_t[1, 0, 2] == odd
    expected[1, 0, 2] = x_t[1, 0, 2]
    assert torch.equal(x_t.nan_to_num(), expected.nan_to_num())


@pytest.mark.parametrize("function", [forward_step, q_sample, chain_end])
@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_nan_and_inf_in_noise_stay_in_their_own_place(function, odd):
    x, noise = gaussian((3, 2)), gaussian((3, 2), seed=1)
    expected = function(x, 3, SCHEDULE, noise)
    noise[1, 0] = odd
    x_t = function(x, 3, SCHEDULE, noise)
    assert x_t[1, 0].isnan() if math.isnan(odd) else x_t[1, 0] == odd
    expected[1, 0] = x_t[1, 0]
    assert torch.equal(x_t.nan_to_num(), expected.nan_to_num())


def test_at_time_zero_an_infinite_noise_leaves_nan():
    x_0 = gaussian((2, 2))
    x_t = q_sample(x_0, 0, SCHEDULE, torch.tensor([[math.inf, 1e9], [0, 1]]).double())
    assert x_t.isnan().tolist() == [[True, False], [False, False]]
    assert torch.equal(x_t[1], x_0[1]) and x_t[0, 1] == x_0[0, 1]


def test_what_is_too_large_for_a_half_becomes_infinite():
    largest = torch.full((1,), torch.finfo(torch.float16).max, dtype=torch.float16)
    assert q_sample(largest, 2, SCHEDULE, largest).item() == math.inf
    assert q_sample(largest, 2, SCHEDULE, -largest).isfinite()


# ---------------------------------------------------------------- layouts

X = gaussian((2, 3, 4, 5))
# Each has the values of X.
LAYOUTS = {
    "contiguous": X,
    "channels-last": X.contiguous(memory_format=torch.channels_last),
    "transposed": X.transpose(0, 3).contiguous().transpose(0, 3),
    "batch last": X.movedim(0, -1).contiguous().movedim(-1, 0),
    "every second": X.repeat_interleave(2, dim=3)[..., ::2],
    "a window of something larger": torch.nn.functional.pad(X, [1, 1, 2, 2])[:, :, 2:-2, 1:-1],
}
DENSE = ["contiguous", "channels-last", "transposed", "batch last"]


@ALL
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("device", DEVICES)
def test_values_do_not_depend_on_the_layout_and_x_t_has_that_of_x(function, layout, device):
    # The copy to another device keeps strides of dense tensors.
    x = LAYOUTS[layout].to(device)
    assert layout == "contiguous" or device != "cpu" or not x.is_contiguous()
    x_t, expected = (
        function(x, 3, SCHEDULE, generator=generator(device)) for x in (x, x.contiguous())
    )
    assert torch.equal(x_t, expected)
    if layout in DENSE:
        assert x_t.stride() == x.stride()


@STEP_AND_JUMP
@pytest.mark.parametrize("layout", LAYOUTS)
def test_noise_and_t_may_have_any_layout(function, layout):
    x, t = gaussian((2, 3, 4, 5), seed=1), torch.tensor([1, 0, 4, 0])[::2]
    assert not t.is_contiguous()
    expected = function(x, torch.tensor([1, 4]), SCHEDULE, X)
    assert torch.equal(function(x, t, SCHEDULE, LAYOUTS[layout]), expected)


@given(order=st.permutations(range(4)))
def test_x_t_follows_any_order_of_the_axes(order):
    x = X.permute(order)
    t = torch.arange(1, len(x) + 1).clamp(max=4)
    assert q_sample(x, t, SCHEDULE).stride() == x.stride()


@ALL
@pytest.mark.parametrize("dim", range(3))
def test_an_expanded_x_gives_a_full_x_t(function, dim):
    x = gaussian((2, 2, 2)).narrow(dim, 0, 1).expand(2, 2, 2)
    before = x.clone()
    x_t = function(x, 3, SCHEDULE, generator=generator())
    assert x_t.is_contiguous()
    assert torch.equal(x_t, function(before, 3, SCHEDULE, generator=generator()))
    assert torch.equal(x, before)


def test_x_itself_may_be_the_noise():
    x = gaussian((2, 3))
    before = x.clone()
    signal, rate = rates(q_sample, 2)
    assert_close(q_sample(x, 2, SCHEDULE, x), (signal + rate) * before)
    assert torch.equal(x, before)


def test_the_noise_that_is_drawn_is_the_same_for_each_layout():
    ways = [sample_xt(LAYOUTS[layout], SCHEDULE, generator())[1:] for layout in DENSE]
    for noise, t in ways[1:]:
        assert torch.equal(noise, ways[0][0]) and torch.equal(t, ways[0][1])


# ---------------------------------------------------------------- gradients


@STEP_AND_JUMP
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("t", [3, torch.tensor([1, 4, 2])])
def test_gradients_are_the_rates_exactly(function, device, dtype, t):
    x, noise = (gaussian((3, 2), dtype, device, seed).requires_grad_() for seed in (0, 1))
    function(x, t, SCHEDULE, noise).sum().backward()
    for gradient, rate in zip((x.grad, noise.grad), rates(function, t, dtype), strict=True):
        assert torch.equal(gradient.cpu(), rate.view(-1, 1).expand(3, 2))


def test_gradients_flow_through_the_chain_to_each_noise():
    x_0, noises = gaussian((2,)).requires_grad_(), gaussian((4, 2), seed=1).requires_grad_()
    *_, x_t = forward_chain(x_0, SCHEDULE, noises)
    x_t.sum().backward()
    assert_close(x_0.grad, SCHEDULE.signal_rate(4, torch.float64).expand(2))
    through_chain, noises.grad = noises.grad, None
    q_sample(x_0, 4, SCHEDULE, collapse_noise(noises, SCHEDULE)).sum().backward()
    assert_close(through_chain, noises.grad)


def test_sample_xt_gives_gradients_to_x_0_and_none_to_noise():
    x_0 = gaussian((3, 2)).requires_grad_()
    x_t, noise, t = sample_xt(x_0, SCHEDULE)
    x_t.sum().backward()
    rate = SCHEDULE.signal_rate(t, torch.float64).view(3, 1)
    assert torch.equal(x_0.grad, rate.expand(3, 2)) and not noise.requires_grad


@ALL
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_no_gradients_where_none_are_wanted(function, mode):
    x = gaussian((3, 2)).requires_grad_()
    with mode():
        assert not function(x, 2, SCHEDULE).requires_grad
        made_here = NoiseSchedule(0.05, 0.4, 4)
    assert function(x, 2, made_here).requires_grad  # it can be trained with all the same


@ALL
def test_a_parameter_gives_a_plain_tensor(function):
    x = torch.nn.Parameter(gaussian((3, 2)))
    x_t = function(x, 2, SCHEDULE)
    assert type(x_t) is torch.Tensor and x_t.requires_grad


# ---------------------------------------------------------------- times of every kind


@STEP_AND_JUMP
@pytest.mark.parametrize(
    "t",
    [np.int64(200), np.uint8(200), torch.tensor(200), torch.tensor(200, dtype=torch.uint8)],
    ids=repr,
)
def test_one_integer_of_any_kind_is_one_time(function, t):
    schedule, x, noise = NoiseSchedule(), gaussian((2, 3)), gaussian((2, 3), seed=1)
    assert torch.equal(function(x, t, schedule, noise), function(x, 200, schedule, noise))


@STEP_AND_JUMP
@pytest.mark.parametrize("dtype", [*INTEGERS, torch.uint16, torch.uint32, torch.uint64])
def test_integers_of_any_width_are_times(function, dtype):
    schedule, x, noise = NoiseSchedule(), gaussian((3, 2)), gaussian((3, 2), seed=1)
    t = torch.tensor([1, 2, 127])
    assert torch.equal(function(x, t.to(dtype), schedule, noise), function(x, t, schedule, noise))


@STEP_AND_JUMP
@pytest.mark.parametrize("t", [np.array([1, 2]), np.array(1), [1, 2], np.True_], ids=repr)
def test_times_are_asked_for_as_a_tensor(function, t):
    with pytest.raises(TypeError, match="t must be an int or an integer tensor, not "):
        function(gaussian((2, 3)), t, SCHEDULE)


# ---------------------------------------------------------------- refused, with a sentence

ODD = "an ordinary tensor with a value at every place: not sparse, nested or quantized"
VALUES = torch.tensor([[0.1, 0.2], [0.3, 0.4]])
with warnings.catch_warnings(action="ignore"):  # of their being beta, or deprecated
    NESTED = torch.nested.nested_tensor([torch.zeros(2), torch.zeros(1)])
    SPARSE_ROWS = VALUES.to_sparse_csr()
    QUANTIZED = torch.quantize_per_tensor(VALUES, 0.1, 0, torch.quint8)
REFUSED = {
    "integers": (VALUES.int(), "floating-point tensor of 16 bits or more, not torch.int32"),
    "bools": (VALUES.bool(), "floating-point tensor of 16 bits or more, not torch.bool"),
    "complex": (VALUES.cfloat(), "floating-point tensor of 16 bits or more, not torch.complex64"),
    "8 bits": (VALUES.to(torch.float8_e5m2), "of 16 bits or more, not torch.float8_e5m2"),
    "quantized": (QUANTIZED, "not torch.quint8"),
    "sparse": (VALUES.to_sparse(), ODD),
    "sparse rows": (SPARSE_ROWS, ODD),
    "nested": (NESTED, ODD),
    "on the meta device": (VALUES.to("meta"), ODD),
}


@ALL
@pytest.mark.parametrize("kind", REFUSED)
def test_odd_data_is_refused(function, kind):
    x, words = REFUSED[kind]
    name = "noises" if function is collapsed else "x"
    with pytest.raises(TypeError, match=f"^{name} must be .*{words}"):
        function(x, 2, SCHEDULE)


@pytest.mark.parametrize("function", [forward_step, q_sample, chain_end])
@pytest.mark.parametrize("kind", ["sparse", "sparse rows", "nested"])
def test_odd_noise_is_refused(function, kind):
    with pytest.raises(TypeError, match=f"^noise must be {ODD}"):
        function(VALUES, 2, SCHEDULE, REFUSED[kind][0])


TIMES = torch.tensor([1, 2])


@STEP_AND_JUMP
@pytest.mark.parametrize(
    "t",
    [
        TIMES.to_sparse(),
        TIMES.to("meta"),
        QUANTIZED[0],
    ],
    ids=["sparse", "meta", "quantized"],
)
def test_odd_times_are_refused(function, t):
    with pytest.raises(TypeError, match=f"^t must be {ODD}"):
        function(VALUES, t, SCHEDULE)


@pytest.mark.parametrize("kind", ["sparse", "nested", "quantized", "on the meta device"])
def test_odd_betas_are_refused(kind):
    with pytest.raises(TypeError, match=f"^betas must be {ODD}"):
        NoiseSchedule.from_betas(REFUSED[kind][0])


# ---------------------------------------------------------------- schedules

# From the smallest float that has all its digits to the largest below 1.
VARIANCES = st.floats(sys.float_info.min, 1, exclude_max=True)


@given(betas=st.lists(VARIANCES, min_size=1, max_size=8))
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


@given(betas=st.lists(VARIANCES, min_size=1, max_size=8), dtype=st.sampled_from(FLOATS))
def test_a_look_up_is_the_float64_table_rounded_once(betas, dtype):
    schedule, t = NoiseSchedule.from_betas(betas), torch.arange(1, len(betas) + 1)
    for name in ("alpha_bar", "signal_rate", "noise_rate", "log_snr", "alpha", "beta"):
        look_up = getattr(schedule, name)
        assert torch.equal(look_up(t, dtype), look_up(t, torch.float64).to(dtype))
    assert torch.equal(schedule.alpha_bars, schedule.alpha_bar(t, torch.float32))


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
    make = torch.tensor if isinstance(dtype, torch.dtype) else np.array
    betas = make([0.1, 0.2], dtype=dtype)
    schedule, exact = NoiseSchedule.from_betas(betas), NoiseSchedule.from_betas(betas.tolist())
    assert schedule.betas.tolist() == betas.tolist()
    # And computed with as many digits as any others.
    assert schedule.noise_rate(2, torch.float64) == exact.noise_rate(2, torch.float64)


@pytest.mark.parametrize("device", DEVICES)
def test_a_schedule_is_on_the_cpu_wherever_its_betas_are(device):
    schedule = NoiseSchedule.from_betas(torch.tensor([0.1, 0.2], device=device))
    assert schedule.betas.device == schedule.alpha_bar(2).device == torch.device("cpu")


@pytest.mark.parametrize(
    "betas",
    [
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
    with pytest.raises(TypeError, match=r"a tensor or a sequence of numbers between 0 and 1\."):
        NoiseSchedule.from_betas(betas)


@pytest.mark.parametrize("beta", [1 - 1e-17, Fraction(10**30 - 1, 10**30), Fraction(1, 10**400)])
def test_a_beta_that_rounds_to_0_or_1_is_refused(beta):
    with pytest.raises(ValueError, match="must lie strictly between 0 and 1"):
        NoiseSchedule(beta_start=beta)


def test_absurdly_many_steps_are_refused_before_memory_is_gone():
    assert NoiseSchedule(time_steps=1_000_000).time_steps == 1_000_000
    for time_steps in (1_000_001, 10**9, 2**70):
        with pytest.raises(ValueError, match=f"at most 1000000, but it is {time_steps}"):
            NoiseSchedule(time_steps=time_steps)


def test_writing_into_what_a_schedule_gives_out_does_not_change_it():
    schedule = NoiseSchedule(time_steps=4)
    for name in ("beta", "alpha", "alpha_bar", "signal_rate", "noise_rate", "log_snr"):
        look_up, t = getattr(schedule, name), torch.tensor([1, 4])
        for dtype in (torch.float32, torch.float64):
            before = look_up(t, dtype)
            look_up(1, dtype).fill_(7)
            look_up(t, dtype).fill_(7)
            assert torch.equal(look_up(t, dtype), before)
    for array in (schedule.betas, schedule.alphas, schedule.alpha_bars):
        array.fill_(0.5)
    assert torch.equal(schedule.beta(1), NoiseSchedule(time_steps=4).beta(1))
    assert schedule.alpha_bar(4) != 0.5 and schedule.alpha(4) != 0.5


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))]
)
def test_a_schedule_can_be_copied_and_pickled(duplicate):
    other, x, noise = duplicate(SCHEDULE), gaussian((2, 3)), gaussian((2, 3), seed=1)
    assert torch.equal(q_sample(x, 3, other, noise), q_sample(x, 3, SCHEDULE, noise))
    assert repr(other) == repr(SCHEDULE)
