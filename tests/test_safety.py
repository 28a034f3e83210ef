"""No text becomes a part of a page: what a lesson, a learner or a file says is shown as it is.

What a browser makes of such text is in browser/test_in_jupyterlab.py.
"""

import re
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).parents[1]

TAG = "<img src=x onerror=alert(1)>"
EVIL = TAG + "\"'&"
DOCS = ROOT / "docs"
FOLDERS = (ROOT / "diffusion", DOCS / "static", DOCS / "slides", DOCS / "handouts")
FILES = [path for folder in FOLDERS for path in folder.rglob("*")]


@pytest.mark.parametrize("suffix", [".js", ".css", ".j2"])
def test_no_page_makes_html_or_code_out_of_text_or_asks_another_host(suffix):
    makes = r"innerHTML|outerHTML|insertAdjacentHTML|\.write(ln)?\(|setHTML|srcdoc|DOMParser"
    makes += r"|createContextualFragment|\beval\(|\bFunction\(|javascript:|\.html\("
    hosts = r"https?://(?!www\.w3\.org/2000/svg)"
    files = [path for path in FILES if path.suffix == suffix]
    found = [(p.name, *re.findall(f"{makes}|{hosts}", p.read_text("utf-8"))) for p in files]
    assert found and not [each for each in found if each[1:]]


def test_a_deck_and_the_list_of_decks_show_titles_and_outputs_as_text():
    exporter = pytest.importorskip("nbconvert").SlidesExporter(
        template_name="slides", extra_template_basedirs=[str(ROOT / "docs")]
    )
    outputs = [
        new_output("stream", name="stdout", text=EVIL),
        new_output("execute_result", {"text/plain": EVIL}),
        new_output("error", ename="ValueError", evalue=EVIL, traceback=[EVIL]),
    ]
    cell = new_code_cell(f'"""{EVIL}"""', outputs=outputs, metadata={"title": ["h2", EVIL]})
    deck = {"title": EVIL, "stem": "stem", "name": EVIL, "about": EVIL}
    page, _ = exporter.from_notebook_node(new_notebook(cells=[cell]), dict(deck))
    front = exporter.environment.get_template("front.html.j2").render(plans=[deck], lessons=[deck])
    assert page.count("&lt;img src=x") == 6 and front.count("&lt;img src=x") == 4
    assert TAG not in page + front
