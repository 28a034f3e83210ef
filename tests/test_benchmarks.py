"""The benchmarks measure what they say; how fast things are, no test asks."""

import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
import core  # noqa: E402
import learning  # noqa: E402


def test_exactness_tells_ours_from_the_float32_product():
    ((_, ours, theirs, plain),) = core.exactness(lengths=(1000,)).rows
    assert ours <= 1.2e-7 and 7e-5 < plain < 9e-5 and 7e-5 < theirs < 9e-5


def test_ours_holds_x_t_and_the_noise_and_the_others_twice_as_much():
    x = torch.zeros(1000)
    assert core.peak_memory(lambda: x + x) == 4000
    assert core.peak_memory(lambda: [x + x + x, x + x][1:]) == 8000  # what is given back counts
    table = core.sampling(shapes=[(16, 3, 64, 64)], runs=1)
    ours, diffusers, textbook = (
        table.column(f"{way}, memory")[0] for way in ("ours", "diffusers", "textbook")
    )
    assert 2 <= ours < 2.01 and min(diffusers, textbook) > 3.9


def test_learning_is_measured_against_the_best_and_against_fresh_data():
    learned = [learning.learn(seed, steps=20) for seed in (0, 1)]
    best, told, _ = learning.training(learned, learned, n=2000).rows
    assert 0.2 < float(best[2]) < 0.27 < float(told[2].split()[0])
    schedules = {name: learning.SCHEDULES[name] for name in ("100", "50, wrong end")}
    table = learning.walks([learned[0][0]], 1000, 3, schedules)
    right, wrong, floor = (float(far[:5]) for far in table.column("best possible"))
    assert max(right, floor) < wrong < float(table.column("network")[0][:5])


def test_a_step_back_is_compared_with_that_of_diffusers():
    for _, ours, theirs, least, ratio in learning.steps_back((2, 3, 8, 8), 3, runs=1).rows:
        assert min(ours, theirs, least) > 0 and abs(ratio * theirs / ours - 1) < 1e-9


def test_the_page_of_measurements_is_of_these_benchmarks():
    page = (ROOT / "docs" / "pages" / "measurements.md").read_text("utf-8")
    tables = (
        core.exactness((10,)),
        core.sampling([(2, 1, 8, 8)], 1),
        core.chain_and_jump(8, (1,), 1),
        learning.steps_back((2, 1, 8, 8), 3, 1),
    )
    for table in tables:
        # A table's last words may say something about its rows.
        head, about = str(table).split("\n\n")[0], table.about.rpartition(". ")[2]
        assert head in page and about in page and f"\n| {' | '.join(table.columns)} |\n" in page
