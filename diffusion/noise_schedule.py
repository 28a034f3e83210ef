"""The noise schedule: how much variance each step adds, and what that leaves of the picture."""

import math

import torch
from torch import Tensor

from diffusion.arguments import (
    as_numbers,
    check_beta,
    check_dtype,
    check_number,
    check_time_steps,
    check_times,
)


class NoiseSchedule:
    """The variances β_1 … β_T of the forward process, and all that follows from them.

    β grows linearly from `beta_start` to `beta_end` in `time_steps` steps (Ho et al. 2020, §4;
    the defaults are theirs). Other shapes have names: `scaled_linear`, `cosine`, `sigmoid`,
    `constant`; or they come from a list, `from_betas` and `from_alpha_bars`.

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
        self._build(_line(beta_start, beta_end, time_steps))

    @classmethod
    def linear(
        cls, beta_start: float = 1e-4, beta_end: float = 0.02, time_steps: int = 1000
    ) -> "NoiseSchedule":
        """β_t on a straight line: what `NoiseSchedule(…)` makes (Ho et al. 2020, §4)."""
        return cls(beta_start, beta_end, time_steps)

    @classmethod
    def scaled_linear(
        cls, beta_start: float = 0.00085, beta_end: float = 0.012, time_steps: int = 1000
    ) -> "NoiseSchedule":
        """√β_t on a straight line; the two ends are Stable Diffusion's (Rombach et al. 2022).

        With these ends √ᾱ_T = 0.068: the walk does not quite end in noise; see `rescaled`.
        Arguments and errors as for `NoiseSchedule`.
        """
        check_beta("beta_start", beta_start)
        check_beta("beta_end", beta_end)
        check_time_steps(time_steps)
        schedule = cls.__new__(cls)
        schedule._build(_line(beta_start**0.5, beta_end**0.5, time_steps) ** 2)
        return schedule

    @classmethod
    def constant(cls, beta: float = 0.01, time_steps: int = 1000) -> "NoiseSchedule":
        """The same β in every step, so that ᾱ_t = (1 − β)^t (Ho et al. 2020, App. B, tried it)."""
        check_beta("beta", beta)
        return cls(beta, beta, time_steps)

    @classmethod
    def cosine(cls, time_steps: int = 1000, s: float = 0.008) -> "NoiseSchedule":
        """ᾱ_t falls along a squared cosine (Nichol and Dhariwal 2021, Eq. 17).

            ᾱ_t = f(t) / f(0)

        with f(t) = cos²((t/T + s) / (1 + s) · π/2). It ends at ᾱ_T = 0, with β_T = 1. As in the
        paper every β is at most 0.999, which only the last one would exceed, and ᾱ_T is what the
        clipped β give: √ᾱ_T = 4.9 · 10⁻⁵ with T = 1000.

        Args:
            time_steps: T.
            s: keeps the first β from being tiny; 0 or more.

        Raises:
            TypeError: `time_steps` is not an integer, or `s` is not a number.
            ValueError: `time_steps` is not in 1 … 1 000 000, `s` is negative, or not finite, or so
                large that ᾱ does not fall.
        """
        s = check_number("s", s)
        if s < 0:
            raise ValueError(f"s must be 0 or more, but it is {s}.")
        angles = (_shares(time_steps) + s) / (1 + s) * (math.pi / 2)
        f = torch.cos(angles) ** 2
        return cls.from_alpha_bars(f[1:] / f[0])

    @classmethod
    def sigmoid(
        cls, time_steps: int = 1000, start: float = -3.0, end: float = 3.0, tau: float = 1.0
    ) -> "NoiseSchedule":
        """ᾱ_t falls along a sigmoid, from `start` to `end` (Jabri et al. 2023; Chen 2023, §2.1).

            ᾱ_t = (v(t) − v(T)) / (v(0) − v(T))

        with v(t) = sigmoid(−(start + (end − start) t/T) / tau). As with `cosine`, β_T is clipped
        from 1 to 0.999. Another schedule has the same name: that of GeoDiff (Xu et al. 2022),
        "sigmoid" in `diffusers`, in which β_t, not ᾱ_t, follows a sigmoid.

        Raises:
            TypeError: `time_steps` is not an integer, or another argument is not a number.
            ValueError: `time_steps` is not in 1 … 1 000 000, `start` is not below `end`, `tau` is
                not above 0, one of them is not finite, or the curve is so steep, or so flat, that
                ᾱ does not fall at some step.
        """
        start, end, tau = map(check_number, ("start", "end", "tau"), (start, end, tau))
        if not start < end:
            raise ValueError(f"start must be below end, but they are {start} and {end}.")
        if not tau > 0:
            raise ValueError(f"tau must be above 0, but it is {tau}.")
        v = torch.sigmoid(-(start + (end - start) * _shares(time_steps)) / tau)
        return cls.from_alpha_bars((v[1:] - v[-1]) / (v[0] - v[-1]))

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
        schedule = cls.__new__(cls)
        schedule._build(as_numbers("betas", betas))
        return schedule

    @classmethod
    def from_alpha_bars(cls, alpha_bars, beta_max: float = 0.999) -> "NoiseSchedule":
        """A schedule whose ᾱ_1 … ᾱ_T are these, as far as β ≤ `beta_max` allows.

        Each β_t leads from where the schedule really is to ᾱ_t. Where that would take a β above
        `beta_max`, the schedule stays above ᾱ_t and catches up as soon as it can. So ᾱ_T = 0 can
        be asked for, and comes out as small as `beta_max` allows.

        Args:
            alpha_bars: as `betas` in `from_betas`; from below 1 falling with every step, until
                they reach 0, where they may stay.
            beta_max: the largest β, strictly between 0 and 1.

        Raises:
            TypeError: `alpha_bars` holds something other than real numbers.
            ValueError: `alpha_bars` is empty, not one-dimensional, leaves 0 … 1, or does not fall;
                or `beta_max` is not between 0 and 1.
        """
        check_beta("beta_max", beta_max)
        beta_max = float(beta_max)
        before, left, betas = 1.0, 1.0, []
        for t, alpha_bar in enumerate(as_numbers("alpha_bars", alpha_bars).tolist(), start=1):
            if not (0 < alpha_bar < before or alpha_bar == 0):
                raise ValueError(
                    f"alpha_bars must fall from 1 towards 0 with every step, but step {t} leads "
                    f"from {before} to {alpha_bar}."
                )
            before = alpha_bar
            # The difference first: it is exact where the two are near, and never rounded to 0.
            betas.append(min((left - alpha_bar) / left, beta_max) if left else beta_max)
            left = max(alpha_bar, left * (1 - beta_max))
        return cls.from_betas(betas)

    def rescaled(self, beta_max: float = 0.999) -> "NoiseSchedule":
        """This schedule, shifted and stretched until it ends in noise (Lin et al. 2023, Alg. 1).

        √ᾱ_t becomes (√ᾱ_t − √ᾱ_T) · √ᾱ_1 / (√ᾱ_1 − √ᾱ_T): the first one stays and the last one is
        0, "zero terminal SNR", with β_T = 1. Here a β stays below 1, so that the last one is
        `beta_max`, and ᾱ_T is small but not 0: √ᾱ_T = 1.4 · 10⁻⁵ for `scaled_linear()`.

        Raises:
            ValueError: there is one step only, `beta_max` is not between 0 and 1, or the first β is
                too small for 1 − β to differ from 1.
        """
        if self.time_steps < 2:
            raise ValueError("rescaling needs a schedule with two steps or more.")
        rates = self._signal_rates[1:]
        stretched = (rates - rates[-1]) * (rates[0] / (rates[0] - rates[-1]))
        stretched[stretched < 1e-150] = 0  # its square would have too few digits, or none
        return type(self).from_alpha_bars(stretched**2, beta_max)

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


def _line(first: float, last: float, time_steps: int) -> Tensor:
    return torch.linspace(float(first), float(last), time_steps, dtype=torch.float64, device="cpu")


def _shares(time_steps: int) -> Tensor:
    """t / T at t = 0 … T."""
    check_time_steps(time_steps)
    return torch.arange(time_steps + 1, dtype=torch.float64, device="cpu") / time_steps
