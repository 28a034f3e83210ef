"""A picture that dissolves: the sum, or one of its two terms alone."""

import torch
import traitlets
from torch import Tensor

from diffusion.teaching.images import to_uint8
from diffusion.teaching.widgets.film import Blend, Frames
from diffusion.teaching.widgets.view import View, esm, to_bytes

MAX_FRAME_BYTES = 8_000_000


class ImageView(View):
    """The picture at each position of a film.

    Only what reaches the eye is rounded: the browser gets x_0 in 256 grey levels and the noise in
    255 steps, and clips what leaves [−1, 1]. The tensors of the lesson stay as they are.

    Args:
        film: a Blend or Frames of pictures, (3, H, W) or (1, H, W).
        show: of a Blend, "sum" (x_t), or one term alone: "signal" or "noise".
        label: the caption; subscripts are written x_t.
        alt: what is to be seen, for those who cannot see it.
    """

    _esm = esm("image.js")

    shape = traitlets.List(traitlets.Int()).tag(sync=True)  # height, width, channels
    label = traitlets.Unicode().tag(sync=True)
    kind = traitlets.Unicode().tag(sync=True)
    x_0 = traitlets.Bytes().tag(sync=True)
    noise = traitlets.Bytes().tag(sync=True)
    noise_unit = traitlets.Float(0.0).tag(sync=True)
    frames = traitlets.Bytes().tag(sync=True)
    signal_rates = traitlets.Bytes().tag(sync=True)
    noise_rates = traitlets.Bytes().tag(sync=True)
    film = traitlets.Any()

    def __init__(
        self,
        film: Blend | Frames,
        show: str = "sum",
        label: str | None = None,
        alt: str = "picture",
    ):
        if show not in ("sum", "signal", "noise"):
            raise ValueError(f'show must be "sum", "signal" or "noise", not {show!r}.')
        self.show, self._label = show, label
        kind = "neutral" if show == "sum" else show
        super().__init__(film.axis, kind=kind, alt=alt, **self.state_for(film))

    def state_for(self, film: Blend | Frames) -> dict:
        if len(film.shape) != 3 or film.shape[0] not in (1, 3):
            raise ValueError(
                f"a picture has the shape (3, H, W) or (1, H, W), not {tuple(film.shape)}."
            )
        if self.show != "sum" and isinstance(film, Frames):
            raise ValueError(f'stored frames are no sum, so there is no "{self.show}" to show.')
        axis, (channels, height, width) = film.axis, film.shape
        names = {
            "sum": axis.x,
            "signal": f"{axis.rate_names[0]} · {axis.terms[0]}",
            "noise": f"{axis.rate_names[1]} · {axis.terms[1]}",
        }
        return self._axis_state(axis) | {
            "film": film,
            "shape": [height, width, channels],
            "label": names[self.show] if self._label is None else self._label,
            "signal_rates": to_bytes(axis.signal_rates),
            "noise_rates": to_bytes(axis.noise_rates),
            **self._pixels(film),
        }

    def _pixels(self, film: Blend | Frames) -> dict:
        nothing = {"x_0": b"", "noise": b"", "noise_unit": 0.0, "frames": b""}
        if isinstance(film, Frames):
            if film.frames.numel() > MAX_FRAME_BYTES:
                raise ValueError(
                    f"these frames come to {film.frames.numel() / 1e6:.0f} MB, more than a page "
                    f"should carry; take fewer of them (frames[::10]) or a smaller picture."
                )
            return nothing | {"frames": _interleaved(to_uint8(film.frames))}
        pixels = nothing
        if self.show in ("sum", "signal"):
            pixels["x_0"] = _interleaved(to_uint8(film.x_0))
        if self.show in ("sum", "noise"):
            # The largest value takes the largest int8, so that no noise is clipped on the way.
            noise = film.noise.float()
            unit = noise.abs().max().clamp(min=1e-6) / 127
            pixels["noise"] = _interleaved((noise / unit).round().clamp(-127, 127).to(torch.int8))
            pixels["noise_unit"] = unit.item()
        return pixels

    def still(self, position: int) -> Tensor:
        """The picture at a position, uint8 (H, W, C): what the canvas shows there."""
        axis = self.axis
        if self.show == "sum":
            x = self.film.at(position)
        elif self.show == "signal":
            x = axis.signal_rates[position] * self.film.x_0
        else:
            x = axis.noise_rates[position] * self.film.noise
        return to_uint8(x).movedim(-3, -1)

    def __repr__(self) -> str:
        height, width, _ = self.shape
        return f"image {self.label} ({height} × {width})"


def _interleaved(pixels: Tensor) -> bytes:
    """(…, C, H, W) as bytes in the order of a canvas, the colours of a pixel side by side."""
    return to_bytes(pixels.movedim(-3, -1))
