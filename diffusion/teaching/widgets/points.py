"""A cloud of points in the plane."""

from collections.abc import Sequence
from numbers import Integral

import torch
from torch import Tensor

from diffusion.teaching.widgets.film import Blend, Frames
from diffusion.teaching.widgets.view import Buffers, View, rates_spec


class PointsView(View):
    """The points of a film at each position, over circles of radius 1 and 2.

    Args:
        film: a Blend or Frames of points, (N, 2).
        trail: the indices of points to single out, each with the way that it has come; one index,
            or several, of which the first stands out most.
        limit: the plane is shown from −limit to limit.
        label: the caption. alt: what is to be seen.
    """

    kind = "points"

    def __init__(
        self,
        film: Blend | Frames,
        trail: int | Sequence[int] = (),
        limit: float = 3.5,
        label: str | None = None,
        alt: str = "cloud of points",
    ):
        if len(film.shape) != 2 or film.shape[1] != 2:
            raise ValueError(f"points have the shape (N, 2), not {tuple(film.shape)}.")
        trails = [trail] if isinstance(trail, Integral) else list(trail)
        for index in trails:
            if not isinstance(index, Integral) or not 0 <= index < film.shape[0]:
                raise ValueError(f"trail must be in 0 … {film.shape[0] - 1}, not {index}.")
        super().__init__(film.axis, film.axis.x if label is None else label, alt)
        self.film, self.trails, self.limit = film, trails, limit

    def spec(self, buffers: Buffers) -> dict:
        film = self.film
        spec = super().spec(buffers) | {
            "count": film.shape[0],
            "trails": list(map(int, self.trails)),
            "limit": self.limit,
        }
        if isinstance(film, Frames):
            # In 2047ths of `limit`, finer than any screen; what lies beyond 2·limit is not shown.
            steps = (film.frames / self.limit * 2047).round().clamp(-4095, 4095)
            return spec | {"frames": buffers.add(steps.to(torch.int16))}
        x_0, noise = buffers.add(film.x_0.float()), buffers.add(film.noise.float())
        return spec | {"x_0": x_0, "noise": noise} | rates_spec(self.axis, buffers)

    def still(self, position: int) -> Tensor:
        """The cloud as a picture, uint8 (H, W, 1), black on white."""
        picture = torch.full((128, 128, 1), 255, dtype=torch.uint8)
        put_dots(picture, self.film.frame(position) / self.limit, 60)
        return picture

    def __repr__(self) -> str:
        return f"{self.film.shape[0]} points {self.label}"


def put_dots(picture: Tensor, points: Tensor, grey: int) -> None:
    """Points (N, 2) as dots in a square picture (n, n, 1), whose edges are at −1 and 1."""
    side = len(picture)
    pixels = ((points + 1) / 2 * side).floor().long()
    x, y = pixels[((pixels >= 0) & (pixels < side)).all(1)].T
    picture[side - 1 - y, x] = grey
