"""The chain, the closed form, and the proof that they are one process."""

from itertools import islice

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import assert_gaussian, gaussian, seeded
from torch.testing import assert_close

from diffusion import NoiseSchedule, collapse_noise, forward_chain, forward_step, q_sample

RUNS, STEPS = 20_000, 4
# Large steps, so that a wrong coefficient shows at every t.
SCHEDULE = NoiseSchedule(0.05, 0.4, STEPS)
# Far from mean 0 and variance 1, so that errors in the mean show too.
X_0 = torch.linspace(-2, 3, 32, dtype=torch.float64)


# ---------------------------------------------------------------- the two ways are one process


@pytest.mark.parametrize("t", [1, 2, 500, 1000])
def test_chain_and_closed_form_agree_to_1e_12(t):
    schedule = NoiseSchedule()
    x_0, noises = gaussian((5, 8), seed=1), gaussian((1000, 5, 8), seed=2)
    x_t = next(islice(forward_chain(x_0, schedule, noises), t - 1, None))
    closed = q_sample(x_0, t, schedule, collapse_noise(noises[:t], schedule))
    assert (x_t - closed).abs().max() <= 1e-12


@given(
    betas=st.lists(st.floats(1e-4, 0.99), min_size=1, max_size=12),
    shape=st.lists(st.integers(1, 3), min_size=1, max_size=4),
    seed=st.integers(0, 1000),
)
@settings(max_examples=30)
def test_chain_and_closed_form_agree_for_any_schedule_and_shape(betas, shape, seed):
    schedule = NoiseSchedule.from_betas(betas)
    x_0, noises = gaussian(shape, seed=seed), gaussian((len(betas), *shape), seed=seed + 1)
    for t, x_t in enumerate(forward_chain(x_0, schedule, noises), start=1):
        closed = q_sample(x_0, t, schedule, collapse_noise(noises[:t], schedule))
        assert_close(x_t, closed, rtol=0, atol=1e-12)


def test_collapse_noise_survives_an_alpha_bar_that_underflows():
    noises, schedule = gaussian((3000, 2)), NoiseSchedule(0.4, 0.4, 3000)
    assert schedule.alpha_bar(3000, torch.float64) == 0
    *_, x_t = forward_chain(torch.zeros(2, dtype=torch.float64), schedule, noises)
    assert_close(collapse_noise(list(noises), schedule), x_t)


# ---------------------------------------------------------------- the distribution, per element


def chain(t):
    generator, x = seeded(t), X_0.expand(RUNS, -1)
    for s in range(1, t + 1):
        x = forward_step(x, s, SCHEDULE, generator=generator)
    return x


def jump(t):
    return q_sample(X_0.expand(RUNS, -1), t, SCHEDULE, generator=seeded(t))


@pytest.mark.parametrize("run", [chain, jump])
def test_it_is_q(run):
    """`run(t)` draws from q(x_t | x_0) = N(√ᾱ_t x_0, (1 − ᾱ_t) I) at every t."""
    betas = torch.linspace(0.05, 0.4, STEPS, dtype=torch.float64)
    for t in range(1, STEPS + 1):
        alpha_bar = (1 - betas[:t]).prod()
        assert_gaussian(run(t), alpha_bar.sqrt() * X_0, 1 - alpha_bar)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda draws: draws + 0.02, "mean: "),
        (lambda draws: draws * 1.02, "variance: "),
        # Of mean 0 and variance 1, but no Gaussian.
        (lambda draws: (torch.rand(draws.shape, generator=seeded()) - 0.5) * 12**0.5, "fourth"),
    ],
)
def test_the_statistics_notice_a_small_error(wrong, words):
    draws = gaussian((RUNS, 32))
    assert_gaussian(draws, torch.zeros(32), 1)
    with pytest.raises(AssertionError, match=words):
        assert_gaussian(wrong(draws), torch.zeros(32), 1)


# ---------------------------------------------------------------- what each leaves and draws


def test_time_zero_is_the_clean_picture():
    x_0 = gaussian((2, 3))
    x_t = q_sample(x_0, 0, SCHEDULE)
    assert torch.equal(x_t, x_0) and x_t.data_ptr() != x_0.data_ptr()


@pytest.mark.parametrize("function", [forward_step, q_sample])
def test_inputs_are_left_alone_and_the_generator_is_used(function):
    x, noise = gaussian((2, 3)), gaussian((2, 3), seed=1)
    before = x.clone(), noise.clone()
    expected = function(x, 2, SCHEDULE, noise)
    assert torch.equal(x, before[0]) and torch.equal(noise, before[1])
    global_state = torch.get_rng_state()
    # What it draws is the noise that a reader would draw.
    assert torch.equal(function(x, 2, SCHEDULE, generator=seeded(1)), expected)
    assert torch.equal(torch.get_rng_state(), global_state)


def test_the_chain_yields_T_new_tensors_and_draws_lazily():
    x_0 = gaussian((2, 3))
    x_ts = list(forward_chain(x_0, SCHEDULE, generator=seeded()))
    assert len(x_ts) == STEPS
    assert len({x.data_ptr() for x in [x_0, *x_ts]}) == STEPS + 1
    # The noise is drawn one step at a time, in order.
    generator = seeded()
    noises = [torch.randn(2, 3, generator=generator, dtype=x_0.dtype) for _ in range(STEPS)]
    for ours, given_noise in zip(x_ts, forward_chain(x_0, SCHEDULE, noises), strict=True):
        assert torch.equal(ours, given_noise)


# ---------------------------------------------------------------- one clear sentence for nonsense

X = torch.zeros(2, 3)


@pytest.mark.parametrize("function", [forward_step, q_sample])
@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"noise": torch.zeros(3, 2)}, ValueError, r"noise must have the shape \(2, 3\).*\(3, 2\)"),
        ({"noise": torch.zeros(3)}, ValueError, "noise must have the shape"),
        ({"noise": X.double()}, TypeError, r"same dtype, torch\.float32, not torch\.float64\.$"),
        ({"noise": 0.5}, TypeError, "noise must be a tensor.*not float"),
        ({"noise": X.to("meta")}, ValueError, "on the device cpu, but it is on meta"),
        ({"t": torch.tensor([1, 2, 3])}, ValueError, r"shape \(2,\), one time per element.*\(3,\)"),
        ({"t": torch.tensor([[1, 2]])}, ValueError, "one time per element"),
        ({"t": 1.0}, TypeError, "t must be an int"),
        ({"t": torch.tensor([1.0, 2.0])}, TypeError, "integer tensor"),
        ({"t": STEPS + 1}, ValueError, f"… {STEPS}.*but it is {STEPS + 1}"),
        ({"t": torch.tensor([1, -1])}, ValueError, "but it is -1"),
    ],
)
def test_bad_input_gets_a_sentence(function, arguments, error, words):
    call = {"t": 1, "noise": None} | arguments
    with pytest.raises(error, match=words):
        function(X, call["t"], SCHEDULE, call["noise"])


@pytest.mark.parametrize(
    ("noises", "error", "words"),
    [
        (X.expand(STEPS - 1, 2, 3), ValueError, f"one tensor per step, {STEPS} .*{STEPS - 1}"),
        ([X] * (STEPS + 1), ValueError, "one tensor per step"),
        ([X] * (STEPS - 1) + [X[0]], ValueError, "noise must have the shape"),
        (X.double().expand(STEPS, 2, 3), TypeError, "same dtype"),
        ((X for _ in range(STEPS)), TypeError, "a list of tensors, not generator"),
        (torch.tensor(0.0), ValueError, "0-dimensional"),
    ],
)
def test_bad_noises_are_refused_at_the_call(noises, error, words):
    with pytest.raises(error, match=words):
        forward_chain(X, SCHEDULE, noises)  # and not at the first next()


def test_the_chain_refuses_bad_data_at_the_call():
    with pytest.raises(TypeError, match="floating-point"):
        forward_chain(X.int(), SCHEDULE)


NO_SHAPE = r"^noises must have the shape \(steps, B, …\), but it is 0-"


@pytest.mark.parametrize(
    ("noises", "error", "words"),
    [
        ([], ValueError, f"1 … {STEPS}.*0 tensors"),
        (torch.zeros(STEPS + 1, 2), ValueError, f"1 … {STEPS}"),
        ([torch.zeros(2), torch.zeros(3)], ValueError, "noise must have the shape"),
        ([torch.zeros(2), torch.zeros(2).double()], TypeError, "same dtype"),
        ([0.5, 0.5], TypeError, "noises must be a floating-point tensor, not float"),
        ([torch.tensor(0.5)], ValueError, r"^noises must have the shape \(B, …\).*0-dimensional"),
        (torch.tensor(0.5), ValueError, NO_SHAPE),
        ((torch.zeros(2) for _ in range(2)), TypeError, "a list of tensors, not generator"),
        (None, TypeError, "a list of tensors, not NoneType"),
    ],
)
def test_collapse_noise_refuses_nonsense(noises, error, words):
    with pytest.raises(error, match=words):
        collapse_noise(noises, SCHEDULE)
