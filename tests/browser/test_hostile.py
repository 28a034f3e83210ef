"""What nobody planned: nonsense, haste, a cell that is run fifty times, two tabs, a killed kernel.

All in one page of JupyterLab; the kernel is killed last.
"""

import json
import os
import signal
import time

import pytest
from harness import BEYOND, Lab
from playwright.sync_api import expect
from test_scrub import settled, slider

SETUP = """
import anywidget
import torch
from ipywidgets import FloatSlider, IntSlider, VBox, jslink
from diffusion import NoiseSchedule
from diffusion.teaching import plots
from diffusion.teaching.images import load_image
from diffusion.teaching.widgets import *

class Hook(anywidget.AnyWidget):  # lets the page reach all models
    _esm = "export default { render: ({ model }) => void (window.manager = model.widget_manager) }"
    __repr__ = lambda self: "hook"

plots.filmstrip = lambda *_: b""  # takes a quarter of a second; it is tested elsewhere
schedule = NoiseSchedule()
x_0 = load_image("../data/cat.png", size=32)
noise = torch.randn(x_0.shape, generator=torch.Generator().manual_seed(0))
film = Blend(x_0, noise, schedule)
points = Blend(torch.randn(50, 2), torch.randn(50, 2), schedule)
whole, real = IntSlider(min=-10, max=10**6), FloatSlider(min=-10, max=10**6)
VBox([Hook(), whole, real])
"""
SCRUB = """
it = scrub(ImageView(film), PointsView(points), CurvesView(schedule), HistogramView(film))
it
"""
GAME = """
twice = torch.stack([x_0, x_0])
game = GuessGame(twice, twice, torch.tensor([300, 50]), torch.tensor([310, 55]))
game
"""
FIFTY = """
few = NoiseSchedule(time_steps=10)
some, cloud = (Blend(film.x_0, film.noise, few) for film in (film, points))
display(scrub(ImageView(some), PointsView(cloud), CurvesView(few), HistogramView(some)))
GuessGame(twice, twice, torch.tensor([300, 50]), torch.tensor([310, 55]))
"""

OTHERS = [
    """
some = Blend(x_0, noise, step_axis(torch.linspace(0, 1, 501)))
scrub(ImageView(some, "signal"), "+", ImageView(some, "noise"), "=", ImageView(some), t=200)
""",
    "ScheduleExplorer(x_0, noise)",
    """
tests = {"mean per pixel": (lambda sample: 0.1, 0.5), "variance": (lambda sample: 1.0, 0.5)}
BugLab(x_0, NoiseSchedule(time_steps=20), tests)
""",
]

# Where slider, picture, cloud, both charts, playhead and read-outs say they are.
SHOWN = r"""() => {
    const scrub = document.querySelector(".scrub");
    const views = scrub.querySelectorAll("canvas, svg[role=img]");
    const playhead = scrub.querySelector(".scrub-playhead").transform.baseVal[0].matrix.e;
    const [left, right] = [38, 460 - 17]; // of the chart
    return [
        scrub.querySelector(".scrub-timeline input").value,
        ...Array.from(views, (view) => view.ariaLabel.match(/t = (\d+)/)[1]),
        Math.round(((playhead - left) / (right - left)) * 1000),
        scrub.querySelector(".scrub-where").textContent.match(/\d+/)[0],
    ].map(Number);
}"""
HEARD = "print(sorted({it.t, *[view.t for view in it.views]}))"


@pytest.fixture(scope="module")
def opened(open_lab, jupyter):
    lab = open_lab(jupyter.write("hostile.ipynb", SETUP, SCRUB, GAME, FIFTY, *OTHERS), height=1100)
    lab.console = []
    lab.page.on("console", lambda said: said.type == "error" and lab.console.append(said.text))
    lab.run_all()
    lab.page.wait_for_selector(".scrub-guess canvas")
    lab.page.wait_for_function("window.manager")
    lab.page.evaluate(
        """() => {
            const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
            window.sent = [];
            kernel.anyMessage.connect((_, { msg, direction }) => {
                const saved = direction === "send" && msg.header.msg_type === "comm_msg";
                if (saved) window.sent.push(msg.content.data.state);
            });
        }"""
    )
    return lab


@pytest.fixture
def lab(opened):
    slider(opened).fill("0")
    yield opened
    assert (opened.errors, opened.console) == ([], [])


def shows(lab, t):
    return settled(lambda: lab.page.evaluate(SHOWN), [t] * 7)


def hears(lab, t):
    return settled(lambda: lab.python(HEARD), f"[{t}]")


def set_in_page(lab, model_id, name, value):
    """As another widget's link would; the value is one of JavaScript."""
    lab.page.evaluate(
        f"""async ([id, name]) => {{
            const model = await window.manager.get_model(id);
            model.set(name, {value});
            model.save_changes();
        }}""",
        [model_id, name],
    )


def run_cell(lab, index, times=1):
    """Run one cell, as with Ctrl+Enter, and wait for its end; then again."""
    lab.page.evaluate(
        """async ([index, times]) => {
            const { commands, shell } = window.jupyterapp;
            const notebook = shell.currentWidget.content;
            notebook.activeCellIndex = index;
            notebook.deselectAll();
            for (let i = 0; i < times; i++) await commands.execute("notebook:run-cell");
        }""",
        [index, times],
    )


# ------------------------------------------------------------------------------ nonsense


@pytest.mark.parametrize("place", ["it", "it.timeline", "it.views[0]"])
def test_nonsense_from_python_gets_a_sentence_and_moves_nothing(lab, place):
    lab.python("it.t = 250")
    assert shows(lab, 250)
    error = "ValueError" if place == "it" else "TraitError"
    for value in ("-5", "10**9", "float('nan')", "'7'", "None", "2.5", "True"):
        said = lab.python(
            f"try: {place}.t = {value}\nexcept Exception as error: print(repr(error))"
        )
        assert said.startswith(error) and "\n" not in said, (value, said)
    assert shows(lab, 250) and hears(lab, 250)


def test_nonsense_in_the_page_becomes_a_place_that_exists(lab):
    values = {"NaN": 0, "1e9": 1000, "'abc'": 0, "Infinity": 1000, "-5": 0, "3.7": 4, "null": 0}
    models = lab.python("print(*[w.model_id for w in (it.timeline, *it.views)])").split()
    for model in models:
        set_in_page(lab, model, "_save_after", 0)  # so that nothing is passed over
    for model in models:
        for value, expected in values.items():
            set_in_page(lab, model, "t", value)
            assert lab.page.evaluate(SHOWN) == [expected] * 7, value
            assert hears(lab, expected), value
    for model in models:
        set_in_page(lab, model, "_save_after", 550)


def test_a_linked_slider_may_go_further_than_the_axis(lab):
    lab.python(
        "links = [jslink((whole, 'value'), (it.timeline, 't')),"
        " jslink((real, 'value'), (it.views[0], 't'))]"
    )
    for name, value, expected in [
        ("whole", -5, 0),
        ("real", 299.6, 300),
        ("whole", 10**6, 1000),
        ("real", -5, 0),
        ("real", 10**6, 1000),
        ("whole", 300, 300),
    ]:
        lab.python(f"{name}.value = {value}")
        assert shows(lab, expected), (name, value)
    assert hears(lab, 300)
    # And what follows the axis hears of no nonsense from there, not even for a moment.
    timeline, follower = lab.python("print(it.timeline.model_id, whole.model_id)").split()
    for value, expected in [("1e5", 1000), ("NaN", 0)]:
        set_in_page(lab, timeline, "t", value)
        said = "async (id) => (await window.manager.get_model(id)).get('value')"
        assert lab.page.evaluate(said, follower) == expected
    lab.python("for link in links: link.close()")


def test_nonsense_in_a_game_is_no_round(lab):
    result, game = lab.page.locator(".scrub-guess-result").first, lab.python("print(game.model_id)")
    for value, expected in [("99", 1), ("-1", 0), ("1e9", 1), ("NaN", 0), ("0.6", 1), ("null", 0)]:
        set_in_page(lab, game, "round", value)
        expect(result).to_have_text(f"Round {expected + 1} of 2: which t is it?")
        assert settled(lambda: lab.python("print(game.round)"), str(expected)), value


# ------------------------------------------------------------------------------ haste


def test_a_thousand_rapid_drags_end_where_the_slider_is(lab):
    before, start = lab.page.evaluate("window.sent.length"), time.monotonic()
    lab.page.evaluate(
        """() => {
            const input = document.querySelector(".scrub-timeline input");
            for (let i = 1; i <= 1000; i++) {
                input.value = (i * 377) % 1001; // to and fro
                input.dispatchEvent(new Event("input", { bubbles: true }));
            }
        }"""
    )
    assert shows(lab, 1000 * 377 % 1001)
    box, mouse = slider(lab).bounding_box(), lab.page.mouse
    y = box["y"] + box["height"] / 2
    mouse.move(box["x"] + box["width"] / 2, y)
    mouse.down()
    for i in range(100):
        mouse.move(box["x"] + box["width"] * (i * 37 % 100) / 100, y)
    mouse.up()
    t = int(slider(lab).input_value())
    assert shows(lab, t) and hears(lab, t)
    seconds = time.monotonic() - start
    assert 0 < lab.page.evaluate("window.sent.length") - before <= 10 * seconds


def test_the_last_word_counts_though_the_page_has_not_told_its_own_yet(lab):
    for t in (77, 77, 500):
        slider(lab).fill("300")
        lab.python(f"it.t = {t}")
        assert shows(lab, t)
        lab.page.wait_for_timeout(700)  # what the page had put off has been sent by now
        assert shows(lab, t) and hears(lab, t)


def test_a_cell_may_be_run_again_in_the_middle_of_a_drag(lab):
    lab.page.evaluate(
        "async (id) => { window.old = await window.manager.get_model(id) }",
        lab.python("print(it.views[0].model_id)"),
    )
    for _ in range(3):
        slider(lab).fill("300")
        run_cell(lab, 1)
    lab.page.evaluate("old.save_changes()")
    lab.page.wait_for_timeout(700)  # what the old scrubs had put off has no place to go to
    assert lab.page.evaluate("[old.attributes, old.previousAttributes()]") == [{}, {}]
    slider(lab).fill("77")
    assert shows(lab, 77) and hears(lab, 77)


# ------------------------------------------------------------------------------ fifty runs


def test_a_cell_that_is_run_fifty_times_leaves_nothing_behind(lab):
    cdp = lab.page.context.new_cdp_session(lab.page)
    cdp.send("Performance.enable")

    def the(expression):
        return cdp.send("Runtime.evaluate", {"expression": expression})["result"]["objectId"]

    def alive(name):
        """How many objects of this class the page holds on to, shown or not."""
        of = {"prototypeObjectId": the(f"{name}.prototype")}
        found = {"objectId": cdp.send("Runtime.queryObjects", of)["objects"]["objectId"]}
        length = {"functionDeclaration": "function () { return this.length }"}
        answer = cdp.send("Runtime.callFunctionOn", found | length | {"returnByValue": True})
        cdp.send("Runtime.releaseObject", found)
        return answer["result"]["value"]

    def heard(target):
        listeners = cdp.send("DOMDebugger.getEventListeners", {"objectId": the(target)})
        return len(listeners["listeners"])

    def nodes():
        cdp.send("HeapProfiler.collectGarbage")
        metrics = cdp.send("Performance.getMetrics")["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "Nodes")

    def counted():
        lab.page.wait_for_timeout(300)
        kernel = lab.python(
            "import gc, ipywidgets\n"
            "from diffusion.teaching.widgets.lifetime import OfCell\n"
            "gc.collect()\n"
            "ours = sum(issubclass(type(each), OfCell) for each in gc.get_objects())\n"
            "print(len(ipywidgets.widgets.widget._instances), ours)"
        )
        models, ours = map(int, kernel.split())
        return {
            "models in the kernel": models,
            "widgets in Python": ours,  # some still as _, __ and ___
            "canvases": alive("HTMLCanvasElement"),
            "listeners": [heard(target) for target in ("document", "document.body", "window")],
        }

    run_cell(lab, 3, times=5)
    counted()  # JupyterLab, on the way, adds a listener of its own, once
    run_cell(lab, 3)
    before, nodes_before = counted(), nodes()
    run_cell(lab, 3, times=50)
    assert counted() == before
    # JupyterLab 4.6 keeps a few nodes of each run of any widget; the scrub and the game have 300.
    assert nodes() - nodes_before < 50 * 30


# ------------------------------------------------------------------------------ little room


@pytest.mark.parametrize(
    ("width", "height", "scale"), [(640, 450, 2), (320, 640, 1)], ids=["zoomed", "narrow"]
)
def test_where_there_is_little_room_all_is_seen_and_reached(lab, width, height, scale):
    """A window of 1280 × 900 at a zoom of 200 %, and one that is 320 wide."""
    page = lab.page
    cdp = page.context.new_cdp_session(page)
    size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
    cdp.send("Emulation.setDeviceMetricsOverride", size)
    page.wait_for_function("width => innerWidth === width", arg=width)
    page.wait_for_timeout(500)  # until JupyterLab has laid itself out
    page.locator(
        ".scrub-guess-button"
    ).first.click()  # the table gets its numbers, the slider marks
    assert page.evaluate("devicePixelRatio") == scale
    assert page.evaluate(BEYOND) == []
    covered = page.evaluate(
        """() => [...document.querySelectorAll(
            ":is(.scrub, .scrub-view, .scrub-bug-lab, .scrub-explorer)"
            + " :is(button, input, select, .noUi-handle)"
        )].filter((node) => {
            node.scrollIntoView({ block: "center" });
            const { left, top, width, height } = node.getBoundingClientRect();
            return !node.contains(document.elementFromPoint(left + width / 2, top + height / 2));
        }).map((node) => node.outerHTML.slice(0, 150))"""
    )
    assert covered == []
    box = slider(lab).bounding_box()
    assert box["width"] >= 150  # or t could only be set roughly
    slider(lab).click()
    assert 490 <= int(slider(lab).input_value()) <= 510
    page.locator(".scrub-guess-button").first.click()
    cdp.send("Emulation.clearDeviceMetricsOverride")
    page.set_viewport_size({"width": 1280, "height": 1100})


# ------------------------------------------------------------------------------ two tabs


def test_two_tabs_on_one_kernel_leave_each_other_in_peace(lab, jupyter):
    lab.do("docmanager:save")
    page = lab.page.context.new_page()
    other = Lab(page, jupyter, "hostile.ipynb")
    page.wait_for_selector(".scrub-image canvas")
    # Each keeps its place; the kernel hears of the hand that moved last, and can move both.
    slider(lab).fill("300")
    assert shows(lab, 300) and hears(lab, 300)
    slider(other).fill("600")
    assert shows(other, 600) and hears(other, 600) and shows(lab, 300)
    lab.python("it.t = 77")
    assert shows(lab, 77) and shows(other, 77) and hears(lab, 77)

    # Both hands at once: neither pulls the other's slider, and then there is silence.
    for k in range(20):
        for tab, t in ((lab, 10 * k), (other, 1000 - 10 * k)):
            slider(tab).fill(str(t))
            assert shows(tab, t)
    assert shows(lab, 190) and shows(other, 810)
    lab.page.wait_for_timeout(2500)  # a tab that is not in front is slow to save
    sent = lab.page.evaluate("window.sent.length")
    lab.page.wait_for_timeout(700)
    assert lab.page.evaluate("window.sent.length") == sent
    assert shows(lab, 190) and shows(other, 810)
    assert set(json.loads(lab.python(HEARD))) <= {190, 810}
    page.close()
    assert other.errors == []


# ------------------------------------------------------------------------------ a lost kernel


@pytest.mark.parametrize("how", ["restarted", "killed"])
def test_a_drag_goes_on_while_the_kernel_is(opened, how):
    lab, page = opened, opened.page
    kernel = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    slider(lab).fill("0")
    pid = int(lab.python("import os; print(os.getpid())"))
    box = slider(lab).bounding_box()
    places = [box["x"] + box["width"] * share / 10 for share in range(1, 10)]
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 8, y)
    page.mouse.down()
    seen = []
    for i, x in enumerate(places):
        page.mouse.move(x, y)
        t = int(slider(lab).input_value())
        assert shows(lab, t)
        seen.append(t)
        if i == 2 and how == "restarted":
            page.evaluate(f"() => void {kernel}.restart()")
        elif i == 2:
            os.kill(pid, signal.SIGKILL)
        page.wait_for_timeout(300)
    page.mouse.up()
    assert seen == sorted(seen) and seen[-1] > 850
    if how == "killed":
        page.get_by_role("button", name="Ok").click()  # JupyterLab says that the kernel has died
    page.wait_for_function(f"{kernel}.status === 'idle'")
    run_cell(lab, 0)
    run_cell(lab, 1)
    page.wait_for_function("document.querySelector('.scrub-timeline input')?.value === '0'")
    slider(lab).fill("432")
    assert shows(lab, 432) and hears(lab, 432)
    assert lab.errors == []
