"""What the tests of the core share: 50-digit arithmetic, a statistical test, and random numbers.

Nothing here uses the code under test.
"""

from decimal import Decimal, localcontext
from itertools import accumulate
from operator import mul

import torch

FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


def seeded(seed=0, device="cpu"):
    return torch.Generator(device).manual_seed(seed)


def gaussian(shape, dtype=torch.float64, device="cpu", seed=0):
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64).to(device, dtype)


def decimal_rates(beta_start, beta_end, time_steps, power=1):
    """√ᾱ_t and √(1 − ᾱ_t) for t = 1 … T in 50-digit arithmetic, straight from the definition.

    β_t^(1/power) is on a straight line: power 2 is the scaled linear schedule.
    """
    with localcontext() as context:
        context.prec = 50
        start, end = (Decimal(beta) ** (1 / Decimal(power)) for beta in (beta_start, beta_end))
        gap = (end - start) / max(time_steps - 1, 1)
        return _rates([(start + gap * i) ** power for i in range(time_steps)])


def decimal_posterior(beta_start, beta_end, time_steps):
    """The weights of x_0 and x_t in the mean of q(x_{t−1} | x_t, x_0), and its variance.

    Of t = 1 … T on a linear schedule, in 50-digit arithmetic, straight from DDPM, Eq. 7.
    """
    with localcontext() as context:
        context.prec = 50
        start, end = Decimal(beta_start), Decimal(beta_end)
        gap = (end - start) / max(time_steps - 1, 1)
        before, rows = Decimal(1), []
        for i in range(time_steps):
            beta = start + gap * i
            alpha_bar = (1 - beta) * before
            of_x_0 = before.sqrt() * beta / (1 - alpha_bar)
            of_x_t = (1 - beta).sqrt() * (1 - before) / (1 - alpha_bar)
            rows.append((of_x_0, of_x_t, beta * (1 - before) / (1 - alpha_bar)))
            before = alpha_bar
        return list(zip(*rows, strict=True))


def decimal_rates_from(f, time_steps, beta_max=0.999):
    """The same of ᾱ_t = f(t/T) / f(0), where β_t ≤ `beta_max`; `f` is of decimals."""
    with localcontext() as context:
        context.prec = 50
        values = [f(Decimal(t) / time_steps) for t in range(time_steps + 1)]
        return _clipped_rates([value / values[0] for value in values[1:]], beta_max)


def cosine(s):
    """cos²((u + s) / (1 + s) · π/2), of a decimal u."""
    half_pi = Decimal("1.57079632679489661923132169163975144209858469968755291")
    s = Decimal(s)

    def f(u):
        x = (u + s) / (1 + s) * half_pi
        term, total, n = Decimal(1), Decimal(0), 0
        while abs(term) > Decimal("1e-60"):  # Taylor's series
            total += term
            n += 2
            term *= -x * x / (n * (n - 1))
        return total**2

    return f


def sigmoid(start, end, tau):
    """v(u) − v(1), v(u) = sigmoid(−(start + (end − start) u) / tau), of a decimal u."""
    start, end, tau = Decimal(start), Decimal(end), Decimal(tau)

    def v(u):
        return 1 / (1 + ((start + (end - start) * u) / tau).exp())

    return lambda u: v(u) - v(Decimal(1))


def decimal_rates_rescaled(signal_rates, beta_max=0.999):
    """From all √ᾱ_t, the rates after Algorithm 1 of Lin et al. 2023, where β_t ≤ `beta_max`."""
    with localcontext() as context:
        context.prec = 50
        first, last = signal_rates[0], signal_rates[-1]
        stretched = [(rate - last) * first / (first - last) for rate in signal_rates]
        return _clipped_rates([rate**2 for rate in stretched], beta_max)


def _clipped_rates(alpha_bars, beta_max):
    """A β leads from where the schedule is to the next ᾱ, or as near to it as it can."""
    left, betas = Decimal(1), []
    for alpha_bar in alpha_bars:
        betas.append(min(1 - alpha_bar / left, Decimal(beta_max)))
        left *= 1 - betas[-1]
    return _rates(betas)


def exact_rates(betas):
    """The same for any floats, with as many digits as 1 minus the smallest float has."""
    with localcontext() as context:
        context.prec = 1100
        return _rates(map(Decimal, betas))


def _rates(betas):
    alpha_bars = list(accumulate((1 - beta for beta in betas), mul))
    return [a.sqrt() for a in alpha_bars], [(1 - a).sqrt() for a in alpha_bars]


def worst_relative_error(values, exact):
    with localcontext() as context:
        context.prec = 50
        pairs = zip(values.tolist(), exact, strict=True)
        return max(float(abs(Decimal(value) - x) / x) for value, x in pairs)


def assert_gaussian(runs, mean, variance, limit=5.0):
    """Assert that each element of `runs`, shape (N, D), is N(mean, variance), element by element.

    Three z-tests per element: its mean, its variance and its fourth moment, each divided by its
    own standard error. Under the right distribution the largest of a few hundred |z| is about 3,
    and their root mean square is about 1, so that both a wrong element and a small error in all
    of them are noticed. Pooling the elements first would hide either.
    """
    n = len(runs)
    u = (runs.double() - mean.double()) / torch.as_tensor(variance).double().sqrt()
    z = {
        "mean": u.mean(0) * n**0.5,
        "variance": ((u**2).mean(0) - 1) * (n / 2) ** 0.5,
        "fourth moment": ((u**4).mean(0) - 3) * (n / 96) ** 0.5,
    }
    for name, score in z.items():
        worst, rms = score.abs().max().item(), score.square().mean().sqrt().item()
        assert worst < limit and rms < 1.6, f"{name}: worst |z| = {worst:.1f}, rms z = {rms:.2f}"
