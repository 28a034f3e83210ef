"""The game of black and mid-grey, on the Python side: what is sent, and what is refused."""

import math

import pytest
import traitlets

from diffusion import NoiseSchedule
from diffusion.teaching import plots
from diffusion.teaching.widgets import LeakGame

LINEAR, COSINE = NoiseSchedule.linear(), NoiseSchedule.cosine()
ANSWER = {"said": "black", "was": "grey", "mean": -0.01}


def game(**changes):
    return LeakGame(**{"schedules": {"linear": LINEAR, "cosine": COSINE}} | changes)


def test_the_rates_at_the_end_travel_with_all_their_digits():
    (name, signal, noise), (other, *_) = game().spec["schedules"]
    assert (name, other) == ("linear", "cosine")
    alpha_bar = math.prod(1 - (1e-4 + (0.02 - 1e-4) * s / 999) for s in range(1000))
    assert signal == pytest.approx(math.sqrt(alpha_bar), rel=1e-12)
    assert noise == pytest.approx(math.sqrt(1 - alpha_bar), rel=1e-12)


def test_the_name_says_what_was_played():
    it = game()
    said = "game of 20 rounds, black or mid-grey? linear, 32 × 32: 0 played so far"
    assert repr(it) == said
    it.answers = {"linear 32": [ANSWER, ANSWER], "cosine 512": [ANSWER]}
    assert repr(it) == said.replace("0 played", "2 played")
    it.schedule, it.size = "cosine", 512
    assert repr(it).endswith("cosine, 512 × 512: 1 played so far")


def test_the_fallback_is_x_T_of_both_for_each_schedule(monkeypatch):
    seen = []
    monkeypatch.setattr(plots, "filmstrip", lambda *given: seen.append(given) or b"a picture")
    wide = NoiseSchedule.constant(0.5, 2)  # √ᾱ_T = ½: something to be seen
    it = game(schedules={"wide": wide, "linear": LINEAR})
    data, _ = it._repr_mimebundle_()
    assert "x_T of a black and of a mid-grey picture at the end of: wide, linear" in str(data)
    ((rows, labels),) = seen
    assert [name for name, _ in rows] == ["wide", "linear"] and labels == ["black", "mid-grey"]
    black, grey = (x.double() for x in rows[0][1])
    inside = (black > 0) & (grey < 255)
    assert (grey - black)[inside].mean() == pytest.approx(127.5 / 2, abs=0.1)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"schedules": {}}, ValueError, "schedules must hold at least one schedule"),
        ({"schedules": [LINEAR]}, TypeError, "schedules must be a dict such as"),
        ({"schedules": {"linear": LINEAR.betas}}, TypeError, "schedules must be a dict such as"),
        ({"schedules": {1: LINEAR}}, TypeError, "schedules must be a dict such as"),
        ({"sizes": 32}, TypeError, "sizes must be a list of integers, not int"),
        ({"sizes": "32"}, TypeError, "sizes must be a list of integers, not str"),
        ({"sizes": (32, 64.0)}, TypeError, "a size must be an integer, not 64.0"),
        ({"sizes": (True, 64)}, TypeError, "a size must be an integer, not True"),
        ({"sizes": (0, 64)}, ValueError, "a size must be in 1 … 1024, not 0"),
        ({"sizes": (32, 4096)}, ValueError, "a size must be in 1 … 1024, not 4096"),
        ({"sizes": (64, 32)}, ValueError, r"each above the one before, not \[64, 32\]"),
        ({"sizes": (32, 32)}, ValueError, "two or more"),
        ({"sizes": (32,)}, ValueError, "two or more"),
        ({"sizes": ()}, ValueError, "two or more"),
        ({"rounds": 0}, ValueError, "rounds must be in 1 … 1000, not 0"),
        ({"rounds": 2.5}, TypeError, "rounds must be an integer, not 2.5"),
        ({"seed": -1}, ValueError, "seed must be in 0 … 4294967295, not -1"),
        ({"seed": "a"}, TypeError, "seed must be an integer, not 'a'"),
    ],
)
def test_nonsense_gets_a_sentence(changes, error, words):
    with pytest.raises(error, match=words):
        game(**changes)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("schedule", "sigmoid", "schedule must be one of linear, cosine, not 'sigmoid'"),
        ("size", 33, "size must be one of 32, 64, 128, 256, 512, not 33"),
        ("round", -1, "round must be in 0 … 1000000, not -1"),
        ("answers", {"linear 33": []}, "there is no setting 'linear 33' in this game"),
        ("answers", {"linear 32": {}}, "the answers at 'linear 32' must be a list of"),
        ("answers", {"linear 32": ["black"]}, "must be a list of"),
        ("answers", {"linear 32": [{"said": "black"}]}, "must be a list of"),
        ("answers", {"linear 32": [ANSWER | {"said": "white"}]}, "must be a list of"),
        ("answers", {"linear 32": [ANSWER | {"was": ["grey"]}]}, "must be a list of"),
        ("answers", {"linear 32": [ANSWER | {"mean": "0"}]}, "must be a list of"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(name, value, words):
    it = game()
    before = getattr(it, name)
    with pytest.raises(traitlets.TraitError, match=words):
        setattr(it, name, value)
    assert getattr(it, name) == before
