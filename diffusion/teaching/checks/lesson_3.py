"""Lesson 3, read the schedule."""

from collections.abc import Callable
from itertools import islice, permutations

import torch
from torch import Tensor

from diffusion import NoiseSchedule
from diffusion.teaching.checks.judging import (
    Mistake,
    Trial,
    compare_tensor,
    judge,
    judge_value,
    one_number,
    same,
    several_tensors,
)


def check_schedule_tables(
    attempt: Callable[[float, float, int], tuple[Tensor, Tensor, Tensor]],
) -> None:
    """Lesson 3: `attempt(beta_start, beta_end, time_steps)` gives betas, alphas, alpha_bars."""
    label = "Right for (0.05, 0.4, 6), but not for (0.0001, 0.02, 1000): "
    judge(attempt, _tables_trial(0.05, 0.4, 6), _tables_trial(1e-4, 0.02, 1000, label))


def _tables_trial(start: float, end: float, T: int, label: str = "") -> Trial:
    betas, t = torch.linspace(start, end, T), torch.arange(1, T + 1)
    alphas = 1 - betas
    alpha_bars = alphas.cumprod(0)
    scaled_linear = torch.linspace(start**0.5, end**0.5, T) ** 2
    late = torch.cat([torch.ones(1), alpha_bars[:-1]])
    of_betas = [betas.cumprod(0), 1 - betas.cumprod(0)]
    sums = [alphas.cumsum(0), betas.cumsum(0), 1 - betas.cumsum(0)]
    from_the_end = alphas.flip(0).cumprod(0)
    tables = {"betas": betas, "alphas": alphas, "alpha_bars": alpha_bars}
    mistakes = {
        "betas": {
            "These run from 0.0001 to 0.02. Take the beta_start and beta_end that you are "
            "given.": torch.linspace(1e-4, 0.02, T),
            "These never reach beta_end. torch.linspace(beta_start, beta_end, time_steps) has both "
            "ends.": start + (end - start) * (t - 1) / T,
            "These begin above beta_start. torch.linspace(beta_start, beta_end, time_steps) has "
            "both ends.": start + (end - start) * t / T,
            "You spaced the √β evenly and squared them. That is the “scaled linear” schedule; here "
            "the β themselves are evenly spaced.": scaled_linear,
            "They run backwards: β_1 = beta_start comes first.": betas.flip(0),
            "These are the α. If you changed betas in place, make a new tensor: 1 - betas.": alphas,
        },
        "alphas": {
            "These are the β again. A step keeps what it does not replace: α_t = 1 − β_t.": betas,
            "You took a root already. α_t = 1 − β_t is a share of the variance; the root comes "
            "with the picture.": alphas.sqrt(),
            "The sign is turned round: α_t = 1 − β_t, not β_t − 1.": -alphas,
            "These are the running products already. α_t belongs to step t alone.": alpha_bars,
        },
        "alpha_bars": {
            "These are the α again. ᾱ_t is the product of the first t of them: "
            "torch.cumprod(alphas, dim=0).": alphas,
            "You multiplied the β. Each step keeps α_t of the variance: multiply the α.": of_betas,
            "You added them up. One step after the other multiplies: cumprod, not cumsum.": sums,
            "That is the one product of all the α. Each t needs its own.": [
                alpha_bars[-1],
                alpha_bars[-1].expand(T),
            ],
            "That is an average. The bar over ᾱ is none; it is a running product: "
            "torch.cumprod(alphas, dim=0).": alphas.cumsum(0) / t,
            "e^{−Σβ} is an approximation, good for small β alone. Multiply the α: "
            "torch.cumprod(alphas, dim=0).": (-betas.cumsum(0)).exp(),
            "You took one α to the power t. Each step has an α of its own.": [
                alphas**t,
                alphas[0] ** t,
            ],
            "You took a root already. ᾱ_t is the plain product of the α; √ᾱ_t is the signal "
            "rate.": alpha_bars.sqrt(),
            "Your products are one step late. ᾱ_t has α_t in it already, so the first value is "
            "α_1, not 1.": late,
            "That is 1 − ᾱ_t, the share of the noise. ᾱ_t is the picture's.": 1 - alpha_bars,
            "The products run from the end. Begin with α_1.": [from_the_end, from_the_end.flip(0)],
        },
    }

    def compare(answers, _):
        (answer,) = answers
        if isinstance(answer, NoiseSchedule):
            raise Mistake("A NoiseSchedule does the work for you. Make the three tensors yourself.")
        several_tensors(answer, tuple(tables))
        for order in islice(permutations(tables.values()), 1, None):
            if all(map(same, answer, order)):
                raise Mistake("All three are right, but the order is (betas, alphas, alpha_bars).")
        for (name, right), table in zip(tables.items(), answer, strict=True):
            try:
                if table.shape == (T + 1,):
                    raise Mistake("One value too many: T steps have T values. t = 0 is no step.")
                if table.shape == (T - 1,):
                    raise Mistake("One step is missing: T steps have T values, for t = 1 to T.")
                compare_tensor(table, right, mistakes[name])
            except Mistake as mistake:
                raise Mistake(f"{name}: {mistake}") from None

    return Trial(lambda: (start, end, T), compare, label=label)


def check_beta_end_for_100(attempt: float, time_steps: int = 100) -> None:
    """Lesson 3: a β_end for which `NoiseSchedule(1e-4, β_end, time_steps)` ends in noise."""

    def compare(answer):
        beta_end = one_number(answer)
        if not 0 < beta_end < 1:
            raise Mistake("β is a variance and lies between 0 and 1. Choose a β_end between them.")
        schedule = NoiseSchedule(1e-4, float(beta_end), time_steps)
        signal_rates = schedule.signal_rate(torch.arange(time_steps + 1), torch.float64)
        left = signal_rates[-1].item()
        if left > 0.01 and abs(beta_end - 0.02) < 1e-6:
            raise Mistake(
                f"That is the β_end for T = 1000. With T = {time_steps}, {100 * left:.0f} % of the "
                "picture is left: choose a larger one."
            )
        if left > 0.01:
            raise Mistake(
                f"Too small: {100 * left:.3g} % of the picture is left at t = {time_steps}, and it "
                "should be 1 % at most. Choose a larger β_end."
            )
        if left < 0.001:
            gone = int((signal_rates <= 0.01).nonzero()[0])
            raise Mistake(
                f"More than is needed: the picture is gone by t = {gone}, and the steps after "
                "that are wasted. Choose a smaller β_end."
            )

    judge_value(attempt, compare)
