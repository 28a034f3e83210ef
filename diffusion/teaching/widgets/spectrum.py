"""Which frequencies of a picture are above the noise: as a chart, and as a picture."""

from torch import Tensor

from diffusion.teaching.images import to_uint8
from diffusion.teaching.spectra import above_noise, at_frequencies, cross_spectrum, spectrum
from diffusion.teaching.widgets.film import Blend
from diffusion.teaching.widgets.image import interleaved
from diffusion.teaching.widgets.view import Buffers, View, rates_spec


class SpectrumView(View):
    """The power of x_0 and of the noise at each frequency, on logarithmic scales.

    The picture's curve, ᾱ_t P(f), only sinks as t grows: its shape never changes. The noise,
    1 − ᾱ_t, is the same at all frequencies. Dots are the power measured in the x_t of this very ε.
    A line stands at the finest detail whose power is above the noise, and frequency 0, which is the
    brightness, apart from the others at the left edge.

    Args:
        film: a Blend of pictures, (3, n, n) or (1, n, n), n even.
        label: what stands before the names of the curves.
        alt: what is to be seen, a sentence.
    """

    kind = "spectrum"
    is_chart = True

    def __init__(
        self,
        film: Blend,
        label: str = "power of",
        alt: str = "The power of the picture and of the noise at each frequency.",
    ):
        _check_blend(film)
        super().__init__(film.axis, label, alt)
        self.film = film
        self.picture, self.noise = spectrum(film.x_0), spectrum(film.noise)
        self.cross = cross_spectrum(film.x_0, film.noise)

    def spec(self, buffers: Buffers) -> dict:
        powers = {name: getattr(self, name) for name in ("picture", "noise", "cross")}
        signal, noise = (
            f"{rate} · {term}"
            for rate, term in zip(self.axis.rate_names, self.axis.terms, strict=True)
        )
        return (
            super().spec(buffers)
            | {
                "powers": {name: buffers.add(power) for name, power in powers.items()},
                "names": {"picture": signal, "noise": noise, "sum": f"{self.axis.x}, measured"},
            }
            | rates_spec(self.axis, buffers)
        )

    def __repr__(self) -> str:
        return f"spectrum of {self.axis.x}"


class AboveNoiseView(View):
    """The part of x_0 whose frequencies are above the noise, ᾱ_t P(f) ≥ 1 − ᾱ_t, at each t.

    A frequency is there wholly or not at all, and the brightness, frequency 0, as any other: at
    t = 0 this is x_0, and where nothing is above the noise, an even grey. It is a part of x_0 as it
    was: not multiplied by √ᾱ_t, so that it stays visible, and not what one could see in x_t.

    Args:
        film: a Blend of pictures, (3, n, n) or (1, n, n), n a power of two.
        label: the caption; subscripts are written x_t.
        alt: what is to be seen, for those who cannot see it.
    """

    kind = "above_noise"

    def __init__(self, film: Blend, label: str = "x_0 above the noise", alt: str = "picture"):
        _check_blend(film)
        n = film.shape[-1]
        if n & (n - 1):
            raise ValueError(
                f"the page takes apart pictures whose side is a power of two, but it is {n}; "
                f"load this one with size={1 << n.bit_length() - 1}."
            )
        super().__init__(film.axis, label, alt)
        self.film, self.power = film, spectrum(film.x_0)

    def spec(self, buffers: Buffers) -> dict:
        channels, height, width = self.film.shape
        return (
            super().spec(buffers)
            | {
                "shape": [height, width, channels],
                "x_0": buffers.add(interleaved(to_uint8(self.film.x_0))),
                "power": buffers.add(self.power),
            }
            | rates_spec(self.axis, buffers)
        )

    def still(self, position: int) -> Tensor:
        """The picture at a position, uint8 (H, W, C): what the canvas shows there."""
        axis = self.axis
        kept = above_noise(self.power, axis.signal_rates[position], axis.noise_rates[position])
        return interleaved(to_uint8(at_frequencies(self.film.x_0, kept)))

    def __repr__(self) -> str:
        return f"image {self.label} ({self.film.shape[1]} × {self.film.shape[2]})"


def _check_blend(film: Blend) -> None:
    if not isinstance(film, Blend):
        raise TypeError(f"expected a Blend of x_0 and its noise, not {type(film).__name__}.")
    if len(film.shape) != 3 or film.shape[0] not in (1, 3):
        raise ValueError(
            f"a picture has the shape (3, n, n) or (1, n, n), not {tuple(film.shape)}."
        )
