"""A training that is shown: what is learned, what is sent to the page, and how it ends."""

import copy
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from page import received
from torch import nn
from torch.testing import assert_close

from diffusion.teaching import training
from diffusion.teaching.training import train
from diffusion.teaching.widgets.scrub import Scrub


def task(seed=0, stop_at=None):
    """A small network and the loss of a regression; `stop_at`: how often before an interrupt."""
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(2, 2, generator=generator)
    network = nn.Linear(2, 2)
    with torch.no_grad():
        network.weight.copy_(torch.randn(2, 2, generator=generator))
        network.bias.zero_()

    def loss():
        loss.calls += 1
        if loss.calls - 1 == stop_at:
            raise KeyboardInterrupt
        x = torch.randn(16, 2, generator=generator)
        return (network(x) - x @ weights).square().mean()

    loss.calls = 0
    return network, loss


def plain_loop(network, loss, steps, total_steps, learning_rate):
    """The same with nothing but torch: the losses, and the weights after each step."""
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=total_steps)
    losses, weights = [], [copy.deepcopy(network.state_dict())]
    for _ in range(steps):
        error = loss()
        losses.append(error.item())
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        rate.step()
        weights.append(copy.deepcopy(network.state_dict()))
    return torch.tensor(losses), weights


@pytest.fixture
def shown(monkeypatch):
    """What is displayed and what is sent to it later: here, the first and the last alone."""
    seen = SimpleNamespace(displayed=[], states=[])

    def note(it):
        seen.states.append(received(it) | {"position": it.position})

    def display(it):
        seen.displayed.append(it)
        note(it)

    def show(it, *views, at):
        Scrub.show(it, *views, at=at)
        note(it)

    monkeypatch.setattr(training, "display", display)
    monkeypatch.setattr(training._TrainingScrub, "show", show, raising=False)
    monkeypatch.setattr(training, "PAUSE", 1000)
    return seen


@pytest.fixture
def all_shown(shown, monkeypatch):
    """The same, and all in between: a training so slow that there is time for every message."""
    monkeypatch.setattr(training, "PAUSE", -1)
    return shown


def curve(state, index=0):
    return state["views"][-1]["curves"][index]


@pytest.mark.parametrize("steps", [1, 7, 150])
def test_it_learns_as_a_plain_loop_does(shown, steps):
    network, loss = task()
    with warnings.catch_warnings(action="error"):
        losses = train(network, loss, steps, 0.05)
    other, other_loss = task()
    expected, weights = plain_loop(other, other_loss, steps, steps, 0.05)
    assert losses.shape == (steps,) and not losses.requires_grad
    assert_close(losses, expected, rtol=1e-4, atol=1e-6)
    assert_close(network.state_dict(), weights[-1], rtol=1e-4, atol=1e-5)
    assert loss.calls == steps


def test_it_draws_nothing_itself(shown):
    torch.manual_seed(3)
    network, loss = task()
    before = torch.get_rng_state()
    train(network, loss, 20)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("steps", "stops"), [(600, 60), (150, 60), (7, 7), (1, 1)])
def test_the_curve_is_the_mean_since_the_stop_before(shown, steps, stops):
    losses = train(*task(), steps, 0.05, limit=0.25).double().numpy()
    [it] = shown.displayed
    assert it.position == it.axis.last == stops and it.at == steps
    values = it.axis.values.tolist()
    assert values[0] == 0 and values[-1] == steps
    assert max(np.diff(values)) <= max(1, round(steps / stops) + 1)
    pieces = np.split(losses, values[1:-1])
    expected = np.array([losses[0], *(piece.mean() for piece in pieces)])
    np.testing.assert_allclose(curve(shown.states[-1])["values"], expected, 1e-5)
    assert curve(shown.states[-1], 1)["values"].tolist() == [0.25] * (stops + 1)
    assert curve(shown.states[-1], 1)["tone"] != curve(shown.states[-1])["tone"]
    assert shown.states[-1]["axis"]["labels"] == [str(value) for value in values]


def test_the_curve_grows_and_the_slider_is_at_its_end(all_shown):
    train(*task(), 120)
    assert [state["position"] for state in all_shown.states] == list(range(61))
    final = curve(all_shown.states[-1])["values"]
    assert np.isfinite(final).all()
    for state in all_shown.states:
        now = state["position"]
        known, later = np.split(curve(state)["values"], [now + 1])
        assert np.array_equal(known, final[: now + 1]) and np.isnan(later).all()


def test_messages_are_few_and_the_last_one_tells_all(shown):
    train(*task(), 120)
    assert [state["position"] for state in shown.states] == [0, 60]
    assert np.isfinite(curve(shown.states[-1])["values"]).all()


def test_the_points_are_those_of_the_weights_then(all_shown):
    network, loss = task()
    asked = []

    def samples():
        asked.append(network.weight.detach().clone())
        assert not torch.is_grad_enabled()
        return torch.cat([network.weight, torch.tensor([[1000.0, -500.0]])])

    losses = train(network, loss, 120, 0.05, samples=samples)
    other, other_loss = task()
    expected, weights = plain_loop(other, other_loss, 120, 120, 0.05)
    assert_close(losses, expected, rtol=1e-4, atol=1e-6)  # as without them
    assert len(asked) == 6
    for place in range(6):
        assert_close(asked[place], weights[24 * place]["weight"], rtol=1e-4, atol=1e-5)

    assert len(all_shown.states) == 61
    for state in all_shown.states:
        points = state["views"][0]
        assert (points["kind"], points["count"]) == ("points", 3)
        frames = points["frames"].reshape(61, 3, 2) * points["limit"] / 2047
        held = [min(stop, state["position"]) // 12 for stop in range(61)]
        expected = torch.stack(asked)[held].numpy()
        np.testing.assert_allclose(frames[:, :2], expected, atol=1e-3)
        edge = points["limit"]
        np.testing.assert_allclose(frames[:, 2], np.tile([edge, -edge / 2], (61, 1)), atol=0.06)


@pytest.mark.parametrize("stop_at", [0, 1, 37, 99])
def test_an_interrupt_keeps_what_was_learned(shown, capfd, stop_at):
    network, loss = task(stop_at=stop_at)
    losses = train(network, loss, 100, 0.05)
    other, other_loss = task()
    expected, weights = plain_loop(other, other_loss, stop_at, 100, 0.05)
    assert_close(losses, expected, rtol=1e-4, atol=1e-6)
    assert_close(network.state_dict(), weights[-1], rtol=1e-4, atol=1e-5)
    said = f"Stopped after {stop_at} of 100 steps; the network keeps what it has learned.\n"
    assert capfd.readouterr() == (said, "")
    if stop_at:
        [it] = shown.displayed
        known = np.isfinite(curve(shown.states[-1])["values"])
        assert len(shown.states) == (1 if stop_at == 1 else 2)  # what there was no time for
        assert it.axis.values[known].max() == it.at <= stop_at < it.at + 3


def test_without_a_widget_there_is_a_text_that_holds_no_results(shown):
    def text(seed):
        network, loss = task(seed)
        train(network, loss, 30, limit=0.1, samples=lambda: network.weight)
        data, _ = shown.displayed[-1]._repr_mimebundle_()
        assert not {"image/png", "text/html"} & set(data)
        return data["text/plain"]

    assert text(0) == text(1)
    assert text(0) == "training in 30 steps: 2 points samples, curves mean loss, limit"


class Unchanged(Exception):
    pass


def stop(calls):
    """A loss that is good for some calls and then raises something of its own."""
    network, loss = task()

    def failing():
        if loss.calls == calls:
            raise Unchanged
        return loss()

    return network, failing


def test_what_fails_raises_and_what_was_reached_is_shown(shown):
    with pytest.raises(Unchanged):
        train(*stop(30), 60)
    assert [state["position"] for state in shown.states] == [0, 29]


def lost(value, at):
    """A loss that is no number at one step."""
    network, loss = task()
    return network, lambda: loss() * (value if loss.calls == at else 1.0)


NETWORK, LOSS = task()
NONE = torch.no_grad()


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((print, LOSS), TypeError, "network must be a torch.nn.Module, not builtin"),
        ((NETWORK, torch.ones(())), TypeError, "loss must be a function .* not Tensor; .*brackets"),
        ((NETWORK, LOSS, 10, 0.1, None, [3]), TypeError, "samples must be a function .* not list"),
        ((NETWORK, LOSS, 2.0), TypeError, "steps must be an integer, not float"),
        ((NETWORK, LOSS, 0), ValueError, "steps must be at least 1, but it is 0"),
        ((NETWORK, LOSS, 5, 0.0), ValueError, "learning_rate must be above 0, but it is 0.0"),
        ((NETWORK, LOSS, 5, "fast"), TypeError, "learning_rate must be a number, not str"),
        ((NETWORK, LOSS, 5, 0.1, "low"), TypeError, "limit must be a number, not str"),
        ((NETWORK, lambda: 0.3), TypeError, r"loss\(\) must return a scalar tensor, not float"),
        ((NETWORK, lambda: LOSS().expand(3)), ValueError, r"its shape is \(3,\); take the mean"),
        ((NETWORK, lambda: LOSS().detach()), ValueError, "with gradients: something in it is det"),
        ((NETWORK, NONE(LOSS)), ValueError, r"or runs under torch.no_grad\(\)"),
        ((nn.Linear(2, 2), LOSS), ValueError, "loss does not depend on this network; .* anew"),
        (lost(torch.nan, 1), ValueError, "loss at step 1 is nan: the data or the weights hold"),
        ((NETWORK, LOSS, 5, 0.1, None, lambda: 3), TypeError, r"samples\(\) must .* not int"),
        *[
            ((NETWORK, LOSS, 5, 0.1, None, lambda x=x: x), ValueError, words)
            for x, words in [
                (torch.ones(3), r"points \(N, 2\), not \(3,\)"),
                (torch.ones(3, 1), r"points \(N, 2\), not \(3, 1\)"),
                (torch.ones(0, 2), r"points \(N, 2\), not \(0, 2\)"),
                (torch.full((3, 2), torch.inf), "finite numbers"),
            ]
        ],
    ],
)
def test_nonsense_gets_a_sentence_and_nothing_is_shown_or_learned(shown, arguments, error, words):
    before = copy.deepcopy(NETWORK.state_dict())
    with pytest.raises(error, match=words):
        train(*arguments)
    assert shown.displayed == []
    assert_close(NETWORK.state_dict(), before, rtol=0, atol=0)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_loss_that_is_lost_says_at_which_step(shown, value):
    words = f"loss at step 13 is {value}: lower the learning rate, which is 0.1, and train a new"
    with pytest.raises(ValueError, match=words):
        train(*lost(value, 13), 20, 0.1)
    assert curve(shown.states[-1])["values"].size == 21


def test_as_many_points_each_time(shown):
    network, loss = task()
    sizes = iter([5, 5, 4])
    with pytest.raises(ValueError, match="as many points each time"):
        train(network, loss, 60, samples=lambda: torch.zeros(next(sizes), 2))
    assert shown.states[-1]["views"][0]["count"] == 5
