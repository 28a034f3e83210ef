"""Curves over the axis, with a playhead."""

from dataclasses import dataclass

import torch
import traitlets
from torch import Tensor

from diffusion import NoiseSchedule
from diffusion.teaching.widgets.axis import Axis, as_axis
from diffusion.teaching.widgets.view import View, esm, to_bytes

KINDS = ("signal", "noise", "neutral", "second")


@dataclass(frozen=True)
class Curve:
    """One curve: a value per position.

    Attributes:
        label: its name; subscripts are written ᾱ_t.
        values: shape (positions,); where they are not finite, the curve has a gap.
        kind: "signal" (blue, solid), "noise" (orange, dashed), "neutral" (solid) or
            "second" (dotted); colour is never the only difference.
        digits: decimals of the read-out.
    """

    label: str
    values: Tensor
    kind: str = "neutral"
    digits: int = 3

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}.")
        if self.digits not in range(10):
            raise ValueError(f"digits must be in 0 … 9, not {self.digits!r}.")


class CurvesView(View):
    """Curves over the axis; by default the two coefficients of the blend.

    Args:
        axis: a NoiseSchedule or an Axis.
        curves: the Curves to draw.
        y_range: fixed, so that a small change looks small.
        alt: what the curves show, a sentence.
    """

    _esm = esm("curves.js")

    curves = traitlets.List(traitlets.Dict()).tag(sync=True)
    values = traitlets.Bytes().tag(sync=True)  # float32, one curve after the other
    x_label = traitlets.Unicode().tag(sync=True)
    y_range = traitlets.List(traitlets.Float()).tag(sync=True)
    y_ticks = traitlets.List(traitlets.Float()).tag(sync=True)

    def __init__(
        self,
        axis: Axis | NoiseSchedule,
        curves: list[Curve] | None = None,
        y_range: tuple[float, float] = (0.0, 1.0),
        alt: str = "The signal rate falls and the noise rate rises.",
    ):
        super().__init__(as_axis(axis), alt=alt, **self.state_for(axis, curves, y_range))

    def state_for(
        self,
        axis: Axis | NoiseSchedule,
        curves: list[Curve] | None = None,
        y_range: tuple[float, float] = (0.0, 1.0),
    ) -> dict:
        axis = as_axis(axis)
        if curves is None:
            rates = zip(axis.rate_names, (axis.signal_rates, axis.noise_rates), strict=True)
            kinds = ("signal", "noise")
            curves = [Curve(*rate, kind) for rate, kind in zip(rates, kinds, strict=True)]
        for curve in curves:
            if curve.values.shape != (axis.last + 1,):
                raise ValueError(
                    f"curve {curve.label!r} needs one value per position, {axis.last + 1} in all, "
                    f"but its shape is {tuple(curve.values.shape)}."
                )
        if not curves:
            raise ValueError("there is no curve to draw.")
        low, high = y_range
        return self._axis_state(axis) | {
            "curves": [{"label": c.label, "kind": c.kind, "digits": c.digits} for c in curves],
            "values": to_bytes(torch.stack([c.values.float() for c in curves])),
            "x_label": axis.spoken,
            "y_range": [low, high],
            "y_ticks": [float(f"{low + (high - low) * i / 4:.3g}") for i in range(5)],
        }

    def __repr__(self) -> str:
        return f"curves {', '.join(curve['label'] for curve in self.curves)}"
