"""Change the core in every small way, and see that a test notices each. Run: make mutants

mutmut makes the changes, one at a time; [tool.mutmut] in pyproject.toml says where, and which tests
have to notice. It works on a copy, in build/mutants. What no test notices must be listed here with
the reason, and what is listed must exist and go unnoticed, so that the list stays true.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPY = ROOT / "build" / "mutants"

# Reason: the lines that are changed, as they were and as they become.
EXPLAINED = {
    "It takes a second device to see where a look-up is; test_noise_schedule.py has the test.": [
        (
            "return values.to(t.device) if isinstance(t, Tensor) else values",
            "return values.to(None) if isinstance(t, Tensor) else values",
        ),
        (
            "return values.to(t.device) if isinstance(t, Tensor) else values",
            "return values.to(t.device) if (isinstance(t, Tensor)) and False else values",
        ),
    ],
}


def main() -> int:
    start = time.monotonic()
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(ROOT / "diffusion", COPY / "diffusion")
    shutil.copytree(ROOT / "tests", COPY / "tests")
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, COPY)

    mutmut("run")
    unnoticed = {}
    for line in mutmut("results", capture=True).splitlines():
        name, _, verdict = line.strip().rpartition(": ")
        unnoticed[changed_lines(mutmut("show", name, capture=True))] = f"{name}: {verdict}"

    explained = {change for changes in EXPLAINED.values() for change in changes}
    print(
        f"\n{len(unnoticed)} changes went unnoticed, of which "
        f"{len(explained & unnoticed.keys())} are explained; {time.monotonic() - start:.0f} s."
    )
    for before, after in sorted(unnoticed.keys() - explained):
        print(f"\nNo test notices this ({unnoticed[before, after]}):\n- {before}\n+ {after}")
    for before, after in sorted(explained - unnoticed.keys()):
        print(f"\nListed in {Path(__file__).name}, but noticed or gone:\n- {before}\n+ {after}")
    return 1 if unnoticed.keys() != explained else 0


def mutmut(*arguments: str, capture: bool = False) -> str:
    environment = os.environ | {
        "CI": "true",  # the same examples each time; see conftest.py
        "OMP_NUM_THREADS": "1",  # mutmut forks, and threads do not survive that
    }
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(
        command, cwd=COPY, env=environment, check=True, text=True, capture_output=capture
    ).stdout


def changed_lines(diff: str) -> tuple[str, str]:
    """From a diff, what was and what it becomes, without the headers and the indentation."""
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    return tuple(
        " ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+"
    )


if __name__ == "__main__":
    sys.exit(main())
