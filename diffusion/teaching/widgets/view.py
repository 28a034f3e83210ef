"""What all widgets of a scrub have in common: a place t on an axis, kept in step in the browser."""

from pathlib import Path

import anywidget
import torch
import traitlets
from ipywidgets import Widget

from diffusion.teaching.widgets.axis import Axis
from diffusion.teaching.widgets.lifetime import OfCell

_HERE = Path(__file__).parent


def esm(name: str) -> str:
    """The module of a widget: the shared helpers, then the widget's own file."""
    return (_HERE / "common.js").read_text("utf-8") + (_HERE / name).read_text("utf-8")


def to_bytes(tensor: torch.Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().numpy().tobytes()


class View(OfCell, anywidget.AnyWidget):
    """A widget with a position `t` on an axis, 0 … `last`; it draws itself in the browser.

    `t` can be read and set from Python, and linked to any other widget's integer value.
    A view that can show something else has `state_for(…)`: the traits to be set for it.
    """

    _css = (_HERE / "style.css").read_text("utf-8")

    # No echo: the page saves t with a delay, and an echo would set it back to where it was then.
    t = traitlets.Int(0).tag(sync=True, echo_update=False)
    last = traitlets.Int().tag(sync=True)
    symbol = traitlets.Unicode().tag(sync=True)
    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    ticks = traitlets.List(traitlets.Int()).tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    # Another number says to the page that the rest of the state is another one; see common.js.
    revision = traitlets.Int(0).tag(sync=True)
    # The kernel hears of t when it has been still for so many milliseconds; see common.js.
    _save_after = traitlets.Int(110).tag(sync=True)

    axis = traitlets.Any()  # an Axis; it stays in the kernel, as does all that is not synced

    def __init__(self, axis: Axis, /, **traits):
        self.in_scrub = False
        self._share, self._placed = 0.0, None
        super().__init__(**(self._axis_state(axis) | traits))

    def _axis_state(self, axis: Axis) -> dict:
        return {
            "axis": axis,
            "last": axis.last,
            "symbol": axis.symbol,
            "labels": axis.labels,
            "ticks": axis.ticks,
        }

    def renew(self, state: dict, t: int | None = None) -> None:
        """Show what `state_for` gave, at t or at the same share of the way; in one message."""
        # Where t is where the last call put it, its share of the way is known more exactly than
        # the place, which a short axis rounds.
        share = self._share if self._placed == self.t else self.t / self.last
        with self.hold_sync():
            for name, value in state.items():
                setattr(self, name, value)
            self.t = round(share * self.last) if t is None else t
            self.revision += 1
        self._share, self._placed = share, self.t

    @traitlets.validate("t")
    def _check_t(self, proposal):
        if isinstance(proposal["value"], bool) or not 0 <= proposal["value"] <= self.last:
            raise traitlets.TraitError(f"t must be in 0 … {self.last}, not {proposal['value']}.")
        return proposal["value"]

    def __repr__(self) -> str:
        return f"{type(self).__name__} over {self.symbol} = {self.labels[0]} … {self.labels[-1]}"


def set_states(states: dict[Widget, dict]) -> None:
    """Set these traits on these widgets; all views move to the t of the first of them."""
    t = None
    for widget, state in states.items():
        if isinstance(widget, View):
            # One t for all: a view may not have heard yet where the page has moved it.
            widget.renew(state, t)
            t = widget.t
        else:
            for name, value in state.items():
                setattr(widget, name, value)
