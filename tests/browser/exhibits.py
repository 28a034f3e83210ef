"""One notebook with a widget of each kind: tensors, for the kernel and the tests, and cells."""

from pathlib import Path

import torch

from diffusion import NoiseSchedule, forward_chain
from diffusion.teaching.images import load_image
from diffusion.teaching.widgets import Blend, Frames, backward_axis, step_axis

generator = torch.Generator().manual_seed(0)
schedule, few = NoiseSchedule(), NoiseSchedule(0.02, 0.4, 20)

x_0 = load_image(Path(__file__).parents[2] / "data" / "cat.png", size=64)
noise = torch.randn(x_0.shape, generator=generator)
film, short = Blend(x_0, noise, schedule), Blend(x_0, noise, few)
steps = Blend(x_0, noise, step_axis(torch.linspace(0, 1, 51)))

points = 2 * torch.rand(2, 30, 2, generator=generator) - 1
cloud = Blend(*points, few)
walk = Frames(
    [points[0], *forward_chain(points[0], schedule, generator=generator)][::250], schedule
)

back = Frames(walk.frames.flip(0).repeat(5, 1, 1)[:21], backward_axis(few))
pairs = torch.randn(300, 2, generator=generator)

heights = torch.rand(21, 8, generator=generator)
betas = torch.cat([torch.tensor([torch.nan]), few.betas])  # no step leads to t = 0

pair = torch.stack([x_0[:1], noise[:1].clamp(-1, 1)])
times, estimates = torch.tensor([321, 40]), torch.tensor([300, 40])

CELLS = {
    "others": """
import anywidget
from exhibits import *
from IPython.display import display
from ipywidgets import FileUpload, FloatSlider, IntSlider, VBox, jslink
from diffusion.teaching import plots
from diffusion.teaching.widgets import *

class Hook(anywidget.AnyWidget):  # lets the page reach all models
    _esm = "export default { render: ({ model }) => void (window.manager = model.widget_manager) }"
    __repr__ = lambda self: "hook"

plots.filmstrip = lambda *_: b""  # takes a quarter of a second; it is tested elsewhere
whole, real = IntSlider(min=-10, max=10**6), FloatSlider(min=-10, max=10**6)
VBox([Hook(), whole, real])
""",
    "scrub": """
views = [ImageView(film, alt="a cat"), CurvesView(schedule), HistogramView(film)]
it = scrub(*views)
it
""",
    "terms": """
terms = [ImageView(steps, "signal"), "+", ImageView(steps, "noise"), "=", ImageView(steps)]
scrub(*terms, at=0.2)
""",
    "cloud": "scrub(PointsView(cloud, trail=2), CurvesView(few), HistogramView(cloud))",
    "walk": "walking = scrub(PointsView(walk, trail=0), HistogramView(walk))\nwalking",
    "back": """
rates = [Curve("√ᾱ_t", few.signal_rate(torch.arange(20, -1, -1)), "signal")]
scrub(PointsView(back, trail=[0, 3, 7]), CurvesView(back.axis, rates))
""",
    "slit": """
law = lambda x, y: torch.distributions.Normal(0 * x, 1.0).log_prob(y).exp()
scrub(*slit_views(pairs, torch.linspace(-1, 1, 11), width=0.5, law=law))
""",
    "charts": """
curves = [Curve("log SNR", few.log_snr(torch.arange(21)), "second", 1), Curve("β_t", betas)]
scrub(
    CurvesView(few, curves, (-4, 4)),
    BarsView(few, heights, (-2, 6), "number", "h_t", "Bars.", tone="noise", notes=list("xyz" * 7)),
    StripView(short),
)
""",
    "explorer": 'explorer = ScheduleExplorer(x_0, noise, shapes=["linear", "constant"])\nexplorer',
    "bugs": """
tests = {"mean": (lambda sample: 0.1, 0.5), "variance": (lambda sample: sample(20)[1].var(), 0.5)}
bugs = BugLab(x_0, few, tests)
bugs
""",
    "game": """
game = GuessGame(pair, pair.flip(2), times, estimates, names=["a cat", "a cup"])
game
""",
}
