"""The glossary says nothing that the lessons and the code do not.

An entry's first paragraph names symbol, code and lesson; what is code can be run. What other papers
and `diffusers` write for the same noise level is computed as they do.
"""

import math
import re

import pytest
import torch
from diffusers import DDPMScheduler
from publish.guide import headed, rows
from test_guide import CODE, LESSONS, LINK, ROOT, SCHEDULE
from torch.nn.functional import mse_loss
from torch.testing import assert_close

import diffusion
from diffusion.teaching import widgets
from diffusion.teaching.images import to_uint8

PAGE = (ROOT / "docs" / "pages" / "glossary.md").read_text("utf-8")
LETTERS = rows(headed(PAGE, 2)["In other letters"].split("And each has")[0])
SCHEDULER = DDPMScheduler(beta_start=1e-4, beta_end=0.02, beta_schedule="linear")
T250 = 250
ALPHA_BAR = math.prod(1 - (1e-4 + (0.02 - 1e-4) * s / 999) for s in range(T250))
A, B = math.sqrt(ALPHA_BAR), math.sqrt(1 - ALPHA_BAR)


def entries(page):
    """{term: its first paragraph, and its definition}."""
    (body,) = re.findall(r"```\{glossary\}\n(.*?)\n```", page, re.S)
    _, *rest = re.split(r"^(\S.*)\n", body, flags=re.M)
    texts = [text.strip().split("\n\n", 1) for text in rest[1::2]]
    return {
        term: [" ".join(part.split()) for part in text]
        for term, text in zip(rest[::2], texts, strict=True)
    }


ENTRIES = entries(PAGE)


def run(code):
    """The value of the glossary's code, with what it takes for granted."""
    x_0 = torch.linspace(-1, 1, 48).view(3, 4, 4)
    noise = torch.randn(x_0.shape, generator=torch.Generator().manual_seed(0))
    given = {name: getattr(diffusion, name) for name in diffusion.__all__}
    given |= {name: getattr(widgets, name) for name in widgets.__all__}
    given |= {"schedule": SCHEDULE, "t": T250, "k": 249, "scheduler": SCHEDULER, "torch": torch}
    given |= {"x_0": x_0, "x_t": x_0, "noise": noise, "noises": [noise] * 3, "guess": 0 * noise}
    given |= {"denoiser": lambda x_t, t: 0 * x_t}
    given |= {"denoiser": lambda x_t, t: 0 * x_t}
    given |= {"chain": [x_0, noise], "film": widgets.Blend(x_0, noise, SCHEDULE)}
    return eval(code, given | {"to_uint8": to_uint8, "mse_loss": mse_loss})


@pytest.mark.parametrize("term", ENTRIES)
def test_an_entry_has_a_lesson_that_speaks_of_it_and_code_that_runs(term):
    first, definition = ENTRIES[term]
    ((said, target),) = LINK.findall(first)
    (lesson,) = (lesson for lesson in LESSONS if lesson.file == target)
    assert said == f"lesson {lesson.number}"
    symbols = [symbol.split(" = ")[0] for symbol in re.findall(r"\$([^$]+)\$", first)]
    names = [re.split(r"\W", code.removeprefix("schedule."))[0] for code in CODE.findall(first)]
    assert any(sign.lower() in lesson.text.lower() for sign in (term, *symbols, *names))
    for code in CODE.findall(first):
        run(code)
    assert definition.endswith(".")


def test_all_entries_are_in_alphabetical_order():
    assert [*ENTRIES] == sorted(ENTRIES, key=str.lower) and len(ENTRIES) >= 20


def test_links_lead_somewhere():
    for _, target in LINK.findall(PAGE):
        assert target.startswith(("http", "#")) or (ROOT / "docs" / "pages" / target).exists()


@pytest.mark.parametrize(
    ("term", "value"),
    [
        ("alpha", 1 - (1e-4 + (0.02 - 1e-4) * 249 / 999)),
        ("alpha bar", ALPHA_BAR),
        ("signal rate", A),
        ("noise rate", B),
        ("log-SNR", math.log(A**2 / B**2)),
        ("signal-to-noise ratio", A**2 / B**2),
    ],
)
def test_the_code_of_an_entry_is_its_formula(term, value):
    (code,) = CODE.findall(ENTRIES[term][0])
    assert run(code).item() == pytest.approx(value, rel=1e-5)


# ---- the same thing in other letters


def test_the_papers_are_counted_and_the_lessons_give_their_years():
    names = ", ".join(where.strip("`") for where, _, _ in LETTERS if where).split(", ")
    assert len({*names} - {"VP", "this project", "diffusers"}) == 7 and "as seven papers" in PAGE
    sources = " ".join(headed(PAGE, 3)["Sources"].split())
    years = dict(re.findall(r"\*\*[^*]+\.\*\* (\w+),[^*]+\*[^*]+\*, (\d{4})", sources))
    assert len(years) == 7 - 1  # two of them are by a Song, of the same year
    for lesson in LESSONS:
        for author, year in re.findall(r"(\w+) et al\. (\d{4})", lesson.text):
            assert years.get(author, year) == year, (lesson.title, author)


def test_code_in_the_table_gives_the_number_beside_it():
    symbols = {r"$\beta_t$": SCHEDULE.beta(T250), r"$\bar\alpha_t$": SCHEDULE.alpha_bar(T250)}
    with_code = [(theirs, ours) for _, theirs, ours in LETTERS if theirs.startswith("`")]
    assert len(with_code) == 5
    for theirs, ours in with_code:
        symbol = re.match(r"\$[^$]+\$", ours)
        value = symbols[symbol[0]] if symbol else run(CODE.fullmatch(ours)[1])
        assert_close(run(CODE.fullmatch(theirs)[1]), value, rtol=1e-4, atol=1e-5)


def test_the_table_of_noise_levels():
    table = rows(headed(PAGE, 3)["The same noise level, in all letters"])
    assert [int(row[0]) for row in table] == [1, 100, 260, 500, 1000]
    for row in table:
        t = int(row[0])
        a, b = (r(t, torch.float64).item() for r in (SCHEDULE.signal_rate, SCHEDULE.noise_rate))
        log_snr = SCHEDULE.log_snr(t, torch.float64).item()
        expected = [t, t - 1, a**2, a, b, log_snr, b / a, b / (a + b)]
        for shown, value in zip(row, expected, strict=True):
            digits = len(shown.partition(".")[2])
            assert float(shown.replace("−", "-")) == pytest.approx(value, abs=0.5001 * 10**-digits)
        assert SCHEDULER.alphas_cumprod[t - 1].item() == pytest.approx(a**2, rel=1e-3)
