"""Where things lie, and what lessons there are."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BUILD = DOCS / "_build"
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def contents() -> list[dict]:
    """The README's table of lessons, which a test keeps like the lessons themselves."""
    readme = (ROOT / "README.md").read_text("utf-8")
    rows = re.findall(r"\| \[(.+?)\]\(notebooks/(\w+)\.ipynb\) \| (\d+) \| (.+?) \|", readme)
    names = ("title", "stem", "minutes", "idea")
    lessons = [dict(zip(names, row, strict=True)) for row in rows]
    return [lesson | {"path": ROOT / "notebooks" / f"{lesson['stem']}.ipynb"} for lesson in lessons]
