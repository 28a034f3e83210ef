"""The lessons bite: what is changed in a stored output, in the core or in a check is noticed.

This changes a few things of each kind; `make mutants` changes all of the core.
"""

import io
import json
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from unittest import mock
from xml.etree import ElementTree

import pytest
import test_lessons
import torch
from ipywidgets import Widget
from nbformat.v4 import new_code_cell, new_notebook, new_output, writes

import diffusion
from diffusion.teaching import checks, claims

ROOT = Path(__file__).parents[1]


def test_nbval_notices_a_changed_digit(tmp_path):
    """With our own settings, of what is printed, returned, and said of a picture."""
    picture = "from IPython.display import display\ndisplay({'text/plain': '0.28'}, raw=True)"
    cells = []
    for digits in ("0.28", "0.29"):
        for source, output in {
            "print(0.28)": new_output("stream", text=f"{digits}\n"),
            "0.28": new_output("execute_result", {"text/plain": digits}),
            picture: new_output("display_data", {"text/plain": digits}),
        }.items():
            cells.append(new_code_cell(source, execution_count=1, outputs=[output]))
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "digits.ipynb").write_text(writes(new_notebook(cells=cells)), "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--junitxml=done.xml"]
    done = subprocess.run([*command, "digits.ipynb"], cwd=tmp_path, capture_output=True, text=True)
    cases = ElementTree.parse(tmp_path / "done.xml").findall(".//testcase")
    failed = [case.find("failure") is not None for case in cases]
    assert failed == [False] * 3 + [True] * 3, done.stdout + done.stderr


def what_notices(lesson: str) -> str | None:
    """Run a lesson's cells; the first that raises or prints something else than what is stored."""
    (path,) = (ROOT / "notebooks").glob(f"{lesson}_*.ipynb")
    names = {}
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        source, printed = "".join(cell["source"]), io.StringIO()
        shell = SimpleNamespace(user_ns={"In": [source]})
        try:
            with (
                redirect_stdout(printed),
                mock.patch.object(claims, "get_ipython", return_value=shell),
            ):
                exec(source, names)
        except AssertionError:
            return source
        if printed.getvalue() != "".join("".join(o.get("text", "")) for o in cell["outputs"]):
            return source
    return None


@pytest.fixture(autouse=True)
def beside_the_lessons(monkeypatch):
    monkeypatch.chdir(ROOT / "notebooks")  # where a lesson looks for ../data
    monkeypatch.setattr("diffusion.teaching.plots.display", lambda *_, **__: None)
    yield
    Widget.close_all()  # they hold the pictures of all runs


STEP, SAMPLE, CHECK = diffusion.forward_step, diffusion.sample_xt, checks.check_forward_step


def with_beta_for_its_root(x, t, schedule, noise=None, generator=None):
    kept = STEP(x, t, schedule, torch.zeros_like(x))
    return kept + schedule.beta(t).sqrt() * (STEP(x, t, schedule, noise, generator) - kept)


def with_t_from_0(x_0, schedule, generator=None):
    x_t, noise, t = SAMPLE(x_0, schedule, generator)
    return x_t, noise, t - 1


def says_correct(attempt):
    print("Correct.")


def wants_another_answer(attempt):
    CHECK(lambda x, beta, noise: attempt(x, beta / 2, noise))


CHANGES = {  # which lesson's cell notices what, and where that has to be changed
    with_beta_for_its_root: (
        *("02", "assert chain[1000].var() > 0.97"),
        *("diffusion.forward_step", "diffusion.forward_process.forward_step"),
    ),
    with_t_from_0: ("05", "library = sample_xt(", "diffusion.sample_xt"),
    says_correct: ("01", "def my_forward_step(", "diffusion.teaching.checks.check_forward_step"),
}


@pytest.mark.parametrize("wrong", CHANGES, ids=lambda wrong: wrong.__name__)
def test_a_lesson_notices_a_function(wrong, monkeypatch):
    lesson, cell, *places = CHANGES[wrong]
    for place in places:
        monkeypatch.setattr(place, wrong)
    assert cell in what_notices(lesson)


def test_a_check_that_refuses_the_solution_is_noticed(monkeypatch):
    lesson = test_lessons.Lesson(test_lessons.LESSONS[0])
    accepts = test_lessons.test_the_check_of_each_exercise_accepts_its_solution
    accepts(lesson)
    monkeypatch.setattr("diffusion.teaching.checks.check_forward_step", wants_another_answer)
    with pytest.raises(AssertionError, match="check_forward_step"):
        accepts(lesson)
