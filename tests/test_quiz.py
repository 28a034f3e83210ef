"""The quiz, docs/pages/quiz.md and quiz.toml: what it says is computed here, without our module."""

import json
import math
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from publish.guide import headed
from test_numbers import numbers, uncovered

from diffusion.teaching.widgets.question import QUESTIONS, QUIZ

ROOT = Path(__file__).parents[1]
PAGE = headed((ROOT / "docs" / "pages" / "quiz.md").read_text("utf-8"), 2)
SAID = tomllib.loads(QUIZ.read_text("utf-8"))


def left(first, last, steps, upto=None):
    """What is left of the picture: the product of the roots of 1 − β."""
    return np.prod(np.sqrt(1 - np.linspace(first, last, steps)[:upto]))


def cosine(share):
    """The t at which the cosine schedule keeps this share of the variance (Nichol and Dhariwal)."""
    offset = 0.008
    first = math.cos(offset / (1 + offset) * math.pi / 2) ** 2
    angle = math.acos(math.sqrt(share * first)) / (math.pi / 2)
    return 1000 * (angle * (1 + offset) - offset)


DDPM = (1e-4, 0.02, 1000)
WHOLE, HALF = left(*DDPM), left(*DDPM, 500)
NOISE_300 = math.sqrt(1 - left(*DDPM, 300) ** 2)
BETA_301 = np.linspace(*DDPM)[300]
HALF_KEPT = np.argmin([abs(left(*DDPM, t) ** 2 - 0.5) for t in range(1001)])

# {question: (the number in the right answer, what is given, what else is said)}
FACTS = {
    "a large step": (
        math.sqrt(1 - 0.36) * -0.6,
        [-0.6, 0.36],
        [math.sqrt(0.36), (1 - 0.36) * -0.6, 1 - 0.36, math.sqrt(1 - 0.36)],
    ),
    "data of variance 4": (1, [], []),
    "the second half": (WHOLE / HALF, [], [WHOLE, HALF, HALF - WHOLE]),
    "half as many steps, twice as large": (
        left(2e-4, 0.04, 500),
        [1e-4, 0.02, 2e-4, 0.04, 500, 1000],
        [WHOLE, left(1e-4, 0.02, 500), left(2e-4, 0.04, 1000), HALF, np.linspace(*DDPM).sum()],
    ),
    "the other rate": (math.sqrt(1 - 0.6**2), [0.6], [1 - 0.6, 1 - 0.6**2, 0.6**2]),
    "two jumps": (
        math.hypot(NOISE_300, NOISE_300),
        [300, 301],
        [NOISE_300, 2 * NOISE_300, math.sqrt(BETA_301)],
    ),
    "half of the noise guessed": (0.5**2, [], [1 - 0.5]),
    "rates for colour pictures": (None, [3, 8, 32], []),
    "the same noise in another schedule": (
        round(cosine(HALF**2), -1),  # to tens, as are the others
        [500],
        [HALF, HALF**2, round(cosine(HALF), -1), round(HALF_KEPT, -1)],
    ),
    "the picture behind the guess": (
        (0.5 - 0.8 * -0.1) / 0.6,
        [0.6, 0.8, 0.5, -0.1, 0.1],
        [0.5 + 0.08, 0.08, (0.5 - 0.08) / 0.6, (0.5 + 0.1) / 0.6],
    ),
}


def test_ten_questions_each_with_the_section_that_settles_it():
    assert len(SAID) == 10 and not SAID.keys() & tomllib.loads(QUESTIONS.read_text("utf-8")).keys()
    assert re.findall(r'ask\("(.+)"\)', "".join(PAGE.values())) == [*SAID] == [*FACTS]
    lessons = []
    for text in PAGE.values():
        number, section, stem = re.search(r"Lesson (\d): \[(.+)\]\(.*/(\w+)\.ipynb#", text).groups()
        assert stem.startswith(f"0{number}_")
        cells = json.loads((ROOT / "notebooks" / f"{stem}.ipynb").read_text("utf-8"))["cells"]
        headings = re.findall(r"^## (.+)", "\n".join("".join(c["source"]) for c in cells), re.M)
        assert section in [
            heading.replace(r"$\beta$", "β").replace("$", "") for heading in headings
        ]
        lessons.append(int(number))
    assert sorted(lessons) == lessons and {*lessons} == {*range(1, 8)}


@pytest.mark.parametrize("name", FACTS)
def test_what_the_quiz_says_is_true(name):
    question, (right, given, further) = SAID[name], FACTS[name]
    assert len(question["said"]) == 4 and question["right"] in question["said"]
    if right is not None:
        assert next(numbers(question["right"])).covered_by([right])
    (text,) = (body for body in PAGE.values() if f'ask("{name}")' in body)
    known = {float(value) for value in [right, *given, *further] if value is not None}
    for each in (text, *question["said"], *question["said"].values()):
        assert uncovered(re.sub(r"_(\w+)", r"_{\1}", each), known) == []


def test_eight_rates_do_not_fit_a_batch_of_colour_pictures():
    """And the other answers would be right for what is said of them."""
    x_0 = torch.ones(8, 3, 32, 32)
    with pytest.raises(RuntimeError):
        torch.arange(8.0) * x_0
    for shape, dimension in (((8, 1, 1, 1), 0), ((3, 1, 1), 1)):
        scaled = torch.arange(1.0, 1 + max(shape)).view(shape) * x_0
        assert [each.unique().item() for each in scaled.unbind(dimension)] == [
            *range(1, 1 + max(shape))
        ]
    columns = torch.arange(1.0, 9) * torch.ones(8, 3, 32, 8)
    assert [each.unique().item() for each in columns.unbind(3)] == [*range(1, 9)]


def test_a_variance_of_4_falls_towards_1():
    steps = np.linspace(*DDPM)
    variances = [4.0]
    for beta in steps:
        variances.append((1 - beta) * variances[-1] + beta)
    assert all(np.diff(variances) < 0) and math.isclose(variances[-1], 1, abs_tol=1e-3)
    assert math.isclose(variances[1], 4 - 3 * steps[0])
