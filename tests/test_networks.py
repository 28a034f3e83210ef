"""What the networks are told, that they use it, and that they learn."""

import math
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from oracles import gaussian, seeded
from torch.nn.functional import mse_loss
from torch.testing import assert_close

from diffusion import NoiseSchedule, sample_xt
from diffusion.teaching.images import load_digits
from diffusion.teaching.mixtures import spiral
from diffusion.teaching.networks import DigitNetwork, PointNetwork, noise_level

SCHEDULE = NoiseSchedule(0.001, 0.2, 100)
# The same walk in half as many steps: its t is twice as far.
HALF = NoiseSchedule.from_alpha_bars(SCHEDULE.alpha_bar(torch.arange(2, 101, 2), torch.float64))
DIGITS, LABELS = load_digits(Path(__file__).parents[1] / "data" / "digits.png")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_noise_level_is_both_rates_and_a_sixth_of_log_snr(dtype):
    x_t = torch.zeros(3, 2, dtype=dtype)
    alpha_bars = [0.9, 0.5, 1 / (1 + math.exp(6))]
    schedule = NoiseSchedule.from_alpha_bars(alpha_bars)
    snr = [math.log(9) / 6, 0, -1]
    rows = [[a**0.5, (1 - a) ** 0.5, s] for a, s in zip(alpha_bars, snr, strict=True)]
    expected = torch.tensor(rows, dtype=dtype)
    assert_close(noise_level(x_t, torch.tensor([1, 2, 3]), schedule), expected)
    assert_close(noise_level(x_t, 3, schedule), expected[[2, 2, 2]])
    assert noise_level(x_t[:0], 3, schedule).shape == (0, 3)


def denoisers(schedule):
    """Of each network, before it has learned: its guess for a batch of six, and such a batch."""
    torch.manual_seed(0)
    return [
        (PointNetwork().denoiser(schedule), gaussian((6, 2), torch.float32)),
        (DigitNetwork().denoiser(schedule, torch.arange(6)), DIGITS[::290]),
    ]


def test_a_guess_is_like_x_t_and_depends_on_t():
    for guess, x_t in denoisers(SCHEDULE):
        guessed = guess(x_t, torch.tensor([1, 20, 40, 60, 80, 100]))
        assert guessed.shape == x_t.shape and guessed.dtype == x_t.dtype
        for i, t in enumerate((1, 20, 40, 60, 80, 100)):
            assert_close(guess(x_t, t)[i], guessed[i])
        assert (guess(x_t, 1) - guess(x_t, 100)).abs().mean() > 0.01


def test_it_is_the_noise_level_that_counts_whatever_the_schedule():
    for (guess, x_t), (same, _) in zip(denoisers(SCHEDULE), denoisers(HALF), strict=True):
        for t in (1, 25, 50):
            assert_close(guess(x_t, 2 * t), same(x_t, t), rtol=1e-5, atol=1e-5)


def test_a_network_that_is_not_told_t_does_not_know_it():
    x_t, blind = gaussian((6, 2), torch.float32), PointNetwork(told_t=False).denoiser(SCHEDULE)
    assert torch.equal(blind(x_t, torch.full((6,), 1)), blind(x_t, torch.full((6,), 100)))


def test_a_guess_depends_on_the_label_of_its_own_digit_alone():
    network, x_t = DigitNetwork(), gaussian((2, 1, 8, 8), torch.float32)
    one, other = (network.denoiser(SCHEDULE, torch.tensor([3, k]))(x_t, 50) for k in (3, 4))
    assert torch.equal(one[0], other[0]) and (one[1] - other[1]).abs().mean() > 1e-3


def test_where_almost_all_is_noise_a_digit_network_starts_from_x_t():
    network, x_t = DigitNetwork(), gaussian((2, 1, 8, 8), torch.float32)
    torch.nn.init.zeros_(network.leave.weight), torch.nn.init.zeros_(network.leave.bias)
    guess = network.denoiser(SCHEDULE, torch.tensor([0, 1]))
    rates = SCHEDULE.noise_rate(torch.tensor([1, 100])).view(2, 1, 1, 1)
    assert_close(guess(x_t, torch.tensor([1, 100])), rates * x_t)


def test_they_are_as_large_as_they_say_and_use_all_of_it():
    def layers(*sizes):
        return sum((before + 1) * after for before, after in pairwise(sizes))

    blocks = 3 * (2 * 256 + layers(256, 256, 256))
    for network, size in [
        (PointNetwork(), layers(5, 128, 128, 128, 2)),
        (PointNetwork(told_t=False), layers(2, 128, 128, 128, 2)),
        (DigitNetwork(), layers(64 + 3 + 10, 256) + blocks + layers(256, 64)),
    ]:
        assert sum(parameter.numel() for parameter in network.parameters()) == size
    for network, guess, x_t in [
        (points := PointNetwork(), points.denoiser(SCHEDULE), torch.ones(6, 2)),
        (digits := DigitNetwork(), digits.denoiser(SCHEDULE, torch.arange(6)), DIGITS[::290]),
    ]:
        guess(x_t, 50).square().sum().backward()
        assert all((parameter.grad != 0).any() for parameter in network.parameters())


def points():
    network, data, generator = PointNetwork(), spiral(), seeded()
    guess = network.denoiser(SCHEDULE)
    return network, lambda: (guess, data.draw(256, generator)), generator


def digits():
    network, generator = DigitNetwork(), seeded()

    def batch():
        i = torch.randint(len(DIGITS), (64,), generator=generator)
        return network.denoiser(SCHEDULE, LABELS[i]), DIGITS[i]

    return network, batch, generator


@pytest.mark.parametrize(("task", "start", "end"), [(points, 0.9, 0.32), (digits, 0.33, 0.21)])
def test_in_100_steps_it_learns(task, start, end):
    torch.manual_seed(0)
    network, batch, generator = task()
    optimizer, losses = torch.optim.Adam(network.parameters(), lr=2e-3), []
    for _ in range(100):
        guess, x_0 = batch()
        x_t, noise, t = sample_xt(x_0, SCHEDULE, generator)
        loss = mse_loss(guess(x_t, t), noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > start and sum(losses[-20:]) / 20 < end


# ---------------------------------------------------------------- one clear sentence for nonsense


@pytest.mark.parametrize("labels", [[-1, 0], [0, 10], [[0, 1]], 3])
def test_labels_that_are_no_digits_are_refused(labels):
    with pytest.raises(ValueError, match=r"^labels must be digits, 0 … 9, .* of shape \(B,\)\.$"):
        DigitNetwork().denoiser(SCHEDULE, torch.tensor(labels))


def test_labels_for_another_batch_are_refused():
    guess = DigitNetwork().denoiser(SCHEDULE, torch.arange(10))
    with pytest.raises(ValueError, match=r"^there are 10 labels for 2 elements of x_t\.$"):
        guess(DIGITS[:2], 1)


@pytest.mark.parametrize("t", [0, 101, torch.tensor([1, 0])])
def test_a_time_without_a_step_is_refused(t):
    with pytest.raises(ValueError, match=r"^t must be in 1 … 100 .*, but it is (0|101)\.$"):
        PointNetwork().denoiser(SCHEDULE)(torch.zeros(2, 2), t)


def test_each_element_has_a_time_of_its_own_or_all_have_one():
    with pytest.raises(ValueError, match=r"shape \(2,\), one time per element"):
        PointNetwork().denoiser(SCHEDULE)(torch.zeros(2, 2), torch.tensor([1, 2, 3]))
