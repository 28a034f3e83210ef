"""The slides: a deck of each lesson and of each plan of the guide, by nbconvert and reveal.js."""

import copy
import re
import shutil
import tomllib
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from publish.execution import execute
from publish.guide import Plan, plans, to_say
from publish.page import (
    SCRIPTS,
    WIDGET_STATE,
    WIDGET_VIEW,
    copy_scripts,
    keep_formulas_whole,
    keep_state,
)
from publish.places import BUILD, DOCS, LESSONS, ROOT, contents
from publish.room import Slide, for_a_room, slide_cell, slides_of

REVEAL = {
    "reveal.js": "reveal.js/dist/reveal.js",
    "reveal.css": "reveal.js/dist/reveal.css",
    "reset.css": "reveal.js/dist/reset.css",
    "notes.js": "reveal.js/plugin/notes/notes.js",
}


class Deck(NamedTuple):
    stem: str  # of its file
    name: str
    about: str
    title: str
    notebook: NotebookNode
    first: list[int]  # of a plan: the slide that each of its parts begins with


def build_slides() -> Path:
    slides = BUILD / "slides"
    write_decks(*all_decks(), slides)
    return slides


def all_decks() -> tuple[list[Deck], list[Deck]]:
    """One for each plan of the guide, and one for each lesson."""
    notebooks = execute(LESSONS)
    for notebook in notebooks.values():
        for_a_room(notebook)
    lessons = [
        Deck(
            each["stem"],
            each["title"],
            f"{each['minutes']} minutes",
            each["title"],
            notebooks[each["path"]],
            [],
        )
        for each in contents()
    ]
    by_stem = {deck.stem: deck.notebook for deck in lessons}
    return [_deck_of(plan, by_stem) for plan in plans()], lessons


def write_decks(planned: list[Deck], lessons: list[Deck], to: Path) -> None:
    from nbconvert import SlidesExporter
    from pygments.formatters import HtmlFormatter

    shutil.rmtree(to, ignore_errors=True)
    lib = to / "lib"
    copy_scripts(lib, SCRIPTS | REVEAL)
    for file in ("static/widgets.js", "slides/slides.js", "slides/slides.css"):
        shutil.copy(DOCS / file, lib)
    themes = {"light": ".highlight", "dark": '[data-jp-theme-light="false"] .highlight'}
    styles = [
        HtmlFormatter(style=f"a11y-high-contrast-{theme}").get_style_defs(where)
        for theme, where in themes.items()
    ]
    (lib / "pygments.css").write_text("\n".join(styles))

    exporter = SlidesExporter(
        template_name="slides",
        extra_template_basedirs=[str(DOCS)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    for deck in [*planned, *lessons]:
        notebook = _with_notes(deck.notebook)
        keep_state(notebook, lib / f"{deck.stem}.js")
        keep_formulas_whole(notebook)
        page, _ = exporter.from_notebook_node(notebook, {"title": deck.title, "stem": deck.stem})
        (to / f"{deck.stem}.html").write_text(page, "utf-8")
    front = exporter.environment.get_template("front.html.j2")
    (to / "index.html").write_text(front.render(plans=planned, lessons=lessons), "utf-8")


# ---------------------------------------------------------------- a plan as slides


def _deck_of(plan: Plan, lessons: dict[str, NotebookNode]) -> Deck:
    """The sections that the plan names, in its order, with the minutes of each in the notes."""
    title = "How diffusion models add noise"
    place = {"section": ["", title], "tags": []}
    opening = slide_cell(f"{plan.name}. {plan.about}", "slide", title=["h1", title], **place)
    agenda = slide_cell("", "notes", **place | {"tags": ["notes"]})
    cells, widgets, first = [opening], {}, []
    for part in plan.parts:
        lesson = lessons[part.stem]
        of_it = [cell for cell in lesson.cells if cell.metadata.section[1] == part.section]
        first.append(1 + len(slides_of(cells)))
        agenda.source += f"- Slide {first[-1]}, from minute {part.start}: {part.section}\n"
        for slide in copy.deepcopy(slides_of(of_it)):
            if {"title", "goals", "in-depth"} & {*slide[0].metadata.tags}:
                slide = [cell for cell in slide if "notes" in cell.metadata.tags]
            for cell in slide:
                cell.id = f"{part.stem[:2]}-{cell.id}"
                cell.metadata["plan"] = [part.start, part.end, plan.parts[-1].end, part.happens]
                cells.append(cell)
        widgets |= lesson.metadata.widgets[WIDGET_STATE]["state"]
    notebook = new_notebook(cells=[*cells, agenda])
    shown = [
        output.data[WIDGET_VIEW]["model_id"]
        for cell in cells
        for output in cell.get("outputs", [])
        if WIDGET_VIEW in output.get("data", {})
    ]
    state = {"version_major": 2, "version_minor": 0, "state": _needed(shown, widgets)}
    notebook.metadata["widgets"] = {WIDGET_STATE: state}
    return Deck(plan.stem, plan.name, plan.about, f"{title}: {plan.name}", notebook, first)


def _needed(wanted: list[str], models: dict) -> dict:
    """The models with these names, and those that they refer to."""
    needed = {}
    while wanted:
        if (name := wanted.pop()) not in needed:
            needed[name] = models[name]
            wanted += re.findall(r"IPY_MODEL_(\w+)", str(models[name]["state"]))
    return needed


# ---------------------------------------------------------------- what to say


def _answers(slide: Slide) -> list[str]:
    """To a question on it: the right answer, and what is said of each wrong one."""
    found = re.match(r'ask\("(.+)"\)', slide[-1].source)
    if not found:
        return []
    question = QUESTIONS[found[1]]
    right, said = str(question["right"]), question["said"]
    wrong = [f"- *{answer}*: {why}" for answer, why in said.items() if answer != right]
    return ["\n".join([f"**Right: {right}.** {said[right]}\n", *wrong])]


QUESTIONS = tomllib.loads((ROOT / "diffusion" / "teaching" / "questions.toml").read_text("utf-8"))


def _with_notes(notebook: NotebookNode) -> NotebookNode:
    """The same, with notes on each slide: what lesson and guide say of its section."""
    guide, notebook = to_say(), copy.deepcopy(notebook)
    own = {}
    for cell in notebook.cells:
        if "notes" in cell.metadata.tags:
            own.setdefault(tuple(cell.metadata.section), []).append(cell.source)
    slides = slides_of([cell for cell in notebook.cells if "notes" not in cell.metadata.tags])
    for slide, after in zip(slides, [*slides[1:], None], strict=True):
        section = tuple(slide[0].metadata.section)
        said = [*_answers(slide), *own.get(section, []), guide.get(section, "")]
        if plan := slide[0].metadata.get("plan"):
            start, end, whole, happens = plan
            said = [re.sub(r"\*Minutes: [\d.]+\.\*\s*", "", text) for text in said]
            said.insert(0, f"**Minutes {start} to {end} of {whole}:** {happens or section[1]}")
        if after and after[0].metadata.section[1] != section[1]:
            said.append(f"**Next:** {after[0].metadata.section[1]}")
        text = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", "\n\n".join(filter(None, said)))
        slide.append(slide_cell(text, "notes"))
    notebook.cells = [cell for slide in slides for cell in slide]
    return notebook
