"""Record the README's moving picture from the running widget: `python tools/record.py`.

Opens a scrub in JupyterLab, moves its slider from end to end and back, and writes what is to be
seen to docs/scrub.webp. Needs Chromium.
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))
from harness import ROOT, Lab, chromium_browser, find_chromium, jupyterlab

SCRUB = """
import torch
from diffusion import NoiseSchedule
from diffusion.teaching.images import load_image
from diffusion.teaching.widgets import *

schedule, x_0 = NoiseSchedule(), load_image("../data/cat.png")
film = Blend(x_0, torch.randn(x_0.shape, generator=torch.Generator().manual_seed(0)), schedule)
scrub(ImageView(film, alt="a cat"), CurvesView(schedule), HistogramView(film))
"""


def main():
    frames = []
    with (
        tempfile.TemporaryDirectory() as home,
        jupyterlab(Path(home)) as jupyter,
        chromium_browser(find_chromium()) as browser,
    ):
        page = browser.new_page(viewport={"width": 1100, "height": 1000})
        lab = Lab(page, jupyter, jupyter.write("record.ipynb", SCRUB))
        lab.run_all()
        page.wait_for_timeout(1500)
        box, slider = page.locator(".scrub").bounding_box(), page.locator(".scrub input")
        margin = {"x": -6, "y": -10, "width": 20, "height": 24}
        clip = {side: box[side] + margin[side] for side in box}
        for t in [*range(0, 600, 24), *range(600, 1001, 80)]:
            slider.fill(str(t))
            frames.append(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB"))
    frames = [frame.resize((frame.width * 4 // 5, frame.height * 4 // 5)) for frame in frames]
    film = frames + frames[-2:0:-1]
    still, moving = 1000, 90  # milliseconds
    durations = [still, *[moving] * (len(frames) - 2)] * 2
    target = ROOT / "docs" / "scrub.webp"
    film[0].save(target, append_images=film[1:], duration=durations, loop=0, quality=40, method=6)
    print(f"{target.relative_to(ROOT)}: {len(film)} frames, {target.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
