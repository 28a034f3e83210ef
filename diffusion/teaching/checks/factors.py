"""What goes wrong with the two factors, in a step, in a walk and in a jump alike."""

from collections.abc import Callable

from diffusion.teaching.checks.judging import Mistakes

SUBTRACTED = "You subtracted the noise that you are given. The formula adds it."


def wrong_factors(blend: Callable, keep, add, kept: str, added: str) -> Mistakes:
    """What becomes of `blend(keep, add)`, keep · picture + add · noise, with each mistake.

    Both factors are square roots of shares of the variance, whose names are `kept` and `added`.
    """
    right = blend(keep, add)
    other_root = (1 - keep**4) ** 0.5  # √(1 − share²), where the share itself is a factor
    squared = [
        blend(keep**2, other_root),
        blend(keep, other_root),
        blend((1 - add**4) ** 0.5, add**2),
    ]
    return {
        f"You kept {kept} of the picture. A share of the variance needs a square root to become a "
        f"factor: √{kept}.": blend(keep**2, add),
        f"You scaled the noise by {added}. That is its variance, and a variance scales noise by "
        f"its square root: √{added}.": blend(keep, add**2),
        f"You left out both square roots: √{kept} and √{added}.": blend(keep**2, add**2),
        f"You left √{kept} out: the noise is added on top of the full picture, and the variance "
        "climbs.": blend(1, add),
        f"You left √{added} out: the noise arrives at full strength.": blend(keep, 1),
        f"You left out both factors, √{kept} and √{added}.": blend(1, 1),
        f"The two factors are swapped: √{kept} belongs to the picture.": blend(add, keep),
        f"You squared a share of the variance, to make the squares of the factors add up to 1. The "
        f"shares themselves add up to 1, and their roots are the factors: √{kept} and "
        f"√{added}.": squared,
        f"Your two factors add up to 1. Their squares should: √{kept} and √{added}.": [
            blend(keep, 1 - keep),
            blend(1 - add, add),
        ],
        f"A bracket is misplaced: √{kept} multiplies the picture alone, and the noise has "
        f"√{added}.": [blend(keep, keep), blend(keep, keep * add), blend(add, add)],
        f"That is the picture alone. Add √{added} times the noise.": [blend(keep, 0), blend(1, 0)],
        f"That is the noise alone. Add √{kept} times the picture.": [blend(0, add), blend(0, 1)],
        "You clamped the result. Clamping is for showing, not for the data.": [
            right.clamp(-1, 1),
            right.clamp(0, 1),
        ],
    }
