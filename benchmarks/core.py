"""The core's promises as figures: exactness, equivalence, speed. Run: python benchmarks/core.py

Prints medians of alternating runs and ratios within this run; timings differ from machine to
machine, the ratios much less.
"""

import statistics
import sys
import time
from itertools import islice
from pathlib import Path

import torch
from diffusers import DDPMScheduler

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from oracles import decimal_rates, worst_relative_error

from diffusion import NoiseSchedule, collapse_noise, forward_chain, q_sample, sample_xt


def exactness():
    print("worst relative error of √ᾱ_t and √(1−ᾱ_t) over all t, against 50-digit arithmetic")
    print(f"{'T':>6} {'ours':>20} {'diffusers':>20} {'plain float32':>20}")
    for time_steps in (1, 2, 50, 1000, 10_000):
        exact = decimal_rates(1e-4, 0.02, time_steps)
        t = torch.arange(1, time_steps + 1)
        schedule = NoiseSchedule(time_steps=time_steps)
        theirs = DDPMScheduler(num_train_timesteps=time_steps).alphas_cumprod
        plain = torch.cumprod(1 - torch.linspace(1e-4, 0.02, time_steps), 0)
        ways = [(schedule.signal_rate(t), schedule.noise_rate(t))]
        ways += [(a.sqrt(), (1 - a).sqrt()) for a in (theirs, plain)]
        cells = (
            " ".join(
                f"{worst_relative_error(rate, truth):9.2g}"
                for rate, truth in zip(way, exact, strict=True)
            )
            for way in ways
        )
        print(f"{time_steps:>6} " + " ".join(f"{cell:>20}" for cell in cells))


def equivalence():
    schedule, generator = NoiseSchedule(), torch.Generator().manual_seed(0)
    x_0 = torch.randn(3, 32, 32, generator=generator, dtype=torch.float64)
    noises = torch.randn(1000, 3, 32, 32, generator=generator, dtype=torch.float64)
    x_t = next(islice(forward_chain(x_0, schedule, noises), 999, None))
    closed = q_sample(x_0, 1000, schedule, collapse_noise(noises, schedule))
    print(f"\nchain against closed form at t = 1000, float64: {(x_t - closed).abs().max():.2g}")


def speed(shape, runs=60):
    x_0, schedule, scheduler = torch.randn(shape), NoiseSchedule(), DDPMScheduler()
    alpha_bars = schedule.alpha_bars

    def floor():
        return torch.randn_like(x_0)

    def ours():
        return sample_xt(x_0, schedule)

    def diffusers():
        noise, t = torch.randn_like(x_0), torch.randint(0, 1000, shape[:1])
        return scheduler.add_noise(x_0, noise, t), noise, t

    def textbook():
        noise, t = torch.randn_like(x_0), torch.randint(0, 1000, shape[:1])
        a = alpha_bars[t].reshape(-1, *[1] * (x_0.ndim - 1))
        return a.sqrt() * x_0 + (1 - a).sqrt() * noise, noise, t

    ways = (floor, ours, diffusers, textbook)
    times = {way: [] for way in ways}
    for run in range(runs + 5):
        for way in ways:
            start = time.perf_counter()
            way()
            if run >= 5:
                times[way].append(time.perf_counter() - start)
    median = {way: statistics.median(times[way]) for way in ways}
    cells = (
        f"{way.__name__} {1000 * m:.2f} ms ({m / median[floor]:.2f}×)" for way, m in median.items()
    )
    print(f"{shape!s:>20}: " + ", ".join(cells))


if __name__ == "__main__":
    exactness()
    equivalence()
    print("\nsample_xt, median of 60 alternating runs; floor is torch.randn_like alone")
    for shape in [(128, 1, 28, 28), (128, 3, 64, 64), (64, 3, 256, 256)]:
        speed(shape, runs=60 if shape[-1] < 256 else 15)
