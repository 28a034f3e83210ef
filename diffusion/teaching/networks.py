"""Small networks that guess the noise in x_t."""

import torch
from torch import Tensor, nn

from diffusion import NoiseSchedule
from diffusion.reverse_process import Denoiser


def noise_level(x_t: Tensor, t: Tensor, schedule: NoiseSchedule) -> Tensor:
    """What a network is told of t: √ᾱ_t, √(1 − ᾱ_t) and log SNR_t / 6, of shape (B, 3).

    These say how noisy x_t is, whatever the schedule. So a network that has learned on one schedule
    can be used on another one that crosses the same log SNR.
    """
    signal_rate, noise_rate = schedule.rates(t, x_t.flatten(1))
    log_snr = 2 * (signal_rate / noise_rate).log()
    return torch.cat([signal_rate, noise_rate, log_snr / 6], dim=1)


class PointNetwork(nn.Module):
    """For points in the plane: three layers of 128, told x_t and the noise level.

    Args:
        told_t: whether it is told the noise level. Without, it must tell from x_t alone.
    """

    def __init__(self, told_t: bool = True):
        super().__init__()
        self.told_t = told_t
        self.layers = nn.Sequential(
            nn.Linear(2 + 3 * told_t, 128),
            nn.SiLU(),
            nn.Linear(128, 128),
            nn.SiLU(),
            nn.Linear(128, 128),
            nn.SiLU(),
            nn.Linear(128, 2),
        )

    def denoiser(self, schedule: NoiseSchedule) -> Denoiser:
        """The network as `guess(x_t, t)` for the times of this schedule."""

        def guess(x_t: Tensor, t: Tensor) -> Tensor:
            told = [noise_level(x_t, t, schedule)] if self.told_t else []
            return self.layers(torch.cat([x_t, *told], dim=1))

        return guess


class DigitNetwork(nn.Module):
    """For digits of 8 × 8 pixels: told x_t, the noise level, and which digit it is."""

    def __init__(self):
        super().__init__()
        width = 256
        self.enter = nn.Linear(64 + 3 + 10, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width)
            )
            for _ in range(3)
        )
        self.leave = nn.Linear(width, 64)

    def denoiser(self, schedule: NoiseSchedule, labels: Tensor) -> Denoiser:
        """The network as `guess(x_t, t)`, for a batch that shows these digits, shape (B,)."""
        asked = nn.functional.one_hot(labels, 10).float()

        def guess(x_t: Tensor, t: Tensor) -> Tensor:
            level = noise_level(x_t, t, schedule)
            h = self.enter(torch.cat([x_t.flatten(1), level, asked], dim=1))
            for block in self.blocks:
                h = h + block(h)
            # Where almost all is noise, x_t is the guess to start from.
            return level[:, 1].view(-1, 1, 1, 1) * x_t + self.leave(h).view(x_t.shape)

        return guess
