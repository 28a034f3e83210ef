"""The lessons bite: what is changed in a stored number, in the core or in a check is noticed.

Everything happens on copies. This changes a few things of each kind; `make mutants` changes all of
the core.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copy")
    for name in ("diffusion", "notebooks", "data", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "browser")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copy(ROOT / "conftest.py", folder)
    return folder


def python(folder, *arguments, **options):
    """Run Python in the folder, where it finds the folder's package before the installed one."""
    environment = os.environ | {"PYTHONPATH": str(folder), "MPLBACKEND": "agg"}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, **options
    )


# ---------------------------------------------------------------- stored numbers

LESSON = "02_walk_to_noise.ipynb"
LAST_CELL = "schedule.signal_rate(torch.arange(1, 1001))"  # the lesson is run up to here


def one_digit_changed(output):
    """Copies of a stored output, each with another digit in one of its numbers."""
    texts = output.get("text") or output["data"]["text/plain"]
    text = "".join(texts)
    for number in re.finditer(r"\d+", text):
        digit = str((int(number[0][-1]) + 1) % 10)
        changed = deepcopy(output)
        place = changed if "text" in output else changed["data"]
        place["text" if "text" in output else "text/plain"] = (
            text[: number.end() - 1] + digit + text[number.end() :]
        )
        yield changed


def test_nbval_notices_each_digit_of_a_stored_output(copy):
    """A cell is run as it is stored, and then once more for each number, changed in one digit."""
    book = json.loads((copy / "notebooks" / LESSON).read_text("utf-8"))
    cells, changed = [], []
    for cell in book["cells"]:
        if cell["cell_type"] != "code":
            continue
        cells.append(cell)
        text = "".join(cell["source"])
        for output in cell["outputs"] if "scrub(" not in text else []:
            for wrong in one_digit_changed(output):
                changed.append(len(cells))
                cells.append(cell | {"outputs": [wrong], "id": f"changed-{len(cells)}"})
        if LAST_CELL in text:
            break
    kinds = {output["output_type"] for cell in cells for output in cell["outputs"]}
    assert len(changed) > 12 and kinds >= {"stream", "execute_result"}
    (copy / "notebooks" / "digits.ipynb").write_text(json.dumps(book | {"cells": cells}), "utf-8")

    options = ["--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "--rootdir=."]
    done = python(copy, "-m", "pytest", *options, "--junitxml=done.xml", "notebooks/digits.ipynb")
    cases = ElementTree.parse(copy / "done.xml").findall(".//testcase")
    assert len(cases) == len(cells), done.stdout + done.stderr
    noticed = [i for i, case in enumerate(cases) if case.find("failure") is not None]
    assert noticed == changed


# ---------------------------------------------------------------- coefficients and rules

CHAIN, BATCH = LESSON, "05_sample_for_training.ipynb"
UNCHANGED = ("__init__.py", "The forward", "The forward")
COEFFICIENTS = {
    "nothing, in lesson 2": (*UNCHANGED, CHAIN),
    "nothing, in lesson 5": (*UNCHANGED, BATCH),
    "β for √β": (
        "noise_schedule.py",
        "tables = self._alphas.sqrt(), self._betas.sqrt()",
        "tables = self._alphas.sqrt(), self._betas",
        CHAIN,
    ),
    "β one step early": (
        "noise_schedule.py",
        "_look_up(self._betas, self._check_time(t, first=1) - 1, dtype)",
        "_look_up(self._betas, self._check_time(t, first=1) - 2, dtype)",
        CHAIN,
    ),
    "1 − ᾱ for √(1 − ᾱ)": (
        "noise_schedule.py",
        "torch.sqrt(-torch.expm1(self._log_alpha_bars))",
        "(-torch.expm1(self._log_alpha_bars))",
        BATCH,
    ),
    "α for ᾱ": (
        "forward_process.py",
        "schedule.signal_rate(t, x_0.dtype)",
        "schedule.alpha(t, x_0.dtype).sqrt()",
        BATCH,
    ),
    "t from 0": (
        "training_utils.py",
        "1, schedule.time_steps + 1",
        "0, schedule.time_steps + 1",
        BATCH,
    ),
}
RULES = {
    "nothing": (*UNCHANGED, "forward_step or changed_input or often"),
    "what counts as the same": (
        "teaching/checks/judging.py",
        "max(1e-4,",
        "max(0.5,",
        "forward_step",
    ),
    "the answer that a mistake gives": (
        "teaching/checks/lesson_1.py",
        '"That is the noise alone. Where is the picture?": add * noise',
        '"That is the noise alone. Where is the picture?": keep * x',
        "forward_step",
    ),
    "a mistake that nobody looks for": (
        "teaching/checks/lesson_1.py",
        '"You left out both square roots.": (1 - beta) * x + beta * noise,',
        "",
        "forward_step",
    ),
    "an input that may be changed": (
        "teaching/checks/judging.py",
        "if any(map(_changed, given, arguments)):",
        "if False:",
        "changed_input",
    ),
    "how uneven t may be": (
        "teaching/checks/lesson_5.py",
        ".sum() > 32",
        ".sum() > 320",
        "often",
    ),
}


@pytest.fixture(scope="module")
def noticed(copy):
    """{change: what noticed it}, for all of both."""
    checks = str(copy / "tests" / "test_checks.py")
    changes = [*COEFFICIENTS.values()]
    changes += [(*change, [checks, "-k", tests]) for *change, tests in RULES.values()]
    script = str(ROOT / "tests" / "changed.py")
    done = python(copy, script, str(copy), input=json.dumps(changes))
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout.splitlines()[-1])
    return dict(zip([*COEFFICIENTS, *RULES], answers, strict=True))


@pytest.mark.parametrize("bug", COEFFICIENTS)
def test_the_lessons_alone_notice_a_wrong_coefficient(noticed, bug):
    if bug.startswith("nothing"):
        assert noticed[bug] is None
    else:
        _, what = noticed[bug]
        assert what in ("AssertionError", "another output")


@pytest.mark.parametrize("rule", RULES)
def test_the_tests_of_the_checks_notice_a_changed_rule(noticed, rule):
    assert noticed[rule] == (
        pytest.ExitCode.OK if rule == "nothing" else pytest.ExitCode.TESTS_FAILED
    )
