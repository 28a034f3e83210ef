"""The game of black and mid-grey in the page: its noise is noise, and its theory holds.

Chance passes a bound of five standard errors once in two million times; the seeds are fixed.
"""

import base64
import math
import re
from statistics import NormalDist

import pytest
import torch
from blank_page import Scale, numbers

from diffusion import NoiseSchedule
from diffusion.teaching.widgets import LeakGame

SCALED = NoiseSchedule.scaled_linear()
SCHEDULES = {
    "linear": NoiseSchedule.linear(),
    "scaled": SCALED,
    "cosine": NoiseSchedule.cosine(),
    "rescaled": SCALED.rescaled(),
}
NAMES = {"black": "black", "grey": "mid-grey"}
FUNCTIONS = LeakGame._esm.partition("export default")[0]
LOAD = f"""() => {{
    {FUNCTIONS}
    Object.assign(window, {{ sfc32, endOfWalk, leakOf, likelier, below, inHundred, roundTicks }});
}}"""
# x_T as text: a list of numbers would take far longer on its way.
WALK = """([end, n, round]) => {
    const x = new Float32Array(3 * n * n);
    const told = endOfWalk(end, n, round, (i, value) => (x[i] = value));
    let text = "";
    for (const byte of new Uint8Array(x.buffer)) text += String.fromCharCode(byte);
    return [btoa(text), told];
}"""
# All that the page holds, pixels aside; an id is drawn by chance.
HTML = """() => document.body.innerHTML.replace(/scrub-clip-\\w+/g, "") +
    Array.from(document.querySelectorAll("*"), (node) => [node.ariaLabel, node.value]).join()"""
CHART = """() => {
    const of = (selector, name) => Array.from(document.querySelectorAll(`.scrub-chart ${selector}`),
        (node) => node.getAttribute(name));
    return {
        ticks: Array.from(document.querySelectorAll(".scrub-axes text"), (node) =>
            [+node.getAttribute("x"), node.textContent]),
        bells: of(".scrub-leak-bell", "d"),
        middle: of(".scrub-limit", "d")[0],
        now: of(".scrub-leak-now", "d"),
        marks: of(".scrub-leak-mark", "transform"),
        truths: of(".scrub-leak-mark", "data-truth"),
    };
}"""
ANSWER = {"said": "black", "was": "grey", "mean": -0.01}


def game(**changes):
    return LeakGame(**{"schedules": SCHEDULES} | changes)


@pytest.fixture(scope="module")
def functions(chromium):
    page = chromium.new_page()
    page.evaluate(LOAD)
    yield page
    page.close()


def end_of(name="noise", seed=0):
    """What the page knows of a schedule; by default one that leaves nothing of the picture."""
    ends = {"noise": (0.0, 1.0)} | {n: (s, e) for n, s, e in game().spec["schedules"]}
    signal, noise = ends[name]
    return {"seed": seed, "place": list(ends).index(name), "signal": signal, "noise": noise}


def walk(functions, n, round=0, **end):
    """x_T, (3n²,), what the picture was, and the mean."""
    text, told = functions.evaluate(WALK, [end_of(**end), n, round])
    x = torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float32).double()
    return x, told["was"], told["mean"]


# ------------------------------------------------------------------ chance


def test_chance_is_that_of_the_published_generator(functions):
    """sfc32 in whole numbers, written again: other words would be another, untested generator."""

    def words(a, b, c, count):
        most, counter = 2**32 - 1, 1
        for i in range(15 + count):
            t = (a + b + counter) & most
            counter += 1
            a, b = b ^ (b >> 9), (c + (c << 3)) & most
            c = ((c << 21 | c >> 11) + t) & most
            if i >= 15:
                yield (t + 0.5) / 2**32

    for start in [(0, 0, 0), (1, 2, 3), (2**32 - 1, 65536 * 3 + 512, 19)]:
        draw = "(start) => Array.from({ length: 1000 }, sfc32(...start))"
        assert functions.evaluate(draw, start) == list(words(*start, 1000))


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**32 - 1])
@pytest.mark.parametrize("n", [256, 33])
def test_noise_is_normal_and_no_number_knows_another(functions, seed, n):
    x, _, mean = walk(functions, n, seed=seed)
    count = 3 * n * n
    assert len(x) == count and mean == pytest.approx(x.mean().item(), abs=1e-8)
    off = 5 / math.sqrt(count)
    assert abs(x.mean()) < off
    assert abs(x.square().mean() - 1) < off * math.sqrt(2)
    assert abs(x.pow(3).mean()) < off * math.sqrt(15)
    assert abs(x.pow(4).mean() - 3) < off * math.sqrt(96)
    # Two numbers of one draw, of one pixel, of neighbours beside and below, and their squares.
    for lag in (1, 2, 3, 4, 3 * n):
        a, b = x[:-lag], x[lag:]
        assert abs((a * b).mean()) < off * 1.01
        assert abs(((a**2 - 1) * (b**2 - 1)).mean()) < off * 2.03
    # The whole law (Kolmogorov and Smirnov): 2.7 is passed with a probability of 1e-6.
    ranks = torch.arange(1, count + 1, dtype=torch.float64) / count
    assert (torch.special.ndtr(x.sort().values) - ranks).abs().max() * math.sqrt(count) < 2.7


def test_no_two_rounds_share_their_noise(functions):
    first, *_ = walk(functions, 64)
    others = [
        walk(functions, 64, round=1),
        walk(functions, 64, seed=1),
        walk(functions, 64, name="rescaled"),
    ]
    for other, *_ in others:
        for shift in range(-8, 9):  # nor a stretch of it
            assert abs((first * other.roll(shift)).mean()) < 5 / math.sqrt(len(first))
    again, *_ = walk(functions, 64)
    assert torch.equal(first, again)


def test_the_truth_is_a_fair_coin(functions):
    rounds = 40_000
    tell = """([end, rounds]) => Array.from({ length: rounds }, (_, round) =>
        +(endOfWalk(end, 1, round, () => {}).was === "black"))"""
    along_rounds = functions.evaluate(tell, [end_of(), rounds])
    tell = """([end, seeds]) => Array.from({ length: seeds }, (_, seed) =>
        +(endOfWalk({ ...end, seed }, 1, 0, () => {}).was === "black"))"""
    along_seeds = functions.evaluate(tell, [end_of(), rounds])
    for truths in (along_rounds, along_seeds):
        coin = 2 * torch.tensor(truths, dtype=torch.float64) - 1
        assert abs(coin.mean()) < 5 / math.sqrt(rounds)
        for lag in range(1, 9):
            assert abs((coin[lag:] * coin[:-lag]).mean()) < 5 / math.sqrt(rounds)


# ------------------------------------------------------------------ theory


def test_the_normal_law_is_right_to_15_digits(functions):
    x = [k / 50 for k in range(501)] + [30.0, 1e9]
    found = functions.evaluate("(x) => x.map(below)", x)
    exact = [1 - 0.5 * math.erfc(v / math.sqrt(2)) for v in x]
    assert max(abs(a - b) for a, b in zip(found, exact, strict=True)) < 1e-15
    words = functions.evaluate("(x) => x.map(inHundred)", [0.5, 0.92053, 0.99757, 0.9997, 0.99991])
    assert words == ["50.0 %", "92.1 %", "99.8 %", "99.97 %", "more than 99.99 %"]


@pytest.mark.parametrize("name", ["scaled", "linear"])
def test_the_likelihood_is_right_as_often_as_theory_says(functions, name):
    rounds = 4000
    # d′ = √ᾱ_T · √N / √(1−ᾱ_T) again, from the product of the factors.
    ends = {"linear": (1e-4, 0.02), "scaled": (0.00085, 0.012)}[name]
    power = {"linear": 1, "scaled": 2}[name]
    low, high = (beta ** (1 / power) for beta in ends)
    bar = math.prod(1 - (low + (high - low) * s / 999) ** power for s in range(1000))
    d = math.sqrt(bar * 3072 / (1 - bar))
    assert d == pytest.approx({"linear": 0.352, "scaled": 3.79}[name], rel=1e-3)
    play = """([end, rounds]) => {
        const right = { black: [0, 0], grey: [0, 0] };
        for (let round = 0; round < rounds; round++) {
            const { was, mean } = endOfWalk(end, 32, round, () => {});
            right[was][0] += likelier(end, mean) === was;
            right[was][1] += 1;
        }
        return right;
    }"""
    share = NormalDist().cdf(d / 2)
    for right, played in functions.evaluate(play, [end_of(name), rounds]).values():
        assert played > 1800
        assert abs(right / played - share) < 4.5 * math.sqrt(share * (1 - share) / played)


def means(page):
    """The chart of the means, read by the numbers at its axis; the bells' heights from 0 to 1."""
    drawn = page.evaluate(CHART)
    _, *ticks, _ = drawn["ticks"]  # first the base line, which has no number; last the axis' name
    scale = Scale(*zip(*ticks, strict=True))
    bells = []
    for d in drawn["bells"]:
        x, y = torch.tensor(numbers(d), dtype=torch.float64).reshape(-1, 2).T
        bells.append((scale.value(x), (y.max() - y) / (y.max() - y.min())))
    place = lambda d: scale.value(numbers(d)[0])  # noqa: E731
    return {
        "bells": bells,
        "middle": place(drawn["middle"]),
        "now": [place(d) for d in drawn["now"]],
        "marks": [(t, place(m)) for t, m in zip(drawn["truths"], drawn["marks"], strict=True)],
    }


# √ᾱ_T of each schedule to five digits, and how often who knows the mean is right, in per cent.
SIGNAL = {"linear": 0.0063528, "scaled": 0.0682649, "cosine": 4.9283e-5, "rescaled": 1.4028e-5}
RIGHT = {
    "linear": "57.0 63.8 75.9 92.1 99.8",
    "scaled": "97.1 99.99 99.99 99.99 99.99",
    "cosine": "50.1 50.1 50.2 50.4 50.9",
    "rescaled": "50.0 50.0 50.1 50.1 50.2",
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_words_and_bells_say_how_far_black_and_grey_are_apart(page, name):
    page.show(game())
    for n, right in zip((32, 64, 128, 256, 512), RIGHT[name].split(), strict=True):
        page.set(schedule=name, size=n)
        deviation = math.sqrt((1 - SIGNAL[name] ** 2) / (3 * n * n))
        d = SIGNAL[name] / deviation
        said = page.text(".scrub-leak-means > p:last-child")
        assert float(re.search(r"d′ = (\S+) standard", said)[1]) == pytest.approx(d, rel=6e-3)
        share = 100 * NormalDist().cdf(d / 2)
        assert f"{min(share, 99.99):.{2 if share > 99.9 else 1}f}" == right
        assert f"{'more than ' if right == '99.99' else ''}{right} % of the answers" in said
        assert page.texts("tbody td")[-1].endswith(f"{right} %")

        drawn = means(page)
        assert drawn["middle"] == pytest.approx(-SIGNAL[name] / 2, abs=deviation / 50)
        for (x, height), centre in zip(drawn["bells"], (-SIGNAL[name], 0), strict=True):
            assert x[height.argmax()] == pytest.approx(centre, abs=deviation / 50)
            exact = torch.exp(-(((x - centre) / deviation) ** 2) / 2)
            assert (height - exact).abs().max() < 0.03


# ------------------------------------------------------------------ the game


def press(page, *keys):
    for key in keys:
        page.page.keyboard.press(key)


def played(page, setting="linear 32"):
    return page.get("answers").get(setting, [])


def status(page):
    return page.text("[role=status]")


@pytest.mark.parametrize("before", [0, 1, 20], ids=["first round", "second round", "next game"])
def test_nothing_is_given_away_before_the_answer(page, functions, before):
    pages, truths = set(), set()
    for seed in range(8):
        it = game(seed=seed)
        it.answers, it.round = {"linear 32": [ANSWER] * before}, before
        page.show(it)
        pages.add(page.evaluate(HTML))
        truths.add(walk(functions, 32, round=before, seed=seed, name="linear")[1])
    assert truths == {"black", "grey"} and len(pages) == 1
    assert "black or mid-grey?" in status(page) and means(page)["now"] == []


@pytest.mark.parametrize(("name", "n"), [("linear", 33), ("scaled", 128)])
def test_a_round_shows_x_T_and_then_its_mean_and_what_it_was(page, functions, name, n):
    page.show(game(sizes=(n, 200), seed=7))
    page.set(schedule=name)
    marks, place = [], list(SCHEDULES).index(name)
    for k in range(4):
        end = end_of(name, 7) | {"place": place}
        text, told = functions.evaluate(WALK, [end, n, k])
        x = torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float32).double()
        pixels = page.pixels()
        exact = ((x + 1) * 127.5).clamp(0, 255).reshape(n, n, 3)
        assert pixels.shape == (n, n, 4) and (pixels[..., 3] == 255).all()
        assert (pixels[..., :3] - exact).abs().max() < 0.51

        assert means(page)["marks"] == [pytest.approx(mark) for mark in marks]
        press(page, "1") if k else page.page.get_by_role("button", name="Black").click()
        was, mean = told["was"], told["mean"]
        its = "black" if mean < -end["signal"] / 2 else "grey"
        says = lambda said: f"{NAMES[said]}, {'right' if said == was else 'wrong'}"  # noqa: E731, B023
        assert status(page) == (
            f"Round {k + 1} of 20: it was {NAMES[was]}. "
            f"You said {says('black')}; the likelihood said {says(its)}."
        )
        assert played(page, f"{name} {n}")[-1] == {"said": "black", "was": was, "mean": mean}
        drawn, wide = means(page), end["noise"] / math.sqrt(3 * n * n) / 50
        assert drawn["now"] == [pytest.approx(mean, abs=wide)]
        marks.append((was, drawn["marks"][-1][1]))
        assert marks[-1] == (was, pytest.approx(mean, abs=wide))
        press(page, "Enter")


def test_a_whole_game_by_keyboard_alone(page):
    page.show(game(rounds=3))
    press(page, "Tab", "1")
    assert played(page) == []  # the keys of the list of schedules are its own
    press(page, "Tab")
    focused = page.page.locator(":focus")
    assert focused.get_attribute("aria-label") == "size of the picture"
    for k, key in enumerate("121"):
        assert status(page) == f"Round {k + 1} of 3: black or mid-grey?"
        press(page, key)
        said = [each["said"] for each in played(page)]
        assert said == ["black", "grey", "black"][: k + 1]
        assert focused.inner_text().startswith("Next")
        press(page, "1", "2")  # an answer stands
        assert len(played(page)) == k + 1 and f"Round {k + 1} of 3: it was" in status(page)
        press(page, "Enter")
        if k < 2:
            press(page, "Enter", "Enter")  # too often: no answer either
            assert len(played(page)) == k + 1
    right = [each["said"] == each["was"] for each in played(page)]
    score = f"Right in this game: you {round(100 * sum(right) / 3)} %, the likelihood "
    assert score in status(page)
    press(page, "Enter", "Space", "1")
    assert score in status(page) and len(played(page)) == 3

    picture = page.pixels()
    press(page, "Tab")
    assert focused.inner_text() == "Play again"
    press(page, "Enter")
    assert status(page) == "Round 1 of 3: black or mid-grey?"
    assert focused.inner_text().startswith("Next") and means(page)["marks"] == []
    assert not torch.equal(picture, page.pixels())
    press(page, "2")
    assert page.texts("tbody td")[:2] == ["32²", "4"]  # the score goes on


def test_each_setting_has_its_game_and_its_line_in_the_score(page):
    page.show(game(rounds=2))
    names = ["linear 32", "linear 64", "cosine 64"]
    slider, select = page.page.locator("input"), page.page.locator("select")
    slider.focus()
    pictures = [page.pixels()]
    press(page, "1", "Enter", "Shift+Tab", "Shift+Tab", "Shift+Tab", "ArrowRight")
    assert (page.get("size"), page.get("round")) == (64, 0)
    press(page, "1", "Enter", "1")
    finished = status(page)
    assert "Round 2 of 2: it was" in finished
    select.select_option("cosine")
    assert status(page) == "Round 1 of 2: black or mid-grey?"
    assert slider.get_attribute("aria-valuetext") == "64 × 64"
    select.select_option("linear")
    assert status(page) == finished  # its score is still to be seen
    page.set(size=32)  # as the kernel would
    assert status(page) == "Round 2 of 2: black or mid-grey?"
    assert not torch.equal(pictures[0], page.pixels())
    assert [len(played(page, name)) for name in names] == [1, 2, 0]
    rows = page.evaluate(
        "() => Array.from(document.querySelectorAll('tbody tr'), (r) => r.innerText)"
    )
    assert [row.split("\t")[:3] for row in rows] == [
        ["linear", "32²", "1"],
        ["linear", "64²", "2"],
    ]


def test_the_same_game_comes_again_and_goes_on_where_it_was(page):
    pictures = []
    for it in (game(), game(), game(seed=1)):
        page.show(it)
        pictures.append(page.pixels())
    assert torch.equal(pictures[0], pictures[1]) and not torch.equal(pictures[0], pictures[2])

    it = game()
    it.answers = {"linear 32": [ANSWER, ANSWER | {"said": "grey"}]}
    page.show(it)
    assert "Round 1 of 20: it was mid-grey. You said black, wrong" in status(page)
    press(page, "Tab", "Tab", "Enter")
    assert status(page) == "Round 3 of 20: black or mid-grey?"
    assert page.texts("tbody td") == ["32²", "2", "50 %", "0 %", "57.0 %"]
    page.set(round=99, schedule="none such", size=-1)
    assert status(page) == "Round 3 of 20: black or mid-grey?"
