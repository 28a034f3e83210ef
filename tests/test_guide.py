"""The instructor's guide names nothing that is not there, and each of its numbers is computed.

Plans and chapters name sections of a lesson by their titles; "(reads 0.280 and 0.960)" are the
rates at the setting before it; what an exercise's check says stands in “…”.
"""

import json
import math
import re
from functools import cache
from pathlib import Path

import torch
from publish.guide import headed, rows, to_say
from test_checks import EXERCISES, lines, said
from test_numbers import numbers, prose, uncovered, vouched

from diffusion import NoiseSchedule, sample_xt
from diffusion.teaching import checks, widgets
from diffusion.teaching.bugs import BUGS
from diffusion.teaching.images import load_digits, load_image
from diffusion.teaching.spectra import crossing, spectrum

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "pages" / "guide.md").read_text("utf-8")
LINK, CODE = re.compile(r"\[([^]]+)\]\(([^)]+)\)"), re.compile(r"`([^`]+)`")
READING = re.compile(r"`(t|β) = ([\d.]+)`\s+\(reads\s+([\d.]+)\s+and\s+([\d.]+)\)")
SCHEDULE = NoiseSchedule()


class Lesson:
    def __init__(self, path):
        self.file, self.number = f"../../notebooks/{path.name}", int(path.name[:2])
        cells = json.loads(path.read_text("utf-8"))["cells"]
        self.numbers, self.text, self.code = vouched(cells), "", {}  # code under each heading
        for cell in cells:
            text = "".join(cell["source"])
            self.text += text + "\n\n"
            if cell["cell_type"] == "code":
                self.code[[*self.code][-1]] += text + "\n"
            else:
                self.code |= dict.fromkeys(re.findall(r"^##? (.+)", text, re.M), "")
        self.title = next(iter(self.code))
        self.minutes = int(re.search(r"\*\*About (\d+) minutes\.\*\*", self.text)[1])


LESSONS = [Lesson(path) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]


# ---- the numbers of a chapter that its lesson does not hold


def left(time_steps, beta_end=0.02):
    schedule = NoiseSchedule(1e-4, beta_end, time_steps)
    return schedule.signal_rate(time_steps, torch.float64).item()


def beyond(beta):
    x_0 = load_image(ROOT / "data" / "cat.png")
    noise = torch.randn(x_0.shape, generator=torch.Generator().manual_seed(0))
    x_1 = math.sqrt(1 - beta) * x_0 + math.sqrt(beta) * noise
    return (x_1.abs() > 1).float().mean().item()


def in_the_lab(bug, t):
    """The blue number and the standard deviation that the bug lab shows."""
    (bug,) = (each for each in BUGS if each.name == bug)
    pictures, _ = load_digits(ROOT / "data" / "digits.png")
    (clear,) = re.findall(r"clear = digits\[\[([\d, ]+)\]\]", LESSONS[4].text)
    x_0 = pictures[[int(index) for index in clear.split(", ")]][1:]
    tiles = torch.nn.functional.pad(x_0, (1, 1, 1, 1)).view(3, 3, 10, 10)
    lab = widgets.BugLab(tiles.transpose(1, 2).reshape(1, 30, 30), SCHEDULE, {}, (bug,))
    position = lab.spec["bugs"][0]["axis"]["labels"].index(str(t))
    deviation = dict(lab.spec["bugs"][0]["axis"]["readouts"])["standard deviation"][position]
    return bug.rates(SCHEDULE)[0][t].item(), float(deviation)


def times_of_the_game():
    names = ["cat", "astronaut", "coffee", "rocket", "hubble"]
    photos = torch.stack([load_image(ROOT / "data" / f"{name}.png", size=64) for name in names])
    (seed,) = re.findall(r"new_game\(seed=(\d{4})\)", LESSONS[4].text)
    return sample_xt(photos, SCHEDULE, torch.Generator().manual_seed(int(seed)))[2].tolist()


@cache
def facts():
    constant = NoiseSchedule(0.01, 0.01, 1000)
    cat = spectrum(load_image(ROOT / "data" / "cat.png", size=128))
    accepted = [k / 1000 for k in range(1, 1000) if 0.001 <= left(100, k / 1000) <= 0.01]
    return {
        1: [0.9, 1 / math.sqrt(0.2), 1 / math.sqrt(1e-4), 1e-4, *map(beyond, (0.1, 0.5, 1))],
        2: [],
        3: [
            SCHEDULE.beta(100).item(),
            *(left(50, 0.2), NoiseSchedule(time_steps=100).betas.sum().item()),
            NoiseSchedule(time_steps=50).log_snr(50).item() * 10 / math.log(10),
            *(constant.beta(1).item(), constant.alpha_bar(100).item()),
            (constant.alpha_bars < 0.5).nonzero()[0].item() + 1,
            *(accepted[0], accepted[-1]),  # the check calls less than 0.1 % more than is needed
        ],
        4: [1 - 0.9 * 0.8],
        5: [
            *(in_the_lab("β for √β", 1000)[1], in_the_lab("no bug", 1000)[1]),
            *(in_the_lab("√ᾱ for ᾱ", 300)[0], in_the_lab("no bug", 300)[0]),
            *times_of_the_game(),
        ],
        6: [3 * 256 * 256, *(crossing(cat, SCHEDULE, t) for t in (200, 300))],
        7: [],
    }


# ---- what the guide has to keep


def test_plans_take_their_minutes_and_show_what_is_there():
    plans = headed(headed(GUIDE, 2)["Plans"], 3)
    assert list(plans) == ["20 minutes", "50 minutes", "90 minutes", "120 minutes"]
    for minutes, body in plans.items():
        table = rows(body)
        assert sum(int(row[0]) for row in table) == int(minutes.split()[0])
        for _, section, what, names in table:
            title, target = LINK.fullmatch(section).groups()
            (lesson,) = (lesson for lesson in LESSONS if lesson.file == target)
            assert title in lesson.code
            for name in CODE.findall(names):
                assert re.search(rf"\b{name}\b", lesson.code[title]), f"no {name} in “{title}”"
            assert uncovered(what, lesson.numbers) == []
    total = sum(lesson.minutes for lesson in LESSONS)
    assert f"The whole lessons come to {total} minutes" in GUIDE


def test_chapters_follow_their_lessons():
    for lesson in LESSONS:
        chapter = headed(GUIDE, 2)[lesson.title]
        assert f"*About {lesson.minutes} minutes.* [The lesson]({lesson.file})" in chapter
        sections = headed(chapter, 3)
        assert {*sections} - {*lesson.code} == {"Exercises", "Short of time"}
        # A speaker finds something to say to each section; `A picture of your own` takes a kernel.
        silent = {title for title in lesson.code if (lesson.title, title) not in to_say()}
        assert silent <= {"A picture of your own"}


def test_exercises_have_checks_that_say_so():
    for lesson in LESSONS:
        table = rows(headed(headed(GUIDE, 2)[lesson.title], 3)["Exercises"])
        assert [row[0] for row in table] == [t for t in lesson.code if t.startswith("Exercise")]
        for title, name, _, mistakes in table:
            name = CODE.fullmatch(name)[1]
            assert f"\n{name}(" in lesson.code[title]
            check, quoted = getattr(checks, name), re.findall("“([^”]+)”", mistakes)
            assert quoted
            for saying in quoted:
                likely = sorted(EXERCISES[check], key=lambda words: words not in saying)
                assert any(saying in line for words in likely for line in lines(check, words))
            for answer, saying in re.findall(r"([\d.]+): “([^”]+)”", mistakes):
                assert saying in said(check, float(answer))


def test_settings_and_readings_are_right():
    for name, value in re.findall(r"`(t|T|β) = ([^`]+)`", GUIDE):
        largest = {"t": SCHEDULE.time_steps, "T": 10_000, "β": 1}[name]
        assert 0 <= float(value) <= largest
    readings = READING.findall(GUIDE)
    assert len(readings) == GUIDE.count("(reads ") - 1 >= 10  # one explains what it means
    for name, value, *shown in readings:
        if name == "t":
            rates = SCHEDULE.signal_rate(int(value)), SCHEDULE.noise_rate(int(value))
        else:
            rates = math.sqrt(1 - float(value)), math.sqrt(float(value))
        assert shown == [f"{rate:.3f}" for rate in rates]


def test_numbers_are_computed():
    for lesson in LESSONS:
        chapter = headed(GUIDE, 2)[lesson.title]
        # Elsewhere: readings, minutes, and what a check says of a number.
        text = re.sub(rf"{READING.pattern}|\*About \d+ min|(?:[\d.]+: )?“[^”]*”", "…", chapter)
        computed, stated = facts()[lesson.number], [*numbers(prose(text))]
        assert uncovered(text, {*computed, *lesson.numbers}) == []
        assert [fact for fact in computed if not any(n.covered_by({fact}) for n in stated)] == []


def test_links_scripts_and_names_are_there():
    for _, target in LINK.findall(GUIDE):
        assert target.startswith("http") or (ROOT / "docs" / "pages" / target).exists(), target
    assert all((ROOT / script).exists() for script in re.findall(r"`python ([^\s`]+)", GUIDE))
    assert set(re.findall(r"`([A-Z]\w+)`", GUIDE)) <= set(widgets.__all__)


def test_a_class_gets_what_was_measured():
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    python = re.search(r'requires-python = ">=(.+)"', project)[1]
    assert f"Python {python} or newer" in GUIDE
    measured = (ROOT / "docs" / "pages" / "measurements.md").read_text("utf-8")
    table = rows(headed(GUIDE, 2)["Run it for a class"])
    assert [lesson[0] for lesson, *_ in table] == ["1", "4"]
    measured = rows(headed(measured, 2)["Several kernels on one machine"])
    assert [memory for _, *memory in table] == [memory for _, *memory in measured]
