"""A real JupyterLab in a real Chromium, one of each for all browser tests of a process."""

import os
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import publish
import pytest
from blank_page import open_blank
from exhibits import CELLS
from filelock import FileLock
from harness import REPOSITORY, Lab, chromium_browser, find_chromium, jupyterlab
from publish.page import MODULES, install_scripts
from publish.places import BUILD

SIZE = {"width": 1280, "height": 900}


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
    """The folder that `make site` builds, as in GitHub Actions, where the repository is known."""
    with patch.dict(os.environ, GITHUB_REPOSITORY=REPOSITORY):
        return built("site", publish.build_site, testrun_uid)


@pytest.fixture(scope="session")
def slides(site):
    return site / "slides"


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


@pytest.fixture(scope="session")
def open_lab(chromium, jupyter):
    """Opens a notebook: `with open_lab(name) as lab`."""

    @contextmanager
    def opened(name, **options):
        context = chromium.new_context(viewport=SIZE)
        lab = Lab(context.new_page(), jupyter, name, **options)
        lab.use_theme(dark=False)  # JupyterLab remembers the last one
        yield lab
        context.close()

    return opened


@pytest.fixture(scope="module")
def exhibition(open_lab, jupyter, request):
    """The notebook with all widgets, opened and run once for all tests of a file."""
    name = f"{request.module.__name__}.ipynb"
    with open_lab(jupyter.write(name, *CELLS.values())) as lab:
        lab.cells = list(CELLS)
        lab.run_all()
        lab.page.wait_for_function("window.manager")
        lab.cell("game").locator("canvas").first.wait_for()
        lab.page.evaluate(
            """() => {
                const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
                window.sent = [];
                window.heard = [];
                kernel.anyMessage.connect((_, { msg, direction }) => {
                    if (msg.header.msg_type !== "comm_msg") return;
                    const messages = direction === "send" ? window.sent : window.heard;
                    messages.push(msg.content.data.state);
                });
            }"""
        )
        yield lab


@pytest.fixture
def lab(exhibition):
    """The same, as it was at the beginning; in the end nothing must have gone wrong."""
    page = exhibition.page
    page.set_viewport_size(SIZE)
    page.emulate_media(reduced_motion="no-preference")
    exhibition.cell("scrub").locator("select").select_option("1")
    exhibition.slider().fill("0")
    yield exhibition
    said = exhibition.errors + exhibition.console
    exhibition.errors.clear()
    exhibition.console.clear()
    assert said == []


@pytest.fixture(scope="module")
def opened(chromium):
    with open_blank(chromium) as opened:
        yield opened


@pytest.fixture
def page(opened):
    """A blank page that all tests of a file share."""
    page, errors = opened
    yield page
    assert errors == []


@pytest.fixture
def blank(chromium):
    """A blank page of its own, which remembers nothing."""
    with open_blank(chromium) as (page, errors):
        yield page
    assert errors == []
