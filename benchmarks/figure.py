"""The plot on the page of measurements: four pictures of the tables, in the lessons' style."""

from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.ticker import NullLocator
from tables import Table

from diffusion.teaching.plots import OBSERVED, STYLE

# Ours is dark and solid, the others are lighter and broken; each has its marker as well.
LINES = [
    {"color": OBSERVED, "linestyle": "-", "marker": "o"},
    {"color": "#5c6670", "linestyle": "--", "marker": "s"},
    # Hollow and large, for it may lie on the one before.
    {"color": "#5c6670", "linestyle": ":", "marker": "^", "markersize": 11, "fillstyle": "none"},
]


def draw(tables: list[Table], file: Path) -> str:
    """Draw four of the tables into an SVG file; returns its text alternative."""
    by_title = {table.title: table for table in tables}
    with plt.style.context([STYLE, {"svg.hashsalt": "diffusion", "lines.linewidth": 1.5}]):
        figure, axes = plt.subplots(2, 2, figsize=(9, 6.4))
        said = [
            part(ax, by_title[title])
            for (title, part), ax in zip(PARTS.items(), axes.flat, strict=True)
        ]
        figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
    return f"Four charts. {' '.join(said)}"


def exactness(ax, table) -> str:
    ways = ("ours", "diffusers", "plain float32")
    for way, style in zip(ways, LINES, strict=True):
        ax.loglog(table.column("T"), table.column(way), label=way, **style)
    ax.set(title="Worst relative error of a rate", xlabel="T", ylabel="")
    ax.legend()
    worst = [max(table.column(way)) for way in ways]
    figures = ", ".join(f"{way} {error:.0e}" for way, error in zip(ways, worst, strict=True))
    return f"The worst relative error of a rate, for any T: {figures}."


def batch(ax, table) -> str:
    ways = ("textbook", "diffusers", "ours")
    values = [table.column(way)[1] for way in ways]
    bars = ax.barh(ways, values, color=["#9aa3ad", "#9aa3ad", OBSERVED], height=0.6)
    ax.bar_label(bars, fmt="%.2f ×", padding=4)
    ax.axvline(1, color=OBSERVED, linestyle=":")
    ax.set(title=f"A batch of {table.column('batch')[1]}", xlim=(0, 1.25 * max(values)))
    ax.set_xlabel("time as a multiple of randn_like (dotted)")
    ax.grid(axis="y", visible=False)
    figures = ", ".join(f"{way} {value:.2f}" for way, value in zip(ways, values, strict=True))
    return f"A batch takes, as multiples of randn_like alone: {figures}."


def walk(ax, table) -> str:
    ways = ("q_sample", "forward_chain", "plain loop")
    for way, style in zip(ways, LINES, strict=True):
        ax.loglog(table.column("t"), table.column(way), label=way, **style)
    ax.set(title="From $x_0$ to $x_t$, in milliseconds", xlabel="t")
    ax.legend()
    t, times = table.column("t")[-1], table.column("chain / jump")[-1]
    return f"The walk's time grows with t, the jump's does not: {times:.0f}-fold at t = {t}."


def scrubbing(ax, table) -> str:
    sizes = list(dict.fromkeys(table.column("picture")))
    ways = list(dict.fromkeys(table.column("way")))
    plain = [way.replace("`", "") for way in ways]
    for row, marker in zip(sizes, "os^", strict=True):
        rows = [each for each in table.rows if each[0] == row]
        colours = [OBSERVED if way == ways[0] else "#5c6670" for way in ways]
        ax.scatter([each[2] for each in rows], plain, marker=marker, c=colours, label=row)
    ax.set(title="From the slider to pixels: median", xlabel="ms", xscale="log")
    ax.axvline(1000 / 60, color=OBSERVED, linestyle=":")
    ax.annotate(
        "one frame of 60 a second",
        (1000 / 60, 0.5),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
    )
    ax.set_ylim(len(ways) - 0.5, -0.5)
    ax.yaxis.set_minor_locator(NullLocator())
    ax.legend(title="picture", loc="lower left")
    size = sizes[len(sizes) // 2]
    medians = [row[2] for row in table.rows if row[0] == size]
    figures = ", ".join(f"{name} {ms:.1f}" for name, ms in zip(plain, medians, strict=True))
    return f"From the slider to pixels, in milliseconds for a picture of {size}: {figures}."


PARTS = {
    "Exactness": exactness,
    "A training batch": batch,
    "The walk and the jump": walk,
    "From the slider to pixels": scrubbing,
}
