"""Copies of the lessons to work in, without outputs, so that no answer stands under its question.

A lesson that the learner has changed is never overwritten; if there is a newer one, a line says so.

    python tools/copy_lessons.py        # from notebooks/ into work/
"""

import hashlib
import json
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
LESSONS, WORK = ROOT / "notebooks", ROOT / "work"


def copy_lessons(lessons: Path = LESSONS, work: Path = WORK) -> None:
    """Put each lesson into `work` that is not there yet, or is there as it was put."""
    work.mkdir(exist_ok=True)
    record = work / ".copied.json"  # {name of a lesson: digest of its copy, when it was made}
    copied = json.loads(record.read_text("utf-8")) if record.exists() else {}
    for lesson in sorted(lessons.glob("*.ipynb")):
        new, mine = as_file(without_outputs(lesson)), work / lesson.name
        before = copied.get(lesson.name)
        if before == _digest(new) and mine.exists():
            continue
        if mine.exists() and _digest(mine.read_bytes()) != before:
            print(f"{lesson.name}: there is a newer one; delete yours in {work.name}/ to get it.")
            continue
        if mine.exists():
            print(f"{lesson.name}: now the newer one; you had not changed yours.")
        mine.write_bytes(new)
        copied[lesson.name] = _digest(new)
    record.write_text(json.dumps(copied, indent=1) + "\n", "utf-8")


def without_outputs(lesson: Path) -> NotebookNode:
    notebook = nbformat.read(lesson, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def as_file(notebook: NotebookNode) -> bytes:
    return (nbformat.writes(notebook, indent=1) + "\n").encode()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    copy_lessons()
