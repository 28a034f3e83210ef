"""The noise schedule: how much variance each step adds, and what that leaves of the picture."""

from numbers import Integral, Real

import torch
from torch import Tensor

# A thousand times the paper's T. A slip of the finger far beyond it would take all memory, and the
# kernel with it, before anybody could read an error.
MOST_STEPS = 1_000_000


class NoiseSchedule:
    """The variances β_1 … β_T of the forward process, and all that follows from them.

    β grows linearly from `beta_start` to `beta_end` in `time_steps` steps (Ho et al. 2020, §4;
    the defaults are theirs). For other shapes see `from_betas`.

        α_t = 1 − β_t,   ᾱ_t = α_1 · α_2 ⋯ α_t,   ᾱ_0 = 1

    Time is the paper's: t = 1 … T are the steps and t = 0 is clean data. The arrays hold one
    value per step, so step t sits at index t − 1; the methods look values up by time t and
    spare you the shift.

    Attributes:
        time_steps: T, the number of steps.
        betas: β_1 … β_T, the variance that each step adds. float32, shape (T,).
        alphas: α_1 … α_T, the share of the variance that each step keeps.
        alpha_bars: ᾱ_1 … ᾱ_T, the share that so many steps keep together (below Eq. 4).

    Everything is computed in float64 and rounded once, at the end. A schedule lives on the CPU,
    and can be copied and pickled. The arrays are there to be read: the look-ups have tables of
    their own and give out new tensors, so that writing into either changes neither.

    Raises:
        TypeError: a β is not a real number, or `time_steps` is not an integer.
        ValueError: a β is not strictly between 0 and 1, or `time_steps` is not in 1 … 1 000 000.
    """

    def __init__(self, beta_start: float = 1e-4, beta_end: float = 0.02, time_steps: int = 1000):
        _check_beta("beta_start", beta_start)
        _check_beta("beta_end", beta_end)
        _check_time_steps(time_steps)
        self._build(
            torch.linspace(
                float(beta_start), float(beta_end), time_steps, dtype=torch.float64, device="cpu"
            )
        )

    @classmethod
    def from_betas(cls, betas) -> "NoiseSchedule":
        """A schedule with exactly these β_1 … β_T.

        Args:
            betas: a one-dimensional floating-point tensor or array, or a list of numbers; each
                value strictly between 0 and 1. float64 values are used at full precision. They
                are copied, without their gradients.

        Raises:
            TypeError: `betas` holds something other than real numbers.
            ValueError: `betas` is empty, not one-dimensional, or leaves (0, 1).
        """
        if not isinstance(betas, Tensor):
            # torch refuses an array that runs backwards, and drops what is imaginary in one.
            betas = betas.tolist() if hasattr(betas, "tolist") else betas
            try:
                betas = torch.tensor(betas, dtype=torch.float64, device="cpu")
            except (TypeError, ValueError, RuntimeError, OverflowError):
                raise TypeError(
                    "betas must be a tensor or a sequence of numbers between 0 and 1."
                ) from None
        _check_values("betas", betas)
        if not betas.is_floating_point():
            raise TypeError(f"betas must be floating-point numbers, not {betas.dtype}.")
        if betas.ndim != 1 or len(betas) == 0:
            raise ValueError(
                f"betas must be one-dimensional with at least one value; "
                f"its shape is {tuple(betas.shape)}."
            )
        schedule = cls.__new__(cls)
        schedule._build(betas.detach().cpu().double().clone())  # ours, whatever becomes of theirs
        return schedule

    def _build(self, betas: Tensor) -> None:
        outside = ~((betas > 0) & (betas < 1))  # also true for NaN
        if outside.any():
            step = int(outside.nonzero()[0]) + 1
            raise ValueError(
                f"every β must lie strictly between 0 and 1, but β at step {step} "
                f"is {betas[step - 1].item()}."
            )

        # ᾱ lives as its logarithm: a sum of log1p(−β) keeps the digits that a float32 product
        # of factors near 1 loses, and 1 − ᾱ = −expm1(log ᾱ) keeps them when ᾱ is near 1.
        log_alpha_bars = torch.log1p(-betas).cumsum(0)

        self.time_steps = len(betas)
        self.betas = betas.float()
        self.alphas = (1 - betas).float()
        self.alpha_bars = log_alpha_bars.exp().float()

        # The tables of the look-ups, in float64. Per step, for t = 1 … T:
        self._betas, self._alphas = betas, 1 - betas
        # Per time, for t = 0 … T; nothing has happened at t = 0, so ᾱ_0 = 1.
        self._log_alpha_bars = torch.cat([log_alpha_bars.new_zeros(1), log_alpha_bars])
        self._alpha_bars = self._log_alpha_bars.exp()
        self._signal_rates = torch.exp(self._log_alpha_bars / 2)
        self._noise_rates = torch.sqrt(-torch.expm1(self._log_alpha_bars))
        self._log_snrs = self._log_alpha_bars - 2 * self._noise_rates.log()

    def beta(self, t, dtype: torch.dtype = torch.float32) -> Tensor:
        """β_t, the variance that step t adds. t: an int or an integer tensor in 1 … T."""
        return _look_up(self._betas, self._check_time(t, first=1) - 1, dtype)

    def alpha(self, t, dtype: torch.dtype = torch.float32) -> Tensor:
        """α_t = 1 − β_t: the share of variance that step t keeps. t in 1 … T."""
        return _look_up(self._alphas, self._check_time(t, first=1) - 1, dtype)

    def alpha_bar(self, t, dtype: torch.dtype = torch.float32) -> Tensor:
        """ᾱ_t = α_1 ⋯ α_t: the share of x_0's variance that is left at time t.

        Args:
            t: an int, or an integer tensor of any shape, in 0 … T; ᾱ_0 = 1.
            dtype: of the answer; ask for torch.float64 to see more digits.

        Returns:
            A new tensor shaped like `t`, on `t`'s device (for an int: a scalar, on the CPU).

        Raises:
            TypeError: `t` is not an integer. ValueError: `t` is outside 0 … T.
        """
        return _look_up(self._alpha_bars, self._check_time(t), dtype)

    def signal_rate(self, t, dtype: torch.dtype = torch.float32) -> Tensor:
        """√ᾱ_t, what x_0 is multiplied by in x_t (Eq. 4). Arguments as for `alpha_bar`."""
        return _look_up(self._signal_rates, self._check_time(t), dtype)

    def noise_rate(self, t, dtype: torch.dtype = torch.float32) -> Tensor:
        """√(1 − ᾱ_t), the standard deviation of the noise in x_t (Eq. 4). As `alpha_bar`."""
        return _look_up(self._noise_rates, self._check_time(t), dtype)

    def log_snr(self, t, dtype: torch.dtype = torch.float32) -> Tensor:
        """log(ᾱ_t / (1 − ᾱ_t)): the natural logarithm of the signal-to-noise ratio.

        +inf at t = 0, where there is no noise; finite at every other t. As `alpha_bar`.
        """
        return _look_up(self._log_snrs, self._check_time(t), dtype)

    def _step_rates(self, t, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """√α_t and √β_t, rounded after the root: half the digits hold √β for a smaller β."""
        index = self._check_time(t, first=1) - 1
        tables = self._alphas.sqrt(), self._betas.sqrt()
        return tuple(_look_up(table, index, dtype) for table in tables)

    def _check_time(self, t, first: int = 0) -> Tensor:
        """`t` as an int64 tensor, or the reason why it is not a time of this schedule."""
        if isinstance(t, Tensor):
            _check_values("t", t)
            if t.is_floating_point() or t.is_complex() or t.dtype == torch.bool:
                raise TypeError(f"t must be an integer tensor, not {t.dtype}.")
            t = t.long()
            outside = t[(t < first) | (t > self.time_steps)].tolist()
        elif isinstance(t, Integral) and not isinstance(t, bool):
            outside = [] if first <= t <= self.time_steps else [t]
        else:
            raise TypeError(f"t must be an int or an integer tensor, not {type(t).__name__}.")
        if outside:
            clean = " (t = 0 is the clean data; no step leads to it)" if first else ""
            raise ValueError(
                f"t must be in {first} … {self.time_steps}{clean}, but it is {outside[0]}."
            )
        return t if isinstance(t, Tensor) else torch.tensor(int(t), device="cpu")

    def __repr__(self) -> str:
        first, last, end = self._betas[0], self._betas[-1], self._signal_rates[-1]
        below_half = (self._alpha_bars < 0.5).nonzero()
        half = f"t = {below_half[0].item()}" if len(below_half) else "never"
        return (
            f"NoiseSchedule with T = {self.time_steps} steps\n"
            f"  β_1 → β_T   {first:.4g} → {last:.4g}   variance that a step adds\n"
            f"  √ᾱ_T        {end:.4g}   what is left of x_0 at the end\n"
            f"  ᾱ_t < ½     {half}   from here on, more noise than signal (of variance 1)"
        )


def _look_up(table: Tensor, index: Tensor, dtype: torch.dtype) -> Tensor:
    # Cast before moving: some devices have no float64. `take` gives out a new tensor, where
    # table[index] may be a part of the table.
    return table.to(dtype).to(index.device).take(index)


def _check_values(name: str, tensor: Tensor) -> None:
    if tensor.layout != torch.strided or tensor.is_nested or tensor.is_quantized or tensor.is_meta:
        raise TypeError(
            f"{name} must be an ordinary tensor with a value at every place: "
            f"not sparse, nested or quantized, and not on the meta device."
        )


def _check_beta(name: str, beta) -> None:
    if not isinstance(beta, Real) or isinstance(beta, bool):
        raise TypeError(f"{name} must be a number, not {type(beta).__name__}.")
    if not 0 < beta < 1:
        raise ValueError(
            f"{name} is a variance and must lie strictly between 0 and 1, but it is {beta}."
        )


def _check_time_steps(time_steps) -> None:
    if not isinstance(time_steps, Integral) or isinstance(time_steps, bool):
        raise TypeError(f"time_steps must be an integer, not {type(time_steps).__name__}.")
    if time_steps < 1:
        raise ValueError(f"time_steps must be at least 1, but it is {time_steps}.")
    if time_steps > MOST_STEPS:
        raise ValueError(f"time_steps must be at most {MOST_STEPS}, but it is {time_steps}.")
