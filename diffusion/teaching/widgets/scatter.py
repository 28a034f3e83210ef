"""Pairs of numbers as dots in the plane, and a slit that moves over them."""

import torch
from torch import Tensor

from diffusion.teaching.widgets.axis import Axis
from diffusion.teaching.widgets.curves import round_ticks
from diffusion.teaching.widgets.film import check_finite
from diffusion.teaching.widgets.points import put_dots
from diffusion.teaching.widgets.view import Buffers, View

DRAWN = 2000  # dots; more would only darken the page


class ScatterView(View):
    """Pairs as dots, and an upright slit: those whose first number lies in it stand out.

    Of many pairs, the first 2000 are drawn.

    Args:
        pairs: shape (N, 2): the number to the right and the number upwards.
        axis: its values are the middles of the slit.
        width: the full width of the slit, above 0.
        x_label, y_label: what the two numbers are.
        limit: both are shown from −limit to limit.
        label: the caption; subscripts are written x_t or x_{t−1}.
        alt: what is to be seen, a sentence.
    """

    kind = "scatter"

    def __init__(
        self,
        pairs: Tensor,
        axis: Axis,
        width: float,
        x_label: str = "x_t",
        y_label: str = "x_{t−1}",
        limit: float = 3.0,
        label: str | None = None,
        alt: str = "A dot for each pair, and an upright slit.",
    ):
        check_finite("pairs", pairs)
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            raise ValueError(f"pairs have the shape (N, 2), not {tuple(pairs.shape)}.")
        for name, number in {"width": width, "limit": limit}.items():
            if not 0 < number < float("inf"):
                raise ValueError(f"{name} must be above 0 and finite, not {number}.")
        label = f"pairs ({x_label}, {y_label})" if label is None else label
        super().__init__(axis, label, alt)
        self.pairs, self.width, self.limit = pairs.detach().cpu().float(), width, limit
        self.x_label, self.y_label = x_label, y_label
        self.ticks = round_ticks(-limit, limit)

    def inside(self, position: int) -> Tensor:
        """Which pairs have their first number in the slit, shape (N,), bool."""
        off = self.pairs[:, 0].double() - self.axis.values[position].double()
        return off.abs() <= self.width / 2

    def spec(self, buffers: Buffers) -> dict:
        return super().spec(buffers) | {
            "pairs": buffers.add(self.pairs[:DRAWN]),
            "centres": buffers.add(self.axis.values.double()),
            "width": self.width,
            "limit": self.limit,
            "ticks": self.ticks,
            "x_label": self.x_label,
            "y_label": self.y_label,
        }

    def still(self, position: int) -> Tensor:
        """The dots as a picture, uint8 (H, W, 1): black in the slit and grey beside it."""
        centre, side = self.axis.values[position].item(), 128
        columns = ((torch.arange(side) + 0.5) / side * 2 - 1) * self.limit
        width = max(self.width, 2 * self.limit / side)  # a column of pixels at least
        picture = torch.where((columns - centre).abs() <= width / 2, 200, 255)
        picture = picture.to(torch.uint8).repeat(side, 1)[..., None]
        drawn, inside = self.pairs[:DRAWN] / self.limit, self.inside(position)[:DRAWN]
        put_dots(picture, drawn[~inside], 170)
        put_dots(picture, drawn[inside], 0)
        return picture

    def __repr__(self) -> str:
        return f"{len(self.pairs)} pairs ({self.x_label}, {self.y_label})"
