"""The site, as Sphinx builds it from docs/_build/source; tools/publish puts that together."""

import re
from pathlib import Path

project = "The forward process, by hand and by eye"
author = "the authors"
copyright = "the authors; MIT licence"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["README.md"]

# The lessons were run before; see tools/publish.
nb_execution_mode = "off"
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
myst_enable_extensions = ["dollarmath", "colon_fence", "html_image"]
myst_heading_anchors = 2
mathjax_path = "tex-svg.js"
# Without the menu, which would make a stop for the Tab key of each formula.
mathjax3_config = {"options": {"enableMenu": False}}

smartquotes = False  # the lessons choose their own

html_theme = "furo"
html_title = "The forward process"
html_favicon = "static/favicon.svg"
html_static_path = ["static", "_build/lib"]
html_css_files = ["site.css"]
html_js_files = ["site.js", "gates.js"]
html_copy_source = False
html_domain_indices = False  # there is one module
html_show_sourcelink = False

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say more: shapes and ranges
napoleon_use_rtype = False
default_role = "code"


LIB = Path(__file__).parent / "_build" / "lib"


def load_widgets(app, pagename, templatename, context, doctree):
    """On a page with widgets: last their state, which loads what reads it. Others stay light."""
    state = pagename.rpartition("/")[2] + ".js"
    if doctree is not None and (LIB / state).exists():
        for order, script in enumerate(["require.js", "widgets.js", state]):
            app.add_js_file(script, priority=900 + order)


# A docstring writes its symbols to be read in a terminal, and an equation as a paragraph of its
# own, set in. On the page both become mathematics.
EQUATION = re.compile(r"^ {4,}(\S.* = .*)$")
SYMBOL = re.compile(
    r"`[^`]*`|"  # code stays as it is
    r"(?<!\w)(√\([^)]*\)|√?(?:ε̄|β̃|[xwεβαᾱ])_(?:\{[^}]*\}|[0-9stT]))(?!\w)(?!:)"
)
TEX = {
    r"\b(mean|variance)\b": r"\\text{\1}",
    r"√\(([^)]*)\)": r"\\sqrt{\1}",
    r"√([^\s]+)": r"\\sqrt{\1}",
    "ᾱ": r"\\bar\\alpha ",
    "ε̄": r"\\bar\\epsilon ",
    "α": r"\\alpha ",
    "β̃": r"\\tilde\\beta ",
    "β": r"\\beta ",
    "ε": r"\\epsilon ",
    "Σ": r"\\sum",
    "⋯": r"\\cdots ",
    "·": r"\\cdot ",
    "−": "-",
    ", {2,}": r",\\qquad ",
}


def tex(equation: str) -> str:
    """√(1 − ᾱ_t) ε as TeX."""
    for plain, command in TEX.items():
        equation = re.sub(plain, command, equation)
    return equation


def render_mathematics(app, what, name, obj, options, lines):
    """The mathematics of a docstring, for autodoc."""
    for number, line in enumerate(lines):
        if (equation := EQUATION.match(line)) and not lines[number - 1]:
            lines[number] = f".. math:: {tex(equation[1])}"
        else:
            lines[number] = SYMBOL.sub(
                lambda found: f":math:`{tex(found[1])}`" if found[1] else found[0], line
            )


def setup(app):
    app.connect("html-page-context", load_widgets)
    # Before napoleon, to which an equation would be a quotation.
    app.connect("autodoc-process-docstring", render_mathematics, priority=400)
