"""How long one waits before the first lesson moves. Run: python benchmarks/startup.py

Needs Chromium. The environment is the one that this runs in, installed already.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tables import Table, show

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
from harness import Lab, chromium_browser, find_chromium, jupyterlab

LESSON = "01_add_noise_once.ipynb"
IMPORTS = """
import json, time
taken = []
for names in "torch", "diffusion", "diffusion.teaching.widgets, diffusion.teaching.checks":
    start = time.perf_counter()
    exec("import " + names)
    taken.append(time.perf_counter() - start)
print(json.dumps(taken))
"""
FIRST_CELL_RAN = """() => window.jupyterapp.shell.currentWidget.context.model.sharedModel.cells
    .find((cell) => cell.cell_type === "code").execution_count !== null"""
A_PICTURE = ".jp-OutputArea-output img, .jp-OutputArea-output canvas"


def measure() -> Iterator[Table]:
    yield imports()
    yield first_picture()


def imports(runs=7) -> Table:
    taken = [
        json.loads(subprocess.check_output([sys.executable, "-c", IMPORTS])) for _ in range(runs)
    ]
    medians = [1000 * statistics.median(each) for each in zip(*taken, strict=True)]
    modules = ["`torch`", "`diffusion`"]
    modules += ["all of `diffusion.teaching`, with matplotlib and ipywidgets"]
    return Table(
        "Importing",
        f"The median of {runs} processes, each module beyond those above it.",
        {"module": "{}", "time": "{:,.0f} ms"},
        [*zip(modules, medians, strict=True)],
    )


def first_picture(runs=3) -> Table:
    with chromium_browser(find_chromium()) as browser:
        laps = [one_start(browser) for _ in range(runs)]
    medians = [statistics.median(lap) for lap in zip(*laps, strict=True)]
    names = [
        "JupyterLab, until it answers",
        "until the lesson is open and its kernel is ready",
        "until its first cell, the imports, has run",
        "until the first picture",
    ]
    return Table(
        "From the start to the first picture",
        f"Lesson 1, in a browser that is open already, all cells run at once; the median of {runs} "
        "starts.",
        {"step": "{}", "time": "{:.1f} s"},
        [*zip(names, medians, strict=True), ("together", sum(medians))],
    )


def one_start(browser) -> list[float]:
    """The seconds that each step takes."""
    moments = [time.perf_counter()]
    with tempfile.TemporaryDirectory() as home, jupyterlab(Path(home)) as jupyter:
        moments.append(time.perf_counter())
        shutil.rmtree(Path(home) / "settings")  # those of the tests, which draw every cell
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        lab = Lab(page, jupyter, LESSON)
        moments.append(time.perf_counter())
        lab.do("notebook:clear-all-cell-outputs")  # pictures are stored in it
        page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
        page.wait_for_function(FIRST_CELL_RAN, polling=20)
        moments.append(time.perf_counter())
        page.wait_for_selector(A_PICTURE, state="attached")
        moments.append(time.perf_counter())
        page.close()
    return [after - before for before, after in pairwise(moments)]


if __name__ == "__main__":
    show(measure())
