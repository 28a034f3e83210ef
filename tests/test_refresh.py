"""tools/refresh.py: what it keeps, what it removes, and that it never hides a failing cell."""

import json

import refresh
from nbformat.v4 import new_code_cell, new_notebook, new_output, writes

TIMES = """
import os, sys
from IPython.display import display
display({'text/plain': 'times', 'image/png': os.urandom(8).hex()}, raw=True)
"""
WIDGET = """
display({'text/plain': 'a scrub', 'image/png': 'aGk=', 'text/html': '<img>',
         'application/vnd.jupyter.widget-view+json': {'model_id': 'x'}}, raw=True)
"""


def test_a_run_stores_outputs_and_nothing_that_varies(tmp_path, capsys):
    times = new_code_cell(TIMES, metadata={"tags": ["timing"]})
    cells = [times, new_code_cell(WIDGET), new_code_cell("print('careful', file=sys.stderr)\n4")]
    metadata = {"widgets": {"state": {}}, "title": "kept"}
    path = tmp_path / "lesson.ipynb"
    path.write_text(writes(new_notebook(cells=cells, metadata=metadata)), "utf-8")

    assert refresh.main([str(path)]) == 0

    assert "careful" in capsys.readouterr().err
    first = path.read_text("utf-8")
    book = json.loads(first)
    assert book["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "title": "kept",
    }
    _, drawn, four = (cell["outputs"] for cell in book["cells"])
    assert [cell["execution_count"] for cell in book["cells"]] == [1, 2, 3]
    assert drawn[0]["data"].keys() == {"text/plain", "image/png"}
    assert [output["data"] for output in four] == [{"text/plain": ["4"]}]

    # The figure of times is another one, but says the same.
    assert refresh.refresh(path) is False and path.read_text("utf-8") == first
    path.write_text(first.replace("'times'", "'other times'"), "utf-8")
    assert refresh.refresh(path) is True and '"other times"' in path.read_text("utf-8")


def test_a_cell_that_raises_fails_and_leaves_the_file_alone(tmp_path, capsys):
    stale = new_code_cell("print('fine')", outputs=[new_output("stream", text="stale\n")])
    path = tmp_path / "lesson.ipynb"
    path.write_text(writes(new_notebook(cells=[stale, new_code_cell("1 / 0")])), "utf-8")
    before = path.read_bytes()
    assert refresh.main([str(path)]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert path.read_bytes() == before
