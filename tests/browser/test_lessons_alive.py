"""Each lesson, opened and run in JupyterLab as a learner does."""

import pytest

LESSONS = ["01_add_noise_once.ipynb", "02_walk_to_noise.ipynb"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_comes_alive(open_lab, name, dark):
    lab = open_lab(name, dark=dark, height=12_000)  # so tall that every cell is on the page
    console = []
    lab.page.on(
        "console", lambda message: console.append(message) if message.type == "error" else 0
    )
    lab.run_all()
    page = lab.page
    scrubs = page.locator(".scrub")
    stored = sum("image/png" in output.get("data", {}) for output in lab.outputs())
    page.wait_for_function("document.querySelectorAll('.scrub .scrub-timeline input').length >= 4")
    assert scrubs.count() + page.locator(".jp-OutputArea-output img").count() == stored

    # Every scrub moves: something in it is drawn anew.
    for index in range(scrubs.count()):
        scrub = scrubs.nth(index)
        before = scrub.screenshot()
        field = scrub.locator("input[type=range]")
        field.focus()
        field.press("End")
        field.press("PageDown")
        field.press("PageDown")
        assert scrub.screenshot() != before, index

    # Every picture speaks, and every slider says where it stands.
    for image in page.locator(".jp-OutputArea-output img").all():
        assert len(image.get_attribute("alt")) > 20
    for image in page.locator(".scrub [role=img]").all():
        assert " = " in image.get_attribute("aria-label")
    for field in page.locator(".scrub input").all():
        assert "% signal rate" in field.get_attribute("aria-valuetext")

    assert page.locator(".MathJax, mjx-container").count() > 10
    assert page.locator("mjx-merror").count() == 0
    assert lab.errors == [] and [message.text for message in console] == []
