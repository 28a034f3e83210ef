"""What all views have in common. A view is a plain object; a scrub sends it to the page."""

import torch
from torch import Tensor

from diffusion import NoiseSchedule
from diffusion.teaching.widgets.axis import Axis, as_axis


class Buffers:
    """The arrays that a page needs, as bytes. Each travels once, however many views draw it."""

    def __init__(self):
        self.types, self.bytes, self._places = [], [], {}

    def add(self, tensor: Tensor) -> dict:
        """Where the page finds this tensor's values: {"array": its place among the buffers}."""
        array = tensor.detach().cpu().contiguous().numpy()
        key = array.dtype.name, array.tobytes()
        if key not in self._places:
            self._places[key] = len(self.bytes)
            self.types.append(key[0])
            self.bytes.append(key[1])
        return {"array": self._places[key]}


class View:
    """Something that a scrub shows at each position of an axis.

    Attributes:
        axis: the positions.
        label: the caption; subscripts are written x_t.
        alt: what is to be seen, for those who cannot see it. The page adds where the slider stands
            and what the read-outs say, so that `alt` need not tell what the learner is to find out.
    """

    kind: str  # the file that draws it: image for image.js
    is_chart = False  # charts stand at the right, pictures at the left

    def __init__(self, axis: Axis | NoiseSchedule, label: str, alt: str):
        self.axis, self.label, self.alt = as_axis(axis), label, alt

    def spec(self, buffers: Buffers) -> dict:
        """What the page needs to know in order to draw it."""
        return {"kind": self.kind, "chart": self.is_chart, "label": self.label, "alt": self.alt}

    def __repr__(self) -> str:
        return f"{self.kind} {self.label}"


def rates_spec(axis: Axis, buffers: Buffers) -> dict:
    """The two coefficients at each position."""
    return {
        "signal_rates": buffers.add(axis.signal_rates),
        "noise_rates": buffers.add(axis.noise_rates),
    }


def narrow(noise: Tensor) -> tuple[Tensor, float]:
    """Noise for the eye: int8, and the unit that its steps have.

    The largest value takes the largest int8, so that no noise is clipped on the way.
    """
    noise = noise.float()
    unit = noise.abs().max().clamp(min=1e-6) / 127
    return (noise / unit).round().clamp(-127, 127).to(torch.int8), unit.item()
