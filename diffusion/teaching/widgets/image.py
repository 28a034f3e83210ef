"""A picture that dissolves: the sum, or one of its two terms alone."""

from torch import Tensor

from diffusion.teaching.images import to_uint8
from diffusion.teaching.widgets.film import Blend, Frames
from diffusion.teaching.widgets.view import Buffers, View, narrow, rates_spec

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
        smooth: enlarge a tiny picture smoothly, where its pixels are not what is to be seen.
        notes: a text for each position, shown after the caption.
    """

    kind = "image"

    def __init__(
        self,
        film: Blend | Frames,
        show: str = "sum",
        label: str | None = None,
        alt: str = "picture",
        smooth: bool = False,
        notes: list[str] | None = None,
    ):
        if show not in ("sum", "signal", "noise"):
            raise ValueError(f'show must be "sum", "signal" or "noise", not {show!r}.')
        if len(film.shape) != 3 or film.shape[0] not in (1, 3):
            raise ValueError(
                f"a picture has the shape (3, H, W) or (1, H, W), not {tuple(film.shape)}."
            )
        if isinstance(film, Frames):
            if show != "sum":
                raise ValueError(f'stored frames are no sum, so there is no "{show}" to show.')
            if film.frames.numel() > MAX_FRAME_BYTES:
                raise ValueError(
                    f"these frames come to {film.frames.numel() / 1e6:.0f} MB, more than a page "
                    f"should carry; take fewer of them (frames[::10]) or a smaller picture."
                )
        axis = film.axis
        names = {
            "sum": axis.x,
            "signal": f"{axis.rate_names[0]} · {axis.terms[0]}",
            "noise": f"{axis.rate_names[1]} · {axis.terms[1]}",
        }
        super().__init__(axis, names[show] if label is None else label, alt)
        if notes is not None and len(notes) != axis.last + 1:
            raise ValueError(f"there are {axis.last + 1} positions but {len(notes)} notes.")
        self.film, self.show, self.smooth, self.notes = film, show, smooth, notes

    def spec(self, buffers: Buffers) -> dict:
        film, (channels, height, width) = self.film, self.film.shape
        spec = super().spec(buffers) | {"shape": [height, width, channels], "show": self.show}
        spec |= {"smooth": True} if self.smooth else {}
        spec |= {"notes": self.notes} if self.notes else {}
        if isinstance(film, Frames):
            # A frame that is shown at several positions travels once.
            different, places = to_uint8(film.frames).unique(dim=0, return_inverse=True)
            return spec | {
                "frames": buffers.add(interleaved(different)),
                "places": places.tolist(),
            }
        if self.show != "noise":
            spec["x_0"] = buffers.add(interleaved(to_uint8(film.x_0)))
        if self.show != "signal":
            noise, spec["noise_unit"] = narrow(film.noise)
            spec["noise"] = buffers.add(interleaved(noise))
        return spec | rates_spec(self.axis, buffers)

    def still(self, position: int) -> Tensor:
        """The picture at a position, uint8 (H, W, C): what the canvas shows there."""
        axis = self.axis
        if self.show == "sum":
            x = self.film.frame(position)
        elif self.show == "signal":
            x = axis.signal_rates[position] * self.film.x_0
        else:
            x = axis.noise_rates[position] * self.film.noise
        return interleaved(to_uint8(x))

    def __repr__(self) -> str:
        _, height, width = self.film.shape
        return f"image {self.label} ({height} × {width})"


def interleaved(pixels: Tensor) -> Tensor:
    """(…, C, H, W) in the order of a canvas, (…, H, W, C): the colours of a pixel side by side."""
    return pixels.movedim(-3, -1)
