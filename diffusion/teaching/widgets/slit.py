"""What one number says of another: pairs, a slit over the first, a histogram of the second."""

from collections.abc import Callable

import torch
from torch import Tensor

from diffusion.teaching.widgets.axis import Axis, minus
from diffusion.teaching.widgets.bars import BarsView
from diffusion.teaching.widgets.curves import round_ticks
from diffusion.teaching.widgets.scatter import ScatterView

Law = Callable[[Tensor, Tensor], Tensor]


def slit_views(
    pairs: Tensor,
    centres: Tensor,
    width: float,
    law: Law | None = None,
    x_label: str = "x_t",
    y_label: str = "x_{t−1}",
    law_label: str = "the formula",
    limit: float = 3.0,
    bins: int = 60,
) -> tuple[ScatterView, BarsView]:
    """A scatter with a movable slit, and how y is spread where x lies in it: two views of a scrub.

    Of a great many pairs 2000 are drawn as dots, but all that lie in the slit are counted: here in
    the kernel, for each place of the slit.

        scrub(*slit_views(pairs, torch.linspace(-1.5, 1.5, 61), width=0.1, law=density), at=0.5)

    Args:
        pairs: shape (N, 2), x and y of each.
        centres: the middles of the slit, shape (positions,), rising.
        width: the full width of the slit, in the unit of x.
        law: `law(x, y)`, the density of y where x is in the middle of the slit, drawn over the
            histogram. It gets x of shape (1,) and the middles of all bars as y, shape (bins,), and
            gives one density for each y.
        x_label, y_label, law_label: the names of these; subscripts are written x_t or x_{t−1}.
        limit: x and y are shown from −limit to limit; what lies beyond is counted all the same.
        bins: the number of bars.

    Raises:
        ValueError: `centres` has another shape, `law` gives something else than a density for each
            bar, or as `ScatterView`, `BarsView` and `Axis`.
    """
    if centres.ndim != 1:
        raise ValueError(f"centres have the shape (positions,), not {tuple(centres.shape)}.")
    labels = [minus(f"{centre:z.2f}") for centre in centres.tolist()]
    axis = Axis(x_label, centres, labels, None, None, x_label, f"{x_label}, the middle of the slit")
    scatter = ScatterView(pairs, axis, width, x_label, y_label, limit)
    bar = 2 * limit / bins
    y = torch.linspace(bar / 2 - limit, limit - bar / 2, bins)
    heights, densities, notes = torch.zeros(len(centres), bins), [], []
    for position, x in enumerate(centres.to(y)):
        kept = scatter.pairs[scatter.inside(position), 1]
        if len(kept):
            heights[position] = torch.histc(kept, bins, -limit, limit) / (len(kept) * bar)
        notes.append(_note(kept))
        if law is not None:
            densities.append(law(x.reshape(1), y))
            if densities[-1].shape != y.shape:
                raise ValueError(
                    f"law must give a density for each y, of shape {tuple(y.shape)}, "
                    f"but gives the shape {tuple(densities[-1].shape)}."
                )
    densities = torch.stack(densities).detach() if law is not None else None
    histogram = BarsView(
        axis,
        heights,
        (-limit, limit),
        y_label,
        label="in the slit",
        alt="A histogram of what lies in the slit.",
        top=None if law is None else 1.15 * densities.max().item(),
        notes=notes,
        law=densities,
        law_label=law_label,
    )
    histogram.x_ticks, histogram.y_ticks = scatter.ticks, round_ticks(0, histogram.top, 5)
    histogram.height = 220  # about as high as the scatter beside it
    return scatter, histogram


def _note(kept: Tensor) -> str:
    if len(kept) < 2:
        return "fewer than two draws"
    deviation, mean = torch.std_mean(kept.double())
    draws = f"{len(kept):,}".replace(",", " ")
    return minus(f"mean {mean:+z.3f}, spread {deviation:.3f} of {draws} draws")
