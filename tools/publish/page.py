"""What pages of the site and decks of slides share: living widgets, scripts, whole formulas."""

import base64
import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

from filelock import FileLock
from nbformat import NotebookNode

from publish.places import BUILD, DOCS

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

MODULES = DOCS / "node_modules"
# What a page with widgets loads: its own name, and the place among npm's packages.
SCRIPTS = {
    "require.js": "requirejs/require.js",
    "embed-amd.js": "@jupyter-widgets/html-manager/dist/embed-amd.js",
    "anywidget.js": "anywidget/dist/index.js",
    "tex-svg.js": "mathjax/es5/tex-svg-full.js",
}


def keep_state(notebook: NotebookNode, file: Path) -> None:
    """Write the state of the notebook's widgets as a script, which brings them to life."""
    state = notebook.metadata.get("widgets", {}).get(WIDGET_STATE)
    if not state:
        return
    file.write_text(packed(state), "utf-8")
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if WIDGET_VIEW not in data:
                continue
            if data["text/plain"].startswith("FileUpload"):
                output.data = {"text/html": f"<p><em>{NO_UPLOAD}</em></p>"}
            else:  # the picture is for where no widget can run
                output.data = {WIDGET_VIEW: data[WIDGET_VIEW], "text/plain": data["text/plain"]}


NO_UPLOAD = (
    "There is a button in the lesson itself. It is missing here, because to read a picture of "
    "yours takes Python; what follows shows the picture that the lesson uses until you choose one."
)


def packed(state: dict) -> str:
    """A script that puts this widget state into the page, and then loads what reads it.

    Each large value is in it once, since widgets share their pictures, their noise and their code;
    and all of it is compressed.
    """
    values, places = [], {}

    def pack(value):
        if isinstance(value, dict):
            value = {key: pack(each) for key, each in value.items()}
        elif isinstance(value, list):
            value = [pack(each) for each in value]
        text = json.dumps(value, ensure_ascii=False)
        if len(text) < 64 or isinstance(value, dict):
            return value
        if text not in places:
            places[text] = len(values)
            values.append(value)
        return {"$": places[text]}

    rest = pack(state)
    text = json.dumps([values, rest], ensure_ascii=False, separators=(",", ":"))
    data = base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
    # A value may hold others, but only such that came before it.
    return f"""(async () => {{
  const here = document.currentScript;
  const bytes = Uint8Array.from(atob("{data}"), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const [values, state] = await new Response(stream).json();
  const unpack = (value) => {{
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map(unpack);
    if ("$" in value) return values[value.$];
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unpack(each)]));
  }};
  values.forEach((value, i) => (values[i] = unpack(value)));
  const script = document.createElement("script");
  script.type = "{WIDGET_STATE}";
  script.textContent = JSON.stringify(unpack(state));
  here.after(script);
  const reader = document.createElement("script");
  reader.src = new URL("embed-amd.js", here.src);
  here.after(reader);
}})();
"""


class Missing(RuntimeError):
    """Something that this machine has to have is not there."""


def install_scripts() -> None:
    """npm's packages, exactly as docs/package-lock.json lists them, if they are not there yet."""
    wanted, installed = DOCS / "package-lock.json", MODULES / ".package-lock.json"
    with FileLock(BUILD / "npm.lock"):
        if installed.exists() and installed.stat().st_mtime >= wanted.stat().st_mtime:
            return
        if not (npm := shutil.which("npm")):
            raise Missing("npm is not installed; site and slides take their scripts from it.")
        # With what the tests take, whatever NODE_ENV says.
        command = [npm, "ci", "--include=dev"]
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        if subprocess.run([*command, *quiet], cwd=DOCS).returncode:
            raise RuntimeError("npm could not fetch the scripts; it says above why.")


def copy_scripts(to: Path, files: dict[str, str]) -> None:
    install_scripts()
    to.mkdir(parents=True, exist_ok=True)
    for name, source in files.items():
        shutil.copy(MODULES / source, to / name)
        package = re.match(r"(@[^/]+/)?[^/]+", source)[0]
        for licence in (MODULES / package).glob("LICENSE*"):
            shutil.copy(licence, to / f"{package.replace('/', '-')}.{licence.stem}.txt")


def keep_formulas_whole(notebook: NotebookNode) -> None:
    """No full stop after a formula at the beginning of a line; `whole` is not to be broken."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = FORMULA.sub(r'<span class="whole">\g<0></span>', cell.source)


# In a sentence, with the punctuation around it.
FORMULA = re.compile(r"[(\"]?(?<![$\\])\$(?!\$)[^$\n]+\$(?!\$)[.,;:?!)\"]+")
