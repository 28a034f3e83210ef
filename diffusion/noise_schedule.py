"""The noise schedule: how much variance each step adds, and what that leaves of the picture."""

import torch
from torch import Tensor

from diffusion.arguments import check_beta, check_dtype, check_time_steps, check_times, check_values


class NoiseSchedule:
    """The variances β_1 … β_T of the forward process, and all that follows from them.

    β grows linearly from `beta_start` to `beta_end` in `time_steps` steps (Ho et al. 2020, §4;
    the defaults are theirs). For other shapes see `from_betas`.

        α_t = 1 − β_t,   ᾱ_t = α_1 · α_2 ⋯ α_t,   ᾱ_0 = 1

    Time is the paper's: t = 1 … T are the steps and t = 0 is clean data. The arrays hold one
    value per step, so step t sits at index t − 1; the methods look values up by time t and
    spare you the shift.

    Attributes:
        time_steps: T, the number of steps; `len(schedule)` is the same number.
        betas: β_1 … β_T, the variance that each step adds. float32, shape (T,).
        alphas: α_1 … α_T, the share of the variance that each step keeps.
        alpha_bars: ᾱ_1 … ᾱ_T, the share that so many steps keep together (below Eq. 4).

    Everything is computed in float64 and rounded once, at the end. A schedule lives on the CPU,
    and can be copied and pickled. The arrays are there to be read: the methods have tables of
    their own and give out new tensors, so that writing into either changes neither.

    Two schedules are equal if they have the same β_1 … β_T, in float64. As these never change, a
    schedule can be in a set and be the key of a dict.

    Raises:
        TypeError: a β is not a real number, or `time_steps` is not an integer.
        ValueError: a β is not strictly between 0 and 1, or `time_steps` is not in 1 … 1 000 000.
    """

    def __init__(self, beta_start: float = 1e-4, beta_end: float = 0.02, time_steps: int = 1000):
        check_beta("beta_start", beta_start)
        check_beta("beta_end", beta_end)
        check_time_steps(time_steps)
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
            # Arrays become lists first: torch refuses one that runs backwards, and drops the
            # imaginary part of a complex one.
            betas = betas.tolist() if hasattr(betas, "tolist") else betas
            try:
                betas = torch.tensor(betas, dtype=torch.float64, device="cpu")
            except (TypeError, ValueError, RuntimeError, OverflowError):
                raise TypeError(
                    "betas must be a tensor or a sequence of numbers between 0 and 1."
                ) from None
        check_values("betas", betas)
        if not betas.is_floating_point():
            raise TypeError(f"betas must be floating-point numbers, not {betas.dtype}.")
        if betas.ndim != 1 or len(betas) == 0:
            raise ValueError(
                f"betas must be one-dimensional with at least one value; "
                f"its shape is {tuple(betas.shape)}."
            )
        schedule = cls.__new__(cls)
        schedule._build(betas.detach().cpu().double().clone())
        return schedule

    def _build(self, betas: Tensor) -> None:
        outside = ~((betas > 0) & (betas < 1))  # also true for NaN
        if outside.any():
            step = int(outside.nonzero()[0]) + 1
            raise ValueError(
                f"every β must lie strictly between 0 and 1, but β at step {step} "
                f"is {betas[step - 1].item()}."
            )

        # log ᾱ_0 … log ᾱ_T, as a sum: it stays finite where the product is too small for a float,
        # and where the product is close to 1, it keeps the digits of 1 − ᾱ = |exp(log ᾱ) − 1|.
        log_alpha_bars = torch.cat([betas.new_zeros(1), torch.log1p(-betas).cumsum(0)])

        # What the methods look values up in: two tables that start at t = 1, the rest at t = 0.
        self._betas, self._alphas = betas, 1 - betas
        self._alpha_bars = log_alpha_bars.exp()
        self._signal_rates = torch.exp(log_alpha_bars / 2)
        self._noise_rates = torch.expm1(log_alpha_bars).abs().sqrt()
        self._log_snrs = log_alpha_bars - 2 * self._noise_rates.log()
        self._rate_tables = {}  # both rates, by dtype and device: each made when `rates` needs it

        self.time_steps = len(betas)
        self.betas = betas.float()
        self.alphas = self._alphas.float()
        self.alpha_bars = self._alpha_bars[1:].float()

    def beta(self, t: int | Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """β_t, the variance that step t adds. t in 1 … T; otherwise as `alpha_bar`."""
        return self._look_up(self._betas, t, dtype, first=1)

    def alpha(self, t: int | Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """α_t = 1 − β_t: the share of variance that step t keeps. t in 1 … T, as for `beta`."""
        return self._look_up(self._alphas, t, dtype, first=1)

    def alpha_bar(self, t: int | Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """ᾱ_t = α_1 ⋯ α_t: the share of x_0's variance that is left at time t.

        Args:
            t: an int, or an integer tensor of any shape, in 0 … T; ᾱ_0 = 1.
            dtype: of the answer; ask for torch.float64 to see more digits.

        Returns:
            A new tensor shaped like `t`, on `t`'s device (for an int: a scalar, on the CPU).

        Raises:
            TypeError: `t` is not an integer, or `dtype` is not a float of 16 bits or more.
            ValueError: `t` is outside 0 … T.
        """
        return self._look_up(self._alpha_bars, t, dtype)

    def signal_rate(self, t: int | Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """√ᾱ_t, what x_0 is multiplied by in x_t (Eq. 4). Arguments as for `alpha_bar`."""
        return self._look_up(self._signal_rates, t, dtype)

    def noise_rate(self, t: int | Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """√(1 − ᾱ_t), the standard deviation of the noise in x_t (Eq. 4). As `alpha_bar`."""
        return self._look_up(self._noise_rates, t, dtype)

    def log_snr(self, t: int | Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """log(ᾱ_t / (1 − ᾱ_t)): the natural logarithm of the signal-to-noise ratio.

        +inf at t = 0, where there is no noise; finite at every other t. As `alpha_bar`.
        """
        return self._look_up(self._log_snrs, t, dtype)

    def rates(self, t: Tensor, x_0: Tensor) -> tuple[Tensor, Tensor]:
        """√ᾱ_t and √(1 − ᾱ_t), ready to be multiplied with a batch: made for training loops.

        `signal_rate` and `noise_rate` check each t, and for that the program waits until its GPU
        has sent t. Here t is trusted and nothing waits. The first call for a dtype and a device
        makes a table there, which later calls use.

        Args:
            t: times in 0 … T, an int64 tensor of shape (B,), on the device of `x_0`.
            x_0: a floating-point tensor of shape (B, …).

        Returns:
            The signal rates and the noise rates, with the dtype and device of `x_0`, each of shape
            (B, 1, …, 1), so that they broadcast.

        Raises:
            IndexError or RuntimeError, as PyTorch words it: a time is outside 0 … T.
        """
        table = self._rate_tables.get((x_0.dtype, x_0.device))
        if table is None:
            table = torch.stack([self._signal_rates, self._noise_rates])
            # Rounded before it is moved: some devices have no float64.
            table = table.to(x_0.dtype).to(x_0.device)
            if type(table) is Tensor:  # a tracer such as torch.export has others, without values
                self._rate_tables[x_0.dtype, x_0.device] = table
        return table.index_select(1, t).reshape(2, -1, *[1] * (x_0.ndim - 1)).unbind()

    def _look_up(self, table: Tensor, t: int | Tensor, dtype: torch.dtype, first=0) -> Tensor:
        """The values at times t of a table that starts at t = `first`."""
        check_dtype(dtype)
        index = check_times(t, first, self.time_steps) - first
        # `take` gives a new tensor, where table[index] can be a part of the table.
        values = table.take(index).to(dtype)
        return values.to(t.device) if isinstance(t, Tensor) else values

    def __len__(self) -> int:
        return self.time_steps

    def __eq__(self, other) -> bool:
        if not isinstance(other, NoiseSchedule):
            return NotImplemented
        return torch.equal(self._betas, other._betas)

    def __hash__(self) -> int:
        return hash(tuple(self._betas.tolist()))

    def __getstate__(self) -> dict:
        return self.__dict__ | {"_rate_tables": {}}  # a copy makes its own, where it is used

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
