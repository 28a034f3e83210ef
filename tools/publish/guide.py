"""The instructor's guide, read: what to say in each section of a lesson, and the plans."""

import re
from typing import NamedTuple

from publish.places import DOCS

GUIDE = DOCS / "pages" / "guide.md"
EVERY_LESSON = "In every lesson"  # the chapter of the sections that all lessons have


class Part(NamedTuple):
    """A row of a plan: a section of a lesson, shown from one minute to another."""

    start: int
    end: int
    section: str
    stem: str
    happens: str


class Plan(NamedTuple):
    name: str  # 50 minutes
    about: str  # its first sentence
    parts: list[Part]

    @property
    def stem(self) -> str:
        return f"plan_{self.parts[-1].end}_minutes"


def headed(page: str, level: int) -> dict[str, str]:
    """{heading: what is under it}, of one level."""
    line = rf"(?!#{{1,{level}}} ).*\n"
    return dict(re.findall(rf"^{'#' * level} (.+)\n((?:{line})*)", page, re.M))


def rows(body: str) -> list[list[str]]:
    """The cells of each row of a table, without its two lines of head."""
    table = re.findall(r"^\|(.*)\|$", body, re.M)[2:]
    return [[cell.strip() for cell in row.split("|")] for row in table]


def plans() -> list[Plan]:
    chapter = headed(GUIDE.read_text("utf-8"), 2)["Plans"]
    return [_plan(name, body) for name, body in headed(chapter, 3).items()]


def _plan(name: str, body: str) -> Plan:
    parts, end = [], 0
    for minutes, link, happens, _ in rows(body):
        section, stem = re.fullmatch(r"\[(.+)\]\(.*/(\w+)\.ipynb\)", link).groups()
        start, end = end, end + int(minutes)
        parts.append(Part(start, end, section, stem, happens))
    about = " ".join(body.split())
    return Plan(name, about[: about.index(". ") + 1], parts)


def to_say() -> dict[tuple[str, str], str]:
    """{(title of the lesson, section): what the guide says of it}; its exercises, too."""
    chapters = headed(GUIDE.read_text("utf-8"), 2)
    every = headed(chapters[EVERY_LESSON], 3)
    said = {}
    for title, chapter in chapters.items():
        if not re.match(r"\d · ", title):
            continue
        sections = every | headed(chapter, 3)
        for exercise, check, effort, named in rows(sections.pop("Exercises")):
            level, minutes = effort.split(", ")
            about = f"A {level} one, {minutes} minutes. {check} names: {named}"
            sections[exercise] = f"{every['Exercises']}\n\n{about}"
        said |= {(title, section): text.strip() for section, text in sections.items()}
    return said
