"""Data whose best denoiser is known: blobs, or a list of examples."""

import torch
from torch import Generator, Tensor

from diffusion import NoiseSchedule
from diffusion.arguments import check_data, check_number, check_times
from diffusion.forward_process import spread, times_for
from diffusion.reverse_process import Denoiser


class Mixture:
    """Blobs of equal weight: x_0 = a centre, each as likely, + `width` · N(0, I).

    With `width` 0, x_0 is one of the centres: that is a data set, and nothing else.

    Args:
        centres: floating point, shape (K, …): points (K, 2), pictures (K, 1, 8, 8).
        width: the standard deviation of a blob, 0 or more.

    Raises:
        TypeError: `centres` is not a floating-point tensor, or `width` is not a number.
        ValueError: there is no centre, `centres` is one-dimensional, or `width` is negative or not
            finite.
    """

    def __init__(self, centres: Tensor, width: float = 0.0):
        check_data("centres", centres)
        if centres.ndim < 2 or len(centres) == 0:
            raise ValueError(
                f"centres must have the shape (K, …) with K at least 1, as (60, 2) for points in "
                f"the plane, but their shape is {tuple(centres.shape)}."
            )
        width = check_number("width", width)
        if width < 0:
            raise ValueError(f"width is a standard deviation, 0 or more, but it is {width}.")
        self.centres, self.width = centres, width

    def draw(self, n: int, generator: Generator | None = None) -> Tensor:
        """n examples of x_0, shape (n, …), with the dtype and device of the centres."""
        device, dtype = self.centres.device, self.centres.dtype
        chosen = torch.randint(len(self.centres), (n,), generator=generator, device=device)
        x_0 = self.centres[chosen]
        noise = torch.randn(x_0.shape, generator=generator, device=device, dtype=dtype)
        return x_0 + self.width * noise

    def denoiser(self, schedule: NoiseSchedule) -> Denoiser:
        """The best guess of the noise in x_t: its mean over all that may have led to this x_t.

        No denoiser has a smaller squared error.

        Returns:
            `guess(x_t, t)`, with x_t of shape (B, …) and t, in 1 … T, an int or a tensor of shape
            (B,). It is worked out in float64, and has the dtype of x_t.
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
        """At time t: the mean noise in x_t, (B, D), and the log of x_t's density, (B, 1), up to
        what is the same for all t.

        Given its blob k, x_t is N(√ᾱ_t μ_k, v) with v = ᾱ_t width² + 1 − ᾱ_t. So Bayes' rule says
        how likely each blob is; and within a blob, (1 − ᾱ_t) / v of what x_t is off is noise.
        """
        check_data("x_t", x_t)
        if x_t.shape[1:] != self.centres.shape[1:]:
            raise ValueError(
                f"x_t must have the shape (B, …) with elements like the centres, "
                f"{tuple(self.centres.shape[1:])}, but its shape is {tuple(x_t.shape)}."
            )
        t = check_times(times_for(x_t, t), 1, schedule.time_steps)
        x, centres = x_t.flatten(1).double(), self.centres.flatten(1).double()
        signal_rate = spread(schedule.signal_rate(t, torch.float64), x)
        noise_rate = spread(schedule.noise_rate(t, torch.float64), x)
        variance = (signal_rate * self.width) ** 2 + noise_rate**2
        # −|x_t − √ᾱ_t μ_k|² / 2 without |x_t|², which is the same for all blobs.
        nearness = signal_rate * (x @ centres.T) - signal_rate**2 * centres.square().sum(1) / 2
        off = x - signal_rate * (torch.softmax(nearness / variance, dim=1) @ centres)
        density = torch.logsumexp(nearness / variance, dim=1, keepdim=True)
        density = density - x.square().sum(1, keepdim=True) / (2 * variance)
        return off * noise_rate / variance, density - x.shape[1] / 2 * variance.log()


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
        a, b: floating point, shape (N, 2), as many points in both.

    Raises:
        TypeError: a cloud is not a floating-point tensor.
        ValueError: there is no point, or a shape does not fit.
    """
    check_data("a", a)
    check_data("b", b)
    if a.shape != b.shape or a.ndim != 2 or a.shape[1] != 2 or len(a) == 0:
        raise ValueError(
            f"two clouds of as many points in the plane are needed, both (N, 2), "
            f"but their shapes are {tuple(a.shape)} and {tuple(b.shape)}."
        )
    angle = torch.arange(directions, dtype=torch.float64) * (torch.pi / directions)
    along = torch.stack([angle.cos(), angle.sin()])
    a, b = ((cloud.cpu().double() @ along).sort(dim=0).values for cloud in (a, b))
    return (a - b).abs().mean().item()
