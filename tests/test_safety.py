"""No text becomes a part of a page: what a lesson, a learner or a file says is shown as it is.

What a browser makes of such text is in browser/test_escaping.py.
"""

import base64
import re
import sys
from html import escape
from pathlib import Path

import pytest
import torch
from nbformat.v4 import new_code_cell, new_notebook, new_output

from diffusion.teaching import plots

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
from publish import website  # noqa: E402

TAG = "<img src=x onerror=alert(1)>"
EVIL = TAG + "\"'&"


FOLDERS = (ROOT / "diffusion", ROOT / "docs" / "static", ROOT / "docs" / "slides")
FILES = [path for folder in FOLDERS for path in folder.rglob("*")]


@pytest.mark.parametrize("suffix", [".js", ".css", ".j2"])
def test_no_page_makes_html_or_code_out_of_text_or_asks_another_host(suffix):
    makes = r"innerHTML|outerHTML|insertAdjacentHTML|\.write(ln)?\(|setHTML|srcdoc|DOMParser"
    makes += r"|createContextualFragment|\beval\(|\bFunction\(|javascript:|\.html\("
    hosts = r"https?://(?!www\.w3\.org/2000/svg)"
    files = [path for path in FILES if path.suffix == suffix]
    found = [(p.name, *re.findall(f"{makes}|{hosts}", p.read_text("utf-8"))) for p in files]
    assert found and not [each for each in found if each[1:]]


# The site and the slides


def test_the_cards_of_the_site_show_titles_as_text(tmp_path, monkeypatch):
    about = {"title": EVIL, "idea": EVIL, "stem": "stem", "minutes": "5", "path": "path"}
    monkeypatch.setattr(website, "contents", lambda: [about])
    still = torch.zeros(4, 4, 1, dtype=torch.uint8)
    png = base64.b64encode(plots.filmstrip([("x_t", [still])], ["t = 0"])).decode()
    picture = new_output("display_data", {"image/png": png})
    card = new_code_cell("", outputs=[picture], metadata={"tags": ["card"]})
    cards = website.cards({"path": new_notebook(cells=[card])}, tmp_path)
    assert TAG not in cards and cards.count(escape(EVIL)) == 2


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
    deck = {"title": EVIL, "stem": "stem", "minutes": "5"}
    page, _ = exporter.from_notebook_node(new_notebook(cells=[cell]), dict(deck))
    front = exporter.environment.get_template("front.html.j2").render(decks=[deck])
    assert page.count("&lt;img src=x") == 6 and front.count("&lt;img src=x") == 1
    assert TAG not in page + front
