"""How the values are spread, beside the density of N(0, 1)."""

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

    def __init__(
        self,
        film: Blend | Frames,
        label: str | None = None,
        alt: str = "A histogram that approaches the bell curve of N(0, 1).",
    ):
        densities, notes = _counted(film)
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
            notes=notes,
            bell=True,
            x_ticks=[-3, -2, -1, 0, 1, 2, 3],
            y_ticks=[v / 10 for v in range(0, 13, 2) if v / 10 <= top],
        )

    def state_for(self, film: Blend | Frames) -> dict:
        return super().state_for(film.axis, *_counted(film))

    def __repr__(self) -> str:
        return f"histogram of {self.label}"


def _counted(film: Blend | Frames) -> tuple[torch.Tensor, list[str]]:
    """At each position: the densities (positions, BINS), and what lies beyond ±1 in words."""
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
    notes = [f"{100 * share:.1f} % beyond ±1" for share in torch.stack(outside).tolist()]
    return torch.stack(shares) * (BINS / (HIGH - LOW)), notes


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
