"""The schedule explorer from Python: its sliders, its meter, and what it refuses."""

import pytest
import torch
import traitlets

from diffusion import NoiseSchedule
from diffusion.teaching.widgets import ScheduleExplorer
from diffusion.teaching.widgets.explorer import kl_from_noise


def gaussian(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def explorer():
    x_0 = gaussian(3, 8, 8).clamp(-1, 1)
    return ScheduleExplorer(x_0, gaussian(3, 8, 8, seed=1), alt="a picture")


@pytest.mark.parametrize("time_steps", [1, 50, 1000, 20_000])
def test_kl_is_that_of_the_two_normals(time_steps):
    x_0, schedule = gaussian(3, 4, 4), NoiseSchedule(time_steps=time_steps)
    rates = (schedule.signal_rate(time_steps), schedule.noise_rate(time_steps))
    end = torch.distributions.Normal(rates[0].double() * x_0, rates[1].double())
    noise = torch.distributions.Normal(torch.zeros_like(x_0).double(), 1.0)
    expected = torch.distributions.kl_divergence(end, noise).sum().item()
    assert kl_from_noise(x_0, schedule) == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_kl_is_right_also_where_next_to_nothing_is_left():
    x_0, schedule = gaussian(3, 4, 4).clamp(-1, 1), NoiseSchedule(1e-4, 0.999, 50)
    expected = 0.5 * schedule.alpha_bar(50).item() * (x_0**2).sum().item()  # to first order in ᾱ
    assert kl_from_noise(x_0, schedule) == pytest.approx(expected, rel=1e-3, abs=0)


def test_a_slider_changes_everything_at_once(explorer):
    explorer._scrub.t = 500
    explorer.time_steps.value = 200
    assert repr(explorer.schedule) == repr(NoiseSchedule(time_steps=200))
    assert explorer.message.startswith("The end: √ᾱ_T = 0.3636, SNR_T = −8.2 dB, KL = ")
    assert explorer.message.endswith("nats: 36 % of the picture is left.")
    views = [*explorer._scrub.views, explorer._scrub.timeline, explorer._strip]
    assert {view.last for view in views} == {200} and {view.revision for view in views} == {1}
    assert explorer._scrub.t == 100  # half the way, as before
    assert explorer._strip.moments == [0, 20, 50, 100, 200]

    explorer.beta_end.value = 0.1
    assert repr(explorer.schedule) == repr(NoiseSchedule(beta_end=0.1, time_steps=200))
    assert explorer.message.endswith("noise.")


def test_the_impossible_gets_a_sentence_and_changes_nothing(explorer):
    before = explorer.schedule
    explorer.beta_end.value = 1.0
    assert explorer.message == (
        "beta_end is a variance and must lie strictly between 0 and 1, but it is 1.0. "
        "The last schedule stays."
    )
    assert explorer.schedule is before and explorer._strip.revision == 0
    explorer.beta_end.value = 0.02
    explorer.time_steps.value = 0
    assert explorer.message.startswith("time_steps must be at least 1")
    explorer.time_steps.value = 1000
    assert explorer.message.startswith("The end: ")
    assert "_T" not in explorer._meter.value and "<sub>T</sub>" in explorer._meter.value


@pytest.mark.parametrize("name", ["beta_start", "beta_end", "time_steps"])
@pytest.mark.parametrize("value", [float("nan"), "abc", None])
def test_what_is_no_number_is_refused(explorer, name, value):
    slider = getattr(explorer, name)
    before = (slider.value, explorer.message, explorer.schedule)
    with pytest.raises(
        traitlets.TraitError, match=r"(must be|expected) an? (number|float|int), not"
    ):
        slider.value = value
    assert (slider.value, explorer.message, explorer.schedule) == before
    assert explorer._scrub.timeline.revision == 0


@pytest.mark.parametrize("value", [-5, 10**9, float("inf")])
def test_what_is_off_a_slider_becomes_its_end(explorer, value):
    for slider in (explorer.beta_start, explorer.beta_end):
        slider.value = value
        assert slider.value == (slider.min if value < 0 else slider.max)
    assert explorer.message.endswith("The last schedule stays.")


def test_one_step_is_a_schedule_too_and_the_place_is_kept(explorer):
    explorer._scrub.t = 300
    explorer.time_steps.value = 1
    assert explorer._scrub.timeline.last == 1
    explorer.time_steps.value = 500
    assert explorer._scrub.t == 150
    explorer._scrub.t = 50
    explorer.time_steps.value = 1000
    assert explorer._scrub.t == 100


def test_repr_and_fallback(explorer):
    assert repr(explorer) == "explorer of β = 0.0001 … 0.02, T = 1000"
    data = explorer._repr_mimebundle_()
    assert data["text/plain"] == repr(explorer)
    assert "image/png" in data and "a picture at five moments. The end" in data["text/html"]
