"""A lab for bugs: put one in, look at the picture and the numbers, and see which tests notice."""

import dataclasses
from collections.abc import Callable

import torch
import traitlets
from torch import Generator, Tensor

from diffusion import NoiseSchedule
from diffusion.teaching.bugs import BUGS, Bug, Sampler
from diffusion.teaching.widgets.axis import Axis, time_axis
from diffusion.teaching.widgets.film import Blend
from diffusion.teaching.widgets.image import ImageView
from diffusion.teaching.widgets.scrub import PAGE, axis_spec
from diffusion.teaching.widgets.view import Buffers
from diffusion.teaching.widgets.widget import PageWidget, page_code, whole

# What a test measures, and above what it gives alarm.
Test = tuple[Callable[[Sampler], float], float]


class BugLab(PageWidget):
    """Choose a bug: its line of code, x_t with it and without it, and what the tests say.

    The third picture is the difference, x_t with the bug minus x_t without, mid-grey where there
    is none. All bugs are tried when the lab is made; the page then shows them without the kernel.

    Args:
        x_0: a picture (1, H, W) or (3, H, W) in [−1, 1].
        schedule: a NoiseSchedule; the slider stops at a hundred of its t, evenly spaced.
        tests: {name: (function, limit)}. The function is given a sampler (see `Bug.sampler`) and
            returns a number; above the limit, the test has noticed the bug.
        bugs: what can be put in; the first is shown at the beginning.
        alt: what the picture shows.

    Attributes:
        choice: the number of the bug that is in; set it to put another one in.
        votes: {number of a bug: for each test, whether the learner expects it to notice}. The page
            shows what the tests say of a bug once there is a vote on it; all that has been shown
            stays, in a table of bugs and tests.
        noticed: {name of the bug: {name of the test: whether it noticed}}.
    """

    _esm = page_code(*PAGE, "bug_lab.js")

    choice = traitlets.Int(0).tag(sync=True, echo_update=False)
    votes = traitlets.Dict().tag(sync=True, echo_update=False)

    def __init__(
        self,
        x_0: Tensor,
        schedule: NoiseSchedule,
        tests: dict[str, Test],
        bugs: tuple[Bug, ...] = BUGS,
        alt: str = "picture",
    ):
        self.bugs, self.noticed, self._alt = bugs, {}, alt
        every = max(1, schedule.time_steps // 100)
        t = torch.arange(0, schedule.time_steps + 1, every)
        film = _film(bugs[0], x_0, schedule, t)
        self._right = ImageView(film, label="as it should be", alt=f"{alt}, as it should be")
        buffers, entries = Buffers(), []
        for bug in bugs:
            film = _film(bug, x_0, schedule, t)
            ours = ImageView(film, label="this code", alt=f"{alt}, noised by this code")
            views = [ours.spec(buffers), self._right.spec(buffers)]
            words = {
                "label": "difference",
                "alt": f"{alt}: the difference, with the bug minus without",
            }
            entries.append(
                {
                    "name": bug.name,
                    "line": bug.changes(),
                    "rows": self._try(bug, bug.sampler(x_0, schedule), tests),
                    "axis": axis_spec(film.axis, buffers),
                    "views": [*views, views[0] | {"minus": views[1]} | words],
                }
            )
        super().__init__(
            spec={"bugs": entries, "types": buffers.types},
            buffers=buffers.bytes,
            position=self._right.axis.last // 10,
        )

    def _try(self, bug: Bug, sample: Sampler, tests: dict[str, Test]) -> list[list]:
        """What each test says of the bug: [test, measured, limit, whether it noticed]."""
        measured = {test: float(function(sample)) for test, (function, _) in tests.items()}
        limits = {test: limit for test, (_, limit) in tests.items()}
        self.noticed[bug.name] = noticed = {test: measured[test] > limits[test] for test in tests}
        return [[t, _figure(measured[t]), f"{limits[t]:g}", noticed[t]] for t in tests]

    @traitlets.validate("choice")
    def _check_choice(self, proposal):
        return whole(proposal, 0, len(self.bugs) - 1)

    @traitlets.validate("position")
    def _check_position(self, proposal):
        return whole(proposal, 0, self._right.axis.last)

    def still(self) -> bytes:
        return self.moments(self._right)  # without a bug

    def alt(self) -> str:
        return f"{self._alt}, noised by the code of each button, and as it should be"

    def __repr__(self) -> str:
        return f"bug lab of {len(self.bugs) - 1} bugs, each beside the right code"


def _film(bug: Bug, x_0: Tensor, schedule: NoiseSchedule, t: Tensor) -> Blend:
    """x_t as the code with this bug makes it, with its mean and standard deviation to be read."""
    noise = bug.draw(x_0.shape, generator=Generator().manual_seed(0))
    x_0, rates = bug.load(x_0), bug.rates(schedule)
    return Blend(x_0, noise, _axis(schedule, t, x_0, noise, *(rate[t] for rate in rates)))


def _axis(
    schedule: NoiseSchedule,
    t: Tensor,
    x_0: Tensor,
    noise: Tensor,
    signal_rates: Tensor,
    noise_rates: Tensor,
) -> Axis:
    means = signal_rates * x_0.mean() + noise_rates * noise.mean()
    (of_x, both), (_, of_noise) = torch.stack([x_0.flatten(), noise.flatten()]).cov()
    variances = signal_rates**2 * of_x + 2 * signal_rates * noise_rates * both
    deviations = (variances + noise_rates**2 * of_noise).clamp(min=0).sqrt()
    return dataclasses.replace(
        time_axis(schedule, t),
        signal_rates=signal_rates,
        noise_rates=noise_rates,
        readouts={
            "mean": [f"{mean:+.2f}".replace("-", "−") for mean in means.tolist()],
            "standard deviation": [f"{deviation:.2f}" for deviation in deviations.tolist()],
        },
    )


def _figure(number: float) -> str:
    return f"{number:.1f}" if number >= 1 else f"{number:.4f}"
