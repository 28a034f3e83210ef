"""Where things lie, and what lessons there are."""

import os
import re
from pathlib import Path

import colab

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BUILD = DOCS / "_build"
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def repository() -> str | None:
    """OWNER/NAME on GitHub, whose workflows know it; elsewhere None."""
    name = os.environ.get("GITHUB_REPOSITORY")
    try:
        return colab.checked(name) if name else None
    except ValueError as error:
        raise RuntimeError(f"GITHUB_REPOSITORY: {error}") from None


def contents() -> list[dict]:
    """The README's table of lessons, which a test keeps like the lessons themselves."""
    readme = (ROOT / "README.md").read_text("utf-8")
    rows = re.findall(r"\| \[(.+?)\]\(notebooks/(\w+)\.ipynb\) \| (\d+) \| (.+?) \|", readme)
    names = ("title", "stem", "minutes", "idea")
    lessons = [dict(zip(names, row, strict=True)) for row in rows]
    return [lesson | {"path": ROOT / "notebooks" / f"{lesson['stem']}.ipynb"} for lesson in lessons]
