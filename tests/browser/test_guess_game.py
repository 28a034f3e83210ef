"""The game of guessing t, played by keyboard in a real JupyterLab."""

from harness import settled
from playwright.sync_api import expect

FIRST = "Round 1 of 2: t was 321. You said 400, 79 off; the likelihood said 300, 21 off."


def test_a_game_by_keyboard(lab):
    cell, cells = lab.cell("game"), lab.page.locator(".jp-Cell").count()
    lab.python("game.play(1); game.restart()")
    slider, result = cell.locator("input"), cell.locator(".scrub-guess-result")
    button, (noised, clean) = cell.locator("button"), cell.locator("canvas").all()
    expect(result).to_have_text("Round 1 of 2: which t is it?")
    expect(result).to_have_attribute("role", "status")
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

    slider.press("Tab")  # the button works as well
    lab.page.keyboard.press("Enter")
    expect(result).to_have_text("Round 2 of 2: which t is it?")
    assert clean.get_attribute("aria-label") == "a cup, clean"
    slider.press("Home")
    button.press("Space")
    end = "You said 1, 39 off; the likelihood said 40, exactly right."
    means = "On average you were 59 off, the likelihood 11."
    expect(result).to_have_text(f"Round 2 of 2: t was 40. {end} {means}")
    rows = [row.locator("td").all_inner_texts() for row in cell.locator("tr").all()[1:]]
    assert rows == [
        ["321", "400", "79", "300", "21"],
        ["40", "1", "39", "40", "0"],
        ["", "", "59", "", "11"],
    ]

    # The kernel has heard of it, and can play too.
    assert settled(lambda: lab.python("print(game.guesses, game.means)"), "[400, 1] (59.0, 10.5)")
    button.press("Enter")
    expect(button).to_have_text("Check")
    lab.python("game.restart(); game.play(400)")
    expect(result).to_have_text(FIRST)
    lab.python("game.restart()")
    assert lab.page.locator(".jp-Cell").count() == cells
