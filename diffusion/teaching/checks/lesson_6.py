"""Lesson 6, choose a schedule."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from diffusion import NoiseSchedule
from diffusion.teaching.checks.judging import (
    NOT_YET,
    Mistake,
    Mistakes,
    Trial,
    judge,
    judge_value,
    kind,
    name_mistake,
    same,
    several_tensors,
)

S, LIMIT = 0.008, 0.999
# The cosine of float32 errs by 10⁻⁷, and the last ratios, of two tiny ᾱ, turn that into 3 · 10⁻⁵.
# ᾱ_T may be 0, or what the clipped β make of it, 6 · 10⁻⁶ with T = 20. The finest of the mistakes,
# to leave out f(0), changes ᾱ_1 by 1.6 · 10⁻⁴.
TOLERANCE = 2e-5


def check_cosine(attempt: Callable[[int], tuple[Tensor, Tensor]]) -> None:
    """Lesson 6: `attempt(time_steps)` gives alpha_bars and betas of the cosine schedule."""
    label = "Right for T = 20, but not for T = 1000: "
    judge(attempt, _cosine_trial(20), _cosine_trial(1000, label))


def _cosine_trial(T: int, label: str = "") -> Trial:
    t = torch.arange(T + 1, dtype=torch.float64)
    f = _f(_angle(t / T))
    exact = f[1:] / f[0]

    def compare(answers, _):
        (answer,) = answers
        if isinstance(answer, NoiseSchedule):
            raise Mistake("A NoiseSchedule does the work for you. Make the two tensors yourself.")
        several_tensors(answer, ("alpha_bars", "betas"))
        alpha_bars, betas = answer
        right = _same(alpha_bars, exact)
        with _about("alpha_bars"):
            _check_form(alpha_bars, T)
            if not right:
                name_mistake(alpha_bars, exact, _wrong_alpha_bars(alpha_bars, t), TOLERANCE)
                # Made of the β? Then what is wrong may be these.
                if not _same(alpha_bars, (1 - betas.double()).cumprod(0)):
                    raise Mistake(NOT_YET)
        base = alpha_bars.double() if right else exact
        with _about("betas"):
            _check_form(betas, T)
            if not any(_same(betas, _betas(one)) for one in (exact, base)):
                name_mistake(betas, exact, _wrong_betas(betas.double(), base), TOLERANCE)
                if right:
                    raise Mistake(NOT_YET)
        if not right:
            raise Mistake(f"alpha_bars: {NOT_YET}")

    return Trial(lambda: (T,), compare, label=label)


def _angle(share: Tensor) -> Tensor:
    return (share + S) / (1 + S) * (math.pi / 2)


def _f(angle: Tensor) -> Tensor:
    return torch.cos(angle) ** 2


def _ratios(alpha_bars: Tensor) -> Tensor:
    return alpha_bars / torch.cat([torch.ones(1), alpha_bars[:-1]])


def _betas(alpha_bars: Tensor) -> Tensor:
    betas = (1 - _ratios(alpha_bars)).clamp(max=LIMIT)
    return torch.cat([betas[:-1], torch.full((1,), LIMIT)])  # even if ᾱ_T is not quite 0


def _clipped(alpha_bars: Tensor) -> Tensor:
    """The ᾱ of the clipped β."""
    return _ratios(alpha_bars).clamp(min=1 - LIMIT).cumprod(0)


def _same(answer: Tensor, other: Tensor) -> bool:
    return same(answer, other, TOLERANCE)


@contextmanager
def _about(name: str) -> Iterator[None]:
    try:
        yield
    except Mistake as mistake:
        raise Mistake(f"{name}: {mistake}") from None


def _check_form(table: Tensor, T: int) -> None:
    if table.dtype not in (torch.float32, torch.float64):
        raise Mistake(
            f"Make it float32 or float64. In {table.dtype}, 1 − β is 1 for the smallest β of 1000 "
            "steps."
        )
    if table.shape == (T + 1,):
        raise Mistake("One value too many: T steps have T values. t = 0 is no step.")
    if table.shape == (T - 1,):
        raise Mistake(
            "One value is missing: T steps have T values. From t = 0 to T there are T + 1 numbers, "
            "and they have T ratios."
        )
    if T < 1000 and table.shape in ((1000,), (1001,)):
        raise Mistake("These are 1000 steps. Take the time_steps that you are given.")
    name_mistake(table, torch.empty(T), {})  # the shape


def _wrong_alpha_bars(alpha_bars: Tensor, t: Tensor) -> Mistakes:
    T, quarter = len(alpha_bars), math.pi / 2
    share = t / T
    angle = _angle(share)
    f, too_few = _f(angle), _f(_angle(torch.linspace(0, 1, T, dtype=t.dtype)))
    right = f[1:] / f[0]
    alphas = _ratios(right)

    def wrong(*angles: Tensor, f: Callable[[Tensor], Tensor] = _f) -> list[Tensor]:
        """What f gives at these angles: divided by f(0) or not, or made of the clipped β."""
        values = [f(angle) for angle in angles]
        bars = [value[1:] / value[0] for value in values]
        return [*bars, *(value[1:] for value in values), *map(_clipped, bars)]

    return {
        "You left out the division by f(0). ᾱ_t = f(t) / f(0), so that ᾱ_0 = 1.": f[1:],
        "You divided by f(1), so that your ᾱ_1 is 1. f(0) belongs to t = 0, one step before.": [
            f[1:] / f[1]
        ],
        "Your first value is that of t = 0. The steps are t = 1 … T, and t/T runs from 1/T to 1.": [
            f[:-1] / f[0],
            f[:-1],
            too_few / f[0],
            too_few,
        ],
        "These are √ᾱ. f(t) is the cosine squared, and ᾱ_t = f(t) / f(0) without a root.": wrong(
            angle, f=torch.cos
        ),
        "You squared twice. ᾱ_t = f(t) / f(0), and f(t) is the square already.": wrong(
            angle, f=lambda angle: _f(angle) ** 2
        ),
        "You squared the angle. cos² is the square of the cosine: torch.cos(…) ** 2.": wrong(
            angle**2, angle**2 / quarter, f=torch.cos
        ),
        "s is missing. The angle is (t/T + s) / (1 + s) · π/2, with s = 0.008.": wrong(
            share * quarter
        ),
        "Your s is another one. Take s = 0.008.": wrong(
            *((share + s) / (1 + s) * quarter for s in (8, 0.8, 0.08, 0.01, 0.0008))
        ),
        "The denominator 1 + s is missing, so that the angle grows beyond π/2.": wrong(
            (share + S) * quarter
        ),
        "s stands in the denominator alone. The angle is (t/T + s) / (1 + s) · π/2.": wrong(
            share / (1 + S) * quarter
        ),
        "A bracket of the angle is misplaced. It is ((t/T + s) / (1 + s)) · (π/2).": wrong(
            share + S / (1 + S) * quarter,
            (share + S / (1 + S)) * quarter,
            share + S + S * quarter,
            (share + S + S) * quarter,
            (t + S) / T / (1 + S) * quarter,
            t / (T + S) / (1 + S) * quarter,
            (t + S) / (T + S) * quarter,
        ),
        "You took π where the formula has π/2.": wrong(2 * angle),
        "You took 2π where the formula has π/2.": wrong(4 * angle),
        "The factor π/2 is missing in the angle.": wrong(angle / quarter),
        "You divided by π/2. The formula multiplies with it.": wrong(angle / quarter**2),
        "3.14 is too rough here. Take math.pi.": wrong(angle / math.pi * 3.14),
        "Your angle is in degrees. The cosine takes it in radians: π/2, not 90.": wrong(
            angle.rad2deg()
        ),
        "You took t where the formula has t/T.": wrong(_angle(t)),
        "t // T is a whole number, and 0 before t = T. Divide with one stroke: t / T.": wrong(
            _angle(share.floor())
        ),
        "These are the first ᾱ of T = 1000. Take the time_steps that you are given.": wrong(
            _angle(t / 1000)
        ),
        "You divided t by T − 1. The formula has t/T.": wrong(_angle(t / (T - 1))),
        "You divided t by T + 1. The formula has t/T.": wrong(_angle(t / (T + 1))),
        "You took the sine. f(t) is the cosine squared.": [
            *wrong(angle, f=torch.sin),
            *wrong(angle, f=lambda angle: torch.sin(angle) ** 2),
        ],
        "That is 1 − ᾱ_t, the share of the noise. ᾱ_t is the picture's.": 1 - right,
        "They run backwards: ᾱ_1, near 1, comes first.": right.flip(0),
        "You multiplied them up. f(t) / f(0) is ᾱ_t already, the running product: no cumprod.": [
            right.cumprod(0),
            f[1:].cumprod(0),
        ],
        "These are the α_t. ᾱ_t = f(t) / f(0) is their running product.": [
            alphas,
            alphas.clamp(max=LIMIT),
            alphas.clamp(min=1 - LIMIT),
        ],
        "These are the β. ᾱ comes first: give back (alpha_bars, betas).": [
            1 - alphas,
            *((1 - alphas).clamp(max=limit) for limit in (LIMIT, 0.9999, 0.02)),
        ],
        "You clipped the ᾱ. The limit of 0.999 is for the β.": right.clamp(max=LIMIT),
        "They grow from step to step, but ᾱ falls. (The order is alpha_bars, betas.)": (
            alpha_bars if (alpha_bars.diff() > 0).all() else []
        ),
    }


def _wrong_betas(betas: Tensor, alpha_bars: Tensor) -> Mistakes:
    ratios, before = _ratios(alpha_bars), torch.cat([torch.ones(1), alpha_bars[:-1]])
    unclipped, right = 1 - ratios, _betas(alpha_bars)
    first, last, least, most = betas[:1], betas[-1:], betas.min(), betas.max()

    def wrong(*tables: Tensor) -> list[Tensor]:
        """These, clipped or not."""
        return [to for one in tables for to in (one, one.clamp(max=LIMIT), one.clamp(0, LIMIT))]

    return {
        f"All of yours are {most:.4g}. Is the ratio upside down, or another limit in place of "
        ".clamp(max=0.999)?": most.expand(len(betas)),
        f"Your β_T is {betas[-1]:.6g}. As ᾱ_T = 0, the ratio makes it 1, and the limit then 0.999: "
        ".clamp(max=0.999).": torch.cat([right[:-1], last]),
        f"Your β_1 is {betas[0]:.4g}. As ᾱ_0 = 1, it should be 1 − ᾱ_1.": [
            torch.cat([first, one[1:]]) for one in (right, unclipped)
        ],
        f"You clipped them at {most:.4g}. The limit is 0.999.": unclipped.clamp(max=most),
        f"You clipped them from below as well, at {least:.2g}. There is a limit above "
        "alone: .clamp(max=0.999).": right.clamp(min=least),
        "Your limit is one from below. It should be one from above: .clamp(max=0.999).": (
            unclipped.clamp(min=LIMIT)
        ),
        "They begin with β_2. β_1 = 1 − ᾱ_1 / ᾱ_0, and ᾱ_0 = 1.": [
            torch.cat([one[1:], last]) for one in (right, unclipped)
        ],
        "They are one step late: your second one is β_1.": torch.cat([first, right[:-1]]),
        "The ratio is upside down: ᾱ_t, the smaller one, belongs above ᾱ_{t−1}.": wrong(
            1 - 1 / ratios, 1 / ratios
        ),
        "You divided by ᾱ_t. β_t = (ᾱ_{t−1} − ᾱ_t) / ᾱ_{t−1}.": wrong(1 / ratios - 1),
        "You subtracted without dividing: β_t = (ᾱ_{t−1} − ᾱ_t) / ᾱ_{t−1}.": wrong(
            before - alpha_bars
        ),
        "These are the α_t = ᾱ_t / ᾱ_{t−1}. What is missing to 1 is β_t.": wrong(ratios),
        "The sign is turned round: β_t = 1 − ᾱ_t / ᾱ_{t−1}.": [-unclipped, -right],
        "These are the ᾱ. β_t = 1 − ᾱ_t / ᾱ_{t−1}.": wrong(alpha_bars),
        "That is 1 − ᾱ_t, the noise of the first t steps together. Step t alone adds "
        "β_t = 1 − ᾱ_t / ᾱ_{t−1}.": wrong(1 - alpha_bars),
        "There is a root too many: β_t = 1 − ᾱ_t / ᾱ_{t−1} has none.": [
            *wrong(1 - ratios.sqrt(), unclipped.sqrt()),
            right.sqrt(),
        ],
        "They run backwards: β_1, the smallest, comes first.": [right.flip(0), unclipped.flip(0)],
    }


def check_repair(attempt: NoiseSchedule) -> None:
    """Lesson 6: 1000 steps that end in noise, and of which few are wasted and none is a jump."""

    def compare(schedule):
        if callable(schedule):
            raise Mistake("Hand over the schedule itself: call what makes it, with (…).")
        if not isinstance(schedule, NoiseSchedule):
            raise Mistake(
                f"Hand over a NoiseSchedule, not {kind(schedule)}. NoiseSchedule.from_betas(…) "
                "makes one of β_1 … β_T, and NoiseSchedule.from_alpha_bars(…) of ᾱ_1 … ᾱ_T."
            )
        T = schedule.time_steps
        if T != 1000:
            raise Mistake(f"Yours has T = {T}. Make one of 1000 steps.")

        left = round(100 * schedule.signal_rate(T, torch.float64).item(), 3)
        if left > 0.1:
            raise Mistake(
                f"At the end, {left:g} % of the picture is left (√ᾱ_T), and it should be 0.1 % at "
                "most. Larger β leave less."
            )

        log_snrs = schedule.log_snr(torch.arange(T + 1), torch.float64)
        clean, noisy = int((log_snrs[1:] > 6).sum()), int((log_snrs < -6).sum())
        if clean + noisy > 100:
            raise Mistake(
                f"{(clean + noisy) / 10:g} % of the steps are wasted, and 10 % may be at most: "
                f"{clean} are too clean, at the start (log SNR above 6), and {noisy} too noisy, at "
                "the end (below −6)."
            )

        # Cut, not left out: a fall from inside of the range to beyond it counts as far as it goes.
        size, at = (-log_snrs.clamp(-6, 6).diff()).max(0)
        if round(size.item(), 3) > 0.3:
            raise Mistake(
                f"From t = {at} to t = {at + 1}, log SNR falls by {size:.3f} between 6 and −6, and "
                f"it should fall by 0.3 at most. Make β_{at + 1} smaller, or the ones before it "
                "larger."
            )

    judge_value(attempt, compare)
