"""What the widgets send to the browser, against the tensors; and their manners in Python."""

import base64
import io
import json
import subprocess
import sys

import matplotlib.image
import numpy as np
import pytest
import torch
import traitlets
from torch.testing import assert_close

from diffusion import NoiseSchedule, forward_chain, q_sample
from diffusion.teaching import plots
from diffusion.teaching.images import to_uint8
from diffusion.teaching.widgets import (
    BarsView,
    Blend,
    Curve,
    CurvesView,
    Frames,
    HistogramView,
    ImageView,
    PointsView,
    scrub,
    step_axis,
    time_axis,
)

SCHEDULE = NoiseSchedule(0.01, 0.3, 20)


def gaussian(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def picture(channels=3, height=6, width=8):
    return gaussian(channels, height, width).clamp(-1, 1)


def film(channels=3):
    x_0 = picture(channels)
    return Blend(x_0, gaussian(*x_0.shape, seed=1), SCHEDULE)


def chain():
    x_0 = picture()
    return Frames([x_0, *forward_chain(x_0, SCHEDULE)][::2], SCHEDULE)


def canvas(view, t):
    """What image.js draws at t, worked out from the state that it is given."""
    height, width, channels = view.shape
    rate = {
        name: np.frombuffer(getattr(view, f"{name}_rates"), np.float32)[t]
        for name in ("signal", "noise")
    }
    grey = np.full(height * width * channels, 127.5)
    if view.x_0:
        grey = grey + rate["signal"] * (np.frombuffer(view.x_0, np.uint8) - 127.5)
    if view.noise:
        noise = np.frombuffer(view.noise, np.int8) * view.noise_unit
        grey = grey + 127.5 * rate["noise"] * noise
    return torch.from_numpy(grey.round().clip(0, 255)).reshape(height, width, channels)


# ------------------------------------------------------------------------------ films and axes


@pytest.mark.parametrize("t", [0, 1, 7, 20])
def test_a_blend_is_the_closed_form(t):
    blend = film()
    assert_close(blend.at(t), q_sample(blend.x_0, t, SCHEDULE, blend.noise))


def test_frames_stay_until_the_next_one():
    frames = chain()
    assert len(frames.frames) == 11
    for position, index in [(0, 0), (1, 0), (2, 1), (19, 9), (20, 10)]:
        assert torch.equal(frames.at(position), frames.frames[index])


def test_the_time_axis_has_a_position_for_each_time():
    axis = time_axis(SCHEDULE)
    t = torch.arange(21)
    assert axis.labels == [str(i) for i in range(21)] and axis.last == 20
    assert torch.equal(axis.signal_rates, SCHEDULE.signal_rate(t))
    assert torch.equal(axis.noise_rates, SCHEDULE.noise_rate(t))
    assert axis.readouts["ᾱ_t"][20] == f"{SCHEDULE.alpha_bar(20):.4f}"
    assert axis.readouts["SNR"][0] == "+∞ dB"
    decibels = 10 * torch.log10(SCHEDULE.alpha_bar(20) / (1 - SCHEDULE.alpha_bar(20)))
    assert axis.readouts["SNR"][20] == f"{decibels:+.1f} dB".replace("-", "−")


def test_the_step_axis_has_the_two_square_roots_unless_others_are_given():
    betas = torch.linspace(0, 1, 11)
    axis = step_axis(betas)
    assert_close(axis.signal_rates, (1 - betas).sqrt())
    assert_close(axis.noise_rates, betas.sqrt())
    assert axis.labels[5] == "0.500" and axis.readouts == {}
    wrong = step_axis(betas, noise_rates=betas)
    assert_close(wrong.noise_rates, betas)
    assert_close(wrong.signal_rates, axis.signal_rates)
    assert step_axis(betas.double()).signal_rates.dtype == torch.float32  # as the page reads it


@pytest.mark.parametrize("last", [1, 2, 3, 7, 1000])
def test_ticks_and_moments_are_positions(last):
    axis = time_axis(NoiseSchedule(time_steps=last))
    for marks in (axis.ticks, axis.moments):
        assert marks[0] == 0 and marks[-1] == last and marks == sorted(marks)
    assert len(axis.moments) == 5 and len(set(axis.ticks)) == len(axis.ticks)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Blend(picture(), picture(1), SCHEDULE), ValueError, "noise must have the shape"),
        (lambda: Blend(picture() / 0, picture(), SCHEDULE), ValueError, "x_0 holds values"),
        (lambda: Blend(picture(), picture() / 0, SCHEDULE), ValueError, "noise holds values"),
        (lambda: Blend(picture().int(), picture().int(), SCHEDULE), TypeError, "floating-point"),
        (lambda: Blend(picture(), picture(), 20), TypeError, "NoiseSchedule or an Axis.*int"),
        (lambda: Frames([picture()], SCHEDULE), ValueError, "at least two frames.*1"),
        (lambda: ImageView(Blend(*[gaussian(4, 2)] * 2, SCHEDULE)), ValueError, r"not \(4, 2\)"),
        (lambda: ImageView(Blend(*[gaussian(2, 4, 4)] * 2, SCHEDULE)), ValueError, "a picture has"),
        (lambda: ImageView(film(), show="both"), ValueError, "show must be"),
        (lambda: ImageView(chain(), show="noise"), ValueError, "stored frames are no sum"),
        (lambda: PointsView(film()), ValueError, r"points have the shape \(N, 2\)"),
        (lambda: PointsView(Blend(*[gaussian(4, 2)] * 2, SCHEDULE), 4), ValueError, "0 … 3, not 4"),
        (
            lambda: CurvesView(SCHEDULE, [Curve("x", torch.zeros(20))]),
            ValueError,
            r"'x' needs one value per position, 21 in all.*\(20,\)",
        ),
        (lambda: CurvesView(SCHEDULE, []), ValueError, "no curve to draw"),
        (lambda: Curve("x", torch.zeros(21), "blue"), ValueError, "kind must be one of signal"),
        (lambda: Curve("x", torch.zeros(21), digits=-1), ValueError, "digits must be in 0 … 9"),
        (lambda: Frames([], SCHEDULE), ValueError, "at least two frames"),
        (lambda: Frames([picture(), picture(1)], SCHEDULE), ValueError, "the same shape"),
        (lambda: Frames([picture(), 3], SCHEDULE), TypeError, "each frame.*int"),
        (lambda: Blend([1.0], picture(), SCHEDULE), TypeError, "x_0 must be.*list"),
        (lambda: Blend(picture(), None, SCHEDULE), TypeError, "noise must be.*NoneType"),
        (lambda: Blend(*[gaussian(3, 0, 0)] * 2, SCHEDULE), ValueError, "x_0 is empty"),
        (lambda: step_axis(torch.tensor([-0.1, 0.5])), ValueError, "signal_rates|noise_rates"),
        (lambda: step_axis(torch.tensor([0.1])), ValueError, "two positions or more"),
        (
            lambda: step_axis(torch.tensor([0.1, 0.2]), torch.tensor([0.1])),
            (ValueError, RuntimeError),
            "as many signal_rates as labels",
        ),
        (lambda: scrub(), ValueError, "at least one view"),
        (lambda: scrub("+"), ValueError, "at least one view"),
        (lambda: scrub(film()), TypeError, "joins views and texts, not Blend"),
        (
            lambda: scrub(CurvesView(SCHEDULE), CurvesView(NoiseSchedule(time_steps=5))),
            ValueError,
            "share one axis, but these have t = 0 … 20 and t = 0 … 5",
        ),
        (
            lambda: scrub(CurvesView(SCHEDULE), CurvesView(step_axis(torch.linspace(0, 1, 21)))),
            ValueError,
            "share one axis, but these have t = 0 … 20 and β = 0.000 … 1.000",
        ),
    ],
)
def test_nonsense_gets_a_sentence(make, error, words):
    with pytest.raises(error, match=words):
        make()


# ------------------------------------------------------------------------------ what is sent


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("t", [0, 1, 10, 20])
def test_the_browser_draws_what_q_sample_gives(channels, t):
    blend = film(channels)
    exact = to_uint8(q_sample(blend.x_0, t, SCHEDULE, blend.noise)).permute(1, 2, 0)
    # Half a grey level of x_0, and half a step of the noise: some 4.7 · 127.5 / 127 / 2.
    assert (canvas(ImageView(blend), t) - exact).abs().max() <= 3


@pytest.mark.parametrize("show", ["signal", "noise"])
def test_one_term_alone(show):
    blend, t = film(), 9
    rate = getattr(SCHEDULE, f"{show}_rate")(t)
    term = rate * (blend.x_0 if show == "signal" else blend.noise)
    view = ImageView(blend, show)
    assert (canvas(view, t) - to_uint8(term).permute(1, 2, 0)).abs().max() <= 3
    assert torch.equal(view.still(t), to_uint8(term).movedim(0, -1))
    assert view.kind == show and bool(view.x_0) == (show == "signal")


def test_frames_are_sent_as_they_are():
    frames = chain()
    sent = torch.frombuffer(bytearray(ImageView(frames).frames), dtype=torch.uint8)
    assert torch.equal(sent.reshape(11, 6, 8, 3), to_uint8(frames.frames).permute(0, 2, 3, 1))


def test_a_picture_of_256_pixels_square_stays_below_700_kilobytes():
    x_0 = gaussian(3, 256, 256).clamp(-1, 1)
    view = ImageView(Blend(x_0, gaussian(3, 256, 256, seed=1), NoiseSchedule()))
    state = {
        name: base64.b64encode(value).decode() if isinstance(value, (bytes, memoryview)) else value
        for name, value in view.get_state().items()
    }
    assert len(json.dumps(state, default=str)) <= 700_000


@pytest.mark.parametrize("make", [film, chain])
def test_the_histogram_counts_every_value(make):
    source = make()
    view = HistogramView(source)
    heights = np.frombuffer(view.heights, np.uint16).reshape(21, 70) / 65535
    for t in (0, 5, 20):
        values = source.at(t).flatten()
        counts = torch.histc(values[values.abs() < 3.5], 70, -3.5, 3.5)
        density = counts / len(values) * 70 / 7
        expected = (density / view.top).clamp(max=1)
        assert_close(torch.from_numpy(heights[t]).float(), expected, atol=2e-5, rtol=0)
        share = (values.abs() > 1).float().mean().item()
        assert view.notes[t] == f"{100 * share:.1f} % beyond ±1"


def test_a_large_picture_is_sampled_evenly():
    x_0 = torch.linspace(-1, 1, 3 * 128 * 128).reshape(3, 128, 128)
    view = HistogramView(Blend(x_0, torch.zeros_like(x_0), NoiseSchedule(time_steps=2)))
    heights = np.frombuffer(view.heights, np.uint16).reshape(3, -1)[0] / 65535 * view.top
    inside = heights[25:45]  # the bins of [-1, 1]
    assert np.abs(inside - 0.5).max() < 0.06 and heights[:25].max() == 0


def test_values_off_the_scale_count_as_values():
    x_0 = torch.cat([torch.zeros(1, 4, 4), torch.full((2, 4, 4), 9.0)])
    view = HistogramView(Blend(x_0, torch.zeros_like(x_0), SCHEDULE))
    heights = np.frombuffer(view.heights, np.uint16)[:70] / 65535 * view.top
    assert heights.sum() * 0.1 == pytest.approx(min(1.2, 10 / 3) * 0.1, abs=1e-3)
    assert view.notes[0] == "66.7 % beyond ±1"


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_the_largest_noise_never_wraps_around(dtype):
    noise = torch.zeros(1, 2, 2, dtype=dtype)
    for largest in (2.65, 2.7, 2.8, 2.9, 2.95, 4.7):
        noise[0, 0] = torch.tensor([largest, -largest], dtype=dtype)
        view = ImageView(Blend(torch.zeros_like(noise), noise, SCHEDULE), "noise")
        assert np.frombuffer(view.noise, np.int8).tolist() == [127, -127, 0, 0]


def test_frames_that_no_page_should_carry_are_refused():
    frames = torch.zeros(101, 3, 1, 1).expand(101, 3, 256, 256)
    with pytest.raises(ValueError, match=r"20 MB, more than a page should carry; take fewer"):
        ImageView(Frames(frames, SCHEDULE))


def test_the_cloud_is_sent_as_it_is():
    points = gaussian(30, 2)
    view = PointsView(Blend(points, gaussian(30, 2, seed=1), SCHEDULE), trail=3)
    sent = torch.frombuffer(bytearray(view.x_0), dtype=torch.float32).reshape(30, 2)
    assert torch.equal(sent, points) and view.count == 30 and view.trail == 3


def test_curves_are_the_two_rates_unless_others_are_given():
    view = CurvesView(SCHEDULE)
    values = np.frombuffer(view.values, np.float32).reshape(2, 21)
    assert np.array_equal(values[0], SCHEDULE.signal_rate(torch.arange(21)).numpy())
    assert np.array_equal(values[1], SCHEDULE.noise_rate(torch.arange(21)).numpy())
    assert [curve["kind"] for curve in view.curves] == ["signal", "noise"]
    view = CurvesView(SCHEDULE, [Curve("β", torch.arange(21.0), digits=1)], y_range=(0, 20))
    assert np.array_equal(np.frombuffer(view.values, np.float32), np.arange(21))
    assert view.y_ticks == [0, 5, 10, 15, 20]


# ------------------------------------------------------------------------------ the scrub


def some_scrub():
    blend = film()
    return scrub(
        ImageView(blend, alt='a <cat> & "dog"'), CurvesView(SCHEDULE), HistogramView(blend)
    )


def test_every_view_is_joined_to_the_timeline_by_jslink():
    it = some_scrub()
    joined = [(link.source, link.target) for link in it._links]
    assert joined == [((it.timeline, "t"), (view, "t")) for view in it.views]


@pytest.mark.parametrize("count", [1, 3, 6])
def test_together_they_tell_the_kernel_of_t_at_most_ten_times_a_second(count):
    it = scrub(*[CurvesView(SCHEDULE) for _ in range(count)])
    assert sum(1000 / widget._save_after for widget in [it.timeline, *it.views]) <= 10


def test_t_can_be_read_and_set():
    it = some_scrub()
    it.t = 7
    assert it.t == 7 and it.timeline.t == 7 and {view.t for view in it.views} == {7}
    assert scrub(CurvesView(SCHEDULE), t=20).t == 20


@pytest.mark.parametrize("t", [-1, 21, 10**9, 1.5, float("nan"), "3", None, True])
def test_a_t_off_the_axis_is_refused(t):
    it = some_scrub()
    it.t = 7
    with pytest.raises(ValueError, match="t must be an integer in 0 … 20, not "):
        it.t = t
    for widget in (it.timeline, *it.views):
        with pytest.raises(traitlets.TraitError, match=r"^(t must be in 0 … 20|The 't' trait)"):
            widget.t = t
    assert it.t == 7 and {view.t for view in it.views} == {7}


LONGER = NoiseSchedule(0.01, 0.2, 40)


def test_a_view_can_be_given_another_film():
    """What a replaced view sends is what a new view would, at the same share of the way."""
    old, new = film(), Blend(picture(), gaussian(3, 6, 8, seed=5), LONGER)
    image, curves, histogram = ImageView(old), CurvesView(SCHEDULE), HistogramView(old)
    it = scrub(image, curves, histogram, t=5)
    image.renew(image.state_for(new))
    curves.renew(curves.state_for(LONGER))
    histogram.renew(histogram.state_for(new))
    it.timeline.renew(it.timeline.state_for(time_axis(LONGER)))
    assert [view.t for view in (it.timeline, image, curves, histogram)] == [10] * 4
    assert [view.revision for view in (it.timeline, image, curves, histogram)] == [1] * 4
    fresh = {image: ImageView(new), curves: CurvesView(LONGER)}
    for view, other in fresh.items():
        for name in ("last", "labels", "values", "x_0", "noise", "noise_unit", "signal_rates"):
            assert getattr(view, name, None) == getattr(other, name, None), name
    assert histogram.notes == HistogramView(new).notes
    assert it.timeline.readouts == time_axis(LONGER).readouts
    image.renew(image.state_for(chain()))
    assert image.x_0 == b"" and len(image.frames) == 11 * 6 * 8 * 3 and image.t == 5
    with pytest.raises(ValueError, match="a picture has the shape"):
        image.state_for(Blend(gaussian(4, 2), gaussian(4, 2), SCHEDULE))


def test_bars_are_sent_in_shares_of_the_top():
    heights = torch.arange(21.0)[:, None] * torch.tensor([1.0, 2.0])
    notes = [f"{i}" for i in range(21)]
    view = BarsView(SCHEDULE, heights, (0, 10), "s", "w_s²", alt="Bars that grow.", notes=notes)
    sent = torch.from_numpy(np.frombuffer(view.heights, np.uint16).astype(np.float32))
    assert_close(sent.reshape(21, 2) / 65535 * 40, heights, atol=1e-3, rtol=0)
    assert view.top == 40 and view.x_ticks == [0, 2.5, 5, 7.5, 10] and view.notes == notes
    assert repr(view) == "bars of w_s²"
    for wrong, words in [
        (heights[:20], "21 in all"),
        (-heights, "not negative"),
        (heights * 0, "one must be above 0"),
        (heights / 0, "finite"),
    ]:
        with pytest.raises(ValueError, match=words):
            BarsView(SCHEDULE, wrong, (0, 1), "s", "w", alt="")


def test_the_repr_is_the_same_every_time_and_names_what_is_shown():
    assert (
        repr(some_scrub())
        == repr(some_scrub())
        == ("scrub t = 0 … 20: image x_t (6 × 8), curves √ᾱ_t, √(1−ᾱ_t), histogram of x_t")
    )
    points = PointsView(Blend(gaussian(5, 2), gaussian(5, 2), SCHEDULE))
    for widget in (points, some_scrub().timeline):
        assert "0x" not in repr(widget) and len(repr(widget)) < 100


def test_the_fallback_is_a_picture_with_a_text_alternative():
    it = some_scrub()
    data = it._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == repr(it)
    png = base64.b64decode(data["image/png"])
    strip = matplotlib.image.imread(io.BytesIO(png))
    assert png[:4] == b"\x89PNG" and strip.shape[1] > 3 * strip.shape[0]
    # The learner's own words, escaped, and the five moments.
    alt = "a &lt;cat&gt; &amp; &quot;dog&quot; at t = 0, 2, 5, 10, 20"
    assert f'alt="{alt}"' in data["text/html"]


def test_the_filmstrip_shows_the_exact_pictures():
    stills = [torch.full((4, 4, 1), grey, dtype=torch.uint8) for grey in (0, 64, 128, 192, 255)]
    png = plots.filmstrip([("x_t", stills)], ["a", "b", "c", "d", "e"])
    strip = (255 * matplotlib.image.imread(io.BytesIO(png))[:, :, :3]).round()
    row = strip[strip.shape[0] * 2 // 3, :, 0]
    for grey in (0, 64, 128, 192):
        assert (np.abs(row - grey) <= 3).sum() > 100  # a tile is some 120 pixels wide


def test_each_picture_has_its_row_even_under_the_same_label():
    points = [PointsView(Blend(gaussian(5, 2), gaussian(5, 2), SCHEDULE)) for _ in range(3)]
    one, three = (
        matplotlib.image.imread(io.BytesIO(scrub(*some).filmstrip()))
        for some in ([PointsView(points[0].film)], points)
    )
    assert three.shape[0] > 2.5 * one.shape[0]


def test_scrubs_without_a_picture_show_their_curves():
    png = base64.b64decode(scrub(CurvesView(SCHEDULE))._repr_mimebundle_()["image/png"])
    assert matplotlib.image.imread(io.BytesIO(png)).std() > 0.05


def test_grey_pictures_are_shown_grey_and_unstretched():
    ax = plots.pictures(torch.full((1, 4, 4), 0.5), torch.full((3, 4, 4), 0.5))
    (image,) = ax.images
    assert image.get_cmap().name == "gray" and image.get_clim() == (0, 255)
    assert set(image.get_array().flatten().tolist()) == {191}  # (0.5 + 1) · 127.5
    plots.show(ax, alt="two grey squares")
    assert not plots.plt.get_fignums()


def test_a_view_belongs_to_one_scrub():
    view = CurvesView(SCHEDULE)
    with pytest.raises(ValueError, match="belongs to one scrub"):
        scrub(view, view)
    scrub(view)
    with pytest.raises(ValueError, match="belongs to one scrub"):
        scrub(view)


def test_a_refused_scrub_leaves_its_views_free():
    view = CurvesView(SCHEDULE)
    with pytest.raises(ValueError, match="t must be an integer in 0 … 20, not 21"):
        scrub(view, t=21)
    assert scrub(view, t=20).t == 20


def test_text_never_becomes_html():
    data = plots.bundle(b"", alt='<script>"&')
    assert 'alt="&lt;script&gt;&quot;&amp;"' in data["text/html"]


def test_the_core_needs_neither_widgets_nor_matplotlib():
    blocked = "ipywidgets anywidget matplotlib PIL IPython jupyterlab".split()
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({blocked}));"
        "import torch, diffusion;"
        "diffusion.sample_xt(torch.zeros(2, 3), diffusion.NoiseSchedule());"
        "assert 'diffusion.teaching' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
