"""The schedule explorer from Python: its numbers, and what it refuses. See also tests/browser."""

import pytest
import torch
import traitlets

from diffusion import NoiseSchedule
from diffusion.teaching.widgets import ScheduleExplorer

X_0, NOISE = torch.randn((2, 3, 8, 6), generator=torch.Generator().manual_seed(0)).clamp(-1, 1)


@pytest.fixture
def explorer():
    return ScheduleExplorer(X_0, NOISE, alt="a picture")


def test_the_schedule_has_the_numbers_of_the_handles(explorer):
    assert repr(explorer.schedule) == repr(NoiseSchedule())
    explorer.beta_start, explorer.beta_end, explorer.time_steps = 1e-3, 0.33, 50
    assert repr(explorer.schedule) == repr(NoiseSchedule(1e-3, 0.33, 50))
    assert repr(explorer) == "explorer of β = 0.001 … 0.33, T = 50"
    explorer.beta_end = 1  # can be set, and the page says that there is no such schedule
    with pytest.raises(ValueError, match=r"beta_end .* must lie strictly between 0 and 1"):
        _ = explorer.schedule


SCHEDULES = {
    "linear": (NoiseSchedule(), "β = 0.0001 … 0.02, "),
    "scaled linear": (NoiseSchedule.scaled_linear(), "β = 0.00085 … 0.012, "),
    "scaled linear, rescaled": (
        NoiseSchedule.scaled_linear().rescaled(),
        "β = 0.00085 … 0.012, ",
    ),
    "cosine": (NoiseSchedule.cosine(), ""),
    "sigmoid": (NoiseSchedule.sigmoid(), ""),
    "constant": (NoiseSchedule.constant(), "β = 0.01, "),
}


def test_each_shape_is_the_schedule_with_that_name():
    explorer = ScheduleExplorer(X_0, NOISE, shapes=list(SCHEDULES))
    assert explorer.shape == "linear"
    for shape, (schedule, betas) in [*SCHEDULES.items(), *list(SCHEDULES.items())[:1]]:
        explorer.shape = shape  # and β goes to where this one starts
        assert explorer.schedule == schedule
        assert repr(explorer) == f"explorer of {shape}, {betas}T = 1000"
        explorer.beta_start, explorer.beta_end = 0.3, 0.4  # as the next one finds it
    explorer.time_steps, explorer.shape = 50, "cosine"
    assert explorer.schedule == NoiseSchedule.cosine(50)
    explorer.shape, explorer.beta_start, explorer.beta_end = "scaled linear", 0.1, 0.3
    assert explorer.schedule == NoiseSchedule.scaled_linear(0.1, 0.3, 50)
    explorer.shape, explorer.time_steps = "scaled linear, rescaled", 1
    with pytest.raises(ValueError, match="rescaling needs a schedule with two steps or more"):
        _ = explorer.schedule


@pytest.mark.parametrize("first", SCHEDULES)
def test_the_first_shape_is_shown_at_the_beginning(first):
    explorer = ScheduleExplorer(X_0, NOISE, shapes=[first])
    assert explorer.shape == first and explorer.schedule == SCHEDULES[first][0]


def test_what_the_page_has_chosen_is_taken_as_it_is():
    explorer = ScheduleExplorer(X_0, NOISE, shapes=["linear", "constant"])
    explorer.set_state({"shape": "constant", "beta_start": 0.3, "beta_end": 0.4})
    assert (explorer.shape, explorer.beta_start, explorer.beta_end) == ("constant", 0.3, 0.4)


@pytest.mark.parametrize("shapes", [[], (), "cosine", ["cosine", "spiral"], [None], [["linear"]]])
def test_shapes_that_nobody_knows_are_refused(shapes):
    with pytest.raises(ValueError, match=r"^shapes must be a list of names out of 'linear', .*\.$"):
        ScheduleExplorer(X_0, NOISE, shapes=shapes)


def test_a_shape_that_is_not_there_to_be_chosen_is_refused():
    explorer = ScheduleExplorer(X_0, NOISE, shapes=["linear", "cosine"])
    explorer.beta_start = 0.1
    for shape in ("sigmoid", "", "Linear"):
        words = rf"^shape must be one of 'linear', 'cosine', not '{shape}'\.$"
        with pytest.raises(traitlets.TraitError, match=words):
            explorer.shape = shape
        assert (explorer.shape, explorer.beta_start) == ("linear", 0.1)


@pytest.mark.parametrize(
    ("names", "values", "words"),
    [
        (["beta_start", "beta_end"], [-1e-9, 1.001, float("nan"), float("inf")], "in 0 … 1, not"),
        (["time_steps"], [0, -5, 10_001, True], "must be in 1 … 10000, not"),
        (["position"], [-1, 10_001, True], "must be in 0 … 10000, not"),
        (["beta_start", "beta_end"], ["0.1", None], "expected a float, not"),
        (["time_steps", "position"], ["5", None, 1.5, float("nan")], "expected an int, not"),
    ],
)
def test_what_is_off_a_handle_is_refused(explorer, names, values, words):
    before = explorer.get_state()
    for name in names:
        for value in values:
            with pytest.raises(traitlets.TraitError, match=words) as refusal:
                setattr(explorer, name, value)
            assert name in str(refusal.value)
    assert explorer.get_state() == before


def test_repr_and_fallback(explorer):
    assert repr(explorer) == "explorer of β = 0.0001 … 0.02, T = 1000"
    data, _ = explorer._repr_mimebundle_()
    assert 'alt="a picture at five moments, over handles for β and T"' in data["text/html"]
