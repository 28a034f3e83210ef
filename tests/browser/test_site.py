"""The built site, opened as a reader does: without a kernel, and with every other host refused."""

import functools
import json
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from bs4 import BeautifulSoup
from harness import BEYOND, SHOWN, assert_links_lead_somewhere, assert_moves, offline_page
from publish.page import NO_UPLOAD, WIDGET_STATE, packed
from publish.places import LESSONS as NOTEBOOKS

from diffusion import NoiseSchedule
from diffusion.teaching.bugs import BUGS

LESSONS = [f"lessons/{path.stem}.html" for path in NOTEBOOKS]
PAGES = ["index.html", *LESSONS, "guide.html", "glossary.html"]
PAGES += ["reference.html", "measurements.html", "search.html"]


@pytest.fixture(scope="module")
def server(site):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def scrubs_of(page):
    """All scrubs, once the last of them is there."""
    drawn = """() => {
        const wanted = document.querySelectorAll("script[type$='widget-view+json']").length;
        const there = document.querySelectorAll(".widget-subarea > *").length;
        const blank = [...document.querySelectorAll(".scrub canvas")].filter((c) => !c.ariaLabel);
        return there >= wanted && blank.length === 0;
    }"""
    page.wait_for_function(drawn, polling=100)
    return page.locator(".scrub").all()


@pytest.fixture
def open_page(chromium, site):
    """Opens a page from the disk, with its widgets; in the end nothing must have gone wrong."""

    @contextmanager
    def opened(name, address=None, **options):
        with offline_page(chromium, **options) as page:
            page.goto(f"{address or site.as_uri()}/{name}")
            page.scrubs = scrubs_of(page)
            yield page

    return opened


@pytest.mark.parametrize("scheme", ["http", "file"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_alive(open_page, site, server, name, scheme):
    with open_page(name, {"http": server, "file": site.as_uri()}[scheme]) as page:
        assert len(page.scrubs) >= {"index.html": 1}.get(name, 2 if name in LESSONS else 0)
        for scrub in page.scrubs:
            assert_moves(scrub)
        formulas = page.locator(".math").count()
        assert formulas > 5 or name in ("index.html", "measurements.html", "search.html")
        if formulas:
            page.wait_for_function(
                "(n) => document.querySelectorAll('mjx-container').length >= n", arg=formulas
            )
        assert page.locator("[data-mml-node=merror]").count() == 0
        for image in page.locator("main img, article img").all():
            described = len(image.get_attribute("alt")) > 20
            assert described or image.locator("xpath=ancestor::a").inner_text()  # a card says it
        page.set_viewport_size({"width": 320, "height": 640})  # it fits the smallest phone
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert page.evaluate(BEYOND) == []


def test_links_lead_somewhere(site):
    assert_links_lead_somewhere(site, at_least=len(PAGES))


@pytest.mark.parametrize("name", ["index.html", *LESSONS])
def test_a_page_weighs_less_than_three_megabytes(site, name):
    page = site / name
    shared = {"require.js", "embed-amd.js", "tex-svg.js", "anywidget.js"}
    weight = page.stat().st_size
    for tag in BeautifulSoup(page.read_text("utf-8"), "html.parser").select("[src]"):
        source = tag["src"].split("?")[0]
        if not source.startswith("data:") and source.rpartition("/")[2] not in shared:
            weight += (page.parent / source).stat().st_size
    assert 50_000 < weight < 3_000_000


def test_packing_the_widgets_loses_nothing(chromium):
    long = "a value that several widgets share, longer than its reference would be, by far"
    state = {
        "state": {
            "one": {"state": {"text": long, "list": [long, {"deep": [long] * 3}], "none": None}},
            "two": {
                "state": {"text": long, "list": [long, {"deep": [long] * 3}], "<": "</script>"}
            },
        },
        "version_major": 2,
    }
    script = packed(state)
    assert script.count(long) == 1
    with offline_page(chromium) as page:
        page.set_content("<body></body>")
        page.add_script_tag(content=script)
        text = page.locator(f"script[type='{WIDGET_STATE}']").text_content()
    assert json.loads(text) == state


def test_the_search_finds_a_lesson(open_page, server):
    with open_page("index.html", server) as page:
        page.locator("input[type=search], .sidebar-search").first.fill("half-life")
        page.keyboard.press("Enter")
        page.wait_for_selector("#search-results li a[href*='03_read_the_schedule']")


def test_what_needs_a_kernel_says_so(site):
    for name in LESSONS:
        soup = BeautifulSoup((site / name).read_text("utf-8"), "html.parser")
        notes = [note for note in soup.select(".admonition") if "run the lesson" in note.text]
        assert len(notes) == len(soup.select(".tag_exercise")) >= 1
        solutions = soup.select(".tag_solution details")
        assert len(solutions) == len(notes)
        assert all("Show the solution" in solution.text for solution in solutions)
        assert "Presenting?" not in soup.text
    first = BeautifulSoup((site / LESSONS[0]).read_text("utf-8"), "html.parser")
    assert NO_UPLOAD in first.text


def test_a_slider_has_the_same_size_in_the_dark(open_page):
    size = "(node) => [node.offsetWidth, node.offsetHeight, getComputedStyle(node).fontSize]"
    sizes = []
    for scheme in ("light", "dark"):
        with open_page("lessons/03_read_the_schedule.html", color_scheme=scheme) as page:
            sizes.append(page.locator(".scrub-explorer .widget-label").first.evaluate(size))
    assert sizes[0] == sizes[1]


def test_the_widgets_follow_the_theme(open_page):
    with open_page("index.html", color_scheme="dark") as page:
        (scrub,) = page.scrubs
        colour = "(node) => getComputedStyle(node).color"
        number = scrub.locator(".scrub-term").first
        dark = number.evaluate(colour)
        page.emulate_media(color_scheme="light")
        other = f"([node, dark]) => ({colour})(node) !== dark"
        page.wait_for_function(other, arg=[number.element_handle(), dark])
        light = number.evaluate(colour)
        # The reader's own choice wins over the system's: auto, then light, then dark.
        toggle = page.locator(".theme-toggle:visible").first
        seen = set()
        for _ in range(3):
            toggle.click()
            theme = page.evaluate("document.body.dataset.theme")
            assert number.evaluate(colour) == {"dark": dark}.get(theme, light)
            seen.add(theme)
        assert seen == {"auto", "light", "dark"}


def test_the_game_is_played_without_a_kernel(open_page):
    with open_page("lessons/05_sample_for_training.html") as page:
        game = page.locator(".scrub-guess")
        field = game.locator("input[type=range]")
        field.press("Home")
        field.press("Enter")
        result = game.locator(".scrub-guess-result")
        assert "t was" in result.inner_text()


def test_the_explorer_answers_without_a_kernel(open_page):
    with open_page("lessons/03_read_the_schedule.html") as page:
        explorer = page.locator(".widget-vbox:has(> .scrub-explorer)")
        meter, note = explorer.locator(".scrub-meter"), explorer.locator(".scrub-note")
        field = explorer.locator(".scrub-timeline input")
        assert "This page cannot compute" in note.inner_text()
        assert "√ᾱT = 0.0064" in meter.inner_text().replace("\n", "")

        field.fill("500")
        before = explorer.locator(".scrub").evaluate(SHOWN)
        steps = explorer.locator(".scrub-explorer .noUi-handle").nth(2)
        steps.press("Home")  # T = 0: impossible, and it says so
        assert "time_steps must be at least 1" in meter.inner_text()
        assert field.get_attribute("max") == "1000"
        for _ in range(50):
            steps.press("ArrowRight")
        assert "78 % of the picture is left" in meter.inner_text()
        assert "β = 0.0001 … 0.02, T = 50." in note.inner_text()
        assert (field.get_attribute("max"), field.input_value()) == ("50", "25")
        after = explorer.locator(".scrub").evaluate(SHOWN)
        assert all(old != new for old, new in zip(before["moving"], after["moving"], strict=True))
        rate = NoiseSchedule(time_steps=50).signal_rate(25).item()
        text = explorer.locator(".scrub-readouts").inner_text().replace("\n", "")
        assert f"{rate:.3f} · x0" in text
        last = explorer.locator(".scrub-explorer .noUi-handle").nth(1)
        last.press("End")  # β = 1
        assert "strictly between 0 and 1" in meter.inner_text()


def test_the_bug_lab_answers_without_a_kernel(open_page):
    with open_page("lessons/05_sample_for_training.html") as page:
        lab = page.locator(".scrub-bug-lab")
        field = lab.locator(".scrub-timeline input")
        field.fill("437")
        schedule = NoiseSchedule()
        for button, bug in zip(
            lab.locator(".widget-toggle-buttons button").all(), BUGS, strict=True
        ):
            button.click()
            assert lab.locator("[role=status]").inner_text().startswith(bug.name)
            assert bug.wrong in lab.locator(".scrub-bug-line").text_content()
            assert field.input_value() == "437"
            rates = [rate[437].item() for rate in bug.rates(schedule)]
            text = lab.locator(".scrub-readouts").inner_text().replace("\n", "")
            assert "{:.3f} · x0+{:.3f} · ε".format(*rates) in text
            # The first picture is that of the code with the bug, the second as it should be.
            code, right, *_ = lab.evaluate(SHOWN)["moving"]
            assert (code == right) == (bug.name in ("no bug", "other noise returned"))
