"""Recorded answers: those of the kernel, each value once, and only where they were asked for."""

import itertools
import json
import random

import pytest
import torch

from diffusion import NoiseSchedule
from diffusion.teaching.bugs import BUGS
from diffusion.teaching.widgets import BugLab, ScheduleExplorer
from diffusion.teaching.widgets.explorer import MOST
from diffusion.teaching.widgets.recording import Recording


def explorer():
    pictures = torch.randn((2, 3, 8, 8), generator=torch.Generator().manual_seed(0))
    return ScheduleExplorer(pictures[0].clamp(-1, 1), pictures[1])


def lab():
    x_0 = torch.linspace(-1, 1, 16).view(1, 4, 4)
    tests = {"largest": (lambda sample: sample(6)[1].abs().max(), 4)}
    return BugLab(x_0, NoiseSchedule(0.05, 0.4, 6), tests)


@pytest.fixture(params=[explorer, lab])
def widget(request, monkeypatch):
    monkeypatch.setenv("DIFFUSION_STANDALONE", "1")
    return request.param()


def recording_of(widget):
    return next(child for child in widget.children if isinstance(child, Recording))


def recorded(recording, setting):
    """What the page sets for this setting: {(widget, trait): value}."""
    index = list(itertools.product(*recording.grid)).index(tuple(setting))
    cells = zip(recording.columns, recording.rows[index], strict=True)
    return {
        (recording.targets[at], name): recording.values[value]
        for (at, name), value in cells
        if value >= 0
    }


def synced(recording):
    return {
        (target, name): getattr(target, name)
        for target in recording.targets
        for name in target.keys
        if name not in ("t", "revision")
    }


def move(recording, setting):
    moves = zip(recording.controls, recording.traits_of_controls, setting, strict=True)
    for control, trait, value in moves:
        setattr(control, trait, value)


def test_the_page_sets_what_the_kernel_would(widget):
    """Move one control after the other: the kernel changes what was recorded, and no more."""
    recording = recording_of(widget)
    # An axis this short is recorded as it is.
    grid = [[n for n in numbers if n <= MOST] for numbers in recording.grid]
    generator = random.Random(0)
    setting = [numbers[-2] for numbers in grid]
    move(recording, setting)
    page = synced(recording)
    for _ in range(60):
        i = generator.randrange(len(grid))
        setting[i] = generator.choice(grid[i])
        move(recording, setting)
        page |= recorded(recording, setting)
        assert page == synced(recording), setting


def test_a_long_axis_is_recorded_at_every_so_manyth_step(monkeypatch):
    monkeypatch.setenv("DIFFUSION_STANDALONE", "1")
    it = explorer()
    for steps in (200, 2000):
        setting = (1e-3, 0.02, steps)
        page = recorded(recording_of(it), setting)
        move(recording_of(it), setting)
        timeline, curves = it._scrub.timeline, it._curves
        some = slice(None, None, steps // MOST)
        assert page[timeline, "last"] == MOST
        assert page[timeline, "labels"] == timeline.labels[some]
        for name, texts in page[timeline, "readouts"].items():
            assert texts == timeline.readouts[name][some]
        for view in (timeline, it._picture, it._strip):
            rates = torch.frombuffer(bytearray(page[view, "signal_rates"]), dtype=torch.float32)
            assert torch.equal(rates, view.axis.signal_rates[some])
            assert [int(page[view, "labels"][t]) for t in page[view, "ticks"]] == view.ticks
        values = torch.frombuffer(bytearray(page[curves, "values"]), dtype=torch.float32)
        exact = torch.frombuffer(bytearray(curves.values), dtype=torch.float32)
        assert torch.equal(values.view(3, -1), exact.view(3, -1)[:, some])
        assert [MOST * t // steps for t in it._strip.moments] == page[it._strip, "moments"]
        assert page[it._meter, "value"] == it._meter.value


def test_the_questions_of_the_lesson_are_recorded(monkeypatch):
    monkeypatch.setenv("DIFFUSION_STANDALONE", "1")
    it = explorer()
    recording = recording_of(it)
    for steps in (50, 100, 200, 500, 1000, 2000):
        assert (it._picture, "signal_rates") in recorded(recording, (1e-4, 0.02, steps))
    assert "78 % of" in recorded(recording, (1e-4, 0.02, 50))[it._meter, "value"]
    assert "nats: noise." in recorded(recording, (1e-4, 0.33, 50))[it._meter, "value"]
    assert "noise." in recorded(recording, (0.01, 0.01, 1000))[it._meter, "value"]
    # What is impossible gets its sentence, and nothing else.
    [(place, sentence)] = recorded(recording, (1e-4, 1.0, 50)).items()
    assert place == (it._meter, "value") and "but it is 1.0. The last schedule" in sentence
    named = list(filter(None, recording.names))
    assert f"of {len(named)} schedules" in recording.note and 250 <= len(named) <= 400
    assert "Shown: β = 0.0001 … 0.33, T = 50." in named


def test_it_is_small_and_holds_each_value_once(widget):
    recording = recording_of(widget)
    values = [v if isinstance(v, bytes) else json.dumps(v) for v in recording.values]
    assert len(set(values)) == len(values)
    assert {value for row in recording.rows for value in row} - {-1} == set(range(len(values)))
    text = json.dumps(recording._get_embed_state(), ensure_ascii=False)
    assert len(text.encode()) < 1_300_000


def test_recording_leaves_the_widget_as_it_was(widget, monkeypatch):
    monkeypatch.delenv("DIFFUSION_STANDALONE")
    fresh = lab() if isinstance(widget, BugLab) else explorer()
    assert repr(widget) == repr(fresh)
    parts = [(widget._scrub.timeline, fresh._scrub.timeline), (widget._picture, fresh._picture)]
    for one, other in parts:
        names = set(one.keys) - {"layout"}
        assert all(getattr(one, name) == getattr(other, name) for name in names)


@pytest.mark.parametrize("value", [None, "", "0"])
def test_nothing_is_recorded_unless_asked_for(value, monkeypatch):
    monkeypatch.delenv("DIFFUSION_STANDALONE", raising=False)
    if value is not None:
        monkeypatch.setenv("DIFFUSION_STANDALONE", value)
    for widget in (explorer(), lab()):
        assert not any(isinstance(child, Recording) for child in widget.children)


def test_the_repr_is_short_and_the_same_every_time(widget):
    count = len(BUGS) if isinstance(widget, BugLab) else 550
    assert repr(recording_of(widget)) == f"recording of {count} answers"
