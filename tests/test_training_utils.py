"""sample_xt: each element at a time of its own, x_t from q(x_t | x_0) at that time; and fast."""

import pytest
import torch
from oracles import assert_gaussian, gaussian, seeded
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode

from diffusion import NoiseSchedule, sample_xt

STEPS = 4
SCHEDULE = NoiseSchedule(0.05, 0.4, STEPS)
ALPHA_BARS = (1 - torch.linspace(0.05, 0.4, STEPS, dtype=torch.float64)).cumprod(0)
X_0 = torch.linspace(-2, 3, 16, dtype=torch.float64)


def test_x_t_is_the_blend_of_x_0_and_the_returned_noise_at_the_returned_t():
    x_0 = gaussian((64, 3, 4, 4), seed=1)
    x_t, noise, t = sample_xt(x_0, SCHEDULE, seeded())
    assert t.shape == (64,) and t.dtype == torch.int64 and noise.dtype == x_0.dtype
    for i in range(64):
        alpha_bar = ALPHA_BARS[t[i] - 1]
        assert_close(x_t[i], alpha_bar.sqrt() * x_0[i] + (1 - alpha_bar).sqrt() * noise[i])


def test_x_t_is_q_at_a_time_that_is_uniform_on_1_to_T():
    """Given t, element by element: x_t ~ N(√ᾱ_t x_0, (1 − ᾱ_t) I) and noise ~ N(0, I)."""
    x_t, noise, t = sample_xt(X_0.expand(80_000, -1), SCHEDULE, seeded())
    assert_gaussian(noise, torch.zeros(16), 1.0)
    for step, alpha_bar in enumerate(ALPHA_BARS, start=1):
        assert_gaussian(x_t[t == step], alpha_bar.sqrt() * X_0, 1 - alpha_bar)
    counts, expected = torch.bincount(t, minlength=STEPS + 1), 80_000 / STEPS
    assert counts[0] == 0 and len(counts) == STEPS + 1
    assert ((counts[1:] - expected).abs() < 5 * (expected * (1 - 1 / STEPS)) ** 0.5).all()


def test_the_generator_alone_decides_first_on_t_and_then_on_the_noise():
    global_state = torch.get_rng_state()
    _, noise, t = sample_xt(torch.zeros(8, 2), SCHEDULE, seeded(3))
    again = seeded(3)
    assert torch.equal(t, torch.randint(1, STEPS + 1, (8,), generator=again))
    assert torch.equal(noise, torch.randn(8, 2, generator=again))
    assert torch.equal(torch.get_rng_state(), global_state)


def test_gradients_flow_to_x_0_and_not_to_the_noise():
    x_0 = gaussian((3, 2)).requires_grad_()
    x_t, noise, t = sample_xt(x_0, SCHEDULE)
    x_t.sum().backward()
    rate = SCHEDULE.signal_rate(t, torch.float64).view(3, 1)
    assert torch.equal(x_0.grad, rate.expand(3, 2)) and not noise.requires_grad


# ---------------------------------------------------------------- fast


def test_nothing_waits_for_a_gpu():
    """On a tensor that says that it is on a GPU, and has no values that anybody could wait for."""
    schedule = NoiseSchedule()
    with FakeTensorMode(allow_non_fake_inputs=True):
        for _ in range(2):
            for made in sample_xt(torch.empty(8, 2, device="cuda"), schedule):
                assert made.device.type == "cuda"
        sample_xt(torch.empty(8, 2), schedule)
    assert all(type(made) is torch.Tensor for made in sample_xt(torch.zeros(8, 2), schedule))


class Sizes(TorchDispatchMode):
    """The number of elements in each tensor that an operation gives."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        self.seen += [each.numel() for each in torch.utils._pytree.tree_leaves(made)]
        return made


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_the_second_call_copies_no_table(dtype):
    x_0, schedule = torch.zeros(8, 2, dtype=dtype), NoiseSchedule()
    for largest in (2 * 1001, 2 * 8):  # a table of 0 … T, then nothing beyond the batch
        with Sizes() as sizes:
            sample_xt(x_0, schedule)
        assert max(sizes.seen) == largest


def test_it_can_be_compiled():
    compiled, x_0 = torch.compile(sample_xt, fullgraph=True, backend="eager"), gaussian((8, 2))
    schedule = NoiseSchedule()
    for _ in range(2):
        torch.manual_seed(0)
        made = compiled(x_0, schedule)
        torch.manual_seed(0)
        for ours, plain in zip(made, sample_xt(x_0, schedule), strict=True):
            assert torch.equal(ours, plain)
