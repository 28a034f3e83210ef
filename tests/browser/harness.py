"""JupyterLab and Chromium, driven as a learner would: for the browser tests and the benchmark."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urldefrag

from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-for-the-tests"
REPOSITORY = "octocat/hello-world"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


# All that a scrub shows: its pictures pixel by pixel, then its words. A strip stays as it is, and
# so does lesson 4's difference of walk and jump, which is black at every t.
SHOWN = """(scrub) => {
    const pictures = [...scrub.querySelectorAll("canvas")]
        .filter((canvas) => !canvas.ariaLabel.includes("difference")); // it may stay black
    const still = (canvas) => canvas.closest(".scrub-strip");
    const data = (canvas) => canvas.toDataURL();
    return {
        moving: [...pictures.filter((c) => !still(c)).map(data), scrub.innerText],
        still: pictures.filter(still).map(data),
    };
}"""


def find_chromium():
    """The path of an installed Chromium or Chrome, or None."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


@contextmanager
def chromium_browser(path):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",  # CI runs as root
                "--disable-gpu",
                "--disable-quic",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()


@contextmanager
def offline_page(browser, width=1280, height=900, **options):
    """A page that gets nothing from any other host; in the end nothing must have gone wrong."""
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    page = context.new_page()
    errors = []

    def route(route):
        if route.request.url.startswith(("file:", "data:", "blob:", "http://127.0.0.1:")):
            return route.continue_()
        errors.append(f"asked for {route.request.url}")
        return route.abort()

    context.route("**/*", route)  # of windows that it opens, too
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("requestfailed", lambda request: errors.append(f"failed: {request.url}"))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert errors == []


def assert_moves(scrub):
    """Each picture of a scrub and its numbers are others a few keys on."""
    slider = scrub.locator(".scrub-timeline input")
    if (answer := scrub.get_by_role("button", name="Show me")).is_visible():
        answer.click()
    slider.press("Home")
    before = scrub.evaluate(SHOWN)
    for _ in range(3):
        slider.press("PageUp")
    after = scrub.evaluate(SHOWN)
    pairs = zip(before["moving"], after["moving"], strict=True)
    assert all(old != new for old, new in pairs)
    assert before["still"] == after["still"]


# What of our widgets reaches beyond the output that they are in, or out of the window, or is cut.
BEYOND = """() => [...document.querySelectorAll(
    ":is(.scrub, .scrub-view) *:not(svg *)"
)].filter((node) => {
    const box = node.getBoundingClientRect();
    const output = node.closest(".jp-OutputArea-output, .cell_output").getBoundingClientRect();
    const left = Math.max(output.left, 0) - 1;
    const right = Math.min(output.right, innerWidth) + 1;
    const out = box.width > 0 && (box.left < left || box.right > right);
    const clips = getComputedStyle(node).overflowX !== "visible";
    return out || (clips && node.scrollWidth > node.clientWidth + 1);
}).map((node) => node.outerHTML.slice(0, 150))"""


# What can be operated in a part of a page, in the order in which it is read.
OPERABLE = """(part) => [...part.querySelectorAll(
    "a[href], button, input, select, summary, [tabindex='0'], [contenteditable=true]"
)].filter((node) => !node.disabled && node.checkVisibility({ visibilityProperty: true }))"""


def assert_keyboard_reaches_all(page, part):
    """Tab goes through all that can be operated, in the order of reading, shows it, and leaves."""
    nodes = part.evaluate_handle(OPERABLE)
    count = nodes.evaluate("(nodes) => nodes.length")
    nodes.evaluate("(nodes) => nodes[0].focus({ focusVisible: true })")
    seen = """(nodes) => {
        const node = document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(node);
        const shown = outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
        return [nodes.indexOf(node), shown, node.outerHTML.slice(0, 200)];
    }"""
    for wanted in range(count):
        at, shown, html = nodes.evaluate(seen)
        assert at == wanted and shown, html
        page.keyboard.press("Tab")
    assert nodes.evaluate(seen)[0] == -1  # no trap


def use_theme(page, light):
    """That of the system, which a page of the site follows until its reader chooses another."""
    page.emulate_media(color_scheme="light" if light else "dark")
    page.wait_for_selector(f"html[data-jp-theme-light={str(light).lower()}]", state="attached")


def assert_accessible(page, axe, within=None, only=(), ignored=()):
    """axe-core finds nothing to be mended in the page, or in what these selectors pick.

    `only` these rules, by default all but those `ignored`. The page is left without the glyphs of
    its formulas, if they are drawn: they are half of it, and hidden from axe and screen readers.
    """
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(content=axe)
    page.evaluate(
        "document.querySelectorAll('mjx-container > svg').forEach((svg) => svg.replaceChildren())"
    )
    options = {
        "preload": False,  # it would load the style sheets again, which file:// forbids
        "selectors": False,  # they take longer to find than all the rest
        "rules": {rule: {"enabled": False} for rule in ignored},
    }
    if only:
        options["runOnly"] = list(only)
    found, compared = page.evaluate(
        """async ([within, options]) => {
            const { violations, passes } = await axe.run(within ?? document, options);
            const told = ({ html, any, all, none }) =>
                [html.slice(0, 200), ...[...any, ...all, ...none].map(({ message }) => message)];
            const contrast = passes.find(({ id }) => id === "color-contrast");
            return [
                violations.map(({ impact, id, nodes }) => [impact, id, ...nodes.map(told)]),
                contrast?.nodes.length ?? 0,
            ];
        }""",
        [within, options],
    )
    assert not found, found
    assert compared > 8  # what is scrolled out of sight would be passed over in silence


def assert_links_lead_somewhere(folder, at_least):
    """From every page of a folder of HTML: to a file that is there, and to a place in it."""
    pages = {
        path: BeautifulSoup(path.read_text("utf-8"), "html.parser")
        for path in folder.rglob("*.html")
    }
    assert len(pages) >= at_least
    anchors = {path: {tag["id"] for tag in soup.select("[id]")} for path, soup in pages.items()}
    for path, soup in pages.items():
        for tag in soup.select("[href], [src]"):
            target, fragment = urldefrag(tag.get("href") or tag.get("src"))
            if target.startswith(("http", "data:", "mailto:")):
                assert tag.name == "a" or target.startswith("data:"), tag  # a link, nothing loaded
                continue
            file = (path.parent / unquote(target.split("?")[0])).resolve() if target else path
            assert file.exists(), f"{path.name}: {target}"
            if fragment.startswith("/"):  # a slide of a deck
                assert 0 <= int(fragment[1:]) < len(pages[file].select(".slides > section"))
            elif fragment and file in anchors:
                assert fragment in anchors[file], f"{path.name}: {target}#{fragment}"


@contextmanager
def jupyterlab(home):
    """A JupyterLab that serves a copy of the project's notebooks and data from `home`."""
    for folder in ("notebooks", "data"):
        shutil.copytree(ROOT / folder, home / folder)
    settings = {
        # No pop-up that asks about news over the notebook.
        "apputils-extension/notification": '{"fetchNews": "false"}',
        # All cells on the page, also those that are scrolled away.
        "notebook-extension/tracker": '{"windowingMode": "none"}',
    }
    for name, text in settings.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    port = free_port()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    options = [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={home}",
        f"--IdentityProvider.token={TOKEN}",
        "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",
        f"--LabApp.user_settings_dir={home / 'settings'}",
        f"--LabApp.workspaces_dir={home / 'workspaces'}",
    ]
    # Kernels find the module, and what the tests look at.
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, Path(__file__).parent)))
    }
    with open(home / "log", "w") as log:
        server = subprocess.Popen(command + options, stdout=log, stderr=log, env=environment)
        address = f"http://127.0.0.1:{port}"
        try:
            wait_for(server, f"{address}/api/status?token={TOKEN}", home / "log")
            yield Jupyter(address, home)
        finally:
            server.terminate()
            server.wait(20)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(server, url, log, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            return urllib.request.urlopen(url, timeout=5)
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()}")


def settled(read, expected, seconds=5):
    """`read()` becomes `expected` before long: the kernel hears of t some tenths later."""
    deadline = time.monotonic() + seconds
    while (value := read()) != expected and time.monotonic() < deadline:
        time.sleep(0.02)
    return value == expected


def contrast(one, other):
    """WCAG's contrast ratio."""

    def luminance(colour):
        linear = [
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
            for c in (value / 255 for value in colour)
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


class Jupyter:
    def __init__(self, address, home):
        self.address, self.home = address, home

    def write(self, name, *cells):
        """A notebook with these code cells."""
        # Under a name that was written before, it gets that one's kernel, which goes quickly. These
        # are other cells, though: to run them is not to run the earlier ones again.
        written = time.time_ns()
        code = [
            {"cell_type": "code", "id": f"c{i}-{written}", "source": source}
            | {"metadata": {}, "outputs": [], "execution_count": None}
            for i, source in enumerate(cells)
        ]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        book = {"cells": code, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
        (self.home / "notebooks" / name).write_text(json.dumps(book))
        return name


class Lab:
    """One page with one notebook open in JupyterLab, or in Notebook 7 (the app "notebooks")."""

    def __init__(self, page, jupyter, name, app=None):
        self.page, self.errors, self.console = page, [], []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.cells = []  # names for its cells
        app = app or f"lab/workspaces/w{time.time_ns()}/tree"
        page.goto(f"{jupyter.address}/{app}/notebooks/{name}?token={TOKEN}")
        self.wait_for_kernel(name)
        if page.locator("#jp-left-stack").is_visible():
            self.do("application:toggle-left-area")
        said = self.console.append  # JupyterLab itself has said what it had to say
        page.on("console", lambda told: said(told.text) if told.type == "error" else None)

    def wait_for_kernel(self, name):
        self.page.wait_for_function(
            """(name) => {
                const { context, sessionContext } = window.jupyterapp?.shell?.currentWidget ?? {};
                return context?.path.endsWith(name) && sessionContext.isReady;
            }""",
            arg=name,
            timeout=60_000,
        )

    def open_instead(self, name):
        """Another notebook on the same page, which is quicker than a new page; the first goes."""
        self.page.evaluate(
            """async () => {
                const { context, sessionContext } = window.jupyterapp.shell.currentWidget;
                await sessionContext.shutdown();
                await context.save();  // or it would ask
            }"""
        )
        self.do("application:close-all")
        self.errors.clear()
        self.console.clear()
        self.do("docmanager:open", path=f"notebooks/{name}")
        self.wait_for_kernel(name)

    def do(self, command, **arguments):
        return self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => true)",
            [command, arguments],
        )

    def use_theme(self, dark):
        self.do("apputils:change-theme", theme=f"JupyterLab {'Dark' if dark else 'Light'}")
        body = f'body[data-jp-theme-light="{"false" if dark else "true"}"]'
        self.page.wait_for_selector(body, state="attached")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")  # it covers all

    def run_all(self, seconds=120):
        self.do("notebook:run-all-cells")
        self.page.wait_for_function(
            """() => {
                const { context, sessionContext } = window.jupyterapp.shell.currentWidget;
                const code = context.model.sharedModel.cells.filter((c) => c.cell_type === "code");
                const ran = code.every((c) => !c.getSource().trim() || c.execution_count !== null);
                const outputs = code.flatMap((c) => c.toJSON().outputs);
                const failed = outputs.some((output) => output.output_type === "error");
                return (ran || failed) && sessionContext.session?.kernel?.status === "idle";
            }""",
            timeout=seconds * 1000,
            polling=300,  # not at every frame: all outputs are looked at, and the kernel is at work
        )
        failed = [out for out in self.outputs() if out["output_type"] == "error"]
        assert not failed, "\n".join(failed[0]["traceback"])

    def cell(self, name):
        """What a cell shows."""
        outputs = self.page.locator(".jp-Notebook .jp-Cell-outputWrapper")
        return outputs.nth(self.cells.index(name))

    def slider(self, name="scrub"):
        return self.cell(name).locator(".scrub-timeline input")

    def run_cell(self, name, times=1):
        """Run one cell, as with Ctrl+Enter, and wait for its end; then again. Gives its outputs."""
        return self.page.evaluate(
            """async ([index, times]) => {
                const { commands, shell } = window.jupyterapp;
                const notebook = shell.currentWidget.content;
                notebook.activeCellIndex = index;
                notebook.deselectAll();
                for (let i = 0; i < times; i++) await commands.execute("notebook:run-cell");
                return notebook.widgets[index].model.toJSON().outputs;
            }""",
            [self.cells.index(name), times],
        )

    @contextmanager
    def more_cells(self, cells):
        """Further cells, {name: code}, below the others for a while; they are not run yet."""
        self.page.evaluate(
            """(sources) => {
                const { sharedModel } = window.jupyterapp.shell.currentWidget.context.model;
                for (const source of sources) sharedModel.addCell({ cell_type: "code", source });
            }""",
            list(cells.values()),
        )
        self.cells += cells
        yield
        del self.cells[-len(cells) :]
        self.page.evaluate(
            """(index) => {
                const { sharedModel } = window.jupyterapp.shell.currentWidget.context.model;
                sharedModel.deleteCellRange(index, sharedModel.cells.length);
            }""",
            len(self.cells),
        )

    def outputs(self):
        """All outputs of all cells, as the notebook would store them."""
        return self.page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.context.model.sharedModel.cells
                .flatMap((c) => c.toJSON().outputs ?? [])"""
        )

    def python(self, code):
        """Run code in the kernel, outside the notebook, and return what it prints."""
        return self.page.evaluate(
            """async (code) => {
                const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                const future = kernel.requestExecute({ code, store_history: false });
                let text = "";
                future.onIOPub = ({ content }) => {
                    text += content.text ?? content.traceback?.join("\\n") ?? "";
                };
                await future.done;
                return text.replace(/\\x1b\\[[\\d;]*m/g, "");  // an error's colours
            }""",
            code,
        ).strip()
