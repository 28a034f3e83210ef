"""Views over one timeline, as one widget: `scrub(view, view, …)`."""

import traitlets

from diffusion.teaching import plots
from diffusion.teaching.widgets.axis import Axis
from diffusion.teaching.widgets.view import Buffers, View, rates_spec
from diffusion.teaching.widgets.widget import PageWidget, page_code, whole

# What draws a scrub in the page, in the order in which the one needs the other.
PAGE = [
    "common.js",
    "chart.js",
    "timeline.js",
    "image.js",
    "strip.js",
    "points.js",
    "sketch.js",
    "curves.js",
    "bars.js",
    "scatter.js",
    "fft.js",
    "above_noise.js",
    "spectrum.js",
    "views.js",
]


def scrub(*views: View | str, at: float | None = None, ask: str | None = None) -> "Scrub":
    """A timeline under one or more views; drawn and moved in the browser, without the kernel.

    It is moved by its slider, by a click or a drag in curves or in a strip of moments, and by a
    drag across a picture.

    Args:
        views: views over one and the same axis. Pictures and point clouds go to the left, charts
            to the right. A text between them, such as "+" or "=", is shown as it is.
        at: the value to start from: t = 250, or β = 0.1 where β is scrubbed. By default the first.
        ask: a question to be answered before the views are seen: with a place on the axis, which
            stays as a pin on the track; or with a drawing, where a view has a curve to draw.

    Returns:
        A widget. `it.at` is the value where its slider rests, and can be set; `it.position` is the
        place of that value on the axis, a whole number: another widget may drive it or follow it,
        `jslink((slider, "value"), (it, "position"))`. `it.show(…)` shows something else. `it.pins`
        and `it.sketch` are what was answered, and `it.shown` says whether the views are shown.

    The equation under the views is theirs; where they mix differently, as those of two
    schedules do, or not at all, there is none. When the cell that made a scrub is run
    again, the scrub is closed.

    Raises:
        TypeError: something else than views and texts is given.
        ValueError: no view is given, they have different axes, the axis has no such value, or there
            is a curve to draw and no question.
    """
    return Scrub(*views, at=at, ask=ask)


class Scrub(PageWidget):
    _esm = page_code(*PAGE, "asking.js", "scrub.js")

    # What the learner answers: places on the axis, or a curve at evenly spaced places of it.
    pins = traitlets.List(traitlets.Int()).tag(sync=True, echo_update=False)
    sketch = traitlets.List(traitlets.Float()).tag(sync=True, echo_update=False)
    shown = traitlets.Bool(True).tag(sync=True, echo_update=False)

    def __init__(self, *views: View | str, at: float | None = None, ask: str | None = None):
        self._described, self._ask = _described(views, ask), ask
        start = self.axis.position(at) if at is not None else 0
        super().__init__(position=start, shown=ask is None, **self._sent())

    def show(self, *views: View | str, at: float | None = None) -> None:
        """Show these views instead, in one message; the slider stays where it is if it can."""
        described = _described(views, self._ask)
        axis = described[0].axis
        position = min(self.position, axis.last) if at is None else axis.position(at)
        self._described = described
        with self.hold_sync():
            for name, value in self._sent().items():
                setattr(self, name, value)
            self.position, self.pins, self.sketch = position, [], []

    def _sent(self) -> dict:
        buffers = Buffers()
        shown = [
            {"kind": "sign", "text": view} if isinstance(view, str) else view.spec(buffers)
            for view in self._described
        ]
        axes = [view.axis for view in self.views]
        axis = axis_spec(axes[0], buffers, alike=all(map(axes[0].mixes_like, axes)))
        spec = {"axis": axis, "views": shown, "types": buffers.types}
        spec |= {"ask": self._ask} if self._ask else {}
        return {"spec": spec, "buffers": buffers.bytes}

    @property
    def views(self) -> list[View]:
        return [view for view in self._described if not isinstance(view, str)]

    @property
    def axis(self) -> Axis:
        return self.views[0].axis

    @property
    def at(self) -> float:
        """The value where the slider rests: t, or β where β is scrubbed."""
        return self.axis.values[self.position].item()

    @at.setter
    def at(self, value: float) -> None:
        self.position = self.axis.position(value)
        self.send_state("position")  # the page may have moved on, and not have told yet

    @traitlets.validate("position")
    def _check_position(self, proposal):
        return whole(proposal, 0, self.axis.last)

    @traitlets.validate("pins")
    def _check_pins(self, proposal):
        for pin in proposal["value"]:
            if isinstance(pin, bool) or not 0 <= pin <= self.axis.last:
                raise traitlets.TraitError(f"a pin must be in 0 … {self.axis.last}, not {pin}.")
        return proposal["value"]

    def still(self) -> bytes | None:
        axis = self.axis
        if pictures := [view for view in self.views if hasattr(view, "still")]:
            return self.moments(*pictures)
        if not axis.mixes:
            return None
        return plots.rates(axis.labels, axis.signal_rates, axis.noise_rates, axis.rate_names)

    def alt(self) -> str:
        axis = self.axis
        moments = ", ".join(axis.labels[position] for position in axis.moments)
        pictures = [view for view in self.views if hasattr(view, "still")] or self.views
        return f"{'; '.join(view.alt for view in pictures)} at {axis.symbol} = {moments}"

    def __repr__(self) -> str:
        axis = self.axis
        views = ", ".join(map(repr, self.views))
        asks = f"“{self._ask}” " if self._ask else ""
        return f"{asks}scrub {axis.symbol} = {axis.labels[0]} … {axis.labels[-1]}: {views}"


def _described(views: tuple[View | str, ...], ask: str | None) -> tuple[View | str, ...]:
    """These views, if they can stand over one timeline."""
    for view in views:
        if not isinstance(view, (View, str)):
            raise TypeError(f"scrub joins views and texts, not {type(view).__name__}.")
    axes = [view.axis for view in views if not isinstance(view, str)]
    if not axes:
        raise ValueError("scrub needs at least one view, for example ImageView(film).")
    if any((axis.symbol, axis.labels) != (axes[0].symbol, axes[0].labels) for axis in axes):
        names = dict.fromkeys(
            f"{a.symbol} = {a.labels[0]} … {a.labels[-1]} ({len(a.labels)} positions)" for a in axes
        )
        raise ValueError(
            f"all views of a scrub share one axis, but these have {' and '.join(names)}."
        )
    if ask is None and any(getattr(view, "draw", None) for view in views):
        raise ValueError('a curve to draw needs a question: scrub(…, ask="Draw ᾱ_t").')
    return views


def axis_spec(axis: Axis, buffers: Buffers, alike: bool = True) -> dict:
    """What the page needs to know of an axis, and of its mixture if all views have the same one."""
    spec = {
        "symbol": axis.symbol,
        "labels": axis.labels,
        "ticks": axis.ticks,
        "spoken": axis.spoken,
        # A list, since a notebook that is stored sorts a dict.
        "readouts": list(axis.readouts.items()) if alike else [],
    }
    if not (alike and axis.mixes):
        return spec
    return spec | {"result": axis.result, "terms": list(axis.terms)} | rates_spec(axis, buffers)
