"""Sampling in the page: its steps are those of the core, its distances those of Python.

The page walks in float64, with a network's float32 weights as well; so does torch here, and the two
differ by rounding alone. Chance passes a bound of five standard errors once in two million times.
"""

import base64
import copy
import math
from functools import cache

import pytest
import torch
from blank_page import CHART, Scale, numbers

from diffusion import NoiseSchedule
from diffusion.reverse_process import ancestral_step
from diffusion.teaching.mixtures import Mixture, sliced_wasserstein, spiral
from diffusion.teaching.networks import PointNetwork
from diffusion.teaching.widgets import Sampler

FUNCTIONS = Sampler._esm.partition("export default")[0]
LOAD = f"""([spec, buffers]) => {{
    {FUNCTIONS}
    const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const numbers = (text) => new Float64Array(bytes(text).buffer);
    const text = (values) => {{  // a list of numbers would take far longer on its way
        let all = "";
        for (const byte of new Uint8Array(values.buffer)) all += String.fromCharCode(byte);
        return btoa(all);
    }};
    const model = {{ spec, buffers: buffers.map(bytes) }};
    const {{ guessers, schedules, data }} = received({{ get: (name) => model[name] }});
    const named = (list, wanted) => list.find(([name]) => name === wanted)[1];
    window.walk = (guesser, steps, x_T, noises) => {{
        const [betas, x] = [named(schedules, steps), numbers(x_T)];
        const rates = ratesOf(betas);
        const rest = [...numbers(noises)];
        const guess = guessOf(named(guessers, guesser), rates);
        const [all, times] = [[], []];
        for (const t of walkBack(guess, betas, rates, x, () => rest.shift())) {{
            if (t === null) continue;
            times.push(t);
            all.push(text(x));
        }}
        return [all, times, rest.length];
    }};
    window.cloud = (what, count, ...start) => {{
        const random = sfc32(...start);
        return text(what === "data" ? dataCloud(data, count, random) : normalCloud(count, random));
    }};
    window.far = (a, b, directions) =>
        apart(...[a, b].map((x) => seenAlong(numbers(x), directions)));
}}"""
TWELVE = NoiseSchedule(0.01, 0.6, 12)
WRONG = NoiseSchedule(time_steps=12)  # most of x_0 is left at its end
SCHEDULES = {
    "12 steps": TWELVE,
    "wrong end": WRONG,
    "cosine": NoiseSchedule.cosine(30),
    "1 step": NoiseSchedule(0.5, 0.5, 1),
}
DATA = Mixture(torch.tensor([[1.5, 0.5], [-1.0, 1.0], [0.0, -2.0]]), width=0.2)


def network(told_t=True, seed=0):
    """Untrained, with weights large enough to bend what goes through."""
    torch.manual_seed(seed)
    it = PointNetwork(told_t)
    for parameter in it.parameters():
        parameter.data *= 2
    return it


GUESSERS = {
    "spiral": spiral(),
    "blobs": DATA,
    "a list": Mixture(DATA.centres),  # width 0
    "network": network(),
    "network not told t": network(told_t=False),
}


def as_text(tensor):
    return base64.b64encode(tensor.double().numpy().tobytes()).decode()


def as_tensor(text):
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float64).reshape(-1, 2)


def sent(widget):
    return [widget.spec, [base64.b64encode(each).decode() for each in widget.buffers]]


@pytest.fixture(scope="module")
def functions(chromium):
    page = chromium.new_page()
    page.evaluate(LOAD, sent(Sampler(GUESSERS, SCHEDULES, DATA)))
    yield page
    page.close()


def call(functions, name, *given):
    return functions.evaluate(f"(given) => {name}(...given)", given)


def cloud(functions, what, count, *start):
    return as_tensor(call(functions, "cloud", what, count, *start))


def torch_walk(guesser, schedule, x_T, noises):
    """x_{T−1} … x_0 as the core has them, in float64."""
    exact = copy.deepcopy(guesser).double() if isinstance(guesser, PointNetwork) else guesser
    denoiser, x = exact.denoiser(schedule), x_T
    for noise, t in zip([*noises, x_T], range(len(schedule), 0, -1), strict=True):
        with torch.no_grad():
            x = ancestral_step(denoiser, x, t, schedule, noise)
        yield x


# ------------------------------------------------------------------ the mathematics


@pytest.mark.parametrize("steps", SCHEDULES)
@pytest.mark.parametrize("name", GUESSERS)
def test_the_page_walks_as_the_core_does(functions, name, steps):
    guesser, schedule = GUESSERS[name], SCHEDULES[steps]
    generator = torch.Generator().manual_seed(1)
    x_T = torch.randn(90, 2, generator=generator, dtype=torch.float64)  # more than two pieces
    noises = torch.randn(len(schedule) - 1, 90, 2, generator=generator, dtype=torch.float64)
    found, times, left = call(functions, "walk", name, steps, as_text(x_T), as_text(noises))
    assert times == list(range(len(schedule) - 1, -1, -1)) and left == 0
    for ours, exact in zip(found, torch_walk(guesser, schedule, x_T, noises), strict=True):
        torch.testing.assert_close(as_tensor(ours), exact, rtol=1e-9, atol=1e-9)


def test_distances_are_those_of_python(functions):
    generator = torch.Generator().manual_seed(2)
    clouds = [torch.randn(n, 2, generator=generator) for n in (400, 400, 7, 7)]
    clouds += [spiral().draw(400, generator), torch.ones(400, 2)]
    for a, b in [(0, 1), (2, 3), (0, 4), (4, 5), (4, 4)]:
        for directions in (25, 200):
            ours = call(functions, "far", as_text(clouds[a]), as_text(clouds[b]), directions)
            exact = sliced_wasserstein(clouds[a], clouds[b], directions)
            assert ours == pytest.approx(exact, rel=1e-5, abs=1e-6)
    # A cloud that is moved by 1 is, seen along all directions, 2/π away.
    moved = call(functions, "far", as_text(clouds[0]), as_text(clouds[0] + torch.eye(2)[0]), 200)
    assert moved == pytest.approx(2 / math.pi, rel=1e-4)


def test_noise_is_normal_and_each_draw_has_its_own(functions):
    count = 100_000
    x = cloud(functions, "noise", count, 7, 0, 0)
    off = 5 / math.sqrt(2 * count)
    for power, moment, spread in [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)]:
        assert abs(x.pow(power).mean() - moment) < off * math.sqrt(spread)
    off = 5 / math.sqrt(count)
    assert abs((x[:, 0] * x[:, 1]).mean()) < off and abs((x[1:] * x[:-1]).mean()) < off
    for start in [(7, 1, 0), (7, 0, 1), (8, 0, 0)]:  # the next draw, the steps, another seed
        other = cloud(functions, "noise", count, *start)
        for shift in range(-3, 4):
            assert abs((x * other.roll(shift, 0)).mean()) < off


def test_data_are_drawn_from_the_mixture(functions):
    count, centres = 60_000, DATA.centres.double()
    x = cloud(functions, "data", count, 7, 0, 2)
    blob = torch.cdist(x, centres).argmin(1)
    shares = torch.bincount(blob, minlength=3) / count
    assert (shares - 1 / 3).abs().max() < 5 * math.sqrt(2 / 9 / count)
    noise = (x - centres[blob]) / DATA.width
    off = 5 / math.sqrt(count)
    assert noise.mean(0).abs().max() < off
    assert (noise.square().mean(0) - 1).abs().max() < off * math.sqrt(2)
    assert abs((noise[:, 0] * noise[:, 1]).mean()) < off


# ------------------------------------------------------------------ the widget

CHOICES = {"12 steps": TWELVE, "wrong end": WRONG, "6 steps": NoiseSchedule(0.1, 0.7, 6)}
BOTH = {"blobs": DATA, "network": network()}
COUNT, SEED = 60, 5


def sampler(**changes):
    given = {"guessers": BOTH, "schedules": CHOICES, "data": DATA, "alt": "Three blobs"}
    return Sampler(**given | {"count": COUNT, "seed": SEED} | changes)


@cache
def expected(functions, guesser="blobs", steps="12 steps", draw=0):
    """x_T … x_0 with the chance that the page draws, and how far each is from data."""
    schedule = CHOICES[steps]
    x_T = cloud(functions, "noise", COUNT, SEED, draw, 0)
    noises = cloud(functions, "noise", COUNT * (len(schedule) - 1), SEED, draw, 1)
    walk = torch_walk(BOTH[guesser], schedule, x_T, noises.reshape(-1, COUNT, 2))
    walk = torch.stack([x_T, *walk])
    clouds = [cloud(functions, "data", COUNT, SEED, k, 2).float() for k in range(24)]
    far = [[sliced_wasserstein(x, each, 25) for each in clouds] for x in walk.float()]
    pairs = [sliced_wasserstein(a, b, 25) for i, a in enumerate(clouds) for b in clouds[:i]]
    return walk, torch.tensor(far).mean(1), sum(pairs) / len(pairs)


def said(page):
    return page.text("[role=status]")


def slider(page):
    return page.page.locator(".scrub-timeline input").first


VALUE = "() => document.querySelector('.scrub-timeline input').valueAsNumber"


def wait_for_the_end(page):
    page.page.wait_for_function(
        "() => document.querySelector('[role=status]').textContent.startsWith('At t = 0')"
    )


def assert_shows(page, functions, place, **choice):
    """This place of the walk that torch takes: its points, how far they are, and the slider."""
    walk, far, floor = expected(functions, **choice)
    last = len(walk) - 1
    assert slider(page).input_value() == str(place)
    assert page.text(".scrub-where") == f"t = {last - place}"
    distance, between = map(float, page.texts(".scrub-legend .scrub-number")[:2])
    assert distance == pytest.approx(far[place].item(), abs=0.0006)
    assert between == pytest.approx(floor, abs=0.0006)
    red, _, blue, opacity = page.pixels().unbind(-1)
    x, y = ((walk[place] / 3.5 * torch.tensor([1, -1]) + 1) / 2 * len(red)).long().T
    inside = (x >= 0) & (x < len(red)) & (y >= 0) & (y < len(red))
    x, y = x[inside], y[inside]
    dark = (opacity[y, x] > 120) & ((red - blue)[y, x].abs() < 90)  # data are blue and pale
    assert dark.all()
    # A network that has learned nothing drives most of them out of the plane.
    assert inside.sum() > COUNT / 2 or choice.get("guesser") == "network"
    ariaLabel = page.evaluate("document.querySelector('.scrub-points canvas').ariaLabel")
    guesser, steps = choice.get("guesser", "blobs"), choice.get("steps", "12 steps")
    words = f"Three blobs, guesses from {guesser}, {steps}, {distance:.3f} from the data, "
    assert ariaLabel == f"{words}t = {last - place}"
    if place == last:
        apart = f"At t = 0 the points are {distance:.3f} from the data"
        assert said(page) == f"{apart}; two sets of data are {between:.3f} apart."


def assert_not_walked(page):
    """The chart has x_T alone, and nothing of an earlier walk, or of one that nobody asked for."""
    page.evaluate("() => new Promise((done) => setTimeout(done, 100))")
    assert len(numbers(page.evaluate(CHART, 0)["curves"][0])) == 2 and said(page) == ""


# A canvas that is made anew takes its size from the page, which measures in its own time.
MEASURED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def choose(page, which, name):
    page.page.locator(".scrub-ask select").nth(which).select_option(name)


def press(page, name):
    page.page.get_by_role("button", name=name).click()


def test_it_shows_noise_and_a_button_walks_it_back(page, functions):
    page.show(sampler())
    assert_shows(page, functions, 0)
    assert said(page) == ""
    page.page.locator("select[aria-label=Speed]").select_option("4")
    press(page, "Walk back")
    wait_for_the_end(page)
    assert_shows(page, functions, 12)
    for place in (3, 11, 0, 12):
        page.go(place)
        assert_shows(page, functions, place)
    chart = page.evaluate(CHART, 0)
    heights = [numbers(line)[1] for line in chart["lines"]]
    scale = Scale(heights, [text for *_, text in chart["texts"][: len(heights)]])
    values = torch.tensor([scale.value(y) for y in numbers(chart["curves"][0])[1::2]])
    torch.testing.assert_close(values, expected(functions)[1], atol=0.001, rtol=0)
    press(page, "Walk back")  # once more from the start
    page.page.wait_for_function("() => document.querySelector('[role=status]').textContent === ''")
    wait_for_the_end(page)


def test_every_choice_starts_from_the_same_noise_and_is_walked_at_once(page, functions):
    page.show(sampler())
    noise = page.pixels()
    for guesser, steps in [
        ("network", "12 steps"),
        ("network", "wrong end"),
        ("blobs", "wrong end"),
        ("blobs", "6 steps"),
    ]:
        choose(page, 0, guesser)
        choose(page, 1, steps)
        assert slider(page).input_value() == "0" and said(page) == ""
        page.evaluate(MEASURED)
        assert torch.equal(page.pixels(), noise)
    page.go(6)
    wait_for_the_end(page)
    assert_shows(page, functions, 6, steps="6 steps")
    choose(page, 1, "12 steps")  # as far along
    wait_for_the_end(page)
    assert_shows(page, functions, 12)
    choose(page, 0, "network")
    wait_for_the_end(page)
    assert_shows(page, functions, 12, guesser="network")
    choose(page, 1, "wrong end")
    wait_for_the_end(page)
    assert_shows(page, functions, 12, guesser="network", steps="wrong end")

    press(page, "Draw new noise")
    assert (page.get("draw"), page.get("position")) == (1, 0)
    assert_shows(page, functions, 0, guesser="network", steps="wrong end", draw=1)
    assert not torch.equal(page.pixels(), noise)
    assert_not_walked(page)


# Each look at the clock is 20 ms later, so that one piece of the walk is done in each frame.
SLOW = "() => { let now = 0; performance.now = () => (now += 20); }"
RECORD = """() => {
    window.places = [];
    const look = () => {
        window.places.push(document.querySelector(".scrub-timeline input").valueAsNumber);
        requestAnimationFrame(look);
    };
    look();
}"""


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_the_walk_is_seen_on_its_way_unless_motion_is_not_wanted(blank, functions, motion):
    blank.page.emulate_media(reduced_motion=motion)
    blank.show(sampler())
    blank.evaluate(SLOW)
    blank.evaluate(RECORD)
    if motion == "reduce":
        press(blank, "Walk back")
    else:
        blank.set(position=12)
    assert said(blank) in ("Walking back …", "")
    wait_for_the_end(blank)
    places = blank.evaluate("window.places")
    assert places == sorted(places) and places[-1] in (11, 12)
    assert set(places) >= ({*range(1, 11)} if motion != "reduce" else {0})
    assert motion != "reduce" or not {*range(1, 12)} & set(places)
    assert_shows(blank, functions, 12)


def test_a_newer_choice_ends_an_older_walk(blank, functions):
    blank.show(sampler())
    blank.evaluate(SLOW)
    choose(blank, 0, "network")
    blank.go(12)
    said_so = "document.querySelector('[role=status]').textContent === 'Walking back …'"
    blank.page.wait_for_function(f"({VALUE})() > 2 && {said_so}")  # in one look: it goes on
    press(blank, "Draw new noise")
    assert_shows(blank, functions, 0, guesser="network", draw=1)
    assert_not_walked(blank)
    blank.set(draw=0)
    blank.go(12)
    blank.page.wait_for_function(f"({VALUE})() > 2")
    choose(blank, 0, "blobs")
    wait_for_the_end(blank)
    assert_shows(blank, functions, 12)
    frames = "() => new Promise((done) => setTimeout(done, 300))"
    blank.evaluate(frames)  # nothing comes after it
    assert_shows(blank, functions, 12)
    choose(blank, 1, "6 steps")
    choose(blank, 1, "wrong end")
    wait_for_the_end(blank)
    assert_shows(blank, functions, 12, steps="wrong end")
    press(blank, "Walk back")
    press(blank, "Draw new noise")  # which stays, though the walk was being played
    blank.evaluate(frames)
    assert_shows(blank, functions, 0, steps="wrong end", draw=1)


def test_by_keyboard_alone(page, functions):
    page.show(sampler())
    keyboard, focused = page.page.keyboard, page.page.locator(":focus")
    names = []
    for _ in range(8):
        keyboard.press("Tab")
        names.append(focused.evaluate("(n) => n.ariaLabel ?? (n.labels?.[0] ?? n).firstChild.data"))
    assert names == [
        "guesses from ", "steps ", "Walk back", "Draw new noise",
        "Play (space)", "time t, backwards", "Speed", "Fullscreen (f)",
    ]  # fmt: skip
    slider(page).press("End")
    wait_for_the_end(page)
    assert_shows(page, functions, 12)
    slider(page).press("ArrowLeft")
    assert_shows(page, functions, 11)
    spoken = slider(page).get_attribute("aria-valuetext")
    assert spoken == "t = 1 of 12"
    page.page.get_by_role("button", name="Draw new noise").press("Enter")
    assert_shows(page, functions, 0, draw=1)
    page.page.locator("select").nth(1).press("ArrowDown")
    assert page.get("steps") == "wrong end"
    assert focused.evaluate("(n) => n.labels[0].firstChild.data") == "steps "
    slider(page).press("f")
    page.page.wait_for_function("() => document.fullscreenElement")
    assert page.evaluate("document.fullscreenElement.matches('.scrub-sampler')")
    page.evaluate("() => document.exitFullscreen()")


def test_a_kept_state_comes_back_and_what_cannot_be_is_mended(page, functions):
    it = sampler()
    it.guesser, it.steps, it.draw, it.position = "network", "wrong end", 3, 12
    page.show(it)
    wait_for_the_end(page)
    choice = {"guesser": "network", "steps": "wrong end", "draw": 3}
    assert_shows(page, functions, 12, **choice)
    page.evaluate("() => void window.again()")  # a second view of it
    page.set(steps="6 steps", position=2)  # as the kernel would
    page.page.wait_for_function(f"({VALUE})() === 2")
    assert page.get("position") == 2
    assert_shows(page, functions, 2, **choice | {"steps": "6 steps"})
    page.set(guesser="nobody", steps="none", draw=-3, position=10**9)
    wait_for_the_end(page)
    assert_shows(page, functions, 12)


def test_another_description_is_another_sampler(page, functions):
    page.show(sampler(guessers={"network": BOTH["network"]}))
    page.go(12)
    page.evaluate(
        """([spec, buffers]) => {
            const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
            window.model.set({ spec, buffers: buffers.map((text) => new DataView(bytes(text))),
                guesser: "blobs" });
        }""",
        sent(sampler()),
    )
    wait_for_the_end(page)
    assert page.texts(".scrub-ask option")[:2] == ["blobs", "network"]
    assert_shows(page, functions, 12)


BOXES = """() => Array.from(document.querySelectorAll(".scrub-sampler *:not(svg *)"), (node) => {
    const { top, left, width } = node.getBoundingClientRect();
    // To a tenth of a pixel, since the width of a digit is rounded.
    return node.matches("[role=status]") ? [] : [top, left, width].map((x) => Math.round(10 * x));
})"""
BEYOND = """() => [...document.querySelectorAll(".scrub-sampler *:not(svg *)")].filter((node) => {
    const { left, right } = node.getBoundingClientRect();
    return left < 0 || right > innerWidth || node.scrollWidth > node.clientWidth + 1
        && getComputedStyle(node).overflowX !== "visible";
}).map((node) => node.outerHTML.slice(0, 100))"""


@pytest.mark.parametrize("width", [1280, 480, 320])
def test_nothing_moves_and_nothing_is_cut(page, width):
    page.page.set_viewport_size({"width": width, "height": 1000})
    page.show(sampler())
    before = page.evaluate(BOXES)
    for place in (1, 7, 12):
        page.go(place)
        wait_for_the_end(page) if place == 12 else page.evaluate(
            "() => new Promise(requestAnimationFrame)"
        )
        assert page.evaluate(BOXES) == before
        assert page.evaluate(BEYOND) == []
    page.page.set_viewport_size({"width": 1280, "height": 1000})
