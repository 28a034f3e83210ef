"""Text that looks like a part of a page stays text: in a view, in an error, in a file's name."""

import pytest

# Where it came alive, it would be an <img>, and set window.alive.
TAG = "<img src=x onerror=alive=1>"
EVIL = TAG + "\"'&"

SETUP = f"""
import dataclasses
from pathlib import Path
import torch
from ipywidgets import FileUpload
from diffusion import NoiseSchedule
from diffusion.teaching import checks, plots
from diffusion.teaching.bugs import BUGS
from diffusion.teaching.images import load_image
from diffusion.teaching.widgets import *

EVIL = {EVIL!r}
schedule = NoiseSchedule(time_steps=10)
axis = dataclasses.replace(
    time_axis(schedule), symbol=EVIL, labels=[EVIL] * 11, result=EVIL, spoken=EVIL,
    terms=(EVIL, EVIL), rate_names=(EVIL, EVIL), readouts={{EVIL: [EVIL] * 11}},
)
x_0 = torch.linspace(-1, 1, 192).view(3, 8, 8)
film, points = Blend(x_0, x_0, axis), Blend(torch.zeros(5, 2), torch.ones(5, 2), axis)
heights, words = torch.ones(11, 4), dict(label=EVIL, alt=EVIL)
plots.filmstrip = lambda *_: b""  # takes a quarter of a second; it is tested elsewhere
"""
SHOWN = {
    "pictures": "scrub(ImageView(film, **words), PointsView(points, **words))",
    "charts": """
bars = BarsView(axis, heights, (0, 1), EVIL, kind=EVIL, notes=[EVIL] * 11, **words)
scrub(HistogramView(film, **words), bars, CurvesView(axis, [Curve(EVIL, heights[:, 0])], alt=EVIL))
""",
    "bugs": """
bug = dataclasses.replace(BUGS[0], name=EVIL, wrong=EVIL, right=EVIL)
BugLab(x_0, schedule, {EVIL: (lambda sampler: 1.0, 0.5)}, (bug, BUGS[1]), alt=EVIL)
""",
    "game": """
two, t = torch.stack([x_0, x_0]), torch.tensor([3, 4])
GuessGame(two, two, t, t, 10, names=[EVIL, EVIL], opponent=EVIL)
""",
    "explorer": "ScheduleExplorer(x_0, x_0, alt=EVIL)",
    "figure": "plots.show(plots.axes(), EVIL)",
    "check": "checks.forward_step(lambda *given: int(EVIL))",
    "upload": "upload = FileUpload()\nupload",
}
FAILING = {
    "a path": "Path(EVIL).write_bytes(b'once upon a time')\nload_image(EVIL)",
    "an upload": "print(upload.value[0].name)\nload_image(upload.value)",
}


@pytest.fixture(scope="module")
def lab(open_lab, jupyter):
    cells = [SETUP, *SHOWN.values(), *FAILING.values()]
    lab = open_lab(jupyter.write("escaping.ipynb", *cells), height=1100)
    for index in range(1 + len(SHOWN)):
        run(lab, index)
    lab.page.wait_for_selector(".scrub-guess canvas")
    lab.page.wait_for_selector(".scrub-meter")
    return lab


def run(lab, index):
    """Run a cell, also one that fails; its outputs are those of the notebook."""
    return lab.page.evaluate(
        """async (index) => {
            const { commands, shell } = window.jupyterapp;
            const notebook = shell.currentWidget.content;
            notebook.activeCellIndex = index;
            notebook.deselectAll();
            await commands.execute("notebook:run-cell");
            return notebook.widgets[index].model.toJSON().outputs;
        }""",
        index,
    )


def assert_all_is_text(lab, *selectors):
    """Each selector picks nodes; some of them show or say the text as it is."""
    page = lab.page
    for selector in selectors:
        page.wait_for_selector(selector)
        said = page.locator(selector).evaluate_all(
            "(nodes) => nodes.map((node) => `${node.textContent} ${node.ariaLabel} ${node.alt}`)"
        )
        assert any(TAG in text for text in said), (selector, said)
    assert page.locator("img[src=x], [onerror]").count() == 0
    assert page.evaluate("window.alive") is None and lab.errors == []


def test_views_and_outputs_show_it_as_text(lab):
    assert_all_is_text(
        lab,
        ".scrub-timeline",
        ".scrub-caption",
        ".scrub-legend",
        "canvas",
        "svg[role=img]",
        "svg text",
        ".widget-toggle-button",
        ".scrub-bug-line code",
        ".scrub-bug-report th",
        ".scrub-guess-score th",
        ".jp-RenderedHTMLCommon img",
        ".jp-RenderedText[data-mime-type='application/vnd.jupyter.stdout']",
    )


def test_an_error_shows_the_name_of_a_file_as_text(lab):
    (output,) = run(lab, 1 + len(SHOWN))
    assert output["evalue"].startswith(f"{EVIL!r} is not a picture")
    assert_all_is_text(lab, ".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']")


def test_an_upload_may_have_any_name(lab):
    file = {"name": EVIL, "mimeType": "image/png", "buffer": b"once upon a time"}
    with lab.page.expect_file_chooser() as chooser:
        lab.page.locator(".widget-upload").click()
    chooser.value.set_files(file)
    lab.page.wait_for_selector(".widget-upload:has-text('(1)')")
    shown, failed = run(lab, 2 + len(SHOWN))
    assert shown["text"] == EVIL + "\n"
    assert failed["evalue"].startswith("The uploaded file is not a picture")
    assert_all_is_text(lab, ".jp-RenderedText[data-mime-type='application/vnd.jupyter.stdout']")


def test_it_would_be_noticed_if_it_came_alive(lab):
    """The last of these tests, since it is what the others must not find."""
    lab.page.evaluate("(html) => document.body.insertAdjacentHTML('beforeend', html)", EVIL)
    lab.page.wait_for_function("window.alive", polling=100)
    assert lab.page.locator("img[src=x], [onerror]").count() == 1
