"""What is above the noise, read back from the page and compared with torch's Fourier transform."""

import math

import pytest
import torch
from blank_page import numbers
from harness import ROOT

from diffusion import NoiseSchedule, q_sample
from diffusion.teaching.images import load_image, to_uint8
from diffusion.teaching.spectra import crossing, spectrum
from diffusion.teaching.widgets import (
    AboveNoiseView,
    Blend,
    ImageView,
    SpectrumView,
    scrub,
    step_axis,
)

SCHEDULE = NoiseSchedule()
TIMES = (0, 1, 20, 100, 300, 400, 700, 1000)

READ = """() => {
    const svg = document.querySelector("svg[role=img]");
    const all = (selector, ...names) => Array.from(svg.querySelectorAll(selector), (node) =>
        names.map((name) => (name ? (node.getAttribute(name) ?? "") : node.textContent)));
    const shown = (selector) => svg.querySelector(selector).style.display !== "none";
    return {
        labels: all(".scrub-axes text", "x", "y", null).map(([x, y, text]) => [+x, +y, text]),
        grid: all(".scrub-axes path", "d").flat(),
        picture: all(".scrub-line[data-tone=signal]", "d", "transform")[0],
        noise: all(".scrub-line[data-tone=noise]", "d", "transform")[0],
        shade: all(".scrub-shade", "d", "transform")[0],
        dots: all("path.scrub-specks", "d")[0][0],
        mark: all(".scrub-playhead path", "d")[0][0],
        marked: shown(".scrub-playhead path"),
        brightness: all(".scrub-playhead circle", "cx", "cy")[0].map(Number),
        bright: shown(".scrub-playhead circle"),
        cut: +all("clipPath[id^=scrub-above] rect", "height")[0][0],
        said: svg.ariaLabel,
    };
}"""
POWERS = {"10⁻²": -2, "1": 0, "10²": 2, "10⁴": 4}


def film(name, size, channels=3):
    x_0 = load_image(ROOT / "data" / f"{name}.png", size)[:channels]
    return Blend(x_0, torch.randn(x_0.shape, generator=torch.Generator().manual_seed(3)), SCHEDULE)


class Drawn:
    """The chart, read by the numbers at its axes: powers of ten and frequencies."""

    def __init__(self, drawn):
        self.drawn = drawn
        lines = [numbers(d)[1] for d in drawn["grid"]]
        powers, places = drawn["labels"][: len(lines)], drawn["labels"][len(lines) : -1]
        (_, low, first), (_, high, last) = powers[0], powers[-1]
        assert lines[0] == pytest.approx(low - 4)
        self.unit = (high - low) / (POWERS[last] - POWERS[first])
        self.zero = lines[0] - self.unit * POWERS[first]
        self.places = {int(label): x for x, _, label in places}
        self.octave = self.places[2] - self.places[1]

    def level(self, y):
        return (y - self.zero) / self.unit

    def place(self, f):
        return self.places[1] + self.octave * math.log2(f) if f else self.places[0]

    def curve(self, d, transform=""):
        down = numbers(transform)[1] if transform else 0
        x, y = torch.tensor(numbers(d), dtype=torch.float64).reshape(-1, 2).T
        return x.tolist(), self.level(y + down)


@pytest.mark.parametrize("name, size, channels", [("cat", 128, 3), ("hubble", 64, 1)])
def test_the_chart_has_the_spectra_of_torch(page, name, size, channels):
    blend = film(name, size, channels)
    page.show(scrub(SpectrumView(blend)))
    power, f = spectrum(blend.x_0), range(size // 2 + 1)
    for t in TIMES:
        page.go(t)
        chart = Drawn(page.evaluate(READ))
        assert list(chart.places) == [0, *(2**k for k in range(size.bit_length() - 1))]
        bar, noise = SCHEDULE.alpha_bar(t).double(), SCHEDULE.noise_rate(t).double() ** 2
        x, level = chart.curve(*chart.drawn["picture"])
        assert x == pytest.approx([chart.place(each) for each in f[1:]], abs=0.06)
        torch.testing.assert_close(level, (bar * power)[1:].log10(), rtol=0, atol=0.005)
        # Measured in x_t itself, frequency 0 included.
        x_t = q_sample(blend.x_0.double(), t, SCHEDULE, blend.noise.double())
        x, level = chart.curve(chart.drawn["dots"].replace("h0", ""))
        assert x == pytest.approx([chart.place(each) for each in f], abs=0.06)
        torch.testing.assert_close(level, spectrum(x_t).log10(), rtol=0, atol=0.005)

        d, transform = chart.drawn["noise"]
        y = numbers(d)[1] + numbers(transform)[1]
        cut = chart.drawn["cut"]  # the shade goes down to the noise
        if t:
            assert chart.level(y) == pytest.approx(math.log10(noise), abs=1e-4)
            assert chart.level(cut) == pytest.approx(math.log10(noise), abs=1e-4)
        else:
            assert y > 1000 and cut > 1000  # no noise: far below the chart
        assert chart.drawn["shade"][1] == chart.drawn["picture"][1]

        finest = crossing(power, SCHEDULE, t)
        assert chart.drawn["marked"] == (finest > 0)
        if finest:
            assert numbers(chart.drawn["mark"])[0] == pytest.approx(chart.place(finest))
        cycles = {0: "none", 1: "1 cycle"}.get(finest, f"{finest} cycles")
        said = f"finest detail above the noise: {cycles}"
        assert page.text(".scrub-crossing") == said
        bright = bar * power[0]
        if chart.drawn["bright"]:
            x, y = chart.drawn["brightness"]
            assert x == chart.places[0]
            assert chart.level(y) == pytest.approx(bright.log10().item(), abs=1e-4)
        else:
            assert bright < 1e-3
        side = "above" if bright >= noise else "below"
        assert chart.drawn["said"].endswith(
            f" At t = {t}: {said}; the brightness is {side} the noise."
        )
    assert page.texts(".scrub-legend .scrub-key") == [
        "√ᾱt · x0",
        "√(1−ᾱt) · ε",
        "xt, measured",
    ]


@pytest.mark.parametrize("name, size, channels", [("cat", 128, 3), ("hubble", 64, 1)])
def test_the_picture_has_the_rings_above_the_noise_and_no_others(page, name, size, channels):
    blend = film(name, size, channels)
    view = AboveNoiseView(blend)
    page.show(scrub(view))
    power = spectrum(blend.x_0)
    f = torch.fft.fftfreq(size, 1 / size)
    rings = torch.hypot(f[:, None], f).round().long().clamp(max=size // 2)
    different = set()
    for t in (300, *TIMES):  # back as well as on
        page.go(t)
        kept = {i for i, each in enumerate(power) if SCHEDULE.log_snr(t).exp() * each >= 1}
        kept = set(range(size)) if t == 0 else kept
        mask = torch.tensor([[ring in kept for ring in row] for row in rings.tolist()])
        part = torch.fft.ifft2(torch.fft.fft2(blend.x_0.double()) * mask).real
        exact = ((part + 1) * 127.5).clamp(0, 255).movedim(0, -1)
        assert (page.pixels()[..., :3] - exact).abs().max() <= (1.01 if t else 0.51)
        assert (view.still(t).double() - exact).abs().max() <= 0.51
        different.add(view.still(t).numpy().tobytes())
    assert torch.equal(view.still(0), to_uint8(blend.x_0).movedim(0, -1))
    assert len(different) >= 5
    assert page.text(".scrub-caption") == "x0 above the noise"


def test_where_nothing_is_above_the_noise_there_is_grey(page):
    x_0 = torch.full((3, 8, 8), -1.0)  # black: power 64 at frequency 0, and none elsewhere
    page.show(scrub(AboveNoiseView(Blend(x_0, torch.zeros_like(x_0), SCHEDULE), alt="black")))
    last = next(t for t in range(1001) if 64 * SCHEDULE.log_snr(t).exp() < 1) - 1
    for t, grey in ((0, 0), (last, 0), (last + 1, 128), (1000, 128)):
        page.go(t)
        assert (page.pixels()[..., :3] == grey).all()
    label = page.evaluate("document.querySelector('canvas').ariaLabel")
    assert label == "black, t = 1000"


def test_another_axis_and_a_rate_of_0(page):
    x_0 = torch.randn(1, 16, 16, generator=torch.Generator().manual_seed(5)).clamp(-1, 1)
    blend = Blend(x_0, torch.ones_like(x_0), step_axis(torch.linspace(0, 1, 5)))
    page.show(scrub(ImageView(blend), AboveNoiseView(blend), SpectrumView(blend)))
    page.go(4)
    chart = page.evaluate(READ)
    assert not chart["marked"] and not chart["bright"]
    assert "NaN" not in str(chart) and "Infinity" not in str(chart)
    assert (page.pixels(1)[..., :3] == 128).all()
    assert page.texts(".scrub-key")[:2] == ["√(1−β) · x0", "√β · ε"]
