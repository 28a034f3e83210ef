"""A training in JupyterLab: seen while it happens, stopped in the middle, looked back at."""

from harness import settled
from playwright.sync_api import expect

CELLS = {
    "task": """
import time, torch
from diffusion.teaching.training import train

generator = torch.Generator().manual_seed(0)
network = torch.nn.Linear(2, 2)

def loss():
    time.sleep(0.02)
    x = torch.randn(64, 2, generator=generator)
    return (network(x) - 2 * x).square().mean() / 5
""",
    "whole": "losses = train(network, loss, 120, 0.2, limit=0.2, samples=lambda: network.weight)",
    "long": "losses = train(network, loss, 600)",
}

# Begins to run a cell, and notes at short intervals what is to be seen until it has ended.
WATCH = """(index) => {
    const { commands, shell } = window.jupyterapp;
    const notebook = shell.currentWidget.content;
    const output = notebook.widgets[index].outputArea.node;
    notebook.activeCellIndex = index;
    window.seen = [];
    window.running = true;
    const look = () => {
        const slider = output.querySelector(".scrub-timeline input");
        if (!slider) return;
        const line = output.querySelector(".scrub-line").getAttribute("d");
        const where = output.querySelector(".scrub-where").textContent;
        const { left, right, bottom } = output.querySelector(".scrub").getBoundingClientRect();
        const top = output.getBoundingClientRect().top;
        const size = [left, right, bottom - top].map(Math.round).join();
        window.seen.push([slider.valueAsNumber, line.split(/[ML]/).length - 2, where, size]);
    };
    const often = setInterval(look, 40);
    commands.execute("notebook:run-cell").then(() => {
        clearInterval(often);
        window.running = false;
    });
}"""


def watch(lab, name):
    lab.page.evaluate(WATCH, lab.cells.index(name))


def test_a_training_is_seen_while_it_happens(open_lab, jupyter):
    with open_lab(jupyter.write("training.ipynb", *CELLS.values())) as lab:
        lab.cells = list(CELLS)
        lab.run_cell("task")
        watch(lab, "whole")
        lab.page.wait_for_function("!window.running", polling=100)
        seen = lab.page.evaluate("window.seen")
        # The slider goes on, and the curve ends where it is, well before the cell does.
        stops = [stop for stop, *_ in seen]
        assert stops == sorted(stops) and len(set(stops)) >= 4
        assert all(points == stop for stop, points, *_ in seen)
        assert all(where == f"step = {2 * stop} of 120" for stop, _, where, _ in seen)
        assert len({size for *_, size in seen}) == 1  # and nothing moves

        # It can be gone back through, to other points.
        slider, cell = lab.slider("whole"), lab.cell("whole")
        assert settled(slider.input_value, "60")
        points = cell.locator("canvas")
        assert points.get_attribute("aria-label") == "points that the network made, step = 120"
        last = points.evaluate("(canvas) => canvas.toDataURL()")
        slider.fill("13")
        expect(cell.locator(".scrub-where")).to_have_text("step = 26 of 120")
        assert points.evaluate("(canvas) => canvas.toDataURL()") != last
        assert "step = 26: mean loss = 0." in cell.locator("svg[role=img]").get_attribute(
            "aria-label"
        )

        # The stop button of the notebook ends it.
        watch(lab, "long")
        lab.page.wait_for_function("window.seen.at(-1)?.[0] >= 2", polling=100)
        lab.do("notebook:interrupt-kernel")
        lab.page.wait_for_function("!window.running", polling=100)
        said = lab.cell("long").locator(".jp-RenderedText")
        expect(said).to_have_count(1)
        expect(said).to_contain_text("of 600 steps; the network keeps what it has learned.")
        done = int(said.inner_text().split()[2])
        assert 20 <= done < 600 and lab.python("print(len(losses))") == str(done)
        assert settled(lab.slider("long").input_value, str(done // 10))
        assert lab.errors == [] and lab.console == []
