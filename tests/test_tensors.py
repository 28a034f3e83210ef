"""Tensors of every kind: what each gives, as `diffusion.forward_process` states line by line."""

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DEVICES, FLOATS, gaussian, seeded
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.testing import assert_close

from diffusion import (
    NoiseSchedule,
    ancestral_step,
    collapse_noise,
    forward_chain,
    forward_step,
    posterior,
    predict_x_0,
    q_sample,
    sample,
    sample_xt,
)

SCHEDULE = NoiseSchedule(0.05, 0.4, 4)


def chain_end(x, t, schedule, noise=None, generator=None):
    """`forward_chain` in the form of the other two, with the same noise in each step."""
    noises = None if noise is None else [noise] * schedule.time_steps
    return list(forward_chain(x, schedule, noises, generator))[t - 1]


def collapsed(x, t, schedule, noise=None, generator=None):
    return collapse_noise([x] * t, schedule)


def sampled(x, t, schedule, noise=None, generator=None):
    return sample_xt(x, schedule, generator)[0]


def posterior_mean(x, t, schedule, noise=None, generator=None):
    """With the noise in the place of x_0; where there is none, with some x_0."""
    return posterior(x, some(x) if noise is None else noise, t, schedule)[0]


def predicted(x, t, schedule, noise=None, generator=None):
    return predict_x_0(x, some(x) if noise is None else noise, t, schedule)


def some(x):
    return gaussian(x.shape, x.dtype, x.device, seed=1)


def guess(x_t, t):
    """A denoiser that looks at each place alone, and at infinity too has an answer."""
    assert t.device == x_t.device
    return x_t.tanh()


def step_back(x, t, schedule, noise=None, generator=None):
    return ancestral_step(guess, x, t, schedule, noise, generator)


def walk_back(x, t, schedule, noise=None, generator=None):
    return sample(guess, x, schedule, generator)


# Each takes x and gives a tensor like it, whatever else it takes.
BLENDS = [forward_step, q_sample, posterior_mean, predicted]  # of x and noise, at any times
WITH_GRADIENTS = [*BLENDS, chain_end, sampled, collapsed, step_back]
ALL = pytest.mark.parametrize("function", [*WITH_GRADIENTS, walk_back])
WITH_GRADIENTS = pytest.mark.parametrize("function", WITH_GRADIENTS)
BLENDS = pytest.mark.parametrize("function", BLENDS)
STEP_AND_JUMP = pytest.mark.parametrize("function", [forward_step, q_sample])
NAMES = {collapsed: "noises", walk_back: "x_T"}  # of x, in a sentence
NAMES |= dict.fromkeys([posterior_mean, predicted, step_back], "x_t")


def rates(function, t, dtype=torch.float64):
    """What x and noise are multiplied by, from the schedule's look-ups."""
    signal, noise = SCHEDULE.signal_rate(t, torch.float64), SCHEDULE.noise_rate(t, torch.float64)
    if function is q_sample:
        return signal.to(dtype), noise.to(dtype)
    if function is predicted:
        return (1 / signal).to(dtype), (-noise / signal).to(dtype)
    alpha, beta = SCHEDULE.alpha(t, torch.float64), SCHEDULE.beta(t, torch.float64)
    if function is forward_step:
        return alpha.sqrt().to(dtype), beta.sqrt().to(dtype)
    before = SCHEDULE.alpha_bar(t - 1, torch.float64)
    of_x_t, of_x_0 = alpha.sqrt() * (1 - before), before.sqrt() * beta
    return (of_x_t / noise**2).to(dtype), (of_x_0 / noise**2).to(dtype)


# ---------------------------------------------------------------- dtypes, devices, shapes


@ALL
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(3,), (2, 3, 4, 5), (0,), (0, 3, 8, 8), (2, 0, 4, 0)])
def test_x_t_is_like_x(function, device, dtype, shape):
    x = gaussian(shape, dtype, device)
    x_t = function(x, 2, SCHEDULE, generator=seeded(device=device))
    assert (x_t.shape, x_t.dtype, x_t.device) == (x.shape, x.dtype, x.device)
    assert x_t.is_contiguous() and x_t.isfinite().all()


@BLENDS
@given(
    shape=st.lists(st.integers(0, 4), min_size=1, max_size=4),
    dtype=st.sampled_from(FLOATS),
    device=st.sampled_from(DEVICES),
)
@settings(max_examples=50)
def test_any_shape_is_blended_element_by_element(function, shape, dtype, device):
    x, noise = gaussian(shape, dtype, device), gaussian(shape, dtype, device, seed=1)
    t = torch.randint(1, 5, shape[:1], generator=seeded())
    signal, rate = (each.view(-1, *[1] * (len(shape) - 1)) for each in rates(function, t))
    expected = signal * x.cpu().double() + rate * noise.cpu().double()
    x_t = function(x, t, SCHEDULE, noise).cpu().double()
    # Two roundings of rates, two of products, one of the sum.
    eps = torch.finfo(dtype).eps
    assert_close(x_t, expected, rtol=4 * eps, atol=8 * eps)


@STEP_AND_JUMP
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("beta", [1e-12, 1e-8, 0.02, 0.7])
def test_the_rates_are_right_to_the_last_digit_of_any_dtype(function, dtype, beta):
    schedule = NoiseSchedule.from_betas([beta])
    one, zero = torch.ones(1, dtype=dtype), torch.zeros(1, dtype=dtype)
    made = torch.cat([function(one, 1, schedule, zero), function(zero, 1, schedule, one)])
    exact = torch.tensor([(1 - beta) ** 0.5, beta**0.5], dtype=torch.float64)
    assert_close(made, exact.to(dtype), rtol=5e-16, atol=0)


@pytest.mark.parametrize("x_device", DEVICES)
@pytest.mark.parametrize("t_device", DEVICES)
@BLENDS
def test_t_may_be_on_another_device(function, x_device, t_device):
    x, noise = gaussian((3, 2), device=x_device), gaussian((3, 2), device=x_device, seed=1)
    t = torch.tensor([1, 2, 4])
    x_t = function(x, t.to(t_device), SCHEDULE, noise)
    assert x_t.device == x.device
    assert_close(x_t.cpu(), function(x.cpu(), t, SCHEDULE, noise.cpu()))


@pytest.mark.parametrize(
    "function",
    [forward_step, q_sample, chain_end, sampled, posterior_mean, predicted, step_back, walk_back],
)
def test_x_t_is_where_x_is(function):
    """Also without a GPU: on a tensor without values, which says that it is on one."""
    with FakeTensorMode(allow_non_fake_inputs=True):
        assert function(torch.empty(3, 2, device="cuda"), 2, SCHEDULE).device.type == "cuda"


def test_the_default_device_and_dtype_change_nothing():
    x, noise = gaussian((3, 2)), gaussian((3, 2), seed=1)
    expected = q_sample(x, 2, NoiseSchedule(time_steps=2), noise)
    torch.set_default_dtype(torch.float16)
    try:
        with torch.device("meta"):  # whatever is made here, and says not where, has no values
            schedule = NoiseSchedule(time_steps=2)
            assert torch.equal(q_sample(x, 2, schedule, noise), expected)
            assert q_sample(x, 2, schedule).isfinite().all()
            assert sample_xt(x, schedule)[2].tolist() != []
            assert collapse_noise([noise] * 2, schedule).isfinite().all()
            for function in (posterior_mean, predicted, step_back, walk_back):
                made = function(x, 2, schedule, noise, seeded())
                assert made.dtype == x.dtype and made.isfinite().all()
            assert posterior(x, noise, 2, schedule)[1].isfinite().all()
            assert schedule.alpha_bar(2).dtype == torch.float32
            assert NoiseSchedule.from_betas([0.1, 0.2]).beta(2).item() == pytest.approx(0.2)
    finally:
        torch.set_default_dtype(torch.float32)


# ---------------------------------------------------------------- NaN and infinity

ODD_NUMBERS = pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])


def assert_only_there(odd, place, x_t, expected):
    assert x_t[place].isnan() if math.isnan(odd) else x_t[place] == odd
    expected[place] = x_t[place]
    assert torch.equal(x_t.nan_to_num(), expected.nan_to_num())


@ALL
@ODD_NUMBERS
@pytest.mark.parametrize("device", DEVICES)
def test_nan_and_inf_in_x_stay_in_their_own_place(function, device, odd):
    x = gaussian((3, 2, 4), device=device)
    expected = function(x, 3, SCHEDULE, generator=seeded(device=device))
    x[1, 0, 2] = odd
    x_t = function(x, 3, SCHEDULE, generator=seeded(device=device))
    assert_only_there(odd, (1, 0, 2), x_t, expected)


@pytest.mark.parametrize("function", [forward_step, q_sample, chain_end, posterior_mean, step_back])
@ODD_NUMBERS
def test_nan_and_inf_in_noise_stay_in_their_own_place(function, odd):
    x, noise = gaussian((3, 2)), gaussian((3, 2), seed=1)
    expected = function(x, 3, SCHEDULE, noise)
    noise[1, 0] = odd
    assert_only_there(odd, (1, 0), function(x, 3, SCHEDULE, noise), expected)


def test_at_time_zero_an_infinite_noise_leaves_nan():
    x_0 = gaussian((2, 2))
    x_t = q_sample(x_0, 0, SCHEDULE, torch.tensor([[math.inf, 1e9], [0, 1]]).double())
    assert x_t.isnan().tolist() == [[True, False], [False, False]]
    assert torch.equal(x_t[1], x_0[1]) and x_t[0, 1] == x_0[0, 1]


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
        function(x, 3, SCHEDULE, generator=seeded(device=device)) for x in (x, x.contiguous())
    )
    assert torch.equal(x_t, expected)
    if layout in DENSE:
        assert x_t.stride() == x.stride()


@BLENDS
@pytest.mark.parametrize("layout", LAYOUTS)
def test_noise_and_t_may_have_any_layout(function, layout):
    x, t = gaussian((2, 3, 4, 5), seed=1), torch.tensor([1, 0, 4, 0])[::2]
    assert not t.is_contiguous()
    expected = function(x, torch.tensor([1, 4]), SCHEDULE, X)
    assert torch.equal(function(x, t, SCHEDULE, LAYOUTS[layout]), expected)


@ALL
@pytest.mark.parametrize("dim", range(3))
def test_an_expanded_x_gives_a_full_x_t(function, dim):
    x = gaussian((2, 2, 2)).narrow(dim, 0, 1).expand(2, 2, 2)
    before = x.clone()
    x_t = function(x, 3, SCHEDULE, generator=seeded())
    assert x_t.is_contiguous()
    assert torch.equal(x_t, function(before, 3, SCHEDULE, generator=seeded()))
    assert torch.equal(x, before)


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


@WITH_GRADIENTS
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_no_gradients_where_none_are_wanted(function, mode):
    x = gaussian((3, 2)).requires_grad_()
    with mode():
        made_here = NoiseSchedule(0.05, 0.4, 4)
        assert not function(x, 2, made_here).requires_grad
    assert function(x, 2, made_here).requires_grad  # it can be trained with all the same


@WITH_GRADIENTS
def test_a_parameter_gives_a_plain_tensor(function):
    x = torch.nn.Parameter(gaussian((3, 2)))
    x_t = function(x, 2, SCHEDULE)
    assert type(x_t) is torch.Tensor and x_t.requires_grad


# ---------------------------------------------------------------- times of every kind


INTEGERS = [f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)]


@BLENDS
@pytest.mark.parametrize("name", INTEGERS)
def test_integers_of_any_kind_are_times(function, name):
    schedule, x, noise = NoiseSchedule(), gaussian((3, 2)), gaussian((3, 2), seed=1)
    t, dtype = torch.tensor([1, 2, 127]), getattr(torch, name)
    assert torch.equal(function(x, t.to(dtype), schedule, noise), function(x, t, schedule, noise))
    expected = function(x, 127, schedule, noise)
    for one in (torch.tensor(127, dtype=dtype), getattr(np, name)(127)):
        assert torch.equal(function(x, one, schedule, noise), expected)


@BLENDS
@pytest.mark.parametrize("t", [np.array([1, 2]), np.array(1), [1, 2], np.True_, True], ids=repr)
def test_times_are_asked_for_as_a_tensor(function, t):
    with pytest.raises(TypeError, match="t must be an int or an integer tensor, not "):
        function(gaussian((2, 3)), t, SCHEDULE)


# ---------------------------------------------------------------- refused, with a sentence

ODD = "an ordinary tensor with a value at every place: not sparse, nested or quantized"
VALUES = torch.tensor([[0.1, 0.2], [0.3, 0.4]])
TIMES = torch.tensor([1, 2])
with warnings.catch_warnings(action="ignore"):  # of their being beta, or deprecated
    NESTED = torch.nested.nested_tensor([torch.zeros(2), torch.zeros(1)])
    SPARSE_ROWS = VALUES.to_sparse_csr()
    QUANTIZED = torch.quantize_per_tensor(VALUES, 0.1, 0, torch.quint8)
FEW = "a floating-point tensor of 16 bits or more, not"
REFUSED = {
    "a list": ([[0.1, 0.2], [0.3, 0.4]], "a floating-point tensor, not list"),
    "integers": (VALUES.int(), f"{FEW} torch.int32; scale pictures of 0 … 255 to .-1, 1. first"),
    "bools": (VALUES.bool(), f"{FEW} torch.bool"),
    "complex": (VALUES.cfloat(), f"{FEW} torch.complex64"),
    "8 bits": (VALUES.to(torch.float8_e5m2), f"{FEW} torch.float8_e5m2"),
    "quantized": (QUANTIZED, f"{FEW} torch.quint8"),
    "sparse": (VALUES.to_sparse(), ODD),
    "sparse rows": (SPARSE_ROWS, ODD),
    "nested": (NESTED, ODD),
    "on the meta device": (VALUES.to("meta"), ODD),
}


@ALL
@pytest.mark.parametrize("kind", REFUSED)
def test_odd_data_is_refused(function, kind):
    x, words = REFUSED[kind]
    with pytest.raises(TypeError, match=f"^{NAMES.get(function, 'x')} must be {words}"):
        function(x, 2, SCHEDULE, VALUES)


@ALL
def test_data_without_a_batch_is_refused(function):
    words = r"must have the shape \(B, …\), but it is 0-dimensional"
    with pytest.raises(ValueError, match=f"^{NAMES.get(function, 'x')} {words}"):
        function(torch.tensor(0.5), 2, SCHEDULE)


@pytest.mark.parametrize(
    "function", [forward_step, q_sample, chain_end, posterior_mean, predicted, step_back]
)
@pytest.mark.parametrize("kind", ["sparse", "sparse rows", "nested"])
def test_odd_noise_is_refused(function, kind):
    name = "x_0" if function is posterior_mean else "noise"
    with pytest.raises(TypeError, match=f"^{name} must be {ODD}"):
        function(VALUES, 2, SCHEDULE, REFUSED[kind][0])


@pytest.mark.parametrize(
    "t", [TIMES.to_sparse(), TIMES.to("meta"), QUANTIZED[0]], ids=["sparse", "meta", "quantized"]
)
@pytest.mark.parametrize(
    "function",
    [forward_step, q_sample, posterior_mean, predicted, lambda x, t, schedule: schedule.beta(t)],
)
def test_odd_times_are_refused(function, t):
    with pytest.raises(TypeError, match=f"^t must be {ODD}"):
        function(VALUES, t, SCHEDULE)


@pytest.mark.parametrize("kind", ["sparse", "nested", "quantized", "on the meta device"])
def test_odd_betas_are_refused(kind):
    with pytest.raises(TypeError, match=f"^betas must be {ODD}"):
        NoiseSchedule.from_betas(REFUSED[kind][0])
