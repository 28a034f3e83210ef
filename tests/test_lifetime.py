"""What every kind of widget has in common, in an IPython without a browser: its end, and Colab."""

import base64
import sys
from types import SimpleNamespace
from unittest.mock import patch

import pytest
import torch
from IPython import InteractiveShell
from IPython.core.formatters import DisplayFormatter
from ipywidgets.widgets.widget import _instances
from traitlets.config import Config

from diffusion import NoiseSchedule
from diffusion.teaching import plots, training
from diffusion.teaching.mixtures import spiral
from diffusion.teaching.widgets import (
    Blend,
    BugLab,
    CurvesView,
    GuessGame,
    ImageView,
    LeakGame,
    Question,
    Sampler,
    ScheduleDrawing,
    ScheduleExplorer,
    lifetime,
    scrub,
)

SCHEDULE = NoiseSchedule(0.01, 0.3, 20)
X_0 = torch.linspace(-1, 1, 48).view(3, 4, 4)
WIDGET = "application/vnd.jupyter.widget-view+json"


def a_scrub():
    return scrub(ImageView(Blend(X_0, X_0, SCHEDULE)), CurvesView(SCHEDULE))


def a_game():
    return GuessGame(X_0[None], X_0[None], torch.tensor([3]), torch.tensor([4]))


def a_leak():
    return LeakGame({"it": SCHEDULE})


def an_explorer():
    return ScheduleExplorer(X_0, X_0)


def a_drawing():
    return ScheduleDrawing(X_0, X_0)


def a_sampler():
    return Sampler({"the best": spiral()}, {"20 steps": SCHEDULE}, spiral())


def a_lab():
    return BugLab(X_0, SCHEDULE, {"test": (lambda _: 0.0, 1.0)})


def a_question():
    return Question("look", "speckle", {"grey": "The mean.", "speckle": "Each by itself."})


def a_training():
    """What a training displays by itself: no cell has it as its value."""
    network = torch.nn.Linear(2, 2)
    with patch.object(training, "display", wraps=training.display) as display:
        training.train(network, lambda: network(torch.ones(2)).sum(), steps=2)
    return display.call_args.args[0]


with_a_picture = [a_scrub, a_game, a_leak, an_explorer, a_drawing, a_sampler, a_lab]
every_kind = pytest.mark.parametrize("make", [*with_a_picture, a_question, a_training])


@pytest.fixture
def run(monkeypatch, tmp_path):
    """`run("a", code)` runs code as the cell a of a notebook, and gives its last value."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # IPython has its own
    monkeypatch.setattr(plots, "filmstrip", lambda *_: b"")  # slow, and not what this is about
    monkeypatch.setattr(lifetime, "_made", {})
    monkeypatch.setattr(lifetime, "_cell", None)
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shell.events.register("pre_run_cell", lifetime._before_run)

    def run_cell(cell, code):
        result = shell.run_cell(code, store_history=True, cell_id=cell)
        result.raise_error()
        return result.result

    run_cell("imports", "from test_lifetime import *")
    return run_cell


@every_kind
def test_what_is_closed_leaves_nothing_behind(make):
    before = set(_instances)
    it = make()
    assert 1 <= len(_instances) - len(before) <= 3 and it.spec
    for _ in range(2):  # once more does no harm
        it.close()
        assert set(_instances) == before
        assert (it.comm, it.spec, it.buffers) == (None, {}, [])
    assert "0x" not in repr(it)


@every_kind
@pytest.mark.parametrize("code", ["{}()", "it = {}()\nit", "it = {}(); other = {}()"])
def test_a_cell_that_is_run_again_closes_what_it_made(run, make, code):
    code = code.format(make.__name__, make.__name__)
    run("a", code)
    models = len(_instances)
    for _ in range(3):
        run("a", code)
        assert len(_instances) == models
    run("b", "1")
    assert len(_instances) == models  # what the last run made stays


@pytest.mark.parametrize(
    ("why", "cells"),
    [
        ("it was made by another cell", ["a: it = a_scrub()", "b: it", "b: it"]),
        ("another cell makes its like", ["a: it = a_scrub()", "b: other = a_scrub()"]),
        ("nobody knows the cell", ["None: it = a_scrub()", "None: other = a_scrub()"]),
        ("it was made before any cell", ["None: it = a_scrub()", "b: 1", "b: 1"]),
    ],
)
def test_a_widget_stays_because(run, why, cells):
    for line in cells:
        cell, code = line.split(": ", 1)
        run(None if cell == "None" else cell, code)
    assert run("last", "it").comm is not None


@pytest.fixture
def colab(monkeypatch):
    """Google Colab, as far as a widget can tell, and what it wants to be told of a widget."""
    output = SimpleNamespace(
        enable_custom_widget_manager=lambda: None,
        _widgets=SimpleNamespace(_installed_url="https://example.org/manager.js"),
    )
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace(output=output))
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    manager = {"url": "https://example.org/manager.js"}
    return {WIDGET: {"colab": {"custom_widget_manager": manager}}}


@every_kind
def test_colab_is_told_where_it_finds_the_widgets_code(colab, make):
    it = make()
    for data, metadata in (it._repr_mimebundle_(), DisplayFormatter().format(it)):
        assert metadata == colab and data[WIDGET]["model_id"] == it.model_id


@pytest.mark.parametrize("make", with_a_picture)
def test_without_a_widget_there_is_a_picture_and_a_text(make):
    it = make()
    for data, metadata in (it._repr_mimebundle_(), DisplayFormatter().format(it)):
        assert metadata == {} and WIDGET in data
        assert base64.b64decode(data["image/png"])[:4] == b"\x89PNG"
        assert f"base64,{data['image/png']}" in data["text/html"]
        assert data["text/plain"] == repr(it) == repr(make()) and "0x" not in repr(it)
        assert len(repr(it)) < 100


def test_a_question_is_a_text_without_a_widget():
    data, _ = DisplayFormatter().format(a_question())
    assert data["text/plain"] == "question: grey / speckle" and "image/png" not in data
