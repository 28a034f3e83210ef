"""The homework that tools/assignment.py writes: its form, its points, and what students get."""

import ast
import io
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace

import assignment
import nbformat
import pytest
from test_checks import EXERCISES, as_list, lines

from diffusion.teaching import checks

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class") / "assignment"
    assignment.write_assignment(folder)
    return folder


@pytest.fixture(scope="module")
def notebooks(folder):
    """{name: [the cells of a lesson's homework]}."""
    found = sorted((folder / "source" / "forward").glob("*.ipynb"))
    return {path.stem: nbformat.read(path, as_version=4) for path in found}


@pytest.fixture(scope="module")
def config(folder):
    """What the configuration sets, as nbgrader runs it."""
    parts = ("CourseDirectory", "ClearSolutions", "Execute")
    c = SimpleNamespace(**{name: SimpleNamespace() for name in parts})
    exec((folder / "nbgrader_config.py").read_text("utf-8"), {"get_config": lambda: c})
    return c


def of_kind(notebook, kind):
    """{name of the exercise: its cell of this kind}."""
    found = (cell.metadata.nbgrader.grade_id.partition("-") for cell in notebook.cells)
    return {name: c for (k, _, name), c in zip(found, notebook.cells, strict=True) if k == kind}


def as_released(source, config):
    """What nbgrader's ClearSolutions makes of a cell: its stub, indented, for each marked part."""

    def stub(part):
        lines = config.ClearSolutions.code_stub["python"].split("\n")
        return "".join(f"{part[1]}{line}\n" for line in lines)

    marked = r"^( *)### BEGIN SOLUTION\n(?:.*\n)*? *### END SOLUTION\n"
    return re.sub(marked, stub, source, flags=re.MULTILINE)


def run(*sources, **names):
    """Run cells one after the other; the names that they leave, and what they print."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(out):
        for source in sources:
            exec(source, names)
    return names, out.getvalue()


def test_it_has_the_form_that_nbgrader_takes(notebooks):
    assert [*notebooks] == sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    for notebook in notebooks.values():
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == "python3"
        fields = [cell.metadata.nbgrader for cell in notebook.cells]
        ids = [each.grade_id for each in fields]
        assert len({*ids}) == len(ids) and all(re.fullmatch(r"[\w-]+", each) for each in ids)
        for cell, each in zip(notebook.cells, fields, strict=True):
            given = each.grade, each.solution, each.locked, each.task
            wanted = {"answer": (False, True, False, False), "points": (True, False, True, False)}
            kind = each.grade_id.partition("-")[0]
            assert given == wanted.get(kind, (False, False, True, False))
            assert each.keys() - {"points"} == {
                *("schema_version", "grade_id", "cell_type", "grade", "solution", "locked", "task")
            }
            assert each.schema_version == 3 and each.cell_type == cell.cell_type
            assert ("points" in each) == each.grade


def test_each_check_gives_its_points_once(notebooks):
    guide = (ROOT / "docs" / "pages" / "guide.md").read_text("utf-8")
    points = {}
    for notebook in notebooks.values():
        graded = of_kind(notebook, "points")
        assert of_kind(notebook, "task").keys() == of_kind(notebook, "answer").keys() == {*graded}
        here = {f"check_{name}": c.metadata.nbgrader.points for name, c in graded.items()}
        assert f"for {sum(here.values())} points;" in notebook.cells[0].source
        points |= here
    assert {*points} == {check.__name__ for check in EXERCISES}
    for name, given in points.items():
        level = {1: "easy", 2: "medium", 3: "hard"}[given]
        assert f"| `{name}` | {level}, " in guide
    total = sum(points.values())
    assert f"{len(points)} exercises, {total} points" in guide
    assert f"exercise of 1 point, {total - 1} of {total} are left" in guide
    assert "easy 1, medium 2, hard 3" in guide


def test_students_get_no_solution(notebooks, config):
    for name, notebook in notebooks.items():
        released = "\n".join(as_released(cell.source, config) for cell in notebook.cells)
        assert "SOLUTION" not in released and "solved_" not in released
        lesson = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
        solutions = [c.source for c in lesson.cells if "solution" in c.metadata.get("tags", [])]
        code = {line.strip() for text in solutions for line in text.splitlines()} - {""}
        assert len(code) > 3
        assert code & {line.strip() for line in released.splitlines()} == set()


def test_the_solutions_get_all_points_and_the_stubs_none(notebooks, config):
    for notebook in notebooks.values():
        imports = of_kind(notebook, "imports")[""].source
        for name, graded in of_kind(notebook, "points").items():
            answer = of_kind(notebook, "answer")[name].source
            names, said = run(imports, answer)
            assert said == "Correct.\n"
            assert run(graded.source, **names)[1] == ""
            names, said = run(imports, as_released(answer, config))
            assert said == checks.NOT_ATTEMPTED + "\n"
            with pytest.raises(AssertionError, match=re.escape(checks.NOT_ATTEMPTED)):
                run(graded.source, **names)


def test_a_graded_cell_raises_what_the_check_says(notebooks):
    for notebook in notebooks.values():
        for name, graded in of_kind(notebook, "points").items():
            check = getattr(checks, f"check_{name}")
            mine = ast.parse(graded.source).body[-1].value.args[1].id
            words = [*EXERCISES[check]][-1]
            with pytest.raises(AssertionError) as error:
                run(graded.source, **{mine: as_list(EXERCISES[check][words])[-1]})
            assert f"{error.value}\n" == lines(check, words)[-1]


def test_what_a_right_answer_prints_costs_nothing_and_what_a_wrong_one_says_gains_nothing():
    def loud(x_prev, beta, noise):
        print("...", end="")
        print("step", file=sys.stderr)  # nbgrader gives nothing for a cell with words on stderr
        return (1 - beta) ** 0.5 * x_prev + beta**0.5 * noise

    def bold(*given):
        raise ValueError("Correct.")

    here = {"grade": checks.grade, "check": checks.check_forward_step, "loud": loud}
    assert run("grade(check, loud)", **here)[1] == ""
    with pytest.raises(AssertionError, match=r"^Your code raised ValueError: Correct\.$"):
        checks.grade(checks.check_forward_step, bold)


def test_two_exercises_can_have_other_numbers():
    checks.grade(checks.check_beta_for_spread, 0.09, spread=0.3)
    with pytest.raises(AssertionError, match=r"^0\.3 is the standard deviation"):
        checks.grade(checks.check_beta_for_spread, 0.3, spread=0.3)
    checks.grade(checks.check_beta_end_for_100, 0.1, time_steps=200)
    with pytest.raises(AssertionError, match="left at t = 200"):
        checks.grade(checks.check_beta_end_for_100, 0.05, time_steps=200)
    checks.grade(checks.check_beta_end_for_100, 0.02, time_steps=1000)


def test_a_cell_may_take_as_long_as_students_and_instructors_are_told(notebooks, config):
    assert config.Execute.interrupt_on_timeout is True
    told = f"{config.Execute.timeout} seconds"
    assert all(told in notebook.cells[0].source for notebook in notebooks.values())
    assert told in (ROOT / "docs" / "pages" / "guide.md").read_text("utf-8")


def test_what_is_there_already_stays(tmp_path):
    (tmp_path / "gradebook.db").write_text("points")
    with pytest.raises(SystemExit, match="is there already"):
        assignment.write_assignment(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["gradebook.db"]
