"""The slides: nbconvert and reveal.js, by the lessons' slideshow metadata."""

import re
import shutil
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from publish.execution import execute
from publish.page import SCRIPTS, WIDGET_VIEW, copy_scripts, keep_formulas_whole, keep_state
from publish.places import BUILD, DOCS, LESSONS, contents

REVEAL = {
    "reveal.js": "reveal.js/dist/reveal.js",
    "reveal.css": "reveal.js/dist/reveal.css",
    "reset.css": "reveal.js/dist/reset.css",
    "notes.js": "reveal.js/plugin/notes/notes.js",
}


def build_slides() -> Path:
    from nbconvert import SlidesExporter
    from pygments.formatters import HtmlFormatter

    slides = BUILD / "slides"
    shutil.rmtree(slides, ignore_errors=True)
    lib = slides / "lib"
    copy_scripts(lib, SCRIPTS | REVEAL)
    for file in ("static/widgets.js", "slides/slides.js", "slides/slides.css"):
        shutil.copy(DOCS / file, lib)
    (lib / "pygments.css").write_text(HtmlFormatter().get_style_defs(".highlight"))

    exporter = SlidesExporter(
        template_name="slides",
        extra_template_basedirs=[str(DOCS)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    decks, notebooks = contents(), execute(LESSONS)
    for deck in decks:
        notebook, stem = notebooks[deck["path"]], deck["stem"]
        keep_state(notebook, lib / f"{stem}.js")
        for_a_room(notebook)
        keep_formulas_whole(notebook)
        page, _ = exporter.from_notebook_node(notebook, dict(deck))
        (slides / f"{stem}.html").write_text(page, "utf-8")
    front = exporter.environment.get_template("front.html.j2").render(decks=decks)
    (slides / "index.html").write_text(front, "utf-8")
    return slides


def for_a_room(notebook: NotebookNode) -> None:
    """Titles apart from their text, a picture without its code, notes without their fold."""
    opening, *cells = notebook.cells
    opening.source, mark, goals = opening.source.partition("**You will be able to**")
    told = next(i for i, cell in enumerate(cells) if "notes" not in cell.metadata.get("tags", []))
    goals = new_markdown_cell(mark + goals, metadata={"slideshow": {"slide_type": "subslide"}})
    notebook.cells = [opening, *cells[:told], goals, *cells[told:]]

    title, shown = "", False  # whether the slide has shown a picture yet
    asked = False  # whether the slide ends with a question
    for cell in notebook.cells:
        tags = cell.metadata.setdefault("tags", [])
        if asked and cell.metadata["slideshow"]["slide_type"] in ("fragment", "-"):
            cell.metadata["slideshow"]["slide_type"] = "subslide"
        kind = cell.metadata["slideshow"]["slide_type"]
        if kind not in ("skip", "notes"):
            asked = cell.source.startswith("ask(")
        outputs = [output.get("data", {}) for output in cell.get("outputs", [])]
        if kind in ("slide", "subslide"):
            shown = False
        if cell.source.startswith("ask("):
            cell.metadata["hide_input"] = True
        elif any({"image/png", "text/html", WIDGET_VIEW} & set(data) for data in outputs):
            cell.metadata["hide_input"] = True
            tags.append("picture")
            shown = shown or kind != "skip"
        elif shown and kind == "fragment" and cell.cell_type == "markdown":
            tags.append("answer")  # it takes the place of the question; see slides.css
        # Here, since the page is measured before its widgets are drawn.
        if any(
            re.match("bug lab|explorer|drawing|game|sampler", data.get("text/plain", ""))
            for data in outputs
        ):
            tags.append("large")
        if heading := re.match(r"(##?) (.+)", cell.source):
            title = heading[2]
            cell.source = cell.source[heading.end() :].strip()
            cell.metadata["title"] = [f"h{len(heading[1])}", title]
        elif kind == "subslide":
            cell.metadata["title"] = ["p", title]
        if title == "What people get wrong here":
            tags.append("one-by-one")
        if cell.cell_type == "markdown":  # the next lesson is the next deck
            cell.source = cell.source.replace(".ipynb)", ".html)")
        if "notes" in tags:
            cell.source = re.sub(r"</?details>|<summary>.*?</summary>", "", cell.source).strip()
