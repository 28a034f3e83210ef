"""The way back: one step of it if x_0 is known, and whole walks with a guess of the noise.

x, t and what they may be are as in `forward_process`. A **denoiser** is anything that guesses the
noise in x_t, as the network ε_θ of the paper does: `denoiser(x_t, t)`, with t an int64 tensor of
shape (B,), gives a tensor like x_t.
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from diffusion.arguments import check_data, check_noise, check_times
from diffusion.forward_process import blend, noise_for, spread, times_for
from diffusion.noise_schedule import NoiseSchedule

Denoiser = Callable[[Tensor, Tensor], Tensor]


def posterior(
    x_t: Tensor, x_0: Tensor, t: int | Tensor, schedule: NoiseSchedule
) -> tuple[Tensor, Tensor]:
    """q(x_{t−1} | x_t, x_0): where x_t has come from, if x_0 is known (DDPM, Eqs. 6 and 7).

        mean = √ᾱ_{t−1} β_t / (1 − ᾱ_t) x_0 + √α_t (1 − ᾱ_{t−1}) / (1 − ᾱ_t) x_t

        variance = β̃_t = β_t (1 − ᾱ_{t−1}) / (1 − ᾱ_t)

    At t = 1 the mean is x_0 and the variance is 0.

    Args:
        x_t: shape (B, …).
        x_0: clean data, or a guess of it, shaped like `x_t`.
        t: the step to go back, in 1 … T: an int, or an integer tensor of shape (B,).

    Returns:
        The mean, shaped like `x_t`, and the variance, which is the same for all numbers of an
        element: of shape (1, 1, …), or (B, 1, …) where t is a tensor of shape (B,).

    Raises:
        TypeError: x_t or x_0 is not floating point, or t is not an integer.
        ValueError: t is outside 1 … T, x_t is 0-dimensional, or a shape does not fit.
    """
    check_data("x_t", x_t)
    check_noise(x_t, x_0, name="x_0")
    t = check_times(times_for(x_t, t), 1, schedule.time_steps)
    alpha, beta = schedule.alpha(t, torch.float64), schedule.beta(t, torch.float64)
    before = schedule.noise_rate(t - 1, torch.float64) ** 2  # 1 − ᾱ_{t−1}
    now = beta + alpha * before  # 1 − ᾱ_t; at t = 1, β_1 to the last digit
    kept = before / now
    signal_rate = schedule.signal_rate(t - 1, torch.float64)
    mean = blend(alpha.sqrt() * kept, x_t, signal_rate * beta / now, x_0)
    return mean, spread(beta * kept, x_t)


def predict_x_0(x_t: Tensor, noise: Tensor, t: int | Tensor, schedule: NoiseSchedule) -> Tensor:
    """The x_0 that this noise leaves: the closed form (DDPM, Eq. 4), solved for x_0.

        x_0 = (x_t − √(1 − ᾱ_t) ε) / √ᾱ_t

    With the noise that x_t was made with, this is x_0 itself. With a guess of the noise it is a
    guess of x_0, in which an error of the noise is multiplied by √(1 − ᾱ_t) / √ᾱ_t, which is
    157 at t = 1000 of the default schedule.

    Args:
        x_t: shape (B, …).
        noise: ε or a guess of it, shaped like `x_t`.
        t: the time of x_t, in 0 … T: an int, or an integer tensor of shape (B,).

    Returns:
        x_0, shaped like `x_t`.

    Raises:
        TypeError: x_t or noise is not floating point, or t is not an integer.
        ValueError: t is outside 0 … T, x_t is 0-dimensional, or a shape does not fit.
    """
    check_data("x_t", x_t)
    check_noise(x_t, noise)
    t = times_for(x_t, t)
    signal_rate = spread(schedule.signal_rate(t, torch.float64), x_t)
    noise_rate = spread(schedule.noise_rate(t, torch.float64), x_t)
    return (x_t - noise_rate * noise) / signal_rate


def ancestral_step(
    denoiser: Denoiser,
    x_t: Tensor,
    t: int,
    schedule: NoiseSchedule,
    noise: Tensor | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """One step back, from x_t to x_{t−1} (DDPM, Algorithm 2, with the variance β̃_t of Eq. 7).

        x_{t−1} = (x_t − β_t / √(1 − ᾱ_t) ε) / √α_t + √β̃_t z

    ε is the guess of the denoiser and z ~ N(0, I). So x_{t−1} is drawn from `posterior`, as if the
    x_0 that `predict_x_0` gives for this guess were true; but it needs no division by √ᾱ_t, which
    may be too small for a float. The last step, t = 1, adds no noise: it gives that x_0.

    Args:
        denoiser: `denoiser(x_t, t)` guesses the noise in x_t; see above.
        x_t: shape (B, …).
        t: the step to go back, in 1 … T: one for the whole batch.
        noise: z, shaped like `x_t`; drawn from N(0, I) with `generator` where not given. The last
            step uses none and draws none.

    Returns:
        x_{t−1}, shaped like `x_t`.

    Raises:
        TypeError: x_t, noise or the answer of the denoiser is not floating point, or t is no int.
        ValueError: t is outside 1 … T, x_t is 0-dimensional, or a shape does not fit.
    """
    check_data("x_t", x_t)
    if noise is not None:
        check_noise(x_t, noise)
    if isinstance(t, Tensor) and t.ndim:
        raise TypeError("t must be one int: all elements of a batch take the same step.")
    t = int(check_times(t, 1, schedule.time_steps))

    guess = denoiser(x_t, torch.full((len(x_t),), t, device=x_t.device))
    check_noise(x_t, guess, name="what the denoiser gives")
    alpha, beta = schedule.alpha(t, torch.float64), schedule.beta(t, torch.float64)
    noise_rate = schedule.noise_rate(t, torch.float64)
    mean = blend(1 / alpha.sqrt(), x_t, -beta / noise_rate / alpha.sqrt(), guess)
    if t == 1:
        return mean
    # Rounded to the dtype of x_t after the root, as in `forward_step`.
    std = beta.sqrt() * schedule.noise_rate(t - 1, torch.float64) / noise_rate
    return mean.addcmul_(spread(std, x_t), noise_for(x_t, noise, generator))


@torch.no_grad()
def sample(
    denoiser: Denoiser, x_T: Tensor, schedule: NoiseSchedule, generator: Generator | None = None
) -> Tensor:
    """New data from noise: all steps back, from x_T to x_0 (DDPM, Algorithm 2).

    To see x_t on the way, call `ancestral_step` for t = T … 1 yourself: this is all that is done.

    Args:
        denoiser: `denoiser(x_t, t)` guesses the noise in x_t; see above.
        x_T: noise from N(0, I) to start from, shape (B, …); the schedule has to end in noise.
        generator: for the noise that the steps add, on the device of `x_T`.

    Returns:
        x_0, shaped like `x_T`, without gradients.

    Raises:
        As `ancestral_step`.
    """
    check_data("x_T", x_T)
    x_t = x_T
    for t in range(schedule.time_steps, 0, -1):
        x_t = ancestral_step(denoiser, x_t, t, schedule, generator=generator)
    return x_t
