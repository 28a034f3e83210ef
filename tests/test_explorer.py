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
