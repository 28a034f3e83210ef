"""The built site, opened as a reader does: without a kernel, and with every other host refused."""

import functools
import json
import math
import re
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from bs4 import BeautifulSoup
from copy_lessons import WORK
from harness import (
    BEYOND,
    REPOSITORY,
    SHOWN,
    assert_accessible,
    assert_links_lead_somewhere,
    assert_moves,
    offline_page,
    use_theme,
)
from playwright.sync_api import expect
from publish.page import NO_UPLOAD, WIDGET_STATE, packed
from publish.places import LESSONS as NOTEBOOKS

from diffusion import NoiseSchedule
from diffusion.teaching.bugs import BUGS

LESSONS = [f"lessons/{path.stem}.html" for path in NOTEBOOKS]
WITHOUT_FORMULAS = ["index.html", "measurements.html", "search.html", "genindex.html"]
PAGES = [*WITHOUT_FORMULAS, *LESSONS]
PAGES += ["guide.html", "glossary.html", "quiz.html", "reference.html"]
HANDOUTS = [f"handouts/{path.stem}.html" for path in NOTEBOOKS]


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
    """All scrubs, once the last of them is there; what waits for answers is opened."""
    if (everything := page.get_by_role("button", name="Show everything")).count():
        everything.click()
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


def assert_pictures_speak(page, at_least):
    """Each says what is to be seen, and one that moves also where; what leads away is a link."""
    texts = page.locator("article").evaluate(
        """(article) => [...article.querySelectorAll("canvas, img, svg[role=img]")]
            .filter((picture) => !picture.closest("mjx-container"))
            .map((picture) => [
                (picture.alt ?? picture.ariaLabel) || picture.closest("a").innerText,
                Boolean(picture.closest(".scrub")),
            ])"""
    )
    assert len(texts) >= at_least
    for text, moves in texts:
        assert len(text.split()) >= 2 and not re.search(r"\.[a-z]{3,4}\b|[\\<>]", text), text
        assert not moves or re.search(r"(t|β|log SNR|x_\d|step) = −?[\d.]+", text), text


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_alive_and_accessible(open_page, axe, name):
    with open_page(name) as page:
        assert len(page.scrubs) >= {"index.html": 1}.get(name, 2 if name in LESSONS else 0)
        for scrub in page.scrubs:
            assert_moves(scrub)
        formulas = page.locator(".math").count()
        assert formulas > 5 or name in WITHOUT_FORMULAS
        if formulas:
            page.wait_for_function(
                "(n) => document.querySelectorAll('mjx-container').length >= n", arg=formulas
            )
        assert page.locator("[data-mml-node=merror]").count() == 0
        assert page.locator("mjx-container[tabindex]").count() == 0  # no stop at each formula
        assert_pictures_speak(page, at_least=3 if page.scrubs else 0)
        # Furo's style sheet wants its two checkboxes outside of all landmarks. A heading that is a
        # formula has no text for axe; a screen reader reads its MathML.
        all_but = {"exclude": [".sidebar-toggle"]}
        assert_accessible(page, axe, all_but, ignored=["empty-table-header"])
        use_theme(page, light=False)
        assert_accessible(page, axe, only=["color-contrast", "link-in-text-block"])
        page.set_viewport_size({"width": 320, "height": 640})  # it fits the smallest phone
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert page.evaluate(BEYOND) == []


def test_no_page_is_forgotten(site):
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert {page for page in pages if not page.startswith("slides/")} == {*PAGES, *HANDOUTS}


def test_links_lead_somewhere(site):
    assert_links_lead_somewhere(site, at_least=len(PAGES))


@pytest.mark.parametrize("name", ["index.html", *LESSONS])
def test_a_page_weighs_about_a_megabyte(site, name):
    """Without what all pages share. Lesson 2 has two films of 51 pictures, and one of points."""
    page = site / name
    shared = {"require.js", "embed-amd.js", "tex-svg.js", "anywidget.js"}
    weight = page.stat().st_size
    for tag in BeautifulSoup(page.read_text("utf-8"), "html.parser").select("[src]"):
        source = tag["src"].split("?")[0]
        if not source.startswith("data:") and source.rpartition("/")[2] not in shared:
            weight += (page.parent / source).stat().st_size
    assert 50_000 < weight < (1_400_000 if name == LESSONS[1] else 1_000_000)


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
    assert len(script) < 2500
    with chromium.new_context().new_page() as page:  # it asks for a reader that is not there
        page.set_content("<body></body>")
        page.add_script_tag(content=script)
        text = page.locator(f"script[type='{WIDGET_STATE}']").text_content()
        page.context.close()
    assert json.loads(text) == state


def test_from_a_server_a_page_is_alive_too_and_the_search_finds_a_lesson(open_page, server):
    with open_page("index.html", server) as page:
        assert_moves(page.scrubs[0])
        page.locator("input[type=search], .sidebar-search").first.fill("Lipman")
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


@pytest.mark.parametrize("name", ["index.html", *LESSONS])
def test_a_page_launches_its_lesson(site, name):
    soup = BeautifulSoup((site / name).read_text("utf-8"), "html.parser")
    (box,) = soup.select("article .launch")
    assert name == "index.html" or "You need" in box.find_previous("p").text
    stem = "01_add_noise_once" if name == "index.html" else name[8:-5]
    there = {link.text: link["href"] for link in box.select("a")}
    assert there == {
        "Open in Colab": "https://colab.research.google.com/github/"
        f"{REPOSITORY}/blob/colab/notebooks/{stem}.ipynb",
        "Launch on Binder": f"https://mybinder.org/v2/gh/{REPOSITORY}/HEAD"
        f"?urlpath=lab/tree/{WORK.name}/{stem}.ipynb",
    }


def test_the_first_screen_says_what_it_is_and_can_be_tried(open_page):
    with open_page("index.html") as page:
        text = page.locator("article p").first
        assert "diffusion model" in text.inner_text()
        for width, height in ((1280, 800), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            for seen in (text, page.locator(".scrub canvas"), page.locator(".scrub-timeline")):
                box = seen.bounding_box()
                assert box["y"] >= 0 and box["y"] + box["height"] <= height
            assert page.evaluate(BEYOND) == []


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
        for key in ("Enter", "Space", "Enter"):
            toggle.press(key)
            theme = page.evaluate("document.body.dataset.theme")
            assert number.evaluate(colour) == {"dark": dark}.get(theme, light)
            seen.add(theme)
        assert seen == {"auto", "light", "dark"}


def test_the_explorer_is_exact_without_a_kernel(open_page):
    """At every setting: what stands over a result is what it was computed from."""
    with open_page(LESSONS[2]) as page:
        explorer = page.locator(".scrub-explorer")
        meter, field = explorer.locator(".scrub-meter"), explorer.locator(".scrub-timeline input")
        knobs = explorer.locator(".scrub-knob input")

        def says():
            return " ".join(meter.inner_text().split())

        assert "0.64 % of the picture left: noise" in says()
        field.fill("500")
        before = explorer.evaluate(SHOWN)
        knobs.nth(1).fill(str(math.log10(0.146)))
        knobs.nth(2).fill(str(math.log10(231)))
        beta, steps = (
            float(knobs.nth(i).get_attribute("aria-valuetext").split("= ")[1]) for i in (1, 2)
        )
        schedule = NoiseSchedule(1e-4, beta, int(steps))
        assert field.get_attribute("max") == str(int(steps))
        t = int(field.input_value())
        assert abs(t - steps / 2) <= 0.5  # half the way, as before
        text = explorer.locator(".scrub-readouts").inner_text().replace("\n", "")
        assert f"{schedule.signal_rate(t):.3f} · x0" in text
        shown = re.search(r"√ᾱ ?T = ([\d.e−]+)", says())[1].replace("−", "-")
        assert math.isclose(float(shown), schedule.signal_rate(int(steps)), rel_tol=5e-3)
        after = explorer.evaluate(SHOWN)
        assert all(old != new for old, new in zip(before["moving"], after["moving"], strict=True))
        knobs.nth(1).press("End")  # β = 1: it says so, and shows the last schedule
        assert "refused" in says() and field.get_attribute("max") == str(int(steps))


# The numbers in each canvas.
PICTURES = """(canvases) => canvases.map((canvas) =>
    [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data])"""


def test_the_bug_lab_answers_without_a_kernel(open_page):
    with open_page(LESSONS[4]) as page:
        lab = page.locator(".scrub-bug-lab")
        field = lab.locator(".scrub-timeline input")
        field.fill("43")  # t = 430
        schedule = NoiseSchedule()
        for button, bug in zip(lab.locator(".scrub-bugs button").all(), BUGS, strict=True):
            button.click()
            assert lab.locator("[role=status]").inner_text().startswith(bug.name)
            (line,) = [n for n in lab.locator(".scrub-bug-line").all() if n.is_visible()]
            assert (line.get_attribute("aria-label") or "").startswith(bug.wrong)
            assert field.input_value() == "43"
            rates = [rate[430].item() for rate in bug.rates(schedule)]
            text = lab.locator(".scrub-readouts").inner_text().replace("\n", "")
            assert "{:.3f} · x0+{:.3f} · ε".format(*rates) in text
            # The first picture is that of the code with the bug, the second as it should be.
            # The third is their difference: of one grey where there is none.
            code, right, difference = lab.locator("canvas").evaluate_all(PICTURES)
            assert (code == right) == (bug.name in ("no bug", "other noise returned"))
            assert (len({*difference}) == 2) == (code == right)  # mid-grey, opaque


@pytest.fixture
def lesson(chromium, site):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{site.as_uri()}/{LESSONS[0]}")
    page.wait_for_selector(".scrub-question button")
    yield page
    context.close()


def test_the_site_keeps_what_follows_closed_and_remembers_the_answers(lesson):
    gates, notes = lesson.locator(".gate"), lesson.get_by_text("goes on when you have answered")
    closed = "() => document.querySelectorAll('.gate.closed').length"
    assert lesson.evaluate(closed) == gates.count() >= 4
    first = lesson.locator(".cell.tag_predict").first
    after = first.locator("xpath=following-sibling::*[contains(@class, 'gate')]").last
    assert not after.is_visible()
    first.locator(".scrub-question button").first.click()
    assert after.is_visible() and lesson.evaluate(closed) == gates.count() - 1
    given = first.locator(".scrub-verdict").inner_text()
    scrub = lesson.locator(".tag_predict:has(.scrub-ask)").first
    scrub.evaluate("(node) => node.closest('.gate')?.classList.remove('closed')")
    scrub.get_by_role("button", name="That is my guess").click()
    guess = scrub.locator(".scrub-pins span").inner_text()
    lesson.reload()
    expect(scrub.locator(".scrub-pins span")).to_have_text(guess)
    expect(lesson.locator(".scrub-verdict").first).to_have_text(given, use_inner_text=True)
    assert lesson.evaluate(closed) == gates.count() - 2
    lesson.get_by_role("button", name="Show everything").click()
    assert lesson.evaluate(closed) == notes.count() == 0
    lesson.get_by_role("button", name="Forget my answers").click()
    lesson.wait_for_selector(".scrub-question button:not(:disabled)")
    assert lesson.evaluate(closed) == gates.count()


def pages_of(pdf):
    return len(re.findall(rb"/Type /Page\b", pdf))


def test_a_lesson_prints_open_light_and_whole(lesson):
    use_theme(lesson, light=False)
    first = lesson.locator(".scrub-veiled .scrub-stage > :not(.scrub-veil)").first
    # Room for what is printed on A4, between margins of a centimetre.
    lesson.set_viewport_size({"width": 718, "height": 1000})
    lesson.emulate_media(media="print", color_scheme="dark")
    lesson.wait_for_selector("html[data-jp-theme-light=true]", state="attached")
    assert all(gate.is_visible() for gate in lesson.locator(".gate").all())
    assert first.is_visible()
    links = ".skip-to-content, .launch a, .paper a, .sidebar-drawer a, .toc-drawer a"
    for idle in (links, ".gate-note", ".scrub-veil", "button", "select", "summary"):
        shown = lesson.locator(idle).filter(visible=True).all()
        assert [n for n in shown if not n.evaluate("(n) => n.closest('.scrub-question')")] == []
    clipped = """() => [...document.querySelectorAll("article :is(pre, .math, table, img, .scrub)")]
        .filter((node) => node.scrollWidth > node.clientWidth + 1
            || node.getBoundingClientRect().right > innerWidth)
        .map((node) => node.outerHTML.slice(0, 200))"""
    assert lesson.evaluate(clipped) == []
    torn = """() => [...document.querySelectorAll(".scrub, article img, tr, pre")]
        .filter((node) => getComputedStyle(node).breakInside !== "avoid").length"""
    assert lesson.evaluate(torn) == 0
    assert 5 < pages_of(lesson.pdf(format="A4", margin=dict.fromkeys(SIDES, "10mm"))) < 14


SIDES = ("top", "right", "bottom", "left")


def test_a_handout_is_one_page_without_answers(chromium, site, axe):
    with offline_page(chromium, width=320, color_scheme="dark") as page:
        for name in HANDOUTS:
            page.goto(f"{site.as_uri()}/{name}")
            page.wait_for_function("window.MathJax?.startup?.promise")
            page.evaluate("MathJax.startup.promise")
            assert page.locator("mjx-container").count() >= 5
            assert page.locator("[data-mml-node=merror]").count() == 0
            assert "$" not in page.inner_text("main")
            seen = page.locator("td:last-child").all_inner_texts()
            assert len(seen) >= 5 and not any(seen)
            questions = page.locator("li").all_inner_texts()
            assert len(questions) == 3 and all("Predict." in question for question in questions)
            assert page.locator("img").evaluate("(img) => img.naturalWidth") > 1000
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
            for paper in ("A4", "Letter"):
                assert pages_of(page.pdf(format=paper)) == 1
        assert_accessible(page, axe)


def test_each_lesson_and_the_guide_lead_to_the_handouts(site):
    guide = (site / "guide.html").read_text("utf-8")
    for lesson, handout in zip(LESSONS, HANDOUTS, strict=True):
        assert guide.count(f'href="{handout}"') == 1
        assert (site / lesson).read_text("utf-8").count(f'href="../{handout}"') == 1


def test_the_quiz_answers_at_once_and_remembers_until_told_to_forget(chromium, site):
    with offline_page(chromium) as page:
        page.goto(f"{site.as_uri()}/quiz.html")
        questions = page.locator(".scrub-question")
        questions.nth(9).locator("button").first.wait_for()
        assert questions.count() == 10 and page.locator(".gate").count() == 0
        questions.first.get_by_role("button", name="−0.6 ± 0.6").click()
        verdict = questions.first.locator(".scrub-verdict")
        given = verdict.inner_text()
        assert "if the picture were not shrunk" in given and "It is “−0.48 ± 0.6”." in given
        page.reload()
        expect(verdict).to_have_text(given, use_inner_text=True)
        page.get_by_role("button", name="Forget my answers").click()
        expect(verdict).to_be_empty()
