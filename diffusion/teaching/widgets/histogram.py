"""How the values are spread, beside the density of N(0, 1)."""

import numpy as np
import torch

from diffusion.teaching.widgets.bars import BarsView
from diffusion.teaching.widgets.film import Blend, Frames

LOW, HIGH, BINS = -3.5, 3.5, 70  # bins of 0.1, so that −1 and 1 are edges
SAMPLE = 2**15


class HistogramView(BarsView):
    """The histogram of a film's values at each position, against the density of N(0, 1).

    It is counted in the kernel, from the exact tensors; of a picture with more than 32 768 values,
    a random 32 768 are counted, or fewer where there are more than a thousand positions. Also
    tells the share of values beyond ±1, which a screen must clip.

    Args:
        film: a Blend or Frames of any shape.
        label: what is counted; subscripts are written x_t.
        alt: what is to be seen, a sentence.
    """

    bell = True

    def __init__(
        self,
        film: Blend | Frames,
        label: str | None = None,
        alt: str = "A histogram of the values, and the bell curve of N(0, 1).",
    ):
        densities, beyond = _counted(film)
        # One fixed height for all positions; a clean picture may have spikes above it.
        top = densities.max().clamp(0.5, 1.2).item()
        super().__init__(
            film.axis,
            densities,
            (LOW, HIGH),
            x_label="value",
            label=film.axis.x if label is None else label,
            alt=alt,
            top=top,
            notes=[f"{100 * share:.1f} % beyond ±1" for share in beyond],
        )
        self.x_ticks = [-3, -2, -1, 0, 1, 2, 3]
        self.y_ticks = [v / 10 for v in range(0, 13, 2) if v / 10 <= top]

    def __repr__(self) -> str:
        return f"histogram of {self.label}"


def _counted(film: Blend | Frames) -> tuple[torch.Tensor, list[float]]:
    """At each position, the densities (positions, BINS), and the share of values beyond ±1."""
    positions, size = film.axis.last + 1, int(np.prod(film.shape))
    chosen = _sample(size, positions)
    # Plain arrays: a thousand small tensors would leave their memory behind, 65 to 100 MB.
    if isinstance(film, Frames):
        tables = (frame.flatten()[chosen].float().numpy() for frame in film.frames)
    else:
        x_0, noise = (x.flatten()[chosen].float().numpy() for x in (film.x_0, film.noise))
        rates = zip(film.axis.signal_rates.tolist(), film.axis.noise_rates.tolist(), strict=True)
        tables = (np.float32(a) * x_0 + np.float32(b) * noise for a, b in rates)
    counts = np.empty((positions, BINS), np.float32)
    beyond = []
    for row, values in zip(counts, tables, strict=True):
        # The first and the last bin catch what is off the scale.
        bins = ((values - LOW) * (BINS / (HIGH - LOW)) + 1).clip(0, BINS + 1).astype(np.int16)
        row[:] = np.bincount(bins, minlength=BINS + 2)[1:-1]
        beyond.append(np.count_nonzero(np.abs(values) > 1) / len(values))
    return torch.from_numpy(counts / len(values) * (BINS / (HIGH - LOW))), beyond


def _sample(size: int, positions: int) -> torch.Tensor | slice:
    # Enough for the eye. With very many positions there are fewer, so that the work stays short.
    few = max(2**12, min(SAMPLE, 2**25 // positions))
    if size <= few:
        return slice(None)
    return torch.randperm(size, generator=torch.Generator().manual_seed(0))[:few]
