"""A real JupyterLab in a real Chromium, one of each for all browser tests."""

import os
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from harness import ROOT, Lab, chromium_browser, find_chromium, jupyterlab

sys.path.insert(0, str(ROOT / "tools"))
import publish
from publish.page import MODULES, install_scripts
from publish.places import BUILD


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def is_missing(what):
    """Skip, or fail where everything has to be there."""
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(f"REQUIRE_BROWSER is set, but {what}")
    pytest.skip(what)


@pytest.fixture(scope="session")
def chromium():
    path = find_chromium()
    if path is None:
        is_missing("no Chromium or Chrome is on the PATH; the browser tests need one")
    with chromium_browser(path) as browser:
        yield browser


def built(name, build, run):
    """The folder that `build` makes; once in a run of the tests, whichever process comes first."""
    stamp = BUILD / f"{name}.run"
    with FileLock(BUILD / f"{name}.lock"):
        if not stamp.exists() or stamp.read_text() != run:
            try:
                build()
            except publish.Missing as missing:
                is_missing(str(missing))
            stamp.write_text(run)
    return BUILD / name


@pytest.fixture(scope="session")
def site(testrun_uid):
    """The folder that `make site` builds."""
    return built("site", publish.build_site, testrun_uid)


@pytest.fixture(scope="session")
def slides(testrun_uid):
    """The folder that `make slides` builds."""
    return built("slides", publish.build_slides, testrun_uid)


@pytest.fixture(scope="session")
def axe():
    """axe-core, which finds what keeps people out; npm brings it, as it does the site's scripts."""
    try:
        install_scripts()
    except publish.Missing as missing:
        is_missing(str(missing))
    return (MODULES / "axe-core" / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory):
    with jupyterlab(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@pytest.fixture(scope="module")
def open_lab(chromium, jupyter):
    """Opens a notebook: `open_lab(name, width=…, height=…, dark=…)` gives a Lab."""
    contexts = []

    def open_notebook(name, width=1280, height=900, dark=False, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        lab = Lab(context.new_page(), jupyter, name)
        lab.use_theme(dark)  # set either: JupyterLab remembers the last one
        return lab

    yield open_notebook
    for context in contexts:
        context.close()
