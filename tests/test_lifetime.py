"""Widgets that are closed when their cell has been run again, in an IPython without a browser."""

import gc
import sys
import weakref

import pytest
import torch
from IPython import InteractiveShell
from ipywidgets.widgets.widget import _instances
from traitlets.config import Config

from diffusion import NoiseSchedule
from diffusion.teaching import plots
from diffusion.teaching.widgets import (
    Blend,
    BugLab,
    CurvesView,
    GuessGame,
    ImageView,
    ScheduleExplorer,
    Scrub,
    lifetime,
    scrub,
)

SCHEDULE = NoiseSchedule(0.01, 0.3, 20)
X_0 = torch.linspace(-1, 1, 48).view(3, 4, 4)


def a_view():
    return CurvesView(SCHEDULE)


def a_scrub():
    return scrub(ImageView(Blend(X_0, X_0, SCHEDULE)), a_view())


def a_game():
    return GuessGame(X_0[None], X_0[None], torch.tensor([3]), torch.tensor([4]))


def an_explorer():
    return ScheduleExplorer(X_0, X_0)


def a_lab():
    return BugLab(X_0, SCHEDULE, {"test": (lambda _: 0.0, 1.0)})


ALL = [a_view, a_scrub, a_game, an_explorer, a_lab]


@pytest.fixture
def run(monkeypatch, tmp_path):
    """`run("a", code)` runs code as the cell a of a notebook, and gives its last value."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # IPython has its own
    monkeypatch.setattr(plots, "filmstrip", lambda *_: b"")  # slow, and not what this is about
    for name in ("_made", "_shown", "_made_by", "_shown_by", "_old"):
        monkeypatch.setattr(lifetime, name, type(getattr(lifetime, name))())
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    lifetime.watch(shell)

    def run_cell(cell, code):
        result = shell.run_cell(code, store_history=True, cell_id=cell)
        result.raise_error()
        return result.result

    run_cell("imports", "from test_lifetime import *\nfrom ipywidgets import HBox")
    return run_cell


@pytest.mark.parametrize("make", ALL)
def test_what_is_closed_leaves_nothing_behind(make):
    before = set(_instances)
    it = make()
    assert len(_instances) > len(before)
    it.close()
    assert set(_instances) == before
    it.close()  # once more does no harm
    assert "0x" not in repr(it)


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("code", ["{}()", "it = {}()\nit", "it = {}()"])
def test_a_cell_that_is_run_again_leaves_one_widget(run, make, code):
    code = code.format(make.__name__)
    run("a", code)
    models = len(_instances)
    for _ in range(4):
        run("a", code)
        assert len(_instances) == models
    run("b", "1")
    assert len(_instances) == models  # and that one stays


def test_ipython_does_not_keep_what_is_closed(run):
    old = [weakref.ref(run("a", "a_scrub()")) for _ in range(9)]
    gc.collect()
    # As Out[9] and _9 only the last one; as __ and ___ the two before.
    assert [ref() is not None for ref in old] == [False] * 6 + [True] * 3
    assert run("b", "len(Out)") == 1 and run("b", "list(Out.values())[0]") is old[-1]()


def first_scrub(run, lines):
    """Run these cells, "id: code" each, and give the scrub that the first of them has made."""
    first = None
    for line in lines:
        cell, code = line.split(": ", 1)
        run(None if cell == "None" else cell, code)
        first = first or next(w for w in reversed(_instances.values()) if isinstance(w, Scrub))
    return first


@pytest.mark.parametrize(
    ("why", "lines"),
    [
        ("a variable names it", ["a: it = a_scrub()", "a: other = it; it = a_scrub()"]),
        ("a list has it", ["a: them = [a_scrub()]", "a: them.append(a_scrub())"]),
        ("a dict has it", ["a: them = {1: a_scrub()}", "a: them[2] = a_scrub()"]),
        ("another cell shows it", ["a: it = a_scrub()", "b: it", "a: it = a_scrub()"]),
        ("a cell shows what it is in", ["a: it = a_scrub()", "b: HBox([it])", "a: it = a_scrub()"]),
        ("a cell shows it, without a name", ["a: a_scrub()", "b: Out[2]", "a: a_scrub()"]),
        ("it was made by another cell", ["a: it = a_scrub()", "b: it", "b: it"]),
        ("it was made only once", ["a: if 'it' not in dir(): it = a_scrub()\nit"] * 2),
        ("nobody knows the cell", ["None: a_scrub()"] * 2),
    ],
)
def test_a_widget_stays_because(run, why, lines):
    assert first_scrub(run, lines).comm is not None


@pytest.mark.parametrize(
    "lines",
    [
        ["a: it = a_scrub()", "a: other = it; it = a_scrub()", "b: del other"],
        ["a: it = a_scrub()", "b: it", "a: it = a_scrub()", "b: it"],
        ["a: it = a_scrub()", "a: it = None"],
    ],
)
def test_it_goes_as_soon_as_nothing_holds_it(run, lines):
    assert first_scrub(run, lines[:-1]).comm is not None
    assert first_scrub(run, lines).comm is None


def test_what_a_callback_makes_between_two_runs_is_no_cells(run):
    run("a", "1")
    made = a_scrub()
    run("a", "2")
    run("a", "3")
    assert made.comm is not None
