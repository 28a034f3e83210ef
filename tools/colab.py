"""Copies of the lessons for Google Colab: without outputs, and each fetches what it needs itself.

    python tools/colab.py OWNER/NAME FOLDER     # into FOLDER/notebooks/

The workflow that publishes the site keeps them on the branch `colab` of the repository OWNER/NAME.
"""

import re
import sys
from pathlib import Path

from copy_lessons import LESSONS, ROOT, as_file, without_outputs
from nbformat.v4 import new_code_cell

# Colab brings all else, and its page runs the code of ipywidgets 7: with this version of anywidget
# pip leaves what is there as it is. The folder comes last, so that a run which failed is repeated.
FIRST_CELL = """\
# @title Run this cell first: it fetches the pictures and the module of the lessons
import os
import subprocess
import sys

try:
    from google.colab import output
except ImportError:
    print("This cell is for Google Colab; anywhere else it is not needed.")
else:
    folder = "/content/{name}"
    if not os.path.exists(folder):
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "{anywidget}"]
        subprocess.run(pip, check=True)
        clone = ["git", "clone", "--quiet", "--depth", "1", "{address}", folder]
        subprocess.run(clone, check=True)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    os.chdir(folder + "/notebooks")  # from here, ../data is where the pictures are
    output.enable_custom_widget_manager()
"""


def checked(repository: str) -> str:
    """The same text, if it is OWNER/NAME as GitHub spells it. Raises ValueError otherwise."""
    if not re.fullmatch(r"[A-Za-z0-9-]+/(?!\.+$)[A-Za-z0-9._-]+", repository):
        raise ValueError(
            f"A repository is named by its owner and its name, as in octocat/hello-world, "
            f"and not as {repository!r}."
        )
    return repository


def address(repository: str, lesson: str) -> str:
    """Where Colab opens a lesson, such as "01_add_noise_once", of a repository."""
    start = "https://colab.research.google.com/github"
    return f"{start}/{repository}/blob/colab/notebooks/{lesson}.ipynb"


def write_copies(repository: str, folder: Path) -> None:
    """A copy of each lesson into `folder`/notebooks."""
    constraints = (ROOT / "constraints.txt").read_text("utf-8")
    first = FIRST_CELL.format(
        name=checked(repository).partition("/")[2],
        address=f"https://github.com/{repository}",
        anywidget=re.search(r"^anywidget==.+", constraints, re.M)[0],
    )
    notebooks = folder / "notebooks"
    notebooks.mkdir(parents=True, exist_ok=True)
    for lesson in sorted(LESSONS.glob("*.ipynb")):
        notebook = without_outputs(lesson)
        for cell in notebook.cells:
            if cell.metadata.get("jupyter", {}).get("source_hidden"):
                cell.metadata["cellView"] = "form"  # Colab's word for it
            if cell.cell_type == "markdown":
                there = r"](" + address(repository, r"\1") + ")"
                cell.source = re.sub(r"\]\((\w+)\.ipynb\)", there, cell.source)
        metadata = {"cellView": "form"}
        notebook.cells.insert(0, new_code_cell(first, id="fetch", metadata=metadata))
        (notebooks / lesson.name).write_bytes(as_file(notebook))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("Usage: python tools/colab.py OWNER/NAME FOLDER")
    try:
        write_copies(sys.argv[1], Path(sys.argv[2]))
    except ValueError as error:
        sys.exit(str(error))
