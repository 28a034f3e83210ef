"""The training of a small network, seen while it happens."""

import math
import time
from collections.abc import Callable
from numbers import Integral
from statistics import fmean

import torch
from IPython.display import display
from torch import Tensor, nn

from diffusion.arguments import check_number
from diffusion.teaching.widgets import Axis, Curve, CurvesView, Frames, PointsView
from diffusion.teaching.widgets.scrub import Scrub

STOPS = 60  # of the slider, besides the one before the first step
CLOUD = 12  # at every twelfth of them new points are drawn, which takes as long as fifty steps
PAUSE = 0.22  # seconds, at least, from one message to the page to the next
EDGE = 3.45  # just inside the plane that a PointsView shows


def train(
    network: nn.Module,
    loss: Callable[[], Tensor],
    steps: int = 3000,
    learning_rate: float = 1e-2,
    limit: float | None = None,
    samples: Callable[[], Tensor] | None = None,
) -> Tensor:
    """Change the weights of `network` so that `loss()` falls, and show how it does.

    With Adam (Kingma and Ba 2015) and a learning rate that rises to `learning_rate` over the first
    30 % of the steps and then falls to almost 0 (one cycle, Smith and Topin 2018).

    While it trains, a slider moves through the steps over a curve of the loss and, if `samples` is
    given, a cloud of points. Afterwards the slider goes back to any of its stops. At each stop the
    curve is the mean over the steps since the stop before; at 0 it is the first loss of all. The
    points are drawn before the first step and after each fifth of the way, and stay until the next;
    those that are out of the picture are moved to its edge.

    An interrupt of the kernel ends the training early: the network keeps what it has learned.

    Args:
        network: whose parameters are trained, in place.
        loss: draws a batch and returns its loss, a scalar tensor with gradients. Called once for
            each step; nothing else is drawn, so that its seeds decide what is learned.
        steps: how often the weights are changed, 1 or more.
        learning_rate: the greatest one.
        limit: a loss that no network falls below, for a line across the chart.
        samples: returns points that the network makes, shape (N, 2), as many each time. It needs a
            generator of its own: if it took its noise from that of the batches, they would be
            others than without it.

    Returns:
        The loss at each step, shape (steps,), or shorter if it was interrupted.

    Raises:
        TypeError: `network` is no module, `loss` or `samples` no function, or what one of them
            returns no tensor.
        ValueError: the loss is not a single finite number with gradients that reach `network`, or
            the points are not finite, or not of the shape (N, 2).
    """
    _check_arguments(network, loss, steps, learning_rate, limit, samples)
    # Fused, all weights change in one go: a tenth less time for a network of this size.
    optimizer = torch.optim.Adam(network.parameters(), learning_rate, fused=True)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps)
    live, losses = _Live(steps, limit, samples), []
    try:
        for step in range(steps):
            batch_loss = loss()
            value = _value(batch_loss, step, learning_rate)
            optimizer.zero_grad()
            batch_loss.backward()
            if step == 0:
                _check_gradients(network)
            live.reached(step, losses or [value])
            optimizer.step()
            rate.step()
            losses.append(value)
        live.reached(steps, losses)
    except KeyboardInterrupt:
        done = f"Stopped after {len(losses)} of {steps} steps"
        print(f"{done}; the network keeps what it has learned.")
    finally:
        live.finish()
    return torch.tensor(losses)


class _TrainingScrub(Scrub):
    """A scrub that is displayed before there is anything to be seen in it."""

    def still(self) -> None:
        return None

    def __repr__(self) -> str:
        return f"training in {self.axis.labels[-1]} steps: {', '.join(map(repr, self.views))}"


class _Live:
    """What is shown of a training: a scrub through its steps, filled up to the present one."""

    def __init__(self, steps: int, limit: float | None, samples: Callable[[], Tensor] | None):
        self.limit, self.samples = limit, samples
        stops = sorted({round(steps * k / STOPS) for k in range(STOPS + 1)})
        self.axis = Axis(
            symbol="step",
            values=torch.tensor(stops),
            labels=[str(step) for step in stops],
            signal_rates=None,
            noise_rates=None,
            result="",
            spoken="training step",
        )
        self.stops = {step: stop for stop, step in enumerate(stops)}
        self.means = torch.full((len(stops),), torch.nan)
        self.clouds: Tensor | None = None  # (stops, N, 2); what is still to come is as the present
        self.stop, self.shown, self.told = 0, -1, -math.inf
        self.scrub: Scrub | None = None

    def reached(self, step: int, losses: list[float]) -> None:
        """So many steps are done, with these losses."""
        if (stop := self.stops.get(step)) is None:
            return
        since = step - int(self.axis.values[stop - 1]) if stop else 1
        self.means[stop] = fmean(losses[-since:])
        if self.samples and (stop % CLOUD == 0 or stop == self.axis.last):
            points = _points(self.samples)
            if self.clouds is None:
                self.clouds = points.repeat(len(self.stops), 1, 1)
            elif points.shape != self.clouds[0].shape:
                raise ValueError("samples() must return as many points each time.")
            self.clouds[stop:] = points
        self.stop = stop
        if time.monotonic() > self.told + PAUSE:
            self.show()

    def show(self) -> None:
        views, at = self.views(), self.axis.values[self.stop].item()
        if self.scrub is None:
            self.scrub = _TrainingScrub(*views, at=at)
            display(self.scrub)
        else:
            self.scrub.show(*views, at=at)
        self.shown, self.told = self.stop, time.monotonic()

    def finish(self) -> None:
        """Show what there was no time to show, if anything was shown at all."""
        if self.scrub and self.shown < self.stop:
            self.show()

    def views(self) -> list[PointsView | CurvesView]:
        curves, alt = [Curve("mean loss", self.means)], "The loss on the way of the training."
        if self.limit is not None:
            level = torch.full(self.means.shape, self.limit)
            curves.append(Curve("limit", level, "third"))
            alt = "The loss on the way of the training, and a level line at its limit."
        chart = CurvesView(self.axis, curves, (0.0, 1.2), alt)
        if self.clouds is None:
            return [chart]
        chart.height = 260  # as high as the points: the end of a training is a matter of hundredths
        film = Frames(self.clouds, self.axis)
        return [PointsView(film, label="samples", alt="points that the network made"), chart]


def _check_arguments(network, loss, steps, learning_rate, limit, samples) -> None:
    if not isinstance(network, nn.Module):
        raise TypeError(f"network must be a torch.nn.Module, not {type(network).__name__}.")
    for name, function in {"loss": loss, "samples": samples or len}.items():
        if not callable(function):
            raise TypeError(
                f"{name} must be a function without arguments, not {type(function).__name__}; "
                f"give its name, without brackets after it, or `lambda: …`."
            )
    if not isinstance(steps, Integral) or isinstance(steps, bool):
        raise TypeError(f"steps must be an integer, not {type(steps).__name__}.")
    if steps < 1:
        raise ValueError(f"steps must be at least 1, but it is {steps}.")
    if not check_number("learning_rate", learning_rate) > 0:
        raise ValueError(f"learning_rate must be above 0, but it is {learning_rate}.")
    if limit is not None:
        check_number("limit", limit)


def _value(loss: Tensor, step: int, learning_rate: float) -> float:
    """The loss as a number, if something can be learned from it."""
    if not isinstance(loss, Tensor):
        raise TypeError(f"loss() must return a scalar tensor, not {type(loss).__name__}.")
    if loss.ndim:
        raise ValueError(
            f"loss() must return a single number, but its shape is {tuple(loss.shape)}; "
            f"take the mean."
        )
    if not loss.requires_grad:
        raise ValueError(
            "loss() must return a tensor with gradients: something in it is detached, or runs "
            "under torch.no_grad()."
        )
    value = loss.item()
    if not math.isfinite(value):
        what_to_do = (
            f"lower the learning rate, which is {learning_rate}, and train a new network"
            if step
            else "the data or the weights hold such numbers already; make the network anew"
        )
        raise ValueError(f"the loss at step {step + 1} is {value}: {what_to_do}.")
    return value


def _check_gradients(network: nn.Module) -> None:
    """The network is the one that the loss is about, and not one of an earlier cell."""
    if all(weights.grad is None for weights in network.parameters()):
        raise ValueError(
            "the loss does not depend on this network; after a network is made anew, the guess "
            "and the loss must be made anew from it."
        )


@torch.no_grad()
def _points(samples: Callable[[], Tensor]) -> Tensor:
    """The samples; those out of the picture are moved towards its middle, to the edge."""
    points = samples()
    if not isinstance(points, Tensor):
        raise TypeError(f"samples() must return a tensor, not {type(points).__name__}.")
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(f"samples() must return points (N, 2), not {tuple(points.shape)}.")
    if not points.isfinite().all():
        raise ValueError("samples() must return finite numbers, which these are not all.")
    return points * (EDGE / points.abs().amax(dim=1, keepdim=True)).clamp(max=1)
