"""A cloud of points in the plane."""

import torch
import traitlets
from torch import Tensor

from diffusion.teaching.widgets.film import Blend, Frames
from diffusion.teaching.widgets.view import View, esm, to_bytes


class PointsView(View):
    """The points of a film at each position, over circles of radius 1 and 2.

    Args:
        film: a Blend or Frames of points, (N, 2).
        trail: the index of one point to single out, with the way that it has come.
        limit: the plane is shown from −limit to limit.
        label: the caption. alt: what is to be seen.
    """

    _esm = esm("points.js")

    count = traitlets.Int().tag(sync=True)
    x_0 = traitlets.Bytes().tag(sync=True)
    noise = traitlets.Bytes().tag(sync=True)
    frames = traitlets.Bytes().tag(sync=True)
    signal_rates = traitlets.Bytes().tag(sync=True)
    noise_rates = traitlets.Bytes().tag(sync=True)
    trail = traitlets.Int(-1).tag(sync=True)
    limit = traitlets.Float(3.5).tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        film: Blend | Frames,
        trail: int | None = None,
        limit: float = 3.5,
        label: str | None = None,
        alt: str = "cloud of points",
    ):
        if len(film.shape) != 2 or film.shape[1] != 2:
            raise ValueError(f"points have the shape (N, 2), not {tuple(film.shape)}.")
        if trail is not None and not 0 <= trail < film.shape[0]:
            raise ValueError(f"trail must be in 0 … {film.shape[0] - 1}, not {trail}.")
        self.film, axis = film, film.axis
        if isinstance(film, Frames):
            # In 16383rds of `limit`, finer than any screen; what lies beyond 2·limit is not shown.
            steps = (film.frames / limit * 16383).round().clamp(-32767, 32767)
            data = {"frames": to_bytes(steps.to(torch.int16))}
        else:
            data = {"x_0": to_bytes(film.x_0.float()), "noise": to_bytes(film.noise.float())}
        super().__init__(
            axis,
            count=film.shape[0],
            trail=-1 if trail is None else trail,
            limit=limit,
            label=axis.x if label is None else label,
            alt=alt,
            signal_rates=to_bytes(axis.signal_rates),
            noise_rates=to_bytes(axis.noise_rates),
            **data,
        )

    def still(self, position: int) -> Tensor:
        """The cloud as a picture, uint8 (H, W, 1), black on white."""
        side = 128
        pixels = ((self.film.at(position) / self.limit + 1) / 2 * side).long()
        inside = ((pixels >= 0) & (pixels < side)).all(1)
        x, y = pixels[inside].T
        picture = torch.full((side, side, 1), 255, dtype=torch.uint8)
        picture[side - 1 - y, x] = 60
        return picture

    def __repr__(self) -> str:
        return f"{self.count} points {self.label}"
