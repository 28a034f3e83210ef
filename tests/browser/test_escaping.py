"""Text that looks like a part of a page stays text: in a view, in an error, in a file's name."""

import pytest

# Where it came alive, it would be an <img>, and set window.alive.
TAG = "<img src=x onerror=alive=1>"
EVIL = TAG + "\"'&"

SHOWN = {
    "words": f"""
import dataclasses
from diffusion.teaching import checks
from diffusion.teaching.bugs import BUGS

EVIL = {EVIL!r}
ten = NoiseSchedule(time_steps=10)
axis = dataclasses.replace(
    time_axis(ten), symbol=EVIL, labels=[EVIL] * 11, result=EVIL, spoken=EVIL,
    terms=(EVIL, EVIL), rate_names=(EVIL, EVIL), readouts={{EVIL: [EVIL] * 11}},
)
grey = torch.linspace(-1, 1, 192).view(3, 8, 8)
worded, points = Blend(grey, grey, axis), Blend(torch.zeros(5, 2), torch.ones(5, 2), axis)
ones, words = torch.ones(11, 4), dict(label=EVIL, alt=EVIL)
""",
    "pictures": "scrub(ImageView(worded, **words), EVIL, PointsView(points, **words))",
    "charts of words": """
bars = BarsView(axis, ones, (0, 1), EVIL, notes=[EVIL] * 11, **words)
curves = CurvesView(axis, [Curve(EVIL, ones[:, 0])], alt=EVIL)
scrub(HistogramView(worded, **words), bars, curves, StripView(worded, alt=EVIL))
""",
    "lab of bugs": """
bug = dataclasses.replace(BUGS[0], name=EVIL, wrong=EVIL, right=EVIL)
BugLab(grey, ten, {EVIL: (lambda sampler: 1.0, 0.5)}, (bug, BUGS[1]), alt=EVIL)
""",
    "a game": """
two, t = torch.stack([grey, grey]), torch.tensor([3, 4])
GuessGame(two, two, t, t, 10, names=[EVIL, EVIL], opponent=EVIL)
""",
    "an explorer": "ScheduleExplorer(grey, grey, alt=EVIL)",
    "figure": "plots.show(plots.axes(), EVIL)",
    "check": "checks.check_forward_step(lambda *given: int(EVIL))",
    "upload": "upload = FileUpload()\nupload",
}
FAILING = {
    "a path": "Path(EVIL).write_bytes(b'once upon a time')\nload_image(EVIL)",
    "an upload": "print(upload.value[0].name)\nload_image(upload.value)",
}


@pytest.fixture(scope="module", autouse=True)
def shown(exhibition):
    with exhibition.more_cells(SHOWN | FAILING):
        for name in SHOWN:
            exhibition.run_cell(name)
        yield


def assert_all_is_text(lab, *selectors):
    """Each selector picks nodes; some of them show or say the text as it is."""
    page = lab.page
    says = """([selector, tag]) => [...document.querySelectorAll(selector)].some((node) =>
        `${node.textContent} ${node.ariaLabel} ${node.alt}`.includes(tag))"""
    for selector in selectors:
        page.wait_for_function(says, arg=[selector, TAG], timeout=10_000)
    assert page.locator("img[src=x], [onerror]").count() == 0
    assert page.evaluate("window.alive") is None


def test_views_and_outputs_show_it_as_text(lab):
    assert_all_is_text(
        lab,
        ".scrub-timeline",
        ".scrub-sign",
        ".scrub-caption",
        ".scrub-legend",
        "canvas",
        "svg[role=img]",
        "svg text",
        ".scrub-buttons button",
        ".scrub-bug-line code",
        ".scrub-bug-lab p",
        ".scrub-bug-lab th",
        ".scrub-guess th",
        ".jp-RenderedHTMLCommon img",
        ".jp-RenderedText[data-mime-type='application/vnd.jupyter.stdout']",
    )


def test_an_error_shows_the_name_of_a_file_as_text(lab):
    (output,) = lab.run_cell("a path")
    assert output["evalue"].startswith(f"{EVIL!r} is not a picture")
    assert_all_is_text(lab, ".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']")


def test_an_upload_may_have_any_name(lab):
    file = {"name": EVIL, "mimeType": "image/png", "buffer": b"once upon a time"}
    with lab.page.expect_file_chooser() as chooser:
        lab.page.locator(".widget-upload").click()
    chooser.value.set_files(file)
    lab.page.wait_for_selector(".widget-upload:has-text('(1)')")
    shown, failed = lab.run_cell("an upload")
    assert shown["text"] == EVIL + "\n"
    assert failed["evalue"].startswith("The uploaded file is not a picture")
    assert_all_is_text(lab, ".jp-RenderedText[data-mime-type='application/vnd.jupyter.stdout']")


def test_it_would_be_noticed_if_it_came_alive(lab):
    alive = "(html) => document.body.insertAdjacentHTML('beforeend', `<div id=evil>${html}</div>`)"
    lab.page.evaluate(alive, EVIL)
    lab.page.wait_for_function("window.alive", polling=100)
    assert lab.page.locator("img[src=x], [onerror]").count() == 1
    lab.page.evaluate("() => { evil.remove(); delete window.alive; }")
    lab.console.clear()  # there is no picture x
