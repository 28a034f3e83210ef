"""A schedule drawn by hand: what the page makes of a drawing is what Python makes of it."""

import base64
import math
import re

import pytest
import torch
from harness import ROOT
from playwright.sync_api import expect

from diffusion import q_sample
from diffusion.teaching.drawn import realise, scores
from diffusion.teaching.widgets import ScheduleDrawing

FILES = ("rates.js", "drawn.js")
CODE = "".join((ROOT / "diffusion/teaching/widgets" / name).read_text("utf-8") for name in FILES)
LOAD = f"() => {{ {CODE} Object.assign(window, {{ realise, ratesOf, scoresOf, riseOf }}); }}"
FOUND = """([rates, T, squares, count]) => {
    const { betas, level } = realise(rates, T);
    const { log_alpha_bars, signal_rates, noise_rates } = ratesOf(betas);
    const scores = scoresOf(ratesOf(betas), squares, count);
    const text = (values) => {  // a list of numbers would take far longer on its way
        let all = "";
        for (const byte of new Uint8Array(values.buffer)) all += String.fromCharCode(byte);
        return btoa(all);
    };
    return [[log_alpha_bars, signal_rates, noise_rates].map(text), scores, level, riseOf(rates)];
}"""


def gaussian(*shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


X_0 = gaussian(3, 16, 20, seed=1).mul(0.5).clamp(-1, 1)
NOISE = gaussian(3, 16, 20, seed=2)
RANDOM = torch.rand((30, 41), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
BENT = [math.cos(math.pi / 2 * i / 40) for i in range(41)]
STRAIGHT = [1 - i / 40 for i in range(41)]
CLIFF = [1.0] * 20 + [0.0] * 21
DRAWINGS = [
    *RANDOM[:15].tolist(),
    *RANDOM[15:].sort(descending=True).values.tolist(),
    [i / 40 for i in range(41)],
    BENT, STRAIGHT, CLIFF, [1.0] * 41, [0.0] * 41, [0.4] * 41, [0.0, *[1.0] * 40],
]  # fmt: skip


def test_a_drawing_becomes_the_same_schedule_in_the_page_and_in_python(chromium):
    page = chromium.new_page()
    page.evaluate(LOAD)
    squares, count = X_0.double().square().sum().item(), X_0.numel()
    for steps in (2, 50, 1000):
        for rates in DRAWINGS:
            schedule = realise(rates, steps)
            tables, found, level, rise = page.evaluate(FOUND, [rates, steps, squares, count])
            logs, signal, noise = (
                torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float64)
                for text in tables
            )
            t = torch.arange(steps + 1)
            for values, exact in [
                (logs.exp(), schedule.alpha_bar(t, torch.float64)),
                (signal, schedule.signal_rate(t, torch.float64)),
                (noise, schedule.noise_rate(t, torch.float64)),
            ]:
                torch.testing.assert_close(values, exact, rtol=1e-12, atol=1e-12)
            assert found == pytest.approx(scores(schedule, X_0), rel=1e-9)
            assert rise == max(b - a for i, a in enumerate(rates) for b in rates[i:])
            least = (schedule.beta(t[1:], torch.float64) < 1.0001e-6).sum().item()
            assert abs(level - least) <= 3  # while it catches up, a level step has a larger β
    page.close()


def assert_shows(blank, steps=1000):
    """Curves, pictures and scores are those of the drawing that the page has."""
    schedule = realise(blank.get("sketch"), steps)
    t = torch.arange(steps + 1)
    chart = blank.chart()
    drawing, *lines = chart.drawn["curves"]  # the drawing lies under the curves
    places, rates = chart.points(drawing)
    wanted = torch.tensor(blank.get("sketch"), dtype=torch.float64)
    torch.testing.assert_close(rates, wanted, atol=0.001, rtol=0)
    for d, exact in zip(lines, (schedule.signal_rate(t), schedule.noise_rate(t)), strict=True):
        places, values = chart.points(d)
        near = exact.double()[places.round().long().clamp(0, steps)]
        torch.testing.assert_close(values, near, atol=0.001, rtol=0)
    now = blank.get("position")
    shown = {0: now} | {1 + i: math.floor(steps * i / 8 + 0.5) for i in range(9)}
    for index, place in shown.items():
        exact = ((q_sample(X_0, place, schedule, NOISE) + 1) * 127.5).round().clamp(0, 255)
        assert (blank.pixels(index)[..., :3] - exact.movedim(0, -1)).abs().max() <= 3
    cells = blank.texts("tbody tr:first-child td")[:3]  # of the first of two views
    kl, share, step = scores(schedule, X_0)
    found = [float(re.match(r"[\d.]+(e−\d+)?", cell)[0].replace("−", "-")) for cell in cells]
    assert found == [pytest.approx(kl, rel=0.06), round(100 * share, 1), round(step, 2)]
    good = [found[0] <= 0.01, found[1] >= 90, found[2] <= 0.3]
    words = ["✗ too much left", "✗ wasted", "✗ jump"]
    for cell, fine, word in zip(cells, good, words, strict=True):
        assert cell.endswith("✓" if fine else word)
    return schedule


def pen(blank):
    """Moves the pointer to a share of the axis and a height of the chart, each from 0 to 1."""
    box = blank.drawing_area()
    return lambda x, y: blank.page.mouse.move(
        box["x"] + x * box["width"], box["y"] + (1 - y) * box["height"]
    )


def test_all_follows_the_pen(blank):
    blank.show(ScheduleDrawing(X_0, NOISE))
    assert_shows(blank)
    assert blank.text("p") == ""
    move, mouse = pen(blank), blank.page.mouse
    move(0.1, 0.95)
    mouse.down()
    before = blank.pixels(0)
    for x, y, t in [(0.3, 0.9, 300), (0.6, 0.5, 600), (0.8, 0.03, 800)]:
        move(x, y)  # and the button is still down
        assert blank.get("position") == t
        assert blank.get("sketch")[t // 25] == pytest.approx(y, abs=0.01)
        assert_shows(blank)
    mouse.up()
    assert not torch.equal(blank.pixels(0), before)
    # Straight from place to place, however fast the pen was.
    assert blank.get("sketch")[18] == pytest.approx(0.7, abs=0.01)
    assert blank.get("sketch")[40] == 0
    move(0.5, 0.5)  # the button is up
    assert blank.get("position") == 800
    blank.page.get_by_role("button", name="Start again").click()
    assert blank.get("sketch") == STRAIGHT
    assert_shows(blank)
    saved = "() => window.saved.at(-1)?.sketch[18]"  # the kernel hears of it
    blank.page.wait_for_function(f"({saved})() === {STRAIGHT[18]}")


def test_the_keys_draw_as_well(blank):
    blank.show(ScheduleDrawing(X_0, NOISE))
    handles = blank.page.get_by_role("slider", name="√ᾱ_t at")
    expect(handles).to_have_count(9)
    middle = handles.nth(4)
    assert middle.get_attribute("aria-label") == "√ᾱ_t at t = 500"
    for key, value in [("ArrowUp", 0.55), ("Shift+ArrowDown", 0.54), ("PageUp", 0.74)]:
        middle.press(key)
        assert middle.get_attribute("aria-valuenow") == str(value)
        assert blank.get("position") == 500
        assert_shows(blank)
    sketch = torch.tensor(blank.get("sketch"))
    expected = torch.tensor(STRAIGHT)
    expected[15:21] = torch.linspace(0.625, 0.74, 6)
    expected[20:26] = torch.linspace(0.74, 0.375, 6)
    torch.testing.assert_close(sketch, expected)
    assert blank.text("p").startswith("The drawing rises by 0.11; noise cannot be taken away")


def test_every_score_can_be_made_good_with_the_keys(blank):
    """So that the task can be done without a pointer."""
    blank.show(ScheduleDrawing(X_0, NOISE))
    handles = blank.page.get_by_role("slider", name="√ᾱ_t at")
    heights = [1.0, 0.98, 0.92, 0.83, 0.7, 0.55, 0.38, 0.19, 0.0]
    for handle, height in zip(handles.all(), heights, strict=True):
        now = float(handle.get_attribute("aria-valuenow"))
        count = round((height - now) * 100)
        for _ in range(abs(count)):
            handle.press(f"Shift+Arrow{'Up' if count > 0 else 'Down'}")
    assert_shows(blank)
    assert all(cell.endswith("✓") for cell in blank.texts("tbody tr:first-child td"))


def test_it_says_what_it_had_to_do(blank):
    blank.show(ScheduleDrawing(X_0, NOISE))
    places = """() => {
        const nodes = document.querySelectorAll("table *, .scrub-timeline *");
        const boxes = Array.from(nodes, (node) => node.getBoundingClientRect());
        return boxes.map(({ top, left }) => [top, left]);
    }"""
    before = blank.evaluate(places)
    rises = "noise cannot be taken away again, so the curve stays level there."
    for sketch, said in [
        (CLIFF, "Too steep for 2 steps: β is 0.999 there, the most there is. Level for 975 steps"),
        ([1.0] * 41, "Level for 1000 steps: β is 0.000001 there, the least there is."),
        ([*STRAIGHT[:20], 0.7, *STRAIGHT[21:]], f"The drawing rises by 0.17; {rises} Level for"),
        ([0.8, *STRAIGHT[8:], *[0.0] * 7], "The drawing begins at 0.80; at t = 0 there is no"),
        (STRAIGHT, ""),
    ]:
        blank.set(sketch=sketch)
        assert blank.text("p").startswith(said) and bool(blank.text("p")) == bool(said)
        assert_shows(blank)
        assert blank.evaluate(places) == before


def test_the_named_schedules_have_their_scores(blank):
    blank.show(ScheduleDrawing(X_0, NOISE))
    rows = blank.texts("tbody th")
    assert rows == [
        "yours", "linear", "scaled linear", "scaled linear, rescaled", "cosine", "sigmoid",
        "constant",
    ]  # fmt: skip
    cells = blank.texts("tbody td")
    found = {name: cells[3 * i : 3 * i + 3] for i, name in enumerate(rows)}
    assert found["linear"][1:] == ["75.8 %✗ wasted", "0.13✓"]
    assert found["constant"][1:] == ["59.7 %✗ wasted", "1.40✗ jump"]
    assert found["scaled linear"][0].endswith("✗ too much left")
    assert all(cell.endswith("✓") for cell in found["cosine"])
    assert blank.texts("tfoot td") == ["≤ 0.01nats", "≥ 90 %of all t", "≤ 0.3"]


def test_two_views_of_a_drawing_show_the_same_and_what_is_none_is_mended(blank):
    blank.show(ScheduleDrawing(X_0, NOISE, time_steps=50))
    blank.evaluate("() => void window.again()")
    blank.set(sketch=BENT)
    assert_shows(blank, 50)
    both = (
        "() => Array.from(document.querySelectorAll('.scrub-sketch'), (l) => l.attributes.d.value)"
    )
    first, _, second, _ = blank.evaluate(both)  # and the legend's
    assert first == second
    half = [0.5] * 40
    for given, mended in [
        ("[NaN, 2, -1]", STRAIGHT),
        ("null", STRAIGHT),
        ("'x'", STRAIGHT),
        (f"[2, ...{half}]", [1.0, *half]),
    ]:
        blank.evaluate(f"() => window.model.set('sketch', {given})")
        assert blank.get("sketch") == mended
        assert_shows(blank, 50)
