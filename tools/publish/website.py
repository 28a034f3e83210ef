"""The site: Sphinx and myst-nb, over the lessons and docs/pages; with slides/ and handouts/."""

import base64
import html
import io
import re
import shutil
from pathlib import Path

import colab
import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from PIL import Image

from publish.execution import execute
from publish.handouts import write_handouts
from publish.page import SCRIPTS, copy_scripts, keep_formulas_whole, keep_state
from publish.places import BUILD, DOCS, LESSONS, contents, repository
from publish.slides import Deck, all_decks, write_decks

PAGES = DOCS / "pages"


def build_site() -> Path:
    from sphinx.cmd.build import build_main

    on_github = repository()
    source, site = BUILD / "source", BUILD / "site"
    for folder in (source, site):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(PAGES, source)
    with_cells = [
        page for page in sorted(PAGES.glob("*.md")) if "{code-cell}" in page.read_text("utf-8")
    ]
    # In the repository a link leads to the notebook itself, and to the page as it is written.
    places = {"(../../notebooks/": "(lessons/"}
    places |= {f"({page.name})": f"({page.stem}.ipynb)" for page in with_cells}
    for page in source.glob("*.md"):
        page.write_text(replaced(page.read_text("utf-8"), places), "utf-8")
    planned, decks = all_decks()
    with_slides(source / "guide.md", planned)
    (source / "lessons").mkdir()
    lib = BUILD / "lib"
    shutil.rmtree(lib, ignore_errors=True)
    copy_scripts(lib, SCRIPTS)

    notebooks = execute([*with_cells, *LESSONS])
    places["<!-- cards -->"] = cards(notebooks, lib)
    places["<!-- launch -->"] = launch(on_github, LESSONS[0].stem)
    for path, notebook in notebooks.items():
        if path.suffix == ".md":
            (source / path.name).unlink()
            for cell in notebook.cells:
                cell.source = replaced(cell.source, places)
            target = source / f"{path.stem}.ipynb"
        else:
            target = source / "lessons" / path.name
            for_reading(notebook, path.stem, launch(on_github, path.stem))
            keep_formulas_whole(notebook)
        keep_state(notebook, lib / f"{path.stem}.js")
        _move_figures(notebook, path.stem, lib)
        notebook.metadata.pop("widgets", None)  # or it would be on the page a second time
        nbformat.write(notebook, target)

    options = ["-W", "--keep-going", "-q", "-c", DOCS, "-d", BUILD / "doctrees", "-b", "html"]
    if build_main([str(each) for each in (*options, source, site)]):
        raise RuntimeError("Sphinx found mistakes; see above.")
    for page in site.rglob("*.html"):
        page.write_text(for_listening(page.read_text("utf-8")), "utf-8")
    write_decks(planned, decks, site / "slides")
    write_handouts(site / "handouts")
    return site


def replaced(text: str, places: dict[str, str]) -> str:
    for place, what in places.items():
        text = text.replace(place, what)
    return text


def with_slides(guide: Path, planned: list[Deck]) -> None:
    """Into the tables of the plans: on which slide of the plan's deck each part begins."""
    columns, column, lines = {}, iter(()), []
    for deck in planned:
        links = [f'<a href="slides/{deck.stem}.html#/{n - 1}">{n}</a>' for n in deck.first]
        columns[f"### {deck.name}"] = iter(["slide", "---", *links])
    for line in guide.read_text("utf-8").splitlines():
        column = columns.pop(line, column)
        if line.startswith("|") and (cell := next(column, None)):
            line = re.sub(r"^\|[^|]*\|", rf"\g<0> {cell} |", line)
        lines.append(line)
    guide.write_text("\n".join(lines), "utf-8")


def for_listening(page: str) -> str:
    """What Sphinx, Furo and MyST-NB do not tell those who cannot see the page."""
    for theirs, ours in {
        '<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
        '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="All pages">',
        # "Show the solution" is what it is called.
        '<summary aria-label="Toggle hidden content">': "<summary>",
        '<div id="search-results">': '<h1>Search</h1>\n<div id="search-results">',
    }.items():
        page = page.replace(theirs, ours)
    return page


def launch(on_github: str | None, lesson: str) -> str:
    """Links that open a lesson where it runs; none if nobody knows where the repository is."""
    if on_github is None:
        return ""
    binder = f"https://mybinder.org/v2/gh/{on_github}/HEAD?urlpath=lab/tree/work/{lesson}.ipynb"
    return (
        f'<p class="launch"><a href="{colab.address(on_github, lesson)}">Open in Colab</a> '
        f'<a href="{binder}">Launch on Binder</a> <span>{WHAT_THEY_DO}</span></p>'
    )


WHAT_THEY_DO = (
    "Both run the lesson, exercises included, and nothing is installed on your computer. Colab "
    "wants a Google account; run the first cell first. Binder takes a minute or two to start, and "
    "keeps nothing."
)


def for_reading(notebook: NotebookNode, lesson: str, launch: str) -> None:
    """Say in place what needs a kernel, fold the solutions, leave the speaker's notes out."""
    opening = notebook.cells[0]
    minutes = r"(\*\*About \d+ minutes\.\*\*.*?)(?=\n\n|$)"  # and what the learner needs
    paper = f'<p class="paper"><a href="../handouts/{lesson}.html">Handout, one page</a></p>'
    under = "\n\n".join(filter(None, (launch, paper)))
    opening.source = re.sub(minutes, rf"\1\n\n{under}", opening.source, flags=re.DOTALL)
    needs_python = NEEDS_PYTHON.format("with a link above, or " if launch else "")
    cells = []
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "notes" in tags:
            continue
        cells.append(cell)
        if cell.metadata.get("jupyter", {}).get("source_hidden"):
            folded = "hide-cell" if "solution" in tags else "hide-input"
            cell.metadata["tags"] = [*tags, folded]
        if cell.source.startswith("ask("):
            cell.metadata["tags"] = [*tags, "remove-input"]
        if "claims" in tags:  # the line that it prints is what opens it
            (printed,) = cell.outputs
            line = printed.text.strip()
            cell.metadata["mystnb"] = {"code_prompt_show": line, "code_prompt_hide": line}
            cell.outputs = []
        if "solution" in tags:
            show, hide = "Show the solution", "Hide the solution"
            cell.metadata["mystnb"] = {"code_prompt_show": show, "code_prompt_hide": hide}
        if "exercise" in tags:
            cell.outputs = []  # what the check says of nothing
            cells.append(new_markdown_cell(needs_python))
    notebook.cells = cells


NEEDS_PYTHON = """```{{note}}
To solve this, run the lesson {}on your computer ([here is how](../index.ipynb)): a check answers
at once, and names the mistake. On this page there are the hints, and the solution.
```"""


def cards(notebooks: dict[Path, NotebookNode], to: Path) -> str:
    """The README's table of lessons as cards, each with the picture of the cell tagged "card"."""
    made = []
    for lesson in contents():
        picture = f"{lesson['stem']}.webp"
        (to / picture).write_bytes(_webp(_tagged_picture(notebooks[lesson["path"]])))
        title, idea = html.escape(lesson["title"]), html.escape(lesson["idea"])
        made.append(
            f'<a class="card" href="lessons/{lesson["stem"]}.html">'
            f'<img src="_static/{picture}" alt=""><strong>{title}</strong>'
            f"<span>{idea}</span><small>{lesson['minutes']} minutes</small></a>"
        )
    return f'<div class="cards">{"".join(made)}</div>'


def _tagged_picture(notebook: NotebookNode) -> str:
    (cell,) = (cell for cell in notebook.cells if "card" in cell.metadata.get("tags", []))
    (picture,) = (output.data["image/png"] for output in cell.outputs)
    return picture


def _move_figures(notebook: NotebookNode, name: str, to: Path) -> None:
    """Each figure into a file beside the page, as WebP: noise takes a fifth of the bytes then."""
    figures = (
        output.data
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "<img" in output.get("data", {}).get("text/html", "")
    )
    for number, data in enumerate(figures):
        file = to / f"{name}-{number}.webp"
        file.write_bytes(_webp(data["image/png"]))
        source = f'src="../_static/{file.name}" loading="lazy"'
        data["text/html"] = re.sub(r'src="data:[^"]*"', source, data["text/html"])


def _webp(png: str) -> bytes:
    file = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(png)), formats=["PNG"]) as picture:
        picture.convert("RGB").save(file, format="WEBP", quality=50)
    return file.getvalue()
