"""For everyone: by keyboard alone, by ear, in either theme, and in colours that the system sets."""

import re
from contextlib import ExitStack, contextmanager
from functools import cache

import matplotlib
import pytest
from harness import (
    assert_keyboard_reaches_all,
    contrast,
    offline_page,
    use_theme,
)
from matplotlib import colors
from test_site import LESSONS, scrubs_of

from diffusion import NoiseSchedule
from diffusion.teaching import plots

FORMULAS_ARE_SET = """() => document.querySelectorAll("mjx-container").length
    >= document.querySelectorAll(".math").length"""


@pytest.fixture(scope="module")
def opened(chromium, site):
    """Opens a page of the site, from the disk; in the end nothing must have gone wrong."""

    @contextmanager
    def open_page(name, **options):
        with offline_page(chromium, **options) as page:
            page.goto((site / name).as_uri())
            scrubs_of(page)
            page.wait_for_function(FORMULAS_ARE_SET, polling=100)
            yield page

    return open_page


@pytest.fixture(scope="module")
def page_of(opened):
    """A page of the site that stays open, since opening it takes seconds."""
    with ExitStack() as stack:
        yield cache(lambda name: stack.enter_context(opened(name)))


def rgb(colour):
    """Of "rgb(…)" or "color(srgb …)"."""
    numbers = [float(n) for n in re.findall(r"[\d.]+", colour)]
    return [255 * n for n in numbers[:3]] if "srgb" in colour else numbers[:3]


def paper_of(page):
    return rgb(page.evaluate("getComputedStyle(document.body).backgroundColor"))


# ------------------------------------------------------------------ by keyboard
def test_tab_goes_through_a_page_and_is_seen(opened):
    with opened("index.html", width=1400, reduced_motion="reduce") as page:
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert focused.inner_text() == "Skip to content"
        page.wait_for_function("document.activeElement.getBoundingClientRect().top >= 0")
        for light in (False, True):
            use_theme(page, light)
            ring = focused.evaluate("(node) => getComputedStyle(node).outlineColor")
            assert contrast(rgb(ring), paper_of(page)) >= 3
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert focused.evaluate("(node) => Boolean(node.closest('#furo-main-content, article'))")
        assert_keyboard_reaches_all(page, page.locator("body"))


def test_on_a_small_screen_drawers_take_the_focus_when_open_and_what_is_wide_is_scrolled(opened):
    with opened("index.html", width=400, reduced_motion="reduce") as page:
        for name, link in (("__navigation", ".sidebar-drawer a"), ("__toc", ".toc-drawer ul ul a")):
            box, link = page.locator(f"#{name}"), page.locator(link).first
            assert not link.is_visible()
            box.focus()
            page.keyboard.press("Space")
            link.wait_for()
            box.press("Space")
            link.wait_for(state="hidden")
        page.evaluate("document.activeElement.blur()")
        beside = """() => {
            const { left, right } = document.activeElement.getBoundingClientRect();
            return document.activeElement !== document.body && (right <= 0 || left >= innerWidth);
        }"""
        for _ in range(30):
            page.keyboard.press("Tab")
            assert not page.evaluate(beside), page.evaluate("document.activeElement.outerHTML")

        code = page.locator("pre[tabindex]").first
        code.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("document.activeElement.scrollLeft > 0", polling=100)
        wide = page.locator("pre[tabindex]").count()
        page.set_viewport_size({"width": 1280, "height": 900})
        page.wait_for_function(
            "(n) => document.querySelectorAll('pre[tabindex]').length < n", arg=wide, polling=100
        )


def test_a_whole_game_by_keyboard_never_loses_the_focus(page_of):
    page = page_of(LESSONS[4])
    game = page.locator(".scrub-guess")
    result, focused = game.locator(".scrub-guess-result"), page.locator(":focus")
    game.locator("input").focus()
    rounds = game.locator("tbody tr").count()
    assert rounds == 5
    for number in range(1, rounds + 1):
        page.keyboard.press("PageUp" if number % 2 else "PageDown")
        spoken = focused.get_attribute("aria-valuetext")
        if number % 2:  # the slider's own key, or the button
            page.keyboard.press("Enter")
            page.keyboard.press("Tab")
        else:
            page.keyboard.press("Tab")
            page.keyboard.press("Space")
        guess = re.fullmatch(r"t = (\d+) of 1000", spoken)[1]
        assert f"Round {number} of 5: t was" in result.inner_text()
        assert f"You said {guess}, " in result.inner_text()
        assert focused.inner_text() == "Next"
        page.keyboard.press("Enter")  # after the last round, one too many
        if number < rounds:
            page.keyboard.press("Shift+Tab")
            assert focused.get_attribute("aria-label") == "your guess of t"
    assert "Round 5 of 5: t was" in result.inner_text()
    page.keyboard.press("Tab")
    assert focused.inner_text() == "New game"
    page.keyboard.press("Enter")
    assert focused.get_attribute("aria-label") == "your guess of t"
    assert "Round 1 of 5: which t is it?" in result.inner_text()


def test_the_bug_lab_by_keyboard_never_loses_the_focus(page_of):
    page = page_of(LESSONS[4])
    lab = page.locator(".scrub-bug-lab")
    buttons, focused = lab.locator(".scrub-bugs button"), page.locator(":focus")
    slider = lab.locator(".scrub-timeline input")
    pressed = lab.locator("[aria-pressed=true]")
    buttons.first.focus()
    for key in ("Enter", "Space"):
        page.keyboard.press("Tab")
        page.keyboard.press(key)
        name = focused.inner_text()
        assert pressed.all_inner_texts() == [name]
        assert name in lab.locator("[role=status]").inner_text()
    while focused.get_attribute("type") != "range":
        page.keyboard.press("Tab")
    page.keyboard.press("PageUp")
    t = slider.input_value()
    assert t == "20"
    # Another bug arrives late, when the focus has gone on to the slider that it rebuilds.
    buttons.last.evaluate("(button) => button.click()")
    assert focused.get_attribute("aria-label") == "time t"
    page.keyboard.press("ArrowRight")
    assert slider.input_value() == "21"


# ------------------------------------------------------------------ by ear
def test_a_slider_says_where_it_stands(page_of):
    page = page_of(LESSONS[2])
    slider = page.locator(".scrub-timeline input").first
    assert slider.get_attribute("aria-label") == "time t"
    for t in (0, 1, 250, 500, 1000):
        slider.fill(str(t))
        share = round(100 * NoiseSchedule().signal_rate(t).item())
        spoken = f"t = {t} of 1000, {share} % signal rate"
        assert slider.get_attribute("aria-valuetext") == spoken


def test_the_handles_of_the_explorer_say_their_names_and_where_they_stand(page_of):
    page = page_of(LESSONS[2])
    handles = page.locator(".scrub-knob input")
    wanted = [("β_start", "1e-05", "1"), ("β_end", "1e-05", "1"), ("T", "1", "10000")]
    for handle, (name, low, high) in zip(handles.all(), wanted, strict=True):
        assert handle.get_attribute("aria-label") == name
        said = []
        for key in ("Home", "ArrowRight", "ArrowUp", "End", "ArrowLeft"):
            handle.press(key)
            spoken = handle.get_attribute("aria-valuetext")
            assert spoken.startswith(f"{name} = ")
            said.append(spoken.split(" = ")[1])
            assert (
                said[-1]
                in page.locator(".scrub-handle-name", has_text=said[-1]).all_inner_texts()[0]
            )
        assert (said[0], said[3]) == (low.replace("1e-05", "0.00001"), high)
        numbers = [float(each) for each in said]
        assert numbers[0] < numbers[1] < numbers[2] < numbers[4] < numbers[3]
    assert page.locator(".scrub-meter").get_attribute("role") == "status"


# ------------------------------------------------------------------ colours
def test_a_figure_has_contrast():
    """Its text 4.5, its lines 3; on white, which it keeps in the dark."""
    style = matplotlib.rc_params_from_file(plots.STYLE)
    paper = style["savefig.facecolor"]
    names = ("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color")
    texts = {name: style[name] for name in names if style[name] != "auto"}
    lines = {"edge": style["axes.edgecolor"]}
    for name in ("SIGNAL", "NOISE", "OBSERVED"):
        texts[name] = getattr(plots, name)  # labels and legends have these colours, too
    assert len(texts) == 7 and colors.same_color(paper, "white")
    for least, found in ((4.5, texts), (3, lines)):
        for name, colour in found.items():
            both = [[255 * c for c in colors.to_rgb(each)] for each in (colour, paper)]
            assert contrast(*both) >= least, name


def test_the_colours_of_formulas_and_words_have_contrast(opened):
    """Each has one colour in the lesson, for all themes; the page makes two of it."""
    with opened(LESSONS[0]) as page:
        blue = page.locator("article :is([fill='#1a7fc1'], [style*='#1a7fc1'])")
        orange = page.locator("article :is([fill='#c85a00'], [style*='#c85a00'])")
        assert min(blue.count(), orange.count()) >= 4
        for light in (True, False):
            use_theme(page, light)
            for node in blue.all() + orange.all():
                colour = node.evaluate(
                    "(node) => getComputedStyle(node)[node.hasAttribute('fill') ? 'fill' : 'color']"
                )
                assert contrast(rgb(colour), paper_of(page)) >= 4.5


def test_the_colours_that_the_system_sets_are_kept(opened):
    """High contrast, on light or on dark, whatever the theme of the page is."""
    with opened(LESSONS[4], forced_colors="active") as page:

        def of(selector, name):
            node = page.locator(selector).first
            return rgb(node.evaluate("(node, name) => getComputedStyle(node)[name]", name))

        def assert_contrast():
            paper = paper_of(page)
            assert contrast(of(".scrub-chart text", "fill"), paper) >= 4.5
            assert contrast(of(".scrub-line", "stroke"), paper) >= 3
            # Backgrounds are taken away, but not those that say something.
            signal = of("[data-tone=signal] .scrub-bar-fill", "backgroundColor")
            assert contrast(signal, paper) >= 3
            pressed, other = (
                of(f".scrub-bug-lab .scrub-button[aria-pressed={which}]", "backgroundColor")
                for which in ("true", "false")
            )
            assert contrast(pressed, other) >= 3

        for scheme, paper in (("light", [255] * 3), ("dark", [0] * 3)):
            page.emulate_media(color_scheme=scheme, forced_colors="active")
            assert paper_of(page) == paper
            for _ in range(3):
                page.locator(".theme-toggle:visible").press("Enter")  # auto, light, dark
                assert_contrast()
