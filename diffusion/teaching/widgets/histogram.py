"""How the values are spread, beside the density of N(0, 1)."""

import torch
import traitlets

from diffusion.teaching.widgets.film import Blend, Frames
from diffusion.teaching.widgets.view import View, esm, to_bytes

LOW, HIGH, BINS = -3.5, 3.5, 70  # bins of 0.1, so that −1 and 1 are edges
SAMPLE = 2**15


class HistogramView(View):
    """The histogram of a film's values at each position, against the density of N(0, 1).

    It is counted in the kernel, from the exact tensors; of a picture with more than 32 768 values,
    a random 32 768 are counted, or fewer where there are more than a thousand positions. Also
    tells the share of values beyond ±1, which a screen must clip.

    Args:
        film: a Blend or Frames of any shape.
        label: what is counted; subscripts are written x_t.
        alt: what is to be seen, a sentence.
    """

    _esm = esm("histogram.js")

    heights = traitlets.Bytes().tag(sync=True)  # uint16, positions × bins
    outside = traitlets.Bytes().tag(sync=True)  # float32, a share per position
    density_top = traitlets.Float().tag(sync=True)
    range = traitlets.List(traitlets.Float()).tag(sync=True)
    bins = traitlets.Int(BINS).tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        film: Blend | Frames,
        label: str | None = None,
        alt: str = "A histogram that approaches the bell curve of N(0, 1).",
    ):
        axis = film.axis
        shares, outside = count(film)
        densities = shares * (BINS / (HIGH - LOW))
        # One fixed height for all positions; a clean picture may have spikes above it.
        top = densities.max().clamp(0.5, 1.2).item()
        super().__init__(
            axis,
            heights=to_bytes((densities / top).clamp(max=1).mul(65535).round().to(torch.uint16)),
            outside=to_bytes(outside),
            density_top=top,
            range=[LOW, HIGH],
            label=axis.x if label is None else label,
            alt=alt,
        )

    def __repr__(self) -> str:
        return f"histogram of {self.label}"


def count(film: Blend | Frames) -> tuple[torch.Tensor, torch.Tensor]:
    """At each position: the share of values in each bin (positions, BINS), and beyond ±1."""
    if isinstance(film, Frames):
        frames = film.frames.flatten(1)
        chosen = _sample(frames.shape[1], len(frames))
        stored = [_count(frame[chosen]) for frame in frames]
        tables = [stored[film.index(p)] for p in range(film.axis.last + 1)]
    else:
        chosen = _sample(film.x_0.numel(), film.axis.last)
        x_0, noise = film.x_0.flatten()[chosen].float(), film.noise.flatten()[chosen].float()
        rates = zip(film.axis.signal_rates, film.axis.noise_rates, strict=True)
        tables = [_count(signal * x_0 + noise_rate * noise) for signal, noise_rate in rates]
    shares, outside = zip(*tables, strict=True)
    return torch.stack(shares), torch.stack(outside)


def _count(values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    # Several times as fast as torch.histc. The first and the last bin catch what is off the scale.
    bins = ((values.float() - LOW) * (BINS / (HIGH - LOW)) + 1).clamp(0, BINS + 1).long()
    counts = torch.bincount(bins, minlength=BINS + 2)[1:-1]
    return counts / len(values), (values.abs() > 1).float().mean()


def _sample(size: int, tables: int) -> torch.Tensor | slice:
    # Enough for the eye. With very many positions there are fewer, so that the work stays short.
    few = max(2**12, min(SAMPLE, 2**25 // tables))
    if size <= few:
        return slice(None)
    return torch.randperm(size, generator=torch.Generator().manual_seed(0))[:few]
