"""The rules that every lesson keeps; what its cells compute is compared by nbval."""

import ast
import io
import json
import re
import shutil
import subprocess
import sys
import tomllib
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path
from statistics import median
from xml.etree import ElementTree

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output, writes

from diffusion.teaching import plots
from diffusion.teaching.widgets.question import QUESTIONS

ROOT = Path(__file__).parents[1]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def lesson(request):
    return Lesson(request.param)


class Lesson:
    def __init__(self, path):
        self.path = path
        self.book = json.loads(path.read_text("utf-8"))
        self.cells = self.book["cells"]
        for cell in self.cells:
            cell["text"] = "".join(cell["source"])
            cell["tags"] = cell["metadata"].get("tags", [])
        self.code = [cell for cell in self.cells if cell["cell_type"] == "code"]
        self.prose = [cell for cell in self.cells if cell["cell_type"] == "markdown"]

    def tagged(self, tag):
        return [cell for cell in self.cells if tag in cell["tags"]]


def calls(cell, name):
    """The calls of a function in a cell, as syntax trees."""
    nodes = ast.walk(ast.parse(cell["text"]))
    return [n for n in nodes if isinstance(n, ast.Call) and ast.unparse(n.func) == name]


def printed(cell):
    return "".join("".join(output.get("text", [])) for output in cell["outputs"])


def test_every_cell_was_run_once_and_in_order(lesson):
    assert [cell["execution_count"] for cell in lesson.code] == list(range(1, len(lesson.code) + 1))


def test_nothing_is_stored_that_goes_stale(lesson):
    assert "widgets" not in lesson.book["metadata"]
    for cell in lesson.code:
        for output in cell["outputs"]:
            assert output["output_type"] != "error" and output.get("name") != "stderr"
            assert "application/vnd.jupyter.widget-view+json" not in output.get("data", {})
    assert lesson.path.stat().st_size < 1_000_000


def test_every_picture_has_a_text_alternative(lesson):
    for cell in lesson.code:
        for output in cell["outputs"]:
            if "image/png" in output.get("data", {}):
                text = "".join(output["data"]["text/plain"])
                assert len(text) > 20 and not text.startswith("<"), cell["text"]
    for cell in lesson.code:  # what each view says of itself, rather than a default
        for view in calls(cell, "ImageView"):
            assert "alt" in [given.arg for given in view.keywords], ast.unparse(view)
    for cell in lesson.prose:
        assert "![](" not in cell["text"]


def test_each_description_is_that_of_one_figure_in_the_order_of_the_lessons():
    shown = [call for path in LESSONS for c in Lesson(path).code for call in calls(c, "plots.show")]
    names = [ast.literal_eval(call.args[1]) for call in shown]
    assert names == list(tomllib.loads(plots.DESCRIPTIONS.read_text("utf-8")))


def test_no_cell_gives_the_answer_away(lesson):
    """Between a question and what is said of its answer nothing is asserted: it would tell."""
    asked = False
    for cell in lesson.cells:
        if cell["cell_type"] == "code":
            assert not (asked and "assert" in cell["text"]), cell["text"]
        elif "notes" not in cell["tags"]:
            asked = "**Predict.**" in cell["text"]


def test_under_each_question_the_learner_commits_to_an_answer(lesson):
    """With answers to choose from, or on the slider of what is asked about."""
    asking = [cell for cell in lesson.cells if "predict" in cell["tags"]]
    for before, cell in pairwise(lesson.cells):
        asked = before["cell_type"] == "markdown" and "**Predict.**" in before["text"]
        assert asked == ("predict" in cell["tags"]), before["text"]
        if asked:
            *_, last = re.split(r"\n\n", before["text"].strip())
            assert last.startswith("**Predict.**"), last
    for cell in asking:
        if not re.fullmatch(r'ask\("[^"]+"\)', cell["text"]):
            assert "ask" in [given.arg for call in calls(cell, "scrub") for given in call.keywords]
        assert "source_hidden" not in cell["metadata"].get("jupyter", {})
    assert [cell for cell in lesson.code if calls(cell, "ask") and cell not in asking] == []


def test_each_question_is_asked_once_in_the_order_of_the_lessons():
    asked = [call for path in LESSONS for cell in Lesson(path).code for call in calls(cell, "ask")]
    names = [ast.literal_eval(call.args[0]) for call in asked]
    assert names == list(tomllib.loads(QUESTIONS.read_text("utf-8")))


def test_no_right_answer_is_always_at_the_same_place():
    said = tomllib.loads(QUESTIONS.read_text("utf-8")).values()
    choices = [[*q["said"]].index(q["right"]) for q in said if q["right"] in q["said"]]
    assert all(2 <= len(each["said"]) <= 5 for each in said)
    for place in set(choices):
        assert choices.count(place) <= 0.6 * len(choices)


def test_cells_that_only_assert_are_folded_into_one_line(lesson):
    simple = ast.Assert | ast.Assign | ast.Expr | ast.For | ast.With
    for cell in lesson.code:
        tree = ast.parse(cell["text"])
        if "claims" in cell["tags"]:
            assert cell["metadata"]["jupyter"]["source_hidden"] is True
            assert all(isinstance(node, simple) for node in tree.body), cell["text"]
            assert re.fullmatch(r"✓ \d+ claims? checked\n", printed(cell)), printed(cell)
        if calls(cell, "claims_checked"):
            assert {"claims", "solution"} & set(cell["tags"]), cell["text"]
            assert ast.unparse(tree.body[-1]) == "claims_checked()"


def test_all_widgets_are_such_as_colab_can_show(lesson):
    """Ours bring along what Colab needs, and FileUpload it knows."""
    for node in ast.walk(ast.parse("\n".join(cell["text"] for cell in lesson.code))):
        if isinstance(node, ast.ImportFrom) and node.module.startswith(("ipywidgets", "anywidget")):
            assert [each.name for each in node.names] == ["FileUpload"]
        if isinstance(node, ast.Import):
            assert not {each.name for each in node.names} & {"ipywidgets", "anywidget"}


def test_cells_are_small(lesson):
    folded = [cell["metadata"].get("jupyter", {}).get("source_hidden") for cell in lesson.code]
    lengths = [len(cell["text"].splitlines()) for cell in lesson.code]
    assert max(lengths) <= 14
    assert median(n for n, hidden in zip(lengths, folded, strict=True) if not hidden) <= 4
    for line in "\n".join(cell["text"] for cell in lesson.code).splitlines():
        assert len(line) <= 88, line  # what a window of 1280 pixels shows


def test_one_cell_imports(lesson):
    importing = [cell for cell in lesson.code if re.search(r"^(import|from) ", cell["text"], re.M)]
    assert importing == lesson.code[:1]


def test_few_cells_escape_nbval(lesson):
    escaped = [
        cell for cell in lesson.code if {"nbval-ignore-output", "nbval-skip"} & set(cell["tags"])
    ]
    assert len(escaped) <= len(lesson.code) / 10
    assert not lesson.tagged("raises-exception")


def test_every_exercise_has_a_stub_a_check_and_a_solution_that_runs(lesson):
    stubs, solutions = lesson.tagged("exercise"), lesson.tagged("solution")
    assert 1 <= len(stubs) <= 3 and len(stubs) == len(solutions)
    for stub, solution in zip(stubs, solutions, strict=True):
        assert lesson.cells.index(solution) == lesson.cells.index(stub) + 1
        (check,) = re.findall(r"\bcheck_\w+\(", stub["text"])
        assert "..." in stub["text"]
        assert printed(stub).startswith("Not attempted yet")
        # It has no verdict under it that a learner would see before they try.
        assert check not in solution["text"]
        assert re.fullmatch(r"✓ \d+ claims? checked\n", printed(solution))
        assert solution["metadata"]["jupyter"]["source_hidden"] is True
    # What the learner writes is used nowhere else.
    for name in re.findall(r"\bmy_\w+", " ".join(stub["text"] for stub in stubs)):
        users = [cell for cell in lesson.code if re.search(rf"\b{name}\b", cell["text"])]
        assert len(users) == 1, name


def test_the_check_of_each_exercise_accepts_its_solution(lesson):
    names = {}
    exec(lesson.code[0]["text"], names)
    for stub, solution in zip(lesson.tagged("exercise"), lesson.tagged("solution"), strict=True):
        solved = [
            node
            for node in ast.parse(solution["text"]).body
            if getattr(node, "name", ast.unparse(node)).startswith("solved_")
        ]
        exec(compile(ast.Module(solved, []), "solution", "exec"), names)
        check = stub["text"].splitlines()[-1].replace("my_", "solved_")
        with redirect_stdout(io.StringIO()) as said:
            exec(check, names)
        assert said.getvalue() == "Correct.\n", check


def test_opening_loop_and_closing(lesson):
    opening, closing = lesson.prose[0]["text"], lesson.prose[-1]["text"]
    assert re.match(rf"# {int(lesson.path.name[:2])} · [A-Z]", opening)
    assert opening.count("\n- ") == 3
    total, reading = re.search(
        r"\*\*About (\d+) minutes\.\*\* \((\d+) to read[;,.]", " ".join(opening.split())
    ).groups()
    assert int(reading) < int(total)
    assert sum("**Predict.**" in cell["text"] for cell in lesson.prose) >= 4
    assert sum("assert" in cell["text"] for cell in lesson.code) >= 5
    assert any(cell["text"].startswith("## What people get wrong here") for cell in lesson.prose)
    assert "| symbol | code | what you saw |" in closing and "**Next:**" in closing


def test_every_cell_knows_its_place_on_a_slide(lesson):
    kinds = {"slide", "subslide", "fragment", "skip", "notes", "-"}
    for cell in lesson.cells:
        assert cell["metadata"]["slideshow"]["slide_type"] in kinds
    notes = lesson.tagged("notes")
    assert len(notes) >= 4 and all("*Minutes:" in cell["text"] for cell in notes)


def test_links_lead_somewhere(lesson):
    for cell in lesson.prose:
        for target in re.findall(r"\]\(([^)#]+)\)", cell["text"]):
            assert (lesson.path.parent / target).exists(), target


def test_each_lesson_leads_to_the_next():
    for path, following in pairwise(LESSONS):
        assert f"]({following.name})" in Lesson(path).prose[-1]["text"]


def test_the_readme_lists_the_lessons_as_they_are():
    readme = (ROOT / "README.md").read_text("utf-8")
    rows = re.findall(r"\| \[([^]]+)\]\((notebooks/[^)]+)\) \| (\d+) \|", readme)
    expected = []
    for path in LESSONS:
        opening = Lesson(path).prose[0]["text"]
        title = re.match(r"# (.+)", opening)[1]
        minutes = re.search(r"\*\*About (\d+) minutes", opening)[1]
        expected.append((title, f"notebooks/{path.name}", minutes))
    assert rows == expected
    for target in re.findall(r"\]\((?!http)([^)]+)\)", readme):
        assert (ROOT / target).exists(), target


def test_nbval_notices_a_changed_digit(tmp_path):
    """With our own settings, of what is printed, returned, and said of a picture."""
    picture = "from IPython.display import display\ndisplay({'text/plain': '0.28'}, raw=True)"
    cells = []
    for digits in ("0.28", "0.29"):
        for source, output in {
            "print(0.28)": new_output("stream", text=f"{digits}\n"),
            "0.28": new_output("execute_result", {"text/plain": digits}),
            picture: new_output("display_data", {"text/plain": digits}),
        }.items():
            cells.append(new_code_cell(source, execution_count=1, outputs=[output]))
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "digits.ipynb").write_text(writes(new_notebook(cells=cells)), "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--junitxml=done.xml"]
    done = subprocess.run([*command, "digits.ipynb"], cwd=tmp_path, capture_output=True, text=True)
    cases = ElementTree.parse(tmp_path / "done.xml").findall(".//testcase")
    failed = [case.find("failure") is not None for case in cases]
    assert failed == [False] * 3 + [True] * 3, done.stdout + done.stderr
