"""One timeline, many views: `scrub(view, view, …)` joins them."""

import traitlets
from ipywidgets import Box, Label, VBox, jslink

from diffusion.teaching import plots
from diffusion.teaching.widgets.image import ImageView
from diffusion.teaching.widgets.lifetime import OfCell
from diffusion.teaching.widgets.points import PointsView
from diffusion.teaching.widgets.timeline import Timeline
from diffusion.teaching.widgets.view import View


def scrub(*views: View | str, t: int = 0) -> "Scrub":
    """A timeline under one or more views, all at the same t; drawn and joined in the browser.

    Args:
        views: views over one and the same axis. Pictures and point clouds go to the left, charts
            to the right. A text between them, such as "+" or "=", is shown as it is.
        t: the position to start from.

    Returns:
        A widget. Its `t` can be read and set; to tie t to another widget's integer value, link
        that to its `timeline`: `jslink((slider, "value"), (it.timeline, "t"))`.

    The equation under the slider is that of the first view. When its cell is run again, a scrub
    that no variable names and no other cell shows is closed; see `lifetime`.

    Raises:
        TypeError: something else than views and texts is given.
        ValueError: no view is given, they have different axes, or one is in a scrub already.
    """
    return Scrub(*views, t=t)


class Scrub(OfCell, VBox):
    """What `scrub` returns; see there."""

    _links = ()

    def __init__(self, *views: View | str, t: int = 0):
        self.views = [view for view in views if not isinstance(view, str)]
        for view in self.views:
            if not isinstance(view, View):
                raise TypeError(f"scrub joins views and texts, not {type(view).__name__}.")
        if not self.views:
            raise ValueError("scrub needs at least one view, for example ImageView(film).")
        axes = {f"{v.symbol} = {v.labels[0]} … {v.labels[-1]}": v.labels for v in self.views}
        if len(axes) > 1 or any(view.labels != self.views[0].labels for view in self.views):
            raise ValueError(
                f"all views of a scrub share one axis, but these have {' and '.join(axes)}."
            )
        if len({id(view) for view in self.views}) < len(self.views) or any(
            view.in_scrub for view in self.views
        ):
            raise ValueError("a view belongs to one scrub; make a new view for the other place.")

        self.timeline = Timeline(self.views[0].axis)
        joined = [self.timeline, *self.views]
        for widget in joined:
            widget._save_after = 110 * len(joined)  # together, fewer than ten messages a second
        self.t = t
        self._links = [jslink((self.timeline, "t"), (view, "t")) for view in self.views]
        for view in self.views:
            view.in_scrub = True

        is_picture = (ImageView, PointsView, str)
        pictures = [
            _sign(v) if isinstance(v, str) else v for v in views if isinstance(v, is_picture)
        ]
        charts = [view for view in self.views if not isinstance(view, is_picture)]
        stage = []
        if pictures:
            many = sum(not isinstance(picture, Label) for picture in pictures)
            stage.append(_box("scrub-pictures", pictures, f"scrub-pictures-{many}"))
        if charts:
            stage.append(_box("scrub-charts", charts))
        super().__init__([_box("scrub-stage", stage), self.timeline])
        self.add_class("scrub")

    @property
    def t(self) -> int:
        """The position of the slider, 0 … `timeline.last`."""
        return self.timeline.t

    @t.setter
    def t(self, value: int) -> None:
        try:
            for widget in [self.timeline, *self.views]:
                before, widget.t = widget.t, value
                if widget.t == before:  # the page may be elsewhere, and not have told yet
                    widget.send_state("t")
        except traitlets.TraitError:
            raise ValueError(
                f"t must be an integer in 0 … {self.timeline.last}, not {value!r}."
            ) from None

    def filmstrip(self) -> bytes:
        """A PNG of five moments, for where the widget cannot run."""
        axis = self.timeline.axis
        labels = [f"{axis.symbol} = {axis.labels[position]}" for position in axis.moments]
        rows = [
            (view.label, [view.still(position) for position in axis.moments])
            for view in self.views
            if hasattr(view, "still")
        ]
        if rows:
            return plots.filmstrip(rows, labels)
        return plots.rates(axis.labels, axis.signal_rates, axis.noise_rates, axis.rate_names)

    def close(self) -> None:
        for link in self._links:
            link.close()
        super().close()

    def __repr__(self) -> str:
        axis = self.timeline.axis
        views = ", ".join(map(repr, self.views))
        return f"scrub {axis.symbol} = {axis.labels[0]} … {axis.labels[-1]}: {views}"

    def _repr_mimebundle_(self, **kwargs) -> dict:
        # Where no widget can run, the filmstrip is shown instead, with its text alternative.
        axis = self.timeline.axis
        moments = ", ".join(axis.labels[position] for position in axis.moments)
        pictures = [view for view in self.views if hasattr(view, "still")] or self.views
        alt = f"{'; '.join(view.alt for view in pictures)} at {axis.symbol} = {moments}"
        fallback = plots.bundle(self.filmstrip(), alt) | {"text/plain": repr(self)}
        return super()._repr_mimebundle_(**kwargs) | fallback


def _sign(text: str) -> Label:
    sign = Label(text)
    sign.add_class("scrub-sign")
    return sign


def _box(name: str, children: list, *classes: str) -> Box:
    box = Box(children)
    for css_class in (name, *classes):
        box.add_class(css_class)
    return box
