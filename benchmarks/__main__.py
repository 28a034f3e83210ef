"""Measure everything, and write it to docs/pages/measurements.md. Run: make bench

It takes some ten minutes; close other programs first. Nothing here passes or fails.
"""

import os
import platform
from datetime import date
from pathlib import Path

import core
import learning
import memory
import scrub
import startup
import torch

FILE = Path(__file__).parents[1] / "docs" / "pages" / "measurements.md"
PAGE = """# Measured

What the module and the lessons promise, as figures that you can measure again: `make bench` writes
this page. These are of {today}, on {cpu}, {cores} cores and no GPU, {system}, Python {python},
PyTorch {torch}. Another machine has other times; the ratios, each within one run, differ much less.

{tables}"""


def main():
    tables = []
    for benchmark in (core, learning, scrub, startup, memory):
        for table in benchmark.measure():
            print(table, flush=True)
            tables.append(table)
    page = PAGE.format(
        today=f"{date.today():%-d %B %Y}",
        cpu=processor(),
        cores=os.cpu_count(),
        system=platform.system(),
        python=platform.python_version(),
        torch=torch.__version__.partition("+")[0],
        tables="\n".join(map(str, tables)),
    )
    FILE.write_text(page, "utf-8")


def processor() -> str:
    """Its name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
