"""Run the lessons from top to bottom and store their outputs: `make refresh`.

A refreshed notebook holds what nbval compares and what a reader sees without running it, and
nothing that differs from run to run or from machine to machine. A file is written only when that
changes it, and not at all when a cell raises.

    python tools/refresh.py [notebook.ipynb ...]     # default: all of notebooks/
"""

import copy
import hashlib
import json
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


def read(path: Path) -> nbformat.NotebookNode:
    """Read a notebook, giving each cell that has no id of its own one made from its source."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw["nbformat_minor"] = max(raw["nbformat_minor"], 5)  # the first with cell ids
    taken = set()
    for cell in raw["cells"]:
        text = "".join(cell["source"])
        while cell.get("id") is None or cell["id"] in taken:
            cell["id"] = hashlib.sha256(text.encode()).hexdigest()[:8]
            text += "again"
        taken.add(cell["id"])
    return nbformat.reads(json.dumps(raw), as_version=4)


def execute(notebook: nbformat.NotebookNode, folder: Path, keep_widgets: bool = False) -> None:
    """Run every cell in this interpreter; raise CellExecutionError at the first that fails."""
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel, not the user's
    NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=keep_widgets,
        extra_arguments=["--log-level=ERROR"],  # the kernel's own warnings are not ours to show
    ).execute()


def normalise(notebook: nbformat.NotebookNode) -> None:
    """Remove what differs between runs and machines, or goes stale."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        for timing in ("execution", "ExecuteTime"):
            cell.metadata.pop(timing, None)
        if cell.cell_type == "code":
            cell.outputs = normal_outputs(cell.outputs)


def normal_outputs(outputs: list) -> list:
    """Normal form of one cell's outputs: one block of stdout where several follow each other."""
    kept = []
    for output in outputs:
        if output.output_type == "stream":
            if output.name == "stderr":
                continue
            if kept and kept[-1].output_type == "stream":
                kept[-1].text += output.text
                continue
        elif output.output_type == "error":
            # An intended error: its sentence is the lesson; its traceback names local paths.
            output.traceback = [f"{output.ename}: {output.evalue}"]
        else:
            # The model exists only in the run that made it; without it a reader sees the picture.
            output.data.pop(WIDGET_VIEW, None)
            # A figure's HTML holds the same PNG again, for the sake of its text alternative. To
            # store it would double the file, and the alternative is there as plain text too.
            if "image/png" in output.data:
                output.data.pop("text/html", None)
        kept.append(output)
    return kept


def texts(outputs: list) -> list[str]:
    """What nbval compares of these outputs."""
    return [output.get("data", {}).get("text/plain", output.get("text")) for output in outputs]


def refresh(path: Path) -> bool:
    """Refresh one notebook; True when the file has changed."""
    notebook = read(path)
    # A figure of times is another one at every run; it stays as stored until its cell changes.
    timed = {
        cell.id: copy.deepcopy(cell.outputs)
        for cell in notebook.cells
        if TIMED in cell.metadata.get("tags", []) and cell.outputs
    }
    execute(notebook, path.parent)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":  # dropped below, so show it here
                print(output.text, file=sys.stderr)
    normalise(notebook)
    for cell in notebook.cells:
        if cell.id in timed and texts(cell.outputs) == texts(timed[cell.id]):
            cell.outputs = timed[cell.id]
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
