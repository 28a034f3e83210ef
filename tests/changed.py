"""Run a lesson, or some tests, on a copy of the package that is changed in one place.

    python changed.py FOLDER < changes.json

FOLDER holds the copy: diffusion/, notebooks/, data/ and tests/. Each change is [file, old, new,
run], where run is a lesson, or a list of arguments for pytest. Printed is, as JSON, what noticed
each change: the first such cell of the lesson, as [index, what happened], or pytest's exit code.

One process for all changes, since it takes seconds to import torch. test_lessons_bite.py needs it.
"""

import ast
import contextlib
import io
import json
import os
import sys
from pathlib import Path

import IPython.display
import pytest
from IPython.lib.pretty import pretty
from ipywidgets import Widget

FOLDER = Path(sys.argv[1]).resolve()


def what_notices(file: str, old: str, new: str, run: str | list[str]):
    path = FOLDER / "diffusion" / file
    source = path.read_text("utf-8")
    assert source.count(old) == 1, f"{file} has {source.count(old)} of this: {old}"
    path.write_text(source.replace(old, new), "utf-8")
    for name in list(sys.modules):  # as if none had been imported yet
        if name.partition(".")[0] in ("diffusion", "test_checks"):
            del sys.modules[name]
    try:
        if isinstance(run, str):
            return next(cells_that_notice(run), None)
        with contextlib.redirect_stdout(sys.stderr):
            return pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:nbval", *run])
    finally:
        path.write_text(source, "utf-8")
        Widget.close_all()  # or the memory of all pictures of all runs is kept
        assert Path(sys.modules["diffusion"].__file__).is_relative_to(FOLDER)


def cells_that_notice(lesson: str):
    """nbval in small: run the cells in order, and compare what they print and return."""
    book = json.loads((FOLDER / "notebooks" / lesson).read_text("utf-8"))
    names = {"__name__": "__main__"}
    for index, cell in enumerate(book["cells"]):
        if cell["cell_type"] != "code":
            continue
        body = ast.parse("".join(cell["source"])).body
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        printed, returned = io.StringIO(), None
        try:
            with contextlib.redirect_stdout(printed):
                exec(compile(ast.Module(body, []), f"cell {index}", "exec"), names)
                if last:
                    returned = eval(compile(ast.Expression(last.value), "", "eval"), names)
        except Exception as error:
            yield index, type(error).__name__
            continue
        stored = [output for output in cell["outputs"] if output["output_type"] != "display_data"]
        stored = [output.get("text") or output["data"]["text/plain"] for output in stored]
        shown = printed.getvalue() + ("" if returned is None else pretty(returned))
        if shown != "".join(map("".join, stored)):
            yield index, "another output"


if __name__ == "__main__":
    os.chdir(FOLDER / "notebooks")  # where a lesson looks for ../data
    sys.path.insert(0, str(FOLDER))
    sys.dont_write_bytecode = True  # a file that changes twice in a second would not be read again
    IPython.display.display = lambda *things, **options: None  # pictures: nobody compares them
    print(json.dumps([what_notices(*change) for change in json.load(sys.stdin)]))
