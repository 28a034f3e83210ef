"""tools/refresh.py: what it keeps, what it removes, and that it never hides a failing cell."""

import importlib.util
import json
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location(
    "refresh", Path(__file__).parents[1] / "tools" / "refresh.py"
)
refresh = importlib.util.module_from_spec(spec)
spec.loader.exec_module(refresh)


@pytest.fixture
def notebook_file(tmp_path):
    """Write a notebook with these code cells: old format, no ids, stale metadata."""

    def write(*sources, tags=()):
        cell = {
            "cell_type": "code",
            "execution_count": 7,
            "metadata": {"tags": list(tags), "execution": {"iopub.status.busy": "then"}},
            "outputs": [],
        }
        path = tmp_path / "lesson.ipynb"
        notebook = {
            "nbformat": 4,
            "nbformat_minor": 4,
            "metadata": {"widgets": {"state": {}}, "title": "kept"},
            "cells": [cell | {"source": source} for source in sources],
        }
        path.write_text(json.dumps(notebook))
        return path

    return write


def test_a_run_stores_outputs_and_nothing_that_varies(notebook_file, capsys):
    path = notebook_file(
        "import sys\nprint('one', flush=True)\nprint('careful', file=sys.stderr, flush=True)",
        "from IPython.display import display\n"
        "display({'text/plain': 'a scrub', 'image/png': 'aGk=', 'text/html': '<img>',"
        " 'application/vnd.jupyter.widget-view+json': {'model_id': 'x'}}, raw=True)",
        "2 + 2",
        "2 + 2",
    )

    assert refresh.main([str(path)]) == 0

    assert "careful" in capsys.readouterr().err
    text = path.read_text()
    assert text.endswith("}\n") and '\n "cells"' in text
    notebook = json.loads(text)
    assert notebook["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "title": "kept",
    }
    printed, drawn, four, again = notebook["cells"]
    assert [cell["execution_count"] for cell in notebook["cells"]] == [1, 2, 3, 4]
    assert printed["metadata"] == {"tags": []}
    assert [output["text"] for output in printed["outputs"]] == [["one\n"]]
    assert drawn["outputs"][0]["data"].keys() == {"text/plain", "image/png"}
    assert four["outputs"] == [
        {
            "data": {"text/plain": ["4"]},
            "execution_count": 3,
            "metadata": {},
            "output_type": "execute_result",
        }
    ]
    assert four["id"] != again["id"]


def test_a_second_run_leaves_the_file_alone(notebook_file):
    path = notebook_file("print('same')")
    assert refresh.refresh(path) is True
    before = path.stat().st_mtime_ns
    assert refresh.refresh(path) is False
    assert path.stat().st_mtime_ns == before


def test_a_cell_that_raises_fails_and_leaves_the_file_alone(notebook_file, capsys):
    path = notebook_file("print('fine')", "1 / 0")
    before = path.read_bytes()
    assert refresh.main([str(path)]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_an_intended_error_is_stored_as_its_sentence(notebook_file):
    path = notebook_file("raise ValueError('β must be below 1')", tags=["raises-exception"])
    assert refresh.main([str(path)]) == 0
    (output,) = json.loads(path.read_text(encoding="utf-8"))["cells"][0]["outputs"]
    assert output["traceback"] == ["ValueError: β must be below 1"]


def test_stdout_in_pieces_becomes_one_output():
    pieces = [
        refresh.nbformat.v4.new_output("stream", name=name, text=text)
        for name, text in [("stdout", "a"), ("stderr", "!"), ("stdout", "b")]
    ]
    (output,) = refresh.normal_outputs(pieces)
    assert output.text == "ab"


def test_a_figure_of_times_stays_until_its_text_changes(notebook_file):
    show = (
        "import os\nfrom IPython.display import display\n"
        "display({'text/plain': 'times', 'image/png': os.urandom(8).hex()}, raw=True)"
    )
    path = notebook_file(show, tags=["timing"])
    assert refresh.refresh(path) is True
    assert refresh.refresh(path) is False
    path.write_text(path.read_text().replace("'times'", "'other times'"))
    assert refresh.refresh(path) is True
    untagged = notebook_file(show)
    assert refresh.refresh(untagged) and refresh.refresh(untagged)
