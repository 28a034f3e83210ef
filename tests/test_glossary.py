"""The glossary says nothing that the lessons and the code do not.

An entry's first paragraph names symbol, code and lesson; what is code can be run. What other papers
and `diffusers` write for the same noise level is computed as they do.
"""

import math
import re

import pytest
import torch
from diffusers import DDPMScheduler
from test_guide import CODE, LESSONS, LINK, ROOT, SCHEDULE, parts, rows
from torch.nn.functional import mse_loss
from torch.testing import assert_close

import diffusion
from diffusion import NoiseSchedule, q_sample
from diffusion.teaching import widgets
from diffusion.teaching.images import to_uint8

PAGE = (ROOT / "docs" / "pages" / "glossary.md").read_text("utf-8")
FIRST = LESSONS[0].file
LETTERS = rows(parts(PAGE, 2)["In other letters"].split("And each has")[0])
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
    given |= {"chain": [x_0, noise], "film": widgets.Blend(x_0, noise, SCHEDULE)}
    return eval(code, given | {"to_uint8": to_uint8, "mse_loss": mse_loss})


def check_entry(term, first):
    ((said, target),) = LINK.findall(first)
    (lesson,) = (lesson for lesson in LESSONS if lesson.file == target)
    assert said == f"lesson {lesson.number}"
    symbols = [symbol.split(" = ")[0] for symbol in re.findall(r"\$([^$]+)\$", first)]
    names = [re.split(r"\W", code.removeprefix("schedule."))[0] for code in CODE.findall(first)]
    assert any(sign.lower() in lesson.text.lower() for sign in (term, *symbols, *names))
    for code in CODE.findall(first):
        run(code)


@pytest.mark.parametrize("term", ENTRIES)
def test_an_entry_has_a_lesson_that_speaks_of_it_and_code_that_runs(term):
    first, definition = ENTRIES[term]
    check_entry(term, first)
    assert definition.endswith(".")


@pytest.mark.parametrize(
    ("term", "first", "error"),
    [
        ("noise", "`schedule.beta(t)`", ValueError),  # no lesson
        ("noise", f"`schedule.gamma(t)` · [lesson 1]({FIRST})", AttributeError),
        ("noise", f"`schedule.beta(0)` · [lesson 1]({FIRST})", ValueError),
        ("noise", f"`schedule.beta(t)` · [lesson 2]({FIRST})", AssertionError),
        ("gammadion", f"`T250` · [lesson 1]({FIRST})", AssertionError),
    ],
)
def test_a_mistake_in_an_entry_is_noticed(term, first, error):
    with pytest.raises(error):
        check_entry(term, first)


def test_an_entry_is_read_whole_and_all_are_in_alphabetical_order():
    page = "Words.\n```{glossary}\nbeta\n  $b$ ·\n  `c`\n\n  The\n  end.\n\nx_0\n  y\n\n  Z.\n```\n"
    assert entries(page) == {"beta": ["$b$ · `c`", "The end."], "x_0": ["y", "Z."]}
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


@pytest.fixture(scope="module")
def noised():
    """x_0, the noise, and x_t at t = 250, in float64."""
    generator = torch.Generator().manual_seed(0)
    x_0, noise = torch.randn(2, 1000, generator=generator, dtype=torch.float64)
    return x_0, noise, q_sample(x_0, T250, SCHEDULE, noise)


def test_each_row_has_a_source():
    assert all(len(row) == 3 for row in LETTERS)
    sources = parts(PAGE, 3)["Sources"].lower()
    names = ", ".join(where.strip("`") for where, _, _ in LETTERS if where).split(", ")
    for name in {*names} - {"VP", "this project"}:
        assert f"**{name.lower()}.**" in sources
    papers = {*names} - {"VP", "this project", "diffusers"}
    assert len(papers) == 7 and "as seven papers, a library and this project write it" in PAGE


def test_the_lessons_give_each_paper_the_year_that_the_glossary_gives():
    sources = " ".join(parts(PAGE, 3)["Sources"].split())
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


def test_ddim_its_ratio_is_our_alpha():
    ratio = SCHEDULE.alpha_bar(T250) / SCHEDULE.alpha_bar(T250 - 1)
    assert_close(ratio, SCHEDULE.alpha(T250))


def test_vdm_and_edm_give_our_x_t(noised):
    x_0, noise, x_t = noised
    sigma = B / A
    assert_close(A * x_0 + B * noise, x_t)
    assert_close(x_t / A, x_0 + sigma * noise)
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
    x_0, noise, x_t = noised
    s = B / (A + B)
    assert_close(x_t / (A + B), (1 - s) * x_0 + s * noise)
    assert s / (1 - s) == pytest.approx(B / A)
    assert (1 - s) ** 2 / ((1 - s) ** 2 + s**2) == pytest.approx(ALPHA_BAR)
    share = torch.linspace(0, 1, 101)
    variance = (1 - share) ** 2 + share**2
    assert variance.argmin() == 50 and variance.min() == 0.5


def test_the_table_of_noise_levels():
    table = rows(parts(PAGE, 3)["The same noise level, in all letters"])
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
