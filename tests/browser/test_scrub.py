"""A scrub in a real JupyterLab: what it draws, how it is driven, and that it needs no kernel."""

import base64
import io
import re
import time

import matplotlib.image
import pytest
import torch

from diffusion import NoiseSchedule, q_sample
from diffusion.teaching.images import load_image, to_uint8

SETUP = """
import torch
from ipywidgets import IntSlider, jslink
from diffusion import NoiseSchedule, forward_chain
from diffusion.teaching.images import load_image
from diffusion.teaching.widgets import *

schedule = NoiseSchedule()
x_0 = load_image("../data/cat.png")
noise = torch.randn(x_0.shape, generator=torch.Generator().manual_seed(0))
film = Blend(x_0, noise, schedule)
it = scrub(ImageView(film, alt="a cat"), CurvesView(schedule), HistogramView(film))
it
"""


@pytest.fixture(scope="module")
def opened(open_lab, jupyter):
    """A notebook with one scrub of picture, curves and histogram, run; opening takes seconds."""
    lab = open_lab(jupyter.write("scrub.ipynb", SETUP))
    lab.run_all()
    lab.page.wait_for_selector(".scrub-image canvas")
    return lab


@pytest.fixture
def lab(opened):
    opened.page.locator(".scrub select").select_option("1")
    slider(opened).fill("0")
    yield opened
    assert opened.errors == []


def slider(lab, index=0):
    return lab.page.locator(".scrub-timeline input").nth(index)


def pixels(lab, index=0):
    """The canvas's pixels, uint8 (H, W, 3)."""
    url = lab.page.evaluate(
        "(index) => document.querySelectorAll('.scrub canvas')[index].toDataURL('image/png')", index
    )
    png = io.BytesIO(base64.b64decode(url.split(",")[1]))
    picture = torch.from_numpy(matplotlib.image.imread(png))
    return (255 * picture[:, :, :3]).round().to(torch.uint8)


def drag(lab, start, end, steps, index=0):
    """Drag the slider's thumb between two shares of its length, with the mouse."""
    box = slider(lab, index).bounding_box()
    y = box["y"] + box["height"] / 2
    at = [box["x"] + 8 + share * (box["width"] - 16) for share in (start, end)]
    mouse = lab.page.mouse
    mouse.move(at[0], y)
    mouse.down()
    mouse.move(at[1], y, steps=steps)
    mouse.up()


def read_outs(lab):
    return lab.page.locator(".scrub-readouts").first.inner_text().replace("\n", "")


def settled(read, expected, seconds=5):
    """`read()` becomes `expected` before long: t reaches the kernel some tenths later."""
    deadline = time.monotonic() + seconds
    while (value := read()) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    return value == expected


def test_the_picture_is_q_sample_at_every_t(lab):
    x_0 = load_image("data/cat.png")
    noise = torch.randn(x_0.shape, generator=torch.Generator().manual_seed(0))
    for t in (0, 1, 250, 700, 1000):
        slider(lab).fill(str(t))
        exact = to_uint8(q_sample(x_0, t, NoiseSchedule(), noise)).permute(1, 2, 0)
        difference = (pixels(lab).int() - exact.int()).abs()
        assert difference.max() <= 4 and difference.float().mean() < 1.5, t


def test_dragging_moves_everything_together(lab):
    slider(lab).focus()
    before = pixels(lab)
    playhead = lab.page.locator(".scrub-playhead").get_attribute("transform")
    bars = lab.page.locator("path.scrub-bar").last.get_attribute("d")
    drag(lab, 0, 0.5, steps=20)
    t = int(slider(lab).input_value())
    assert 490 <= t <= 510
    assert (pixels(lab) != before).float().mean() > 0.9
    assert lab.page.locator(".scrub-playhead").get_attribute("transform") != playhead
    assert lab.page.locator("path.scrub-bar").last.get_attribute("d") != bars

    schedule = NoiseSchedule()
    signal, noise = schedule.signal_rate(t).item(), schedule.noise_rate(t).item()
    text = read_outs(lab)
    assert f"x{t} ={signal:.3f} · x0+{noise:.3f} · ε" in text
    assert f"ᾱt = {schedule.alpha_bar(t):.4f}" in text
    assert re.search(r"SNR = −\d+\.\d dB", text)
    spoken = f"t = {t} of 1000, {round(100 * signal)} % signal rate"
    assert slider(lab).get_attribute("aria-valuetext") == spoken
    assert f"a cat, t = {t}" in lab.page.locator(".scrub canvas").get_attribute("aria-label")


def test_every_key(lab):
    field = slider(lab)
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
        assert read_outs(lab).startswith(f"t = {expected}"), key
    field.press("Space")  # play
    lab.page.wait_for_function("document.querySelector('.scrub input').value > 20")
    assert lab.page.locator(".scrub button").first.get_attribute("aria-label") == "Pause (space)"
    field.press("Space")
    stopped = field.input_value()
    lab.page.wait_for_timeout(300)
    assert field.input_value() == stopped and int(stopped) < 900
    # Nothing of all this reached the notebook: no cell was made, moved or left.
    assert lab.page.locator(".jp-CodeCell").count() == 1


def test_play_runs_to_the_end_at_the_chosen_speed_and_begins_again(lab):
    lab.page.locator(".scrub select").select_option("4")
    slider(lab).fill("500")
    play = lab.page.locator(".scrub button").first
    start = time.monotonic()
    play.click()
    lab.page.wait_for_selector(".scrub button[aria-label='Play (space)']")
    assert 0.8 < time.monotonic() - start < 5  # half of ten seconds, at four times the speed
    assert slider(lab).input_value() == "1000"
    play.click()
    lab.page.wait_for_function("document.querySelector('.scrub input').value < 400")
    drag(lab, 0.2, 0.3, steps=3)  # a hand on the slider stops it
    stopped = slider(lab).input_value()
    lab.page.wait_for_timeout(300)
    assert slider(lab).input_value() == stopped


def test_t_goes_both_ways_between_page_and_kernel(lab):
    slider(lab).fill("321")
    assert settled(lambda: lab.python("print(it.t, {view.t for view in it.views})"), "321 {321}")
    lab.python("it.t = 77")
    assert settled(lambda: slider(lab).input_value(), "77")
    assert read_outs(lab).startswith("t = 77")
    assert "t must be an integer in 0 … 1000" in lab.python("it.t = 2000")


def test_the_kernel_never_pulls_the_slider_back(lab):
    """What the kernel hears of t is late; it must not come back as an order."""
    for k in range(40):
        slider(lab).fill(str(25 * k))
        lab.page.wait_for_timeout(60)
        assert slider(lab).input_value() == str(25 * k)


def test_another_widget_can_drive_and_follow(open_lab, jupyter):
    link = "other = IntSlider(max=1000)\nlink = jslink((other, 'value'), (it.timeline, 't'))\nother"
    lab = open_lab(jupyter.write("linked.ipynb", SETUP, link), height=1300)
    lab.run_all()
    lab.page.wait_for_selector(".widget-slider .noUi-handle")
    lab.python("other.value = 600")
    assert settled(lambda: slider(lab).input_value(), "600")
    slider(lab).fill("250")
    readout = lab.page.locator(".widget-slider .widget-readout")
    assert settled(lambda: readout.inner_text(), "250")


def test_it_lives_on_when_the_kernel_is_dead(open_lab, jupyter):
    lab = open_lab(jupyter.write("dead.ipynb", SETUP))
    lab.run_all()
    lab.page.wait_for_selector(".scrub-image canvas")
    slider(lab).fill("0")
    lab.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.shutdown()"
    )
    lab.page.wait_for_timeout(500)
    before = pixels(lab)
    drag(lab, 0, 0.8, steps=30)
    assert 780 <= int(slider(lab).input_value()) <= 820
    assert (pixels(lab) != before).float().mean() > 0.9
    slider(lab).press("Home")
    assert torch.equal(pixels(lab), before)
    lab.page.wait_for_timeout(1200)  # any message that was put off would be sent by now
    slider(lab).press("End")
    assert read_outs(lab).startswith("t = 1000") and lab.errors == []


def test_scrubbing_leaves_the_kernel_in_peace_and_shows_every_position(lab):
    lab.page.evaluate(
        """() => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            window.sent = 0;
            kernel.anyMessage.connect((_, { msg, direction }) => {
                if (direction === "send" && msg.header.msg_type === "comm_msg") window.sent++;
            });
            window.asked = new Set();
            window.shown = new Set();
            const input = document.querySelector(".scrub input");
            const canvas = document.querySelector(".scrub canvas");
            input.addEventListener("input", () => window.asked.add(input.value));
            new MutationObserver(() => window.shown.add(canvas.ariaLabel.split("= ")[1])).observe(
                canvas, { attributes: true },
            );
        }"""
    )
    start = time.monotonic()
    for _ in range(3):
        drag(lab, 0, 1, steps=100)
        drag(lab, 1, 0, steps=100)
    lab.page.wait_for_timeout(1000)
    seconds = time.monotonic() - start
    sent, asked, shown = lab.page.evaluate("[window.sent, [...window.asked], [...window.shown]]")
    assert len(asked) > 50
    assert len(set(asked) & set(shown)) >= 0.95 * len(asked)
    assert 0 < sent <= 10 * seconds


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_has_contrast(lab, dark):
    lab.use_theme(dark)
    paper = (17, 17, 17) if dark else (255, 255, 255)  # JupyterLab's own two
    colours = lab.page.evaluate(
        """() => [...document.querySelectorAll(".scrub span, .scrub text, .scrub-caption")]
            .filter((node) => node.textContent.trim())
            .map((node) => {
                const style = getComputedStyle(node);
                return [node.textContent, node.tagName === "text" ? style.fill : style.color];
            })"""
    )
    lab.use_theme(dark=False)
    assert len(colours) > 20
    for text, colour in colours:
        numbers = [float(n) for n in re.findall(r"[\d.]+", colour)]
        alpha = numbers[3] if len(numbers) > 3 else 1
        mixed = [alpha * c + (1 - alpha) * p for c, p in zip(numbers, paper, strict=False)]
        assert contrast(mixed, paper) >= 4.5, (text, colour)


def contrast(one, other):
    """WCAG's contrast ratio."""

    def luminance(colour):
        linear = [
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
            for c in (value / 255 for value in colour)
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_fullscreen_by_key_and_back(lab):
    slider(lab).focus()
    slider(lab).press("f")
    lab.page.wait_for_function("document.fullscreenElement?.classList.contains('scrub')")
    width = lab.page.locator(".scrub canvas").bounding_box()["width"]
    slider(lab).press("PageUp")
    assert read_outs(lab).startswith("t = 100")
    slider(lab).press("f")
    lab.page.wait_for_function("!document.fullscreenElement")
    assert width > 1.2 * lab.page.locator(".scrub canvas").bounding_box()["width"]


@pytest.mark.parametrize("width", [420, 1280])
def test_nothing_overflows_or_moves_while_dragging(lab, width):
    lab.page.set_viewport_size({"width": width, "height": 1100})
    lab.page.wait_for_timeout(300)  # until JupyterLab has laid itself out
    boxes = """() => {
        const nodes = document.querySelectorAll(".scrub-view, .scrub-readouts > *");
        return [...nodes].map((node) => {
            const { left, right, top, bottom } = node.getBoundingClientRect();
            return [left, right, top, bottom].map(Math.round);
        });
    }"""
    slider(lab).fill("0")
    first = lab.page.evaluate(boxes)
    assert all(0 <= left and right <= width for left, right, _, _ in first), first
    for t in (1, 99, 500, 1000):
        slider(lab).fill(str(t))
        assert lab.page.evaluate(boxes) == first, t
    lab.page.set_viewport_size({"width": 1280, "height": 900})


def test_reduced_motion_steps_instead_of_gliding(lab):
    lab.page.emulate_media(reduced_motion="reduce")
    lab.page.locator(".scrub select").select_option("4")
    lab.page.evaluate(
        """() => {
            window.seen = [];
            const picture = document.querySelector(".scrub canvas");
            const note = () => window.seen.push(+picture.ariaLabel.split("= ")[1]);
            new MutationObserver(note).observe(picture, { attributes: true });
        }"""
    )
    lab.page.locator(".scrub button").first.click()
    lab.page.wait_for_selector(".scrub button[aria-label='Play (space)']")
    lab.page.wait_for_selector(".scrub canvas[aria-label$='= 1000']")
    lab.page.emulate_media(reduced_motion="no-preference")
    # Still pictures a tenth of the way apart, in this order, however slow the machine.
    assert lab.page.evaluate("window.seen") == list(range(100, 1001, 100))


def test_other_views_and_another_axis(open_lab, jupyter):
    cells = [
        SETUP.replace("\nit\n", "\n"),
        "steps = Blend(x_0, noise, step_axis(torch.linspace(0, 1, 501)))\n"
        "scrub(ImageView(steps, 'signal', alt='a'), '+', ImageView(steps, 'noise', alt='b'), '=',"
        " ImageView(steps, alt='c'))",
        "spiral = torch.randn(200, 2)\n"
        "points = Frames([spiral, *forward_chain(spiral, schedule)][::10], schedule)\n"
        "scrub(PointsView(points, trail=3, alt='d'), HistogramView(points))",
        "greys = torch.linspace(-1, 1, 11).view(-1, 1, 1, 1).expand(-1, 1, 8, 8)\n"
        "grey = Frames(greys, schedule)\n"
        "scrub(ImageView(grey, alt='e'))",
    ]
    lab = open_lab(jupyter.write("views.ipynb", *cells), height=2200)
    lab.run_all()
    lab.page.wait_for_function("document.querySelectorAll('.scrub canvas').length === 5")
    assert lab.page.locator(".scrub-sign").all_inner_texts() == ["+", "="]

    # At β = 0.36 the signal term is 0.8 of the picture, the noise term 0.6 of the noise.
    slider(lab, 0).fill("180")
    assert slider(lab, 0).get_attribute("aria-valuetext") == "β = 0.360, 80 % signal rate"
    signal, noise, both = (pixels(lab, i).float() - 127.5 for i in range(3))
    x_0 = load_image("data/cat.png").permute(1, 2, 0)
    assert (signal - 0.8 * 127.5 * x_0).abs().max() <= 1.5
    unclipped = (noise.abs() < 127) & (both.abs() < 127)
    assert (signal + noise - both)[unclipped].abs().max() <= 1.5

    cloud = pixels(lab, 3)
    slider(lab, 1).fill("1000")
    assert (pixels(lab, 3) != cloud).any()
    for t, grey in [(0, 0), (99, 0), (100, 26), (500, 128), (1000, 255)]:
        slider(lab, 2).fill(str(t))
        assert (pixels(lab, 4).float() - grey).abs().max() <= 1, t
    assert lab.errors == []


def test_the_explorer_follows_its_sliders(open_lab, jupyter):
    # With a recording of answers as well: with a kernel, it has to stay silent.
    cell = "import os\nos.environ['DIFFUSION_STANDALONE'] = '1'\n" + SETUP.replace(
        "\nit\n", "\nexplorer = ScheduleExplorer(x_0[:, ::4, ::4], noise[:, ::4, ::4])\nexplorer\n"
    )
    lab = open_lab(jupyter.write("explorer.ipynb", cell), height=1300)
    lab.run_all()
    page = lab.page
    page.wait_for_selector(".scrub-strip canvas")
    slider(lab).fill("500")
    assert settled(lambda: lab.python("print(explorer._scrub.t)"), "500")
    last = page.locator(".scrub-strip canvas").last
    strip, picture = last.screenshot(), pixels(lab)
    curves = page.locator(".scrub-line").first.get_attribute("d")

    page.locator(".scrub-explorer .noUi-handle").nth(2).focus()
    page.keyboard.press("Home")  # T = 0, which is no schedule
    page.wait_for_selector("text=time_steps must be at least 1")
    assert last.screenshot() == strip and torch.equal(pixels(lab), picture)
    for _ in range(50):
        page.keyboard.press("ArrowRight")
    page.wait_for_selector("text=78 % of the picture is left")
    assert settled(lambda: slider(lab).get_attribute("max"), "50")
    assert slider(lab).input_value() == "25"
    assert last.screenshot() != strip and not torch.equal(pixels(lab), picture)
    assert page.locator(".scrub-line").first.get_attribute("d") != curves
    assert "t = 50" in page.locator(".scrub-strip").inner_text()
    slider(lab).press("End")  # and it can be scrubbed on
    assert read_outs(lab).startswith("t = 50")
    page.locator(".scrub-explorer .noUi-handle").nth(2).press("ArrowLeft")
    assert settled(lambda: slider(lab).get_attribute("max"), "49")  # which was not recorded
    assert page.locator(".scrub-note").count() == 0 and lab.errors == []


def test_where_no_widget_runs_a_filmstrip_is_shown(open_lab, jupyter):
    """A lesson that was opened and not run shows the stored pictures."""
    lab = open_lab("02_walk_to_noise.ipynb", height=4000)
    lab.page.wait_for_function("document.querySelectorAll('.jp-OutputArea-output img').length >= 3")
    assert lab.page.locator(".scrub").count() == 0
    width = (
        lab.page.locator(".jp-OutputArea-output img").nth(1).evaluate("(img) => img.naturalWidth")
    )
    assert width > 500


def test_presentation_mode_shows_a_scrub_whole(open_lab, jupyter):
    lab = open_lab(jupyter.write("present.ipynb", SETUP), width=1280, height=720)
    lab.do("application:toggle-presentation-mode")
    lab.run_all()
    page = lab.page
    scrub = page.locator(".scrub")
    scrub.scroll_into_view_if_needed()
    box = scrub.bounding_box()
    assert box["height"] <= 720 and box["x"] + box["width"] <= 1280
    before = pixels(lab)
    slider(lab).press("PageUp")
    assert not torch.equal(pixels(lab), before) and lab.errors == []
