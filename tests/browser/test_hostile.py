"""What nobody planned: nonsense, haste, a cell that is run fifty times, two tabs, a killed kernel.

All in one page of JupyterLab; the kernel is killed last.
"""

import json
import os
import signal
import time

import pytest
from exhibits import CELLS
from harness import BEYOND, Lab, settled
from playwright.sync_api import expect

FIFTY = """
display(scrub(ImageView(short), PointsView(cloud), CurvesView(few), HistogramView(short), "="))
GuessGame(pair, pair, times, estimates)
"""

# Where slider, picture, both charts, playhead and read-outs say they are.
SHOWN = r"""(scrub) => {
    const views = scrub.querySelectorAll("canvas, svg[role=img]");
    const middle = (node) => {
        const { left, width } = node.getBoundingClientRect();
        return left + width / 2;
    };
    const playhead = scrub.querySelector(".scrub-playhead path");
    const ticks = [...playhead.closest("svg").querySelectorAll(".scrub-axes text")];
    const below = (text) => middle(ticks.findLast((tick) => tick.textContent === text));
    const share = (at) => (at - below("0")) / (below("1000") - below("0"));
    return [
        scrub.querySelector(".scrub-timeline input").value,
        ...Array.from(views, (view) => view.ariaLabel.match(/t = (\d+)/)[1]),
        Math.round(1000 * share(middle(playhead))),
        scrub.querySelector(".scrub-where").textContent.match(/\d+/)[0],
    ].map(Number);
}"""
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel"


def shows(lab, t):
    return settled(lambda: lab.cell("scrub").locator(".scrub").evaluate(SHOWN), [t] * 6)


def hears(lab, t):
    return settled(lambda: lab.python("print(it.at)"), str(t))


def set_in_page(lab, widget, name, value):
    """As another widget's link would; the value is one of JavaScript."""
    lab.page.evaluate(
        f"""async ([id, name]) => {{
            const model = await window.manager.get_model(id);
            model.set(name, {value});
            model.save_changes();
        }}""",
        [lab.python(f"print({widget}.model_id)"), name],
    )


def rests(lab):
    """What the page had put off has been sent, and the kernel has answered."""
    lab.page.wait_for_timeout(250)  # 110 ms without a move, and the way there
    assert lab.python("print('here')") == "here"


# ------------------------------------------------------------------------------ nonsense


def test_a_linked_slider_may_go_further_than_the_axis(lab):
    lab.python("link = jslink((whole, 'value'), (it, 'position'))")
    for value, expected in [(-5, 0), (10**6, 1000), (300, 300)]:
        lab.python(f"whole.value = {value}")
        assert shows(lab, expected), value
    assert hears(lab, 300)
    # And what follows the axis hears of no nonsense from there, not even for a moment.
    follower = lab.python("print(whole.model_id)")
    for value, expected in [("1e5", 1000), ("NaN", 0)]:
        set_in_page(lab, "it", "position", value)
        said = "async (id) => (await window.manager.get_model(id)).get('value')"
        assert lab.page.evaluate(said, follower) == expected
    lab.python(
        "link.unlink(); link = jslink((real, 'value'), (it, 'position')); real.value = 299.6"
    )
    assert shows(lab, 300)
    lab.python("link.unlink()")


def test_nonsense_in_a_game_is_no_round(lab):
    lab.python("game.restart()")
    result = lab.cell("game").locator(".scrub-guess-result")
    for value, expected in [("99", 1), ("-1", 0), ("1e9", 1), ("NaN", 0), ("0.6", 1), ("null", 0)]:
        set_in_page(lab, "game", "round", value)
        expect(result).to_have_text(f"Round {expected + 1} of 2: which t is it?")
    lab.python("game.restart()")


# ------------------------------------------------------------------------------ haste


def test_a_thousand_rapid_drags_end_where_the_slider_is(lab):
    before, start = lab.page.evaluate("window.sent.length"), time.monotonic()
    lab.slider().evaluate(
        """(input) => {
            for (let i = 1; i <= 1000; i++) {
                input.value = (i * 377) % 1001; // to and fro
                input.dispatchEvent(new Event("input", { bubbles: true }));
            }
        }"""
    )
    t = 1000 * 377 % 1001
    assert shows(lab, t) and hears(lab, t)
    seconds = time.monotonic() - start
    assert 0 < lab.page.evaluate("window.sent.length") - before <= max(1, 10 * seconds)


def test_the_last_word_counts_though_the_page_has_not_told_its_own_yet(lab):
    for t in (77, 77, 500):
        lab.slider().fill("300")
        lab.python(f"it.at = {t}")
        assert shows(lab, t)
        rests(lab)
        assert shows(lab, t) and hears(lab, t)


def test_a_cell_may_be_run_again_in_the_middle_of_a_drag(lab):
    lab.page.evaluate(
        "async (id) => { window.old = await window.manager.get_model(id) }",
        lab.python("print(it.model_id)"),
    )
    for _ in range(3):
        lab.slider().fill("300")
        lab.run_cell("scrub")
    lab.page.evaluate("old.save_changes()")
    rests(lab)  # what the old scrubs had put off has no place to go to
    assert lab.page.evaluate("[old.attributes, old.previousAttributes()]") == [{}, {}]
    lab.slider().fill("77")
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

    def counted():
        rests(lab)
        kernel = lab.python(
            "import gc, ipywidgets\n"
            "from diffusion.teaching.widgets.widget import PageWidget\n"
            "gc.collect()\n"
            "all = [each for each in gc.get_objects() if issubclass(type(each), PageWidget)]\n"
            "print(len(ipywidgets.widgets.widget._instances), sum(bool(each.spec) for each in all))"
        )
        models, ours = map(int, kernel.split())
        canvases = alive("HTMLCanvasElement")  # first: it collects garbage
        cdp.send("HeapProfiler.collectGarbage")
        metrics = cdp.send("Performance.getMetrics")["metrics"]
        return {
            "models in the kernel": models,
            "widgets with data in Python": ours,  # IPython keeps the others as Out[12]
            "canvases": canvases,
            "nodes": next(metric["value"] for metric in metrics if metric["name"] == "Nodes"),
            "listeners": sum(map(heard, ("document", "document.body", "window"))),
        }

    with lab.more_cells({"fifty": FIFTY}):
        lab.run_cell("fifty", times=6)
        before = counted()
        lab.run_cell("fifty", times=50)
        grown = {name: (count - before[name]) / 50 for name, count in counted().items()}
    # JupyterLab 4.6 keeps a few nodes of each run of any widget; the scrub and the game have 300.
    assert grown.pop("nodes") < 30
    # Each run makes two widgets, with four canvases. What the collector is late with is no slope.
    assert max(grown.values()) < 0.2, grown
    # A run closes what the one before made, also where anywidget is still loading it: it says so.
    lab.page.wait_for_timeout(1000)
    lab.console.clear()
    lab.errors.clear()


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
    page.wait_for_function(
        "([width, it]) => innerWidth === width && it.getBoundingClientRect().right <= width",
        arg=[width, lab.cell("scrub").locator(".scrub").element_handle()],
    )
    lab.python("game.play(400)")  # the table gets its numbers, the slider its marks
    lab.cell("game").get_by_role("button", name="Next").wait_for()
    assert page.evaluate("devicePixelRatio") == scale
    assert settled(lambda: page.evaluate(BEYOND), [])
    covered = page.evaluate(
        """() => [...document.querySelectorAll(".scrub-view :is(button, input, select)")]
            .filter((node) => node.checkVisibility({ visibilityProperty: true }))
            .filter((node) => {
                node.scrollIntoView({ block: "center" });
                const { left, top, width, height } = node.getBoundingClientRect();
                const at = document.elementFromPoint(left + width / 2, top + height / 2);
                // Of a handle of the explorer, all but its thumb lets the pointer through.
                return !node.contains(at) && !node.closest(".scrub-knob")?.contains(at);
            }).map((node) => node.outerHTML.slice(0, 150))"""
    )
    assert covered == []
    assert lab.slider().bounding_box()["width"] >= 150  # or t could only be set roughly
    lab.slider().click()
    assert 490 <= int(lab.slider().input_value()) <= 510
    lab.python("game.restart()")
    cdp.send("Emulation.clearDeviceMetricsOverride")
    cdp.detach()


# ------------------------------------------------------------------------------ two tabs


def test_two_tabs_on_one_kernel_leave_each_other_in_peace(lab, jupyter):
    lab.do("docmanager:save")
    page = lab.page.context.new_page()
    other = Lab(page, jupyter, "test_hostile.ipynb")
    other.cells = list(CELLS)
    other.cell("scrub").locator("canvas").wait_for()
    # Each keeps its place; the kernel hears of the hand that moved last, and can move both.
    lab.slider().fill("300")
    assert shows(lab, 300) and hears(lab, 300)
    other.slider().fill("600")
    assert shows(other, 600) and hears(other, 600) and shows(lab, 300)
    lab.python("it.at = 77")
    assert shows(lab, 77) and shows(other, 77) and hears(lab, 77)

    # Both hands at once: neither pulls the other's slider, and then there is silence.
    for k in range(20):
        for tab, t in ((lab, 10 * k), (other, 1000 - 10 * k)):
            tab.slider().fill(str(t))
            assert shows(tab, t)
    assert shows(lab, 190) and shows(other, 810)
    lab.page.wait_for_timeout(1500)  # a tab that is not in front is slow to save
    sent = lab.page.evaluate("window.sent.length")
    rests(lab)
    assert lab.page.evaluate("window.sent.length") == sent
    assert shows(lab, 190) and shows(other, 810)
    assert json.loads(lab.python("print(it.at)")) in (190, 810)
    page.close()
    assert other.errors == []


# ------------------------------------------------------------------------------ a lost kernel


@pytest.mark.parametrize("how", ["killed", "shut down"])
def test_a_drag_goes_on_while_the_kernel_is(lab, how):
    page = lab.page
    pid = int(lab.python("import os; print(os.getpid())"))
    box = lab.slider().bounding_box()
    places = [box["x"] + box["width"] * share / 10 for share in range(1, 10)]
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 8, y)
    page.mouse.down()
    seen = []
    for i, x in enumerate(places):
        page.mouse.move(x, y)
        t = int(lab.slider().input_value())
        assert shows(lab, t)
        seen.append(t)
        if i == 2 and how == "killed":
            os.kill(pid, signal.SIGKILL)
        elif i == 2:
            page.evaluate(f"() => void {KERNEL}.shutdown()")
        page.wait_for_timeout(150)
    page.mouse.up()
    assert seen == sorted(seen) and seen[-1] > 850
    if how == "shut down":  # nobody is there any more, and all can be played with
        page.wait_for_function(f"!{KERNEL} || {KERNEL}.isDisposed")
        for name in ("walk", "terms", "explorer", "bugs"):
            for key in ("End", "Home"):
                lab.slider(name).press(key)
                said = lab.slider(name).get_attribute("aria-valuetext")
                assert f" = {'0' if key == 'Home' else ''}" in said
        game = lab.cell("game")
        game.locator("button").first.click()
        expect(game.locator(".scrub-guess-result")).to_contain_text("You said 500")
        lab.cell("explorer").locator(".scrub-knob input").last.press("Home")
        assert lab.slider("explorer").get_attribute("max") == "1"
        lab.console.clear()  # that no message can be sent
        return
    # JupyterLab says that the kernel has died.
    page.get_by_role("button", name="Ok", exact=True).click()
    page.wait_for_function(f"{KERNEL}?.status === 'idle'")
    lab.console.clear()  # JupyterLab's, about connections that are lost
    lab.run_all()
    page.wait_for_function("(it) => it?.value === '0'", arg=lab.slider().element_handle())
    lab.slider().fill("432")
    assert shows(lab, 432) and hears(lab, 432)
