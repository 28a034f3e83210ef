"""What lessons take: time and memory. Run: python benchmarks/memory.py

Memory is PSS, which counts a page that n processes share as 1/n for each of them, so that the sum
over processes is what they take together. Only Linux tells it. Other processes that use the same
PyTorch make it smaller: close other notebooks first.
"""

import os
import re
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from tables import Table, show

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
from harness import ROOT, TOKEN, jupyterlab

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS_PER_CELL = 120  # as for nbval, in pyproject.toml


def measure() -> Iterator[Table]:
    if sys.platform != "linux":
        print("No memory measured: only Linux tells how much of it processes share.")
        return
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel, not the user's
    alone = each_lesson()
    yield alone
    yield several_at_once(alone)


def each_lesson() -> Table:
    rows = []
    for lesson in LESSONS:
        with kernel(lesson) as (pid, seconds):
            rows.append((lesson.stem, f"{seconds:.1f} s", pss(pid), peak(pid)))
    with tempfile.TemporaryDirectory() as home, jupyterlab(Path(home)) as jupyter:
        urllib.request.urlopen(f"{jupyter.address}/lab?token={TOKEN}", timeout=60).read()
        (server,) = (p.pid for p in psutil.Process().children() if "jupyterlab" in p.cmdline())
        rows.append(("JupyterLab's server, no notebook open", "–", pss(server), peak(server)))
    return Table(
        "Each lesson: its time and its kernel",
        "All cells run once, in a kernel that is up. PSS is the memory after the last cell, where "
        "a page that *n* processes share counts as 1/*n* in each; peak is the most that was ever "
        "held.",
        {"": "{}", "cells take": "{}", "PSS": "{:.0f} MB", "peak": "{:.0f} MB"},
        rows,
    )


def several_at_once(alone: Table, lessons=(1, 4), kernels=5) -> Table:
    rows = []
    for lesson in lessons:
        with ExitStack() as stack:
            pids = [stack.enter_context(kernel(LESSONS[lesson - 1]))[0] for _ in range(kernels)]
            together = sum(map(pss, pids)) / 1000
        one = alone.column("PSS")[lesson - 1] / 1000
        rows.append((f"{lesson}", one, together, (together - one) / (kernels - 1)))
    return Table(
        "Several kernels on one machine",
        "Kernels share the pages of one installation. A further one is what each after the first "
        "took.",
        {"lesson": "{}"}
        | dict.fromkeys(["one kernel", f"{kernels} at once", "a further one"], "{:.2f} GB"),
        rows,
    )


@contextmanager
def kernel(lesson):
    """A kernel in which all cells of a lesson have run: its pid, and the seconds they took."""
    notebook = nbformat.read(lesson, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(lesson.parent)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        store_widget_state=False,
    )
    with client.setup_kernel():
        start = time.perf_counter()
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
        yield client.km.provisioner.pid, time.perf_counter() - start


def pss(pid: int) -> float:
    """What a process holds, in MB."""
    return psutil.Process(pid).memory_full_info().pss / 1e6


def peak(pid: int) -> float:
    """The most that it ever held, shared pages included, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024 / 1e6


if __name__ == "__main__":
    show(measure())
