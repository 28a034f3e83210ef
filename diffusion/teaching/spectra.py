"""Pictures by frequency: how much of them is coarse and how much is fine, beside noise."""

import torch
from torch import Tensor

from diffusion import NoiseSchedule


def spectrum(x: Tensor) -> Tensor:
    """The power of a picture at each frequency, in units in which N(0, 1) noise has 1 at each.

    Frequency f counts light and dark stripes: f cycles from one side of the picture to the other,
    in any direction. With the two-dimensional Fourier transform X, |X|² is averaged over all its
    places whose distance from the middle rounds to f, and over the channels. (Averaged before,
    the channels would cancel a part of each other's noise.)

    A Fourier transform takes the picture for one tile of an endless pattern, whose seams would add
    power at all frequencies. So the mean is taken away and the rest fades out towards the sides,
    by a Hann window; the scale makes up for both. Frequency 0 is the mean itself, the brightness,
    without a window: N · mean², of N pixels.

    Args:
        x: floating point, shape (C, n, n), n even.

    Returns:
        float64, shape (n/2 + 1,): the power at f = 0, 1, … n/2.

    Raises:
        TypeError: `x` is not a floating-point tensor.
        ValueError: `x` is not square, or n is odd.
    """
    return cross_spectrum(x, x)


def cross_spectrum(x: Tensor, y: Tensor) -> Tensor:
    """What two pictures have in common at each frequency: the mean of Re(X · conj Y).

    With it, the spectrum of a sum is exact: that of a · x + b · y is a² P_x + b² P_y + 2ab C. For
    a picture and its noise, C is 0 on average, but not in a single draw.

    Args and errors as for `spectrum`; `x` and `y` have the same shape.
    """
    if x.shape != y.shape:
        raise ValueError(f"x and y must have one shape, not {tuple(x.shape)} and {tuple(y.shape)}.")
    n = _side(x)
    power = (_windowed(x) * _windowed(y).conj()).real.mean(0)
    rings = _rings(n).flatten()
    means = torch.bincount(rings, power.flatten()) / torch.bincount(rings)
    return means[: n // 2 + 1]  # beyond it, in the corners, rings are not whole


def above_noise(power: Tensor, signal_rate: Tensor, noise_rate: Tensor) -> Tensor:
    """At which frequencies x_t = signal_rate · x_0 + noise_rate · ε has more picture than noise.

    Args:
        power: the `spectrum` of x_0. signal_rate, noise_rate: √ᾱ_t and √(1 − ᾱ_t).

    Returns:
        bool, shaped like `power`: whether ᾱ_t P(f) ≥ 1 − ᾱ_t. As t grows, some become False and
        none becomes True again.
    """
    return signal_rate.double() ** 2 * power >= noise_rate.double() ** 2


def crossing(power: Tensor, schedule: NoiseSchedule, t: int) -> int:
    """The finest detail above the noise at time t: the largest f ≥ 1 with ᾱ_t P(f) ≥ 1 − ᾱ_t.

    0 if there is none. Where `power` rises somewhere, coarser frequencies may be below the noise.

    Args:
        power: the `spectrum` of x_0.
        t: an int in 0 … T.

    Raises:
        TypeError: `t` is not an int.
        ValueError: `t` is outside 0 … T.
    """
    if isinstance(t, Tensor):
        raise TypeError("the crossing is that of one time t, an int, not of a tensor.")
    rates = schedule.signal_rate(t, torch.float64), schedule.noise_rate(t, torch.float64)
    return max(above_noise(power, *rates).nonzero().flatten().tolist(), default=0)


def at_frequencies(x: Tensor, kept: Tensor) -> Tensor:
    """The part of x that has these frequencies.

    Args:
        x: as for `spectrum`.
        kept: bool, shape (n/2 + 1,). What is finer than n/2, on slanting lines, goes with n/2.

    Returns:
        float64, shaped like `x`.

    Raises:
        TypeError, ValueError: as `spectrum`, and for another number of frequencies.
    """
    n = _side(x)
    if kept.shape != (n // 2 + 1,):
        raise ValueError(
            f"kept needs one value for each frequency 0 … {n // 2}, {n // 2 + 1} in all, but its "
            f"shape is {tuple(kept.shape)}."
        )
    places = kept[_rings(n).clamp(max=n // 2)]
    return torch.fft.ifft2(torch.fft.fft2(x.double()) * places).real


def _windowed(x: Tensor) -> Tensor:
    """The Fourier transform X, scaled so that E|X|² of noise is 1 at each of its places."""
    n, x = x.shape[-1], x.double()
    mean = x.mean((1, 2), keepdim=True)
    window = torch.hann_window(n, dtype=x.dtype)
    window = window[:, None] * window
    # E|X|² of the noise: the sum of the window's squares, less what went with the mean.
    noise = (window**2).sum() - torch.fft.fft2(window).abs() ** 2 / n**2
    transformed = torch.fft.fft2((x - mean) * window) / noise.sqrt()
    transformed[:, 0, 0] = n * mean[:, 0, 0]
    return transformed


def _rings(n: int) -> Tensor:
    """The frequency at each place of a Fourier transform, (n, n), rounded."""
    f = torch.fft.fftfreq(n, 1 / n, dtype=torch.float64)
    return torch.hypot(f[:, None], f).round().long()


def _side(x: Tensor) -> int:
    """n of a picture (C, n, n), if it has frequencies 0 … n/2."""
    if not x.is_floating_point():
        raise TypeError(f"a spectrum is taken of a floating-point tensor, not of {x.dtype}.")
    n = x.shape[-1] if x.ndim else 0
    if x.ndim != 3 or x.shape[1] != n or n % 2 or x.numel() == 0:
        raise ValueError(
            f"a spectrum is taken of a square picture (C, n, n) with n even, not of the shape "
            f"{tuple(x.shape)}."
        )
    return n
