"""A lab for bugs: put one in, look at the picture and the numbers, and see which tests notice."""

import dataclasses
import html
from collections.abc import Callable

import torch
from ipywidgets import HTML, ToggleButtons, VBox, Widget
from torch import Generator, Tensor

from diffusion import NoiseSchedule
from diffusion.teaching import plots
from diffusion.teaching.bugs import BUGS, Bug, Sampler
from diffusion.teaching.widgets.axis import Axis, time_axis
from diffusion.teaching.widgets.film import Blend
from diffusion.teaching.widgets.histogram import HistogramView
from diffusion.teaching.widgets.image import ImageView
from diffusion.teaching.widgets.lifetime import OfCell
from diffusion.teaching.widgets.recording import recorded
from diffusion.teaching.widgets.scrub import scrub
from diffusion.teaching.widgets.view import set_states

# What a test measures, and above what it gives alarm.
Test = tuple[Callable[[Sampler], float], float]


class BugLab(OfCell, VBox):
    """Buttons for the bugs over a scrub, the wrong line of code, and what the tests say.

    Args:
        x_0: a picture (1, H, W) or (3, H, W) in [−1, 1].
        schedule: a NoiseSchedule.
        tests: {name: (function, limit)}. The function is given a sampler (see `Bug.sampler`) and
            returns a number; above the limit, the test has noticed the bug.
        bugs: what can be put in; the first is shown at the beginning.
        alt: what the picture shows.

    Attributes:
        buttons: set its `value` to the name of a bug to put that in.
        bug: the bug that is in.
        noticed: {name of the test: whether it noticed}.
    """

    def __init__(
        self,
        x_0: Tensor,
        schedule: NoiseSchedule,
        tests: dict[str, Test],
        bugs: tuple[Bug, ...] = BUGS,
        alt: str = "picture",
    ):
        self.x_0, self.schedule, self.tests = x_0, schedule, tests
        self.bugs, self._known = bugs, {}
        names = [bug.name for bug in bugs]
        self.buttons = ToggleButtons(options=names, style={"button_width": "auto"})
        self.buttons.observe(self._follow, "index")

        film = self._film(bugs[0])
        self._picture = ImageView(film, label="x_t of this code", alt=f"{alt}, noised by this code")
        right = ImageView(film, label="x_t as it should be", alt=f"{alt}, noised as it should be")
        alt = "The values of x_t, and the bell curve of N(0, 1)."
        self._histogram = HistogramView(film, alt=alt)
        self._scrub = scrub(self._picture, right, self._histogram, t=schedule.time_steps // 10)
        self._line = HTML().add_class("scrub-view").add_class("scrub-bug-line")
        self._report = HTML().add_class("scrub-view")
        set_states(self._judge(bugs[0]))
        recording = recorded({(self.buttons, "index"): range(len(bugs))}, self._states_for)
        super().__init__([self.buttons, self._line, self._scrub, self._report, *recording])
        self.add_class("scrub-bug-lab")

    def _follow(self, change) -> None:
        if change["new"] is None:
            self.buttons.index = change["old"]
            raise ValueError(
                f"choose one of the bugs, for example {self.bugs[0].name!r}; "
                f"{self.bug.name!r} stays until then."
            )
        set_states(self._states_for(change["new"]))

    def _states_for(self, index: int) -> dict[Widget, dict]:
        """What is to be set on each widget for this bug."""
        bug, timeline = self.bugs[index], self._scrub.timeline
        film = self._film(bug)
        return {
            timeline: timeline.state_for(film.axis),
            self._picture: self._picture.state_for(film),
            self._histogram: self._histogram.state_for(film),
            **self._judge(bug),
        }

    def _film(self, bug: Bug) -> Blend:
        noise = bug.draw(self.x_0.shape, generator=Generator().manual_seed(0))
        x_0, rates = bug.load(self.x_0), bug.rates(self.schedule)
        return Blend(x_0, noise, _axis(self.schedule, x_0, noise, *rates))

    def _judge(self, bug: Bug) -> dict[Widget, dict]:
        if bug.name not in self._known:
            sample = bug.sampler(self.x_0, self.schedule)
            self._known[bug.name] = {test: float(f(sample)) for test, (f, _) in self.tests.items()}
        measured = self._known[bug.name]
        noticed = {test: measured[test] > limit for test, (_, limit) in self.tests.items()}
        rows = [
            (test, _figure(measured[test]), f"{limit:g}", "notices" if alarm else "passes")
            for (test, (_, limit)), alarm in zip(self.tests.items(), noticed.values(), strict=True)
        ]
        return {
            self: {"bug": bug, "noticed": noticed},
            self._line: {"value": _line(bug)},
            self._report: {"value": _table(_summary(bug, noticed), rows)},
        }

    def _summary(self) -> str:
        return _summary(self.bug, self.noticed)

    def __repr__(self) -> str:
        return f"bug lab, {self._summary()}"

    def _repr_mimebundle_(self, **kwargs) -> dict:
        alt = f"{self._picture.alt}, and as it should be. {self._summary()}."
        fallback = plots.bundle(self._scrub.filmstrip(), alt) | {"text/plain": repr(self)}
        return super()._repr_mimebundle_(**kwargs) | fallback


def _axis(
    schedule: NoiseSchedule, x_0: Tensor, noise: Tensor, signal_rates: Tensor, noise_rates: Tensor
) -> Axis:
    """Time with these rates, and with the mean and standard deviation of x_t to be read."""
    means = signal_rates * x_0.mean() + noise_rates * noise.mean()
    (of_x, both), (_, of_noise) = torch.stack([x_0.flatten(), noise.flatten()]).cov()
    variances = signal_rates**2 * of_x + 2 * signal_rates * noise_rates * both
    deviations = (variances + noise_rates**2 * of_noise).clamp(min=0).sqrt()
    return dataclasses.replace(
        time_axis(schedule),
        signal_rates=signal_rates,
        noise_rates=noise_rates,
        readouts={
            "mean": [f"{mean:+.2f}".replace("-", "−") for mean in means.tolist()],
            "standard deviation": [f"{deviation:.2f}" for deviation in deviations.tolist()],
        },
    )


def _line(bug: Bug) -> str:
    if not bug.wrong:
        return "Nothing is wrong yet: this code is as it should be."
    wrong, right = html.escape(bug.wrong), html.escape(bug.right)
    return f"<code>{wrong}</code><br>should be <code>{right}</code>"


def _summary(bug: Bug, noticed: dict[str, bool]) -> str:
    tests = [test for test, alarm in noticed.items() if alarm]
    return f"{bug.name}: noticed by {', '.join(tests) or 'no test'}"


def _figure(number: float) -> str:
    return f"{number:.1f}" if number >= 1 else f"{number:.4f}"


def _table(summary: str, rows: list[tuple[str, ...]]) -> str:
    heads = "".join(
        f'<th scope="col">{head}</th>' for head in ("test", "measured", "alarm above", "verdict")
    )
    lines = []
    for test, *cells, verdict in rows:
        cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
        mark = "strong" if verdict == "notices" else "span"
        lines.append(
            f'<tr><th scope="row">{html.escape(test)}</th>{cells}'
            f"<td><{mark}>{verdict}</{mark}></td></tr>"
        )
    return (
        f'<p role="status">{html.escape(summary)}.</p>'
        f'<table class="scrub-bug-report"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )
