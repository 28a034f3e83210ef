"""Every number that a lesson's prose states is asserted by a cell of that lesson.

A number in a markdown cell is covered when it is, or is the rounding of, a number written in a code
cell that asserts something, or a number that a cell prints or returns and nbval compares. This
finds numbers that nobody checks, and numbers that the code has outgrown. It cannot tell whether
the right thing is asserted of the number: that is for the reader of the cell.

Left out, because they claim nothing or nothing that this could check: numbers spelled out (and ½);
bare integers up to 10, except after = ≈ ± × and before ×; code, addresses and colours; subscripts
and powers, except powers of ten; years of papers; the minutes of a lesson or a slide. The notes for
presenters count: an instructor says them aloud. So do the texts of the lesson's questions, but for
the wrong answers to choose from.
"""

import ast
import html
import json
import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from diffusion.teaching.widgets.question import QUESTIONS

LESSONS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


class Number(NamedTuple):
    shown: str
    value: float
    unit: float  # of the last digit shown
    claims: bool  # something, and is no bare small integer
    context: str

    def covered_by(self, values):
        # With a little room, for the halves that binary fractions cannot represent.
        return any(abs(self.value - value) <= 0.5001 * self.unit for value in values)


# ---- numbers in a text

NUMBER = re.compile(
    r"""(?P<before> [=≈±×] \s* )?
        (?: (?<![\w.)\]}]) (?P<sign>[-−]) )?   # a sign, not a difference
        (?<![\w.])                             # not the 32 of float32
        (?P<digits> [0-9]{1,3} (?:[ ,\u2009\u202f\xa0][0-9]{3})+ (?![0-9])
                  | [0-9]+ )
        (?P<decimals> \.[0-9]+ )?
        (?: e (?P<power> [-−+]?[0-9]+ ) )?
        (?P<after> \s* [%×] | /[0-9]+ (?!\.?[0-9]) )?
        (?P<shared> (?= (?: (?: , | – | \s(?:and|or|to)\s ) \s* [0-9.]+ )+ \s* % ) )?""",  # 3, 4 %
    re.VERBOSE,
)
TAG = re.compile(r"</?(?:details|summary|span|div|br|sub|sup|kbd|img)\b[^<>]*>")
SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
LATEX = {r"\cdot": "·", r"\times": "×", r"\pm": "±", r"\approx": "≈", r"\%": "%", r"\,": "\u2009"}


def numbers(text):
    for match in NUMBER.finditer(text):
        decimals, after = match["decimals"] or "", (match["after"] or "").strip()
        power = int((match["power"] or "0").replace("−", "-"))
        value = float(re.sub("[^0-9]", "", match["digits"]) + decimals) * 10.0**power
        unit, claims = 10.0 ** (power - max(len(decimals) - 1, 0)), True
        if after == "%" or match["shared"] is not None:
            value, unit = value / 100, unit / 100
        elif after.startswith("/"):
            value, unit = value / (int(after[1:]) or 1), 1e-9
        elif value <= 10 and not decimals and not match["power"]:
            unit, claims = 1e-9, bool(match["before"] or after)  # "= 6" is no rounding of 5.7
        context = " ".join(text[max(match.start() - 60, 0) : match.end() + 60].split())
        yield Number(match[0].strip(), -value if match["sign"] else value, unit, claims, context)


def prose(markdown):
    """A markdown cell without what is no prose: code, addresses, the structure of formulas."""
    text = re.sub(r"```.*?```|`[^`]*`", "…", markdown, flags=re.DOTALL)
    text = re.sub(r"\]\([^)]*\)|https?://\S+", "]", text)
    text = html.unescape(re.sub(TAG, "", text))
    text = re.sub(r"\*\*About \d+ minutes\.\*\*(\s+\(\d+ to read\b)?", "", text)
    text = re.sub(r"\*Minutes: [^*]*\*|^#+ \d+ ·", "", text, flags=re.M)
    text = re.sub(r"\b(?:et al\.,?|and [A-Z][a-z]+) \(?(?:19|20)\d\d\b", "", text)
    text = re.sub(r"\\color\{[^}]*\}|\{(,)\}", r"\1", text)
    text = re.sub(r"\\[dt]?frac\{(\d+)\}\{(\d+)\}", r" \1/\2 ", text)
    for command, sign in LATEX.items():
        text = re.sub(re.escape(command) + r"(?![A-Za-z])", sign, text)
    text = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda power: f"^{power[0].translate(SUPERSCRIPTS)}", text)
    text = re.sub(r"(\d)\s*[·×]\s*10\s*\^\{?([-−]?\d+)\}?", r"\1e\2", text)
    text = re.sub(r"(?<![\w.])10\s*\^\{?([-−]?\d+)\}?", r"1e\1", text)
    return re.sub(r"[_^](?:\{(?:[^{}]|\{[^{}]*\})*\}|\\?\w)", "", text)  # subscripts and powers


# ---- numbers that cells vouch for

# Their numbers are written beside the claim and are not it.
TOLERANCES_AND_SEEDS = {"atol", "rtol", "abs_tol", "rel_tol", "manual_seed"}


def asserted(source):
    """The numbers in a cell that asserts something: constants, and arithmetic on constants."""
    asserts = re.search(r"^\s*assert", source, re.MULTILINE)
    return set(constants(ast.parse(source))) if asserts else set()


def constants(node):
    called = getattr(node, "func", None)
    name = getattr(called, "attr", getattr(called, "id", getattr(node, "arg", "")))
    if name in TOLERANCES_AND_SEEDS:
        return
    if isinstance(node, ast.Constant | ast.UnaryOp | ast.BinOp):
        try:
            value = eval(ast.unparse(node), {"__builtins__": {}})  # a name makes it no constant
        except Exception:
            value = None
        if type(value) in (int, float):
            yield float(value)
            if isinstance(node, ast.UnaryOp):  # −0.5 is not 0.5
                return
    for child in ast.iter_child_nodes(node):
        yield from constants(child)


def compared(cell):
    """The numbers in what a cell prints or returns, where nbval compares it.

    What is written by hand and not computed is left out: the text beside a picture, and that of a
    question. And how many claims were checked is no claim.
    """
    if {"nbval-ignore-output", "predict", "claims", "solution"} & {
        *cell["metadata"].get("tags", [])
    }:
        return set()
    outputs = [output.get("data", output) for output in cell["outputs"]]
    texts = [o.get("text", o.get("text/plain", "")) for o in outputs if "image/png" not in o]
    apart = ["".join(text).replace(" ", "  ") for text in texts]  # two columns are two numbers
    return {number.value for text in apart for number in numbers(text)}


def vouched(cells):
    """The numbers that code cells assert, or print where nbval compares it."""
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    run = [cell for cell in code if "nbval-skip" not in cell["metadata"].get("tags", [])]
    return set().union(*(asserted("".join(cell["source"])) | compared(cell) for cell in run))


# ---- the rule


def uncovered(text, values):
    """The claims of a text that none of the values covers."""
    found = numbers(prose(text))
    return [number for number in found if number.claims and not number.covered_by(values)]


def answers(cells):
    """What the questions of these cells say of each answer, and which is right."""
    questions = tomllib.loads(QUESTIONS.read_text("utf-8"))
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    for name in re.findall(r'^ask\("([^"]+)"\)', code, re.M):
        right, unit = questions[name]["right"], questions[name].get("unit", "")
        yield f"= {right} {unit}".replace("-", "−")
        for sentence in questions[name]["said"].values():
            yield re.sub(r"_(\w+)", r"_{\1}", sentence)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_cell_asserts_every_number_in_the_prose(path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    values = vouched(cells)
    found = [number for text in (*texts, *answers(cells)) for number in uncovered(text, values)]
    assert not found, "\n".join(f"no cell asserts {n.shown} in “… {n.context} …”" for n in found)


# ---- tests of the rule itself


def shown_by(text, source, output="", tags=()):
    cell = {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": source}
    outputs = [{"name": "stdout", "text": output}]
    return [number.shown for number in uncovered(text, vouched([cell | {"outputs": outputs}]))]


@pytest.mark.parametrize(
    "claim, source",
    [
        ("It is 0.280 by then.", "assert_close(left, 0.28, atol=1e-3, rtol=0)"),
        (r"36 % or $36\,\%$ is left", "assert_close(left, 0.3636)"),
        ("78, 36 or 28 %, or 28–78 %", "assert left in (0.7765, 0.3636, 0.28)"),
        ("$196{,}608$ or 196 608 numbers", "assert x_0.numel() == 3 * 256 * 256"),
        ("−0.5 or $-0.5$ or (−0.5)", "assert low == -0.5"),
        (r"a variance of 1/12 or $\tfrac{1}{12}$", "assert_close(x.var(), 1 / 12)"),
        (r"$4.04 \cdot 10^{-5}$, 4.04 × 10⁻⁵, 4.04e-5", "assert snr == 4.04e-5"),
        ("8 × 8 pixels, 4× as fast", "assert n == 8 * 8 and ratio > 4"),
    ],
)
def test_a_number_that_an_assertion_holds_is_covered(claim, source):
    assert shown_by(claim, source) == []
    assert shown_by(claim, "assert True") != []


@pytest.mark.parametrize(
    "claim, source, shown",
    [
        ("It is 0.29 by then.", "assert_close(left, 0.2804)", "0.29"),
        ("37 % is left", "assert left == 0.3636", "37 %"),
        ("a mean of −0.5", "assert low == 0.5", "−0.5"),
        (r"$6 \pm 2$", "assert kick == 2.2", "± 2"),
        (r"about $10^{-12}$", "assert error < 1e-11", "1e-12"),
        # Numbers beside the claim, or in a cell that claims nothing.
        ("within 0.02", "assert_close(left, 0.28, atol=0.02, rtol=0)", "0.02"),
        ("It is 0.28 by then.", "left = 0.28", "0.28"),
        ("It is 0.28 by then.", "assert left > 0  # 0.28\nname = '0.28'", "0.28"),
    ],
)
def test_a_number_without_its_assertion_is_found(claim, source, shown):
    assert shown_by(claim, source) == [shown]


def test_printed_numbers_count_where_nbval_compares_them():
    claim = "About 32 % lay beyond."
    assert shown_by(claim, "print(share)", "32%\n") == []
    assert shown_by(claim, "print(share)", "32%\n", ["nbval-ignore-output"]) == ["32 %"]
    assert shown_by(claim, "assert s == 0.32", tags=["nbval-skip"]) == ["32 %"]


def test_what_a_question_says_of_its_answers_counts(tmp_path, monkeypatch):
    questions = """
    [number]
    right = -6
    said."5" = "5 is what 100 steps add at x_500 and ᾱ_1000."
    [choice]
    right = "36 %"
    said."36 %" = "Like 0.36."
    said."99 %" = "For something else."
    """
    path = tmp_path / "questions.toml"
    path.write_text(questions, "utf-8")
    monkeypatch.setattr(f"{__name__}.QUESTIONS", path)
    cells = [{"cell_type": "code", "source": f'ask("{name}")'} for name in ("number", "choice")]
    found = [number.shown for text in answers(cells) for number in uncovered(text, set())]
    assert found == ["= −6", "100", "= 36 %", "0.36"]
    assert next(answers(cells[:1])) == "= −6 "
