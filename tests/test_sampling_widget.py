"""Sampling in the page, on the Python side: what is sent, what is refused, and the picture."""

import pytest
import torch
import traitlets
from page import received
from torch import nn

from diffusion import NoiseSchedule
from diffusion.teaching import plots
from diffusion.teaching.mixtures import Mixture, sliced_wasserstein, spiral
from diffusion.teaching.networks import PointNetwork
from diffusion.teaching.widgets import Sampler

TEN, FOUR = NoiseSchedule(0.01, 0.6, 10), NoiseSchedule.cosine(4)
GUESSERS = {"the network": PointNetwork(), "the best": spiral()}
FAR = Mixture(torch.tensor([[5.0, 0.0], [0.0, 1.0]]), width=0.5)


def sampler(**changes):
    schedules = {"10 steps": TEN, "4 steps": FOUR}
    return Sampler(**{"guessers": GUESSERS, "schedules": schedules, "data": spiral()} | changes)


def diverged():
    network = PointNetwork()
    nn.init.constant_(network.layers[2].bias, torch.nan)
    return network


def test_weights_blobs_and_betas_travel_with_all_their_digits():
    sent = received(sampler())
    (name, network), (other, best) = sent["guessers"]
    assert (name, other) == ("the network", "the best")
    parameters = list(GUESSERS["the network"].parameters())
    arrived = [layer[kind] for layer in network["layers"] for kind in ("weight", "bias")]
    for ours, theirs in zip(parameters, arrived, strict=True):
        assert torch.equal(ours.detach().flatten(), torch.tensor(theirs))
    assert network["told_t"] is True
    blind = sampler(guessers={"blind": PointNetwork(told_t=False)})
    assert received(blind)["guessers"][0][1]["told_t"] is False

    assert best["width"] == 0.08 and sent["data"]["width"] == 0.08
    assert torch.equal(torch.tensor(best["centres"]), spiral().centres.double().flatten())
    for (name, betas), schedule in zip(sent["schedules"], (TEN, FOUR), strict=True):
        t = torch.arange(1, len(schedule) + 1)
        assert torch.equal(torch.tensor(betas), schedule.beta(t, torch.float64))
        assert name == f"{len(schedule)} steps"
    assert sum(map(len, sampler().buffers)) < 140_000


def test_plane_and_chart_have_room_for_the_data():
    assert sampler().spec["limit"] == 3.5
    assert received(sampler(data=FAR))["limit"] >= 5 + 3 * 0.5
    for data in (spiral(), FAR):
        *_, most = received(sampler(data=data))["y_ticks"]
        generator = torch.Generator().manual_seed(1)
        noise = torch.randn(2000, 2, generator=generator)
        far = sliced_wasserstein(noise, data.draw(2000, generator))
        assert 1.2 * far < most < 2 * far + 0.1


def test_what_is_chosen_can_be_set_and_is_in_the_name():
    it = sampler(count=60)
    assert repr(it) == "sampler of 60 points: the network, 10 steps"
    it.guesser, it.steps, it.draw, it.position = "the best", "4 steps", 3, 4
    assert repr(it) == "sampler of 60 points: the best, 4 steps"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("guesser", "nobody", "guesser must be one of the network, the best, not 'nobody'"),
        ("steps", "5 steps", "steps must be one of 10 steps, 4 steps, not '5 steps'"),
        ("draw", -1, "draw must be in 0 … 1000000, not -1"),
        ("position", 11, "position must be in 0 … 10, not 11"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(name, value, words):
    it = sampler()
    before = getattr(it, name)
    with pytest.raises(traitlets.TraitError, match=words):
        setattr(it, name, value)
    assert getattr(it, name) == before


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"guessers": {}}, ValueError, "guessers must hold at least one to choose from"),
        ({"guessers": PointNetwork()}, TypeError, "guessers must be a dict such as"),
        ({"guessers": {"it": nn.Linear(2, 2)}}, TypeError, "guessers must be a dict such as"),
        ({"guessers": {1: spiral()}}, TypeError, "guessers must be a dict such as"),
        ({"guessers": {"it": diverged()}}, ValueError, "'it' has weights that are not finite"),
        ({"guessers": {"it": Mixture(torch.zeros(3, 1, 8, 8))}}, ValueError, r"points \(K, 2\)"),
        ({"schedules": {}}, ValueError, "schedules must hold at least one to choose from"),
        ({"schedules": [TEN]}, TypeError, "schedules must be a dict such as"),
        ({"schedules": {"it": TEN.betas}}, TypeError, "schedules must be a dict such as"),
        ({"schedules": {"it": NoiseSchedule(time_steps=1001)}}, ValueError, "'it' has 1001"),
        ({"data": spiral().centres}, TypeError, "data must be a Mixture, not Tensor"),
        ({"data": Mixture(torch.zeros(3, 5))}, ValueError, r"'data' must have points \(K, 2\)"),
        ({"data": Mixture(torch.tensor([[0, torch.inf]]))}, ValueError, "that are not finite"),
        ({"count": 1}, ValueError, "count must be in 2 … 1000, not 1"),
        ({"count": 2.0}, TypeError, "count must be an integer, not 2.0"),
        ({"seed": -1}, ValueError, "seed must be in 0 … 4294967295, not -1"),
        ({"seed": None}, TypeError, "seed must be an integer, not None"),
    ],
)
def test_nonsense_gets_a_sentence(changes, error, words):
    with pytest.raises(error, match=words):
        sampler(**changes)


def test_the_picture_is_a_walk_that_ends_at_the_data(monkeypatch):
    seen = []
    monkeypatch.setattr(plots, "filmstrip", lambda *given: seen.append(given) or b"a picture")
    data = Mixture(torch.tensor([[1.75, 1.75]]))  # all of it in one place
    schedule = NoiseSchedule(0.001, 0.2, 100)
    sampler(guessers={"the best": data}, schedules={"it": schedule}, data=data).still()
    ((rows, labels),) = seen
    assert labels == ["t = 100", "t = 50", "t = 25", "t = 10", "t = 0"]
    ((name, stills),) = rows
    inked = [(still < 255).sum().item() for still in stills]
    assert name == "the best" and inked[0] > 300 and inked[-1] == 1
    assert inked[1:] == sorted(inked[1:], reverse=True)
    assert stills[-1][31, 96] < 255  # of 128, at three quarters of the way from left and bottom


def test_the_picture_is_that_of_the_network_as_it_was():
    network = PointNetwork().double()  # as well
    it = sampler(guessers={"the network": network})
    before = it.still()
    nn.init.constant_(network.layers[-1].bias, 5)
    assert it.still() == before != sampler(guessers={"the network": network}).still()
