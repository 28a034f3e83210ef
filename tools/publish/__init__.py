"""Build what needs no kernel, from the lessons: `make site` and `make slides`.

    cd tools
    python -m publish site      # docs/_build/site/: lessons, guide, reference, and the decks
    python -m publish slides    # docs/_build/slides/: a deck of each plan and of each lesson

Each lesson is run from top to bottom, and the state of its widgets is kept beside the page. All
JavaScript is copied from docs/node_modules (npm ci), so that both folders work from any static host
and from file://, without a network.
"""

from publish.page import Missing
from publish.slides import build_slides
from publish.website import build_site

__all__ = ["Missing", "build_site", "build_slides"]
