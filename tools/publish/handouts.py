"""A page to print for each lesson: its idea, symbols, a picture and three questions; no answers."""

import math
import re
from pathlib import Path

import nbformat
import torch
from jinja2 import Environment, FileSystemLoader
from matplotlib import pyplot as plt
from nbconvert.filters import markdown2html
from torch import Tensor
from torch.nn.functional import interpolate

from diffusion import NoiseSchedule, forward_chain, q_sample, sample_xt
from diffusion.teaching import mixtures, plots
from diffusion.teaching.images import load_digits, load_image
from publish.guide import headed, rows
from publish.places import DOCS, ROOT, contents

DATA = ROOT / "data"

# What can be answered with a pencil, by the names in questions.toml.
ON_PAPER = {
    "1": ("one pixel, one step", "β for √β", "a hundred steps without the factor"),
    "2": ("half of the steps", "the way of one pixel", "short walks"),
    "3": ("where the rates cross", "a hundred steps", "an index for t = 0"),
    "4": ("two noises", "two steps", "half of the noise"),
    "5": (
        "eight rates and eight pictures",
        "the picture from its noise",
        "the lazy network's loss",
    ),
    "6": ("black or grey", "fine or coarse", "two by two"),
    "7": ("a film run backwards", "where the walks were", "one step before the middle"),
}


def write_handouts(to: Path) -> None:
    to.mkdir()
    pictures = _pictures()
    templates = Environment(loader=FileSystemLoader(DOCS / "handouts"), autoescape=True)
    for lesson in contents():
        cells = nbformat.read(lesson["path"], as_version=4).cells
        number, stem = lesson["title"][0], lesson["stem"]
        what, shown = pictures[number]
        _draw(shown, to / f"{stem}.webp")
        asked = [markdown2html(_asked(cells, name)) for name in ON_PAPER[number]]
        page = templates.get_template("handout.html.j2").render(
            lesson,
            what=what,
            titles=", ".join(shown),
            symbols=markdown2html(_symbols(cells)),
            questions=asked,
        )
        (to / f"{stem}.html").write_text(page, "utf-8")


def _asked(cells: list, name: str) -> str:
    """The text of the question, which stands before the cell that asks it."""
    (at,) = (i for i, cell in enumerate(cells) if cell.source == f'ask("{name}")')
    return re.sub(r"^## .+\n", "", cells[at - 1].source).strip()


def _symbols(cells: list) -> str:
    """The table at the lesson's end; what was seen is left to be written."""
    table = rows(headed(cells[-1].source, 2)["In short"])
    lines = [f"| {symbol} | {code} | |" for symbol, code, _ in table]
    return "\n".join(["| symbol | code | what I saw |", "|---|---|---|", *lines])


# ---------------------------------------------------------------- the picture of each lesson


def _pictures() -> dict[str, tuple[str, dict[str, Tensor]]]:
    """{number of the lesson: (what is shown, {title: picture, or points})}."""
    schedule, random = NoiseSchedule(), torch.Generator().manual_seed(0)
    cat = load_image(DATA / "cat.png", size=192)
    noise = torch.randn(cat.shape, generator=random)
    astronaut = load_image(DATA / "astronaut.png", size=80).mean(dim=0, keepdim=True)
    walk = [astronaut, *forward_chain(astronaut, schedule, generator=random)]
    digits, _ = load_digits(DATA / "digits.png")
    x_t, _, t = sample_xt(digits[::200][:8], schedule, random)
    batch = interpolate(x_t, scale_factor=8, mode="bicubic")  # smoothed, for the eye alone
    points = mixtures.spiral().draw(600, random)
    hundred = NoiseSchedule(0.001, 0.2, 100)
    names = {
        "linear": NoiseSchedule.linear(),
        "scaled linear": NoiseSchedule.scaled_linear(),
        "cosine": NoiseSchedule.cosine(),
        "sigmoid": NoiseSchedule.sigmoid(),
    }

    def over(times, picture):
        return {f"t = {t}": picture(t) for t in times}

    times = (0, 100, 250, 500, 1000)
    return {
        "1": (
            "A cat after one step",
            {
                f"β = {beta}": math.sqrt(1 - beta) * cat + math.sqrt(beta) * noise
                for beta in (0, 0.01, 0.1, 0.5, 1)
            },
        ),
        "2": ("One walk, step by step", over(times, lambda t: walk[t])),
        "3": (
            "The cat at five times of the same schedule",
            over(times, lambda t: q_sample(cat, t, schedule, noise)),
        ),
        "4": (
            "Five jumps from the same picture, each with new noise",
            over(times, lambda t: q_sample(astronaut, t, schedule, generator=random)),
        ),
        "5": (
            "A batch: each digit at a t of its own",
            {f"t = {own}": digit for own, digit in sorted(zip(t.tolist(), batch, strict=True))},
        ),
        "6": (
            "The same cat and the same noise at t = 500",
            {name: q_sample(cat, 500, each, noise) for name, each in names.items()},
        ),
        "7": (
            "Points near a spiral, walking to noise",
            over((0, 10, 25, 50, 100), lambda t: q_sample(points, t, hundred, generator=random)),
        ),
    }


def _draw(pictures: dict[str, Tensor], file: Path) -> None:
    if next(iter(pictures.values())).dim() == 2:  # points
        axes = plots.clouds(pictures)
    else:
        axes = plots.pictures(*pictures.values(), titles=[*pictures])
    axes.figure.savefig(file, dpi=200)
    plt.close(axes.figure)
