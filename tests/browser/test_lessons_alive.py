"""Each lesson, opened and run in JupyterLab as a learner does; one in Notebook 7 as well."""

import importlib.util
import re

import pytest
from harness import (
    ROOT,
    SHOWN,
    assert_accessible,
    assert_keyboard_reaches_all,
    assert_moves,
    contrast,
    settled,
)

from conftest import is_missing

LESSONS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def lab(open_lab):
    """One page of JupyterLab, since opening it takes seconds."""
    with open_lab(LESSONS[0]) as lab:
        yield lab


@pytest.fixture(scope="module", params=LESSONS)
def lesson(lab, request):
    """A lesson that was run."""
    if request.param != LESSONS[0]:
        lab.open_instead(request.param)
    # Where no widget runs, a picture of each is shown.
    lab.page.wait_for_function(
        """() => {
            const stored = [...document.querySelectorAll(".jp-OutputArea-output img")];
            return stored.length > 2 && stored.every((image) => image.naturalWidth > 200);
        }"""
    )
    assert lab.page.locator(".scrub-view").count() == 0
    lab.run_all()
    lab.page.wait_for_function("document.querySelectorAll('.scrub').length >= 2")
    return lab


def test_a_lesson_comes_alive(lesson):
    page = lesson.page
    scrubs = page.locator(".scrub")
    for scrub in scrubs.all():
        assert_moves(scrub)

    # Every picture speaks, and every slider says where it stands.
    for image in page.locator(".jp-OutputArea-output img").all():
        assert len(image.get_attribute("alt")) > 20
    for image in page.locator(".scrub [role=img]").all():
        assert " = " in image.get_attribute("aria-label")
    for field in page.locator(".scrub .scrub-timeline input").all():
        assert " = " in field.get_attribute("aria-valuetext")
    assert page.locator(".MathJax, mjx-container").count() > 10
    assert page.locator("mjx-merror").count() == 0

    # In the dark the colours are others, and it still moves.
    colour = "(node) => getComputedStyle(node).color"
    number = page.locator(".scrub-term").first
    bright, before = number.evaluate(colour), scrubs.first.evaluate(SHOWN)
    lesson.use_theme(dark=True)
    scrubs.first.locator(".scrub-timeline input").press("PageUp")
    assert number.evaluate(colour) != bright
    assert scrubs.first.evaluate(SHOWN) != before
    lesson.use_theme(dark=False)
    assert lesson.errors == [] and lesson.console == []


def test_all_of_a_lesson_is_in_reach_of_the_keyboard(lesson):
    page = lesson.page
    outputs = page.locator(".jp-OutputArea-output")
    operable = outputs.filter(has=page.locator("input, button"))
    for output in operable.all():
        assert_keyboard_reaches_all(page, output)

    # Its keys are a control's own: JupyterLab goes to no other cell by them, nor into one.
    def press(control, key):
        control.focus()
        book = "[jupyterapp.shell.currentWidget.content].map((it) => [it.activeCellIndex, it.mode])"
        before = page.evaluate(book)
        control.press(key)
        assert page.evaluate(book) == before

    for handle in outputs.locator(".scrub-knob input").all():
        before = handle.get_attribute("aria-valuetext")
        press(handle, "ArrowDown")
        assert handle.get_attribute("aria-valuetext") != before
        press(handle, "ArrowUp")
        assert handle.get_attribute("aria-valuetext") == before
    buttons = outputs.locator(".scrub-bug-lab [aria-pressed]").all()[1:]
    for key, button in zip(("Enter", "Space"), buttons, strict=False):
        press(button, key)
        assert button.get_attribute("aria-pressed") == "true"
        assert outputs.locator(".scrub-bug-lab [aria-pressed=true]").count() == 1
    for button in outputs.locator(".widget-upload").all():
        for key in ("Enter", "Space"):
            with page.expect_file_chooser():
                press(button, key)

    # A check answers to the same keys as every cell.
    answers = page.evaluate(
        """() => {
            const { content, context } = window.jupyterapp.shell.currentWidget;
            const cells = [...context.model.sharedModel.cells];
            const at = cells.findIndex((c) => c.metadata.tags?.includes("exercise"));
            content.activeCellIndex = at;
            content.mode = "command";
            content.node.focus();
            window.asked = content.widgets[at];
            return window.asked.outputArea.node.innerText;
        }"""
    )
    assert answers.startswith("Not attempted yet")
    count = "window.asked.model.executionCount"
    before = page.evaluate(count)
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(f"(before) => {count} > before", arg=before, polling=100)
    assert page.evaluate("window.asked.outputArea.node.innerText") == answers
    assert lesson.errors == [] and lesson.console == []


def test_a_lesson_is_accessible_in_both_themes(lesson, axe):
    page = lesson.page
    if (check := page.get_by_role("button", name="Check", exact=True)).count():
        check.click()  # the game's answer and its marks are looked at, too
    lesson.use_theme(dark=True)
    formulas = page.locator("mjx-mstyle[style*=color]")
    for colour in formulas.evaluate_all("(all) => all.map((node) => getComputedStyle(node).color)"):
        rgb = [int(number) for number in re.findall(r"\d+", colour)]
        assert contrast(rgb, (17, 17, 17)) >= 4.5

    # The outputs alone, since the words of a lesson are looked at on the site; and all of them in
    # view, in a body that has a height: what lies elsewhere, axe takes for hidden.
    others = page.add_style_tag(
        content="""
        body { height: 100vh }
        .jp-MarkdownCell, .jp-InputArea { display: none !important }"""
    )
    size = page.viewport_size
    height = page.evaluate("document.querySelector('.jp-WindowedPanel-inner').scrollHeight")
    page.set_viewport_size({"width": 1280, "height": height + 300})
    page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTo(0, 0)")
    outputs = {"include": [".jp-OutputArea-output"]}
    assert_accessible(page, axe, outputs, only=["color-contrast"])
    lesson.use_theme(dark=False)
    assert_accessible(page, axe, outputs)
    others.evaluate("(style) => style.remove()")
    page.set_viewport_size(size)


def test_a_lesson_in_notebook_7(open_lab):
    if importlib.util.find_spec("notebook") is None:
        is_missing("Notebook 7 is not installed")
    with open_lab("03_read_the_schedule.ipynb", app="notebooks") as lab:
        lab.run_all()
        lab.page.wait_for_selector(".scrub-explorer canvas")
        for scrub in lab.page.locator(".scrub").all():
            assert_moves(scrub)
        handle = lab.page.locator(".scrub-knob input").last
        last = lab.page.locator(".scrub-explorer .scrub-timeline input")
        handle.press("Home")
        assert settled(lambda: last.get_attribute("max"), "1")
