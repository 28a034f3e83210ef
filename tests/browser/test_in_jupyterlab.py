"""Widgets in a real JupyterLab: by mouse, keys, the kernel, other widgets; and with odd texts.

All in one page. What is out of the ordinary is in test_hostile.py.
"""

import re
import time

import pytest
from harness import BEYOND, settled
from playwright.sync_api import expect

# Notes what is shown, and what is asked of the slider, from now on.
NOTE = """(scrub) => {
    const [slider, picture] = [scrub.querySelector("input"), scrub.querySelector("canvas")];
    window.asked = [];
    window.shown = [];
    slider.addEventListener("input", () => window.asked.push(slider.valueAsNumber));
    new MutationObserver(() => window.shown.push(+picture.ariaLabel.split("= ")[1])).observe(
        picture, { attributes: true },
    );
}"""


def scrub(lab):
    return lab.cell("scrub").locator(".scrub")


def drag(lab, start, end, steps):
    """Drag the slider's thumb between two shares of its length, with the mouse."""
    box = lab.slider().bounding_box()
    y = box["y"] + box["height"] / 2
    at = [box["x"] + 8 + share * (box["width"] - 16) for share in (start, end)]
    mouse = lab.page.mouse
    mouse.move(at[0], y)
    mouse.down()
    mouse.move(at[1], y, steps=steps)
    mouse.up()


def says(lab):
    """Which t the equation names, x_250 = …, as "t = 250"."""
    return re.sub(r"^x(\d+) =$", r"t = \1", lab.cell("scrub").locator(".scrub-where").inner_text())


def test_every_key(lab):
    field, cells = lab.slider(), lab.page.locator(".jp-Cell").count()
    field.focus()
    for key, expected in [
        ("ArrowRight", 1),
        ("ArrowUp", 2),
        ("ArrowLeft", 1),
        ("ArrowDown", 0),
        ("PageUp", 100),
        ("PageUp", 200),
        ("PageDown", 100),
        ("End", 1000),
        ("Home", 0),
    ]:
        field.press(key)
        assert int(field.input_value()) == expected, key
        assert says(lab) == f"t = {expected}", key
    field.press("Space")  # play
    pause = scrub(lab).get_by_role("button", name="Pause (space)")
    pause.wait_for()
    lab.page.wait_for_function("(it) => it.value > 20", arg=field.element_handle())
    field.press("Space")
    stopped = field.input_value()
    lab.page.wait_for_timeout(150)
    assert field.input_value() == stopped and int(stopped) < 900 and not pause.is_visible()
    # Nothing of all this reached the notebook: no cell was made, moved or left.
    assert lab.page.locator(".jp-Cell").count() == cells
    assert field.evaluate("(it) => it === document.activeElement")


def test_play_runs_to_the_end_at_the_chosen_speed_and_begins_again(lab):
    scrub(lab).locator("select").select_option("4")
    lab.slider().fill("500")
    play = scrub(lab).locator("button").first
    start = time.monotonic()
    play.click()
    stopped = scrub(lab).get_by_role("button", name="Play (space)")
    stopped.wait_for()
    assert 1.2 < time.monotonic() - start < 5  # half of ten seconds, at four times the speed
    assert lab.slider().input_value() == "1000"
    play.click()
    lab.page.wait_for_function("(it) => it.value < 400", arg=lab.slider().element_handle())
    drag(lab, 0.2, 0.3, steps=3)  # a hand on the slider stops it
    assert stopped.is_visible() and says(lab) == f"t = {lab.slider().input_value()}"


def test_reduced_motion_steps_instead_of_gliding(lab):
    lab.page.emulate_media(reduced_motion="reduce")
    scrub(lab).locator("select").select_option("4")
    scrub(lab).evaluate(NOTE)
    scrub(lab).locator("button").first.click()
    scrub(lab).locator("canvas[aria-label$='= 1000']").wait_for()
    # Still pictures a tenth of the way apart, in this order, however slow the machine.
    assert lab.page.evaluate("window.shown") == list(range(100, 1001, 100))


def test_fullscreen_by_key_and_back(lab):
    width, field = scrub(lab).locator("canvas").bounding_box()["width"], lab.slider()
    field.press("f")
    lab.page.wait_for_function("document.fullscreenElement?.classList.contains('scrub')")
    lab.page.wait_for_function(
        "([it, width]) => it.getBoundingClientRect().width > 1.2 * width",
        arg=[scrub(lab).locator("canvas").element_handle(), width],
    )
    lab.page.mouse.click(3, 3)  # beside the controls, which keep the keys
    lab.page.keyboard.press("PageUp")
    assert says(lab) == "t = 100"
    field.press("f")
    lab.page.wait_for_function("!document.fullscreenElement")


def test_presentation_mode_shows_a_scrub_whole(lab):
    lab.page.set_viewport_size({"width": 1280, "height": 720})
    lab.do("application:toggle-presentation-mode")
    scrub(lab).scroll_into_view_if_needed()
    box = scrub(lab).bounding_box()
    lab.do("application:toggle-presentation-mode")
    assert box["height"] <= 720 and box["x"] >= 0 and box["x"] + box["width"] <= 1280


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_overflows_or_moves_while_dragging(lab, width):
    """Of all widgets, whichever of their sliders is moved."""
    lab.page.set_viewport_size({"width": width, "height": 1100})
    output = "document.querySelector('.jp-OutputArea-output:has(.scrub)').getBoundingClientRect()"
    lab.page.wait_for_function(f"(width) => {output}.right <= width", arg=width)
    boxes = """() => [...document.querySelectorAll(
        ".scrub-view, .scrub-readouts > *, .scrub-legend > *, .scrub-equation > *"
    )].map((node) => {
        const { left, right, top, bottom } = node.getBoundingClientRect();
        const scrolled = node.closest(".jp-WindowedPanel-inner").getBoundingClientRect().top;
        return [left, right, top - scrolled, bottom - scrolled].map(Math.round);
    })"""
    still = """(read) => new Promise((done) => {  // the layout has come to rest
        let [before, since] = ["", 0];
        const look = () => {
            const now = JSON.stringify(eval(read)());
            since = now === before ? since + 1 : 0;
            before = now;
            since > 5 ? done(JSON.parse(now)) : requestAnimationFrame(look);
        };
        look();
    })"""
    first = lab.page.evaluate(still, boxes)
    sliders = lab.page.locator(".scrub-timeline input").all()
    for key in ("Home", "ArrowRight", "PageUp", "End"):
        for field in sliders:
            field.press(key)
        assert lab.page.evaluate(boxes) == first, key
        assert lab.page.evaluate(BEYOND) == [], key


# ------------------------------------------------------------------------------ page and kernel


def test_t_goes_both_ways_between_page_and_kernel(lab):
    lab.slider().fill("321")
    assert settled(lambda: lab.python("print(it.at, it.position)"), "321 321")
    lab.python("it.at = 77")
    assert settled(lambda: says(lab), "t = 77") and lab.slider().input_value() == "77"
    lab.python("it.position = 78")
    assert settled(lambda: says(lab), "t = 78")
    assert "ValueError: t must be in 0 … 1000, not 2000" in lab.python("it.at = 2000")
    # Where the slider stops at some t alone, `at` is that t and `position` counts the stops.
    lab.slider("walk").fill("3")
    assert settled(lambda: lab.python("print(walking.at, walking.position)"), "750 3")
    lab.python("walking.at = 250")
    assert settled(lambda: lab.slider("walk").input_value(), "1")


def test_another_widget_can_drive_and_follow(lab):
    lab.python("link = jslink((whole, 'value'), (it, 'position')); whole.value = 600")
    assert settled(lambda: says(lab), "t = 600")
    lab.slider().fill("250")
    readout = lab.cell("others").locator(".widget-readout").first
    assert settled(readout.inner_text, "250")
    lab.python("link.unlink()")


def test_scrubbing_leaves_the_kernel_in_peace_and_shows_every_position(lab):
    lab.page.evaluate("window.sent.length = window.heard.length = 0")
    scrub(lab).evaluate(NOTE)
    start = time.monotonic()
    drag(lab, 0, 1, steps=100)
    drag(lab, 1, 0, steps=100)
    for t in (40, 41):  # and it comes to rest between two moves
        lab.slider().fill(str(t))
        lab.page.wait_for_function("(t) => window.sent.at(-1)?.position === t", arg=t)
    seconds = time.monotonic() - start
    sent, heard, asked, shown = lab.page.evaluate("[sent, heard, asked, shown]")
    assert len(set(asked)) > 50
    assert len(set(asked) & set(shown)) >= 0.95 * len(set(asked))
    assert 2 <= len(sent) <= 10 * seconds
    assert lab.python("print(it.at)") == "41"
    # What the kernel hears of t is late; none of it comes back as an order to the slider.
    assert [state for state in heard if state and "position" in state] == []
    assert says(lab) == "t = 41"


def test_show_exchanges_what_is_shown_in_one_message_and_without_a_flicker(lab):
    lab.slider().fill("250")
    assert settled(lambda: lab.python("print(it.at)"), "250")
    lab.slider().focus()
    scrub(lab).evaluate(
        """(scrub) => {
            window.heard.length = 0;
            window.flickers = 0;
            const place = scrub.parentElement;
            const text = () => place.querySelector(".scrub-where")?.textContent;
            const look = () => (window.flickers += !text());
            new MutationObserver(look).observe(place, { childList: true, subtree: true });
            const often = () => (look(), place.isConnected && requestAnimationFrame(often));
            often();
        }"""
    )
    height = scrub(lab).bounding_box()["height"]
    lab.python("it.show(ImageView(film, alt='the same cat'), *views[1:])")
    scrub(lab).locator("canvas[aria-label='the same cat, t = 250']").wait_for()
    assert lab.page.evaluate("heard.length") == 1 and scrub(lab).bounding_box()["height"] == height
    lab.page.keyboard.press("ArrowRight")  # the focus is kept
    assert says(lab) == "t = 251"
    lab.python("it.show(ImageView(short), CurvesView(few), at=7)")  # another axis
    assert settled(lambda: says(lab), "t = 7") and lab.slider().get_attribute("max") == "20"
    assert lab.cell("scrub").locator("svg[role=img]").count() == 1
    assert "ValueError" in lab.python("it.show()") and lab.python("print(it.at)") == "7"
    lab.python("it.show(*views)")
    lab.page.wait_for_function("(it) => it.isConnected", arg=scrub(lab).element_handle())
    assert settled(lambda: says(lab), "t = 7") and lab.slider().get_attribute("max") == "1000"
    assert lab.page.evaluate("flickers") == 0


def test_a_bug_can_be_chosen_here_and_there(lab):
    button = lab.cell("bugs").locator(".scrub-bugs button")
    button.nth(2).press("Enter")
    assert settled(lambda: lab.python("print(bugs.choice)"), "2")
    lab.python("bugs.choice = 1")
    chosen = lab.cell("bugs").locator("[aria-pressed=true]")
    assert settled(lambda: chosen.inner_text(), button.nth(1).inner_text())
    lab.python("bugs.choice = 0")


def test_the_explorer_by_its_handles(lab):
    cell, field = lab.cell("explorer"), lab.slider("explorer")
    read = "print(explorer.beta_start, explorer.beta_end, explorer.time_steps, explorer.position)"
    field.fill("500")
    first, last, steps = cell.locator(".scrub-knob input").all()
    steps.press("End")  # and the slider stays at the same share of the way
    assert settled(lambda: lab.python(read).split()[2:], ["10000", "5000"])
    steps.press("Home")
    for T in range(2, 8):  # each key is the next number
        steps.press("ArrowRight")
        assert steps.get_attribute("aria-valuetext") == f"T = {T}"
    assert field.get_attribute("max") == "7"
    last.press("End")  # β = 1, which is no schedule: the last one stays
    cell.get_by_text("refused").wait_for()
    assert settled(lambda: lab.python(read).split()[1], "1.0") and field.get_attribute("max") == "7"
    lab.python("explorer.beta_start, explorer.beta_end, explorer.time_steps = 1e-4, 0.02, 1000")
    assert settled(lambda: last.get_attribute("aria-valuetext"), "β_end = 0.02")
    first.press("ArrowRight")
    assert settled(lambda: float(lab.python(read).split()[0]) > 1e-4, True)
    assert cell.get_by_text("refused").count() == 0
    lab.python("explorer.beta_start = 1e-4")


def test_the_explorer_by_the_schedule_that_is_chosen(lab):
    cell = lab.cell("explorer")
    read = "print(explorer.shape, explorer.beta_start, explorer.beta_end)"
    first, last, _ = cell.locator(".scrub-knob input").all()
    cell.get_by_label("schedule").select_option("constant")
    expect(last).to_be_hidden()
    first.press("ArrowRight")  # at once: the kernel hears of both together, and takes both
    assert settled(lambda: lab.python(read), "constant 0.0102 0.02")
    lab.python("explorer.shape = 'linear'")
    expect(last).to_be_visible()
    expect(first).to_have_attribute("aria-valuetext", "β_start = 0.0001")
    assert settled(lambda: lab.python(read), "linear 0.0001 0.02")


def test_a_game_is_heard_of_by_the_kernel_and_played_by_it(lab):
    """Rounds, marks and keys are those of the page alone: test_accessibility.py plays them."""
    cell, first = lab.cell("game"), "Round 1 of 2: t was 321. You said 400, 79 off; the likelihood"
    slider, button = cell.locator("input"), cell.locator("button").first
    result, (noised, clean) = cell.locator(".scrub-guess-result"), cell.locator("canvas").all()
    lab.python("game.play(1); game.restart()")
    expect(result).to_have_text("Round 1 of 2: which t is it?")
    assert noised.get_attribute("aria-label") == "a cat, noised"  # no word of t
    slider.fill("400")
    slider.press("Enter")
    expect(result).to_contain_text(f"{first} said 300, 21 off.")
    assert noised.get_attribute("aria-label") == "a cat, noised to t = 321"
    slider.press("ArrowRight")  # too late: the answer stands
    assert slider.input_value() == "400"
    button.press("Enter")
    assert clean.get_attribute("aria-label") == "a cup, clean"
    slider.press("Home")
    button.press("Space")
    expect(result).to_contain_text("exactly right. On average you were 59 off, the likelihood 11.")
    rows = [row.locator("td").all_inner_texts() for row in cell.locator("tr").all()[1:]]
    assert rows == [
        ["321", "400", "79", "300", "21"],
        ["40", "1", "39", "40", "0"],
        ["", "", "59", "", "11"],
    ]
    assert settled(lambda: lab.python("print(game.guesses, game.means)"), "[400, 1] (59.0, 10.5)")
    cell.get_by_text("New game").press("Enter")
    expect(button).to_have_text("Check")
    lab.python("game.restart(); game.play(400)")
    expect(result).to_contain_text(first)
    lab.python("game.restart()")


# ------------------------------------------------------------------------------ odd texts

# Where it came alive, it would be an <img>, and set window.alive.
TAG = "<img src=x onerror=alive=1>"
EVIL = TAG + "\"'&"

ODD = {
    "words": f"""
import dataclasses
from diffusion.teaching import checks
from diffusion.teaching.bugs import BUGS
from diffusion.teaching.mixtures import spiral

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
    "pictures": """
dots = ScatterView(points.x_0, axis, 1.0, EVIL, EVIL, **words)
scrub(ImageView(worded, **words), EVIL, PointsView(points, **words), dots)
""",
    "charts of words": """
bars = BarsView(axis, ones, (0, 1), EVIL, notes=[EVIL] * 11, law=ones, law_label=EVIL, **words)
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
    "a drawing": "ScheduleDrawing(grey, grey, alt=EVIL)",
    "a sampler": "Sampler({EVIL: spiral()}, {EVIL: ten}, spiral(), alt=EVIL)",
    "figure": "plots.show(plots.axes(), EVIL)",
    "check": "checks.check_forward_step(lambda *given: int(EVIL))",
    "upload": "upload = FileUpload()\nupload",
}
FAILING = {
    "a path": "Path(EVIL).write_bytes(b'once upon a time')\nload_image(EVIL)",
    "an upload": "print(upload.value[0].name)\nload_image(upload.value)",
}


@pytest.fixture(scope="module")
def odd_texts(exhibition):
    """Text that looks like a part of a page: in a view, in an error, in a file's name."""
    with exhibition.more_cells(ODD | FAILING):
        for name in ODD:
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


def test_views_and_outputs_show_odd_texts_as_text(odd_texts, lab):
    assert_all_is_text(
        lab,
        ".scrub-timeline",
        ".scrub-sign",
        ".scrub-caption",
        ".scrub-legend",
        "canvas",
        "svg[role=img]",
        "svg text",
        ".scrub-bugs button",
        ".scrub-bug-line code",
        ".scrub-bug-lab p",
        ".scrub-sampler option",
        ".scrub-sampler canvas",
        ".scrub-bug-lab th",
        ".scrub-guess th",
        ".jp-RenderedHTMLCommon img",
        ".jp-RenderedText[data-mime-type='application/vnd.jupyter.stdout']",
    )


def test_the_name_of_a_file_is_shown_as_text(odd_texts, lab):
    (output,) = lab.run_cell("a path")
    assert output["evalue"].startswith(f"{EVIL!r} is not a picture")
    file = {"name": EVIL, "mimeType": "image/png", "buffer": b"once upon a time"}
    with lab.page.expect_file_chooser() as chooser:
        lab.page.locator(".widget-upload").click()
    chooser.value.set_files(file)
    lab.page.wait_for_selector(".widget-upload:has-text('(1)')")
    shown, failed = lab.run_cell("an upload")
    assert shown["text"] == EVIL + "\n"
    assert failed["evalue"].startswith("The uploaded file is not a picture")
    texts = ".jp-RenderedText[data-mime-type='application/vnd.jupyter.std{}']"
    assert_all_is_text(lab, texts.format("err"), texts.format("out"))


def test_it_would_be_noticed_if_a_text_came_alive(lab):
    alive = "(html) => document.body.insertAdjacentHTML('beforeend', `<div id=evil>${html}</div>`)"
    lab.page.evaluate(alive, EVIL)
    lab.page.wait_for_function("window.alive", polling=100)
    assert lab.page.locator("img[src=x], [onerror]").count() == 1
    lab.page.evaluate("() => { evil.remove(); delete window.alive; }")
    lab.console.clear()  # there is no picture x
