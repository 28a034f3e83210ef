"""The core's promises as figures: exactness, speed, memory. Run: python benchmarks/core.py

Ways are timed in turn, so that a busy moment meets them all; what counts are the ratios.
"""

import json
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import accumulate, islice
from pathlib import Path

os.environ.setdefault(
    "KINETO_LOG_LEVEL", "99"
)  # or torch's profiler prints when it starts and stops

import torch
from diffusers import DDPMScheduler
from tables import Table, show
from torch.profiler import ProfilerActivity, profile

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from oracles import decimal_rates, worst_relative_error

from diffusion import NoiseSchedule, collapse_noise, forward_chain, q_sample, sample_xt


def measure() -> Iterator[Table]:
    yield exactness()
    yield sampling()
    yield chain_and_jump()


def exactness(lengths=(10, 100, 1000, 10_000)) -> Table:
    rows = []
    for time_steps in lengths:
        exact = decimal_rates(1e-4, 0.02, time_steps)
        t = torch.arange(1, time_steps + 1)
        schedule = NoiseSchedule(time_steps=time_steps)
        theirs = DDPMScheduler(num_train_timesteps=time_steps).alphas_cumprod
        plain = torch.cumprod(1 - torch.linspace(1e-4, 0.02, time_steps), 0)
        ways = [(schedule.signal_rate(t), schedule.noise_rate(t))]
        ways += [(alpha_bars.sqrt(), (1 - alpha_bars).sqrt()) for alpha_bars in (theirs, plain)]
        errors = [list(map(worst_relative_error, way, exact)) for way in ways]
        rows.append((time_steps, *(max(error) for error in errors)))
    return Table(
        "Exactness",
        "The worst relative error of the signal rate and the noise rate over all t, as float32, "
        "against 50-digit arithmetic. A float32 itself is exact to 6e-8. “Plain” is "
        "`torch.cumprod` and `1 - ᾱ` in float32.",
        {"T": "{:,}", "ours": "{:.1e}", "diffusers": "{:.1e}", "plain float32": "{:.1e}"},
        rows,
    )


SHAPES = ((8, 2), (128, 1, 28, 28), (128, 3, 64, 64), (64, 3, 256, 256))


def sampling(shapes=SHAPES, runs=200) -> Table:
    ways = ["`randn_like`", "ours", "diffusers", "textbook"]
    columns = {"batch": "{}", "`randn_like`": "{:,.0f} µs"}
    columns |= {way: "{:.2f} ×" for way in ways[1:]}
    columns |= {f"{way}, memory": "{:.2f}" for way in ways[1:]}
    rows = []
    for shape in shapes:
        functions = samplers(torch.randn(shape))
        numel = torch.Size(shape).numel()
        floor, *others = medians(functions, runs if numel < 1e6 else math.ceil(runs / 8))
        peaks = map(peak_memory, functions[1:])
        rows.append(
            (
                str(shape),
                1e6 * floor,
                *(other / floor for other in others),
                *(peak / (4 * numel) for peak in peaks),
            )
        )
    return Table(
        "A training batch",
        "The time of `sample_xt`, as a multiple of `torch.randn_like` alone: the noise has to be "
        "drawn in any case. Then the most memory that is held at once, as a multiple of the "
        "batch's own; x_t and the noise make 2, in the smallest batch t and the rates double that. "
        "Diffusers is `randn_like` and `DDPMScheduler.add_noise`; textbook is √ᾱ · x_0 + "
        "√(1 − ᾱ) · noise, with float32 tables.",
        columns,
        rows,
    )


def samplers(x_0):
    """The floor, and three ways to noise a training batch."""
    schedule, scheduler = NoiseSchedule(), DDPMScheduler()
    alpha_bars = schedule.alpha_bars

    def floor():
        return torch.randn_like(x_0)

    def ours():
        return sample_xt(x_0, schedule)

    def diffusers():
        noise, t = torch.randn_like(x_0), torch.randint(0, 1000, x_0.shape[:1])
        return scheduler.add_noise(x_0, noise, t), noise, t

    def textbook():
        noise, t = torch.randn_like(x_0), torch.randint(0, 1000, x_0.shape[:1])
        alpha_bar = alpha_bars[t].reshape(-1, *[1] * (x_0.ndim - 1))
        return alpha_bar.sqrt() * x_0 + (1 - alpha_bar).sqrt() * noise, noise, t

    return [floor, ours, diffusers, textbook]


def chain_and_jump(size=256, times=(1, 3, 10, 30, 100, 300, 1000), runs=5) -> Table:
    schedule, generator = NoiseSchedule(), torch.Generator().manual_seed(0)
    x_0 = torch.randn(1, 3, size, size, generator=generator)
    exact = torch.randn(1, 3, 32, 32, generator=generator, dtype=torch.float64)
    noises = torch.randn(1000, *exact.shape, generator=generator, dtype=torch.float64)

    def chain(t):
        return lambda: next(islice(forward_chain(x_0, schedule), t - 1, None))

    def plain_loop(t):
        def walk():
            x_t = x_0
            for beta in schedule.betas[:t]:
                x_t = (1 - beta).sqrt() * x_t + beta.sqrt() * torch.randn_like(x_t)
            return x_t

        return walk

    def jump(t):
        return lambda: q_sample(x_0, t, schedule)

    rows = []
    for t in times:
        walked, looped, jumped = medians([chain(t), plain_loop(t), jump(t)], runs)
        x_t = next(islice(forward_chain(exact, schedule, noises), t - 1, None))
        closed = q_sample(exact, t, schedule, collapse_noise(noises[:t], schedule))
        difference = (x_t - closed).abs().max().item()
        rows.append((t, *(1000 * each for each in (walked, looped, jumped)), walked / jumped))
        rows[-1] += (difference,)
    return Table(
        "The walk and the jump",
        f"From x_0, a colour picture of {size} × {size}, to x_t. The plain loop is two roots, two "
        "products and a sum in each step, without any check. The difference is the largest between "
        "the chain's x_t and that of `q_sample` with the chain's own noises, collapsed into one, "
        "in float64.",
        {
            "t": "{:,}",
            "forward_chain": "{:.2f} ms",
            "plain loop": "{:.2f} ms",
            "q_sample": "{:.2f} ms",
            "chain / jump": "{:,.0f} ×",
            "difference": "{:.0e}",
        },
        rows,
    )


def medians(ways, runs, shortest=0.005) -> list[float]:
    """The median time of a call of each way in seconds, over so many runs.

    They take turns, and each turn is as many calls as fill the shortest time, in seconds, in which
    the clock and its own call weigh nothing.
    """
    calls = []
    for way in ways:
        seconds(way, 2)  # the first calls are slower
        calls.append(math.ceil(shortest / seconds(way, 2)))
    turns = [list(map(seconds, ways, calls)) for _ in range(runs)]
    return [statistics.median(taken) for taken in zip(*turns, strict=True)]


def seconds(way, calls) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        way()
    return (time.perf_counter() - start) / calls


def peak_memory(way) -> int:
    """The most bytes of tensors that one call holds at once, beyond those held before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        result = way()
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        seen.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text("utf-8"))["traceEvents"]
    del result  # until here: what is given back counts as held
    taken = [event for event in events if event["name"] == "[memory]"]
    taken.sort(key=lambda event: event["ts"])
    return max(accumulate(event["args"]["Bytes"] for event in taken))


if __name__ == "__main__":
    show(measure())
