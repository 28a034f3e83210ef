"""The classic bugs: each is the bug that its line of code would be; and the lab that shows them."""

import math

import pytest
import torch
import traitlets
from oracles import assert_gaussian
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


# ------------------------------------------------------------------------------ the lab


def some_lab():
    def variances(sample):
        x_0, x_t, _ = sample(3)
        u = (x_t - SCHEDULE.signal_rate(3) * x_0) / SCHEDULE.noise_rate(3)
        return ((u.var(dim=0) - 1) * math.sqrt(len(u) / 2)).abs().max()

    def largest(sample):
        return sample(6)[1].abs().max()

    return BugLab(X_0, SCHEDULE, {"<var>": (variances, 5), "large": (largest, 100)}, alt="a ramp")


def test_a_button_puts_a_bug_in():
    lab = some_lab()
    assert repr(lab) == "bug lab, no bug: noticed by no test"
    right = lab._scrub.views[1].still(4)
    assert torch.equal(lab._picture.still(4), right)
    for name, bug in BUG.items():
        lab.buttons.value = name
        assert lab.bug is bug and repr(lab).startswith(f"bug lab, {name}: noticed by ")
        assert_close(lab._scrub.timeline.axis.signal_rates, bug.rates(SCHEDULE)[0])
        same = name in ("no bug", "other noise returned")
        assert torch.equal(lab._picture.still(4), right) == same, name
        assert torch.equal(lab._scrub.views[1].still(4), right)
    lab.buttons.value = "β for √β"
    assert lab.noticed == {"<var>": True, "large": False}
    assert repr(lab) == "bug lab, β for √β: noticed by <var>"


@pytest.mark.parametrize(
    ("name", "value"),
    [("value", "no such bug"), ("value", 3), ("value", None), ("index", None), ("index", 10**9)],
)
def test_no_other_button_can_be_chosen(name, value):
    lab = some_lab()
    lab.buttons.value = "β for √β"
    words = "choose one of the bugs, for example 'no bug'; 'β for √β' stays|Invalid selection"
    with pytest.raises((ValueError, traitlets.TraitError), match=words):
        setattr(lab.buttons, name, value)
    assert lab.buttons.value == lab.bug.name == "β for √β" and lab.buttons.index == 1
    assert torch.equal(lab._picture.film.axis.noise_rates, lab.bug.rates(SCHEDULE)[1])


def test_the_place_on_the_timeline_stays():
    lab = some_lab()
    lab._scrub.t = 5
    lab.buttons.value = "√ᾱ for ᾱ"
    assert lab._scrub.t == 5 and {view.t for view in lab._scrub.views} == {5}


def test_mean_and_deviation_are_those_of_the_picture():
    lab = some_lab()
    for name in BUG:
        lab.buttons.value = name
        axis, film = lab._scrub.timeline.axis, lab._picture.film
        for t in (0, 3, 6):
            values = film.at(t)
            mean = float(axis.readouts["mean"][t].replace("−", "-"))
            assert mean == pytest.approx(values.mean().item(), abs=0.0051)
            deviation = float(axis.readouts["standard deviation"][t])
            assert deviation == pytest.approx(values.std().item(), abs=0.0051)


def test_names_never_become_html():
    lab = some_lab()
    lab.buttons.value = "β for √β"
    for text in (lab._report.value, lab._line.value):
        assert "<var>" not in text
    assert "&lt;var&gt;" in lab._report.value and "<strong>notices" in lab._report.value
    assert "schedule.beta(t) * noise" in lab._line.value


def test_the_fallback_is_a_picture_with_a_text_alternative():
    data = some_lab()._repr_mimebundle_()
    assert data["text/plain"] == "bug lab, no bug: noticed by no test"
    assert "a ramp, noised by this code, and as it should be." in data["text/html"]
    assert data["image/png"] and "application/vnd.jupyter.widget-view+json" in data
