"""A bar chart with heights of its own at each position."""

import torch
import traitlets
from torch import Tensor

from diffusion import NoiseSchedule
from diffusion.teaching.widgets.axis import Axis, as_axis
from diffusion.teaching.widgets.view import View, esm, to_bytes


class BarsView(View):
    """Bars over a range of numbers, others at each position of the axis.

    Args:
        axis: a NoiseSchedule or an Axis.
        heights: shape (positions, bins), not negative; the bins divide `x_range` evenly.
        x_range, x_label: what the bins divide.
        label: what the heights are; subscripts are written x_t.
        alt: what is to be seen, a sentence.
        top: the height of the chart, the same at all positions; by default the largest height.
        kind: the colour: "neutral", "signal" or "noise".
        notes: a text for each position, shown beside the label.
    """

    _esm = esm("bars.js")

    heights = traitlets.Bytes().tag(sync=True)  # uint16, positions × bins, in 65535ths of `top`
    top = traitlets.Float().tag(sync=True)
    x_range = traitlets.List(traitlets.Float()).tag(sync=True)
    x_ticks = traitlets.List(traitlets.Float()).tag(sync=True)
    y_ticks = traitlets.List(traitlets.Float()).tag(sync=True)
    x_label = traitlets.Unicode().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    kind = traitlets.Unicode("neutral").tag(sync=True)
    notes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    bell = traitlets.Bool(False).tag(sync=True)  # draw the density of N(0, 1) as well

    def __init__(
        self,
        axis: Axis | NoiseSchedule,
        heights: Tensor,
        x_range: tuple[float, float],
        x_label: str,
        label: str,
        alt: str,
        top: float | None = None,
        kind: str = "neutral",
        notes: list[str] | None = None,
        **traits,
    ):
        axis = as_axis(axis)
        low, high = x_range
        top = heights.max().item() if top is None else top
        ticks = {
            "x_ticks": [float(f"{low + (high - low) * i / 4:.3g}") for i in range(5)],
            "y_ticks": [float(f"{top * i / 4:.2g}") for i in range(5)],
        }
        super().__init__(
            axis,
            heights=self._scaled(axis, heights, top),
            top=top,
            x_range=[low, high],
            x_label=x_label,
            label=label,
            alt=alt,
            kind=kind,
            notes=notes or [],
            **(ticks | traits),
        )

    def state_for(
        self, axis: Axis | NoiseSchedule, heights: Tensor, notes: list[str] | None = None
    ) -> dict:
        axis = as_axis(axis)
        heights = self._scaled(axis, heights, self.top)  # the scale stays
        return self._axis_state(axis) | {"heights": heights, "notes": notes or []}

    @staticmethod
    def _scaled(axis: Axis, heights: Tensor, top: float) -> bytes:
        if heights.ndim != 2 or len(heights) != axis.last + 1 or heights.numel() == 0:
            raise ValueError(
                f"heights need one row per position, {axis.last + 1} in all, "
                f"but their shape is {tuple(heights.shape)}."
            )
        if not (heights.isfinite().all() and heights.min() >= 0 and top > 0):
            raise ValueError("heights must be finite and not negative, and one must be above 0.")
        return to_bytes((heights / top).clamp(max=1).mul(65535).round().to(torch.uint16))

    def __repr__(self) -> str:
        return f"bars of {self.label}"
