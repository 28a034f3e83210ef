"""The game of guessing t, played by keyboard in a real JupyterLab, and without a kernel."""

import re
import time

import pytest
import torch
from playwright.sync_api import expect
from test_scrub import contrast

SETUP = """
import torch
from diffusion.teaching.widgets import GuessGame

generator = torch.Generator().manual_seed(0)
x_0 = torch.rand(2, 1, 8, 8, generator=generator) * 2 - 1
x_t = torch.randn(2, 1, 8, 8, generator=generator)
t, estimates = torch.tensor([321, 40]), torch.tensor([300, 40])
it = GuessGame(x_0, x_t, t, estimates, names=["a cat", "a cup"])
it
"""
FIRST = "Round 1 of 2: t was 321. You said 400, 79 off; the likelihood said 300, 21 off."


def opened(open_lab, jupyter, name, **options):
    # A name of its own, and so a kernel of its own: one test shuts its kernel down, and a notebook
    # of the same name, opened while JupyterLab still lists that kernel, would get it, dead.
    lab = open_lab(jupyter.write(name, SETUP), **options)
    lab.run_all()
    lab.page.wait_for_selector(".scrub-guess canvas")
    return lab, lab.page.locator(".scrub-guess input"), lab.page.locator(".scrub-guess-result")


def test_a_game_by_keyboard(open_lab, jupyter):
    lab, slider, result = opened(open_lab, jupyter, "guess.ipynb")
    button = lab.page.locator(".scrub-guess button")
    expect(result).to_have_text("Round 1 of 2: which t is it?")
    expect(result).to_have_attribute("role", "status")
    noised, clean = lab.page.locator(".scrub-guess canvas").all()
    assert noised.get_attribute("aria-label") == "a cat, noised"  # no word of t
    slider.focus()
    slider.press("PageDown")
    assert slider.get_attribute("aria-valuetext") == "t = 400 of 1000"
    slider.press("Enter")
    expect(result).to_have_text(FIRST)
    expect(button).to_have_text("Next")
    assert noised.get_attribute("aria-label") == "a cat, noised to t = 321"
    slider.press("ArrowRight")  # too late: the answer stands
    assert slider.input_value() == "400"

    before = noised.evaluate("(canvas) => canvas.toDataURL()")
    slider.press("Tab")  # the button works as well
    button.press("Enter")
    expect(result).to_have_text("Round 2 of 2: which t is it?")
    assert noised.evaluate("(canvas) => canvas.toDataURL()") != before
    assert clean.get_attribute("aria-label") == "a cup, clean"
    slider.press("Home")
    button.press("Space")
    end = "You said 1, 39 off; the likelihood said 40, exactly right."
    means = "On average you were 59 off, the likelihood 11."
    expect(result).to_have_text(f"Round 2 of 2: t was 40. {end} {means}")
    totals = lab.page.locator(".scrub-guess-score tfoot td").all_inner_texts()
    assert totals == ["", "", "59", "", "11"]

    # The kernel has heard of it, and can play too.
    deadline = time.monotonic() + 5
    while lab.python("print(it.guesses, it.means)") != "[400, 1] (59.0, 10.5)":
        assert time.monotonic() < deadline
    button.press("Enter")
    expect(button).to_have_text("Check")
    lab.python("it.restart(); it.play(400)")
    expect(result).to_have_text(FIRST)
    assert lab.page.locator(".jp-CodeCell").count() == 1 and lab.errors == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_needs_no_kernel_and_fits_a_narrow_window(open_lab, jupyter, dark):
    name = f"guess-{'dark' if dark else 'light'}.ipynb"
    lab, slider, result = opened(open_lab, jupyter, name, width=420, height=1100, dark=dark)
    lab.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.shutdown()"
    )
    lab.page.wait_for_timeout(500)
    boxes = """() => [...document.querySelectorAll(".scrub-guess, .scrub-guess *")].map((node) => {
        const { left, right } = node.getBoundingClientRect();
        return [left, right];
    })"""
    slider.fill("400")
    for text in (FIRST, "Round 2 of 2: which t is it?"):
        slider.press("Enter")
        expect(result).to_have_text(text)
        edges = torch.tensor(lab.page.evaluate(boxes))
        assert edges.min() >= 0 and edges.max() <= 420
    paper = (17, 17, 17) if dark else (255, 255, 255)  # JupyterLab's own two
    colours = lab.page.evaluate(
        """() => [...document.querySelectorAll(".scrub-guess :is(p, button, th, td, span, div)")]
            .filter((node) => node.textContent.trim())
            .map((node) => getComputedStyle(node).color)"""
    )
    assert len(colours) > 20
    for colour in colours:
        numbers = [float(n) for n in re.findall(r"[\d.]+", colour)]
        alpha = numbers[3] if len(numbers) > 3 else 1
        ink = [alpha * c + (1 - alpha) * p for c, p in zip(numbers, paper, strict=False)]
        assert contrast(ink, paper) >= 4.5
    assert lab.errors == []
