"""Where things lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BUILD = DOCS / "_build"
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
