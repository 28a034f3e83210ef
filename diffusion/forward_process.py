"""The forward process q: from clean data x_0 to noise, step by step or in one jump.

Every function takes x as a floating-point tensor of shape (B, …) and t either as one int for
all B elements or as an integer tensor of shape (B,), one time per element. Noise has the shape,
dtype and device of x; where it is not given, it is drawn from N(0, I) with `generator`, or with
torch's global one.

What x, noise and t may be, and what that gives:

- **float16, bfloat16, float32, float64**: x_t has the dtype of x, and the rates are rounded to it,
  once. A chain is not for bfloat16, in which √(1 − β) is 1 where β is small.
- **On any device**: x_t is where x is; t may be elsewhere.
- **Empty**, a batch of none or pictures without pixels: x_t is as empty.
- **With NaN or inf**: each spoils its own place alone. At t = 0 the noise is multiplied by 0, and
  0 · inf is NaN.
- **With any strides**, as transposed, channels-last or expanded tensors have them: x_t is a new
  tensor in the memory order of x (an expanded x gives a full one). The values do not depend on
  the order, and neither does noise that is drawn.
- **With requires_grad**: gradients flow to x and to noise; they are the two rates.
- **A Parameter**: x_t is a plain tensor.
- **t**: an int of Python or NumPy, or a tensor of any integer dtype.

Refused, with a sentence that says so: integers, bools, complex numbers and floats of 8 bits;
sparse, nested and quantized tensors, and those on the meta device, which have no values.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Generator, Tensor
from torch.nn.functional import logsigmoid

from diffusion.arguments import check_data, check_noise, check_sequence, check_values
from diffusion.noise_schedule import NoiseSchedule


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
    noise = noise_for(x_prev, noise, generator)
    t = times_for(x_prev, t)
    alpha, beta = schedule.alpha(t, torch.float64), schedule.beta(t, torch.float64)
    # Rounded to the dtype of x after the root: β = 1e-8 would be 0 as a float16, its root is not.
    return blend(alpha.sqrt(), x_prev, beta.sqrt(), noise)


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
        TypeError: x_0 or a noise is not floating point, or `noises` is not a sequence.
        ValueError: there are not T noises, x_0 is 0-dimensional, or a shape does not fit.
    """
    check_data("x", x_0)
    if noises is not None:
        check_sequence(noises)
        if len(noises) != schedule.time_steps:
            raise ValueError(
                f"noises must hold one tensor per step, {schedule.time_steps} in all, "
                f"but it holds {len(noises)}."
            )
        for noise in noises:
            check_noise(x_0, noise)

    # A generator runs nothing before its first value is asked for. Inside a function of its own,
    # the steps wait for that, while the checks above have run at the call.
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
    noise = noise_for(x_0, noise, generator)
    t = times_for(x_0, t)
    signal_rate = schedule.signal_rate(t, x_0.dtype)
    noise_rate = schedule.noise_rate(t, x_0.dtype)
    return blend(signal_rate, x_0, noise_rate, noise)


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
    check_sequence(noises)
    if not 1 <= len(noises) <= schedule.time_steps:
        raise ValueError(
            f"noises must hold ε_1 … ε_t for a t in 1 … {schedule.time_steps}, "
            f"but it holds {len(noises)} tensors."
        )
    check_data("noises", noises[0])
    for noise in noises:
        check_noise(noises[0], noise)

    # In logarithms, since ᾱ_t may be too small for a float. With SNR_t = ᾱ_t / (1 − ᾱ_t), the
    # weight w_s / √(1 − ᾱ_t) is √(β_s / ᾱ_s · SNR_t), and ᾱ_s is the sigmoid of log SNR_s.
    s = torch.arange(1, len(noises) + 1, device="cpu")
    log_betas = schedule.beta(s, torch.float64).log()
    log_snrs = schedule.log_snr(s, torch.float64)
    weights = torch.exp((log_betas - logsigmoid(log_snrs) + log_snrs[-1]) / 2).tolist()

    noise = torch.zeros_like(noises[0])
    for index, step_noise in enumerate(noises):
        noise = noise.add(step_noise, alpha=weights[index])
    return noise


def blend(a: Tensor, x: Tensor, b: Tensor, noise: Tensor) -> Tensor:
    """a·x + b·noise, where the rates a and b are one number or one per element of the batch."""
    a, b = (spread(rate, x) for rate in (a, b))
    # The noise is added in place, so that no third tensor of this size is made.
    return (a * x).addcmul_(b, noise)


def spread(rate: Tensor, x: Tensor) -> Tensor:
    """A rate in the dtype of x, and in a shape that broadcasts over the batch: (B, 1, …, 1)."""
    return rate.to(x.dtype).to(x.device).reshape(-1, *[1] * (x.ndim - 1))


def noise_for(x: Tensor, noise: Tensor | None, generator: Generator | None) -> Tensor:
    check_data("x", x)
    if noise is None:
        return torch.randn(*x.shape, generator=generator, dtype=x.dtype, device=x.device)
    check_noise(x, noise)
    return noise


def times_for(x: Tensor, t: int | Tensor) -> int | Tensor:
    if not isinstance(t, Tensor):
        return t
    check_values("t", t)
    if t.ndim and t.shape != x.shape[:1]:
        raise ValueError(
            f"t must be one integer or a tensor of shape ({x.shape[0]},), one time per element, "
            f"but its shape is {tuple(t.shape)}."
        )
    return t.cpu()  # where look-ups answer in float64, which not every device has
