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


def test_conda_asks_for_the_same_packages_with_the_same_bounds():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    theirs = bounds(line for line in conda["dependencies"] if isinstance(line, str))
    assert theirs["python"] == PROJECT["requires-python"]
    theirs = {FROM_CONDA.get(n, n): bound for n, bound in theirs.items() if n not in CONDA_ALONE}
    assert theirs == {name: bound for name, bound in ASKED.items() if name not in NOT_IN_CONDA}


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
def test_a_workflow_pins_its_actions_and_may_only_read(name):
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text("utf-8")
    uses = re.findall(r"uses: (.+)", text)
    assert uses and all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", each) for each in uses)
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}


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
