"""The memory of a lesson's kernel after all its cells have run. Run: python benchmarks/memory.py

Each lesson alone, then five kernels of lesson 1 at once (others: --lesson 4 --kernels 3), then
JupyterLab's server with no notebook open. Linux only: the figures are those of
/proc/<pid>/smaps_rollup.

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
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbclient import NotebookClient

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
    """The pid of a kernel in which all cells of a lesson have run."""
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
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
        yield client.km.provisioner.pid


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


def report(name, *sizes):
    print(f"{name:>36}" + "".join(f"{size / 1e6:8.0f} MB" for size in sizes), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    numbers = range(1, len(LESSONS) + 1)
    parser.add_argument("--lesson", type=int, default=1, choices=numbers, help="to run many times")
    parser.add_argument("--kernels", type=int, default=5, help="of that lesson, at once")
    options = parser.parse_args()
    if options.kernels < 2:
        parser.error("--kernels: one alone is measured anyway, so name two or more")
    if not Path("/proc/self/smaps_rollup").exists():
        print("Nothing measured: this reads /proc/<pid>/smaps_rollup, which only Linux has.")
        return
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel, not the user's

    print(f"{'one kernel alone':>36}" + "".join(f"{head:>11}" for head in Memory._fields))
    alone = {}
    for lesson in LESSONS:
        with kernel(lesson) as pid:
            alone[lesson] = Memory.of(pid)
        report(lesson.stem, *alone[lesson])

    lesson, count = LESSONS[options.lesson - 1], options.kernels
    with ExitStack() as stack:
        pids = [stack.enter_context(kernel(lesson)) for _ in range(count)]
        together = [Memory.of(pid) for pid in pids]
    print(f"{f'{count} kernels of {lesson.stem}':>36}")
    for number, memory in enumerate(together, start=1):
        report(f"kernel {number}", *memory)
    total = sum(memory.pss for memory in together)
    further = (total - alone[lesson].pss) / (count - 1)
    report("together", total)
    report("each after the first", further)
    report(f"{CLASS}, extrapolated", alone[lesson].pss + (CLASS - 1) * further)

    with server() as pid:
        print(f"{'JupyterLab server':>36}")
        report("no notebook open", *Memory.of(pid))


if __name__ == "__main__":
    main()
