"""What lessons and a class take: time and memory. Run: python benchmarks/memory.py

Each lesson alone, then five kernels of lesson 1 at once (others: --lesson 4 --kernels 3), then
JupyterLab's server with no notebook open. Memory is read from /proc/<pid>/smaps_rollup, so on Linux
only.

PSS counts a page that n processes share as 1/n for each of them, so that the sum over processes is
what they take together. "Own" are the pages that nobody shares; "peak" is the most that the process
ever held, shared pages included. Other processes that use the same PyTorch make PSS smaller: close
other notebooks first.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbclient import NotebookClient
from tables import Table, show

LESSONS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
SECONDS_PER_CELL = 120  # as for nbval, in pyproject.toml
CLASS = 30


class Memory(NamedTuple):
    """Of one process, in bytes."""

    pss: int
    own: int
    peak: int

    @classmethod
    def of(cls, pid):
        rollup, status = (sizes(f"/proc/{pid}/{name}") for name in ("smaps_rollup", "status"))
        own = rollup["Private_Clean"] + rollup["Private_Dirty"]
        return cls(rollup["Pss"], own, status["VmHWM"])


def sizes(path):
    """The lines "Name: 123 kB" of a file in /proc."""
    lines = (line.split() for line in Path(path).read_text().splitlines())
    return {line[0].rstrip(":"): int(line[1]) * 1024 for line in lines if line[-1:] == ["kB"]}


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


@contextmanager
def server():
    """The pid of a JupyterLab server that has given out its page once and runs no kernel."""
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "jupyterlab", "--no-browser"]
        options = ["--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", f"--ServerApp.root_dir={home}"]
        if os.getuid() == 0:
            options.append("--allow-root")
        process = subprocess.Popen(
            command + options,
            env=os.environ | {"JUPYTER_RUNTIME_DIR": home},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            about = Path(home) / f"jpserver-{process.pid}.json"
            deadline = time.monotonic() + 60
            while not about.exists() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.2)
            time.sleep(1)  # written, and read to the end
            where = json.loads(about.read_text("utf-8"))
            urllib.request.urlopen(f"{where['url']}lab?token={where['token']}", timeout=60).read()
            yield process.pid
        finally:
            process.terminate()
            process.wait(20)


def measure(lessons=(1, 4), kernels=5) -> Iterator[Table]:
    if not Path("/proc/self/smaps_rollup").exists():
        print("No memory measured: this reads /proc/<pid>/smaps_rollup, which only Linux has.")
        return
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel, not the user's
    alone, seconds = {}, {}
    for lesson in LESSONS:
        with kernel(lesson) as (pid, seconds[lesson]):
            alone[lesson] = Memory.of(pid)
    with server() as pid:
        of_server = Memory.of(pid)
    yield Table(
        "Each lesson: its time and its kernel",
        "All cells run once, in a kernel that is up. Memory after the last cell: PSS counts a page "
        "that *n* processes share as 1/*n* in each; own pages are shared with nobody; peak is the "
        "most that was ever held.",
        {"": "{}", "cells take": "{:.1f} s"} | dict.fromkeys(["PSS", "own", "peak"], "{:.0f} MB"),
        [(lesson.stem, seconds[lesson], *megabytes(alone[lesson])) for lesson in LESSONS]
        + [("JupyterLab's server, no notebook open", None, *megabytes(of_server))],
    )
    for number in lessons:
        yield a_class(LESSONS[number - 1], kernels, alone[LESSONS[number - 1]].pss)


def a_class(lesson, kernels, alone) -> Table:
    with ExitStack() as stack:
        pids = [stack.enter_context(kernel(lesson))[0] for _ in range(kernels)]
        total = sum(Memory.of(pid).pss for pid in pids)
    further = (total - alone) / (kernels - 1)
    return Table(
        f"A class of {CLASS} on one machine: lesson {lesson.stem[1]}",
        f"{kernels} kernels at once share the pages of one installation. The last line is "
        f"extrapolated: one kernel and {CLASS - 1} times what each further one took.",
        {"kernels": "{}", "memory": "{:.2f} GB"},
        [
            ("1", alone / 1e9),
            (f"{kernels}", total / 1e9),
            ("each after the first", further / 1e9),
            (f"{CLASS}, extrapolated", (alone + (CLASS - 1) * further) / 1e9),
        ],
    )


def megabytes(memory) -> list[float]:
    return [size / 1e6 for size in memory]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    numbers = range(1, len(LESSONS) + 1)
    parser.add_argument("--lesson", type=int, default=1, choices=numbers, help="to run many times")
    parser.add_argument("--kernels", type=int, default=5, help="of that lesson, at once")
    options = parser.parse_args()
    if options.kernels < 2:
        parser.error("--kernels: one alone is measured anyway, so name two or more")
    show(measure([options.lesson], options.kernels))


if __name__ == "__main__":
    main()
