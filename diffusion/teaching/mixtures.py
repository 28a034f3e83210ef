"""Data whose best denoiser is known: blobs, or a list of examples."""

import torch
from torch import Generator, Tensor

from diffusion import NoiseSchedule
from diffusion.reverse_process import Denoiser


class Mixture:
    """Blobs of equal weight: x_0 = a centre, each as likely, + `width` · N(0, I).

    With `width` 0, x_0 is one of the centres: that is a data set, and nothing else.

    Args:
        centres: shape (K, …): points (K, 2), pictures (K, 1, 8, 8).
        width: the standard deviation of a blob, 0 or more.

    Raises:
        ValueError: there is no centre, or `width` is negative.
    """

    def __init__(self, centres: Tensor, width: float = 0.0):
        if centres.ndim < 2 or len(centres) == 0:
            raise ValueError(f"centres must have the shape (K, …), not {tuple(centres.shape)}.")
        if not width >= 0:
            raise ValueError(f"width is a standard deviation, 0 or more, but it is {width}.")
        self.centres, self.width = centres, width

    def draw(self, n: int, generator: Generator | None = None) -> Tensor:
        """n examples of x_0, shape (n, …)."""
        chosen = torch.randint(len(self.centres), (n,), generator=generator)
        noise = torch.randn(n, *self.centres.shape[1:], generator=generator)
        return self.centres[chosen] + self.width * noise

    def denoiser(self, schedule: NoiseSchedule) -> Denoiser:
        """The best guess of the noise in x_t: its mean over all that may have led to this x_t.

        Given its blob k, x_t is N(√ᾱ_t μ_k, v) with v = ᾱ_t width² + 1 − ᾱ_t. So Bayes' rule says
        how likely each blob is, and within a blob the mean of x_0 is the posterior of two
        Gaussians. No denoiser has a smaller squared error.

        Returns:
            `guess(x_t, t)`, with x_t of shape (B, …) and t an int or a tensor of shape (B,).
        """
        centres = self.centres.flatten(1).double()  # x_t − √ᾱ_t μ_k cancels: it takes the digits

        def guess(x_t: Tensor, t: int | Tensor) -> Tensor:
            x = x_t.flatten(1).double()
            signal_rate = schedule.signal_rate(t, torch.float64).reshape(-1, 1)
            noise_rate = schedule.noise_rate(t, torch.float64).reshape(-1, 1)
            width = signal_rate * self.width
            variance = width**2 + noise_rate**2
            squares = x.square().sum(1, keepdim=True) + (signal_rate * centres.norm(dim=1)) ** 2
            distances = squares - 2 * signal_rate * (x @ centres.T)
            blobs = torch.softmax(-distances / (2 * variance), dim=1)  # the chance of each
            nearest = signal_rate * (blobs @ centres)
            noise = (x - nearest) * noise_rate / variance
            return noise.to(x_t.dtype).reshape(x_t.shape)

        return guess


def spiral() -> Mixture:
    """Sixty small blobs along the spiral of lesson 2."""
    angle = torch.linspace(1, 10, 60)
    return Mixture(torch.stack([angle * angle.cos(), angle * angle.sin()], dim=1) / 4, width=0.08)


def sliced_wasserstein(a: Tensor, b: Tensor, directions: int = 200) -> float:
    """How far one cloud of points is from another, in the unit of the points.

    Seen along one direction, the clouds are two lists of numbers. Sorted, and paired in this order,
    they lie some mean distance apart: the least that moving the one onto the other takes. This is
    the mean over directions (Bonneel et al. 2015), evenly spaced in the plane.

    Args:
        a, b: shape (N, 2), as many points in both.
    """
    if a.shape != b.shape or a.ndim != 2 or a.shape[1] != 2:
        raise ValueError(f"two clouds (N, 2) are needed, not {tuple(a.shape)}, {tuple(b.shape)}.")
    angle = torch.arange(directions) * (torch.pi / directions)
    along = torch.stack([angle.cos(), angle.sin()])
    return ((a @ along).sort(0).values - (b @ along).sort(0).values).abs().mean().item()
