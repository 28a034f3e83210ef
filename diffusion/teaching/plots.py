"""Figures in one style. Each function draws into Axes and returns them.

Signal is blue and solid, noise is orange and dashed, what is observed is dark: as in the widgets.
Value ranges are fixed, so that a loss of contrast is seen and not scaled away.
"""

import base64
import html
import io
import textwrap
import tomllib
from pathlib import Path

from IPython.display import display
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from diffusion.teaching.images import shrink_png, to_uint8

STYLE = Path(__file__).with_name("lessons.mplstyle")
DESCRIPTIONS = Path(__file__).with_name("descriptions.toml")
SIGNAL, NOISE, OBSERVED = "#0072b2", "#b84e00", "#1b1f24"
SIGNAL_LINE = {"color": SIGNAL, "linestyle": "-"}
NOISE_LINE = {"color": NOISE, "linestyle": (0, (4, 2))}
SOLID = {"color": OBSERVED, "linestyle": "-"}
DASHED = {"color": OBSERVED, "linestyle": "--"}
DOTTED = {"color": OBSERVED, "linestyle": ":"}


def axes(columns: int = 1, **kwargs):
    """One Axes, or a row of `columns` of them, in the lessons' style."""
    with plt.style.context(STYLE):
        return plt.subplots(1, columns, **kwargs)[1]


def show(ax: Axes, name: str) -> None:
    """Display the figure of `ax` with its text alternative, which a bare figure lacks; close it.

    Args:
        name: of a text in descriptions.toml, or, for a figure of your own, a whole sentence.

    Raises:
        ValueError: `name` is neither.
    """
    text = tomllib.loads(DESCRIPTIONS.read_text("utf-8")).get(name, name)
    if len(text) < 20:
        raise ValueError(
            f"say in a sentence what the figure shows; {text!r} is too short for that, "
            f"and no name in {DESCRIPTIONS.name}."
        )
    display(bundle(_png(ax.figure), text), raw=True)
    plt.close(ax.figure)


def bundle(png: bytes, alt: str) -> dict[str, str]:
    """A PNG as notebooks store it: with its text alternative, in HTML and as plain text."""
    data = base64.b64encode(png).decode()
    image = f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'
    return {"image/png": data, "text/html": image, "text/plain": alt}


def pictures(*xs: Tensor, titles: list[str] | None = None) -> Axes:
    """Pictures (3, H, W) or (1, H, W) in a row: −1 is black and 1 is white in every one of them."""
    side = min(2.7, 7 / len(xs))
    row = axes(len(xs), figsize=(side * len(xs), side + 0.25), squeeze=False)[0]
    for ax, x, title in zip(row, xs, titles or [""] * len(xs), strict=True):
        ax.imshow(to_uint8(x).movedim(0, -1).numpy(), vmin=0, vmax=255, cmap="gray")
        ax.set_title(title)
        ax.set_axis_off()
    return row[0]


def lines(curves: dict[str, tuple], x_label: str, y_label: str, x=None) -> Axes:
    """Lines over 1, 2, 3 … (or over `x`), from {label: (values, style)}; see SIGNAL_LINE."""
    ax = axes()
    for label, (values, style) in curves.items():
        ax.plot(range(1, len(values) + 1) if x is None else x, values, label=label, **style)
    ax.set(xlabel=x_label, ylabel=y_label)
    ax.legend()
    return ax


def filmstrip(rows: list[tuple[str, list[Tensor]]], labels: list[str]) -> bytes:
    """A PNG of pictures (H, W, C) as uint8, in labelled rows and columns."""
    columns, side, top = len(labels), 1.24, 0.26  # inches
    width, height = columns * side, top + len(rows) * side
    figure = Figure(figsize=(width, height), dpi=100)
    ax = figure.add_axes((0, 0, 1, 1))  # one for all: each takes longer than its picture
    for column, label in enumerate(labels):
        middle = (column + 0.48) * side
        ax.text(middle, height - top + 0.06, _mathematics(label), ha="center", color=OBSERVED)
    for row, (name, stills) in enumerate(rows):
        y = height - top - (row + 1) * side
        # It hangs out to the left, and the saved figure is as wide as it takes.
        ax.text(-0.08, y + side / 2, _wrapped(name), ha="right", va="center", color=OBSERVED)
        for column, still in enumerate(stills):
            # Leave pixels out rather than average them: averaging would take noise away. Noise
            # makes large files, so that a strip of many rows has fewer pixels in each.
            stride = max(1, still.shape[0] // (128 if len(rows) < 4 else 64))
            tile = still[::stride, ::stride].expand(-1, -1, 3)
            place = column * side, (column + 0.96) * side, y, y + 0.96 * side
            ax.imshow(tile.numpy(), extent=place, interpolation="nearest")
    ax.set(xlim=(0, width), ylim=(0, height))
    ax.set_axis_off()
    return _png(figure, colours=96, bbox_inches="tight", pad_inches=0.04)


def rates(labels: list[str], signal: Tensor, noise: Tensor, names: tuple[str, str]) -> bytes:
    """A PNG of the two coefficients over the positions of an axis."""
    with plt.style.context(STYLE):
        figure = Figure(figsize=(7, 2.2), dpi=100, layout="constrained")
        ax = figure.subplots()
    ax.plot(signal, label=_mathematics(names[0]), **SIGNAL_LINE)
    ax.plot(noise, label=_mathematics(names[1]), **NOISE_LINE)
    ticks = [round((len(labels) - 1) * k / 4) for k in range(5)]
    ax.set_xticks(ticks, [labels[tick] for tick in ticks])
    ax.legend()
    return _png(figure)


def _png(figure: Figure, colours: int = 256, **options) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", **options)
    return shrink_png(file.getvalue(), colours)


def _wrapped(text: str) -> str:
    """Lines of about a dozen letters; a formula stays in one."""
    return "\n".join(map(_mathematics, textwrap.wrap(text, 12) if "√" not in text else [text]))


def _mathematics(text: str) -> str:
    """x_t, √ᾱ_t and √(1−ᾱ_t) as matplotlib's mathematics."""
    text = text.replace("$", r"\$")
    for plain, tex in {
        "√(1−ᾱ_t)": r"$\sqrt{1-\bar\alpha_t}$",
        "√ᾱ_t": r"$\sqrt{\bar\alpha_t}$",
        "√(1−β)": r"$\sqrt{1-\beta}$",
        "√β": r"$\sqrt{\beta}$",
        "ᾱ_t": r"$\bar\alpha_t$",
        "x_0": "$x_0$",
        "x_1": "$x_1$",
        "x_t": "$x_t$",
        "x_{t−1}": "$x_{t-1}$",
        "ε": r"$\epsilon$",
    }.items():
        text = text.replace(plain, tex)
    return text


def diverging(maps: dict[str, Tensor], limit: float, label: str) -> Axes:
    """Maps (H, W) of numbers around 0, {title: map}, in a row with one colour bar for all.

    From −limit (purple) over 0 (white) to limit (green); what lies beyond has the limit's colour.
    """
    row = axes(len(maps), figsize=(3 * len(maps) + 1, 2.9), squeeze=False)[0]
    for ax, (title, values) in zip(row, maps.items(), strict=True):
        image = ax.imshow(values.numpy(), vmin=-limit, vmax=limit, cmap="PRGn")
        ax.set_title(title)
        ax.set_axis_off()
    ticks = [-limit, -limit / 2, 0, limit / 2, limit]
    bar = row[0].figure.colorbar(image, ax=row, ticks=ticks, extend="both", shrink=0.9)
    bar.set_label(label, rotation=0)
    return row[0]
