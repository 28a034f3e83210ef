"""The forward process q: from clean data x_0 to noise, step by step or in one jump.

Every function takes x as a floating-point tensor of shape (B, …) and t either as one int for
all B elements or as an integer tensor of shape (B,), one time per element. Noise has the shape,
dtype and device of x; where it is not given, it is drawn from N(0, I) with `generator`, or with
torch's global one.

What x, noise and t may be, and what that gives:

- **float16, bfloat16, float32, float64**: x_t has the dtype of x, and the rates are rounded to it,
  once. For a chain of small steps, bfloat16 has too few digits.
- **On any device**: x_t is where x is; t may be elsewhere.
- **Empty**, a batch of none or pictures without pixels: x_t is as empty.
- **With NaN or inf**: each stays in its own place, as arithmetic has it. 0 · inf is NaN, so that at
  t = 0, where the noise is multiplied by 0, an infinite noise leaves NaN.
- **With any strides**, as transposed, channels-last or expanded tensors have them: x_t is a new
  tensor in the memory order of x (an expanded x gives a full one). The values do not depend on
  the order, and neither does noise that is drawn.
- **With requires_grad**: gradients flow to x and to noise, and are the two rates. Not under
  `torch.no_grad` or `torch.inference_mode`, as ever.
- **A Parameter**: x_t is a plain tensor.
- **t**: an int of Python or NumPy, or a tensor of any integer dtype.

Refused, with a sentence that says so: integers, bools, complex numbers and floats of 8 bits;
sparse, nested and quantized tensors, and those on the meta device, which have no values.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Generator, Tensor

from diffusion.noise_schedule import NoiseSchedule, _check_values

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def forward_step(
    x_prev: Tensor,
    t: int | Tensor,
    schedule: NoiseSchedule,
    noise: Tensor | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """One step of the chain (DDPM, Eq. 2).

        x_t = √(1 − β_t) x_{t−1} + √β_t ε

    Args:
        x_prev: x_{t−1}, shape (B, …).
        t: the step to take, in 1 … T: an int, or an integer tensor of shape (B,).
        noise: ε, shaped like `x_prev`; drawn from N(0, I) with `generator` where not given.

    Returns:
        x_t, shaped like `x_prev`.

    Raises:
        TypeError: x or noise is not floating point, or t is not an integer.
        ValueError: t is outside the schedule, x is 0-dimensional, or a shape does not fit.
    """
    noise = _noise_for(x_prev, noise, generator)
    t = _time_for(x_prev, t)
    keep, add = schedule._step_rates(t, x_prev.dtype)  # √(1 − β_t) and √β_t
    return _blend(keep, x_prev, add, noise)


def forward_chain(
    x_0: Tensor,
    schedule: NoiseSchedule,
    noises: Tensor | Sequence[Tensor] | None = None,
    generator: Generator | None = None,
) -> Iterator[Tensor]:
    """The whole Markov chain, one step after the other: yields x_1, x_2, … x_T.

    To stop early, stop asking: `itertools.islice(forward_chain(…), t)` ends with x_t.

    Args:
        x_0: clean data, shape (B, …).
        noises: ε_1 … ε_T, a sequence of T tensors shaped like `x_0`, or one of shape
            (T, B, …). Drawn with `generator`, a step at a time, where not given, so that
            memory stays flat.

    Returns:
        An iterator over T new tensors shaped like `x_0`. Each step starts from the tensor that the
        last one gave out: to change one in place is to change the walk.

    Raises:
        TypeError: x or noise is not floating point, or t is not an integer.
        ValueError: t is outside the schedule, x is 0-dimensional, or a shape does not fit.
    """
    _check_data(x_0)
    if noises is not None:
        _check_sequence(noises)
        if len(noises) != schedule.time_steps:
            raise ValueError(
                f"noises must hold one tensor per step, {schedule.time_steps} in all, "
                f"but it holds {len(noises)}."
            )
        for noise in noises:
            _check_noise(x_0, noise)

    # A generator function of its own, so that the checks above run at the call and not at the
    # first x_t that somebody asks for.
    def chain():
        x_t = x_0
        for t in range(1, schedule.time_steps + 1):
            noise = None if noises is None else noises[t - 1]
            x_t = forward_step(x_t, t, schedule, noise, generator)
            yield x_t

    return chain()


def q_sample(
    x_0: Tensor,
    t: int | Tensor,
    schedule: NoiseSchedule,
    noise: Tensor | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Straight to time t: the closed form (DDPM, Eq. 4).

        x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε

    Args:
        x_0: clean data, shape (B, …).
        t: the time to jump to, in 0 … T: an int, or an integer tensor of shape (B,).
        noise: ε, shaped like `x_0`; drawn from N(0, I) with `generator` where not given.

    Returns:
        x_t, a new tensor shaped like `x_0`; gradients flow to `x_0`.

    Raises:
        TypeError: x or noise is not floating point, or t is not an integer.
        ValueError: t is outside the schedule, x is 0-dimensional, or a shape does not fit.
    """
    noise = _noise_for(x_0, noise, generator)
    t = _time_for(x_0, t)
    signal_rate = schedule.signal_rate(t, x_0.dtype)
    noise_rate = schedule.noise_rate(t, x_0.dtype)
    return _blend(signal_rate, x_0, noise_rate, noise)


def collapse_noise(noises: Tensor | Sequence[Tensor], schedule: NoiseSchedule) -> Tensor:
    """The one ε̄ for which `q_sample` gives the very x_t that the chain reaches with ε_1 … ε_t.

    ε_s enters at step s with √β_s and is then shrunk by the steps after it, so that it arrives
    at time t with the weight w_s. Eq. 2, iterated, against Eq. 4:

        ε̄ = Σ_s w_s ε_s / √(1 − ᾱ_t),   w_s = √(β_s ᾱ_t / ᾱ_s)

    which is again N(0, I), because Σ_s w_s² = 1 − ᾱ_t.

    Args:
        noises: ε_1 … ε_t, a sequence of t tensors or one of shape (t, B, …), with t in 1 … T.

    Returns:
        ε̄, shaped like one of `noises`.

    Raises:
        TypeError: a noise is not a floating-point tensor, or has another dtype than the first.
        ValueError: there are no noises or more than T, one is 0-dimensional, or shapes differ.
    """
    _check_sequence(noises)
    if not 1 <= len(noises) <= schedule.time_steps:
        raise ValueError(
            f"noises must hold ε_1 … ε_t for a t in 1 … {schedule.time_steps}, "
            f"but it holds {len(noises)} tensors."
        )
    _check_data(noises[0], "noises")
    for noise in noises:
        _check_noise(noises[0], noise)

    # In logarithms, since ᾱ_t alone may be too small for a float. Step s is at index s − 1 of the
    # one table, and at index s of the other.
    t = len(noises)
    betas, log_alpha_bars = schedule._betas[:t], schedule._log_alpha_bars[1 : t + 1]
    weights = torch.exp((betas.log() + log_alpha_bars[-1] - log_alpha_bars) / 2)
    weights = (weights / schedule.noise_rate(t, torch.float64)).tolist()

    noise = torch.zeros_like(noises[0])
    for index, step_noise in enumerate(noises):
        noise = noise.add(step_noise, alpha=weights[index])
    return noise


def _blend(a: Tensor, x: Tensor, b: Tensor, noise: Tensor) -> Tensor:
    """a·x + b·noise, the rates a and b broadcast over all but the batch dimension."""
    a, b = (rate.to(x.device).reshape(-1, *[1] * (x.ndim - 1)) for rate in (a, b))
    # In place on our own product: no third tensor of this size is ever allocated.
    return (a * x).addcmul_(b, noise)


def _check_data(x: Tensor, name: str = "x") -> None:
    if not isinstance(x, Tensor):
        raise TypeError(f"{name} must be a floating-point tensor, not {type(x).__name__}.")
    if x.dtype not in FLOATS:
        raise TypeError(
            f"{name} must be a floating-point tensor of 16 bits or more, not {x.dtype}; "
            f"scale pictures of 0 … 255 to [-1, 1] first: x / 127.5 - 1."
        )
    _check_values(name, x)
    if x.ndim == 0:
        raise ValueError(f"{name} must have the shape (B, …), but it is 0-dimensional.")


def _check_sequence(noises) -> None:
    if not isinstance(noises, (Tensor, Sequence)):
        raise TypeError(
            f"noises must be a tensor or a list of tensors, not {type(noises).__name__}."
        )
    if isinstance(noises, Tensor) and noises.ndim == 0:
        raise ValueError("noises must have the shape (steps, B, …), but it is 0-dimensional.")


def _check_noise(x: Tensor, noise: Tensor) -> None:
    if not isinstance(noise, Tensor) or noise.dtype != x.dtype:
        kind = noise.dtype if isinstance(noise, Tensor) else type(noise).__name__
        raise TypeError(f"noise must be a tensor of the same dtype, {x.dtype}, not {kind}.")
    if noise.device != x.device:
        raise ValueError(f"noise must be on the device {x.device}, but it is on {noise.device}.")
    _check_values("noise", noise)
    if noise.shape != x.shape:
        raise ValueError(
            f"noise must have the shape {tuple(x.shape)}, but its shape is {tuple(noise.shape)}."
        )


def _noise_for(x: Tensor, noise: Tensor | None, generator: Generator | None) -> Tensor:
    _check_data(x)
    if noise is None:
        return torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
    _check_noise(x, noise)
    return noise


def _time_for(x: Tensor, t: int | Tensor) -> int | Tensor:
    if isinstance(t, Tensor) and t.ndim and t.shape != x.shape[:1]:
        raise ValueError(
            f"t must be one integer or a tensor of shape ({x.shape[0]},), one time per element, "
            f"but its shape is {tuple(t.shape)}."
        )
    return t
