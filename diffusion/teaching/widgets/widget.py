"""What all our widgets have in common: code for the page, a picture for where none runs, an end."""

import re
from numbers import Integral
from pathlib import Path

import anywidget
import traitlets

from diffusion.teaching import plots
from diffusion.teaching.widgets.lifetime import belongs_to_this_cell

_HERE = Path(__file__).parent


def page_code(*names: str) -> str:
    """One module from several files: a widget's code must be a single text.

    Without comments and what is set in, since it travels with each page.
    """
    code = "".join((_HERE / name).read_text("utf-8") for name in names)
    code = re.sub(r"^\s*//.*\n|\s+// .*$|^\s+", "", code, flags=re.MULTILINE)
    return re.sub(r"/\* .*? \*/", "", code, flags=re.DOTALL)


def whole(proposal, first: int, last: int) -> int:
    """The value that a trait is to get; TraitError unless it is in first … last."""
    value = proposal["value"]
    if isinstance(value, bool) or not first <= value <= last:
        name = proposal["trait"].name
        raise traitlets.TraitError(f"{name} must be in {first} … {last}, not {value}.")
    return value


def one_of(choices, proposal):
    """The value that a trait is to get; TraitError unless it is one of these."""
    if (value := proposal["value"]) not in choices:
        name, known = proposal["trait"].name, ", ".join(map(str, choices))
        raise traitlets.TraitError(f"{name} must be one of {known}, not {value!r}.")
    return value


def check_whole(name: str, value: int, first: int, last: int) -> None:
    """An argument that must be an integer in first … last."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, not {value!r}.")
    if not first <= value <= last:
        raise ValueError(f"{name} must be in {first} … {last}, not {value}.")


class PageWidget(anywidget.AnyWidget):
    """A widget that the page draws by itself, from a description and from arrays.

    A subclass has `still()`, a PNG for where no widget can run, and `alt()`, its text alternative.
    Where there is nothing to be seen, `still()` gives None.
    """

    _css = page_code("style.css")

    spec = traitlets.Dict().tag(sync=True)  # what is to be drawn; arrays are named by their place
    buffers = traitlets.List(traitlets.Bytes()).tag(sync=True)  # the arrays
    # The page tells the kernel where its slider rests; it needs no answer.
    position = traitlets.Int(0).tag(sync=True, echo_update=False)

    def __init__(self, **traits):
        super().__init__(**traits)
        belongs_to_this_cell(self)

    def moments(self, *views) -> bytes:
        """A PNG of these pictures at five moments of their axis."""
        axis = views[0].axis
        labels = [f"{axis.symbol} = {axis.labels[position]}" for position in axis.moments]
        rows = [(view.label, [view.still(p) for p in axis.moments]) for view in views]
        return plots.filmstrip(rows, labels)

    def close(self) -> None:
        """Take the widget off the page, and give back its memory."""
        if self.comm is not None:
            super().close()
            self.layout.close()  # a model of its own
            self.spec, self.buffers = {}, []  # IPython may keep the object itself, as Out[12]

    def _repr_mimebundle_(self, **kwargs):
        # The second part tells Google Colab where it finds anywidget.
        data, metadata = super()._repr_mimebundle_(**kwargs)
        picture = plots.bundle(still, self.alt()) if (still := self.still()) else {}
        return data | picture | {"text/plain": repr(self)}, metadata
