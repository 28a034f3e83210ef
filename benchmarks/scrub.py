"""From the slider to pixels, in real JupyterLab: our scrub against interact with matplotlib.

Run: python benchmarks/scrub.py (needs Chromium). Both show the picture, the curves and the
histogram at 256 × 256. Prints medians, 95th percentiles and their ratio, all of one run.
"""

import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
from harness import Lab, chromium_browser, find_chromium, jupyterlab

SETUP = """
import torch
from ipywidgets import interact, IntSlider
from matplotlib import pyplot as plt
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

# The time of one input event: all handlers, the drawing, and reading a pixel back, so that the
# canvas has really been drawn.
TIME_OURS = """async () => {
    const input = document.querySelector(".scrub input");
    const canvas = document.querySelector(".scrub canvas").getContext("2d");
    const times = [];
    for (let k = 0; k < 220; k++) {
        await new Promise((done) => requestAnimationFrame(done));
        const start = performance.now();
        input.value = (k * 37) % 1001;
        input.dispatchEvent(new Event("input"));
        canvas.getImageData(0, 0, 1, 1);
        document.body.offsetHeight;
        if (k >= 20) times.push(performance.now() - start);
    }
    return times;
}"""
# From the key press to the new picture in the page.
TIME_INTERACT = """async () => {
    const handle = document.querySelector(".widget-slider .noUi-handle");
    const output = document.querySelector(".widget-interact .widget-output");
    const times = [];
    for (let k = 0; k < 30; k++) {
        const old = output.querySelector("img")?.src;
        const start = performance.now();
        const key = { key: "ArrowRight", keyCode: 39, bubbles: true };
        handle.dispatchEvent(new KeyboardEvent("keydown", key));
        while ((output.querySelector("img")?.src ?? old) === old)
            await new Promise((done) => setTimeout(done, 1));
        await output.querySelector("img").decode();
        if (k >= 5) times.push(performance.now() - start);
        await new Promise((done) => setTimeout(done, 100));
    }
    return times;
}"""


EXPLORER = """
ScheduleExplorer(x_0[:, ::2, ::2], noise[:, ::2, ::2])
"""
# From the key press on β_end, through the kernel, to the strip of new pictures.
TIME_EXPLORER = """async () => {
    const handle = document.querySelectorAll(".scrub-explorer .noUi-handle")[1];
    const strip = document.querySelector(".scrub-strip");
    const times = [];
    for (let k = 0; k < 45; k++) {
        const start = performance.now();
        const key = { key: "ArrowRight", keyCode: 39, bubbles: true };
        await new Promise((done) => {
            const observer = new MutationObserver(() => (observer.disconnect(), done()));
            observer.observe(strip, { childList: true });
            handle.dispatchEvent(new KeyboardEvent("keydown", key));
        });
        if (k >= 5) times.push(performance.now() - start);
        await new Promise((done) => setTimeout(done, 100));
    }
    return times;
}"""


def report(name, times):
    median, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    print(f"{name:>44}: median {median:6.2f} ms, 95th percentile {p95:6.2f} ms")
    return median


def main():
    with (
        tempfile.TemporaryDirectory() as home,
        jupyterlab(Path(home)) as jupyter,
        chromium_browser(find_chromium()) as browser,
    ):

        def timed(name, code, script, size=256):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            lab = Lab(page, jupyter, jupyter.write("bench.ipynb", SETUP.format(size=size), code))
            lab.run_all()
            page.wait_for_timeout(2000)
            median = report(name, page.evaluate(script))
            page.close()
            return median

        ours = timed("our scrub, 256 × 256", OURS, TIME_OURS)
        theirs = timed("interact with matplotlib, 256 × 256", INTERACT, TIME_INTERACT)
        print(f"{'ratio':>44}: {theirs / ours:.0f} ×")
        timed("schedule explorer, 128 × 128", EXPLORER, TIME_EXPLORER)
        for size in (64, 512):
            timed(f"our scrub, {size} × {size}", OURS, TIME_OURS, size)


if __name__ == "__main__":
    main()
