"""Run the lessons from top to bottom and store their outputs: `make refresh`.

A refreshed notebook holds what nbval compares and what a reader sees without running it, and
nothing that differs from run to run or from machine to machine. A file is written only when that
changes it, and not at all when a cell raises.

    python tools/refresh.py [notebook.ipynb ...]     # default: all of notebooks/
"""

import copy
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

LESSONS = Path(__file__).resolve().parent.parent / "notebooks"
SECONDS_PER_CELL = 120  # as for nbval, in pyproject.toml
TIMED = "timing"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def execute(notebook: nbformat.NotebookNode, folder: Path, keep_widgets: bool = False) -> None:
    """Run every cell in this interpreter; raise CellExecutionError at the first that fails."""
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel, not the user's
    NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        coalesce_streams=True,  # how many pieces a text comes in differs from run to run
        store_widget_state=keep_widgets,
        extra_arguments=["--log-level=ERROR"],  # the kernel's own warnings are not ours to show
    ).execute()


def normalise(notebook: nbformat.NotebookNode) -> None:
    """Remove what differs between runs and machines, or goes stale; stderr is shown instead."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                print(output.text, file=sys.stderr)
            data = output.get("data", {})
            # The model exists only in the run that made it; without it a reader sees the picture.
            data.pop(WIDGET_VIEW, None)
            # A figure's HTML holds the same PNG again, for the sake of its text alternative. To
            # store it would double the file, and the alternative is there as plain text too.
            if "image/png" in data:
                data.pop("text/html", None)
        if "outputs" in cell:
            cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]


def texts(cell: nbformat.NotebookNode) -> list[str]:
    """What nbval compares of a cell's outputs."""
    return [out.get("data", {}).get("text/plain", out.get("text")) for out in cell.outputs]


def refresh(path: Path) -> bool:
    """Refresh one notebook; True when the file has changed."""
    notebook = nbformat.read(path, as_version=4)
    stored = copy.deepcopy(notebook)
    execute(notebook, path.parent)
    normalise(notebook)
    for cell, before in zip(notebook.cells, stored.cells, strict=True):
        # A figure of times is another one at every run; it stays as stored until its text changes.
        if TIMED in cell.metadata.get("tags", []) and texts(cell) == texts(before):
            cell.outputs = before.outputs
    nbformat.validate(notebook)
    text = nbformat.writes(notebook, indent=1) + "\n"
    changed = text.encode() != path.read_bytes()
    if changed:
        path.write_bytes(text.encode())
    return changed


def main(arguments: list[str]) -> int:
    paths = [Path(name).resolve() for name in arguments] or sorted(LESSONS.glob("*.ipynb"))
    failures = 0
    for path in paths:
        print(f"{path.name}: running", flush=True)
        try:
            print(f"{path.name}: {'changed' if refresh(path) else 'as it was'}", flush=True)
        except CellExecutionError as error:
            failures += 1
            print(f"{error}\n{path.name}: a cell raised, file left as it was", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
