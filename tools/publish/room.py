"""A lesson as slides: only what a room is to see, in an order that one key goes through.

A cell of the type "slide" begins a slide, and has the metadata `title`, [tag, text].
Each cell has `section`, [lesson, section].
"""

import re

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_markdown_cell

from publish.page import WIDGET_VIEW

Slide = list[NotebookNode]  # its cells


def for_a_room(notebook: NotebookNode) -> None:
    """Titles apart from their text, pictures and answers without their code, no assertions.

    Each slide comes after the one before it: there are none below another, which → would leave out.
    """
    opening, *cells = notebook.cells
    opening.source, mark, goals = opening.source.partition("**You will be able to**")
    told = next(i for i, cell in enumerate(cells) if "notes" not in cell.metadata.get("tags", []))
    opening.metadata["tags"] = ["title"]
    goals = slide_cell(mark + goals, "slide", tags=["goals"])
    cells = [opening, *cells[:told], goals, *cells[told:]]

    lesson, section = re.match("# (.+)", opening.source)[1], ""
    kept = []
    for cell in cells:
        heading = re.match("(##?) (.+)", cell.source)
        if heading:
            section = heading[2]
        if not _is_for_a_notebook(cell):
            _place(cell, heading, section)
            cell.metadata["section"] = [lesson, section]
            kept.append(cell)
    slides = slides_of(_questions_apart(kept))
    for slide in slides:
        _without_code(slide)
    notebook.cells = [cell for slide in _answers_joined(slides) for cell in slide]


def slide_cell(source: str, kind: str, **metadata: object) -> NotebookNode:
    place = {"slideshow": {"slide_type": kind}}
    return from_dict(new_markdown_cell(source, metadata={"tags": []} | metadata | place))


def slides_of(cells: Slide) -> list[Slide]:
    slides = []
    for cell in cells:
        if cell.metadata.slideshow.slide_type == "slide":
            slides.append([])
        slides[-1].append(cell)
    return slides


# ---------------------------------------------------------------- cell by cell


def _is_for_a_notebook(cell: NotebookNode) -> bool:
    asserts = not cell.get("outputs") and re.search(r"^\s*assert", cell.source, re.M)
    code = cell.cell_type == "code" and "exercise" not in cell.metadata.get("tags", [])
    return cell.metadata.slideshow.slide_type == "skip" or bool(code and asserts)


def _place(cell: NotebookNode, heading: re.Match | None, section: str) -> None:
    tags, place = cell.metadata.setdefault("tags", []), cell.metadata.slideshow
    if place.slide_type == "subslide":
        place.slide_type = "slide"
    outputs = [output.get("data", {}) for output in cell.get("outputs", [])]
    if _asks(cell):
        cell.metadata["hide_input"] = True
    elif any({"image/png", "text/html", WIDGET_VIEW} & set(data) for data in outputs):
        tags.append("picture")
    if "exercise" in tags:
        cell.outputs = []  # what the check says of nothing
    if heading:
        cell.source = cell.source[heading.end() :].strip()
        cell.metadata["title"] = [f"h{len(heading[1])}", section]
    elif place.slide_type == "slide":
        cell.metadata["title"] = ["p", section]
    if section == "What people get wrong here":
        tags.append("one-by-one")
    if cell.cell_type == "markdown":
        cell.source = _as_said(cell.source)


def _asks(cell: NotebookNode) -> bool:
    return cell.source.startswith("ask(")


def _as_said(source: str) -> str:
    """Without what is for a notebook alone: its folds, and what it says of its cells."""
    source = source.replace(".ipynb)", ".html)")  # the next lesson is the next deck
    source = re.sub(r"<details>.*?</details>", lambda fold: _note(fold[0]), source, flags=re.S)
    source = ABOUT_CELLS.sub("", source)
    # The question stands out: it is what the room has to read.
    return re.sub(r"(?s)(\*\*Predict\.\*\*.*?)(?=\n\n|\Z)", PREDICT, source).strip()


def _note(fold: str) -> str:
    notes = "<summary>Presenting?" in fold
    return re.sub(r"</?details>|<summary>.*?</summary>", "", fold).strip() if notes else ""


# What stands in brackets, or a sentence.
ABOUT_CELLS = re.compile(
    r"\s*\([^()]*\bcells?\b[^()]*\)"
    r"|(?:(?<=[.!?:)]\s)|^)[^.!?:]*\bcell\b(?:[^.!?]|[.](?!\s))*[.!?:](?=\s|$)",
    re.M,
)
PREDICT = r'<div class="predict">\n\n\1\n\n</div>'


# ---------------------------------------------------------------- slide by slide


def _questions_apart(cells: Slide) -> Slide:
    """What follows a question is on the next slide."""
    asked, in_depth = False, False  # the last cell, and its slide
    for cell in cells:
        tags, place = cell.metadata.tags, cell.metadata.slideshow
        if place.slide_type == "notes":
            continue
        if asked and place.slide_type != "slide":
            place.slide_type = "slide"
            tags += ["to-a-question", *["in-depth"] * in_depth]
            cell.metadata["title"] = ["p", cell.metadata.section[1]]
        if place.slide_type == "slide":
            in_depth = "in-depth" in tags  # the decks of plans leave it out
        asked = _asks(cell)
    return cells


def _without_code(slide: Slide) -> None:
    """A picture stands without code, and so does the answer to a question."""
    pictured = any("picture" in cell.metadata.tags for cell in slide)
    answers = "to-a-question" in slide[0].metadata.tags
    shown = False  # whether the slide has shown a picture yet
    for cell in list(slide):
        tags, place = cell.metadata.tags, cell.metadata.slideshow.slide_type
        if cell.cell_type == "code" and (pictured or answers):
            cell.metadata["hide_input"] = True
            if not cell.outputs and cell is not slide[0]:
                slide.remove(cell)
        shown = shown or "picture" in tags
        if shown and cell.cell_type == "markdown" and place == "fragment":
            tags.append("answer")  # it takes the place of the question; see slides.css


def _answers_joined(slides: list[Slide]) -> list[Slide]:
    """With a computed answer stands, a key later, what is said of it."""
    joined = []
    for slide in slides:
        if joined and _computes_an_answer(joined[-1]) and slide[0].metadata.title[0] == "p":
            words = next(i for i, cell in enumerate([*slide, None]) if not _explains(cell))
            for cell in slide[:words]:
                cell.metadata.slideshow.slide_type = "fragment"
                cell.metadata.pop("title", None)
            joined[-1] += slide[:words]
            slide = slide[words:]
            if slide:
                slide[0].metadata.slideshow.slide_type = "slide"
                slide[0].metadata["title"] = ["p", slide[0].metadata.section[1]]
        if slide:
            joined.append(slide)
    return joined


def _computes_an_answer(slide: Slide) -> bool:
    return "to-a-question" in slide[0].metadata.tags and all(
        cell.cell_type == "code" and "picture" not in cell.metadata.tags
        for cell in slide
        if "notes" not in cell.metadata.tags
    )


def _explains(cell: NotebookNode | None) -> bool:
    return bool(cell and cell.cell_type == "markdown" and "predict" not in cell.source)
