"""What each view draws, read back from the page and compared with torch, the core or a formula."""

import io
import math
import re

import numpy as np
import pytest
import torch
from blank_page import BlankPage, numbers
from PIL import Image

from diffusion import NoiseSchedule, q_sample
from diffusion.teaching.bugs import BUGS
from diffusion.teaching.widgets import (
    Axis,
    BarsView,
    Blend,
    BugLab,
    Curve,
    CurvesView,
    Frames,
    GuessGame,
    HistogramView,
    ImageView,
    PointsView,
    ScatterView,
    ScheduleExplorer,
    StripView,
    backward_axis,
    scrub,
    slit_views,
    snr_axis,
    step_axis,
)

T = 1000
SCHEDULE = NoiseSchedule()
TIMES = (0, 1, 137, 250, 500, 743, 999, 1000)


def gaussian(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


X_0 = gaussian(3, 16, 20, seed=1).mul(0.5).clamp(-1, 1)  # nowhere symmetrical
NOISE = gaussian(3, 16, 20, seed=2)
GREY, GREY_NOISE = X_0[:1], NOISE[:1]


def assert_shows(pixels, x, most=3):
    """A canvas shows x, (C, H, W): -1 is black, 1 is white, and what lies beyond is clipped.

    A picture travels in 256 greys and noise in 255 steps, so that a pixel may be some greys off;
    on average there is no such difference.
    """
    exact = ((x.double() + 1) * 127.5).round().clamp(0, 255).movedim(0, -1)
    off = pixels[..., :3] - exact
    assert pixels.shape[:2] == exact.shape[:2] and (pixels[..., 3] == 255).all()
    assert off.abs().max() <= most
    between = (exact > 4) & (exact < 251)
    assert between.sum() < 100 or abs(off[between.expand_as(off)].mean()) < 0.2


def assert_close(found, exact, off):
    torch.testing.assert_close(
        torch.as_tensor(found).double(), torch.as_tensor(exact).double(), rtol=0, atol=off
    )


# ------------------------------------------------------------------ pictures


@pytest.mark.parametrize("x_0, noise", [(X_0, NOISE), (GREY, GREY_NOISE)], ids=["colour", "grey"])
def test_a_picture_is_the_sum_and_each_of_its_terms(page, x_0, noise):
    film = Blend(x_0, noise, SCHEDULE)
    page.show(scrub(*(ImageView(film, show) for show in ("signal", "noise", "sum"))))
    for t in TIMES:
        page.go(t)
        signal = q_sample(x_0, t, SCHEDULE, torch.zeros_like(x_0))
        assert_shows(page.pixels(0), signal, 1)
        assert_shows(page.pixels(1), q_sample(torch.zeros_like(x_0), t, SCHEDULE, noise))
        assert_shows(page.pixels(2), q_sample(x_0, t, SCHEDULE, noise))
    assert page.texts(".scrub-caption") == ["√ᾱt · x0", "√(1−ᾱt) · ε", "xt"]


def test_two_schedules_over_one_slider_have_no_equation_in_common(page):
    log_snrs = torch.linspace(6, -6, 13)
    schedules = SCHEDULE, NoiseSchedule.cosine(50)
    views = []
    for schedule in schedules:
        axis = snr_axis(schedule, log_snrs)
        views.append(ImageView(Blend(X_0, NOISE, axis), label="at", notes=axis.readouts["t"]))
    page.show(scrub(*views))
    assert page.texts(".scrub-equation") == [] and page.texts(".scrub-figure") == []
    for place, value in enumerate(log_snrs):
        page.go(place)
        for i, schedule in enumerate(schedules):
            t = 1 + (schedule.log_snr(torch.arange(1, len(schedule) + 1)) - value).abs().argmin()
            assert_shows(page.pixels(i), q_sample(X_0, int(t), schedule, NOISE))
            assert page.texts(".scrub-note")[i].strip() == str(int(t))


def test_what_travels_without_rounding_is_shown_to_the_grey(page):
    greys = torch.arange(256).reshape(1, 16, 16)
    x_0 = (greys - 127.5) / 127.5
    noise = -2 / 127 * (greys - 128).clamp(-127, 127)  # its largest value takes the largest int8
    page.show(scrub(ImageView(Blend(x_0, noise, SCHEDULE))))
    for t in TIMES:
        page.go(t)
        x_t = q_sample(x_0.double(), t, SCHEDULE, noise.double())
        assert_shows(page.pixels(), x_t, 1)
        exact = ((x_t[0] + 1) * 127.5).clamp(0, 255)
        clear = (exact - exact.floor() - 0.5).abs() > 0.01  # not halfway between two greys
        assert torch.equal(page.pixels()[..., 0][clear], exact.round().int()[clear])


def test_rates_beyond_all_reason_clip_as_they_should(page):
    rates = torch.tensor([0.0, 1.0, 3.0, 40.0, 1e4])
    noises = torch.tensor([0.0, 2.0, 0.5, 3000.0, 0.0])
    axis = Axis("k", torch.arange(5), list("01234"), rates, noises, "x", "k")
    x_0 = torch.tensor([-1.0, -0.6, 0.6, 1.0]).reshape(1, 2, 2)
    noise = torch.tensor([1.0, -1.0, 1.0, -0.5]).reshape(1, 2, 2)
    page.show(scrub(ImageView(Blend(x_0, noise, axis))))
    for k in range(5):
        page.go(k)
        assert_shows(page.pixels(), rates[k] * x_0 + noises[k] * noise)


@pytest.mark.parametrize("channels", [1, 3])
def test_frames_are_shown_each_at_its_place(page, channels):
    different = gaussian(3, channels, 5, 7)
    order = [2, 0, 0, 1, 2, 2, 1]  # some of them more than once
    frames = different[order]
    page.show(scrub(ImageView(Frames(frames, NoiseSchedule(time_steps=12)))))
    for place, each in enumerate(order):
        page.go(place)
        assert_shows(page.pixels(), different[each], 0)
        assert page.text(".scrub-where") == f"x{2 * place} ="


def test_a_strip_has_each_moment_under_its_place_on_the_axis(page):
    for steps in (T, 50, 4):
        schedule = NoiseSchedule(time_steps=steps)
        page.show(scrub(CurvesView(schedule), StripView(Blend(X_0, NOISE, schedule), alt="this")))
        boxes = page.evaluate(
            """() => Array.from(document.querySelectorAll(".scrub-strip canvas"), (canvas) => {
                const { left, right, top } = canvas.getBoundingClientRect();
                return [(left + right) / 2, top, canvas.ariaLabel];
            })"""
        )
        chart = page.chart()
        below = page.evaluate(
            "document.querySelector('svg[role=img]').getBoundingClientRect().bottom"
        )
        gaps = min(8, steps)
        assert len(boxes) == gaps + 1
        for i, (x, top, said) in enumerate(boxes):
            t = math.floor(steps * i / gaps + 0.5)  # the nearest, and of two the later one
            assert said == f"this, t = {t}"
            assert_shows(page.pixels(i), q_sample(X_0, t, schedule, NOISE))
            assert abs(x - chart.on_screen(t)) < 1 and top >= below - 1
        for t in range(0, steps + 1, max(1, steps // 16)):
            page.go(t)
            marked = page.evaluate(
                """() => Array.from(document.querySelectorAll(".scrub-strip > div"), (each) =>
                    each.classList.contains("scrub-nearest"))"""
            )
            assert sum(marked) == 1
            assert abs(marked.index(True) / gaps - t / steps) <= 1 / (2 * gaps) + 1e-9


# ------------------------------------------------------------------ clouds

LIMIT = 3.5
CLOUD = torch.tensor([[0.1, 3.0], [2.9, 0.3], [-2.6, -1.4], [-0.4, 0.2]])
TO = torch.tensor([[1.4, -2.6], [0.5, 0.3], [-1.2, 2.5], [2.7, 1.7]])


def ink(page, least=60):
    """The places in the plane where the canvas is inked, (N, 2), and how much each is."""
    pixels = page.pixels()
    size = len(pixels)
    assert pixels.shape[1] == size
    red, _, blue, opacity = pixels.unbind(-1)
    y, x = ((opacity > least) & ((red - blue).abs() < 40)).nonzero().T  # the circles are orange
    at = (torch.stack([x, y], -1) + 0.5) / size * 2 - 1
    return LIMIT * at * torch.tensor([1, -1]), opacity[y, x].float()


def assert_points(page, expected):
    """Around each of these places there is ink, with its middle there, and nowhere else."""
    places, weights = ink(page)
    near = torch.cdist(places, expected).min(1)
    assert (near.values < 0.1).all() and set(near.indices.tolist()) == set(range(len(expected)))
    for i, each in enumerate(expected):
        of_this = near.indices == i
        middle = (weights[of_this, None] * places[of_this]).sum(0) / weights[of_this].sum()
        assert_close(middle, each, 0.012)


def test_a_cloud_is_where_the_closed_form_has_it(page):
    page.show(scrub(PointsView(Blend(CLOUD, TO, SCHEDULE), limit=LIMIT)))
    for t in TIMES:
        page.go(t)
        assert_points(page, q_sample(CLOUD, t, SCHEDULE, TO))


def test_the_circles_have_the_radii_1_and_2(page):
    page.show(scrub(PointsView(Blend(CLOUD, TO, SCHEDULE), limit=LIMIT)))
    red, _, blue, opacity = page.pixels().unbind(-1)
    y, x = ((opacity > 60) & (red - blue > 60)).nonzero().T
    at = LIMIT * ((torch.stack([x, y], -1) + 0.5) / len(red) * 2 - 1)
    radii = at.norm(dim=1)
    assert ((radii - radii.round()).abs() < 0.03).all()
    assert radii.round().unique().tolist() == [1, 2]
    for radius in (1, 2):  # all the way round
        corners = at[radii.round() == radius]
        assert ((corners.amax(0) - radius).abs() < 0.03).all()
        assert ((corners.amin(0) + radius).abs() < 0.03).all()


def test_a_cloud_of_frames_is_where_its_frames_are(page):
    frames = torch.stack([CLOUD, TO, CLOUD.flip(0), -TO, -CLOUD])
    page.show(scrub(PointsView(Frames(frames, NoiseSchedule(time_steps=20)), limit=LIMIT)))
    for place, frame in enumerate(frames):
        page.go(place)
        assert_points(page, frame)


def test_what_is_far_out_of_the_plane_is_not_seen(page):
    frames = torch.tensor([[[1.5, 1.5], [9.0, 0.5]], [[1.5, 1.5], [-100.0, 0.5]]])
    page.show(scrub(PointsView(Frames(frames, NoiseSchedule(time_steps=1)), limit=LIMIT)))
    for place in (0, 1):
        page.go(place)
        assert_points(page, torch.tensor([[1.5, 1.5]]))


@pytest.mark.parametrize("kind", ["blend", "frames"])
def test_a_trail_is_the_way_of_one_point_up_to_now(page, kind):
    x_0, noise = CLOUD[:1], TO[:1]
    # As tall as the plane, so that none of the way lies near a later part of it.
    film = Blend(x_0, noise, SCHEDULE)
    way = torch.cat([q_sample(x_0, t, SCHEDULE, noise) for t in range(0, T + 1, 10)])
    if kind == "frames":
        film = Frames(way[:, None], SCHEDULE)
    page.show(scrub(PointsView(film, trail=0, limit=LIMIT)))
    for place in (0, 20, 50, 100):
        page.go(10 * place if kind == "blend" else place)
        places, _ = ink(page)
        distances = torch.cdist(way, places).min(1).values
        assert (distances[: place + 1] < 0.03).all()
        beyond = torch.cdist(way, way[: place + 1]).min(1).values > 0.25
        assert (distances[beyond] > 0.05).all()
        # At its end there is a disc.
        disc = (places - way[place]).norm(dim=1) < 0.1
        assert_close(places[disc].mean(0), way[place], 0.02)
        assert disc.sum() > 0.9 * math.pi * (0.1 / (2 * LIMIT) * len(page.pixels())) ** 2


def test_several_points_have_a_trail_each_and_the_first_the_strongest(page):
    # Three points go to the right, backwards in time; the second has no trail.
    across = torch.linspace(-2.8, 2.8, 21)
    heights = (3.0, 2.5, -3.0)  # where the circles do not reach
    way = torch.stack([torch.stack([across, torch.full((21,), y)], 1) for y in heights], 1)
    film = Frames(way, backward_axis(NoiseSchedule(time_steps=20)))
    page.show(scrub(PointsView(film, trail=[2, 0], limit=LIMIT)))
    for place in (0, 7, 20):
        page.go(place)
        places, weights = ink(page, least=5)
        line, disc = [], []
        for y in heights:
            near = (places[:, 1] - y).abs() < 0.2
            now = (places - torch.tensor([across[place], y])).norm(dim=1) < 0.15
            disc.append(weights[near & now].sum() * (2 * LIMIT / len(page.pixels())) ** 2 / 255)
            line.append(weights[near & ~now & (places[:, 0] < across[place] - 0.2)].sum().item())
            assert not (near & (places[:, 0] > across[place] + 0.2)).any()  # that is still to come
        assert 0.02 < disc[0] < 0.8 * disc[2] and disc[1] < 0.01
        assert disc[2] == pytest.approx(math.pi * (2 * LIMIT / 55) ** 2, rel=0.1)
        assert line[1] == 0
        if place:
            assert 0 < line[0] < 0.5 * line[2]


# ------------------------------------------------------------------ a scatter with a slit

DOTS = """() => {
    const svg = document.querySelector(".scrub-scatter svg");
    const path = (selector) => svg.querySelector(selector).getAttribute("d");
    const { width, height } = svg.querySelector("clipPath rect").getBBox();
    return {
        dots: path(".scrub-dots"), kept: path(".scrub-kept"), slit: path(".scrub-slit"),
        grid: path(".scrub-grid"), said: svg.ariaLabel, frame: [width, height],
        names: Array.from(document.querySelectorAll(".scrub-scatter .scrub-caption, .scrub-where"),
            (node) => node.innerHTML.replace(/<.?span[^>]*>/g, "")),
        upwards: svg.querySelector(".scrub-y-label").textContent,
        slope: (({ width, height }) => height / width)(
            svg.querySelector(".scrub-y-label").getBoundingClientRect()),
    };
}"""


def test_a_slit_singles_out_the_dots_that_lie_in_it(page):
    pairs = gaussian(2500, 2, seed=3) * torch.tensor([1.0, 0.6]) + torch.tensor([0.3, -0.4])
    centres = torch.linspace(-1, 1.5, 6)
    page.show(scrub(*slit_views(pairs, centres, width=0.3, limit=2.5)))
    chart = page.chart()
    assert chart.x_labels == chart.y_labels == ["−2", "−1", "0", "1", "2"]
    assert chart.drawn["texts"][-1][2] == "xt"

    def places(d):
        """Of the dots: each is a line without a length."""
        assert d.count("M") == d.count("h0")
        return torch.stack(chart.points(d.replace("h0", " ")), 1) if d else torch.empty(0, 2)

    for place, centre in enumerate(centres.double()):
        page.go(place)
        drawn = page.evaluate(DOTS)
        assert_close(places(drawn["dots"]), pairs[:2000], 0.002 * 5)
        kept = pairs[:2000][(pairs[:2000, 0].double() - centre).abs() <= 0.15]
        assert len(kept) > 50
        assert_close(places(drawn["kept"]), kept, 0.002 * 5)
        left, top, bottom, right, again = numbers(drawn["slit"])
        assert_close(
            chart.x.value(torch.tensor([left, right])), centre + torch.tensor([-0.15, 0.15]), 1e-4
        )
        assert_close(chart.y.value(torch.tensor([top, bottom, again])), [2.5, -2.5, 2.5], 1e-4)
        label = f"{centre:.2f}".replace("-", "−")
        assert drawn["said"] == (
            "A dot for each pair, and an upright slit. "
            f"At x_t = {label}: {len(kept)} of the 2000 dots are in the slit."
        )
        assert drawn["names"] == [
            "pairs (x<sub>t</sub>, x<sub>t−1</sub>)",
            f"x<sub>t</sub> = {label}",
        ]
    assert drawn["frame"][0] == drawn["frame"][1]
    assert drawn["upwards"] == "xt−1" and drawn["slope"] > 1.2  # it runs from below to above
    upright = [numbers(line) for line in drawn["grid"].split("M")[1:]]
    assert_close([chart.x.value(x) for x, *_ in upright], [-2, -1, 0, 1, 2], 1e-6)


def test_a_slit_has_its_edges_though_nothing_is_in_it(page):
    axis = Axis("a", torch.tensor([0.0, 1.0]), ["0", "1"], None, None, "x", "a")
    page.show(scrub(ScatterView(torch.zeros(1, 2), axis, 0.5, "p", "q_{10}", label="c_{a b}d_e")))
    for place, kept in ((0, 1), (1, 0)):
        page.go(place)
        drawn = page.evaluate(DOTS)
        assert drawn["kept"].count("M") == kept and drawn["slit"]
        assert f"{kept} of the 1 dots" in drawn["said"]
    assert drawn["names"][0] == "c<sub>a b</sub>d<sub>e</sub>" and drawn["upwards"] == "q10"


# ------------------------------------------------------------------ curves


def assert_curve(chart, d, exact, off=0.0006):
    """A path runs through the values at t = 0 … T, from the first to the last."""
    last = len(exact) - 1
    t, values = chart.points(d)
    places = t.round().long()
    assert places[0] == 0 and places[-1] == last and (places.diff() > 0).all()
    assert (t - places).abs().max() < last / 4000 + 0.01
    assert places.diff().max() <= max(1, last // 400)
    # Where many t are on a pixel, its neighbours' values do as well.
    reach = last // 4000
    near = (places[:, None] + torch.arange(-reach, reach + 1)).clamp(0, last)
    low, high = exact[near].aminmax(dim=1)
    assert ((low - off < values) & (values < high + off)).all()


def test_curves_run_through_the_rates_and_the_playhead_reads_them_off(page):
    t = torch.arange(T + 1)
    signal, noise = SCHEDULE.signal_rate(t, torch.float64), SCHEDULE.noise_rate(t, torch.float64)
    page.show(scrub(CurvesView(SCHEDULE)))
    chart = page.chart()
    assert chart.x_labels == ["0", "250", "500", "750", "1000"]
    assert chart.y_labels == ["0", "0.25", "0.5", "0.75", "1"]
    assert_close([chart.x.value(chart.left), chart.x.value(chart.right)], [0, T], 1e-6)
    for d, exact in zip(chart.drawn["curves"], (signal, noise), strict=True):
        assert_curve(chart, d, exact)
    for t in TIMES:
        page.go(t)
        chart = page.chart()
        assert_close(chart.playhead, t, 1e-6)
        assert_close(chart.dots, [signal[t], noise[t]], 1e-6)
    assert chart.drawn["texts"][-1][2] == "time t"


def test_curves_on_another_scale_with_gaps_and_beyond_it(page):
    decibels = torch.arange(21.0) * 3 - 40
    decibels[0], decibels[10] = math.inf, math.nan
    axis = step_axis(torch.linspace(0, 1, 21))
    page.show(scrub(CurvesView(axis, [Curve("SNR", decibels, digits=1)], y_range=(-30.0, 10.0))))
    chart = page.chart()
    assert chart.x_labels == ["0.000", "0.250", "0.500", "0.750", "1.000"]
    assert chart.y_labels == ["−30", "−20", "−10", "0", "10"]
    (d,) = chart.drawn["curves"]
    assert d.count("M") == 2  # it starts anew after the gap
    beta, values = chart.points(d)
    places = (20 * beta).round().long()
    assert places.tolist() == [*range(1, 10), *range(11, 21)]
    assert_close(values, decibels[places], 0.03)
    for place, said in [(0, "∞"), (5, "−25.0"), (10, "–"), (20, "20.0")]:
        page.go(place)
        chart = page.chart()
        assert_close(chart.playhead, place / 20, 1e-6)
        (dot,) = chart.dots
        assert dot is None if place != 5 else dot == pytest.approx(-25)
        assert page.texts(".scrub-legend .scrub-number") == [said]


def test_curves_that_grow_end_at_the_playhead(page):
    t = torch.arange(T + 1)
    signal, noise = SCHEDULE.signal_rate(t), SCHEDULE.noise_rate(t)
    page.show(scrub(CurvesView(SCHEDULE, grow=True)))
    for now in (743, *TIMES):  # back as well as on
        page.go(now)
        chart = page.chart()
        for d, values in zip(chart.drawn["curves"], (signal, noise), strict=True):
            places, found = chart.points(d)
            assert_close([places[0], places[-1]], [0, now], 0.26)
            assert_close(found, values[places.round().long()], 0.002)
        assert_close(chart.dots, [signal[now], noise[now]], 1e-6)


def test_time_that_runs_backwards_begins_at_the_left_with_T(page):
    schedule = NoiseSchedule(1e-3, 0.2, 100)
    axis = backward_axis(schedule)
    t = torch.arange(100, -1, -1)
    curve = Curve("√ᾱ_t", schedule.signal_rate(t), "signal")
    page.show(scrub(CurvesView(axis, [curve], grow=True), at=30))
    slider = ".scrub-timeline input"
    for place, now in ((70, 30), (0, 100), (40, 60), (100, 0)):
        if place != 70:  # where it starts
            page.go(place)
        chart = page.chart()
        assert chart.x_labels == ["100", "75", "50", "25", "0"]
        assert_close([chart.x.value(chart.left), chart.playhead], [100, now], 1e-6)
        exact = schedule.signal_rate(now, torch.float64)
        assert_close(chart.dots, [exact], 1e-6)
        found, values = chart.points(chart.drawn["curves"][0])
        assert_close([found[0], found[-1]], [100, now], 0.03)
        assert_close(values, schedule.signal_rate(found.round().long()), 0.002)
        assert page.text(".scrub-where") == f"t = {now}" and page.texts(".scrub-equation") == []
        decibels = 10 * schedule.log_snr(now) / math.log(10)
        snr = f"{decibels:+.1f} dB".replace("-", "−") if now else "+∞ dB"
        assert page.texts(".scrub-figure") == [f"ᾱt = {exact**2:.4f}", f"SNR = {snr}"]
        assert page.texts(".scrub-legend .scrub-number") == [f"{exact:.3f}"]  # no equation has it
        spoken = page.evaluate(f"document.querySelector('{slider}').getAttribute('aria-valuetext')")
        assert spoken == f"t = {now} of 100"
    assert chart.drawn["texts"][-1][2] == "time t, backwards"
    page.show(scrub(PointsView(Frames(CLOUD.expand(101, -1, -1), axis))))  # no chart says it
    assert page.texts(".scrub-ticks span") == ["100", "75", "50", "25", "0"]
    assert page.text(".scrub-axis-name") == "time t, backwards"


# ------------------------------------------------------------------ bars


def bars_of(chart):
    """The left edges of the bars, the right edge of the last one, and their heights."""
    left, bottom, *rest = numbers(chart.drawn["bars"])
    tops, widths = torch.tensor(rest[:-1]).double().reshape(-1, 2).T
    assert rest[-1] == bottom  # back down to the axis
    edges = torch.cat([widths.new_tensor([left]), left + widths.cumsum(0)])
    assert_close(chart.y.value(bottom), 0, 1e-6)
    return chart.x.value(edges), chart.y.value(tops)


def test_bars_are_as_high_as_they_say_from_left_to_right(page):
    rows = torch.tensor([[0.0, 1.0, 2.0, 4.0, 8.0], [8.0, 0.5, 6.0, 0.0, 10.0]])
    view = BarsView(
        NoiseSchedule(time_steps=1), rows, (-2.0, 3.0), "place", "bars", "Bars.", top=8.0,
        notes=["first", "second"],
    )  # fmt: skip
    page.show(scrub(view))
    for place, row in enumerate(rows):
        page.go(place)
        chart = page.chart()
        edges, tops = bars_of(chart)
        assert chart.x_labels == ["−2", "−0.75", "0.5", "1.75", "3"]
        assert chart.y_labels == ["0", "2", "4", "6", "8"]
        assert chart.drawn["texts"][-1][2] == "place"
        assert_close(edges, torch.arange(6) - 2, 0.001)
        assert_close(tops, row.clamp(max=8), 8 / 510 + 0.004)
        assert page.text(".scrub-legend > .scrub-number") == view.notes[place]
    assert chart.drawn["bell"] is None and chart.drawn["limits"] == []


def breaks(page):
    """Where on the x axis each broken bar begins and ends, how far down that is, and a tooth."""
    chart = page.chart()
    marks = page.evaluate("document.querySelector('.scrub-break').getAttribute('d')")
    found = []
    for mark in marks.split("M")[1:]:
        x, y, *steps = numbers(mark)
        if steps:
            across = torch.tensor([x, x + sum(steps[::2])], dtype=torch.float64)
            found.append((*chart.x.value(across + torch.tensor([1, -1])).tolist(), y, steps[1]))
    return found


def test_a_bar_that_runs_off_the_scale_is_broken_and_its_height_is_told(page):
    rows = torch.tensor([[0.0, 1.0, 2.0, 8.0], [8.0, 0.5, 16.25, 0.0], [9.0, 12.0, 16.0, 8.0]])
    schedule = NoiseSchedule(time_steps=2)
    page.show(scrub(BarsView(schedule, rows, (-2.0, 2.0), "place", "bars", "Bars.", top=8.0)))
    for place, (bars, told) in enumerate(
        [
            ([], ""),
            ([2], " 1 bar runs off the scale to 16.3 at 0.5."),
            ([0, 1, 2], " 3 bars run off the scale, the highest to 16 at 0.5."),
        ]
    ):
        page.go(place)
        found = breaks(page)
        assert_close([x for x, *_ in found], [i - 2 for i in bars], 0.005)
        assert_close([x for _, x, *_ in found], [i - 1 for i in bars], 0.005)
        assert all(8 < y < 30 and tooth == -4 for *_, y, tooth in found)  # below the top, in teeth
        said = page.evaluate("document.querySelector('svg[role=img]').ariaLabel")
        assert said == f"Bars. At t = {place}.{told}"


def test_a_histogram_says_where_its_picture_has_more_than_the_chart_shows(page):
    flat = torch.full((1, 16, 16), 0.31)
    flat[0, :4] = -1
    page.show(scrub(HistogramView(Blend(flat, NOISE[:1, :16, :16], SCHEDULE))))
    said = page.evaluate("document.querySelector('svg[role=img]').ariaLabel")
    assert said.endswith("2 bars run off the scale, the highest to 7.5 at 0.35.")
    assert len(breaks(page)) == 2
    page.go(T)
    assert breaks(page) == [] and "scale" not in page.evaluate(
        "document.querySelector('svg[role=img]').ariaLabel"
    )


def test_a_law_runs_smoothly_through_the_middles_of_the_bars(page):
    middles = torch.linspace(-1.9, 2.9, 25, dtype=torch.float64)

    def density(place, at):
        spread = (0.5, 0.9)[place]
        return (
            torch.exp(-(((at - 0.7 * place) / spread) ** 2) / 2) / spread / math.sqrt(2 * math.pi)
        )

    law = torch.stack([density(place, middles) for place in (0, 1)])
    view = BarsView(
        NoiseSchedule(time_steps=1), torch.ones(2, 25), (-2.0, 3.0), "place", "bars", "Bars.",
        top=1.2, law=law, law_label="p_t",
    )  # fmt: skip
    page.show(scrub(view))
    assert page.texts(".scrub-key") == ["bars", "pt"]
    for place in (0, 1):
        page.go(place)
        chart = page.chart()
        (d,) = chart.drawn["curves"]
        assert d.count("S") == 24  # curves that go on in the direction of the one before
        start, *rest = torch.stack(chart.points(d), 1)
        handles, ends = torch.stack(rest[::2]), torch.stack(rest[1::2])
        points = torch.cat([start[None], ends])
        assert_close(points[:, 0], middles, 0.001)
        assert_close(points[:, 1], law[place], 0.001)
        first = torch.cat([start[None], (2 * ends - handles)[:-1]])
        between = (points[:-1] + 3 * first + 3 * handles + ends) / 8
        assert_close(between[:, 0], middles[:-1] + 0.1, 0.03)
        # A straight line would be up to 0.008 below the top.
        assert_close(between[1:-1, 1], density(place, between[1:-1, 0]), 0.0025)


def test_a_histogram_counts_the_values_under_the_bell_curve(page):
    points = gaussian(400, 2, seed=5).abs() - 0.4  # lopsided
    noise = gaussian(400, 2, seed=6)
    page.show(scrub(HistogramView(Blend(points, noise, SCHEDULE))))
    chart = page.chart()
    assert chart.x_labels == ["−3", "−2", "−1", "0", "1", "2", "3"]
    for t in TIMES:
        page.go(t)
        chart = page.chart()
        x_t = q_sample(points.double(), t, SCHEDULE, noise.double())
        density = torch.histc(x_t, 70, -3.5, 3.5) / x_t.numel() / 0.1
        edges, tops = bars_of(chart)
        top = chart.y.value(8)  # where the frame ends
        assert_close(edges, torch.linspace(-3.5, 3.5, 71), 0.002)
        assert_close(tops, density.clamp(max=top), top / 255)
        beyond = 100 * (x_t.abs() > 1).double().mean()
        assert page.text(".scrub-legend > .scrub-number") == f"{beyond:.1f} % beyond ±1"

    values, density = chart.points(chart.drawn["bell"])
    assert_close([values[0], values[-1]], [-3.5, 3.5], 0.001)
    assert len(values) > 100 and (values.diff() > 0).all()
    exact = torch.distributions.Normal(0.0, 1.0).log_prob(values).exp()
    assert_close(density, exact, 0.0015)
    lines = [numbers(d) for d in chart.drawn["limits"]]
    assert_close([chart.x.value(x) for x, *_ in lines], [-1, 1], 1e-6)
    assert all(y[1:] == lines[0][1:] for y in lines)


# ------------------------------------------------------------------ the timeline


def bar_lengths(page):
    """How much of its track each term's bar fills, from the left."""
    bars = "() => Array.from(document.querySelectorAll('.scrub-bar-fill'), (b) => b.style.clipPath)"
    cuts = [numbers(clip) for clip in page.evaluate(bars)]
    assert all(top == bottom == left == 0 for top, _, bottom, left in cuts)
    return [1 - cut / 100 for _, cut, *_ in cuts]


def test_the_equation_and_its_bars_are_the_two_rates(page):
    page.show(scrub(CurvesView(SCHEDULE)))
    for t in TIMES:
        page.go(t)
        signal, noise = SCHEDULE.signal_rate(t).item(), SCHEDULE.noise_rate(t).item()
        equation = f"x{t} ={signal:.3f} · x0+{noise:.3f} · ε"
        assert page.text(".scrub-equation") == equation
        assert_close(bar_lengths(page), [signal, noise], 0.00051)
        alpha_bar, decibels = SCHEDULE.alpha_bar(t).item(), 10 * SCHEDULE.log_snr(t) / math.log(10)
        snr = f"{decibels:+.1f} dB".replace("-", "−") if t else "+∞ dB"
        assert page.texts(".scrub-figure") == [f"ᾱt = {alpha_bar:.4f}", f"SNR = {snr}"]
        assert page.get("position") == t
        spoken = page.evaluate(
            "document.querySelector('.scrub-timeline input').getAttribute('aria-valuetext')"
        )
        assert spoken == f"t = {t} of 1000, {round(100 * signal)} % signal rate"


def test_rates_above_1_share_one_scale(page):
    betas = torch.linspace(0, 1, 5)
    axis = step_axis(betas, torch.ones(5), 4 * betas)
    page.show(scrub(CurvesView(axis, y_range=(0.0, 4.0))))
    page.go(2)
    assert page.text(".scrub-equation") == "x1 =1.000 · x0+2.000 · ε"
    assert_close(bar_lengths(page), [0.25, 0.5], 0.00051)


def test_labels_stand_under_their_places_of_the_slider(page):
    page.show(scrub(ImageView(Blend(X_0, NOISE, SCHEDULE))))
    marks = page.evaluate(
        """() => {
            const slider = document.querySelector(".scrub-timeline input").getBoundingClientRect();
            const labels = document.querySelectorAll(".scrub-timeline .scrub-ticks span");
            return Array.from(labels, (label) => {
                const { left, right } = label.getBoundingClientRect();
                // The thumb's middle stays half a thumb away from the ends.
                const share = ((left + right) / 2 - slider.left - 9) / (slider.width - 18);
                return [+label.textContent, share];
            });
        }"""
    )
    assert [t for t, _ in marks] == [0, 250, 500, 750, 1000]
    assert all(abs(share - t / T) < 0.002 for t, share in marks[:-1])
    ends = "(s) => document.querySelector(`.scrub-timeline ${s}`).getBoundingClientRect().right"
    assert abs(page.evaluate(ends, "input") - page.evaluate(ends, "span:last-child")) < 1


def test_what_is_set_from_outside_is_what_is_shown(page):
    page.show(scrub(CurvesView(SCHEDULE), at=250))
    assert_close(page.chart().playhead, 250, 1e-6)
    for given, t in [(743, 743), (10**6, T), (-5, 0), (500.4, 500)]:
        page.set(position=given)
        assert_close(page.chart().playhead, t, 1e-6)
        assert page.get("position") == t and page.text(".scrub-where") == f"x{t} ="


def test_nonsense_from_outside_becomes_something_that_exists(page):
    page.show(ScheduleExplorer(X_0, NOISE))
    slider = ".scrub-timeline input"
    for given, T in [("NaN", 1), ("1e9", 10_000), ("3.7", 4), ("'x'", 1), ("50", 50)]:
        page.evaluate(f"model.set('time_steps', {given})")
        assert page.get("time_steps") == T
        assert page.evaluate(f"document.querySelector('{slider}').max") == str(T)
    for given, beta in [("7", 1), ("-1", 0), ("NaN", 0)]:
        page.evaluate(f"model.set('beta_end', {given})")
        assert page.get("beta_end") == beta and f"= {beta} is refused" in page.text(".scrub-meter")


def test_the_kernel_hears_only_where_the_slider_rests(chromium):
    opened = chromium.new_page()
    page = BlankPage(opened)
    page.show(scrub(CurvesView(SCHEDULE)))
    opened.clock.install(time=0)
    opened.clock.pause_at(1000)  # seconds; from now on, time is what the test says
    saved = "window.saved.map(({ position }) => position)"
    for place in (100, 200, 300):
        page.go(place)
        opened.clock.run_for(100)
        assert page.evaluate(saved) == []
    opened.clock.run_for(1000)
    assert page.evaluate(saved) == [300]
    opened.close()


# ------------------------------------------------------------------ one figure

FILM = Blend(X_0, NOISE, SCHEDULE)


def box(page, selector):
    return page.page.locator(selector).first.bounding_box()


def drag(page, start, *ends, up=True):
    """From a place of the window over others, as a hand does; gives t at each."""
    mouse = page.page.mouse
    mouse.move(*start)
    mouse.down()
    places = [page.get("position")]
    for end in ends:
        mouse.move(*end, steps=3)
        places.append(page.get("position"))
    if up:
        mouse.up()
    return places


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_the_thumb_stands_under_the_playhead(page, width):
    page.page.set_viewport_size({"width": width, "height": 1000})
    image, curves, histogram = ImageView(FILM), CurvesView(SCHEDULE), HistogramView(FILM)
    for views in ([image, curves, histogram], [curves, StripView(FILM)], [histogram, curves]):
        page.show(scrub(*views))
        chart, slider = box(page, "svg:has(.scrub-playhead)"), box(page, ".scrub-timeline input")
        thumb = page.evaluate(
            """() => {
                const slider = document.querySelector(".scrub-timeline input");
                return parseFloat(getComputedStyle(slider).getPropertyValue("--scrub-thumb"));
            }"""
        )
        below = chart["y"] + chart["height"]
        strip = 0.08 * chart["width"] if len(views) == 2 and views[1] is not curves else 0
        assert below - 1 <= slider["y"] + 8 <= below + strip + 30  # with nothing else between
        for t in (0, 370, 1000):
            page.go(t)
            playhead = box(page, ".scrub-playhead path")
            middle = slider["x"] + thumb / 2 + t / T * (slider["width"] - thumb)
            assert abs(playhead["x"] + playhead["width"] / 2 - middle) < 1
        play = box(page, ".scrub-timeline button")
        assert min(play["width"], play["height"]) >= 24 and play["x"] >= 0
        assert play["x"] + play["width"] <= slider["x"] + 1
        beyond = "[document.documentElement.scrollWidth, innerWidth]"
        assert page.evaluate(beyond) == [width, width]
    page.page.set_viewport_size({"width": 1280, "height": 1000})


def test_without_a_chart_of_the_axis_the_slider_is_as_wide_as_what_stands_above_it(page):
    image = ImageView(FILM)
    for views in ([image], [image, "+", image], [image, HistogramView(FILM)]):
        page.show(scrub(*views))
        button, slider = box(page, ".scrub-timeline button"), box(page, ".scrub-timeline input")
        all_boxes = [n.bounding_box() for n in page.page.locator("canvas, svg[role=img]").all()]
        left = min(each["x"] for each in all_boxes)
        right = max(each["x"] + each["width"] for each in all_boxes)
        assert abs(button["x"] - left) < 1.5
        assert abs(slider["x"] + slider["width"] - right) < 1.5
        assert slider["y"] > max(each["y"] + each["height"] for each in all_boxes) - 1
        assert len(page.texts(".scrub-ticks span")) == 5


def test_no_number_stands_twice(page):
    curves = [
        Curve("√ᾱ_t", SCHEDULE.signal_rate(torch.arange(T + 1)), "signal"),
        Curve("ᾱ_t", SCHEDULE.alpha_bar(torch.arange(T + 1)), "second"),
        Curve("β_t", torch.cat([torch.tensor([math.nan]), SCHEDULE.betas]), "neutral", 5),
    ]
    few = NoiseSchedule(time_steps=20)
    back = CurvesView(backward_axis(SCHEDULE), [Curve("√ᾱ_t", curves[0].values.flip(0))])
    for it, t in [
        (scrub(ImageView(FILM), CurvesView(SCHEDULE), HistogramView(FILM)), 137),
        (scrub(CurvesView(SCHEDULE, curves)), 743),
        (scrub(ImageView(FILM)), 743),
        (scrub(back), 257),
        (ScheduleExplorer(X_0, NOISE), 137),
        (BugLab(X_0, few, {"none": (lambda sample: 0.0, 0.5)}), 13),
    ]:  # fmt: skip
        page.show(it)
        page.go(t)
        shown = page.texts(".scrub :is(.scrub-number, .scrub-caption, text, .scrub-ticks span)")
        found = [re.sub(r"[^\d.]+", " ", text).split() for text in shown]
        said = [number for each in found for number in each if len(number) > 2]
        axes = page.texts(".scrub-axes text, .scrub-ticks span")
        values = [number for number in said if number not in axes]
        assert len(values) == len(set(values)) >= 2, values
        rounded = [round(float(v), 3) for v in values]
        assert len(rounded) == len(set(rounded)), values
    page.show(scrub(CurvesView(SCHEDULE, curves)))
    page.go(743)
    beta = SCHEDULE.betas[742].item()
    assert page.texts(".scrub-legend .scrub-number") == [f"{beta:.5f}"]
    axis = ["0", "250", "500", "750", "1000"]
    assert page.chart().x_labels == axis and page.texts(".scrub-ticks span") == []


def test_a_hand_in_the_chart_moves_t(page):
    page.show(scrub(ImageView(FILM), CurvesView(SCHEDULE), StripView(FILM)))
    chart = page.chart()
    y = box(page, "svg[role=img]")["y"] + 60

    def at(t):
        return chart.on_screen(t), y

    width = (chart.on_screen(T) - chart.on_screen(0)) / T
    places = drag(page, at(400), at(700), at(-600), at(1400), (chart.on_screen(20), y + 300))
    assert_close(places, [400, 700, 0, 1000, 20], 1 / width)
    assert page.page.evaluate("getSelection().toString()") == ""
    page.page.mouse.move(*at(900))  # the hand has let go
    assert page.get("position") == places[-1]
    page.page.keyboard.press("ArrowRight")  # from here on by the keys
    assert page.get("position") == places[-1] + 1
    strip = box(page, ".scrub-strip")
    assert drag(page, (chart.on_screen(625), strip["y"] + 9)) == [pytest.approx(625, abs=3)]
    assert page.evaluate("document.querySelector('svg[role=img]').getAttribute('role')") == "img"

    before = page.get("position")
    page.page.mouse.move(*at(300))
    page.page.mouse.down(button="right")
    page.page.mouse.up(button="right")
    drag(page, (box(page, "svg[role=img]")["x"] + 2, y))  # beside the axis
    assert page.get("position") == before
    for selector, cursor in ((".scrub-chart > svg", "col-resize"), ("canvas", "ew-resize")):
        node = f"getComputedStyle(document.querySelector('{selector}'))"
        assert page.evaluate(f"[{node}.cursor, {node}.touchAction]") == [cursor, "pan-y"]


def test_a_hand_across_a_picture_moves_t_from_where_it_is(page):
    for view in (ImageView(FILM), PointsView(Blend(CLOUD, TO, SCHEDULE))):
        page.show(scrub(view, CurvesView(SCHEDULE), at=300))
        x, y, width = (box(page, "canvas")[name] for name in ("x", "y", "width"))
        assert drag(page, (x + 200, y + 50), (x + 201, y + 50)) == [300, 300]  # a click
        assert page.evaluate("document.activeElement === document.body")
        places = drag(page, (x + 200, y + 50), (x + 200 - 0.1 * width, y + 90), (x + 300, y + 50))
        assert_close(places, [300, 200, 300 + 1000 * 100 / width], 3)
        assert page.evaluate("document.activeElement.type") == "range"
        assert drag(page, (x + 50, y + 50), (x + 40 + width, y + 50))[-1] == T


def test_a_hand_in_the_chart_stops_what_is_played(page):
    page.show(scrub(CurvesView(SCHEDULE)))
    page.page.locator(".scrub-timeline button").click()
    page.page.wait_for_function("model.get('position') > 5")
    (place,) = drag(page, (page.chart().on_screen(500), box(page, "svg[role=img]")["y"] + 60))
    page.page.wait_for_timeout(80)
    assert page.get("position") == place == pytest.approx(500, abs=2)
    assert page.page.get_by_role("button", name="Play (space)").is_visible()


def test_a_finger_that_scrolls_the_page_leaves_t_where_it_was(page):
    page.show(scrub(ImageView(FILM), CurvesView(SCHEDULE), at=300))
    touch = """(events) => {
        const svg = document.querySelector("svg[role=img]");
        const { left, width, top } = svg.getBoundingClientRect();
        svg.setPointerCapture = () => {};
        const found = [];
        for (const [type, share] of events) {
            const x = left + (38 + 405 * share) / 460 * width;
            svg.dispatchEvent(new PointerEvent(type, { pointerType: "touch", isPrimary: true,
                pointerId: 7, clientX: x, clientY: top + 50, bubbles: true }));
            found.push(window.model.get("position"));
        }
        return found;
    }"""
    scroll = [["pointerdown", 0.7], ["pointermove", 0.71], ["pointercancel", 0]]
    assert page.evaluate(touch, scroll) == [300, 710, 300]
    swipe = [["pointerdown", 0.7], ["pointermove", 0.6], ["pointerup", 0.5], ["pointermove", 0.1]]
    assert page.evaluate(touch, swipe) == [300, 600, 500, 500]
    assert page.evaluate(touch, [["pointerdown", 0.2], ["pointerup", 0.2]]) == [500, 200]  # a tap


def test_no_hand_moves_t_where_a_curve_is_drawn_or_a_view_is_veiled(page):
    views = ImageView(FILM), CurvesView(SCHEDULE)
    page.show(scrub(*views, at=300, ask="Where?"))
    spots = [(box(page, "canvas"), 100), (box(page, ".scrub-chart > svg"), 300)]
    for place, off in spots:
        x, y = place["x"] + off, place["y"] + 60
        assert drag(page, (x, y), (x + 60, y)) == [300, 300]
    page.page.get_by_role("button", name="Show me").click()
    for place, off in spots:
        x, y = place["x"] + off, place["y"] + 60
        before, after = drag(page, (x, y), (x + 60, y))
        assert after > before
    page.show(scrub(ImageView(FILM), CurvesView(SCHEDULE, draw="√ᾱ_t"), at=300, ask="Draw."))
    area = page.drawing_area()
    x, y = area["x"] + 50, area["y"] + 50
    assert drag(page, (x, y), (x + 100, y), (x + 100, y + 100)) == [300] * 3


def test_nothing_is_measured_while_t_is_dragged(page):
    page.show(scrub(ImageView(FILM), CurvesView(SCHEDULE), HistogramView(FILM)))
    x, y = page.chart().on_screen(200), box(page, "svg[role=img]")["y"] + 60
    drag(page, (x, y), up=False)
    page.evaluate(
        """() => {
            window.measured = 0;
            const measure = Element.prototype.getBoundingClientRect;
            Element.prototype.getBoundingClientRect = function () {
                window.measured++;
                return measure.call(this);
            };
        }"""
    )
    page.page.mouse.move(x + 100, y, steps=5)
    assert page.get("position") > 300 and page.evaluate("window.measured") == 0
    page.page.mouse.up()


def test_the_bar_of_alpha_is_straight_and_its_text_is_kept(page):
    page.show(scrub(CurvesView(SCHEDULE, alt="ᾱ_t")))
    assert page.texts(".scrub-key") == ["√ᾱt", "√(1−ᾱt)"]
    assert page.texts(".scrub-figure")[0].startswith("ᾱt = ")
    alphas = page.texts(".scrub-alpha-bar")
    assert alphas == ["ᾱ"] * 3
    page.evaluate(
        """() => {
            document.body.innerHTML += "<p class=scrub-view><b class=scrub-alpha-bar></b></p>";
            const alpha = document.querySelector("p b");
            alpha.innerHTML = "<span>ᾱ</span>";
            alpha.parentElement.style = "font-size: 100px; margin: 50px; line-height: 2";
            alpha.style.fontWeight = 400;
        }"""
    )
    for font in ("sans-serif", "serif", "monospace", "DejaVu Sans", "Liberation Serif"):
        page.evaluate("(font) => { document.querySelector('p').style.fontFamily = font }", font)
        shot = Image.open(io.BytesIO(page.page.locator("p b").screenshot())).convert("L")
        ink = torch.from_numpy(np.array(shot)).float() < 128
        rows = ink.any(1).nonzero().flatten()
        gap = (rows.diff() > 1).nonzero().flatten()
        assert len(gap) == 1  # one bar, and away from the letter
        bar = ink[rows[0] : rows[gap[0]] + 1]
        columns, letter = (
            part.any(0).nonzero().flatten() for part in (bar, ink[rows[gap[0] + 1] :])
        )
        assert 5 <= len(bar) <= 10  # level, and from one end of the letter to the other
        assert bar[1:-1][:, columns[2] : columns[-2]].all()
        assert len(columns) >= 0.85 * len(letter)


# ------------------------------------------------------------------ the explorer

DDPM = NoiseSchedule()


def assert_explores(page, schedule):
    """Curves, figures, verdict and pictures are those of this schedule."""
    steps = len(schedule)
    t = torch.arange(steps + 1)
    signal, noise = schedule.signal_rate(t, torch.float64), schedule.noise_rate(t, torch.float64)
    alpha_bar = schedule.alpha_bar(t, torch.float64)
    chart = page.chart()
    for d, exact in zip(chart.drawn["curves"], (signal, noise, alpha_bar), strict=True):
        assert_curve(chart, d, exact)

    end = torch.distributions.Normal(signal[-1] * X_0.double(), noise[-1])
    start = torch.distributions.Normal(torch.zeros_like(X_0).double(), 1.0)
    kl = torch.distributions.kl_divergence(end, start).sum().item()
    decibels = 10 * schedule.log_snr(steps, torch.float64).item() / math.log(10)
    figures = re.split(" (?=SNR|KL)", page.text(".scrub-figures").replace("−", "-"))
    found = dict(figure.split(" = ") for figure in figures)
    assert list(found) == ["√ᾱT", "SNRT", "KL"]
    assert float(found["√ᾱT"]) == pytest.approx(signal[-1].item(), rel=6e-3)
    assert found["SNRT"] == f"{decibels:+.1f} dB"
    assert found["KL"].endswith(" nats")
    assert float(found["KL"].split()[0]) == pytest.approx(kl, rel=1e-3, abs=1e-9)
    left, verdict = page.text(".scrub-meter strong").split(" of the picture left: ")
    if left == "less than 0.001 %":
        assert 100 * signal[-1] < 0.001
    else:
        assert float(left.removesuffix(" %")) == pytest.approx(
            100 * signal[-1].item(), rel=0.06, abs=6e-4
        )
    assert verdict == ("noise" if signal[-1] <= 0.01 else "not noise")

    for share in (0, 0.3, 1):
        place = round(share * steps)
        page.go(place)
        chart = page.chart()
        assert_close(chart.playhead, place, 1e-6)
        assert_close(chart.dots, [signal[place], noise[place], alpha_bar[place]], 1e-6)
        assert_shows(page.pixels(0), q_sample(X_0, place, schedule, NOISE))
        snr = 10 * schedule.log_snr(place, torch.float64).item() / math.log(10)
        said = f"{snr:+.1f} dB".replace("-", "−") if place else "+∞ dB"
        assert page.texts(".scrub-figure") == [f"ᾱt = {alpha_bar[place]:.4f}", f"SNR = {said}"]
    gaps = min(8, steps)
    for i in range(gaps + 1):
        place = math.floor(steps * i / gaps + 0.5)
        assert_shows(page.pixels(1 + i), q_sample(X_0, place, schedule, NOISE))


SETTINGS = [
    (1e-4, 0.02, 1000),
    (1e-4, 0.02, 400),
    (1e-4, 0.146, 231),
    (0.3, 1e-3, 10),
    (0.02, 0.02, 1),
    (1e-5, 1e-5, 10_000),
    (1e-5, 0.999, 50),
    (1e-3, 0.05, 10_000),
]


def test_the_explorer_draws_the_schedule_of_its_three_numbers(page):
    explorer = ScheduleExplorer(X_0, NOISE)
    page.show(explorer)
    for start, end, steps in SETTINGS:
        page.set(beta_start=start, beta_end=end, time_steps=steps)
        assert_explores(page, NoiseSchedule(start, end, steps))
        said = page.texts(".scrub-handle-name")
        for text, name, value in zip(
            said, ("βstart", "βend", "T"), (start, end, steps), strict=True
        ):
            before, number = text.split(" = ")
            assert before == name and float(number) == value
        # The curves of DDPM stay behind them, spread over the same width.
        ghosts = page.chart().drawn["ghosts"]
        t = torch.arange(DDPM.time_steps + 1)
        for d, exact in zip(ghosts, (DDPM.signal_rate(t), DDPM.noise_rate(t)), strict=True):
            places, values = page.chart().points(d)
            assert_close([places[0], places[-1]], [0, steps], steps / 4000)
            assert_close(values, exact[(places / steps * 1000).round().long()], 0.003)
    explorer = ScheduleExplorer(X_0, NOISE)
    explorer.beta_end, explorer.time_steps, explorer.position = 0.146, 231, 115
    page.show(explorer)  # as it was left
    assert_close(page.chart().playhead, 115, 1e-6)
    assert_explores(page, explorer.schedule)


def test_the_explorers_handles_are_logarithms_and_go_to_round_numbers(page):
    page.show(ScheduleExplorer(X_0, NOISE))
    move = """([index, log]) => {
        const input = document.querySelectorAll(".scrub-knob input")[index];
        input.value = log;
        input.dispatchEvent(new Event("input"));
    }"""
    moves = [(1, -0.84, 0.145), (0, -3, 0.001), (1, -2, 0.01), (2, 2.36, 230), (2, 0, 1)]
    for index, log, value in moves:
        page.evaluate(move, [index, log])
        name = ("beta_start", "beta_end", "time_steps")[index]
        assert page.get(name) == value and value == pytest.approx(10**log, rel=0.01)
        schedule = NoiseSchedule(*(page.get(n) for n in ("beta_start", "beta_end", "time_steps")))
        assert_explores(page, schedule)
        where = page.evaluate(
            """(index) => [
                +document.querySelectorAll(".scrub-knob input")[index].value,
                +document.querySelectorAll(".scrub-handle-name")[index].style.getPropertyValue("--at"),
            ]""",
            index,
        )
        first, last = (0, 4) if index == 2 else (-5, 0)
        assert_close(where[0], math.log10(value), 0.011)
        assert_close(where[1], (math.log10(value) - first) / (last - first), 1e-6)


def test_the_explorer_keeps_the_share_of_the_way(page):
    page.show(ScheduleExplorer(X_0, NOISE))
    page.go(300)
    for steps, t in [(200, 60), (1, 0), (500, 0)]:
        page.set(time_steps=steps)
        assert page.get("position") == t
        assert_close(page.chart().playhead, t, 1e-6)


def test_an_explorer_that_is_shown_twice_keeps_it_as_well(page):
    page.show(ScheduleExplorer(X_0, NOISE))
    page.evaluate("() => void window.again()")
    page.go(300)
    page.set(time_steps=200)
    assert page.get("position") == 60
    assert_close([page.chart(0).playhead, page.chart(1).playhead], [60, 60], 1e-6)


def test_a_beta_of_0_or_1_is_refused_and_what_was_there_stays(page):
    page.show(ScheduleExplorer(X_0, NOISE))
    page.go(500)
    before = page.chart().drawn, page.pixels(0), page.pixels(9)
    for name, said, value in [("beta_end", "βend", 1), ("beta_start", "βstart", 0)]:
        was = page.get(name)
        page.set(**{name: value})
        assert page.text(".scrub-meter strong") == f"{said} = {value} is refused"
        assert "β strictly between 0 and 1" in page.text(".scrub-figures")
        after = page.chart().drawn, page.pixels(0), page.pixels(9)
        assert after[0] == before[0] and all(map(torch.equal, after[1:], before[1:]))
        page.set(**{name: was})
        assert page.text(".scrub-meter strong").endswith("noise")


CHOOSE = """(shape) => {
    const select = document.querySelector(".scrub-shape select");
    select.value = shape;
    select.dispatchEvent(new Event("change"));
}"""
# The handles that can be seen, and where all that stands below the choice is.
HANDLES = """() => Array.from(document.querySelectorAll(".scrub-knob input"))
    .filter((input) => getComputedStyle(input).visibility === "visible")
    .map((input) => input.ariaLabel)"""
PLACES = """() => Array.from(
    document.querySelectorAll(".scrub-knobs, .scrub-track, .scrub-meter, canvas, svg"),
    (node) => Object.values(node.getBoundingClientRect().toJSON()))"""
BOTH = ["β_start", "β_end", "T"]
SHAPES = {
    "linear": (NoiseSchedule.linear, BOTH),
    "scaled linear": (NoiseSchedule.scaled_linear, BOTH),
    "scaled linear, rescaled": (lambda: NoiseSchedule.scaled_linear().rescaled(), BOTH),
    "cosine": (NoiseSchedule.cosine, ["T"]),
    "sigmoid": (NoiseSchedule.sigmoid, ["T"]),
    "constant": (NoiseSchedule.constant, ["β", "T"]),
}


def test_each_schedule_that_can_be_chosen_is_drawn_with_its_own_handles(page):
    page.show(ScheduleExplorer(X_0, NOISE, shapes=list(SHAPES)))
    assert page.texts(".scrub-shape option") == list(SHAPES)
    page.evaluate("() => { window.canvas = document.querySelector('canvas'); }")
    page.go(300)
    places = page.evaluate(PLACES)
    for shape, (make, handles) in [*SHAPES.items(), *list(SHAPES.items())[:1]]:
        page.set(beta_start=0.3, beta_end=0.4)  # as they may have been left
        page.go(300)
        page.evaluate(CHOOSE, shape)
        assert page.get("shape") == shape and page.get("position") == 300
        assert page.evaluate(HANDLES) == handles
        assert page.evaluate(PLACES) == places  # nothing else has moved
        assert_explores(page, make())
    assert page.evaluate("window.canvas.isConnected")  # and no element was made anew
    assert page.text(".scrub-handle-name") == "βstart = 0.0001"


def test_the_numbers_are_those_of_the_schedule_that_is_chosen(page):
    explorer = ScheduleExplorer(X_0, NOISE, shapes=list(SHAPES))
    explorer.shape, explorer.time_steps = "scaled linear", 50
    page.show(explorer)  # as it was left
    assert page.evaluate("document.querySelector('.scrub-shape select').value") == "scaled linear"
    assert_explores(page, NoiseSchedule.scaled_linear(time_steps=50))
    page.set(beta_start=0.2, beta_end=0.01)
    assert_explores(page, NoiseSchedule.scaled_linear(0.2, 0.01, 50))
    page.set(shape="constant")  # as the kernel would, which says β itself
    assert_explores(page, NoiseSchedule.constant(0.2, 50))
    assert page.texts(".scrub-handle-name")[0] == "β = 0.2"
    page.set(beta_start=1)
    assert page.text(".scrub-meter strong") == "β = 1 is refused"
    page.set(shape="sigmoid")  # which has none
    assert_explores(page, NoiseSchedule.sigmoid(50))
    page.set(time_steps=10)
    assert_explores(page, NoiseSchedule.sigmoid(10))
    assert "follows from ᾱt" in page.text(".scrub-knob")
    page.set(shape="spiral")
    assert page.get("shape") == "linear"


def test_a_single_step_cannot_be_rescaled(page):
    page.show(ScheduleExplorer(X_0, NOISE, shapes=["scaled linear, rescaled", "cosine"]))
    before = page.chart().drawn
    page.set(time_steps=1)
    assert page.text(".scrub-meter strong") == "T = 1 is refused"
    assert "two steps or more" in page.text(".scrub-figures") and page.chart().drawn == before
    page.set(shape="cosine")
    assert_explores(page, NoiseSchedule.cosine(1))


def test_where_there_is_one_schedule_there_is_nothing_to_choose(page):
    page.show(ScheduleExplorer(X_0, NOISE))
    assert page.texts("label, select") == page.texts(".scrub-controls select")
    assert page.evaluate(HANDLES) == BOTH


# ------------------------------------------------------------------ the lab and the game


def test_the_lab_shows_what_each_bug_does(page):
    few = NoiseSchedule(time_steps=20)
    page.show(BugLab(X_0, few, {"none": (lambda sample: 0.0, 0.5)}))
    t = 13
    page.go(t)
    for choice, bug in enumerate(BUGS):
        page.set(choice=choice)
        noise = bug.draw(X_0.shape, generator=torch.Generator().manual_seed(0))
        signal_rates, noise_rates = bug.rates(few)
        wrong = signal_rates[t] * bug.load(X_0) + noise_rates[t] * noise
        assert_shows(page.pixels(0), wrong)
        right = torch.randn(X_0.shape, generator=torch.Generator().manual_seed(0))
        should_be = q_sample(X_0, t, few, right)
        assert_shows(page.pixels(1), should_be)
        difference = 128 + 127.5 * (wrong - should_be).movedim(0, -1)  # of what is not clipped
        assert_close(page.pixels(2)[..., :3], difference.clamp(0, 255), off=3)
        assert page.texts(".scrub-figure")[0] == f"mean = {wrong.mean():+.2f}".replace("-", "−")


def test_the_game_shows_the_pictures_and_marks_of_its_rounds(page):
    x_0, x_t = torch.stack([X_0, -X_0]), torch.stack([NOISE, -0.3 * NOISE])
    page.show(GuessGame(x_0, x_t, torch.tensor([300, 50]), torch.tensor([310, 901]), last=1000))
    for now, (t, estimate) in enumerate([(300, 310), (50, 901)]):
        page.set(round=now, guesses=[500] * (now + 1))
        assert_shows(page.pixels(0), x_t[now], 0)
        assert_shows(page.pixels(1), x_0[now], 0)
        off = [f"{abs(guess - t)} off" for guess in (500, estimate)]
        said = [f"t = {t}", f"you: 500, {off[0]}", f"the likelihood: {estimate}, {off[1]}"]
        assert page.texts(".scrub-guess-label") == said
        nearer = "your guess" if abs(500 - t) < abs(estimate - t) else "the likelihood"
        label = page.page.locator(".scrub-guess-lanes").get_attribute("aria-label")
        assert label.endswith(
            f"t = {t}, your guess 500, the likelihood {estimate}; {nearer} is nearer"
        )
        # Each line goes from t to its mark, and both lie over their values of the slider.
        track = box(page, "input[type=range]")
        ends = page.evaluate(
            """() => Array.from(document.querySelectorAll(".scrub-guess-line > div"), (line) =>
                (({ left, right }) => [left, right])(line.getBoundingClientRect()))"""
        )
        places = [
            track["x"] + 9 + (track["width"] - 18) * (v - 1) / 999 for v in (t, 500, estimate)
        ]
        expected = [sorted([places[0], place]) for place in places]
        assert_close(torch.tensor(ends), torch.tensor(expected), 1.0)


def test_a_game_keeps_its_score_until_a_new_one_is_asked_for(page):
    x = torch.stack([X_0, X_0])
    page.show(GuessGame(x, x, torch.tensor([300, 50]), torch.tensor([310, 90]), last=1000))
    table, anew = page.page.locator(".scrub-table"), page.page.get_by_text("New game")
    for control in ("input", "button"):
        page.set(guesses=[], round=0)
        page.page.locator(control).first.focus()
        for presses in range(8):
            assert table.is_visible() == anew.is_visible() == (presses >= 3)  # at the end alone
            page.page.keyboard.press("Enter")
        assert page.get("guesses") == [500, 500] and page.get("round") == 1
    assert page.texts("tfoot td") == ["", "", "325", "", "25"]
    anew.click()
    assert page.get("guesses") == [] and page.get("round") == 0
    assert page.evaluate("document.activeElement.type") == "range"
    assert not anew.is_visible() and not table.is_visible()
