"""pyproject.toml, environment.yml, constraints.txt and the Makefile must tell the same story."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
FROM_CONDA = {"pytorch-cpu": "torch", "matplotlib-base": "matplotlib"}
NOT_IN_CONDA = {"playwright"}  # environment.yml says why


def bounds(requirements):
    """Map each required package to its bound, as in {"torch": ">=2.4"}."""
    parsed = [Requirement(line) for line in requirements]
    return {canonicalize_name(each.name): str(each.specifier) for each in parsed}


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDED = bounds(PROJECT["dependencies"])
EXTRAS = PROJECT["optional-dependencies"]
ASKED = NEEDED | bounds(EXTRAS["docs"]) | bounds(EXTRAS["test"][1:])
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
CONDA_BOUNDS = {
    FROM_CONDA.get(name, name): bound
    for name, bound in bounds(
        line for line in CONDA["dependencies"] if isinstance(line, str)
    ).items()
}
PINS = bounds(
    line
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)


def test_conda_asks_for_the_same_packages_with_the_same_bounds():
    other = ("python", "pip", "nodejs")
    theirs = {name: bound for name, bound in CONDA_BOUNDS.items() if name not in other}
    ours = {name: bound for name, bound in ASKED.items() if name not in NOT_IN_CONDA}
    assert theirs == ours


def test_the_tests_take_all_that_the_site_takes():
    assert EXTRAS["test"][0] == f"{PROJECT['name']}[docs]"


def test_npm_and_pip_bring_the_same_anywidget():
    package = json.loads((ROOT / "docs" / "package.json").read_text(encoding="utf-8"))
    assert PINS["anywidget"] == f"=={package['dependencies']['anywidget']}"
    assert all(re.fullmatch(r"[\d.]+", version) for version in package["dependencies"].values())
    # The lock names what comes, by its hash, and no host that it would have to come from.
    lock = json.loads((ROOT / "docs" / "package-lock.json").read_text(encoding="utf-8"))
    packages = [each for name, each in lock["packages"].items() if name]
    assert all("integrity" in each and "resolved" not in each for each in packages)


def test_conda_asks_for_the_same_python():
    assert CONDA_BOUNDS["python"] == PROJECT["requires-python"] == ">=3.11"


def test_conda_takes_packages_from_conda_forge_alone_and_installs_ours():
    assert CONDA["channels"] == ["conda-forge", "nodefaults"]
    assert "pip" in CONDA_BOUNDS  # or conda warns and adds it by itself
    assert CONDA["dependencies"][-1] == {"pip": ["-e ."]}


@pytest.mark.parametrize("name", ASKED)
def test_bounds_are_lower_bounds(name):
    assert re.fullmatch(r">=[\d.]+", ASKED[name])


@pytest.mark.parametrize("name", ASKED)
def test_what_we_ask_for_is_pinned_within_its_bound(name):
    pin = PINS[name].removeprefix("==")
    assert Version(pin) in Requirement(name + ASKED[name]).specifier


@pytest.mark.parametrize("name", PINS)
def test_pins_are_exact_and_the_same_on_every_machine(name):
    assert re.fullmatch(r"==[\w.]+", PINS[name])  # no "+cpu", no path, no range


def test_the_lowest_versions_are_the_bounds():
    script = [sys.executable, ROOT / "tools" / "lowest.py"]
    said = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    assert bounds(said.splitlines()) == {n: f"=={b.removeprefix('>=')}" for n, b in ASKED.items()}


def test_torch_is_pinned_at_the_version_the_lessons_were_run_with():
    assert PINS["torch"] == "==2.13.0"


def test_jupyterlab_has_its_security_fixes():
    assert Version(NEEDED["jupyterlab"].removeprefix(">=")) >= Version("4.5.7")


TARGETS = "help lab test coverage mutants site slides bench refresh lint format clean".split()


@pytest.mark.parametrize("target", TARGETS)
def test_makefile_has_and_documents(target):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:.* ## \w", makefile, re.MULTILINE)
    assert re.search(rf"^\.PHONY:.*\b{target}\b", makefile, re.MULTILINE)


def test_jupyterlab_listens_on_this_machine_only_and_keeps_its_token():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "--ServerApp.ip=127.0.0.1" in makefile
    assert "token" not in makefile and "password" not in makefile


def test_git_ignores_the_virtual_environment():
    assert ".venv/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_pins_its_actions_and_runs_what_the_readme_says(path):
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert sum("uses" in step for step in steps) == len(
        re.findall(r"uses: [\w/-]+@[0-9a-f]{40} # v[\d.]+$", text, re.MULTILINE)
    )
    assert workflow["permissions"] == {"contents": "read"}
    made = {
        target for step in steps for target in re.findall(r"make ([a-z ]+)", step.get("run", ""))
    }
    assert {word for words in made for word in words.split()} <= set(TARGETS)
    assert all(job["timeout-minutes"] for job in workflow["jobs"].values())


def test_there_are_workflows_for_the_tests_and_for_the_site():
    assert [path.stem for path in WORKFLOWS] == ["site", "tests"]


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere_and_commands_exist(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!http)([^)#]+)\)", text)
    commands = re.findall(r"(?:^|`)make (\w+)", text, re.MULTILINE)
    assert links and all((ROOT / link).exists() for link in links)
    assert commands and set(commands) <= set(TARGETS)
