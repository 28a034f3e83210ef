"""Every number that a lesson's prose states is asserted by a cell of that lesson.

A number in a markdown cell is covered when it is, or is the rounding of, a number written in a code
cell that asserts something, or a number that a cell prints or returns and nbval compares. This
finds numbers that nobody checks, and numbers that the code has outgrown. It cannot tell whether
the right thing is asserted of the number: that is for the reader of the cell.

Left out, because they claim nothing or nothing that this could check: numbers spelled out (and ½);
bare integers up to 10, except after = ≈ ± × and before ×; code, addresses and colours; subscripts
and powers, except powers of ten; years of papers; the minutes of a lesson or a slide. The notes for
presenters count: an instructor says them aloud.
"""

import ast
import html
import json
import operator
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))

# Lesson: {number as the prose shows it: why no cell needs to assert it}.
EXCEPTIONS = {}


class Number(NamedTuple):
    shown: str  # as in the prose, without spaces
    value: float
    unit: float  # of the last digit shown
    sentence: str

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
    """All numbers in a text, as (Number, whether it claims something)."""
    for match in NUMBER.finditer(text):
        digits = re.sub(r"[^0-9]", "", match["digits"])
        decimals, power = match["decimals"] or "", int((match["power"] or "0").replace("−", "-"))
        value = float(digits + decimals) * 10.0**power
        unit = 10.0 ** (power - max(len(decimals) - 1, 0))
        after = "%" if match["shared"] is not None else (match["after"] or "").strip()
        shown = digits + decimals + (f"e{power}" if match["power"] else "")
        if after == "%":
            value, unit, shown = value / 100, unit / 100, shown + "%"
        elif after.startswith("/"):
            value, unit, shown = value / (int(after[1:]) or 1), 1e-9, shown + after
        if match["sign"]:
            value, shown = -value, f"−{shown}"
        bare = not (decimals or match["power"] or after == "%")
        if bare and value <= 10:
            unit = 1e-9  # "= 6" is no rounding of 5.7
        claims = not bare or match["before"] or after or value > 10
        yield Number(shown, value, unit, sentence_at(text, match)), bool(claims)


def sentence_at(text, match):
    before = re.split(r"[.!?:;]\s|\n\n|\n- |\|", text[: match.start()])[-1]
    rest = re.search(r"[.!?;](?=\s|$)|\n\n|\n- |\||$", text[match.end() :])
    return " ".join((before + text[match.start() : match.end() + rest.end()]).split())


def prose(markdown):
    """A markdown cell without what is no prose: code, addresses, the structure of formulas."""
    text = re.sub(r"```.*?```|`[^`]*`", "…", markdown, flags=re.DOTALL)
    text = re.sub(r"\]\([^)]*\)|https?://\S+", "]", text)
    text = html.unescape(re.sub(TAG, "", text))
    text = re.sub(r"\*\*About \d+ minutes\.\*\*|\*Minutes: [^*]*\*|^#+ \d+ ·", "", text, flags=re.M)
    text = re.sub(r"\bet al\.,? \(?(?:19|20)\d\d\b", "", text)
    text = re.sub(r"\\color\{[^}]*\}|\{(,)\}", r"\1", text)
    text = re.sub(r"\\[dt]?frac\{(\d+)\}\{(\d+)\}", r" \1/\2 ", text)
    for command, sign in LATEX.items():
        text = re.sub(re.escape(command) + r"(?![A-Za-z])", sign, text)
    text = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda power: f"^{power[0].translate(SUPERSCRIPTS)}", text)
    text = re.sub(r"(\d)\s*[·×]\s*10\s*\^\{?([-−]?\d+)\}?", r"\1e\2", text)
    text = re.sub(r"(?<![\w.])10\s*\^\{?([-−]?\d+)\}?", r"1e\1", text)
    return re.sub(r"[_^](?:\{(?:[^{}]|\{[^{}]*\})*\}|\\?\w)", "", text)  # subscripts and powers


# ---- numbers that cells vouch for

OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
# Their numbers are written beside the claim and are not it.
TOLERANCES_AND_SEEDS = {"atol", "rtol", "abs_tol", "rel_tol", "manual_seed"}


def asserted(source):
    """The numbers in a cell that asserts something: constants, and arithmetic on constants."""
    nodes = list(ast.walk(ast.parse(source)))
    if not any(isinstance(node, ast.Assert) or called(node).startswith("assert") for node in nodes):
        return set()
    beside = {node.operand for node in nodes if isinstance(node, ast.UnaryOp)}
    for node in nodes:
        if isinstance(node, ast.keyword) and node.arg in TOLERANCES_AND_SEEDS:
            beside |= set(ast.walk(node))
        if called(node) in TOLERANCES_AND_SEEDS:
            beside |= set(ast.walk(node)) - set(ast.walk(node.func))
    values = {constant(node) for node in nodes if node not in beside}
    return values - {None}


def called(node):
    function = getattr(node, "func", None)
    return getattr(function, "id", getattr(function, "attr", ""))


def constant(node):
    """The value of a constant, of −constant and of arithmetic on constants; else None."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = constant(node.operand)
        return None if value is None else -value
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        left, right = constant(node.left), constant(node.right)
        if left is not None and right is not None:
            try:
                value = OPERATORS[type(node.op)](left, right)
            except ArithmeticError:
                return None
            return value if isinstance(value, float) else None
    return None


def compared(cell):
    """The numbers in what a cell prints or returns, where nbval compares it.

    The text beside a picture is left out: an alternative text is written by hand, not computed.
    """
    if "nbval-ignore-output" in cell["metadata"].get("tags", []):
        return set()
    outputs = [output.get("data", output) for output in cell["outputs"]]
    texts = [o.get("text", o.get("text/plain", "")) for o in outputs if "image/png" not in o]
    apart = ["".join(text).replace(" ", "  ") for text in texts]  # two columns are two numbers
    return {number.value for text in apart for number, _ in numbers(text)}


# ---- the rule


def uncovered(cells):
    """(index of the cell, Number) of each claim in the prose that no cell vouches for."""
    vouched = set()
    for cell in cells:
        if cell["cell_type"] == "code" and "nbval-skip" not in cell["metadata"].get("tags", []):
            vouched |= asserted("".join(cell["source"])) | compared(cell)
    for index, cell in enumerate(cells):
        if cell["cell_type"] == "markdown":
            for number, claims in numbers(prose("".join(cell["source"]))):
                if claims and not number.covered_by(vouched):
                    yield index, number


def complaints(lesson, cells, exceptions):
    """One line for each number without an assertion or a reason, and for each stale exception."""
    found = list(uncovered(cells))
    lines = [
        f"{lesson}, cell {index}: {number.shown} in “{number.sentence}”"
        for index, number in found
        if number.shown not in exceptions
    ]
    stale = exceptions.keys() - {number.shown for _, number in found}
    return lines + [f"{lesson}: {shown} needs no exception" for shown in sorted(stale)]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_cell_asserts_every_number_in_the_prose(path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    found = complaints(path.stem, cells, EXCEPTIONS.get(path.stem, {}))
    assert not found, "numbers that no cell asserts:\n" + "\n".join(found)


def test_exceptions_are_of_lessons_that_exist_and_have_reasons():
    assert EXCEPTIONS.keys() <= {path.stem for path in LESSONS}
    for exceptions in EXCEPTIONS.values():
        assert all(len(reason.split()) >= 3 for reason in exceptions.values())


# ---- tests of the rule itself


def markdown(text):
    return {"cell_type": "markdown", "metadata": {}, "source": [text]}


def code(source, *outputs, tags=()):
    return {
        "cell_type": "code",
        "metadata": {"tags": list(tags)},
        "source": source.splitlines(keepends=True),
        "outputs": list(outputs),
    }


def stdout(text):
    return {"output_type": "stream", "name": "stdout", "text": [text]}


def shown_by(*cells):
    return [number.shown for _, number in uncovered(cells)]


@pytest.mark.parametrize(
    "claim, source",
    [
        ("It is 0.280 by then.", "assert_close(left, 0.28, atol=1e-3, rtol=0)"),
        ("It is 0.28 by then.", "assert_close(left, 0.2804)"),
        ("36 % is left", "assert_close(left, 0.3636)"),
        (r"$36\,\%$ is left", "assert_close(left, 0.3636)"),
        ("only 0.6 %", "assert left == 0.0064"),
        ("78, 36 or 28 %, or 28–78 %", "assert left in (0.7765, 0.3636, 0.28)"),
        ("a list of 196 608 numbers", "assert x_0.numel() == 3 * 256 * 256"),
        ("$196{,}608$ or $196\\,608$ or 196\u2009608", "assert n == 196_608"),
        ("kicks of ±0.14 or ± 0.14", "assert_close(kick, 0.14)"),
        ("−0.5 or $-0.5$ or (−0.5)", "assert low == -0.5"),
        ("from $1-0.5$ to 3 − 0.5, 0.1–0.5", "assert low == 0.5 and high == 0.1"),
        ("a variance of 1/12", "assert_close(x.var(), 1 / 12)"),
        (r"$\tfrac{1}{12}$", "assert_close(x.var(), 1 / 12)"),
        (r"$4.04 \cdot 10^{-5}$, 4.04 × 10⁻⁵, 4.04e-5", "assert snr == 4.04e-5"),
        ("8 × 8 pixels, 4× as fast", "assert n == 8 * 8 and ratio > 4"),
        (r"climbs to $1 + 100 \cdot 0.05 = 6$", "assert without == 1 + 100 * 0.05\nx = 6.0"),
        ("| 50 | 0.7765 |", "for T, left in ((50, 0.7765),):\n    assert rate(T) == left"),
    ],
)
def test_a_number_that_an_assertion_holds_is_covered(claim, source):
    assert shown_by(markdown(claim), code(source)) == []
    assert shown_by(markdown(claim), code("assert True")) != []


@pytest.mark.parametrize(
    "claim, source, shown",
    [
        ("It is 0.29 by then.", "assert_close(left, 0.2804)", "0.29"),
        ("It is 0.2805 by then.", "assert_close(left, 0.2804)", "0.2805"),
        ("36 % is left", "assert left == 36", "36%"),
        ("37 % is left", "assert left == 0.3636", "37%"),
        ("a list of 196 607 numbers", "assert x_0.numel() == 3 * 256 * 256", "196607"),
        ("a mean of 0.5", "assert low == -0.5", "0.5"),
        ("a mean of −0.5", "assert low == 0.5", "−0.5"),
        (r"$6 \pm 2$", "assert kick == 2.2", "2"),
        (r"$\approx 7$", "assert without == 6", "7"),
        (r"about $10^{-12}$", "assert error < 1e-11", "1e-12"),
        ("a variance of 1/12", "assert_close(x.var(), 1 / 11)", "1/12"),
        # Numbers beside the claim, or in a cell that claims nothing.
        ("within 0.02", "assert_close(left, 0.28, atol=0.02, rtol=0)", "0.02"),
        ("seed 1234", "g = Generator().manual_seed(1234)\nassert ok(g)", "1234"),
        ("It is 0.28 by then.", "left = 0.28", "0.28"),
        ("It is 0.28 by then.", "assert left > 0  # 0.28\nname = '0.28'", "0.28"),
    ],
)
def test_a_number_without_its_assertion_is_found(claim, source, shown):
    assert shown_by(markdown(claim), code(source)) == [shown]


@pytest.mark.parametrize(
    "text",
    [
        "# 12 · Verb a thing\n\n**About 15 minutes.**",
        "<details><summary>Notes</summary>\n\n*Minutes: 12.5.* Ask.\n\n</details>",
        "`beta = 0.05` and ```\nx = 17\n``` and [a link](page_17.5.html)",
        '<span style="opacity:0.5">text</span>',
        r"${\color{#1a7fc1}\sqrt{\bar\alpha_{510}}}\,x_{12} + c^{12} + \log_{10} \sigma^2$",
        "three bullets, two of 10, lesson 2, float32, x₁₂ and c²",
        "the paper (Ho et al. 2020, DDPM)",
    ],
)
def test_what_claims_nothing_needs_no_assertion(text):
    assert shown_by(markdown(text)) == []


def test_printed_and_returned_numbers_count_where_nbval_compares_them():
    claim = markdown("About 32 % lay beyond.")
    picture = {"data": {"text/plain": ["beyond: 32%"], "image/png": "aGk="}}
    assert shown_by(claim, code("print(share)", stdout("32%\n"))) == []
    assert shown_by(claim, code("share", {"data": {"text/plain": ["tensor(0.317)"]}})) == []
    table = code("print(t, left)", stdout("100 250\n"))
    assert shown_by(markdown("From 100 to 250."), table) == []
    assert shown_by(claim, code("show(figure)", picture)) == ["32%"]
    ignored = code("print(share)", stdout("32%\n"), tags=["nbval-ignore-output"])
    assert shown_by(claim, ignored) == ["32%"]
    assert shown_by(claim, code("assert s == 0.32", tags=["nbval-skip"])) == ["32%"]


def test_a_complaint_names_lesson_cell_number_and_sentence():
    cells = [code("assert x == 0.5"), markdown("It starts.\nThen 0.5 is\nreally 0.75. It ends.")]
    (complaint,) = complaints("09_end", cells, {})
    assert complaint == "09_end, cell 1: 0.75 in “Then 0.5 is really 0.75.”"


def test_an_exception_silences_its_number_and_fails_when_it_is_stale():
    cells = [markdown("Drag from 0 to 300."), code("assert x == 0.5")]
    assert complaints("09_end", cells, {"300": "where to drag"}) == []
    assert complaints("09_end", cells, {"300": "where to drag", "0.5": "a half"}) == [
        "09_end: 0.5 needs no exception"
    ]
