"""The mathematics of the docstrings, as the site's reference shows it."""

import inspect
import runpy
from pathlib import Path

import pytest

import diffusion

CONF = runpy.run_path(str(Path(__file__).parents[1] / "docs" / "conf.py"))
tex, render_mathematics = CONF["tex"], CONF["render_mathematics"]


@pytest.mark.parametrize(
    "plain, expected",
    [
        ("x_t = √ᾱ_t x_0", r"x_t = \sqrt{\bar\alpha _t} x_0"),
        ("√(1 − ᾱ_t) ε", r"\sqrt{1 - \bar\alpha _t} \epsilon "),
        ("ᾱ_t = α_1 · α_2 ⋯ α_t", r"\bar\alpha _t = \alpha _1 \cdot  \alpha _2 \cdots  \alpha _t"),
        ("ε̄ = Σ_s w_s ε_s", r"\bar\epsilon  = \sum_s w_s \epsilon _s"),
        ("variance = √β̃_t", r"\text{variance} = \sqrt{\tilde\beta _t}"),
    ],
)
def test_an_equation_becomes_tex(plain, expected):
    assert tex(plain) == expected


def rendered(text):
    lines = inspect.cleandoc(text).splitlines()
    render_mathematics(None, "function", "", None, None, lines)
    return lines


def test_symbols_in_a_sentence_and_names_of_arguments():
    text = "x_{t−1} and √ᾱ_t, but not `x_0` or x_prev\n\nArgs:\n    x_0: clean data\n    β: ᾱ_0 = 1"
    first, _, _, argument, last = rendered(text)
    assert first == r":math:`x_{t-1}` and :math:`\sqrt{\bar\alpha _t}`, but not `x_0` or x_prev"
    assert argument == "    x_0: clean data"
    assert last == r"    β: :math:`\bar\alpha _0` = 1"  # no paragraph of its own, so no equation
    (equation,) = (line for line in rendered(diffusion.q_sample.__doc__) if ".. math" in line)
    assert equation.isascii()
    assert rendered("`f(x_t, t)` of x_t") == ["`f(x_t, t)` of :math:`x_t`"]


PUBLIC = [getattr(diffusion, name) for name in diffusion.__all__]
METHODS = [method for name, method in vars(diffusion.NoiseSchedule).items() if name[0] != "_"]


@pytest.mark.parametrize("described", [*PUBLIC, *METHODS], ids=lambda d: d.__name__)
def test_each_equation_has_a_line_of_its_own(described):
    lines = [*rendered(described.__doc__), ""]
    for number, line in enumerate(lines):
        if ".. math" in line:
            assert line.isascii() and lines[number + 1] == ""


@pytest.mark.parametrize("name", diffusion.__all__)
def test_the_reference_lists_all_that_is_public(name):
    page = Path(CONF["__file__"]).parent / "pages" / "reference.md"
    assert f":: diffusion.{name}\n" in page.read_text("utf-8")
