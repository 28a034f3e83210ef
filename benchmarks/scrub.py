"""Scrubbing in real JupyterLab: ours, and the two usual ways. Run: python benchmarks/scrub.py

Needs Chromium. Ours and `interact` with matplotlib show the picture, the curves and the histogram;
`ipywidgets.Image` shows the picture alone, encoded as PNG.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
from tables import Table, show

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
from harness import Lab, chromium_browser, find_chromium, jupyterlab

SETUP = """
import io, torch
from IPython.display import display
from ipywidgets import Image, IntSlider, VBox, interact
from matplotlib import pyplot as plt
from PIL import Image as Pillow
from diffusion import NoiseSchedule, q_sample
from diffusion.teaching.images import load_image, to_uint8
from diffusion.teaching.widgets import *

schedule, x_0 = NoiseSchedule(), load_image("../data/cat.png", size={size})
noise = torch.randn(x_0.shape, generator=torch.Generator().manual_seed(0))
film = Blend(x_0, noise, schedule)
t = torch.arange(1001)
"""
OURS = 'scrub(ImageView(film, alt="a cat"), CurvesView(schedule), HistogramView(film))'
INTERACT = """
def draw(now):
    x_t = q_sample(x_0, now, schedule, noise)
    _, (left, middle, right) = plt.subplots(1, 3, figsize=(9, 3))
    left.imshow(to_uint8(x_t).permute(1, 2, 0))
    middle.plot(t, schedule.signal_rate(t), t, schedule.noise_rate(t))
    middle.axvline(now)
    right.hist(x_t.flatten(), 70, (-3.5, 3.5), density=True)
    plt.show()

interact(draw, now=IntSlider(0, 0, 1000));
"""
IMAGE = """
def png(now):
    pixels = to_uint8(q_sample(x_0, now, schedule, noise)).permute(1, 2, 0)
    file = io.BytesIO()
    Pillow.fromarray(pixels.numpy()).save(file, "PNG")
    return file.getvalue()

slider, image = IntSlider(0, 0, 1000), Image(value=png(0))
slider.observe(lambda change: setattr(image, "value", png(change.new)), "value")
VBox([slider, image])
"""
EXPLORER = "ScheduleExplorer(x_0[:, ::2, ::2], noise[:, ::2, ::2])"

# The time of one input event: all handlers, the drawing, and reading a pixel of it back,
# so that it has really been drawn.
TIME_DRAWING = """async () => {
    const input = document.querySelectorAll("%s")[%d];
    const canvas = () => [...document.querySelectorAll("%s canvas")].at(-1);
    const times = [];
    for (let k = 0; k < 220; k++) {
        await new Promise((done) => requestAnimationFrame(done));
        const start = performance.now();
        input.value = %s;
        input.dispatchEvent(new Event("input"));
        canvas().getContext("2d").getImageData(0, 0, 1, 1);
        document.body.offsetHeight;
        if (k >= 20) times.push(performance.now() - start);
    }
    return times;
}"""
TIME_OURS = TIME_DRAWING % (".scrub input", 0, ".scrub", "(k * 37) % 1001")
TIME_EXPLORER = TIME_DRAWING % (".scrub-knob input", 1, ".scrub-strip", "-2 + (k % 60) / 40")
# From the key press to the new picture in the page.
TIME_KERNEL = """async () => {
    const handle = document.querySelector(".widget-slider .noUi-handle");
    const picture = () => document.querySelector(".jp-OutputArea-output img");
    const times = [];
    for (let k = 0; k < 30; k++) {
        const old = picture()?.src;
        const start = performance.now();
        const key = { key: "ArrowRight", keyCode: 39, bubbles: true };
        handle.dispatchEvent(new KeyboardEvent("keydown", key));
        while ((picture()?.src ?? old) === old)
            await new Promise((done) => setTimeout(done, 1));
        await picture().decode();
        if (k >= 5) times.push(performance.now() - start);
        await new Promise((done) => setTimeout(done, 100));
    }
    return times;
}"""
# Notes every position that the slider has and every picture that is shown, and each message.
WATCH = """([slider, value, picture, shown]) => {
    const notebook = document.querySelector(".jp-Notebook");
    const seen = (window.seen = { positions: new Set(), pictures: new Set(), messages: 0 });
    new MutationObserver(() => {
        seen.positions.add(document.querySelector(slider)[value]);
        seen.pictures.add(document.querySelector(picture)?.[shown]);
    }).observe(notebook, { attributes: true, childList: true, subtree: true });
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    kernel.anyMessage.connect((_, { msg, direction }) => {
        if (direction === "send" && msg.header.msg_type === "comm_msg") seen.messages++;
    });
}"""
COUNTS = "[seen.positions.size, seen.pictures.size, seen.messages]"


class Way(NamedTuple):
    name: str
    code: str
    time: str  # a script that gives the milliseconds from slider to pixels
    track: str  # what the mouse drags along
    slider: tuple[str, str]  # where its position is to be read, and as which property
    picture: tuple[str, str]  # what tells one picture from another


TRACK, HANDLE = ".widget-slider .noUi-base", (".widget-slider .noUi-handle", "ariaValueNow")
STORED = ".jp-OutputArea-output img", "src"
FIELD, DRAWN = ".scrub-timeline input", (".scrub canvas", "ariaLabel")  # written when it is drawn
WAYS = [
    Way("ours", OURS, TIME_OURS, FIELD, (FIELD, "value"), DRAWN),
    Way("`ipywidgets.Image`", IMAGE, TIME_KERNEL, TRACK, HANDLE, STORED),
    Way("`interact`, matplotlib", INTERACT, TIME_KERNEL, TRACK, HANDLE, STORED),
]


def measure(sizes=(64, 256, 512, 1024)) -> Iterator[Table]:
    with (
        tempfile.TemporaryDirectory() as home,
        jupyterlab(Path(home)) as jupyter,
        chromium_browser(find_chromium()) as browser,
    ):

        def opened(code, size=256):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            lab = Lab(page, jupyter, jupyter.write("bench.ipynb", SETUP.format(size=size), code))
            lab.run_all()
            page.wait_for_timeout(2000)
            return lab

        yield scrubbing(opened, sizes)
        yield exploring(opened)


def scrubbing(opened, sizes) -> Table:
    rows = []
    for size in sizes:
        median_of_ours = None
        for way in WAYS:
            lab = opened(way.code, size)
            times = lab.page.evaluate(way.time)
            median, late = statistics.median(times), statistics.quantiles(times, n=20)[-1]
            median_of_ours = median_of_ours or median
            rows.append((f"{size}²", way.name, median, late, median / median_of_ours))
            rows[-1] += dragging(lab, way)
            lab.page.close()
    return Table(
        "From the slider to pixels",
        "Each way in JupyterLab, on a page of its own, dragged with the mouse at 60 moves a "
        "second. Shown is the share of the slider's positions whose picture appeared; messages are "
        "those that the page sends the kernel; processor is the share of one core that the kernel "
        "and the server take together meanwhile. Ours and `interact` draw picture, curves and "
        "histogram, `ipywidgets.Image` the picture alone.",
        {
            "picture": "{}",
            "way": "{}",
            "median": "{:.1f} ms",
            "95th percentile": "{:.1f} ms",
            "ratio": "{:.0f} ×",
            "shown": "{:.0%}",
            "messages a second": "{:.1f}",
            "processor": "{:.1%}",
        },
        rows,
    )


def dragging(lab, way, seconds=6) -> tuple[float, float, float]:
    """The share of positions shown, messages a second, and the share of a core that it takes."""
    page = lab.page
    page.evaluate(WATCH, [*way.slider, *way.picture])
    page.locator(way.track).scroll_into_view_if_needed()
    box = page.locator(way.track).bounding_box()
    left, y = box["x"] + 8, box["y"] + box["height"] / 2
    at_once = processor_time(lab)
    page.mouse.move(left, y)
    page.mouse.down()
    start = time.monotonic()
    for step in range(60 * seconds):
        # There and back again, faster than a hand that looks, slower than one that plays.
        way_along = abs((step / 180 + 1) % 2 - 1)
        page.mouse.move(left + way_along * (box["width"] - 16), y)
        time.sleep(max(0, start + step / 60 - time.monotonic()))
    page.mouse.up()
    taken = time.monotonic() - start
    page.wait_for_timeout(1000)  # what is late may still come
    positions, pictures, messages = page.evaluate(COUNTS)
    return (
        min(pictures / positions, 1),
        messages / taken,
        (processor_time(lab) - at_once) / taken,
    )


def processor_time(lab) -> float:
    """Seconds that the notebook's kernel and its server have computed so far."""
    kernel = psutil.Process(int(lab.python("import os; print(os.getpid())")))
    return sum(sum(process.cpu_times()[:2]) for process in (kernel, kernel.parent()))


def exploring(opened) -> Table:
    lab = opened(EXPLORER)
    times = lab.page.evaluate(TIME_EXPLORER)
    median, late = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    return Table(
        "The schedule explorer",
        "From a move of β_end to the picture, the curves and the strip of another schedule, which "
        "the page works out by itself.",
        {"picture": "{}", "median": "{:.1f} ms", "95th percentile": "{:.1f} ms"},
        [("128²", median, late)],
    )


if __name__ == "__main__":
    show(measure())
