"""A game: was the picture black or mid-grey? Told from x_T alone, against the likelihood."""

from collections.abc import Sequence

import torch
import traitlets

from diffusion import NoiseSchedule
from diffusion.teaching import plots
from diffusion.teaching.images import to_uint8
from diffusion.teaching.widgets.widget import (
    PageWidget,
    check_whole,
    one_of,
    page_code,
    whole,
)

MOST = 1024  # numbers to a side: there a round takes the page some tenths of a second


class LeakGame(PageWidget):
    """x_T of a picture that is black (−1) or mid-grey (0) everywhere: which of the two was it?

        x_T = √ᾱ_T · v + √(1−ᾱ_T) · ε, v = −1 or 0, in three colours

    A schedule with ᾱ_T > 0 leaks (Lin et al. 2023, §3.1): the mean of the 3n² numbers of x_T is
    normal around √ᾱ_T · v, and it is all that matters. So the likelihood says black where the mean
    is below the middle, −√ᾱ_T / 2, and is right with the probability

        Φ(d′/2), d′ = √ᾱ_T · √(3n²) / √(1−ᾱ_T)

    It is played in the browser, with or without a kernel. The page draws the pictures itself, from
    the seed, the setting and the number of the round: the same game comes again when the page is
    loaded again.

    Args:
        schedules: {name: NoiseSchedule}, to choose from.
        sizes: n, to choose from: two or more integers in 1 … 1024, each above the one before.
        rounds: how many make a game, in 1 … 1000.
        seed: another one gives other pictures; in 0 … 2³² − 1.

    Attributes:
        schedule, size: the setting. Set them to choose another one.
        answers: what was answered so far, {"linear 256": [{"said": "grey", "was": "black",
            "mean": −0.0047}, …]}: by setting, and in each by round.

    Raises:
        TypeError: `schedules` is no dict of NoiseSchedules, or a size, `rounds` or `seed` is not an
            integer.
        ValueError: there is nothing to choose from, or a number is out of its range.
    """

    _esm = page_code("common.js", "chart.js", "chance.js", "leak.js")

    schedule = traitlets.Unicode().tag(sync=True, echo_update=False)
    size = traitlets.Int().tag(sync=True, echo_update=False)
    # The round that is shown, in its setting; it is over when it has an answer.
    round = traitlets.Int(0).tag(sync=True, echo_update=False)
    answers = traitlets.Dict().tag(sync=True, echo_update=False)

    def __init__(
        self,
        schedules: dict[str, NoiseSchedule],
        sizes: tuple[int, ...] = (32, 64, 128, 256, 512),
        rounds: int = 20,
        seed: int = 0,
    ):
        if not isinstance(schedules, dict) or not all(
            isinstance(name, str) and isinstance(each, NoiseSchedule)
            for name, each in schedules.items()
        ):
            raise TypeError('schedules must be a dict such as {"linear": NoiseSchedule.linear()}.')
        if not schedules:
            raise ValueError("schedules must hold at least one schedule.")
        if not isinstance(sizes, Sequence) or isinstance(sizes, str):
            raise TypeError(f"sizes must be a list of integers, not {type(sizes).__name__}.")
        for size in sizes:
            check_whole("a size", size, 1, MOST)
        sizes = [int(size) for size in sizes]
        if len(sizes) < 2 or sizes != sorted(set(sizes)):
            raise ValueError(f"sizes must be two or more, each above the one before, not {sizes}.")
        check_whole("rounds", rounds, 1, 1000)
        check_whole("seed", seed, 0, 2**32 - 1)
        self.sizes, self.rounds = sizes, int(rounds)
        self.rates = {name: _rates_at_the_end(each) for name, each in schedules.items()}
        spec = {
            "schedules": [[name, *rates] for name, rates in self.rates.items()],
            "sizes": sizes,
            "rounds": self.rounds,
            "seed": int(seed),
            "types": [],
        }
        super().__init__(spec=spec, schedule=next(iter(schedules)), size=sizes[0])

    @traitlets.validate("schedule")
    def _check_schedule(self, proposal):
        return one_of(self.rates, proposal)

    @traitlets.validate("size")
    def _check_size(self, proposal):
        return one_of(self.sizes, proposal)

    @traitlets.validate("round")
    def _check_round(self, proposal):
        return whole(proposal, 0, 10**6)  # beyond the answers, the page shows the next round

    @traitlets.validate("answers")
    def _check_answers(self, proposal):
        settings = {f"{name} {size}" for name in self.rates for size in self.sizes}
        for setting, given in proposal["value"].items():
            if setting not in settings:
                raise traitlets.TraitError(f"there is no setting {setting!r} in this game.")
            if not isinstance(given, list) or not all(map(_is_answer, given)):
                raise traitlets.TraitError(
                    f"the answers at {setting!r} must be a list of "
                    '{"said": "black" or "grey", "was": one of these, "mean": a number}.'
                )
        return proposal["value"]

    def __repr__(self) -> str:
        played = len(self.answers.get(f"{self.schedule} {self.size}", []))
        return (
            f"game of {self.rounds} rounds, black or mid-grey? {self.schedule}, "
            f"{self.size} × {self.size}: {played} played so far"
        )

    def still(self) -> bytes:
        """A PNG of x_T of either picture, with the same noise, for each schedule."""
        noise = torch.randn(3, 32, 32, generator=torch.Generator().manual_seed(0))
        rows = [
            (name, [to_uint8(rate * v + spread * noise).movedim(0, -1) for v in (-1, 0)])
            for name, (rate, spread) in self.rates.items()
        ]
        return plots.filmstrip(rows, ["black", "mid-grey"])

    def alt(self) -> str:
        return f"x_T of a black and of a mid-grey picture at the end of: {', '.join(self.rates)}"


def _rates_at_the_end(schedule: NoiseSchedule) -> tuple[float, float]:
    """√ᾱ_T and √(1−ᾱ_T)."""
    last, exact = len(schedule), torch.float64
    return schedule.signal_rate(last, exact).item(), schedule.noise_rate(last, exact).item()


def _is_answer(given) -> bool:
    return (
        isinstance(given, dict)
        and given.keys() == {"said", "was", "mean"}
        and all(given[name] in ("black", "grey") for name in ("said", "was"))
        and isinstance(given["mean"], (int, float))
    )
