"""The classic bugs: each is the bug that its line of code would be; and the lab that shows them."""

import math

import pytest
import torch
import traitlets
from oracles import assert_gaussian
from page import received
from torch.testing import assert_close

from diffusion import NoiseSchedule, q_sample
from diffusion.teaching.bugs import BUGS, Bug
from diffusion.teaching.widgets import BugLab

SCHEDULE = NoiseSchedule(0.05, 0.4, 6)
X_0 = torch.linspace(-1, 1, 16).view(1, 4, 4)
BUG = {bug.name: bug for bug in BUGS}


def walked(keep, add, t, runs=40_000):
    """The chain with these factors, step by step."""
    generator = torch.Generator().manual_seed(5)
    x_t = X_0.expand(runs, -1, -1, -1)
    for step in range(1, t + 1):
        noise = torch.randn(x_t.shape, generator=generator)
        x_t = keep(step) * x_t + add(step) * noise
    return x_t


@pytest.mark.parametrize(
    ("name", "keep", "add"),
    [
        ("β for √β", lambda t: SCHEDULE.alpha(t).sqrt(), lambda t: SCHEDULE.beta(t)),
        ("√(1−β) dropped", lambda t: 1, lambda t: SCHEDULE.beta(t).sqrt()),
    ],
)
@pytest.mark.parametrize("t", [1, 2, 6])
def test_a_wrong_step_is_followed_through_the_chain(name, keep, add, t):
    signal_rates, noise_rates = BUG[name].rates(SCHEDULE)
    mean, variance = signal_rates[t] * X_0.flatten(), noise_rates[t] ** 2
    assert_gaussian(walked(keep, add, t).flatten(1), mean, variance)
    _, x_t, _ = BUG[name].sampler(X_0, SCHEDULE, runs=40_000)(t)
    assert_gaussian(x_t.flatten(1), mean, variance)


@pytest.mark.parametrize("t", [0, 1, 4, 6])
def test_the_other_bugs_are_what_their_lines_say(t):
    samples = {name: bug.sampler(X_0, SCHEDULE, runs=50)(t) for name, bug in BUG.items()}
    for name, (x_0, x_t, noise) in samples.items():
        assert x_t.shape == noise.shape == (50, 1, 4, 4), name
        expected = (X_0 + 1) / 2 if name == "images in [0, 1]" else X_0
        assert torch.equal(x_0, expected), name

    def jump(name, at):
        x_0, _, noise = samples[name]
        return q_sample(x_0.expand(50, -1, -1, -1), at, SCHEDULE, noise)

    for name in ("no bug", "rand for randn", "images in [0, 1]"):
        assert_close(samples[name][1], jump(name, t))
    assert_close(samples["index off by one"][1], jump("index off by one", max(t - 1, 0)))
    x_0, x_t, noise = samples["√ᾱ for ᾱ"]
    alpha_bar = SCHEDULE.alpha_bar(t).sqrt()
    assert_close(x_t, alpha_bar.sqrt() * x_0 + (1 - alpha_bar).sqrt() * noise)
    rand = samples["rand for randn"][2]
    assert 0 <= rand.min() and rand.max() < 1 and rand.std() < 0.35
    _, x_t, other = samples["other noise returned"]
    assert_close(x_t, samples["no bug"][1])
    assert abs(torch.corrcoef(torch.stack([other, samples["no bug"][2]]).flatten(1))[0, 1]) < 0.2


def test_a_sampler_repeats_itself_in_any_order():
    first, second = (Bug("none").sampler(X_0, SCHEDULE, runs=3) for _ in range(2))
    a, b = first(2)[1], first(5)[1]
    assert torch.equal(second(5)[1], b) and torch.equal(second(2)[1], a)
    assert not torch.equal(first(2)[2], first(5)[2])


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_line_in_pieces_is_both_lines(bug):
    lines = {kind: "".join(t for k, t in bug.changes() if k != kind) for kind in ("gone", "new")}
    assert lines == {"gone": bug.wrong, "new": bug.right}


@pytest.mark.parametrize(
    ("name", "gone", "new"),
    [
        ("β for √β", ".sqrt()", ""),
        ("√(1−β) dropped", " schedule.alpha(t).sqrt() *", ""),
        ("rand for randn", "randn", "rand"),
        ("index off by one", "", " - 1"),
        ("√ᾱ for ᾱ", "", ".sqrt()"),
        ("other noise returned", ", noise", "  # draws noise of its own"),
        ("images in [0, 1]", "127.5 - 1", "255"),
    ],
)
def test_only_what_differs_is_marked(name, gone, new):
    pieces = [(kind, text) for kind, text in BUG[name].changes() if kind != "same"]
    assert pieces == [(k, text) for k, text in (("gone", gone), ("new", new)) if text]


# ------------------------------------------------------------------------------ the lab


def some_lab():
    def variances(sample):
        x_0, x_t, _ = sample(3)
        u = (x_t - SCHEDULE.signal_rate(3) * x_0) / SCHEDULE.noise_rate(3)
        return ((u.var(dim=0) - 1) * math.sqrt(len(u) / 2)).abs().max()

    def largest(sample):
        return sample(6)[1].abs().max() / 1000

    return BugLab(X_0, SCHEDULE, {"<var>": (variances, 4.5), "large": (largest, 0.1)}, alt="a ramp")


def test_all_bugs_are_sent_with_what_the_tests_say_of_them():
    lab = some_lab()
    assert list(lab.noticed) == [entry["name"] for entry in lab.spec["bugs"]] == list(BUG)
    assert lab.noticed["no bug"] == {"<var>": False, "large": False}
    assert lab.noticed["β for √β"] == {"<var>": True, "large": False}
    for bug, entry in zip(BUGS, lab.spec["bugs"], strict=True):
        assert entry["line"] == bug.changes()
        names, measured, limits, noticed = zip(*entry["rows"], strict=True)
        assert dict(zip(names, noticed, strict=True)) == lab.noticed[bug.name]
        assert limits == ("4.5", "0.1")
        for number, limit, above in zip(measured, (4.5, 0.1), noticed, strict=True):
            assert len(number) <= 6 and (float(number) > limit) == above


def test_mean_and_deviation_are_those_of_the_picture():
    for bug, entry in zip(BUGS, received(some_lab())["bugs"], strict=True):
        ours, readouts = entry["views"][0], dict(entry["axis"]["readouts"])
        for t in (0, 3, 6):
            x_0 = torch.tensor(ours["x_0"]) / 127.5 - 1
            noise = torch.tensor(ours["noise"]) * ours["noise_unit"]
            x_t = ours["signal_rates"][t] * x_0 + ours["noise_rates"][t] * noise
            mean = float(readouts["mean"][t].replace("−", "-"))
            assert mean == pytest.approx(x_t.mean().item(), abs=0.015), bug.name
            deviation = float(readouts["standard deviation"][t])
            assert deviation == pytest.approx(x_t.std().item(), abs=0.015), bug.name


def test_the_slider_stops_at_a_hundred_t_and_begins_at_a_tenth_of_the_way():
    lab = BugLab(X_0, NoiseSchedule(), {})
    axis = lab.spec["bugs"][0]["axis"]
    assert axis["labels"] == [str(t) for t in range(0, 1001, 10)] and lab.position == 10


@pytest.mark.parametrize(("name", "last"), [("choice", len(BUGS) - 1), ("position", 6)])
def test_no_other_bug_or_place_can_be_chosen(name, last):
    lab = some_lab()
    setattr(lab, name, last)
    for value in (-1, last + 1, 10**9, True, "no bug", None, 1.5, float("nan")):
        words = f"{name} must be in 0 … {last}, not {value}|'{name}' trait .* expected an int"
        with pytest.raises(traitlets.TraitError, match=words):
            setattr(lab, name, value)
        assert getattr(lab, name) == last


def test_repr_and_fallback():
    data, _ = some_lab()._repr_mimebundle_()
    assert data["text/plain"] == f"bug lab of {len(BUGS) - 1} bugs, each beside the right code"
    assert "a ramp, noised by the code of each button, and as it should be" in data["text/html"]
