"""The way back: what a network learns, where its walks end, and what a step costs.

Run: python benchmarks/learning.py
"""

import statistics
import time
from collections.abc import Iterator

import torch
from core import medians
from diffusers import DDPMScheduler
from tables import Table, show
from torch.nn.functional import mse_loss

from diffusion import NoiseSchedule, ancestral_step, sample, sample_xt
from diffusion.teaching.mixtures import sliced_wasserstein, spiral
from diffusion.teaching.networks import PointNetwork

DATA = spiral()
SCHEDULE = NoiseSchedule(0.001, 0.2, 100)
ALPHA_BARS = SCHEDULE.alpha_bar(torch.arange(1, 101), torch.float64)
SCHEDULES = {  # to walk back on
    "1,000": NoiseSchedule(),
    "100": SCHEDULE,
    "50": NoiseSchedule.from_alpha_bars(ALPHA_BARS[1::2]),
    "20": NoiseSchedule.from_alpha_bars(ALPHA_BARS[4::5]),
    "50, wrong end": NoiseSchedule(time_steps=50),
}
SEEDS = (0, 1, 2)


def measure() -> Iterator[Table]:
    told, untold = ([learn(seed, told_t) for seed in SEEDS] for told_t in (True, False))
    yield training(told, untold)
    yield walks([network for network, _ in told])
    yield steps_back()


def learn(seed, told_t=True, steps=3000, batch=512) -> tuple[PointNetwork, float]:
    """A network that has learned the spiral, and the processor's seconds that this took."""
    torch.manual_seed(seed)  # for the weights
    generator = torch.Generator().manual_seed(seed)
    network = PointNetwork(told_t)
    guess = network.denoiser(SCHEDULE)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=steps)
    start = time.process_time()
    for _ in range(steps):
        x_t, noise, t = sample_xt(DATA.draw(batch, generator), SCHEDULE, generator)
        optimizer.zero_grad()
        mse_loss(guess(x_t, t), noise).backward()
        optimizer.step()
        scheduler.step()
    return network, time.process_time() - start


@torch.no_grad()
def training(told, untold, n=50_000) -> Table:
    generator = torch.Generator().manual_seed(100)
    x_t, noise, t = sample_xt(DATA.draw(n, generator), SCHEDULE, generator)
    least = mse_loss(DATA.denoiser(SCHEDULE)(x_t, t), noise).item()
    rows = [("best possible", "–", f"{least:.4f}", "–")]
    for name, learned in (("told the noise level", told), ("not told", untold)):
        losses = [mse_loss(net.denoiser(SCHEDULE)(x_t, t), noise).item() for net, _ in learned]
        seconds = [taken for _, taken in learned]
        above = [loss - least for loss in losses]
        rows.append((name, spread(seconds, ".1f"), spread(losses, ".4f"), spread(above, ".4f")))
    return Table(
        "Learning the spiral",
        "Three layers of 128, 100 noise steps, 3,000 training steps of 512 fresh points; median "
        f"and range of {len(told)} seeds. The seconds are those of all cores together. "
        f"The loss is the mean squared error per coordinate, on the same {n:,} noised points for "
        "all. No guess can get below the best possible.",
        {"network": "{}", "seconds": "{}", "loss": "{}", "above the best possible": "{}"},
        rows,
    )


def walks(networks, points=4000, floors=30, schedules=SCHEDULES) -> Table:
    rows = []
    for name, schedule in schedules.items():
        ends = [], []
        for seed, network in enumerate(networks):
            for far, denoises in zip(ends, (DATA, network), strict=True):
                generator = torch.Generator().manual_seed(200 + seed)
                fresh = DATA.draw(points, generator)
                x_T = torch.randn(points, 2, generator=generator)
                made = sample(denoises.denoiser(schedule), x_T, schedule, generator)
                far.append(sliced_wasserstein(made, fresh))
        left = schedule.signal_rate(len(schedule)).item()
        rows.append((name, left, *(spread(far, ".3f") for far in ends)))

    generator = torch.Generator().manual_seed(300)
    draws = [(DATA.draw(points, generator), DATA.draw(points, generator)) for _ in range(floors)]
    floor = [sliced_wasserstein(a, b) for a, b in draws]
    floor = f"{statistics.mean(floor):.3f}, at most {max(floor):.3f}"
    rows.append((f"fresh data, {floors} times", "–", floor, "–"))
    return Table(
        "Walks back",
        f"The sliced Wasserstein distance between {points:,} points that were sampled and as many "
        "of fresh data, for the best possible guess and for the network, trained with 100 steps; "
        f"median and range of {len(networks)} seeds. Two sets of fresh data are the floor. Fewer "
        "steps have the same ᾱ at their times. The wrong end is `NoiseSchedule(time_steps=50)`.",
        {"steps": "{}", "√ᾱ_T": "{:.4f}", "best possible": "{}", "network": "{}"},
        rows,
    )


def steps_back(shape=(64, 3, 64, 64), time_steps=50, runs=20) -> Table:
    schedule = NoiseSchedule(time_steps=time_steps)
    theirs = DDPMScheduler(time_steps, variance_type="fixed_small", clip_sample=False)
    x_T, guess = torch.randn(shape), torch.randn(shape)

    def denoiser(x_t, t):  # which costs nothing
        return guess

    def floor():
        return torch.randn_like(x_T)

    def ours():
        return ancestral_step(denoiser, x_T, time_steps // 2, schedule)

    def diffusers():
        return theirs.step(guess, time_steps // 2 - 1, x_T).prev_sample

    def our_walk():
        return sample(denoiser, x_T, schedule)

    def their_walk():
        x_t = x_T
        for t in range(time_steps - 1, -1, -1):
            x_t = theirs.step(guess, t, x_t).prev_sample
        return x_t

    randn, step, their_step = medians([floor, ours, diffusers], runs)
    walk, walk_of_theirs = medians([our_walk, their_walk], max(runs // 8, 1))
    rows = [("`ancestral_step`", step, their_step, randn)]
    rows += [(f"`sample`, {time_steps} steps", walk, walk_of_theirs, (time_steps - 1) * randn)]
    return Table(
        "A step back",
        f"A batch of {shape}, with a guess of the noise that costs nothing: the step alone. "
        "Diffusers is `DDPMScheduler.step`, with the same variance and nothing clipped; `randn` is "
        "the noise that has to be drawn in any case.",
        {"": "{}", "ours": "{:.1f} ms", "diffusers": "{:.1f} ms"}
        | {"`randn` alone": "{:.1f} ms", "ours / diffusers": "{:.2f} ×"},
        [
            (name, 1000 * ours, 1000 * theirs, 1000 * least, ours / theirs)
            for name, ours, theirs, least in rows
        ],
    )


def spread(values, how) -> str:
    """The median, and from where to where they go."""
    first, median, last = min(values), statistics.median(values), max(values)
    return f"{median:{how}} ({first:{how}} … {last:{how}})"


if __name__ == "__main__":
    show(measure())
