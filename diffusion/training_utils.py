"""What a training step of a diffusion model needs from the forward process."""

import torch
from torch import Generator, Tensor

from diffusion.arguments import check_data
from diffusion.noise_schedule import NoiseSchedule


def sample_xt(
    x_0: Tensor, schedule: NoiseSchedule, generator: Generator | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Noise a batch for training, each element to a time of its own  (DDPM, Algorithm 1).

        x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε

    Args:
        x_0: clean data, floating point, shape (B, …): points, grey or colour images. A single
            picture needs a batch dimension as well: `x_0[None]`.
        generator: the source of randomness, on `x_0`'s device.

    Returns:
        (x_t, noise, t): x_t and noise are shaped like `x_0`; t is int64, shape (B,), drawn
        uniformly from 1 … T.

    Raises:
        TypeError: `x_0` is not a floating-point tensor. ValueError: it is 0-dimensional.
    """
    check_data("x", x_0)
    t = torch.randint(
        1, schedule.time_steps + 1, x_0.shape[:1], generator=generator, device=x_0.device
    )
    signal_rate, noise_rate = schedule.rates(t, x_0)
    noise = torch.randn(*x_0.shape, generator=generator, dtype=x_0.dtype, device=x_0.device)
    # The noise is added in place, so that no third tensor of this size is made.
    x_t = (signal_rate * x_0).addcmul_(noise_rate, noise)
    return x_t, noise, t
