"""The instructor's guide and the glossary say nothing that the lessons and the code do not.

Both pages keep conventions, so that this can be checked. In the guide:
- a row of a plan links a section of a lesson by its title;
- a chapter "## 1 · …" is about a lesson, and its "### …" are titles of sections of that lesson,
  but for "Exercises" and "Short of time"; what is in *italics* under the latter is a title, too;
- the setting of a slider is code, `t = 500`; "(reads 0.280 and 0.960)" are the rates there;
- what an exercise's check says stands in “…”, after the number that it says it of, if it is one.
In the glossary, an entry's first paragraph names symbol, code and lesson; what is code can be run.
"""

import ast
import io
import json
import math
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest
import torch
from diffusers import DDPMScheduler
from test_numbers import asserted, compared, numbers, prose
from torch.nn.functional import mse_loss
from torch.testing import assert_close

import diffusion
from diffusion import NoiseSchedule, q_sample
from diffusion.teaching import checks, widgets
from diffusion.teaching.bugs import BUGS
from diffusion.teaching.images import load_digits, load_image, to_uint8
from diffusion.teaching.widgets import explorer

ROOT = Path(__file__).parents[1]
PAGES, NOTEBOOKS = ROOT / "docs" / "pages", ROOT / "notebooks"
GUIDE, GLOSSARY = (PAGES / f"{name}.md" for name in ("guide", "glossary"))
LINK = re.compile(r"\[([^]]+)\]\(([^)#]+)[^)]*\)")
CODE = re.compile(r"`([^`]+)`")
OWN_HEADINGS = {"Exercises", "Short of time"}
SCHEDULE = NoiseSchedule()


class Lesson:
    def __init__(self, path):
        self.path, self.number = path, int(path.name[:2])
        self.cells = json.loads(path.read_text("utf-8"))["cells"]
        self.prose = "\n\n".join(text(c) for c in self.cells if c["cell_type"] == "markdown")
        self.title = re.search(r"^# (.+)", self.prose, re.M)[1]
        self.minutes = int(re.search(r"\*\*About (\d+) minutes\.\*\*", self.prose)[1])
        self.sections = {self.title: ""}  # the code under each heading
        for cell in self.cells:
            if cell["cell_type"] == "markdown":
                for heading in re.findall(r"^## (.+)", text(cell), re.M):
                    self.sections[heading] = ""
            else:
                self.sections[list(self.sections)[-1]] += text(cell) + "\n"
        self.code = "\n".join(self.sections.values())

    def vouched(self):
        """The numbers that the lesson's own cells assert or print; see test_numbers."""
        code = [cell for cell in self.cells if cell["cell_type"] == "code"]
        return set().union(*(asserted(text(cell)) | compared(cell) for cell in code))


def text(cell):
    return "".join(cell["source"])


LESSONS = {int(path.name[:2]): Lesson(path) for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
FILES = {f"../../notebooks/{lesson.path.name}": lesson for lesson in LESSONS.values()}


def parts(page, level):
    """{heading: what is under it}, of one level."""
    _, *rest = re.split(rf"^{'#' * level} (.+)\n", page, flags=re.M)
    ends = [re.split(rf"^#{{1,{level}}} ", body, flags=re.M)[0] for body in rest[1::2]]
    return dict(zip(rest[::2], ends, strict=True))


def rows(body):
    """The cells of each row of the tables in a text, without heads."""
    lines = [line for line in body.splitlines() if line.startswith("|")]
    lines = [line for line in lines if not re.match(r"\|[-|]+$", line)]
    cells = [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in lines]
    return [row for row in cells if row[0] not in ("minutes", "exercise", "lesson", "$t$", "where")]


def chapter_of(page, number):
    found = [body for head, body in parts(page, 2).items() if head.startswith(f"{number} · ")]
    return found[0] if found else ""


# ---- what may be wrong with a page: each gives its complaints, one a line


def about_links(page):
    targets = {target for _, target in LINK.findall(page) if not target.startswith("http")}
    for target in sorted(targets):
        if target not in FILES and not (PAGES / target).exists():
            yield f"{target}: no such file"


def about_plan(minutes, body):
    table = rows(body)
    total = sum(int(row[0]) for row in table)
    if total != minutes:
        yield f"the plan for {minutes} minutes adds up to {total}"
    for _, section, what, *names in table:
        title, target = LINK.fullmatch(section).groups()
        lesson = FILES.get(target)
        if lesson is None or title not in lesson.sections:
            yield f"{target} has no section “{title}”"
            continue
        for name in CODE.findall(" ".join(names)):
            if name not in widgets.__all__:
                yield f"{name}: no such widget"
            elif not re.search(rf"\b{name}\b", lesson.sections[title]):
                yield f"“{title}” uses no {name}"
        yield from about_numbers(what, lesson.vouched(), title)


def about_chapter(lesson, body):
    if f"*About {lesson.minutes} minutes.*" not in body:
        yield f"{lesson.title}: not its {lesson.minutes} minutes"
    if f"](../../notebooks/{lesson.path.name})" not in body:
        yield f"{lesson.title}: no link to the lesson"
    sections = list(lesson.sections)
    named = [title for title in parts(body, 3) if title not in OWN_HEADINGS]
    named += re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", parts(body, 3).get("Short of time", ""))
    for title in named:
        if " ".join(title.split()) not in sections:
            yield f"{lesson.title} has no section “{title}”"
    order = [sections.index(title) for title in parts(body, 3) if title in sections]
    if order != sorted(order):
        yield f"{lesson.title}: the sections are not in the lesson's order"
    for title, questions in parts(body, 3).items():
        if title not in OWN_HEADINGS and not ("**Ask.**" in questions and "**Show.**" in questions):
            yield f"“{title}” has nothing to ask, or nothing to show"


def about_exercises(lesson, body):
    table = rows(parts(body, 3).get("Exercises", ""))
    expected = [title for title in lesson.sections if title.startswith("Exercise")]
    if [row[0] for row in table] != expected:
        yield f"{lesson.title}: its exercises are {', '.join(expected)}"
        return
    messages = sayings(lesson.number)
    for title, check, level, mistakes in table:
        name = CODE.fullmatch(check)[1].removeprefix("checks.")
        if name not in checks.__all__ or f"checks.{name}(" not in lesson.sections[title]:
            yield f"“{title}” does not use {check}"
        if not re.fullmatch(r"(easy|medium|hard), \d+", level):
            yield f"“{title}”: how hard, and how many minutes, is {level}?"
        quoted = re.findall("“([^”]+)”", mistakes)
        if not quoted:
            yield f"“{title}”: no wrong answer"
        for saying in quoted:
            if not any(saying in message for message in messages.get(name, [])):
                yield f"{check} never says “{saying}”"
        for answer, saying in re.findall(r"([\d.]+): “([^”]+)”", mistakes):
            if saying not in said_of(name, float(answer)):
                yield f"{check} does not say “{saying}” of {answer}"


def said_of(name, answer):
    with redirect_stdout(io.StringIO()) as line:
        getattr(checks, name)(answer)
    return line.getvalue()


def sayings(number):
    """{check: all texts in it, and in what the module shares}, of lesson `number`."""
    folder = Path(checks.__file__).parent
    trees = {n: ast.parse((folder / f"lesson_{n}.py").read_text("utf-8")) for n in LESSONS}
    shared, found = [], {}
    for node in trees[number].body + (trees[4].body if number == 5 else []):
        strings = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)]
        strings = [string for string in strings if isinstance(string, str)]
        if getattr(node, "name", "") in checks.__all__:
            found.setdefault(node.name, strings)
        else:
            shared += strings
    return {name: strings + shared for name, strings in found.items()}


def about_settings(page):
    for name, value in re.findall(r"`(t|T|β) = ([^`]+)`", page):
        largest = {"t": SCHEDULE.time_steps, "T": 2000, "β": 1}[name]
        if not 0 <= float(value) <= largest:
            yield f"no slider goes to {name} = {value}"
            return
    reading = r"`(t|β) = ([\d.]+)`\s+\(reads\s+([\d.]+)\s+and\s+([\d.]+)\)"
    for name, value, *shown in re.findall(reading, page):
        if name == "t":
            rates = SCHEDULE.signal_rate(int(value)), SCHEDULE.noise_rate(int(value))
        else:
            rates = math.sqrt(1 - float(value)), math.sqrt(float(value))
        if shown != [f"{rate:.3f}" for rate in rates]:
            yield f"{name} = {value} does not read {' and '.join(shown)}"


def about_numbers(body, values, where):
    body = re.sub(r"(?:[\d.]+: )?“[^”]*”", "…", body)  # a check's words
    for number, claims in numbers(prose(re.sub(r"\*About \d+ minutes\.\*", "", body))):
        if claims and not number.covered_by(values):
            yield f"{where}: {number.shown} in “{number.sentence}”"


# ---- the figures of the guide that no lesson computes


def left(time_steps, beta_end=0.02):
    schedule = NoiseSchedule(1e-4, beta_end, time_steps)
    return schedule.signal_rate(time_steps, torch.float64).item()


def smallest(time_steps, at_most):
    """The smallest β_end in thousandths, as the slider goes, that leaves so much at the end."""
    return next(k / 1000 for k in range(1, 1000) if left(time_steps, k / 1000) <= at_most)


def beyond(beta):
    x_0 = load_image(ROOT / "data" / "cat.png")
    noise = torch.randn(x_0.shape, generator=torch.Generator().manual_seed(0))
    x_1 = math.sqrt(1 - beta) * x_0 + math.sqrt(beta) * noise
    return (x_1.abs() > 1).float().mean().item()


def in_the_lab(bug, t):
    """The blue number and the standard deviation that the bug lab shows."""
    (bug,) = (each for each in BUGS if each.name == bug)
    pictures, _ = load_digits(ROOT / "data" / "digits.png")
    generator = torch.Generator().manual_seed(0)
    x_0 = pictures[torch.randperm(len(pictures), generator=generator)[:64]][:9]
    tiles = torch.nn.functional.pad(x_0, (1, 1, 1, 1)).view(3, 3, 10, 10)
    lab = widgets.BugLab(tiles.transpose(1, 2).reshape(1, 30, 30), SCHEDULE, {}, (bug,))
    axis = lab.children[2].timeline.axis
    return axis.signal_rates[t].item(), float(axis.readouts["standard deviation"][t])


def rates(t):
    return {SCHEDULE.signal_rate(t).item(), SCHEDULE.noise_rate(t).item()}


def facts_1():
    yield from (math.sqrt(1 - beta) for beta in (0.01, 0.2, 0.9))
    yield from (math.sqrt(beta) for beta in (0.01, 0.2, 0.9))
    yield from (1 - 0.1, 1 / math.sqrt(0.2), 1 / math.sqrt(1e-4), 1e-4)
    yield from (beyond(beta) for beta in (0.1, 0.5, 1))


def facts_2():
    for t in (100, 200, 250, 500, 750):
        yield from rates(t)


def facts_3():
    for t in (100, 260):
        yield from rates(t)
    yield SCHEDULE.beta(100).item()
    yield from (left(50, 0.2), NoiseSchedule(time_steps=100).betas.sum().item())
    yield NoiseSchedule(time_steps=50).log_snr(50).item() * 10 / math.log(10)
    constant = NoiseSchedule(0.01, 0.01, 1000)
    yield from (constant.beta(1).item(), constant.alpha_bar(100).item())
    yield (constant.alpha_bars < 0.5).nonzero()[0].item() + 1
    # From 1 % left to 0.1 %, which the check calls more than is needed.
    yield from (smallest(100, 0.01), smallest(100, 0.001) - 0.001)


def facts_4():
    yield 1 - 0.9 * 0.8


def facts_5():
    yield from (in_the_lab("β for √β", 1000)[1], in_the_lab("no bug", 1000)[1])
    yield from (in_the_lab("√ᾱ for ᾱ", 300)[0], in_the_lab("no bug", 300)[0])
    names = ["cat", "astronaut", "coffee", "rocket", "hubble"]
    photos = torch.stack([load_image(ROOT / "data" / f"{name}.png", size=64) for name in names])
    seed = int(re.search(r"new_game\(seed=(\d{4})\)", LESSONS[5].code)[1])
    yield from diffusion.sample_xt(photos, SCHEDULE, torch.Generator().manual_seed(seed))[
        2
    ].tolist()


FACTS = {1: facts_1, 2: facts_2, 3: facts_3, 4: facts_4, 5: facts_5}


# ---- the guide


@pytest.fixture(scope="module")
def guide():
    return GUIDE.read_text("utf-8")


@pytest.fixture(params=LESSONS.values(), ids=lambda lesson: lesson.path.stem)
def lesson(request):
    return request.param


@pytest.mark.parametrize("path", [GUIDE, GLOSSARY], ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    assert [*about_links(path.read_text("utf-8"))] == []


def test_the_plans_add_up_and_name_sections_and_widgets_that_exist(guide):
    plans = parts(parts(guide, 2)["Plans"] + "\n", 3)
    assert list(plans) == ["20 minutes", "50 minutes", "90 minutes"]
    for name, body in plans.items():
        assert [*about_plan(int(name.split()[0]), body)] == []


def test_a_chapter_is_about_its_lesson(guide, lesson):
    assert lesson.title in parts(guide, 2)
    body = chapter_of(guide, lesson.number)
    assert [*about_chapter(lesson, body), *about_exercises(lesson, body)] == []


def test_sliders_can_be_put_where_the_guide_puts_them_and_read_what_it_says(guide):
    assert [*about_settings(guide)] == []
    assert guide.count("(reads ") >= 10


def test_every_number_of_a_chapter_is_computed_here_or_in_its_lesson(guide, lesson):
    body, facts = chapter_of(guide, lesson.number), list(FACTS.get(lesson.number, tuple)())
    assert [*about_numbers(body, {*facts, *lesson.vouched()}, lesson.title)] == []
    stated = [number for number, _ in numbers(prose(body))]
    unused = [fact for fact in facts if not any(number.covered_by({fact}) for number in stated)]
    assert unused == []


def test_the_whole_lessons_come_to_the_minutes_that_are_said(guide):
    total = sum(lesson.minutes for lesson in LESSONS.values())
    assert f"The whole lessons come to {total} minutes" in guide


def test_every_widget_that_is_named_exists(guide):
    names = set(re.findall(r"`([A-Z]\w+)`", guide))
    assert names and names <= set(widgets.__all__)


def test_without_a_kernel_the_explorer_can_show_what_the_guide_does():
    asked = [(1e-4, 0.02, 50), (1e-4, 0.33, 50), (1e-4, 1.0, 50), (0.01, 0.01, 1000)]
    recorded = (explorer.BETA_STARTS, explorer.BETA_ENDS, explorer.TIME_STEPS)
    for setting in asked:
        assert all(value in values for value, values in zip(setting, recorded, strict=True))


def test_what_is_needed_is_what_the_project_asks_for(guide):
    python = re.search(r'requires-python = ">=(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert f"Python {python[1]} or newer" in guide


def test_memory_for_a_class_is_extrapolated_as_it_says(guide):
    table = rows(parts(guide, 2)["Run it for a class"])
    assert len(table) == 2
    for _, *cells in table:
        one, five, thirty = (float(cell.removesuffix(" GB")) for cell in cells)
        assert abs(five + 25 * (five - one) / 4 - thirty) < 0.1
    measured = (ROOT / "docs" / "pages" / "measurements.md").read_text("utf-8")
    for (lesson, *cells), said in zip(table, ("1", "4"), strict=True):
        assert lesson.startswith(said)
        _, _, of_class = measured.partition(f"on one machine: lesson {said}\n")
        one, five, _, thirty = (
            line.split(" | ")[1].strip(" |") for line in of_class.splitlines()[5:9]
        )
        assert cells == [one, five, thirty]
    benchmark = (ROOT / "benchmarks" / "memory.py").read_text("utf-8")
    assert "python benchmarks/memory.py --lesson 4" in guide and '"--lesson"' in benchmark


# ---- the glossary


def entries(page):
    """{term: (its first paragraph, its definition)}."""
    body = re.search(r"```\{glossary\}\n(.*?)\n```", page, re.S)[1]
    _, *rest = re.split(r"^(\S.*)\n", body, flags=re.M)
    pairs = [re.split(r"\n\s*\n", each.strip(), maxsplit=1) for each in rest[1::2]]
    return dict(
        zip(rest[::2], (tuple(" ".join(p.split()) for p in pair) for pair in pairs), strict=True)
    )


def about_entry(term, first):
    links = LINK.findall(first)
    if len(links) != 1 or links[0][1] not in FILES:
        yield f"{term}: names no lesson"
        return
    said, target = links[0]
    lesson = FILES[target]
    if said != f"lesson {lesson.number}":
        yield f"{term}: {said} is {target}"
    symbols = [symbol.split(" = ")[0] for symbol in re.findall(r"\$([^$]+)\$", first)]
    names = [re.split(r"\W", code.removeprefix("schedule."))[0] for code in CODE.findall(first)]
    source = (lesson.prose + lesson.code).lower()
    if not any(sign.lower() in source for sign in (term, *symbols, *names)):
        yield f"{term}: {said} does not speak of it"
    for code in CODE.findall(first):
        try:
            eval(code, namespace())
        except Exception as error:
            yield f"{term}: {code} raises {error!r}"


def namespace():
    x_0 = torch.linspace(-1, 1, 48).view(3, 4, 4)
    noise = torch.randn(x_0.shape, generator=torch.Generator().manual_seed(0))
    own = {name: getattr(diffusion, name) for name in diffusion.__all__}
    drawn = {name: getattr(widgets, name) for name in widgets.__all__}
    given = {"schedule": SCHEDULE, "t": 250, "k": 249, "x_0": x_0, "x_t": x_0, "noise": noise}
    given |= {"chain": [x_0, noise], "film": widgets.Blend(x_0, noise, SCHEDULE)}
    given |= {"noises": [noise] * 3, "guess": 0 * noise, "scheduler": scheduler()}
    return own | drawn | given | {"to_uint8": to_uint8, "mse_loss": mse_loss}


def scheduler():
    return DDPMScheduler(beta_start=1e-4, beta_end=0.02, beta_schedule="linear")


GLOSSARY_PAGE = GLOSSARY.read_text("utf-8")
ENTRIES = entries(GLOSSARY_PAGE)


@pytest.mark.parametrize("term", ENTRIES)
def test_an_entry_has_a_lesson_that_speaks_of_it_and_code_that_runs(term):
    first, definition = ENTRIES[term]
    assert [*about_entry(term, first)] == []
    assert definition.endswith(".")


def test_entries_are_in_alphabetical_order():
    assert list(ENTRIES) == sorted(ENTRIES, key=str.lower) and len(ENTRIES) >= 20


T250 = 250
ALPHA_BAR = math.prod(1 - (1e-4 + (0.02 - 1e-4) * s / 999) for s in range(T250))


@pytest.mark.parametrize(
    "term, value",
    [
        ("alpha", 1 - (1e-4 + (0.02 - 1e-4) * 249 / 999)),
        ("alpha bar", ALPHA_BAR),
        ("signal rate", math.sqrt(ALPHA_BAR)),
        ("noise rate", math.sqrt(1 - ALPHA_BAR)),
        ("log-SNR", math.log(ALPHA_BAR / (1 - ALPHA_BAR))),
        ("signal-to-noise ratio", ALPHA_BAR / (1 - ALPHA_BAR)),
    ],
)
def test_the_code_of_an_entry_is_its_formula(term, value):
    (code,) = CODE.findall(ENTRIES[term][0])
    assert eval(code, namespace()).item() == pytest.approx(value, rel=1e-5)


# ---- the same thing in other letters


@pytest.fixture(scope="module")
def rosetta():
    return rows(parts(GLOSSARY_PAGE, 2)["In other letters"].split("And each has")[0])


@pytest.fixture(scope="module")
def noised():
    """x_0, the noise, and x_t at t = 250, in float64, with the rates."""
    generator = torch.Generator().manual_seed(0)
    x_0, noise = torch.randn(2, 1000, generator=generator, dtype=torch.float64)
    a, b = (r(T250, torch.float64).item() for r in (SCHEDULE.signal_rate, SCHEDULE.noise_rate))
    return x_0, noise, q_sample(x_0, T250, SCHEDULE, noise), a, b


def test_each_row_has_a_source(rosetta):
    assert all(len(row) == 3 for row in rosetta)
    sources = parts(GLOSSARY_PAGE, 3)["Sources"].lower()
    names = [row[0].strip("`") for row in rosetta if row[0]]
    for name in re.split(", ", ", ".join(names)):
        assert name in ("VP", "this project") or f"**{name.lower()}.**" in sources, name


def test_code_in_the_table_gives_the_number_beside_it(rosetta):
    symbols = {r"$\beta_t$": SCHEDULE.beta(T250), r"$\bar\alpha_t$": SCHEDULE.alpha_bar(T250)}
    compared = 0
    for _, theirs, ours in rosetta:
        if not theirs.startswith("`"):
            continue
        if ours.startswith("`"):  # add_noise and q_sample
            given = namespace() | {"k": torch.tensor([249])}
            left, right = (eval(CODE.search(cell)[1], given) for cell in (theirs, ours))
        else:
            left = eval(CODE.fullmatch(theirs)[1], namespace())
            right = symbols[re.match(r"\$[^$]+\$", ours)[0]]
        assert_close(left, right, rtol=1e-4, atol=1e-5)
        compared += 1
    assert compared == 5


def test_ddim_its_ratio_is_our_alpha():
    ratio = SCHEDULE.alpha_bar(T250) / SCHEDULE.alpha_bar(T250 - 1)
    assert_close(ratio, SCHEDULE.alpha(T250))


def test_vdm_and_edm_give_our_x_t(noised):
    x_0, noise, x_t, a, b = noised
    assert_close(a * x_0 + b * noise, x_t)
    sigma = b / a
    assert_close(x_t / a, x_0 + sigma * noise)
    assert_close(x_t, (x_0 + sigma * noise) / math.sqrt(1 + sigma**2))
    assert sigma == pytest.approx(math.exp(-SCHEDULE.log_snr(T250, torch.float64).item() / 2))


def test_score_sde_agrees_up_to_the_length_of_a_step():
    s = torch.arange(1001, dtype=torch.float64) / 1000
    continuous = torch.exp(-(0.1 * s + (20 - 0.1) * s**2 / 2))  # β(s) = 0.1 + 19.9 s, integrated
    difference = (continuous - SCHEDULE.alpha_bar(torch.arange(1001), torch.float64)).abs().max()
    assert 1e-5 < difference < 2e-3
    t = torch.arange(1, 1001)
    assert_close(0.1 + 19.9 * t / 1000, 1000 * SCHEDULE.beta(t), atol=0.02, rtol=0)
    # Ten times as many steps, each a tenth as large: ten times closer.
    fine = NoiseSchedule(1e-5, 0.002, 10_000).alpha_bar(torch.arange(0, 10_001, 10), torch.float64)
    assert (continuous - fine).abs().max() < difference / 5


def test_a_straight_path_corresponds_at_equal_snr_and_preserves_no_variance(noised):
    x_0, noise, x_t, a, b = noised
    s = b / (a + b)
    assert_close(x_t / (a + b), (1 - s) * x_0 + s * noise)
    assert (1 - s) ** 2 / s**2 == pytest.approx(a**2 / b**2)
    assert s / (1 - s) == pytest.approx(b / a)
    assert (1 - s) ** 2 / ((1 - s) ** 2 + s**2) == pytest.approx(a**2)
    share = torch.linspace(0, 1, 101)
    variance = (1 - share) ** 2 + share**2
    assert variance.argmin() == 50 and variance.min() == 0.5


def test_the_table_of_noise_levels():
    table = rows(parts(GLOSSARY_PAGE, 3)["The same noise level, in all letters"])
    assert [int(row[0]) for row in table] == [1, 100, 260, 500, 1000]
    for row in table:
        t = int(row[0])
        a, b = (r(t, torch.float64).item() for r in (SCHEDULE.signal_rate, SCHEDULE.noise_rate))
        log_snr = SCHEDULE.log_snr(t, torch.float64).item()
        expected = [t, t - 1, a**2, a, b, log_snr, b / a, b / (a + b)]
        for shown, value in zip(row, expected, strict=True):
            digits = len(shown.partition(".")[2])
            assert float(shown.replace("−", "-")) == pytest.approx(value, abs=0.5001 * 10**-digits)
        assert scheduler().alphas_cumprod[t - 1].item() == pytest.approx(a**2, rel=1e-3)


# ---- tests of the rules themselves

CHAPTER = """*About 15 minutes.* [The lesson](../../notebooks/01_add_noise_once.ipynb).

### One step

- **Ask.** At which β?
- **Show.** `β = 0.1` (reads 0.949 and 0.316).

### Exercises

| exercise | check | level, minutes | wrong answers that it names |
|---|---|---|---|
| Exercise 1: write the step | `checks.forward_step` | easy, 3 | “You scaled the noise by β.” |
| Exercise 2: how strong? | `checks.beta_for_spread` | easy, 2 | 0.75: “That is 1 − β” |

### Short of time

Drop *Follow one pixel*.
"""
PLAN = """| minutes | section | what happens | widget |
|---|---|---|---|
| 1 | [1 · Add noise once](../../notebooks/01_add_noise_once.ipynb) | a question | |
| 4 | [One step](../../notebooks/01_add_noise_once.ipynb) | bars: 0.949 and 0.316 | `ImageView` |
"""


def complaints(chapter=CHAPTER, plan=PLAN):
    lesson = LESSONS[1]
    yield from about_links(chapter + plan)
    yield from about_plan(5, plan)
    yield from about_chapter(lesson, chapter)
    yield from about_exercises(lesson, chapter)
    yield from about_settings(chapter)
    yield from about_numbers(chapter, lesson.vouched(), lesson.title)


def test_a_page_without_mistakes_gives_no_complaints():
    assert [*complaints()] == []


@pytest.mark.parametrize(
    "right, wrong, complaint",
    [
        ("About 15", "About 16", "not its 15 minutes"),
        ("### One step", "### One leap", "no section “One leap”"),
        ("*Follow one pixel*", "*Follow two pixels*", "no section “Follow two pixels”"),
        ("### One step", "### A picture of your own\n\n### One step", "not in the lesson's order"),
        ("- **Ask.** At which β?", "", "nothing to ask"),
        ("reads 0.949", "reads 0.948", "β = 0.1 does not read 0.948 and 0.316"),
        ("`β = 0.1`", "`β = 1.1`", "no slider goes to β = 1.1"),
        ("At which β?", "At 0.123?", "0.123 in"),
        ("`checks.forward_step`", "`checks.q_sample`", "does not use `checks.q_sample`"),
        ("`checks.forward_step`", "`checks.nothing`", "does not use `checks.nothing`"),
        ("Exercise 2: how strong?", "Exercise 2: how weak?", "its exercises are"),
        ("scaled the noise by β.", "scaled the noise by γ.", "never says “You scaled"),
        ("“That is 1 − β”", "nothing", "no wrong answer"),
        ("easy, 3", "quick", "is quick?"),
        ("01_add_noise_once", "01_add_noise_twice", "no such file"),
    ],
)
def test_a_mistake_in_a_chapter_is_named(right, wrong, complaint):
    assert CHAPTER.count(right) == 1
    found = [*complaints(chapter=CHAPTER.replace(right, wrong))]
    assert any(complaint in line for line in found), found


@pytest.mark.parametrize(
    "right, wrong, complaint",
    [
        ("| 4 |", "| 5 |", "adds up to 6"),
        ("[One step]", "[Two steps]", "no section “Two steps”"),
        ("`ImageView`", "`PictureView`", "no such widget"),
        ("`ImageView`", "`PointsView`", "“One step” uses no PointsView"),
        ("0.949", "0.948", "0.948 in"),
        ("| 4 | [One step](../../notebooks/01", "| 4 | [One step](lessons/99", "no such file"),
    ],
)
def test_a_mistake_in_a_plan_is_named(right, wrong, complaint):
    assert PLAN.count(right) == 1
    found = [*complaints(plan=PLAN.replace(right, wrong))]
    assert any(complaint in line for line in found), found


@pytest.mark.parametrize(
    "first, complaint",
    [
        ("$\\beta_t$ · `schedule.beta(t)`", "names no lesson"),
        (
            "`schedule.gamma(t)` · [lesson 1](../../notebooks/01_add_noise_once.ipynb)",
            "raises Attribute",
        ),
        (
            "`schedule.beta(0)` · [lesson 1](../../notebooks/01_add_noise_once.ipynb)",
            "raises ValueError",
        ),
        (
            "`schedule.beta(t)` · [lesson 2](../../notebooks/01_add_noise_once.ipynb)",
            "lesson 2 is ../../notebooks",
        ),
        ("`T250` · [lesson 1](../../notebooks/01_add_noise_once.ipynb)", "does not speak of it"),
    ],
)
def test_a_mistake_in_an_entry_is_named(first, complaint):
    found = [*about_entry("gammadion", first)]
    assert any(complaint in line for line in found), found


def test_an_entry_is_read_whole():
    first = "beta\n  $\\beta$ · `b` ·\n  [l](t)\n\n  The\n  end.\n\n"
    page = f"Words.\n```{{glossary}}\n{first}x_0\n  y\n\n  Z.\n```\n"
    assert entries(page) == {"beta": ("$\\beta$ · `b` · [l](t)", "The end."), "x_0": ("y", "Z.")}
