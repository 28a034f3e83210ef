"""Each deck of slides, opened from the disk as by an instructor without a network."""

import re
from contextlib import contextmanager

import pytest
from harness import assert_accessible, assert_keyboard_reaches_all, offline_page
from playwright.sync_api import expect
from publish.guide import plans
from publish.places import LESSONS as NOTEBOOKS

LESSONS = [path.stem for path in NOTEBOOKS]
PLANS = [plan.stem for plan in plans()]

# What reaches beyond the slide or lies over something else, with all its fragments shown. A text
# that takes the place of another, when that is hidden, lies over nothing.
MISPLACED = """() => Reveal.getSlides().flatMap((slide) => {
    const { h, v } = Reveal.getIndices(slide);
    Reveal.slide(h, v, 99);
    const scale = Reveal.getScale();
    const frame = slide.getBoundingClientRect();
    const box = (node) => {
        const { left, right, top, bottom } = node.getBoundingClientRect();
        const [x, y] = [frame.left, frame.top];
        return [(left - x) / scale, (top - y) / scale, (right - x) / scale, (bottom - y) / scale];
    };
    const seen = (node) => node.checkVisibility({ visibilityProperty: true });
    const inner = "aside, svg, mjx-container *, .scrub-ticks *";
    const beyond = [...slide.querySelectorAll("*")].filter((node) => {
        const [left, top, right, bottom] = box(node);
        const shown = seen(node) && right > left && bottom > top && !node.closest(inner);
        return shown && (left < 63 || top < 0 || right > 1217 || bottom > 702);
    });
    const cells = [...slide.querySelectorAll(".jp-Cell")].filter((cell) => seen(cell));
    const over = cells.filter((cell, i) => i && box(cells[i - 1])[3] > box(cell)[1] + 1
        && box(cell)[3] > box(cells[i - 1])[1] + 1);
    return [...beyond, ...over].map((node) => [h + 1, v + 1, node.className || node.tagName]);
})"""

# Of each slide, whether it asks, and what is in view behind the question before a key is pressed.
# A widget that is to be tried, and code that has printed nothing, give nothing away.
ANSWERS = """() => Reveal.getSlides().map((slide) => {
    const { h, v } = Reveal.getIndices(slide);
    Reveal.slide(h, v, -1);
    const cells = [...slide.querySelectorAll(".jp-Cell")]
        .filter((cell) => cell.checkVisibility({ visibilityProperty: true }));
    const asks = cells.findIndex((cell) => cell.textContent.includes("Predict"));
    const speaks = (output) => !output.querySelector(".scrub-view");
    const tells = (cell) => cell.matches(".jp-MarkdownCell")
        || [...cell.querySelectorAll(".jp-OutputArea-output")].some(speaks);
    const told = cells.slice(asks + 1).filter((cell) => asks >= 0 && tells(cell));
    return [asks >= 0, told.map((cell) => [h + 1, v + 1, cell.textContent.trim().slice(0, 60)])];
})"""

# What cannot be read from the last row: text below 28 pixels, or in a chart below 24, on a
# screen of 1920 × 1080, which shows a slide of 1280 × 720. An index may be a quarter smaller.
SMALL = """() => {
    const slide = Reveal.getCurrentSlide();
    const texts = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
    const small = [];
    while (texts.nextNode()) {
        const node = texts.currentNode.parentElement, svg = node.closest("svg");
        const text = texts.currentNode.textContent.trim();
        const shown = text && node.checkVisibility({ visibilityProperty: true });
        if (!shown || node.closest("aside, mjx-container, .scrub-alpha-bar > span")) continue;
        const scale = svg ? svg.getScreenCTM().a / Reveal.getScale() : 1;
        const size = parseFloat(getComputedStyle(node).fontSize) * scale;
        const chart = node.closest(".scrub-chart, .scrub-ticks, .scrub-legend, svg");
        const least = (chart ? 24 : 28) / 1.5;
        const index = node.matches("sub, tspan[font-size]") ? 0.75 : 1;
        if (size < least * index - 0.1) small.push([Reveal.getIndices().h + 1, text, size]);
    }
    return small;
}"""
EACH_STATE = f"""() => Reveal.getSlides().flatMap((slide, h) => [-1, 99].flatMap((step) => {{
    Reveal.slide(h, 0, step);
    return ({SMALL})();
}}))"""

# What is of no use to a room: code beside a picture, assertions, and talk of a notebook's cells.
FOR_A_NOTEBOOK = """() => Reveal.getSlides().flatMap((slide) => {
    const texts = (what) => [...slide.querySelectorAll(what)].map((each) => each.textContent);
    const code = texts(".jp-CodeCell .jp-InputArea pre");
    const text = texts(".jp-Cell:not(aside *)").join(" ");
    const found = text.match(/\\bcells?\\b|unfold|folded|Not attempted|^ *assert/gim) ?? [];
    const pictured = slide.querySelector(".celltag_picture") ? code : [];
    return [...found, ...pictured].map((each) => [Reveal.getIndices(slide).h + 1, each]);
})"""

# The number at each horizontal line of a scrub's charts, and how far from its line the number's
# middle lies, as a share of the number's height.
LABELS_OFF = """(scrub) => [...scrub.querySelectorAll(".scrub-axes path")].map((line) => {
    const middle = ({ top, bottom }) => (top + bottom) / 2;
    const label = line.nextElementSibling, box = label.getBoundingClientRect();
    const off = (middle(box) - middle(line.getBoundingClientRect())) / box.height;
    return [label.textContent, Math.abs(off)];
})"""

PIXELS = """(scrub) =>
    [...scrub.querySelectorAll("canvas, .scrub-playhead, .scrub-slit, .scrub-bar")]
    .map((drawn) => drawn.toDataURL?.() ?? drawn.outerHTML).join()"""
SHOW = """(scrub) => {
    const { h, v } = Reveal.getIndices(scrub.closest("section"));
    Reveal.slide(h, v, 99);
}"""
WHERE = "Object.values(Reveal.getIndices()).join()"


# Whether the middle of a node is in view, under nothing else.
SEEN = """(node) => {
    const { x, y, width, height } = node.getBoundingClientRect();
    return document.elementFromPoint(x + width / 2, y + height / 2) === node;
}"""


@pytest.fixture
def open_deck(chromium, slides):
    """Opens a deck. Nothing fades, so that what is hidden is hidden at once."""

    @contextmanager
    def opened(name, options=""):
        with offline_page(chromium, height=720, reduced_motion="reduce") as page:
            page.goto(f"{slides.as_uri()}/{name}.html{options}")
            page.wait_for_function("document.body.classList.contains('fitted')")
            page.wait_for_function(
                "[...document.querySelectorAll('.celltag_picture:has(.jupyter-widgets)')]"
                ".every((place) => place.matches('.filled'))"
            )
            yield page

    return opened


@pytest.fixture
def deck(open_deck, request):
    with open_deck(request.param) as page:
        yield page


@pytest.mark.parametrize("deck", LESSONS, indirect=True)
def test_a_deck_can_be_presented(deck):
    assert deck.evaluate(MISPLACED) == []
    assert deck.evaluate(EACH_STATE) == []
    questions = deck.evaluate(ANSWERS)
    assert sum(asks for asks, _ in questions) >= 4
    assert [told for _, told in questions if told] == []

    silent = "Reveal.getSlides().filter((s) => !/\\w{3}/.test(Reveal.getSlideNotes(s))).length"
    assert deck.evaluate(silent) == 0
    assert deck.evaluate(FOR_A_NOTEBOOK) == []
    assert deck.locator("mjx-container").count() > 10
    assert deck.locator("mjx-merror").count() == 0
    assert deck.evaluate("[...document.images].every((image) => image.alt.length > 20)")

    scrubs = deck.locator(".scrub")
    assert scrubs.count() >= 2
    for scrub in scrubs.all():
        scrub.evaluate(SHOW)
        slider, place = scrub.locator(".scrub-timeline input"), deck.evaluate(WHERE)
        slider.wait_for()  # it fades in, and has no focus before
        assert [label for label, off in scrub.evaluate(LABELS_OFF) if off > 0.2] == []
        slider.press("Home")
        before = scrub.evaluate(PIXELS)
        slider.press("End")
        moved = f"([scrub, before]) => ({PIXELS})(scrub) !== before"
        deck.wait_for_function(moved, arg=[scrub.element_handle(), before], timeout=5000)
        assert deck.evaluate(WHERE) == place  # the keys were the slider's

    # Esc gives them back.
    deck.keyboard.press("Escape")
    deck.keyboard.press("ArrowLeft")
    assert deck.evaluate(WHERE) != place


@pytest.mark.parametrize("deck", PLANS[1:2], indirect=True)
def test_a_plan_is_presented_with_page_down_alone(deck):
    """Whatever has the focus; and the notes know the minute, and the slide of each part."""
    (plan,) = (plan for plan in plans() if deck.url.endswith(f"{plan.stem}.html"))
    notes = [[]]
    for _ in range(1000):
        notes[-1] = deck.evaluate("Reveal.getSlideNotes()")
        for slider in deck.locator("section.present .scrub-timeline input").all():
            slider.focus()
        slide = deck.evaluate(WHERE)
        deck.keyboard.press("PageDown")
        if deck.evaluate(WHERE) == slide:
            break
        if deck.evaluate("Reveal.getIndices().h") == len(notes):
            notes.append("")
    assert len(notes) == deck.evaluate("Reveal.getTotalSlides()")
    begun = re.findall(r"Slide (\d+), from minute (\d+)", notes[0])
    assert [int(minute) for _, minute in begun] == [part.start for part in plan.parts]
    for (slide, _), part in zip(begun, plan.parts, strict=True):
        assert f"Minutes {part.start} to {part.end} of 50" in notes[int(slide) - 1]
        assert f"Minutes {part.start} to" not in notes[int(slide) - 2]


@pytest.mark.parametrize("deck", LESSONS[:1], indirect=True)
def test_the_keys_of_a_deck(deck):
    deck.keyboard.press("f")  # the title has no picture
    deck.wait_for_function("document.fullscreenElement === document.documentElement")
    deck.locator(".scrub").first.evaluate(SHOW)
    slider = deck.locator(".scrub input").first
    slider.wait_for()
    place = deck.evaluate(WHERE)

    sizes = """() => {
        const slide = document.querySelector("section.present");
        const box = (what) => slide.querySelector(what).getBoundingClientRect();
        return [box(".scrub-controls select").height, box("canvas").width];
    }"""
    (text, picture), large = (
        deck.evaluate(sizes),
        "document.activeElement.matches('.whole-screen input')",
    )
    deck.keyboard.press("f")
    deck.wait_for_function(large)
    larger_text, larger_picture = deck.evaluate(sizes)
    assert larger_text > text and larger_picture > picture
    before = slider.input_value()
    deck.keyboard.press("ArrowRight")
    assert slider.input_value() != before and deck.evaluate(WHERE) == place
    deck.keyboard.press("f")
    assert deck.evaluate("document.fullscreenElement") and not deck.evaluate(large)

    slider.focus()
    for key in ("b", "."):
        deck.keyboard.press(key)
        assert deck.evaluate("Reveal.isPaused()")
        deck.keyboard.press(key)
        assert not deck.evaluate("Reveal.isPaused()")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = deck.evaluate(paper)
    deck.keyboard.press("d")
    assert deck.evaluate(paper) != light
    deck.keyboard.press("PageUp")
    assert deck.evaluate(WHERE) != place


@pytest.mark.parametrize("deck", LESSONS[1:2], indirect=True)
def test_the_speaker_sees_what_to_say_and_both_windows_show_the_same(deck):
    with deck.context.expect_page() as opened:
        deck.keyboard.press("s")
    speaker = opened.value
    speaker.locator(".speaker-controls-notes .value").get_by_text("Minutes: 1.").wait_for()
    scrub = deck.locator(".scrub").first
    scrub.evaluate(SHOW)
    slider = scrub.locator(".scrub-timeline input")
    frame = speaker.frame_locator("#current-slide iframe")
    theirs = frame.locator(".scrub").first.locator(".scrub-timeline input")
    theirs.wait_for()
    slider.press("End")
    expect(theirs).to_have_value(slider.input_value())
    theirs.press("ArrowLeft")
    expect(slider).to_have_value(theirs.input_value())
    assert deck.locator("aside mjx-assistive-mml").count() == 0  # or a formula is there twice
    speaker.close()


def test_the_front_page_lists_the_decks_and_is_accessible(chromium, slides, axe):
    with offline_page(chromium) as page:
        page.goto((slides / "index.html").as_uri())
        links = page.locator("main a").evaluate_all("links => links.map((a) => a.href)")
        assert links == [(slides / f"{stem}.html").as_uri() for stem in [*PLANS, *LESSONS]]
        assert_accessible(page, axe)


# Those with the explorer, the bug lab and the game; the words of all are looked at on the site.
@pytest.mark.parametrize("name", [LESSONS[2], LESSONS[4]])
def test_each_slide_is_accessible(open_deck, axe, name):
    # As it would be printed, one slide below the other, all is in view at once. What takes the
    # place of a question stands beside it then.
    with open_deck(name, "?print-pdf&pdfSeparateFragments=false") as page:
        page.add_style_tag(
            content="""
            .reveal .slides section.present:not(.stack), .reveal .slides .pdf-page > section {
                display: flex !important;
            }
            .reveal .slides section * { visibility: visible !important; }"""
        )
        slides = page.evaluate("Reveal.getTotalSlides()")
        assert page.locator(".pdf-page").count() == slides > 20
        assert_accessible(page, axe)


@pytest.mark.parametrize("deck", LESSONS[2:3], indirect=True)
def test_tab_stays_on_the_slide(deck):
    elsewhere = "Boolean(document.activeElement.closest('.slides section:not(.present)'))"
    for widget in deck.locator(".scrub-timeline").all():
        slide = widget.locator("xpath=ancestor::section[1]")
        slide.evaluate(
            "(slide) => { const { h, v } = Reveal.getIndices(slide); Reveal.slide(h, v, 99); }"
        )
        widget.locator("input").wait_for()
        assert slide.locator("h2, .running").first.evaluate(SEEN)
        for _ in range(20):
            deck.keyboard.press("Tab")
            assert not deck.evaluate(elsewhere)
        assert_keyboard_reaches_all(deck, slide)
    assert deck.locator("mjx-container[tabindex]").count() == 0  # no stop at each formula
