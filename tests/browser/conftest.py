"""A real JupyterLab in a real Chromium, one of each for all browser tests."""

import os
import sys
from pathlib import Path

import pytest
from harness import ROOT, Lab, chromium_browser, find_chromium, jupyterlab

sys.path.insert(0, str(ROOT / "tools"))
import publish


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


def built(build):
    try:
        return build()
    except publish.Missing as missing:
        is_missing(str(missing))


@pytest.fixture(scope="session")
def site():
    """The folder that `make site` builds."""
    return built(publish.build_site)


@pytest.fixture(scope="session")
def slides():
    """The folder that `make slides` builds."""
    return built(publish.build_slides)


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
        # Set either theme: JupyterLab remembers the last one.
        lab.do("apputils:change-theme", theme=f"JupyterLab {'Dark' if dark else 'Light'}")
        body = f'body[data-jp-theme-light="{"false" if dark else "true"}"]'
        lab.page.wait_for_selector(body, state="attached")
        return lab

    yield open_notebook
    for context in contexts:
        context.close()
