"""Commit, then see: what answers a question is neither seen nor said until it has been answered."""

import re

import pytest
import torch
from exhibits import back, few, film, noise, x_0
from playwright.sync_api import expect

from diffusion.teaching import widgets
from diffusion.teaching.widgets import (
    BugLab,
    Curve,
    CurvesView,
    HistogramView,
    ImageView,
    PointsView,
    scrub,
    slit_views,
)

T = torch.arange(21)
ALPHA_BAR = Curve("ᾱ_t", few.alpha_bar(T), "signal")


def press(blank, name):
    blank.page.get_by_role("button", name=name, exact=True).click()


def visible(blank, selector):
    nodes = blank.page.locator(selector).all()
    return [node.is_visible() for node in nodes]


# ------------------------------------------------------------------ a guess on the axis


def asked():
    views = [ImageView(film, alt="a cat"), CurvesView(film.axis), HistogramView(film)]
    return scrub(*views, ask="At which t does the cat vanish?", at=300)


def test_views_are_veiled_until_a_guess_is_pinned(blank):
    blank.show(asked())
    slider = blank.page.locator(".scrub-timeline input")
    seen = "canvas, .scrub-chart > svg, .scrub-chart .scrub-line, .scrub-term, .scrub-figure"
    assert not any(visible(blank, seen))
    slider.focus()
    slider.press("ArrowRight")
    assert not any(visible(blank, seen))
    slider.press("Enter")
    assert all(visible(blank, seen))
    assert blank.texts(".scrub-pins span") == ["301"]
    assert blank.text(".scrub-ask [role=status]") == "The guess: t = 301."
    assert blank.evaluate("document.activeElement.type") == "range"
    slider.press("Enter")  # has nothing more to say
    assert blank.get("pins") == [301] and blank.get("shown") is True


def test_nothing_moves_when_the_views_are_seen(blank):
    blank.show(asked())
    places = """() => Array.from(document.querySelectorAll(".scrub-timeline *, canvas"), (node) =>
        node.getBoundingClientRect().top)"""
    before = blank.evaluate(places)
    press(blank, "Show me")
    assert blank.evaluate(places) == before
    assert blank.get("pins") == [] and all(visible(blank, "canvas"))


def test_a_guess_says_t_though_time_runs_backwards_and_a_subscript_is_one(blank):
    pairs = torch.tensor([[0.0, 0.1], [0.2, 0.3], [0.5, 0.6]])
    centres = torch.linspace(-1, 1, 5)
    for views, place, said, share in [
        ([PointsView(back)], 13, "t = 7", 13 / 20),
        (slit_views(pairs, centres, 0.5), 3, "x<sub>t</sub> = 0.50", 3 / 4),
    ]:
        blank.show(scrub(*views, ask="Where?"))
        blank.go(place)
        press(blank, "That is my guess")
        assert blank.get("pins") == [place]
        status = blank.page.locator(".scrub-ask [role=status]")
        assert status.inner_html() == f"The guess: {said}."
        assert blank.evaluate("document.querySelector('.scrub-pins span').style.cssText") == (
            f"--at: {share};"
        )
        assert blank.texts(".scrub-pins span") == [said.split(" = ")[1]]


def test_a_class_pins_several_guesses(blank):
    blank.show(asked())
    for place in (100, 100, 700):
        blank.go(place)
        press(blank, "Another guess")
    assert not any(visible(blank, "canvas"))
    blank.go(400)
    press(blank, "That is my guess")
    assert blank.get("pins") == [100, 700, 400]
    track, pin = (
        blank.page.locator(where).first.bounding_box()
        for where in (".scrub-timeline input", ".scrub-pins span:nth-child(2)")
    )
    thumb = track["x"] + 8 + 0.7 * (track["width"] - 16)
    assert abs(pin["x"] + pin["width"] / 2 - thumb) < 2  # under t = 700


# ------------------------------------------------------------------ a curve to draw


def to_draw():
    other = Curve("t / T", T / 20)
    view = CurvesView(few, [other, ALPHA_BAR], draw="ᾱ_t")
    return scrub(ImageView(widgets.Blend(x_0, noise, few), alt="a cat"), view, ask="Draw ᾱ_t.")


def test_a_curve_is_drawn_with_the_pointer_before_it_is_shown(blank):
    blank.show(to_draw())
    chart = blank.page.locator(".scrub-chart > svg")
    assert not any(visible(blank, "canvas, .scrub-term"))
    assert visible(blank, ".scrub-line:not(.scrub-sketch)") == [True, False]
    assert "ᾱ_t to be drawn" in chart.get_attribute("aria-label")
    press(blank, "That is my drawing")  # nothing yet
    assert "Draw in the chart from end to end" in blank.text(".scrub-ask [role=status]")
    box = blank.drawing_area()
    mouse = blank.page.mouse
    mouse.move(box["x"] + 0.045 * box["width"], box["y"] + box["height"] / 4)  # level, at 0.75
    mouse.down()
    mouse.move(box["x"] + 0.97 * box["width"], box["y"] + box["height"] / 4)
    mouse.up()
    press(blank, "That is my drawing")
    sketch = blank.get("sketch")
    assert sketch == pytest.approx([0.75] * 41, abs=0.01)
    assert all(visible(blank, ".scrub-line:not(.scrub-sketch), canvas"))
    places = torch.linspace(0, 20, 41).add(1e-6).round().long()
    off = (torch.tensor(sketch) - ALPHA_BAR.values[places]).abs()
    mean, most, where = re.search(
        r"is ([\d.]+) off on average, and at most ([\d.]+), at t = (\d+)",
        blank.text(".scrub-ask [role=status]"),
    ).groups()
    assert float(mean) == pytest.approx(off.mean().item(), abs=0.011)
    assert float(most) == pytest.approx(off.max().item(), abs=0.011)
    assert int(where) == places[off.argmax()]


def test_a_curve_is_drawn_with_the_keys(blank):
    blank.show(to_draw())
    handles = blank.page.locator(".scrub-handle")
    expect(handles).to_have_count(9)
    first, last = handles.first, handles.last
    assert first.get_attribute("aria-label") == "ᾱ_t at t = 0"
    assert last.get_attribute("aria-label") == "ᾱ_t at t = 20"
    first.focus()
    first.press("End")
    first.press("ArrowDown")
    press(blank, "That is my drawing")  # the other end is not drawn yet
    assert blank.get("shown") is False
    assert first.get_attribute("aria-valuenow") == "0.95"
    last.focus()
    last.press("Home")
    press(blank, "That is my drawing")
    sketch = torch.tensor(blank.get("sketch"))
    expected = torch.full((41,), 0.5)
    expected[:6], expected[35:] = torch.linspace(0.95, 0.5, 6), torch.linspace(0.5, 0, 6)
    torch.testing.assert_close(sketch, expected, atol=1e-6, rtol=0)
    assert not any(visible(blank, ".scrub-handle"))


# ------------------------------------------------------------------ choices, and numbers


def test_each_wrong_choice_is_told_what_it_would_be_right_for(blank):
    said = {"grey": "That is the mean.", "red": "Why red?", "speckle": "Each number is its own."}
    blank.show(widgets.Question("look", "speckle", said))
    verdict, buttons = ".scrub-verdict", blank.page.get_by_role("button")
    assert blank.text(verdict) == "" and "mean" not in blank.page.locator("body").inner_text()
    press(blank, "grey")
    assert (
        blank.text(verdict) == "“grey”: That is the mean.It is “speckle”. Each number is its own."
    )
    assert blank.texts("[data-mark=right]") == ["speckle"]
    assert blank.texts("[data-mark=wrong]") == ["grey"]
    assert all(button.is_disabled() for button in buttons.all())
    assert blank.get("given") == "grey"


def test_a_number_is_near_the_right_one_or_a_known_slip(blank):
    said = {"5": "So much is added.", "6": "And 1 to begin with."}
    for given, words in {
        "6.1": "Yes: it is 6. And 1 to begin with.",
        "4.95": "You said 4.95. So much is added.It is 6. And 1 to begin with.",
        "-3": "You said −3. That is too little.It is 6. And 1 to begin with.",
        "9": "You said 9. That is too much.It is 6. And 1 to begin with.",
    }.items():
        blank.show(widgets.Question("end", 6, said, within=0.2))
        field = blank.page.get_by_role("spinbutton")
        field.press("Enter")  # an empty field is no answer
        assert blank.get("shown") is False
        field.fill(given)
        field.press("Enter")
        assert blank.text(".scrub-verdict") == words
    blank.show(widgets.Question("end", 6, said, within=0.2))
    press(blank, "Show me")
    assert blank.text(".scrub-verdict") == "It is 6. And 1 to begin with."


# ------------------------------------------------------------------ the bug lab


# What the matrix of bugs and tests shows, row by row.
MATRIX = """() => Array.from(document.querySelectorAll(".scrub-bugs tbody tr"), (row) =>
    Array.from(row.querySelectorAll("td"), (cell) =>
        cell.firstChild.checkVisibility({ visibilityProperty: true }) ? cell.textContent : ""))"""


def test_the_lab_runs_its_tests_after_a_vote(blank):
    tests = {"first": (lambda sample: 0.1, 0.5), "second": (lambda sample: 0.9, 0.5)}
    blank.show(BugLab(x_0[:1], few, tests))
    first = blank.page.get_by_label("first will notice")
    unlit, lit = ["", ""], ["silent", "alarm"]
    assert blank.texts(".scrub-test label") == ["first > 0.5", "second > 0.5"]
    assert blank.texts(".scrub-test .scrub-lamp") == blank.texts(".scrub-measured") == unlit
    assert blank.evaluate(MATRIX) == [unlit] * 8
    first.check()
    press(blank, "Run the tests")
    assert blank.texts(".scrub-test .scrub-lamp") == lit
    assert blank.texts(".scrub-measured") == ["0.1000", "0.9000"]
    assert first.is_checked() and first.is_disabled()  # the vote stands beside
    assert blank.text("p[role=status]") == "no bug: noticed by second. You foresaw 0 of 2."
    press(blank, "β for √β")  # each bug has a vote of its own
    assert blank.texts(".scrub-test .scrub-lamp") == unlit and not first.is_checked()
    assert blank.evaluate(MATRIX) == [lit, *[unlit] * 7]
    press(blank, "Run the tests")
    assert blank.evaluate(MATRIX) == [lit, lit, *[unlit] * 6]
    blank.set(votes={"0": [True, False], "7": [False, False]})  # what the kernel says stands
    assert blank.evaluate(MATRIX) == [lit, *[unlit] * 6, lit]
    press(blank, "no bug")
    assert blank.texts(".scrub-test .scrub-lamp") == lit and first.is_checked()


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_the_lamps_light_one_after_the_other_unless_motion_is_reduced(blank, motion):
    blank.page.emulate_media(reduced_motion=motion)
    tests = {name: (lambda sample: 0.9, 0.5) for name in ("first", "second", "third")}
    blank.show(BugLab(x_0[:1], few, tests))
    press(blank, "Run the tests")
    ends = """(selector) => Array.from(document.querySelectorAll(selector), (node) =>
        node.getAnimations()[0]?.effect.getComputedTiming().endTime ?? 0)"""
    row = ".scrub-bugs tr:first-child .scrub-lamp"
    lit, told = blank.evaluate(ends, ".scrub-test .scrub-lamp"), blank.evaluate(ends, "p")
    assert lit == sorted(lit) == blank.evaluate(ends, row) and told[0] >= lit[-1]
    assert len(set(lit)) == (3 if motion == "no-preference" else 1)
    blank.page.emulate_media(reduced_motion="no-preference")
    press(blank, "β for √β")
    press(blank, "no bug")
    assert blank.evaluate(ends, ".scrub-test .scrub-lamp") == [0, 0, 0]  # they have been lit


def test_the_line_says_what_was_changed(blank):
    blank.show(BugLab(x_0[:1], few, {}))
    for name, said in [
        ("rand for randn", "noise = torch.rand(x_0.shape), changed from randn to rand"),
        ("index off by one", "alpha_bar = schedule.alpha_bar(t - 1), changed from nothing to - 1"),
    ]:
        press(blank, name)
        (line,) = [n for n in blank.page.locator(".scrub-bug-line").all() if n.is_visible()]
        assert line.get_attribute("aria-label") == said
        for node in line.locator("del").all():
            assert "line-through" in node.evaluate("(n) => getComputedStyle(n).textDecorationLine")
        assert line.locator("ins").inner_text().strip() == said.rpartition(" to ")[2]


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_moves_from_bug_to_bug_and_when_the_tests_are_run(blank, width):
    blank.page.set_viewport_size({"width": width, "height": 1000})
    tests = {name: (lambda sample: 0.9, 0.5) for name in ("pooled", "means", "variances")}
    blank.show(BugLab(x_0[:1], few, tests))
    heights = set()
    for button in blank.page.locator(".scrub-bugs button").all():
        button.click()
        for run in (False, True):
            if run:
                press(blank, "Run the tests")
            boxes = blank.page.locator(".scrub-bug-lab, .scrub-bug-lab > * > *").all()
            heights.add(tuple(tuple(box.bounding_box().values()) for box in boxes))
    assert len(heights) == 1
    assert blank.evaluate("document.documentElement.scrollWidth") == width
    blank.page.set_viewport_size({"width": 1280, "height": 1000})


# ------------------------------------------------------------------ what a page remembers


@pytest.mark.parametrize("kind", ["guess", "choice"])
def test_a_page_may_remember_the_answers(blank, kind):
    question = widgets.Question("look", "speckle", {"grey": "The mean.", "speckle": "Right."})
    it, button = (asked(), "That is my guess") if kind == "guess" else (question, "grey")
    blank.evaluate(
        """() => {
            window.kept = {};
            window.answers = { get: (name) => kept[name], set: (name, it) => (kept[name] = it) };
            window.heard = 0;
            document.addEventListener("answered", () => window.heard++);
        }"""
    )
    blank.show(it)
    press(blank, button)
    assert blank.evaluate("window.heard") == 1
    given = {name: blank.get(name) for name in ("pins", "given") if it.has_trait(name)}
    blank.show(it)
    assert blank.get("shown") is True
    assert given == {name: blank.get(name) for name in given} and all(given.values())
