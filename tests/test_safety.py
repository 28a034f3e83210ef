"""What a class relies on: JupyterLab is nobody else's, and no text becomes a part of a page.

What a browser makes of such text is in browser/test_escaping.py.
"""

import dataclasses
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
import torch
from ipywidgets import HTML, Widget
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from diffusion import NoiseSchedule
from diffusion.teaching import checks, plots
from diffusion.teaching.bugs import BUGS
from diffusion.teaching.images import load_image
from diffusion.teaching.widgets import (
    Blend,
    BugLab,
    CurvesView,
    GuessGame,
    HistogramView,
    ImageView,
    PointsView,
    ScheduleExplorer,
    scrub,
)

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
from publish import website  # noqa: E402

# JupyterLab, as `make lab` starts it


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """What JupyterLab says of itself when it is started by the very line of the Makefile."""
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    home = tmp_path_factory.mktemp("jupyter")
    how = "--no-browser --allow-root --ServerApp.port=0"  # what this test needs, and no more
    line = subprocess.run(
        [
            *("make", "--silent", "--dry-run", "--old-file=.venv/.lab", "lab"),
            *(f"VENV_PYTHON={sys.executable}", f"LABARGS={how}"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert line.count("\n") == 1 and how in line
    mine = {f"JUPYTER_{kind}_DIR": str(home / kind) for kind in ("CONFIG", "RUNTIME", "DATA")}
    inherited = {name: os.environ[name] for name in os.environ if not name.startswith("JUPYTER_")}
    with open(home / "log", "w") as log:
        server = subprocess.Popen(
            shlex.split(line), cwd=ROOT, env=inherited | mine, stdout=log, stderr=log
        )
    try:
        about = home / "RUNTIME" / f"jpserver-{server.pid}.json"
        deadline = time.monotonic() + 60
        while not (where := listening(about)):
            assert server.poll() is None and time.monotonic() < deadline, (home / "log").read_text()
            time.sleep(0.1)
        yield where
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def listening(about: Path) -> dict | None:
    """What the server wrote about itself, once it listens: it writes a moment earlier."""
    try:
        where = json.loads(about.read_text())
    except (FileNotFoundError, ValueError):  # not there yet, or not to its end
        return None
    return where if can_connect("127.0.0.1", where["port"]) else None


def other_addresses() -> list[str]:
    """Where this machine can be reached, except for 127.0.0.1; tried with a server of our own."""
    addresses = ["127.0.0.2"]  # on Linux, all of 127.… is this machine
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent: it only chooses the way out
            addresses.append(probe.getsockname()[0])
        except OSError:
            pass  # no network
    with socket.create_server(("", 0)) as everywhere:
        port = everywhere.getsockname()[1]
        return [each for each in addresses if each != "127.0.0.1" and can_connect(each, port)]


def can_connect(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=5):
            return True
    except OSError:
        return False


def answer(lab, path: str, **headers) -> int:
    request = urllib.request.Request(lab["url"] + path, headers=headers)
    try:
        return urllib.request.urlopen(request, timeout=20).status
    except urllib.error.HTTPError as error:
        return error.code


def test_jupyterlab_listens_on_the_loopback_address_alone(lab):
    others = other_addresses()
    if not others:
        pytest.skip("this machine has no other address that could be listened on")
    assert can_connect("127.0.0.1", lab["port"])
    assert not any(can_connect(address, lab["port"]) for address in others), others


@pytest.mark.parametrize("path", ["api/contents", "api/kernels", "api/terminals"])
def test_jupyterlab_answers_only_to_its_token(lab, path):
    assert re.fullmatch("[0-9a-f]{48}", lab["token"]) and not lab["password"]
    with_token = {"Authorization": f"token {lab['token']}"}
    assert answer(lab, path, **with_token) == 200
    assert answer(lab, path) == 403
    assert answer(lab, path, Authorization=f"token {lab['token'][:-1]}") == 403
    # Not even to a page elsewhere whose name is made to point here.
    assert answer(lab, path, **with_token, Host="example.org") == 403


# Text that wants to become a part of a page

EVIL = """<img src=x onerror=alert(1)>"'&"""


class Page(HTMLParser):
    """The tags and the text of some HTML."""

    def __init__(self, html: str):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def a_tensor(*shape: int) -> torch.Tensor:
    return torch.linspace(-1, 1, 12).view(3, 4).expand(*shape, 3, 4).contiguous()


SCHEDULE = NoiseSchedule(time_steps=10)
FILM = Blend(a_tensor(3), a_tensor(3), SCHEDULE)
POINTS = Blend(torch.zeros(5, 2), torch.ones(5, 2), SCHEDULE)


def bug_lab() -> BugLab:
    bugs = tuple(dataclasses.replace(bug, wrong=EVIL, right=EVIL, name=EVIL) for bug in BUGS[:1])
    return BugLab(a_tensor(3), SCHEDULE, {EVIL: (lambda sampler: 1.0, 0.5)}, bugs, alt=EVIL)


def game() -> GuessGame:
    t = torch.tensor([3, 4])
    return GuessGame(a_tensor(2, 3), a_tensor(2, 3), t, t, 10, [EVIL, EVIL], EVIL)


FALLBACKS = {
    "picture": lambda: scrub(ImageView(FILM, label=EVIL, alt=EVIL)),
    "points": lambda: scrub(PointsView(POINTS, label=EVIL, alt=EVIL)),
    "histogram": lambda: scrub(HistogramView(FILM, label=EVIL, alt=EVIL)),
    "curves": lambda: scrub(CurvesView(SCHEDULE, alt=EVIL)),
    "bug lab": bug_lab,
    "explorer": lambda: ScheduleExplorer(a_tensor(3), a_tensor(3), alt=EVIL),
    "game": game,
}


@pytest.mark.parametrize("name", FALLBACKS)
def test_where_no_widget_can_run_an_alt_stays_an_alt(name):
    page = Page(FALLBACKS[name]()._repr_mimebundle_()["text/html"])
    ((tag, attributes),) = page.tags
    assert tag == "img" and set(attributes) == {"alt", "src"} and not page.text
    assert EVIL in attributes["alt"] and attributes["src"].startswith("data:image/png;base64,")


def test_the_alt_of_a_figure_stays_an_alt(monkeypatch):
    shown = []
    monkeypatch.setattr(plots, "display", lambda data, raw: shown.append(data))
    plots.show(plots.axes(), EVIL)
    assert Page(shown[0]["text/html"]).tags[0][1]["alt"] == EVIL


def test_what_the_bug_lab_says_is_text():
    def is_html(widget: Widget) -> bool:
        return isinstance(widget, HTML)

    line, report = [Page(child.value) for child in filter(is_html, bug_lab().children)]
    assert line.text == f"{EVIL}should be {EVIL}"
    assert report.text.count(EVIL) == 3  # the bug, and the test twice
    tags = {tag for tag, _ in line.tags + report.tags}
    assert tags == {"code", "br", "p", "table", "thead", "tbody", "tr", "th", "td", "strong"}


def test_what_the_explorer_says_is_text():
    explorer = ScheduleExplorer(a_tensor(3), a_tensor(3))
    said = explorer._say(f"{EVIL} √ᾱ_T")[explorer._meter]["value"]
    assert Page(said).text == f"{EVIL} √ᾱT" and [tag for tag, _ in Page(said).tags] == [
        "span",
        "sub",
    ]


def test_only_these_files_write_html():
    """Any other would have to be tested here as well; page.py and slides.py add no text to it."""
    files = (ROOT / "diffusion").rglob("*.py"), (ROOT / "tools").rglob("*.py")
    wrote = {
        path.name
        for paths in files
        for path in paths
        if re.search(
            r"</?[a-z]+[ >]|_repr_html_|_repr_svg_|_repr_javascript_", path.read_text("utf-8")
        )
    }
    widgets, pages = {"bug_lab.py", "explorer.py"}, {"page.py", "slides.py", "website.py"}
    assert wrote == {"plots.py"} | widgets | pages


SCRIPTS = [*(ROOT / "diffusion").rglob("*.js"), *(ROOT / "docs" / "static").glob("*.js")]
SCRIPTS += [*(ROOT / "docs" / "slides").glob("*.js")]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_html_or_code_out_of_text(path):
    makes = r"innerHTML|outerHTML|insertAdjacentHTML|\.write(ln)?\(|setHTML|srcdoc|DOMParser"
    makes += r"|createContextualFragment|\beval\(|\bFunction\(|javascript:|\.html\("
    assert not re.findall(makes, path.read_text("utf-8"))


@pytest.mark.parametrize("attempt", [EVIL, [EVIL], {EVIL: 1}, type(EVIL, (), {})()])
def test_a_check_answers_in_plain_text(attempt, capsys):
    """A stream, which every front end shows as it is; never an output of its own kind."""
    checks.forward_step(lambda *given: attempt)

    def fail(*given):
        raise ValueError(EVIL)

    checks.forward_step(fail)
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2 and said[1] == f"Your code raised ValueError: {EVIL}"


def test_a_file_is_named_in_plain_text(tmp_path):
    name = EVIL.replace("/", "")
    (tmp_path / name).write_bytes(b"once upon a time")
    with pytest.raises(ValueError) as caught:
        load_image(tmp_path / name)
    assert str(caught.value).startswith(f"{name!r} is not a picture")
    upload = {"name": name, "type": EVIL, "size": 3, "content": b"abc"}
    with pytest.raises(ValueError) as caught:
        load_image((upload,))
    assert "img" not in str(caught.value)  # an upload is not named at all


# The site and the slides


def lesson() -> nbformat.NotebookNode:
    picture = new_output("display_data", {"image/png": "AAAA"})
    return new_notebook(cells=[new_code_cell("", outputs=[picture], metadata={"tags": ["card"]})])


def test_the_cards_of_the_site_show_titles_as_text(tmp_path, monkeypatch):
    about = {"title": EVIL, "idea": EVIL, "stem": "stem", "minutes": "5", "path": "path"}
    monkeypatch.setattr(website, "contents", lambda: [about])
    page = Page(website.cards({"path": lesson()}, tmp_path))
    assert page.text.count(EVIL) == 2
    assert [tag for tag, _ in page.tags] == ["div", "a", "img", "strong", "span", "small"]
    assert page.tags[2][1] == {"src": "_static/stem.png", "alt": ""}


@pytest.fixture(scope="module")
def exporter():
    return pytest.importorskip("nbconvert").SlidesExporter(
        template_name="slides", extra_template_basedirs=[str(ROOT / "docs")]
    )


def test_the_list_of_decks_shows_titles_as_text(exporter):
    decks = [{"title": EVIL, "stem": "stem", "minutes": "5"}]
    page = Page(exporter.environment.get_template("front.html.j2").render(decks=decks))
    assert page.text.count(EVIL) == 1 and not [tag for tag, _ in page.tags if tag == "img"]


def test_a_deck_shows_titles_and_outputs_as_text(exporter):
    outputs = [
        new_output("stream", name="stdout", text=EVIL),
        new_output("execute_result", {"text/plain": EVIL}),
        new_output("error", ename="ValueError", evalue=EVIL, traceback=[EVIL]),
    ]
    cells = [
        new_markdown_cell("text", metadata={"title": ["h2", EVIL]}),
        new_code_cell(f'"""{EVIL}"""', outputs=outputs, metadata={"title": ["p", EVIL]}),
    ]
    resources = {"title": EVIL, "stem": "stem"}
    page, _ = exporter.from_notebook_node(new_notebook(cells=cells), resources)
    assert Page(page).text.count(EVIL) == 7  # also of the page, and in the code
    assert not [tag for tag, _ in Page(page).tags if tag == "img"]
