"""A game: guess t from a noised picture, against an estimate that was computed."""

import torch
import traitlets
from torch import Tensor

from diffusion.teaching import plots
from diffusion.teaching.images import to_uint8
from diffusion.teaching.widgets.image import interleaved
from diffusion.teaching.widgets.view import Buffers
from diffusion.teaching.widgets.widget import PageWidget, page_code, whole


class GuessGame(PageWidget):
    """Noised pictures, one after the other, each beside the clean one: what was t?

    It is played in the browser, with or without a kernel, or from a cell with `play`.

    Args:
        x_0: clean pictures (rounds, 3, H, W) or (rounds, 1, H, W) in [−1, 1].
        x_t: the same pictures, noised.
        t: the times to be guessed, an integer tensor (rounds,).
        estimates: what the opponent says, an integer tensor (rounds,).
        last: the guesses lie in 1 … last.
        names: what each picture shows, for those who cannot see it.
        opponent: who made the estimates.

    Attributes:
        guesses: the answers so far.
    """

    _esm = page_code("common.js", "image.js", "guess.js")

    # The round that is shown; it is over when it has a guess.
    round = traitlets.Int(0).tag(sync=True, echo_update=False)
    guesses = traitlets.List(traitlets.Int()).tag(sync=True, echo_update=False)

    def __init__(
        self,
        x_0: Tensor,
        x_t: Tensor,
        t: Tensor,
        estimates: Tensor,
        last: int = 1000,
        names: list[str] | None = None,
        opponent: str = "the likelihood",
    ):
        if x_0.ndim != 4 or x_0.shape[1] not in (1, 3) or not len(x_0):
            raise ValueError(
                f"pictures to guess from have the shape (rounds, 3, H, W) or (rounds, 1, H, W), "
                f"not {tuple(x_0.shape)}."
            )
        if x_t.shape != x_0.shape:
            raise ValueError(
                f"x_t must have the shape of x_0, {tuple(x_0.shape)}, not {tuple(x_t.shape)}."
            )
        for name, values in {"t": t, "estimates": estimates}.items():
            if values.shape != x_0.shape[:1] or values.is_floating_point():
                raise ValueError(f"{name} must hold one integer per picture, {len(x_0)} in all.")
            if values.min() < 1 or values.max() > last:
                raise ValueError(f"{name} must be in 1 … {last}.")
        names = names or ["picture"] * len(x_0)
        if len(names) != len(x_0):
            raise ValueError(f"there are {len(x_0)} pictures but {len(names)} names.")
        self.times, self.estimates, self.last = t.tolist(), estimates.tolist(), last
        self.names, self.opponent = names, opponent
        clean, noised = (interleaved(to_uint8(x)) for x in (x_0, x_t))
        self._stills = {"x_t": list(noised), "x_0": list(clean)}
        buffers = Buffers()
        spec = {
            "shape": list(clean.shape[1:]),
            "x_t": buffers.add(noised),
            "x_0": buffers.add(clean),
            "times": self.times,
            "estimates": self.estimates,
            "last": last,
            "names": names,
            "opponent": opponent,
            "types": buffers.types,
        }
        super().__init__(spec=spec, buffers=buffers.bytes)

    @traitlets.validate("round")
    def _check_round(self, proposal):
        return whole(proposal, 0, self.rounds - 1)

    @traitlets.validate("guesses")
    def _check_guesses(self, proposal):
        guesses = proposal["value"]
        if len(guesses) > self.rounds:
            raise traitlets.TraitError(
                f"guesses holds one answer per round, {self.rounds} at most, not {len(guesses)}."
            )
        for guess in guesses:
            if isinstance(guess, bool) or not 1 <= guess <= self.last:
                raise traitlets.TraitError(f"a guess must be in 1 … {self.last}, not {guess}.")
        return guesses

    @property
    def rounds(self) -> int:
        return len(self.times)

    @property
    def means(self) -> tuple[float, float]:
        """By how much the guesses were off on average so far, and the estimates in these rounds."""
        if not self.guesses:
            raise ValueError("no round has been played yet.")
        played = len(self.guesses)
        t = torch.tensor(self.times[:played])
        both = torch.tensor([self.guesses, self.estimates[:played]])
        mine, theirs = (both - t).abs().double().mean(dim=1).tolist()
        return mine, theirs

    def play(self, guess: int) -> str:
        """Answer the next round; what the page says of it comes back.

        Raises:
            ValueError: all rounds have been played, or the guess is no integer in 1 … last.
        """
        number = len(self.guesses)
        if number == self.rounds:
            raise ValueError(f"all {self.rounds} rounds have been played; `restart()` begins anew.")
        if not isinstance(guess, int) or isinstance(guess, bool) or not 1 <= guess <= self.last:
            raise ValueError(f"a guess must be an integer in 1 … {self.last}, not {guess!r}.")
        with self.hold_sync():
            self.round = number
            self.guesses = [*self.guesses, guess]
        t, estimate = self.times[number], self.estimates[number]
        return (
            f"Round {number + 1} of {self.rounds}: t was {t}. You said {guess}, "
            f"{_off(guess - t)}; {self.opponent} said {estimate}, {_off(estimate - t)}."
        )

    def restart(self) -> None:
        with self.hold_sync():
            self.round, self.guesses = 0, []

    def __repr__(self) -> str:
        return (
            f"game of {self.rounds} rounds, t in 1 … {self.last}: {len(self.guesses)} played so far"
        )

    def still(self) -> bytes:
        """A PNG of the pictures, without the answers."""
        rounds = [f"round {number}" for number in range(1, self.rounds + 1)]
        return plots.filmstrip(list(self._stills.items()), rounds)

    def alt(self) -> str:
        return f"{', '.join(self.names)}: each noised to a t to be guessed, above the clean picture"


def _off(difference: int) -> str:
    return f"{abs(difference)} off" if difference else "exactly right"
