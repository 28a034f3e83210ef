"""What a scrub moves along: its positions, the value at each, and perhaps two coefficients."""

from dataclasses import dataclass, field, replace
from numbers import Real

import torch
from torch import Tensor

from diffusion import NoiseSchedule


@dataclass(frozen=True)
class Axis:
    """The positions of a slider; with rates, x = signal_rate · x_0 + noise_rate · ε at each.

    Attributes:
        symbol: what moves, as a label shows it: "t", "β".
        values: the number at each position, shape (positions,), rising or falling all the way.
        labels: these numbers as text.
        signal_rates, noise_rates: the two coefficients, one per position; kept as float32. None
            where nothing is mixed: then no equation is shown.
        result: what comes out, {} being the label; terms: what the coefficients multiply.
        spoken: the slider's name for a screen reader, and for a chart's axis.
        readouts: further figures to show at each position, {name: texts}.
        rate_names: how the two coefficients are written.

    Raises:
        ValueError: fewer than two positions, numbers of labels and rates that differ, values that
            rise and fall, rates that are not finite, or one rate without the other.
    """

    symbol: str
    values: Tensor
    labels: list[str]
    signal_rates: Tensor | None
    noise_rates: Tensor | None
    result: str
    spoken: str
    terms: tuple[str, str] = ("x_0", "ε")
    rate_names: tuple[str, str] = ("√ᾱ_t", "√(1−ᾱ_t)")
    readouts: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self):
        if (self.signal_rates is None) != (self.noise_rates is None):
            raise ValueError("an axis has both rates, or neither where nothing is mixed.")
        rates = {}
        if self.mixes:
            rates = {"signal_rates": self.signal_rates, "noise_rates": self.noise_rates}
        for name, numbers in {"values": self.values, **rates}.items():
            if numbers.shape != (len(self.labels),) or len(self.labels) < 2:
                raise ValueError(
                    f"an axis needs two positions or more, and as many {name} as labels; "
                    f"there are {len(self.labels)} labels and {tuple(numbers.shape)} {name}."
                )
            if not numbers.isfinite().all():
                raise ValueError(f"{name} must be finite; is a β outside 0 … 1?")
        steps = self.values.diff()
        if (steps < 0).any() and (steps > 0).any():
            raise ValueError("the values of an axis must rise all the way, or fall all the way.")
        for name, numbers in rates.items():
            object.__setattr__(self, name, numbers.float())

    @property
    def mixes(self) -> bool:
        return self.signal_rates is not None

    def mixes_like(self, other: "Axis") -> bool:
        """Whether both have the same coefficients; where neither has any, the same read-outs."""
        if not (self.mixes and other.mixes):
            return self.mixes == other.mixes and self.readouts == other.readouts
        return torch.equal(self.signal_rates, other.signal_rates) and torch.equal(
            self.noise_rates, other.noise_rates
        )

    @property
    def x(self) -> str:
        """What comes out, as a caption: x_t."""
        return self.result.replace("{}", self.symbol)

    @property
    def last(self) -> int:
        return len(self.labels) - 1

    @property
    def ticks(self) -> list[int]:
        """The positions that carry a label below the slider."""
        return sorted({round(self.last * quarter / 4) for quarter in range(5)})

    @property
    def moments(self) -> list[int]:
        """Five positions that tell the story, for the picture where no widget runs."""
        return [round(self.last * share) for share in (0, 0.1, 0.25, 0.5, 1)]

    def position(self, value: float) -> int:
        """The position of a value: of t = 250, or of β = 0.1.

        Raises:
            ValueError: no position has this value; the sentence names the nearest ones.
        """
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not number or not abs(value) < float("inf"):
            raise ValueError(f"{self.symbol} must be a finite number, not {value!r}.")
        far = (self.values.double() - value).abs()
        at = int(far.argmin())
        # A float32 holds seven digits: 0.1 is on an axis that torch.linspace made.
        if far[at] <= 1e-6 * max(1.0, abs(value)):
            return at
        first, last = self.labels[0], self.labels[-1]
        low, high = self.values.aminmax()
        if not low <= value <= high:
            raise ValueError(f"{self.symbol} must be in {first} … {last}, not {value}.")
        falling = bool(self.values[0] > self.values[-1])
        before = self.values > value if falling else self.values < value
        below = int(before.sum()) - 1
        raise ValueError(
            f"the slider stops at {self.symbol} = {self.labels[below]} and "
            f"{self.labels[below + 1]}, but not at {value}."
        )


def time_axis(schedule: NoiseSchedule, t: Tensor | None = None) -> Axis:
    """Time: the closed form's two coefficients (DDPM, Eq. 4) at t = 0 … T, or at the given t."""
    t = torch.arange(schedule.time_steps + 1) if t is None else t
    decibels = (10 / torch.log(torch.tensor(10.0)) * schedule.log_snr(t)).tolist()
    return Axis(
        symbol="t",
        values=t,
        labels=[str(i) for i in t.tolist()],
        signal_rates=schedule.signal_rate(t),
        noise_rates=schedule.noise_rate(t),
        result="x_{}",
        spoken="time t",
        readouts={
            "ᾱ_t": [f"{a:.4f}" for a in schedule.alpha_bar(t).tolist()],
            "SNR": [minus("+∞ dB" if d == float("inf") else f"{d:+.1f} dB") for d in decibels],
        },
    )


def backward_axis(schedule: NoiseSchedule, every: int = 1) -> Axis:
    """Time from T down to 0, for what a sampler makes: that is no mixture of an x_0 and one ε.

    With `every` = 4, it stops at T, T − 4, T − 8 … alone.
    """
    forward = time_axis(schedule, torch.arange(schedule.time_steps, -1, -every))
    return replace(forward, signal_rates=None, noise_rates=None, spoken="time t, backwards")


def snr_axis(schedule: NoiseSchedule, log_snrs: Tensor) -> Axis:
    """log SNR instead of time: at each of these values, the schedule's t that is nearest to it.

    A schedule that does not reach a value stands still at its first or last step.

    Args:
        log_snrs: shape (positions,), finite; falling, so that noise grows to the right.
    """
    # Over half a million distances, for 1000 steps; t = 0 is at infinity.
    t = 1 + (schedule.log_snr(torch.arange(1, len(schedule) + 1)) - log_snrs[:, None]).abs().argmin(
        1
    )
    return Axis(
        symbol="log SNR",
        values=log_snrs,
        labels=[minus(f"{value:z.1f}") for value in log_snrs.tolist()],
        signal_rates=schedule.signal_rate(t),
        noise_rates=schedule.noise_rate(t),
        result="x_t",
        spoken="log SNR",
        readouts={"t": [str(i) for i in t.tolist()]},
    )


def step_axis(
    betas: Tensor, signal_rates: Tensor | None = None, noise_rates: Tensor | None = None
) -> Axis:
    """One step of the chain at each of several strengths β (DDPM, Eq. 2).

    The coefficients are √(1 − β) and √β, unless others are given in order to see what they do.
    """
    return Axis(
        symbol="β",
        values=betas,
        labels=[f"{b:.3f}" for b in betas.tolist()],
        signal_rates=torch.sqrt(1 - betas) if signal_rates is None else signal_rates,
        noise_rates=torch.sqrt(betas) if noise_rates is None else noise_rates,
        result="x_1",
        spoken="variance β of the step",
        rate_names=("√(1−β)", "√β"),
    )


def as_axis(axis: Axis | NoiseSchedule) -> Axis:
    """`axis` itself, or the time axis of a schedule."""
    if isinstance(axis, NoiseSchedule):
        return time_axis(axis)
    if isinstance(axis, Axis):
        return axis
    raise TypeError(
        f"expected a NoiseSchedule or an Axis to scrub along, not {type(axis).__name__}."
    )


def minus(text: str) -> str:
    return text.replace("-", "−")
