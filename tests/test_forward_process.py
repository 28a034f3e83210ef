"""The chain, the closed form, and the proof that they are one process."""

from itertools import islice

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import assert_gaussian
from torch.testing import assert_close

from diffusion import NoiseSchedule, collapse_noise, forward_chain, forward_step, q_sample

RUNS, STEPS = 20_000, 4
# Large steps, so that a wrong coefficient shows at every t.
SCHEDULE = NoiseSchedule(0.05, 0.4, STEPS)
# Far from mean 0 and variance 1, so that errors in the mean show too.
X_0 = torch.linspace(-2, 3, 32, dtype=torch.float64)


def gaussian(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def last(chain):
    *_, x_t = chain
    return x_t


# ---------------------------------------------------------------- the two ways are one process


@pytest.mark.parametrize("t", [1, 2, 500, 1000])
def test_chain_and_closed_form_agree_to_1e_12(t):
    schedule = NoiseSchedule()
    x_0, noises = gaussian(5, 8, seed=1), gaussian(1000, 5, 8, seed=2)
    x_t = next(islice(forward_chain(x_0, schedule, noises), t - 1, None))
    closed = q_sample(x_0, t, schedule, collapse_noise(noises[:t], schedule))
    assert (x_t - closed).abs().max() <= 1e-12


@given(
    betas=st.lists(st.floats(1e-4, 0.99), min_size=1, max_size=12),
    shape=st.lists(st.integers(1, 3), min_size=1, max_size=4),
    seed=st.integers(0, 1000),
)
@settings(max_examples=50)
def test_chain_and_closed_form_agree_for_any_schedule_and_shape(betas, shape, seed):
    schedule = NoiseSchedule.from_betas(betas)
    x_0, noises = gaussian(*shape, seed=seed), gaussian(len(betas), *shape, seed=seed + 1)
    for t, x_t in enumerate(forward_chain(x_0, schedule, noises), start=1):
        closed = q_sample(x_0, t, schedule, collapse_noise(noises[:t], schedule))
        assert_close(x_t, closed, rtol=0, atol=1e-12)


def test_collapsed_noise_has_unit_variance():
    schedule = NoiseSchedule(time_steps=50)
    # One-hot noises read the weights w_s / √(1 − ᾱ_t) off, one by one.
    weights = collapse_noise(torch.eye(50, dtype=torch.float64), schedule)
    assert weights.square().sum().item() == pytest.approx(1, abs=1e-14)
    # w_s² = β_s ᾱ_t / ᾱ_s, from the float32 arrays: a second route.
    shares = schedule.betas * schedule.alpha_bars[-1] / schedule.alpha_bars
    assert_close(
        weights.square().float(), shares / (1 - schedule.alpha_bars[-1]), rtol=1e-4, atol=0
    )


def test_collapse_noise_survives_an_alpha_bar_that_underflows():
    noises = gaussian(3000, 2)
    schedule = NoiseSchedule(0.4, 0.4, 3000)
    assert schedule.alpha_bar(3000, torch.float64) == 0
    noise = collapse_noise(noises, schedule)
    assert_close(noise, last(forward_chain(torch.zeros(2, dtype=torch.float64), schedule, noises)))


def test_collapse_noise_takes_lists_as_well():
    noises = gaussian(3, 2, 2)
    assert torch.equal(collapse_noise(list(noises), SCHEDULE), collapse_noise(noises, SCHEDULE))


# ---------------------------------------------------------------- the distribution, per element


def run_chain(t, step=forward_step):
    generator = torch.Generator().manual_seed(t)
    x = X_0.expand(RUNS, -1)
    for s in range(1, t + 1):
        x = step(x, s, SCHEDULE, generator=generator)
    return x


def run_closed_form(t, jump=q_sample):
    return jump(X_0.expand(RUNS, -1), t, SCHEDULE, generator=torch.Generator().manual_seed(t))


def assert_is_q(run, *way):
    """`run(t)` draws from q(x_t | x_0) = N(√ᾱ_t x_0, (1 − ᾱ_t) I) at every t."""
    betas = torch.linspace(0.05, 0.4, STEPS, dtype=torch.float64)
    for t in range(1, STEPS + 1):
        alpha_bar = (1 - betas[:t]).prod()
        assert_gaussian(run(t, *way), alpha_bar.sqrt() * X_0, 1 - alpha_bar)


def test_the_chain_is_q():
    assert_is_q(run_chain)


def test_the_closed_form_is_q():
    assert_is_q(run_closed_form)


def wrong_step(keep, add, draw=torch.randn):
    def step(x, t, schedule, generator):
        noise = draw(x.shape, generator=generator, dtype=x.dtype)
        return keep(schedule, t) * x + add(schedule, t) * noise

    return step


KEEP, ADD = (lambda s, t: s.alpha(t).sqrt()), (lambda s, t: s.beta(t).sqrt())
A_BAR, B_BAR = (lambda s, t: s.signal_rate(t)), (lambda s, t: s.noise_rate(t))


def scaled_rand(*args, **kwargs):
    return (torch.rand(*args, **kwargs) - 0.5) * 12**0.5  # mean 0 and variance 1, but no Gaussian


WRONG_STEPS = {
    "β for √β": wrong_step(KEEP, lambda s, t: s.beta(t)),
    "dropped √(1−β)": wrong_step(lambda s, t: 1, ADD),
    "1−β for √(1−β)": wrong_step(lambda s, t: s.alpha(t), ADD),
    "rand for randn": wrong_step(KEEP, ADD, torch.rand),
    "index off by one": wrong_step(
        lambda s, t: s.alpha(min(t + 1, STEPS)).sqrt(),
        lambda s, t: s.beta(min(t + 1, STEPS)).sqrt(),
    ),
    "nothing wrong": wrong_step(KEEP, ADD),
}
WRONG_JUMPS = {
    "ᾱ for √ᾱ": wrong_step(lambda s, t: s.alpha_bar(t), B_BAR),
    "√ᾱ for ᾱ": wrong_step(
        lambda s, t: s.signal_rate(t).sqrt(), lambda s, t: (1 - s.signal_rate(t)).sqrt()
    ),
    "1−ᾱ for √(1−ᾱ)": wrong_step(A_BAR, lambda s, t: 1 - s.alpha_bar(t)),
    "dropped √ᾱ": wrong_step(lambda s, t: 1, B_BAR),
    "α for ᾱ": wrong_step(KEEP, ADD),
    "rand for randn": wrong_step(A_BAR, B_BAR, torch.rand),
    "rescaled rand": wrong_step(A_BAR, B_BAR, scaled_rand),
    "index off by one": wrong_step(
        lambda s, t: s.signal_rate(t - 1), lambda s, t: s.noise_rate(t - 1)
    ),
    "nothing wrong": wrong_step(A_BAR, B_BAR),
}


@pytest.mark.parametrize("bug", WRONG_STEPS)
def test_a_wrong_step_is_noticed(bug):
    assert_noticed(run_chain, WRONG_STEPS, bug)


@pytest.mark.parametrize("bug", WRONG_JUMPS)
def test_a_wrong_jump_is_noticed(bug):
    assert_noticed(run_closed_form, WRONG_JUMPS, bug)


def assert_noticed(run, ways, bug):
    if bug == "nothing wrong":  # so that what is rejected above is the bug and not the harness
        assert_is_q(run, ways[bug])
    else:
        with pytest.raises(AssertionError, match="worst"):
            assert_is_q(run, ways[bug])


def test_only_the_fourth_moment_notices_a_rescaled_uniform():
    with pytest.raises(AssertionError, match="fourth moment"):
        assert_is_q(run_closed_form, WRONG_JUMPS["rescaled rand"])


# ---------------------------------------------------------------- shapes, dtypes, times, gradients


@pytest.mark.parametrize("function", [forward_step, q_sample])
@pytest.mark.parametrize("shape", [(3,), (3, 2), (3, 8, 8), (3, 1, 8, 8), (3, 3, 4, 5, 6)])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_each_element_is_blended_with_its_own_t(function, shape, dtype):
    schedule = NoiseSchedule(time_steps=10)
    x, noise = gaussian(*shape, seed=1).to(dtype), gaussian(*shape, seed=2).to(dtype)
    t = torch.tensor([1, 10, 4])
    x_t = function(x, t, schedule, noise)
    assert x_t.shape == x.shape and x_t.dtype == dtype
    for i in range(3):
        assert torch.equal(
            x_t[i : i + 1], function(x[i : i + 1], int(t[i]), schedule, noise[i : i + 1])
        )


def test_time_zero_is_the_clean_picture():
    x_0 = gaussian(2, 3)
    assert torch.equal(q_sample(x_0, 0, SCHEDULE), x_0)
    assert q_sample(x_0, 0, SCHEDULE).data_ptr() != x_0.data_ptr()


@pytest.mark.parametrize("function", [forward_step, q_sample])
def test_inputs_are_left_alone_and_the_generator_is_used(function):
    x, noise = gaussian(2, 3), gaussian(2, 3, seed=1)
    before = x.clone(), noise.clone()
    function(x, 2, SCHEDULE, noise)
    assert torch.equal(x, before[0]) and torch.equal(noise, before[1])

    global_state = torch.get_rng_state()
    first, again, other = (
        function(x, 2, SCHEDULE, generator=torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), global_state)
    # What it draws is the noise that a reader would draw.
    assert torch.equal(first, function(x, 2, SCHEDULE, gaussian(2, 3, seed=0)))


@pytest.mark.parametrize("function", [forward_step, q_sample])
def test_gradients_flow_to_x(function):
    x = gaussian(2, 3).requires_grad_()
    function(x, 2, SCHEDULE).sum().backward()
    rate = SCHEDULE.alpha(2) if function is forward_step else SCHEDULE.alpha_bar(2)
    assert_close(x.grad, rate.sqrt().double().expand(2, 3), rtol=1e-6, atol=0)


def test_the_chain_yields_T_new_tensors_and_draws_lazily():
    x_0 = gaussian(2, 3)
    generator = torch.Generator().manual_seed(0)
    chain = list(forward_chain(x_0, SCHEDULE, generator=generator))
    assert len(chain) == STEPS
    assert len({x.data_ptr() for x in [x_0, *chain]}) == STEPS + 1
    # The noise is drawn one step at a time, in order.
    generator = torch.Generator().manual_seed(0)
    noises = [torch.randn(2, 3, generator=generator, dtype=x_0.dtype) for _ in range(STEPS)]
    for ours, given_noise in zip(chain, forward_chain(x_0, SCHEDULE, noises), strict=True):
        assert torch.equal(ours, given_noise)


# ---------------------------------------------------------------- one clear sentence for nonsense

X = torch.zeros(2, 3)


@pytest.mark.parametrize("function", [forward_step, q_sample])
@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (
            {"x": torch.zeros(2, 3, dtype=torch.uint8)},
            TypeError,
            "floating-point tensor.*uint8.*scale",
        ),
        ({"x": torch.zeros(2, 3, dtype=torch.bool)}, TypeError, "floating-point tensor.*bool"),
        ({"x": torch.zeros(2, 3, dtype=torch.complex64)}, TypeError, "floating-point tensor"),
        ({"x": [0.0, 1.0]}, TypeError, "floating-point tensor, not list"),
        ({"x": torch.tensor(0.0)}, ValueError, r"^x must have the shape \(B, …\).*0-dimensional"),
        ({"noise": torch.zeros(3, 2)}, ValueError, r"noise must have the shape \(2, 3\).*\(3, 2\)"),
        ({"noise": torch.zeros(3)}, ValueError, "noise must have the shape"),
        (
            {"noise": torch.zeros(2, 3, dtype=torch.float64)},
            TypeError,
            r"same dtype, torch\.float32, not torch\.float64\.$",
        ),
        ({"noise": 0.5}, TypeError, "noise must be a tensor.*not float"),
        ({"t": torch.tensor([1, 2, 3])}, ValueError, r"shape \(2,\), one time per element.*\(3,\)"),
        ({"t": torch.tensor([[1, 2]])}, ValueError, "one time per element"),
        ({"t": 1.0}, TypeError, "t must be an int"),
        ({"t": True}, TypeError, "t must be an int"),
        ({"t": torch.tensor([1.0, 2.0])}, TypeError, "integer tensor"),
        ({"t": STEPS + 1}, ValueError, f"… {STEPS}.*but it is {STEPS + 1}"),
        ({"t": torch.tensor([1, -1])}, ValueError, "but it is -1"),
    ],
)
def test_bad_input_gets_a_sentence(function, arguments, error, words):
    call = {"x": X, "t": 1, "noise": None} | arguments
    with pytest.raises(error, match=words):
        function(call["x"], call["t"], SCHEDULE, call["noise"])


def test_no_step_leads_to_time_zero():
    with pytest.raises(ValueError, match="t = 0 is the clean data"):
        forward_step(X, 0, SCHEDULE)


def test_noise_on_another_device_is_refused():
    with pytest.raises(ValueError, match="device"):
        q_sample(X, 1, SCHEDULE, torch.zeros(2, 3, device="meta"))


@pytest.mark.parametrize(
    ("noises", "error", "words"),
    [
        (
            torch.zeros(STEPS - 1, 2, 3),
            ValueError,
            f"one tensor per step, {STEPS} in all.*{STEPS - 1}",
        ),
        ([torch.zeros(2, 3)] * (STEPS + 1), ValueError, "one tensor per step"),
        (
            [torch.zeros(2, 3)] * (STEPS - 1) + [torch.zeros(2)],
            ValueError,
            "noise must have the shape",
        ),
        (torch.zeros(STEPS, 2, 3, dtype=torch.float64), TypeError, "same dtype"),
        ((torch.zeros(2, 3) for _ in range(STEPS)), TypeError, "a list of tensors, not generator"),
        (torch.tensor(0.0), ValueError, "0-dimensional"),
    ],
)
def test_bad_noises_are_refused_at_the_call(noises, error, words):
    with pytest.raises(error, match=words):
        forward_chain(X, SCHEDULE, noises)  # and not at the first next()


def test_the_chain_refuses_bad_data_at_the_call():
    with pytest.raises(TypeError, match="floating-point"):
        forward_chain(X.int(), SCHEDULE)


@pytest.mark.parametrize(
    ("noises", "error", "words"),
    [
        ([], ValueError, f"1 … {STEPS}.*0 tensors"),
        (torch.zeros(STEPS + 1, 2), ValueError, f"1 … {STEPS}"),
        ([torch.zeros(2), torch.zeros(3)], ValueError, "noise must have the shape"),
        ([torch.zeros(2), torch.zeros(2).double()], TypeError, "same dtype"),
        (
            [torch.zeros(2).int()],
            TypeError,
            "noises must be a floating-point tensor of 16 bits or more, not torch.int",
        ),
        ([0.5, 0.5], TypeError, "noises must be a floating-point tensor, not float"),
        ([torch.tensor(0.5)], ValueError, "0-dimensional"),
        (
            torch.tensor(0.5),
            ValueError,
            r"^noises must have the shape \(steps, B, …\), but it is 0-",
        ),
        ((torch.zeros(2) for _ in range(2)), TypeError, "a list of tensors, not generator"),
        (None, TypeError, "a list of tensors, not NoneType"),
    ],
)
def test_collapse_noise_refuses_nonsense(noises, error, words):
    with pytest.raises(error, match=words):
        collapse_noise(noises, SCHEDULE)
