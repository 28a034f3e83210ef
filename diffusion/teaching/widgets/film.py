"""What a view shows at each position of an axis: a blend of two tensors, or stored frames."""

import torch
from torch import Tensor

from diffusion import NoiseSchedule
from diffusion.teaching.widgets.axis import Axis, as_axis, time_axis


class Blend:
    """x = signal_rate · x_0 + noise_rate · noise at each position: the closed form, one ε for all.

    Args:
        x_0: clean data, floating point: a picture (3, H, W) or (1, H, W) in [−1, 1], or
            points (N, 2).
        noise: ε, shaped like `x_0`.
        axis: a NoiseSchedule, to scrub over t, or any other Axis with rates.
    """

    def __init__(self, x_0: Tensor, noise: Tensor, axis: Axis | NoiseSchedule):
        check_finite("x_0", x_0)
        check_finite("noise", noise)
        if x_0.shape != noise.shape:
            raise ValueError(
                f"noise must have the shape of x_0, {tuple(x_0.shape)}, "
                f"but its shape is {tuple(noise.shape)}."
            )
        self.x_0, self.noise, self.axis = x_0, noise, as_axis(axis)
        if not self.axis.mixes:
            raise ValueError(
                "this axis has no rates to mix x_0 and noise with; what a sampler makes "
                "is a film of Frames(frames, axis)."
            )

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.x_0.shape)

    def at(self, value: float) -> Tensor:
        """x at a value of the axis: at t = 250, or at β = 0.1."""
        return self.frame(self.axis.position(value))

    def frame(self, position: int) -> Tensor:
        axis = self.axis
        return axis.signal_rates[position] * self.x_0 + axis.noise_rates[position] * self.noise


class Frames:
    """Stored frames, one for each position: a real chain, or anything that is no blend.

    Args:
        frames: a tensor (K, …) or a sequence of K tensors, K ≥ 2.
        axis: a NoiseSchedule, if the frames are evenly spaced over t = 0 … T, from x_0 to x_T; the
            slider then stops at their t alone. Or an Axis with one position for each frame.
    """

    def __init__(self, frames, axis: Axis | NoiseSchedule):
        if not isinstance(frames, Tensor):
            frames = list(frames)
            for frame in frames:
                check_finite("each frame", frame)
            if len({frame.shape for frame in frames}) > 1:
                raise ValueError("all frames of a film must have the same shape.")
            frames = torch.stack(frames) if frames else torch.empty(0)
        if len(frames) < 2:
            raise ValueError(f"a film needs at least two frames, but it has {len(frames)}.")
        check_finite("frames", frames)
        self.frames, self.axis = frames, _axis_of(len(frames), axis)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.frames.shape[1:])

    def at(self, value: float) -> Tensor:
        """The frame at a value of the axis, which must have one there."""
        return self.frame(self.axis.position(value))

    def frame(self, position: int) -> Tensor:
        return self.frames[position]


def _axis_of(count: int, axis: Axis | NoiseSchedule) -> Axis:
    if isinstance(axis, NoiseSchedule):
        every, rest = divmod(axis.time_steps, count - 1)
        if every and not rest:
            return time_axis(axis, torch.arange(0, axis.time_steps + 1, every))
        raise ValueError(
            f"{count} frames cannot be evenly spaced over t = 0 … {axis.time_steps}; take every "
            f"k-th, where k divides {axis.time_steps}, or give time_axis(schedule, t) with their t."
        )
    axis = as_axis(axis)
    if axis.last + 1 != count:
        raise ValueError(
            f"a film needs one frame for each position of its axis, {axis.last + 1} in all, "
            f"but it has {count}."
        )
    return axis


def check_finite(name: str, x: Tensor) -> None:
    if not isinstance(x, Tensor) or not x.is_floating_point():
        kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"{name} must be a floating-point tensor, not {kind}.")
    if x.numel() == 0:
        raise ValueError(f"{name} is empty; there is nothing to show.")
    if not x.isfinite().all():
        raise ValueError(f"{name} holds values that are not finite, which no view can show.")
