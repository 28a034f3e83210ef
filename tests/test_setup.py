"""pyproject.toml, environment.yml, constraints.txt and the Makefile must tell the same story."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
FROM_CONDA = {"pytorch-cpu": "torch", "matplotlib-base": "matplotlib"}
CONDA_ALONE = {"python", "pip", "nodejs"}
NOT_IN_CONDA = {"playwright"}  # environment.yml says why
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
TARGETS = set(re.findall(r"^(\w+):.* ## ", MAKEFILE, re.MULTILINE))


def bounds(requirements):
    """Map each required package to its bound, as in {"torch": ">=2.4"}; our own extras are none."""
    parsed = [Requirement(line) for line in requirements]
    return {canonicalize_name(r.name): str(r.specifier) for r in parsed if not r.extras}


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
ASKED = bounds([*PROJECT["dependencies"], *EXTRAS["docs"], *EXTRAS["test"]])
PINS = bounds(
    line
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
)


def from_conda(file):
    """The bound of Python in an environment.yml, and those of the rest by their names on PyPI."""
    conda = yaml.safe_load((ROOT / file).read_text("utf-8"))
    assert conda["channels"] == ["conda-forge", "nodefaults"]
    lines = [line for line in conda["dependencies"] if isinstance(line, str)]
    theirs = bounds(re.sub(r"^python=(?=\d)", "python==", line) for line in lines)
    rest = {FROM_CONDA.get(n, n): bound for n, bound in theirs.items() if n not in CONDA_ALONE}
    return theirs["python"], rest


def test_conda_asks_for_the_same_packages_with_the_same_bounds():
    python, theirs = from_conda("environment.yml")
    assert python == PROJECT["requires-python"]
    assert theirs == {name: bound for name, bound in ASKED.items() if name not in NOT_IN_CONDA}


def test_binder_gets_what_the_lessons_need_and_no_more():
    """And then, as `make lab` does, our own module and the copies that the links lead to."""
    python, theirs = from_conda("binder/environment.yml")
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8")
    assert re.fullmatch(r"==3\.\d+", python) and f'"{python[2:]}"' in workflow  # one that CI tries
    assert theirs == bounds(PROJECT["dependencies"])
    script = (ROOT / "binder" / "postBuild").read_text("utf-8")
    done = [line for line in script.splitlines() if line.startswith("python ")]
    assert [line.split()[1:4] for line in done[:1]] == [["-m", "pip", "install"]]
    assert done[0].endswith(" --no-deps --editable .")
    assert [line.removeprefix("python ") in MAKEFILE for line in done[1:]] == [True, True]


def test_without_make_the_same_is_done():
    """The README's plain commands install and run what the Makefile does."""
    (block,) = re.findall(r"```\n(python -m venv .+?)```", README, re.DOTALL)
    install = "python -m pip install -c constraints.txt "
    extra = re.search(r"^TORCH_INDEX \?= (.+)$", MAKEFILE, re.MULTILINE)[1]
    assert [line.removeprefix(install) for line in block.splitlines() if "install" in line] == [
        f"--no-deps --extra-index-url {extra} torch",
        "-e .",
        '-e ".[test]"',
    ]
    assert "--extra-index-url $(TORCH_INDEX) torch" in MAKEFILE
    for command in ("python tools/copy_lessons.py", "-m pytest -n 2 --dist loadfile"):
        assert command in block and command.removeprefix("python ") in MAKEFILE
    for opened in re.findall(r"work/\S+", block):
        assert opened in MAKEFILE and (ROOT / "notebooks" / opened[5:]).exists()


def test_bounds_are_lower_bounds_and_pins_are_exact_and_within_them():
    assert all(re.fullmatch(r">=[\d.]+", bound) for bound in ASKED.values())
    assert all(re.fullmatch(r"==[\w.]+", pin) for pin in PINS.values())  # no "+cpu", no path
    for name, bound in ASKED.items():
        assert Requirement(name + bound).specifier.contains(PINS[name].removeprefix("==")), name


def test_npm_and_pip_bring_the_same_anywidget_and_npm_from_any_host():
    package = json.loads((ROOT / "docs" / "package.json").read_text("utf-8"))
    assert PINS["anywidget"] == f"=={package['dependencies']['anywidget']}"
    # The lock names what comes, by its hash, and no host that it would have to come from.
    lock = json.loads((ROOT / "docs" / "package-lock.json").read_text("utf-8"))
    packages = [each for name, each in lock["packages"].items() if name]
    assert all("integrity" in each and "resolved" not in each for each in packages)


def test_jupyterlab_listens_on_this_machine_only_and_keeps_its_token():
    assert "-m jupyterlab --ServerApp.ip=127.0.0.1 $(LABARGS)" in MAKEFILE
    assert re.search(r"^LABARGS \?=$", MAKEFILE, re.MULTILINE)
    assert "token" not in MAKEFILE and "password" not in MAKEFILE


@pytest.mark.parametrize("name", ["site", "tests"])
def test_a_workflow_pins_its_actions_and_one_job_alone_may_write(name):
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text("utf-8")
    uses = re.findall(r"uses: (.+)", text)
    assert uses and all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", each) for each in uses)
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    jobs = workflow["jobs"].items()
    writing = [job for job, does in jobs if "contents" in does.get("permissions", {})]
    assert writing == (["colab"] if name == "site" else [])


@pytest.mark.parametrize(
    "name",
    ["README.md", "CONTRIBUTING.md", ".github/workflows/site.yml", ".github/workflows/tests.yml"],
)
def test_links_lead_somewhere_and_commands_exist(name):
    text = (ROOT / name).read_text("utf-8")
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (ROOT / link).exists(), link
    commands = re.findall(r"(?:^|`|run: )make ((?:[a-z]+ ?)+)", text, re.MULTILINE)
    assert commands and {word for words in commands for word in words.split()} <= TARGETS
