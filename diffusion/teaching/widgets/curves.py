"""Curves over the axis, with a playhead."""

from dataclasses import dataclass

from matplotlib.ticker import MaxNLocator
from torch import Tensor

from diffusion import NoiseSchedule
from diffusion.teaching.widgets.axis import Axis, as_axis
from diffusion.teaching.widgets.view import Buffers, View

TONES = ("signal", "noise", "neutral", "second", "third", "fourth")


@dataclass(frozen=True)
class Curve:
    """One curve: a value per position.

    Attributes:
        label: its name; subscripts are written ᾱ_t.
        values: shape (positions,); where they are not finite, the curve has a gap.
        tone: "signal" (blue, solid), "noise" (orange, dashed), or, for other things, "neutral"
            (solid), "second" (dotted), "third" (green, dash and dot) or "fourth" (purple, long
            dashes); colour is never the only difference.
        digits: decimals of the read-out.
    """

    label: str
    values: Tensor
    tone: str = "neutral"
    digits: int = 3

    def __post_init__(self):
        if self.tone not in TONES:
            raise ValueError(f"tone must be one of {', '.join(TONES)}, not {self.tone!r}.")
        if self.digits not in range(10):
            raise ValueError(f"digits must be in 0 … 9, not {self.digits!r}.")


class CurvesView(View):
    """Curves over the axis; by default the two coefficients of the blend.

    Args:
        axis: a NoiseSchedule or an Axis.
        curves: the Curves to draw; an axis without rates has none of its own.
        y_range: fixed, so that a small change looks small.
        alt: what the curves show, a sentence.
        draw: the label of a curve that the learner draws before any is shown; see `scrub(ask=…)`.
        grow: whether each curve ends at the playhead, so that the rest of its way is still to come.
    """

    kind = "curves"
    is_chart = True
    height = 160  # of the chart, where its width is 460

    def __init__(
        self,
        axis: Axis | NoiseSchedule,
        curves: list[Curve] | None = None,
        y_range: tuple[float, float] = (0.0, 1.0),
        alt: str = "The signal rate and the noise rate.",
        draw: str | None = None,
        grow: bool = False,
    ):
        axis = as_axis(axis)
        if curves is None:
            if not axis.mixes:
                raise ValueError("this axis has no rates that could be drawn; give it curves.")
            signal, noise = axis.rate_names
            curves = [
                Curve(signal, axis.signal_rates, "signal"),
                Curve(noise, axis.noise_rates, "noise"),
            ]
        for curve in curves:
            if curve.values.shape != (axis.last + 1,):
                raise ValueError(
                    f"curve {curve.label!r} needs one value per position, {axis.last + 1} in all, "
                    f"but its shape is {tuple(curve.values.shape)}."
                )
        if not curves:
            raise ValueError("there is no curve to draw.")
        labels = [curve.label for curve in curves]
        if draw is not None and draw not in labels:
            raise ValueError(f"there is no curve {draw!r} to draw among {', '.join(labels)}.")
        super().__init__(axis, ", ".join(labels), alt)
        self.curves, self.y_range, self.draw, self.grow = curves, y_range, draw, grow

    def spec(self, buffers: Buffers) -> dict:
        low, high = self.y_range
        curves = [
            {
                "label": curve.label,
                "tone": curve.tone,
                "digits": curve.digits,
                "values": buffers.add(curve.values.float()),
            }
            for curve in self.curves
        ]
        return (
            super().spec(buffers)
            | {
                "curves": curves,
                "y_range": [low, high],
                "y_ticks": quarters(low, high),
                "grow": self.grow,
                "height": self.height,
            }
            | (
                {"draw": [curve.label for curve in self.curves].index(self.draw)}
                if self.draw
                else {}
            )
        )


def round_ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Numbers with few digits from `low` to `high`, evenly spaced, to stand at a chart's axis."""
    ticks = MaxNLocator(most, steps=[1, 2, 5, 10]).tick_values(low, high)
    return [round(tick, 9) for tick in ticks.tolist() if low <= tick <= high]


def quarters(low: float, high: float) -> list[float]:
    """Five round numbers from `low` to `high`, to stand at a chart's axis."""
    return [float(f"{low + (high - low) * i / 4:.3g}") for i in range(5)]
