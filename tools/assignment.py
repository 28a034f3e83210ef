"""The exercises as homework for nbgrader: the instructor's version, which our own checks grade.

One assignment, "forward", with a notebook for each lesson, so that what breaks one leaves the
others. An exercise is three cells: the task, the learner's cell, with the solution between
the marks at which nbgrader cuts it out, and a locked one that raises if the answer is wrong.

    python tools/assignment.py        # into assignment/
"""

import ast
import re
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
LEVELS = {"easy": 1, "medium": 2, "hard": 3}  # points; which is which stands in the guide's tables
SECONDS = 30
CONFIG = f"""\
c = get_config()
c.CourseDirectory.course_id = "diffusion"
c.ClearSolutions.code_stub = {{"python": "# your code here\\n..."}}
# A cell that takes longer is interrupted and gets no points; those after it still count.
c.Execute.timeout = {SECONDS}
c.Execute.interrupt_on_timeout = True
"""
OPENING = """\
# Homework: {title}

The exercises of the lesson, for {points} points; keep the lesson open beside them. Write where it
says `# your code here`, run the cell, and read what the check says. The cell below it is for the
points: there are none if it raises an error, or takes more than {seconds} seconds. Before you hand
in, choose *Kernel ▸ Restart Kernel and Run All Cells…*."""


def write_assignment(folder: Path = ROOT / "assignment") -> None:
    """Write `folder`, which must not be there yet: it may hold hand-ins, or changed exercises."""
    if folder.exists():
        sys.exit(f"{folder.name}/ is there already. Move it away to have it written anew.")
    guide = (ROOT / "docs" / "pages" / "guide.md").read_text("utf-8")
    levels = re.findall(r"\| `check_(\w+)` \| (\w+), ", guide)
    points = {name: LEVELS[level] for name, level in levels}
    lessons = sorted((ROOT / "notebooks").glob("*.ipynb"))
    notebooks = [homework(nbformat.read(lesson, as_version=4), points) for lesson in lessons]

    source = folder / "source" / "forward"
    source.mkdir(parents=True)
    for lesson, notebook in zip(lessons, notebooks, strict=True):
        nbformat.write(notebook, source / lesson.name)
    (folder / "nbgrader_config.py").write_text(CONFIG, "utf-8")
    print(f"{folder.name}/: {len(points)} exercises, {sum(points.values())} points")


def homework(lesson, points: dict[str, int]):
    """The exercises of one lesson; `points` are those of each check, by its name."""
    exercises, names, answers = [], [], []
    for at, stub in enumerate(lesson.cells):
        if "exercise" not in stub.metadata.get("tags", []):
            continue
        ((name, mine),) = re.findall(r"^check_(\w+)\((\w+)\)$", stub.source, re.MULTILINE)
        task = [c.source for c in lesson.cells[:at] if c.source.startswith("## Exercise")][-1]
        answer = solved(stub.source, lesson.cells[at + 1].source)
        # Imported once more: what the learner has given this name to does not count.
        graded = f"from diffusion.teaching.checks import check_{name}, grade\n\n"
        graded += f"grade(check_{name}, {mine})  # points: {points[name]}"
        exercises += [
            cell(new_markdown_cell, task, f"task-{name}"),
            cell(new_code_cell, answer, f"answer-{name}", solution=True, locked=False),
            cell(new_code_cell, graded, f"points-{name}", grade=True, points=points[name]),
        ]
        names.append(name)
        answers.append(answer)
    imports = next(c.source for c in lesson.cells if c.cell_type == "code")
    opening = OPENING.format(
        title=lesson.cells[0].source.partition("\n")[0].removeprefix("# "),
        points=sum(points[name] for name in names),
        seconds=SECONDS,
    )
    cells = [
        cell(new_markdown_cell, opening, "opening"),
        cell(new_code_cell, needed(imports, "\n".join(answers)), "imports"),
        *exercises,
    ]
    return new_notebook(cells=cells, metadata=lesson.metadata)


def cell(new: Callable, source: str, name: str, **changes):
    """A cell that the learner can't change, or as `changes` say, with what nbgrader wants."""
    made = new(source, id=name)
    fixed = {"grade": False, "solution": False, "locked": True, "task": False}
    made.metadata["nbgrader"] = {
        "grade_id": name,
        "schema_version": 3,
        "cell_type": made.cell_type,
        **fixed,
        **changes,
    }
    return made


def solved(stub: str, solution: str) -> str:
    """The learner's cell with the solution, between marks, in place of its `...`, or after it."""
    (node,) = (
        node
        for node in ast.parse(solution).body
        if getattr(node, "name", ast.unparse(node)).startswith("solved_")
    )
    value = not isinstance(node, ast.FunctionDef)
    first = node if value else node.body[0]
    lines = solution.replace("solved_", "my_").splitlines()[first.lineno - 1 : node.end_lineno]
    indent = " " * first.col_offset
    if not value:  # the solution may call an argument by another name
        pairs = zip(node.args.args, ast.parse(stub).body[0].args.args, strict=True)
        names = [(theirs.arg, mine.arg) for theirs, mine in pairs]
        lines[:0] = [f"{indent}{theirs} = {mine}" for theirs, mine in names if theirs != mine]
    marked = "\n".join([f"{indent}### BEGIN SOLUTION", *lines, f"{indent}### END SOLUTION\n"])
    dots = r"^my_\w+ = \.\.\.\n" if value else r"^ +# your lines? here\n +\.\.\.\n"
    # The name of a value stays, for it to be found.
    return re.sub(dots, lambda at: value * at[0] + marked, stub, flags=re.MULTILINE)


def needed(imports: str, code: str) -> str:
    """Those of the imports that the code uses, and `math` and `torch`."""
    names = [node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)]
    tree = ast.parse(imports)
    for node in tree.body:
        node.names = [each for each in node.names if each.name in {"math", "torch", *names}]
    return "\n".join(ast.unparse(node) for node in tree.body if node.names)


if __name__ == "__main__":
    write_assignment()
