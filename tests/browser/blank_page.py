"""A widget alone in a blank page, without JupyterLab, and what it has drawn there as numbers."""

import base64
import io
import re
from contextlib import contextmanager

import numpy as np
import torch
from PIL import Image

# A model as Jupyter's front ends have it, that is Backbone's: several traits are set first; then
# each that changed has its event, and then all together have one.
MOUNT = """async ([code, css, state, buffers]) => {
    window.unmount?.();
    document.body.innerHTML = "<style></style><div></div>";
    const [style, el] = document.body.children;
    style.textContent = css;
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    const { default: widget } = await import(url);

    const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
    const attributes = { ...state, buffers: buffers.map((text) => new DataView(bytes(text))) };
    let handlers = [];
    const tell = (event) =>
        handlers.filter(([name]) => name === event).forEach(([, handler]) => handler());
    const model = {
        get: (name) => attributes[name],
        set(...given) {
            const [values, options] =
                typeof given[0] === "string" ? [{ [given[0]]: given[1] }, given[2]] : given;
            const changed = Object.keys(values).filter((n) => attributes[n] !== values[n]);
            Object.assign(attributes, values);
            if (!options?.silent) {
                for (const name of changed) tell(`change:${name}`);
            }
        },
        save_changes: () => window.saved.push({ ...attributes }),
        on: (name, handler) => handlers.push([name, handler]),
        off: (name, handler) =>
            (handlers = handlers.filter(([n, h]) => n !== name || h !== handler)),
    };
    window.saved = [];
    widget.initialize?.({ model });
    window.unmount = widget.render({ model, el });
    window.again = () =>
        widget.render({ model, el: document.body.appendChild(document.createElement("div")) });
    window.model = model;
    // The canvas of a cloud takes its size from the page, which measures in its own time.
    for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
}"""

GO = """(place) => {
    const slider = document.querySelector(".scrub-timeline input");
    slider.value = place;
    slider.dispatchEvent(new Event("input"));
}"""

CHART = """(index) => {
    const svg = document.querySelectorAll("svg:is([role=img], [role=group])")[index];
    const of = (selector, ...names) => Array.from(svg.querySelectorAll(selector), (node) =>
        names.map((name) => node.getAttribute(name)));
    return {
        texts: Array.from(svg.querySelectorAll(".scrub-axes text"), (node) =>
            [+node.getAttribute("x"), +node.getAttribute("y"), node.textContent]),
        lines: of(".scrub-axes path", "d").flat(),
        curves: of(".scrub-line:not(.scrub-ghost):not(.scrub-bell)", "d").flat(),
        ghosts: of(".scrub-ghost", "d").flat(),
        bell: of(".scrub-bell", "d").flat()[0],
        limits: of(".scrub-limit", "d").flat(),
        bars: of(".scrub-bar", "d").flat()[0],
        playhead: of(".scrub-playhead", "transform").flat()[0],
        dots: Array.from(svg.querySelectorAll("circle"), (node) =>
            node.style.display === "none" ? null : +node.getAttribute("cy")),
        box: (({ left, top, width }) => [left, top, width])(svg.getBoundingClientRect()),
        shown: +svg.getAttribute("viewBox").split(" ")[2],
    };
}"""


class BlankPage:
    def __init__(self, page):
        self.page, self.evaluate = page, page.evaluate

    def show(self, widget):
        names = widget.trait_names(sync=lambda sync: sync)
        ours = [n for n in names if n[0] != "_" and n not in ("layout", "tabbable", "tooltip")]
        state = {name: getattr(widget, name) for name in ours}
        buffers = [base64.b64encode(each).decode() for each in state.pop("buffers")]
        self.evaluate(MOUNT, [widget._esm, widget._css, state, buffers])

    def set(self, **state):
        """As the kernel would."""
        self.evaluate("(state) => window.model.set(state)", state)

    def get(self, name):
        return self.evaluate("(name) => window.model.get(name)", name)

    def go(self, place):
        """As a reader's hand would: to a place of the slider."""
        self.evaluate(GO, place)

    def text(self, selector):
        """What is written, as one line."""
        text = self.evaluate("(selector) => document.querySelector(selector).textContent", selector)
        return " ".join(text.split())

    def texts(self, selector):
        nodes = (
            "(selector) => Array.from(document.querySelectorAll(selector), (n) => n.textContent)"
        )
        return self.evaluate(nodes, selector)

    def pixels(self, index=0):
        """A canvas, int32 (H, W, 4)."""
        url = "(index) => document.querySelectorAll('canvas')[index].toDataURL()"
        png = base64.b64decode(self.evaluate(url, index).partition(",")[2])
        return torch.from_numpy(np.array(Image.open(io.BytesIO(png)))).int()

    def drawing_area(self):
        """Where a curve can be drawn: x, y, width and height, in pixels of the window."""
        return self.evaluate(
            """() => {
                const svg = document.querySelector(".scrub-pad").ownerSVGElement;
                const frame = svg.querySelector("clipPath rect");
                const { a: unit, e: left, f: top } = svg.getScreenCTM();
                const [x, y, width, height] =
                    ["x", "y", "width", "height"].map((name) => unit * frame.getAttribute(name));
                return { x: left + x, y: top + y, width, height };
            }"""
        )

    def chart(self, index=0):
        return Chart(self.evaluate(CHART, index))


class Chart:
    """A chart, read as a person does: by the numbers at its axes."""

    def __init__(self, drawn):
        self.drawn = drawn
        *ticks, _ = drawn["texts"]  # the last is the name of the x axis
        grid = [numbers(d) for d in drawn["lines"]]  # M left,y H right
        y_texts, x_texts = ticks[: len(grid)], ticks[len(grid) :]
        self.y_labels = [text for *_, text in y_texts]
        self.x_labels = [text for *_, text in x_texts]
        self.left, self.right = grid[0][0], grid[0][2]
        self.x = Scale([x for x, *_ in x_texts], self.x_labels)
        self.y = Scale([y for _, y, _ in grid], self.y_labels)
        places = [x for x, *_ in x_texts]
        assert places == sorted(places) and self.y.unit < 0  # to the right and upwards
        for (x, y, _), (_, line, _) in zip(y_texts, grid, strict=True):
            assert x < self.left and 3 <= y - line <= 5  # beside its line; y is where letters stand

    @property
    def playhead(self):
        return self.x.value(numbers(self.drawn["playhead"])[0])

    @property
    def dots(self):
        return [None if y is None else self.y.value(y) for y in self.drawn["dots"]]

    def points(self, d):
        """The corners of a path: their values on the two axes."""
        x, y = torch.tensor(numbers(d), dtype=torch.float64).reshape(-1, 2).T
        return self.x.value(x), self.y.value(y)

    def on_screen(self, value):
        """Where a value of the x axis is, in pixels from the left of the window."""
        left, _, width = self.drawn["box"]
        return left + self.x.place(value) * width / self.drawn["shown"]


class Scale:
    """From places to values and back, as the labels at these places say."""

    def __init__(self, places, labels):
        values = [float(label.replace("−", "-")) for label in labels]
        self.unit = (places[-1] - places[0]) / (values[-1] - values[0])
        self.origin = places[0] - self.unit * values[0]
        for place, value in zip(places, values, strict=True):
            assert abs(self.place(value) - place) < 0.5, labels

    def place(self, value):
        return self.origin + self.unit * value

    def value(self, place):
        return (place - self.origin) / self.unit


def numbers(text):
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", text)]


@contextmanager
def open_blank(chromium):
    """A blank page, and the list of the errors that it tells."""
    page = chromium.new_page(viewport={"width": 1280, "height": 1000})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield BlankPage(page), errors
    page.close()
