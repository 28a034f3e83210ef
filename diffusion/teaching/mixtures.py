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

        No denoiser has a smaller squared error.

        Returns:
            `guess(x_t, t)`, with x_t of shape (B, …) and t an int or a tensor of shape (B,).
        """

        def guess(x_t: Tensor, t: int | Tensor) -> Tensor:
            return self._look(x_t, t, schedule)[0].to(x_t.dtype).reshape(x_t.shape)

        return guess

    def denoiser_not_told_t(self, schedule: NoiseSchedule) -> Denoiser:
        """The best guess of one who has to tell t from x_t, where each t was as likely.

        It is the mean of the best guesses at all t, each by the chance that x_t is of that t.

        Returns:
            `guess(x_t, t)`, as above; t is not looked at.
        """

        def guess(x_t: Tensor, t: int | Tensor) -> Tensor:
            looks = [self._look(x_t, s, schedule) for s in range(1, len(schedule) + 1)]
            noises, log_densities = map(torch.stack, zip(*looks, strict=True))
            mean = (torch.softmax(log_densities, dim=0) * noises).sum(0)
            return mean.to(x_t.dtype).reshape(x_t.shape)

        return guess

    def _look(self, x_t: Tensor, t: int | Tensor, schedule: NoiseSchedule) -> tuple:
        """At time t: the mean noise in x_t, (B, D), and the log of x_t's density, (B, 1).

        Given its blob k, x_t is N(√ᾱ_t μ_k, v) with v = ᾱ_t width² + 1 − ᾱ_t. So Bayes' rule says
        how likely each blob is; and within a blob, (1 − ᾱ_t) / v of what x_t is off is noise.
        """
        x, centres = x_t.flatten(1).double(), self.centres.flatten(1).double()
        signal_rate = schedule.signal_rate(t, torch.float64).reshape(-1, 1)
        noise_rate = schedule.noise_rate(t, torch.float64).reshape(-1, 1)
        variance = (signal_rate * self.width) ** 2 + noise_rate**2
        # |x_t − √ᾱ_t μ_k|², multiplied out: it takes the digits of float64, since it cancels.
        squares = x.square().sum(1, keepdim=True) + (signal_rate * centres.norm(dim=1)) ** 2
        weights = -(squares - 2 * signal_rate * (x @ centres.T)) / (2 * variance)
        off = x - signal_rate * (torch.softmax(weights, dim=1) @ centres)
        log_density = weights.logsumexp(1, keepdim=True) - x.shape[1] / 2 * variance.log()
        return off * noise_rate / variance, log_density


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
