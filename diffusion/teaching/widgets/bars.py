"""A bar chart with heights of its own at each position."""

import torch
from torch import Tensor

from diffusion import NoiseSchedule
from diffusion.teaching.widgets.axis import Axis
from diffusion.teaching.widgets.curves import quarters
from diffusion.teaching.widgets.view import Buffers, View


class BarsView(View):
    """Bars over a range of numbers, others at each position of the axis.

    Args:
        axis: a NoiseSchedule or an Axis.
        heights: shape (positions, bins), not negative; the bins divide `x_range` evenly.
        x_range, x_label: what the bins divide.
        label: what the heights are; subscripts are written x_t.
        alt: what is to be seen, a sentence.
        top: the height of the chart, the same at all positions; by default the largest height. A
            bar that is higher is cut off, and has a mark that says so.
        tone: the colour: "neutral", "signal" or "noise".
        notes: a text for each position, shown beside the label.
        law: what a formula says of the heights, shaped like them: a line over the bars.
        law_label: the name of that line.
    """

    kind = "bars"
    is_chart = True
    bell = False  # whether the density of N(0, 1) is drawn as well
    height = 160  # of the chart, where its width is 460

    def __init__(
        self,
        axis: Axis | NoiseSchedule,
        heights: Tensor,
        x_range: tuple[float, float],
        x_label: str,
        label: str,
        alt: str,
        top: float | None = None,
        tone: str = "neutral",
        notes: list[str] | None = None,
        law: Tensor | None = None,
        law_label: str = "the formula",
    ):
        super().__init__(axis, label, alt)
        if heights.ndim != 2 or len(heights) != self.axis.last + 1 or heights.numel() == 0:
            raise ValueError(
                f"heights need one row per position, {self.axis.last + 1} in all, "
                f"but their shape is {tuple(heights.shape)}."
            )
        if law is not None and law.shape != heights.shape:
            raise ValueError(
                f"law needs a height for each bar, {tuple(heights.shape)}, "
                f"but its shape is {tuple(law.shape)}."
            )
        drawn = heights if law is None else torch.stack([heights, law])
        self.top = drawn.max().item() if top is None else top
        if not (drawn.isfinite().all() and drawn.min() >= 0 and self.top > 0):
            raise ValueError("heights must be finite and not negative, and one must be above 0.")
        # Where a bar is cut off, and how high it would be.
        self._cut = (heights > 1.001 * self.top).nonzero()
        self._beyond = heights[tuple(self._cut.T)]
        # One byte each: 255 steps are finer than the chart has pixels.
        self._shares = (heights / self.top).clamp(max=1).mul(255).round().to(torch.uint8)
        self.law, self.law_label = law, law_label
        self.x_range, self.x_label = x_range, x_label
        self.tone, self.notes = tone, notes or []
        self.x_ticks, self.y_ticks = quarters(*x_range), quarters(0, self.top)

    def spec(self, buffers: Buffers) -> dict:
        spec = super().spec(buffers)
        if self.law is not None:
            spec |= {"law": buffers.add(self.law.float()), "law_label": self.law_label}
        if len(self._cut):
            spec |= {"cut": self._cut.tolist(), "beyond": buffers.add(self._beyond.float())}
        return spec | {
            "heights": buffers.add(self._shares),
            "top": self.top,
            "height": self.height,
            "x_range": list(self.x_range),
            "x_label": self.x_label,
            "x_ticks": self.x_ticks,
            "y_ticks": self.y_ticks,
            "tone": self.tone,
            "notes": self.notes,
            "bell": self.bell,
        }

    def __repr__(self) -> str:
        return f"bars of {self.label}"
