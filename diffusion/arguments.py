"""What the functions of the core take as arguments, and the sentences that refuse all else."""

import math
from collections.abc import Sequence
from numbers import Integral, Real

import torch
from torch import Tensor

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)

# A thousand times the paper's T. A typing error far beyond it would fill the memory before anybody
# could read a message.
MOST_STEPS = 1_000_000


def check_values(name: str, tensor: Tensor) -> None:
    if tensor.layout != torch.strided or tensor.is_nested or tensor.is_quantized or tensor.is_meta:
        raise TypeError(
            f"{name} must be an ordinary tensor with a value at every place: "
            f"not sparse, nested or quantized, and not on the meta device."
        )


def check_data(name: str, x: Tensor) -> None:
    """x is floating point, of shape (B, …)."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{name} must be a floating-point tensor, not {type(x).__name__}.")
    if x.dtype not in FLOATS:
        raise TypeError(
            f"{name} must be a floating-point tensor of 16 bits or more, not {x.dtype}; "
            f"scale pictures of 0 … 255 to [-1, 1] first: x / 127.5 - 1."
        )
    check_values(name, x)
    if x.ndim == 0:
        raise ValueError(f"{name} must have the shape (B, …), but it is 0-dimensional.")


def check_noise(x: Tensor, noise: Tensor, name: str = "noise") -> None:
    """The noise, or what else is blended with x, has the dtype, device and shape of x."""
    if not isinstance(noise, Tensor) or noise.dtype != x.dtype:
        kind = noise.dtype if isinstance(noise, Tensor) else type(noise).__name__
        raise TypeError(f"{name} must be a tensor of the same dtype, {x.dtype}, not {kind}.")
    if noise.device != x.device:
        raise ValueError(f"{name} must be on the device {x.device}, but it is on {noise.device}.")
    check_values(name, noise)
    if noise.shape != x.shape:
        raise ValueError(
            f"{name} must have the shape {tuple(x.shape)}, but its shape is {tuple(noise.shape)}."
        )


def check_sequence(noises: Tensor | Sequence[Tensor]) -> None:
    """The noises are one tensor or a list, so that they have a length and can be read twice."""
    if not isinstance(noises, (Tensor, Sequence)):
        raise TypeError(
            f"noises must be a tensor or a list of tensors, not {type(noises).__name__}."
        )
    if isinstance(noises, Tensor) and noises.ndim == 0:
        raise ValueError("noises must have the shape (steps, B, …), but it is 0-dimensional.")


def check_times(t: int | Tensor, first: int, last: int) -> Tensor:
    """t as an int64 tensor on the CPU, every time in it from `first` to `last`."""
    if isinstance(t, Tensor):
        check_values("t", t)
        if t.is_floating_point() or t.is_complex() or t.dtype == torch.bool:
            raise TypeError(f"t must be an integer tensor, not {t.dtype}.")
        t = t.cpu().long()
        outside = t[(t < first) | (t > last)].tolist()
    elif isinstance(t, Integral) and not isinstance(t, bool):
        outside = [] if first <= t <= last else [t]
    else:
        raise TypeError(f"t must be an int or an integer tensor, not {type(t).__name__}.")
    if outside:
        clean = " (t = 0 is the clean data; no step leads to it)" if first else ""
        raise ValueError(f"t must be in {first} … {last}{clean}, but it is {outside[0]}.")
    return t if isinstance(t, Tensor) else torch.tensor(int(t), device="cpu")


def as_numbers(name: str, values) -> Tensor:
    """A list of numbers as float64, of shape (T,), on the CPU: a copy, without gradients."""
    if not isinstance(values, Tensor):
        # Arrays become lists first: torch refuses one that runs backwards, and drops the
        # imaginary part of a complex one.
        values = values.tolist() if hasattr(values, "tolist") else values
        try:
            values = torch.tensor(values, dtype=torch.float64, device="cpu")
        except (TypeError, ValueError, RuntimeError, OverflowError):
            raise TypeError(
                f"{name} must be a tensor or a sequence of numbers between 0 and 1."
            ) from None
    check_values(name, values)
    if not values.is_floating_point():
        raise TypeError(f"{name} must be floating-point numbers, not {values.dtype}.")
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(
            f"{name} must be one-dimensional with at least one value; "
            f"its shape is {tuple(values.shape)}."
        )
    return values.detach().cpu().double().clone()


def _check_real(name: str, number: float) -> None:
    if not isinstance(number, Real) or isinstance(number, bool):
        raise TypeError(f"{name} must be a number, not {type(number).__name__}.")


def check_number(name: str, number: float) -> float:
    """The number as a float, which is finite."""
    _check_real(name, number)
    try:
        number = float(number)
    except OverflowError:  # a whole number, or a fraction, of hundreds of digits
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, but it is {number}.")
    return number


def check_beta(name: str, beta: float) -> None:
    _check_real(name, beta)
    if not 0 < beta < 1:
        raise ValueError(
            f"{name} is a variance and must lie strictly between 0 and 1, but it is {beta}."
        )


def check_dtype(dtype: torch.dtype) -> None:
    if dtype not in FLOATS:
        raise TypeError(f"dtype must be a torch.float of 16 bits or more, not {dtype}.")


def check_time_steps(time_steps: int) -> None:
    if not isinstance(time_steps, Integral) or isinstance(time_steps, bool):
        raise TypeError(f"time_steps must be an integer, not {type(time_steps).__name__}.")
    if time_steps < 1:
        raise ValueError(f"time_steps must be at least 1, but it is {time_steps}.")
    if time_steps > MOST_STEPS:
        raise ValueError(f"time_steps must be at most {MOST_STEPS}, but it is {time_steps}.")
