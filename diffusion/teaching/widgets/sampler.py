"""Ancestral sampling in the page: a cloud on its way from noise back to data."""

import copy
import math

import torch
import traitlets
from torch import Generator, Tensor, nn

from diffusion import NoiseSchedule
from diffusion.reverse_process import ancestral_step
from diffusion.teaching import plots
from diffusion.teaching.mixtures import Mixture, sliced_wasserstein
from diffusion.teaching.networks import PointNetwork
from diffusion.teaching.widgets.axis import backward_axis
from diffusion.teaching.widgets.curves import quarters
from diffusion.teaching.widgets.film import Frames
from diffusion.teaching.widgets.points import PointsView
from diffusion.teaching.widgets.scrub import PAGE
from diffusion.teaching.widgets.view import Buffers
from diffusion.teaching.widgets.widget import PageWidget, check_whole, one_of, page_code, whole

MOST_STEPS = 1000  # with a network, each takes the page a hundredth of a second and more


class Sampler(PageWidget):
    """Points that walk from noise back to data, step by step (DDPM, Algorithm 2), in the page.

    The page guesses the noise, takes the steps and draws all chance itself, with a kernel or
    without. It begins at x_T and walks when its button is pressed, or its slider is moved. Each
    choice starts from the same x_T, and where there are as many steps, they add the same noise: so
    that two guessers, or two schedules, differ in nothing else.

    How far the points are from the data is their sliced Wasserstein distance (see `mixtures`) to as
    many points of data, as a mean over 24 draws of these, seen along 25 directions. Two of these
    draws have a distance, too, again as a mean: no sampler can be expected to come nearer. With 400
    points of `spiral()` it varies by 0.01 or so from one draw of noise to the next.

    Args:
        guessers: what guesses the noise, to choose from: {name: PointNetwork or Mixture}. Of a
            mixture it is the best guess that there is. They are copied: training goes on without.
        schedules: {name: NoiseSchedule}, of at most 1000 steps, to choose from.
        data: the mixture that the points should come to.
        alt: what the points are.
        count: how many there are, in 2 … 1000.
        seed: another one gives other noise; in 0 … 2³² − 1.

    Attributes:
        guesser, steps: the names that are chosen; set them to choose others.
        draw: the number of the noise, 0 at first, in 0 … 1 000 000.
        position: how many steps back are shown, up to T.

    Raises:
        TypeError: `guessers`, `schedules` or `data` hold something else, or `count` or `seed` is
            not an integer.
        ValueError: there is nothing to choose from, a mixture is not one of points in the plane, a
            number is not finite, a schedule is too long, or `count` or `seed` is out of its range.
    """

    _esm = page_code(*PAGE, "rates.js", "chance.js", "denoise.js", "sampler.js")

    guesser = traitlets.Unicode().tag(sync=True, echo_update=False)
    steps = traitlets.Unicode().tag(sync=True, echo_update=False)
    draw = traitlets.Int(0).tag(sync=True, echo_update=False)

    def __init__(
        self,
        guessers: dict[str, PointNetwork | Mixture],
        schedules: dict[str, NoiseSchedule],
        data: Mixture,
        alt: str = "points",
        count: int = 400,
        seed: int = 0,
    ):
        _check_choices("guessers", guessers, (PointNetwork, Mixture), '"the network": network')
        _check_choices("schedules", schedules, NoiseSchedule, '"1000 steps": NoiseSchedule()')
        if not isinstance(data, Mixture):
            raise TypeError(f"data must be a Mixture, not {type(data).__name__}.")
        for name, schedule in schedules.items():
            if len(schedule) > MOST_STEPS:
                raise ValueError(
                    f"a schedule may have {MOST_STEPS} steps, but {name!r} has {len(schedule)}."
                )
        check_whole("count", count, 2, 1000)
        check_whole("seed", seed, 0, 2**32 - 1)
        buffers = Buffers()
        sent = {name: _guesser_spec(name, each, buffers) for name, each in guessers.items()}
        betas = {name: buffers.add(_betas(each)) for name, each in schedules.items()}
        spec = {
            "guessers": list(sent.items()),  # lists, since a notebook that is stored sorts a dict
            "schedules": list(betas.items()),
            "data": _guesser_spec("data", data, buffers),
            "count": int(count),
            "seed": int(seed),
            "limit": max(3.5, 1.1 * data.centres.abs().max().item() + 3 * data.width),
            "y_ticks": quarters(0, _far(data)),
            "alt": alt,
            "types": buffers.types,
        }
        self._guessers, self._schedules = _copies(guessers), dict(schedules)
        self._alt, self._count, self._limit = alt, int(count), spec["limit"]
        super().__init__(
            spec=spec, buffers=buffers.bytes, guesser=next(iter(sent)), steps=next(iter(betas))
        )

    @traitlets.validate("guesser")
    def _check_guesser(self, proposal):
        return one_of(self._guessers, proposal)

    @traitlets.validate("steps")
    def _check_steps(self, proposal):
        return one_of(self._schedules, proposal)

    @traitlets.validate("draw")
    def _check_draw(self, proposal):
        return whole(proposal, 0, 10**6)

    @traitlets.validate("position")
    def _check_position(self, proposal):
        return whole(proposal, 0, max(map(len, self._schedules.values())))

    def still(self) -> bytes:
        """A PNG of one walk, by torch, with the first guesser and the first schedule."""
        name, guesser = next(iter(self._guessers.items()))
        schedule = next(iter(self._schedules.values()))
        denoiser, generator = guesser.denoiser(schedule), Generator().manual_seed(0)
        walk = [torch.randn(self._count, 2, generator=generator)]
        axis = backward_axis(schedule)
        with torch.no_grad():
            for t in axis.values.tolist()[:-1]:
                walk.append(ancestral_step(denoiser, walk[-1], t, schedule, generator=generator))
        view = PointsView(Frames(walk, axis), limit=self._limit)
        places = [axis.last - place for place in reversed(axis.moments)]  # most happens near t = 0
        stills = [view.still(place) for place in places]
        return plots.filmstrip([(name, stills)], [f"t = {axis.labels[place]}" for place in places])

    def alt(self) -> str:
        return f"{self._alt} on the way back from noise, at five moments"

    def __repr__(self) -> str:
        return f"sampler of {self._count} points: {self.guesser}, {self.steps}"


def _check_choices(name: str, choices: dict, kinds, example: str) -> None:
    if not isinstance(choices, dict) or not all(
        isinstance(key, str) and isinstance(each, kinds) for key, each in choices.items()
    ):
        raise TypeError(f"{name} must be a dict such as {{{example}}}.")
    if not choices:
        raise ValueError(f"{name} must hold at least one to choose from.")


def _guesser_spec(name: str, guesser: PointNetwork | Mixture, buffers: Buffers) -> dict:
    if isinstance(guesser, PointNetwork):
        layers = [layer for layer in guesser.layers if isinstance(layer, nn.Linear)]
        if not all(numbers.isfinite().all() for numbers in guesser.parameters()):
            raise ValueError(f"{name!r} has weights that are not finite: its training diverged.")
        sent = [
            {k: buffers.add(v.float()) for k, v in layer.named_parameters()} for layer in layers
        ]
        return {"told_t": guesser.told_t, "layers": sent}
    if guesser.centres.shape[1:] != (2,):
        shape = tuple(guesser.centres.shape)
        raise ValueError(f"{name!r} must have points (K, 2) as centres, not {shape}.")
    if not guesser.centres.isfinite().all():
        raise ValueError(f"{name!r} has centres that are not finite.")
    return {"centres": buffers.add(guesser.centres.double()), "width": float(guesser.width)}


def _betas(schedule: NoiseSchedule) -> Tensor:
    return schedule.beta(torch.arange(1, len(schedule) + 1), torch.float64)


def _far(data: Mixture) -> float:
    """A round number, a little more than how far noise is from these data."""
    generator = Generator().manual_seed(0)
    noise = torch.randn(2000, 2, generator=generator)
    far = sliced_wasserstein(noise, data.draw(2000, generator).float(), directions=20)
    return math.ceil(15 * far) / 10


def _copies(guessers: dict) -> dict:
    """With networks as they are now, for the picture: a later training does not change it."""
    return {
        name: copy.deepcopy(each).float().cpu() if isinstance(each, PointNetwork) else each
        for name, each in guessers.items()
    }
