"""Each lesson, opened and run in JupyterLab as a learner does."""

import pytest
from harness import ROOT, SHOWN, assert_moves

LESSONS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_comes_alive(open_lab, name):
    lab = open_lab(name)
    console = []
    lab.page.on("console", lambda said: console.append(said.text) if said.type == "error" else None)
    lab.run_all()
    page = lab.page
    scrubs = page.locator(".scrub")
    page.wait_for_function("document.querySelectorAll('.scrub .scrub-timeline input').length >= 2")
    page.wait_for_timeout(500)

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
    number = scrubs.first.locator(".scrub-term").first
    bright, before = number.evaluate(colour), scrubs.first.evaluate(SHOWN)
    lab.do("apputils:change-theme", theme="JupyterLab Dark")
    page.wait_for_selector('body[data-jp-theme-light="false"]', state="attached")
    scrubs.first.locator(".scrub-timeline input").press("PageUp")
    assert number.evaluate(colour) != bright
    assert scrubs.first.evaluate(SHOWN) != before
    assert lab.errors == [] and console == []
