"""The branch `colab`, as the publishing workflow writes it, and the first cell of its lessons."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

import colab
import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from publish.places import ROOT, repository
from publish.website import launch

NAME = "octocat/hello-world"
LESSONS = [path.name for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
PIN = re.search(r"^anywidget==(.+)", (ROOT / "constraints.txt").read_text("utf-8"), re.M)


def run(*command, cwd, **env):
    done = subprocess.run(command, cwd=cwd, env=os.environ | env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """A repository like ours whose branch `colab` the workflow's own commands have written anew."""
    folder = tmp_path_factory.mktemp("github")
    work, bare, runner = folder / "work", folder / "origin.git", folder / "runner"
    for name in ("tools", "notebooks"):
        shutil.copytree(ROOT / name, work / name)
    for name in ("constraints.txt", "data/cat.png", "diffusion/__init__.py"):
        (work / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, work / name)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    run("git", "init", "--quiet", "--initial-branch=main", cwd=work)
    run("git", "add", ".", cwd=work)
    run(*git, "commit", "--quiet", "--message=all", cwd=work)
    run("git", "branch", "colab", cwd=work)
    run("git", "clone", "--quiet", "--bare", str(work), str(bare), cwd=folder)
    run("git", "clone", "--quiet", str(bare), str(runner), cwd=folder)
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "site.yml").read_text("utf-8"))
    steps = [step["run"] for step in workflow["jobs"]["colab"]["steps"] if "run" in step]
    assert steps[0] == "python -m pip install --constraint constraints.txt nbformat"
    known = {"GITHUB_REPOSITORY": NAME, "GITHUB_SHA": "c0ffee", "RUNNER_TEMP": str(folder)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for step in steps[1:]:
        run("bash", "-e", "-c", step, cwd=runner, PATH=path, **known)
    return bare


def test_the_branch_is_one_commit_with_the_lessons_alone(origin):
    (subject,) = run("git", "log", "--format=%s", "colab", cwd=origin).splitlines()
    assert "c0ffee" in subject
    files = run("git", "ls-tree", "-r", "--name-only", "colab", cwd=origin).splitlines()
    assert files == [f"notebooks/{name}" for name in LESSONS]
    branches = run("git", "branch", "--format=%(refname:short)", cwd=origin)
    assert branches.split() == ["colab", "main"]


def lesson(origin, name):
    text = run("git", "show", f"colab:notebooks/{name}", cwd=origin)
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    return notebook


@pytest.mark.parametrize("name", LESSONS)
def test_a_copy_shows_no_answer_and_leads_to_the_next_copy(origin, name):
    first, *cells = lesson(origin, name).cells
    ours = nbformat.read(ROOT / "notebooks" / name, as_version=4).cells
    assert "google.colab" in first.source and len(cells) == len(ours)
    start = f"https://colab.research.google.com/github/{NAME}/blob/colab/"
    linked = []
    for cell, our in zip(cells, ours, strict=True):
        assert not cell.get("outputs")
        assert cell.source.replace(f"{start}notebooks/", "") == our.source
        linked += re.findall(re.escape(start) + r"([^)]+)", cell.source)
        folded = our.metadata.get("jupyter", {}).get("source_hidden", False)
        assert folded == (cell.metadata.get("cellView") == "form")
    assert len(linked) == 1 and linked[0].removeprefix("notebooks/") in LESSONS


COLAB = """
def enable_custom_widget_manager():
    print("widgets of others are enabled")
"""
PIP = """
import json, os, sys
with open(os.environ["ASKED"], "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
sys.exit(int(os.environ["PIP_FAILS"]))
"""
THEN = """
import importlib.util
assert importlib.util.find_spec("diffusion").origin == folder + "/diffusion/__init__.py"
assert os.path.exists("../data/cat.png") and sys.path.count(folder) == 1
"""


def test_the_first_cell_fetches_what_colab_lacks_once_and_replaces_nothing(origin, tmp_path):
    cell = lesson(origin, LESSONS[0]).cells[0].source
    for before, after in {
        f"https://github.com/{NAME}": origin.as_uri(),
        "/content/": f"{tmp_path.as_posix()}/content/",
    }.items():
        assert cell.count(before) == 1
        cell = cell.replace(before, after)
    (tmp_path / "google" / "colab").mkdir(parents=True)
    (tmp_path / "google" / "colab" / "output.py").write_text(COLAB)
    (tmp_path / "pip.py").write_text(PIP)
    python = [sys.executable, "-c"]
    asked = tmp_path / "asked"
    there = {"PYTHONPATH": str(tmp_path), "ASKED": str(asked), "PIP_FAILS": "0"}

    failing = os.environ | there | {"PIP_FAILS": "1"}
    failed = subprocess.run([*python, cell], env=failing, cwd=tmp_path, capture_output=True)
    assert failed.returncode != 0
    assert not (tmp_path / "content").exists()
    twice = f"{cell}\n{cell}\n{THEN}"
    for _ in range(2):  # and again, as after a restart of the kernel
        said = run(*python, twice, cwd=tmp_path, **there)
        assert said.splitlines() == ["widgets of others are enabled"] * 2
    installs = [json.loads(line) for line in asked.read_text().splitlines()]
    assert installs == [["install", "--quiet", f"anywidget=={PIN[1]}"]] * 2  # the first one failed


def test_outside_of_colab_the_first_cell_says_that_it_is_not_needed(origin, tmp_path):
    cell = lesson(origin, LESSONS[0]).cells[0].source
    said = run(sys.executable, "-c", cell + "\nprint(os.getcwd())", cwd=tmp_path)
    sentence = "This cell is for Google Colab; anywhere else it is not needed."
    assert said.splitlines() == [sentence, str(tmp_path)]


@pytest.mark.skipif(version("anywidget") != PIN[1], reason="Colab gets the pinned anywidget")
def test_anywidget_is_content_with_what_colab_has():
    """So that pip leaves it alone: the versions of August 2026, from googlecolab/backend-info."""
    colab_has = {"ipywidgets": "7.7.1", "psygnal": "0.15.1", "typing-extensions": "4.16.0"}
    needed = [Requirement(line) for line in requires("anywidget") if "extra ==" not in line]
    needed = {each.name: each.specifier for each in needed}
    assert needed.keys() == colab_has.keys()
    assert all(bound.contains(colab_has[name]) for name, bound in needed.items())


@pytest.mark.parametrize(
    "wrong",
    ["hello-world", "octocat/", "/hello", "a/b/c", "octo cat/x", 'a/b"', "a/..", "a/b\n", ""],
)
def test_a_repository_is_named_by_owner_and_name(monkeypatch, tmp_path, wrong):
    with pytest.raises(ValueError, match="by its owner and its name"):
        colab.write_copies(wrong, tmp_path)
    assert [*tmp_path.iterdir()] == []
    monkeypatch.setenv("GITHUB_REPOSITORY", wrong)
    if wrong:
        with pytest.raises(RuntimeError, match=r"^GITHUB_REPOSITORY: .+ not as "):
            repository()
    else:  # it is not known, and nothing can be launched
        assert repository() is None and launch(None, "01_add_noise_once") == ""
