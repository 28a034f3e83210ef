"""Running the lessons, with the state of their widgets."""

import hashlib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
import refresh
from filelock import FileLock
from nbformat import NotebookNode

from publish.places import BUILD, ROOT


def execute(paths: list[Path]) -> dict[Path, NotebookNode]:
    """All of these, two at a time."""
    with FileLock(BUILD / "executed.lock"), ProcessPoolExecutor(2) as pool:
        return dict(zip(paths, pool.map(executed, paths), strict=True))


def executed(path: Path) -> NotebookNode:
    """The notebook with its outputs and the state of its widgets; run only if something changed."""
    kept = BUILD / "executed" / f"{path.stem}.ipynb"
    digest = _digest(path)
    if kept.exists():
        notebook = nbformat.read(kept, as_version=4)
        if notebook.metadata.get("digest") == digest:
            return notebook
    notebook = _read(path)
    refresh.execute(notebook, ROOT / "notebooks", keep_widgets=True)
    notebook.metadata["digest"] = digest
    kept.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, kept)
    return notebook


def _read(path: Path) -> NotebookNode:
    if path.suffix == ".ipynb":
        return nbformat.read(path, as_version=4)
    from myst_nb.core.read import read_myst_markdown_notebook

    return read_myst_markdown_notebook(path.read_text("utf-8"))


def _digest(path: Path) -> str:
    """Of all that a run depends on."""
    files = [path, ROOT / "constraints.txt", *sorted((ROOT / "data").iterdir())]
    files += [file for file in sorted((ROOT / "diffusion").rglob("*")) if file.suffix != ".pyc"]
    digest = hashlib.sha256()
    for file in filter(Path.is_file, files):
        digest.update(file.read_bytes())
    return digest.hexdigest()
