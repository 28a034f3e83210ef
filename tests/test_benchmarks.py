"""The benchmarks measure what they say; how fast things are, no test asks."""

import re
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
import core  # noqa: E402
import figure  # noqa: E402
from tables import Table  # noqa: E402

FILMS = [
    (f"{size}²", way, median, 2 * median, ratio, shown, 9.0, 0.05)
    for size in (64, 256, 512)
    for way, median, ratio, shown in [("ours", 3.7, 1, 1.0), ("`interact`", 270.0, 73, 0.13)]
]
SCRUBBING = Table(
    "From the slider to pixels",
    "",
    dict.fromkeys("picture way median late ratio shown messages processor".split(), "{}"),
    FILMS,
)


def test_a_table_in_a_terminal_and_on_a_page():
    table = Table(
        "Speed", "How.", {"way": "{}", "time": "{:.1f} ms"}, [("ours", 3.71), ("x", None)]
    )
    assert str(table) == "Speed\nway      time\nours   3.7 ms\nx           –\n"
    assert table.markdown().endswith(
        "| way | time |\n| :-- | --: |\n| ours | 3.7 ms |\n| x | – |\n"
    )
    assert table.column("time") == [3.71, None]


def test_exactness_tells_ours_from_the_float32_product():
    table = core.exactness(lengths=(10, 1000))
    for ours, theirs, plain in zip(*map(table.column, list(table.columns)[1:]), strict=True):
        assert ours <= 1.2e-7 and 7e-5 < plain < 9e-5 and 7e-5 < theirs < 9e-5


def test_the_memory_that_a_call_holds_at_once_is_counted():
    x = torch.zeros(1000)
    one = core.peak_memory(lambda: x + x)
    assert one == 4000
    assert core.peak_memory(lambda: x + x + x) == 2 * one  # the sum of the first two, and the last
    assert core.peak_memory(lambda: [x + x + x, x + x][1:]) == 2 * one


def test_ours_holds_x_t_and_the_noise_and_the_others_twice_as_much():
    table = core.sampling(shapes=[(16, 3, 64, 64)], runs=1)
    ours, diffusers, textbook = (
        table.column(f"{way}, memory")[0] for way in ("ours", "diffusers", "textbook")
    )
    assert 2 <= ours < 2.01 and min(diffusers, textbook) > 3.9
    assert all(table.column(way)[0] > 0 for way in ("ours", "diffusers", "textbook"))


def test_the_walk_is_compared_with_the_jump():
    table = core.chain_and_jump(size=8, times=(1, 50), runs=1)
    assert table.column("t") == [1, 50]
    assert max(table.column("difference")) < 1e-12
    assert table.column("forward_chain")[1] > table.column("forward_chain")[0]


@pytest.fixture
def tables():
    return [
        core.exactness(lengths=(10, 100)),
        core.sampling(shapes=[(2, 1, 8, 8), (4, 1, 8, 8)], runs=1),
        core.chain_and_jump(size=8, times=(1, 10), runs=1),
        SCRUBBING,
    ]


def test_the_plot_says_in_words_what_it_shows(tables, tmp_path):
    alt = figure.draw(tables, tmp_path / "plot.svg")
    assert "ours 3.7, interact 270.0" in alt and f"ours {tables[1].column('ours')[1]:.2f}" in alt
    assert (tmp_path / "plot.svg").read_text("utf-8").count('<g id="axes_') == 4


def test_the_page_of_measurements_is_of_these_benchmarks(tables):
    page = (ROOT / "docs" / "pages" / "measurements.md").read_text("utf-8")
    assert re.search(r"^!\[Four charts\. [^\]]{200,}\]\(measurements\.svg\)$", page, re.M)
    for table in tables[:3]:
        *_, about = table.about.rpartition(". ")
        assert f"## {table.title}\n" in page and f"\n| {' | '.join(table.columns)} |\n" in page
        assert about in page
