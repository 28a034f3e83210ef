"""Films, axes and the manners of a scrub in Python; what is drawn is in browser/test_drawing.py."""

import base64
import dataclasses
import io
import math
import subprocess
import sys

import matplotlib.image
import numpy as np
import pytest
import torch
import traitlets
from ipywidgets.widgets.widget import _instances, _put_buffers
from page import received
from torch.testing import assert_close

from diffusion import NoiseSchedule, forward_chain, q_sample
from diffusion.teaching import plots
from diffusion.teaching.images import to_uint8
from diffusion.teaching.widgets import (
    Axis,
    BarsView,
    Blend,
    Curve,
    CurvesView,
    Frames,
    HistogramView,
    ImageView,
    PointsView,
    Question,
    ScatterView,
    StripView,
    ask,
    backward_axis,
    scrub,
    slit_views,
    snr_axis,
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


def cloud():
    return Blend(gaussian(30, 2), gaussian(30, 2, seed=1), SCHEDULE)


def sent(view):
    """What the page gets of a view."""
    return received(scrub(view))["views"][0]


# ------------------------------------------------------------------------------ films and axes


def test_a_blend_is_the_closed_form_or_a_step():
    blend = film()
    assert_close(blend.at(7), q_sample(blend.x_0, 7, SCHEDULE, blend.noise))
    blend = Blend(picture(), gaussian(3, 6, 8, seed=1), step_axis(torch.linspace(0, 1, 11)))
    assert_close(blend.at(0.3), 0.7**0.5 * blend.x_0 + 0.3**0.5 * blend.noise)


def test_frames_have_a_position_each_and_the_slider_stops_at_their_t():
    frames = chain()
    assert frames.axis.labels == [str(t) for t in range(0, 21, 2)]
    assert frames.axis.readouts["ᾱ_t"][5] == f"{SCHEDULE.alpha_bar(10):.4f}"
    assert torch.equal(frames.at(10), frames.frames[5])
    with pytest.raises(ValueError, match="stops at t = 8 and 10, but not at 9"):
        frames.at(9)
    at_some_t = time_axis(SCHEDULE, torch.tensor([0, 3, 20]))
    assert torch.equal(Frames(frames.frames[:3], at_some_t).at(3), frames.frames[1])


def test_the_time_axis_has_a_position_for_each_time():
    axis = time_axis(SCHEDULE)
    t = torch.arange(21)
    assert axis.labels == [str(i) for i in range(21)] and axis.last == 20
    assert torch.equal(axis.signal_rates, SCHEDULE.signal_rate(t).float())
    assert torch.equal(axis.noise_rates, SCHEDULE.noise_rate(t).float())
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


BETAS = torch.linspace(0, 0.7, 8)  # the last is below 0.7, as a float32


def test_a_value_has_its_position():
    assert [time_axis(NoiseSchedule()).position(t) for t in (0, 250, 1000.0)] == [0, 250, 1000]
    assert [step_axis(BETAS).position(i / 10) for i in range(8)] == list(range(8))


@pytest.mark.parametrize(
    ("axis", "value", "words"),
    [
        (time_axis(SCHEDULE), -1, "t must be in 0 … 20, not -1"),
        (time_axis(SCHEDULE), 10**9, "t must be in 0 … 20, not 1000000000"),
        (time_axis(SCHEDULE), 1.5, "the slider stops at t = 1 and 2, but not at 1.5"),
        (step_axis(BETAS), 0.25, "the slider stops at β = 0.200 and 0.300, but not at 0.25"),
        (step_axis(BETAS), 0.71, "β must be in 0.000 … 0.700, not 0.71"),
        *[
            (time_axis(SCHEDULE), value, "t must be a finite number, not ")
            for value in (float("nan"), "3", True)
        ],
    ],
)
def test_a_value_off_the_axis_is_refused(axis, value, words):
    with pytest.raises(ValueError, match=words):
        axis.position(value)
    it = scrub(CurvesView(axis))
    it.position = 1
    with pytest.raises(ValueError, match=words):
        it.at = value
    assert it.position == 1


def test_an_axis_of_log_snr_has_the_nearest_t():
    schedule = NoiseSchedule()
    log_snrs = torch.linspace(8, -12, 41)
    axis = snr_axis(schedule, log_snrs)
    assert axis.position(-2.5) == 21 and axis.labels[21] == "−2.5"
    times = [int(t) for t in axis.readouts["t"]]
    exact = [math.log(a / (1 - a)) for a in schedule.alpha_bars.double().tolist()]
    for value, t, rate in zip(log_snrs.tolist(), times, axis.signal_rates, strict=True):
        assert t == 1 + min(range(1000), key=lambda i: abs(exact[i] - value))
        assert rate == schedule.signal_rate(t)
    assert times[-1] == 1000  # it ends at −10.1, and stands still there
    with pytest.raises(ValueError, match=r"log SNR = −2\.5 and −3\.0, but not at -2.7"):
        axis.position(-2.7)


def test_time_runs_backwards_without_a_mixture():
    axis, forward = backward_axis(SCHEDULE), time_axis(SCHEDULE)
    assert axis.labels == forward.labels[::-1] and axis.labels[0] == "20"
    assert {n: texts[::-1] for n, texts in axis.readouts.items()} == forward.readouts
    assert [axis.position(t) for t in (20, 13, 0)] == [0, 7, 20]
    with pytest.raises(ValueError, match=r"stops at t = 14 and 13, but not at 13\.5"):
        axis.position(13.5)
    assert not axis.mixes and axis.x == "x_t"
    assert backward_axis(SCHEDULE, every=5).labels == ["20", "15", "10", "5", "0"]
    frames = torch.stack([torch.full((4, 2), t / 10) for t in range(20, -1, -1)])
    film = Frames(frames, axis)
    assert torch.equal(film.at(13), torch.full((4, 2), 1.3))
    it = scrub(PointsView(film), HistogramView(film), at=13)
    assert (it.position, it.at) == (7, 13) and "t = 20 … 0" in repr(it)
    assert set(it.spec["axis"]) == {"symbol", "labels", "ticks", "spoken", "readouts"}


def test_an_equation_and_read_outs_stand_for_all_views_or_are_not_shown():
    def shown(*axes):
        """The parts of the equation, and the names of the read-outs."""
        views = [BarsView(axis, heights(), (0, 1), "s", "w", alt="") for axis in axes]
        spec = scrub(*views).spec["axis"]
        parts = {"result", "terms", "signal_rates", "noise_rates"} & set(spec)
        return len(parts), [name for name, _ in spec["readouts"]]

    betas, other = torch.linspace(0, 1, 21), NoiseSchedule(0.02, 0.3, 20)
    step, back = step_axis(betas), backward_axis(SCHEDULE)
    figures = ["ᾱ_t", "SNR"]
    assert shown(step, step_axis(betas)) == (4, [])
    assert shown(SCHEDULE, time_axis(SCHEDULE)) == (4, figures)
    assert shown(back, backward_axis(SCHEDULE)) == (0, figures)
    for one, different in [
        (step, step_axis(betas, noise_rates=betas)),
        (step, step_axis(betas, signal_rates=betas)),
        (time_axis(SCHEDULE), time_axis(other)),
        (back, backward_axis(other)),
        (step, dataclasses.replace(step, signal_rates=None, noise_rates=None)),
    ]:
        assert not one.mixes_like(different) and not different.mixes_like(one)
        assert shown(one, different) == shown(different, one) == (0, [])


def heights(rows=21):
    return torch.arange(float(rows))[:, None] * torch.tensor([1.0, 2.0])


def bars(heights, **options):
    return BarsView(SCHEDULE, heights, (0, 1), "s", "w", alt="", **options)


def scatter(pairs, width=0.1, **options):
    return ScatterView(pairs, step_axis(torch.tensor([0.0, 1.0])), width, **options)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Blend(picture(), picture(1), SCHEDULE), ValueError, "noise must have the shape"),
        (lambda: Blend(picture() / 0, picture(), SCHEDULE), ValueError, "x_0 holds values"),
        (lambda: Blend(picture(), picture() / 0, SCHEDULE), ValueError, "noise holds values"),
        (lambda: Blend(picture().int(), picture().int(), SCHEDULE), TypeError, "floating-point"),
        (lambda: Blend(picture(), picture(), 20), TypeError, "NoiseSchedule or an Axis.*int"),
        (lambda: Blend([1.0], picture(), SCHEDULE), TypeError, "x_0 must be.*list"),
        (lambda: Blend(picture(), None, SCHEDULE), TypeError, "noise must be.*NoneType"),
        (lambda: Blend(*[gaussian(3, 0, 0)] * 2, SCHEDULE), ValueError, "x_0 is empty"),
        (lambda: Frames([], SCHEDULE), ValueError, "at least two frames"),
        (lambda: Frames([picture()], SCHEDULE), ValueError, "at least two frames.*1"),
        (lambda: Frames([picture(), picture(1)], SCHEDULE), ValueError, "the same shape"),
        (lambda: Frames([picture(), 3], SCHEDULE), TypeError, "each frame.*int"),
        (lambda: Frames([picture()] * 4, SCHEDULE), ValueError, "^4 frames cannot.* divides 20"),
        (lambda: Frames([picture()] * 22, SCHEDULE), ValueError, "^22 frames cannot be evenly"),
        (
            lambda: Frames([picture()] * 11, time_axis(SCHEDULE)),
            ValueError,
            "one frame for each position of its axis, 21 in all, but it has 11",
        ),
        (
            lambda: ImageView(Frames(torch.zeros(101, 3, 1, 1).expand(-1, -1, 256, 256),
                                     NoiseSchedule(time_steps=100))),
            ValueError,
            "20 MB, more than a page should carry; take fewer",
        ),
        (lambda: ImageView(cloud()), ValueError, r"a picture has the shape.* not \(30, 2\)"),
        (lambda: ImageView(Blend(*[gaussian(2, 4, 4)] * 2, SCHEDULE)), ValueError, "a picture has"),
        (lambda: ImageView(film(), show="both"), ValueError, "show must be"),
        (lambda: ImageView(chain(), show="noise"), ValueError, "stored frames are no sum"),
        (lambda: PointsView(film()), ValueError, r"points have the shape \(N, 2\)"),
        (lambda: PointsView(cloud(), 30), ValueError, "0 … 29, not 30"),
        (lambda: PointsView(cloud(), [3, -1]), ValueError, "0 … 29, not -1"),
        (lambda: PointsView(cloud(), [0.5]), ValueError, "0 … 29, not 0.5"),
        (lambda: CurvesView(backward_axis(SCHEDULE)), ValueError, "no rates .* give it curves"),
        (
            lambda: Blend(*[gaussian(3, 4, 4)] * 2, backward_axis(SCHEDULE)),
            ValueError,
            "no rates to mix x_0 and noise with.*Frames",
        ),
        (lambda: Axis("a", BETAS, ["b"] * 8, BETAS, None, "x", ""), ValueError, "has both rates"),
        (lambda: scatter(gaussian(5, 3)), ValueError, r"the shape \(N, 2\), not \(5, 3\)"),
        (lambda: scatter(gaussian(5)), ValueError, r"pairs have the shape"),
        (lambda: scatter(gaussian(5, 2) / 0), ValueError, "pairs holds values that are not finite"),
        (lambda: scatter([[1.0, 2.0]]), TypeError, "pairs must be a floating-point tensor"),
        (lambda: scatter(gaussian(5, 2), 0.0), ValueError, "width must be above 0"),
        (lambda: scatter(gaussian(5, 2), math.nan), ValueError, "width must be above 0"),
        (lambda: scatter(gaussian(5, 2), limit=-1), ValueError, "limit must be above 0"),
        (
            lambda: slit_views(gaussian(5, 2), BETAS, 0.1, law=lambda x, y: x),
            ValueError,
            r"a density for each y, of shape \(60,\), but gives the shape \(1,\)",
        ),
        (lambda: slit_views(gaussian(5, 2), BETAS[:, None], 0.1), ValueError, r"not \(8, 1\)"),
        (
            lambda: CurvesView(SCHEDULE, [Curve("x", torch.zeros(20))]),
            ValueError,
            r"'x' needs one value per position, 21 in all.*\(20,\)",
        ),
        (lambda: CurvesView(SCHEDULE, []), ValueError, "no curve to draw"),
        (lambda: CurvesView(SCHEDULE, draw="ᾱ_t"), ValueError, "no curve 'ᾱ_t' to draw among √ᾱ_t"),
        (lambda: scrub(CurvesView(SCHEDULE, draw="√ᾱ_t")), ValueError, "needs a question"),
        (lambda: ask("nobody"), ValueError, "no question 'nobody' in questions.toml or quiz.toml"),
        (lambda: Question("q", "no", {"yes": ""}), ValueError, "right answer 'no' is none of"),
        (lambda: Question("q", 6, {"six": ""}), ValueError, "must be numbers, as 6 is"),
        (lambda: Curve("x", torch.zeros(21), "blue"), ValueError, "tone must be one of signal"),
        (lambda: Curve("x", torch.zeros(21), digits=-1), ValueError, "digits must be in 0 … 9"),
        (lambda: bars(heights(20)), ValueError, "21 in all"),
        (lambda: bars(-heights()), ValueError, "not negative"),
        (lambda: bars(heights() * 0), ValueError, "one must be above 0"),
        (lambda: bars(heights() / 0), ValueError, "finite"),
        (lambda: bars(heights(), law=heights()[:, :1]), ValueError, r"each bar.*is \(21, 1\)"),
        (lambda: bars(heights(), law=-heights()), ValueError, "not negative"),
        (lambda: step_axis(torch.tensor([-0.1, 0.5])), ValueError, "noise_rates must be finite"),
        (lambda: step_axis(torch.tensor([0.1])), ValueError, "two positions or more"),
        (lambda: step_axis(BETAS[[0, 2, 1]]), ValueError, "must rise all the way, or"),
        (lambda: ImageView(film(), notes=["a"]), ValueError, "21 positions but 1 notes"),
        (lambda: step_axis(BETAS, BETAS[1:]), ValueError, "as many signal_rates as labels"),
        (lambda: scrub(), ValueError, "at least one view"),
        (lambda: scrub("+"), ValueError, "at least one view"),
        (lambda: scrub(film()), TypeError, "joins views and texts, not Blend"),
        (
            lambda: scrub(CurvesView(SCHEDULE), CurvesView(NoiseSchedule(time_steps=5))),
            ValueError,
            r"share one axis, but these have t = 0 … 20 \(21 positions\) and t = 0 … 5",
        ),
        (
            lambda: scrub(CurvesView(SCHEDULE), CurvesView(step_axis(torch.linspace(0, 1, 21)))),
            ValueError,
            r"share one axis, but these have t = 0 … 20 .* and β = 0.000 … 1.000",
        ),
    ],
)  # fmt: skip
def test_nonsense_gets_a_sentence(make, error, words):
    with pytest.raises(error, match=words):
        make()


# ------------------------------------------------------------------------------ what is sent


@pytest.mark.parametrize("t", [0, 1, 10, 20])
def test_stills_are_exact(t):
    blend, frames = film(), chain()
    signal, noise = SCHEDULE.signal_rate(t) * blend.x_0, SCHEDULE.noise_rate(t) * blend.noise
    for show, x in (("signal", signal), ("noise", noise), ("sum", signal + noise)):
        assert torch.equal(ImageView(blend, show).still(t), to_uint8(x).permute(1, 2, 0))
    exact = to_uint8(frames.frame(t // 2)).permute(1, 2, 0)
    assert torch.equal(ImageView(frames).still(t // 2), exact)


def test_each_tensor_travels_once():
    x_0 = picture(height=256, width=256)
    blend = Blend(x_0, gaussian(3, 256, 256, seed=1), NoiseSchedule())
    shows = ["signal", "noise", "sum"]
    it = scrub(
        *[ImageView(blend, show) for show in shows], StripView(blend), CurvesView(blend.axis)
    )
    assert sum(map(len, it.buffers)) <= 450_000
    frames = chain()
    again = Frames([*frames.frames[:10], frames.frames[3]], SCHEDULE)
    assert len(sent(ImageView(again))["frames"]) == 10 * 6 * 8 * 3
    # The same bytes may be numbers of two kinds: 129 as uint8 is −127 as int8.
    x_0 = torch.full((1, 2, 2), 129 / 127.5 - 1)
    view = sent(ImageView(Blend(x_0, -torch.ones_like(x_0), SCHEDULE)))
    assert view["x_0"].tolist() == [129] * 4 and view["noise"].tolist() == [-127] * 4


def test_the_histogram_of_frames_counts_every_value():
    frames = chain()
    view = sent(HistogramView(frames))
    shares = view["heights"].reshape(-1, 70) / 255
    for position in (0, 5, 10):
        values = frames.frame(position).flatten()
        counts = torch.histc(values[values.abs() < 3.5], 70, -3.5, 3.5)
        expected = (counts / len(values) * 10 / view["top"]).clamp(max=1)
        assert_close(torch.from_numpy(shares[position]).float(), expected, atol=0.002, rtol=0)
        share = (values.abs() > 1).float().mean().item()
        assert view["notes"][position] == f"{100 * share:.1f} % beyond ±1"


def test_all_that_lies_in_the_slit_is_counted_and_some_of_it_drawn():
    pairs = gaussian(30_000, 2, seed=8) * torch.tensor([1.0, 0.7]) + torch.tensor([0.2, -0.4])
    pairs[0] = torch.tensor([0.5, 7.0])  # is off the scale, and counts
    asked = []

    def law(x, y):
        asked.append((x.tolist(), y))
        return torch.distributions.Normal(x, 0.5).log_prob(y).exp()

    centres = torch.tensor([-9.0, -1.0, 0.5, 1.25])
    views = slit_views(pairs, centres, width=0.25, law=law, limit=2.0, bins=40)
    dots, bars = received(scrub(*views, at=0.5))["views"]
    assert np.array_equal(dots["pairs"].reshape(-1, 2), pairs[:2000].numpy())
    assert np.array_equal(dots["centres"], centres.numpy()) and dots["width"] == 0.25
    assert views[0].axis.labels == ["−9.00", "−1.00", "0.50", "1.25"]

    x, y = pairs.double().numpy().T
    middles = np.arange(40) / 10 - 1.95
    for place, centre in enumerate(centres.tolist()):
        kept = y[(x >= centre - 0.125) & (x <= centre + 0.125)]
        density = np.histogram(kept, 40, (-2, 2))[0] / max(1, len(kept)) / 0.1
        shares = bars["heights"].reshape(4, 40)[place] / 255
        assert_close(shares * bars["top"], density.clip(max=bars["top"]), atol=0.003, rtol=0)
        said = "fewer than two draws"
        if len(kept):
            said = f"mean {kept.mean():+.3f}, spread {kept.std(ddof=1):.3f} of "
            said = said.replace("-", "−") + f"{len(kept):,} draws".replace(",", " ")
        assert bars["notes"][place] == said
        assert asked[place][0] == [centre]
        assert_close(asked[place][1].double(), torch.from_numpy(middles), atol=1e-6, rtol=0)
        exact = np.exp(-2 * (middles - centre) ** 2) * math.sqrt(2 / math.pi)
        assert_close(bars["law"].reshape(4, 40)[place].copy(), exact.astype("f"), atol=1e-5, rtol=0)
    assert len(kept) > 1000 and bars["top"] == pytest.approx(1.15 * 0.798, rel=0.01)
    bars = sent(slit_views(pairs, centres, 0.25)[1])
    assert "law" not in bars and bars["heights"].max() == 255


def test_the_still_of_a_scatter_shows_the_slit_and_what_is_in_it():
    pairs = torch.tensor([[0.01, 1.01], [0.01, -2.0], [1.51, 0.01], [-3.1, 0.0]])
    view = scatter(pairs, width=0.5, limit=2.0)  # 32 pixels for 1
    picture = view.still(0)[..., 0]
    assert picture.shape == (128, 128)
    assert (picture == 0).nonzero().tolist() == [[31, 64], [127, 64]]
    assert (picture == 170).nonzero().tolist() == [[63, 112]]
    assert (picture == 200).any(0).nonzero().flatten().tolist() == list(range(56, 72))
    assert (view.still(1) == 0).sum() == 0 and (scatter(pairs, 1e-9).still(0) == 200).any()
    data, _ = scrub(*slit_views(pairs, torch.tensor([0.0, 1.5]), 0.5))._repr_mimebundle_()
    assert png(data).shape[1] > 3 * png(data).shape[0]


def first_densities(x_0):
    view = sent(HistogramView(Blend(x_0, torch.zeros_like(x_0), NoiseSchedule(time_steps=2))))
    return view["heights"].reshape(3, 70)[0] / 255 * view["top"], view["notes"][0]


def test_a_large_picture_is_sampled_evenly():
    densities, _ = first_densities(torch.linspace(-1, 1, 3 * 128 * 128).reshape(3, 128, 128))
    inside = densities[25:45]  # the bins of [-1, 1]
    assert np.abs(inside - 0.5).max() < 0.06 and densities[:25].max() == 0


def test_values_off_the_scale_count_as_values():
    x_0 = torch.cat([torch.zeros(1, 4, 4), torch.full((2, 4, 4), 9.0)])
    densities, note = first_densities(x_0)
    assert densities.sum() == pytest.approx(1.2, abs=0.01)  # 10/3, cut off at the top of the chart
    assert note == "66.7 % beyond ±1"


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_the_largest_noise_never_wraps_around(dtype):
    noise = torch.zeros(1, 2, 2, dtype=dtype)
    for largest in (2.65, 2.7, 2.8, 2.9, 2.95, 4.7):
        noise[0, 0] = torch.tensor([largest, -largest], dtype=dtype)
        view = sent(ImageView(Blend(torch.zeros_like(noise), noise, SCHEDULE), "noise"))
        assert view["noise"].tolist() == [127, -127, 0, 0]


# ------------------------------------------------------------------------------ the scrub


def some_scrub(**options):
    views = (
        ImageView(film(), alt='a <cat> & "dog"'),
        "+",
        CurvesView(SCHEDULE),
        HistogramView(film()),
    )
    return scrub(*views, **options)


def test_a_scrub_is_one_widget():
    before = len(_instances)
    it = some_scrub()
    assert len(_instances) - before <= 3
    kinds = [(view["kind"], view.get("chart")) for view in it.spec["views"]]
    assert kinds == [("image", False), ("sign", None), ("curves", True), ("bars", True)]
    assert it.spec["views"][1]["text"] == "+" and it.spec["views"][0]["alt"] == 'a <cat> & "dog"'


def test_the_place_can_be_read_and_set():
    it = scrub(CurvesView(step_axis(BETAS)))
    assert (it.position, it.at) == (0, 0)
    it.at = 0.7
    assert it.position == 7 and it.at == pytest.approx(0.7)
    it.position = 2
    assert it.at == pytest.approx(0.2)
    assert some_scrub(at=20).position == 20
    with pytest.raises(ValueError, match="t must be in 0 … 20, not 21"):
        some_scrub(at=21)


@pytest.mark.parametrize("position", [-1, 21, 10**9, 1.5, float("nan"), "3", None, True])
def test_a_position_that_is_none_is_refused(position):
    it = some_scrub(at=7)
    with pytest.raises(traitlets.TraitError, match=r"position must be in 0 … 20, not|an int, not"):
        it.position = position
    assert it.position == 7


def test_an_answer_that_is_none_is_refused():
    choice, number = Question("q", "a", {"a": "", "b": ""}), Question("q", 6, {})
    asked = scrub(CurvesView(SCHEDULE), ask="At which t?")
    assert scrub(CurvesView(SCHEDULE)).shown and not (asked.shown or choice.shown or number.shown)
    for it, trait, value, words in [
        (choice, "given", "c", "one of a, b, not 'c'"),
        (number, "given", "six", "a number, not 'six'"),
        (number, "given", "nan", "a number, not 'nan'"),
        (asked, "pins", [0, 21], "a pin must be in 0 … 20, not 21"),
    ]:
        with pytest.raises(traitlets.TraitError, match=words):
            setattr(it, trait, value)
    choice.given, number.given, asked.pins = "b", "-6.5", [0, 20]
    assert repr(asked).startswith("“At which t?” scrub t = 0 … 20: ")


def test_something_else_is_shown_in_one_message(monkeypatch):
    it, messages = some_scrub(at=5), []
    monkeypatch.setattr(it.comm, "send", lambda data, buffers: messages.append((data, buffers)))
    longer = NoiseSchedule(0.01, 0.2, 40)
    views = ImageView(Blend(picture(), gaussian(3, 6, 8, seed=5), longer)), CurvesView(longer)
    it.show(*views, at=30)
    [(message, buffers)] = messages
    _put_buffers(message["state"], message["buffer_paths"], buffers)
    new = scrub(*views, at=30)
    assert message["method"] == "update"
    assert message["state"] == {n: getattr(new, n) for n in ("spec", "buffers", "position")}
    assert repr(it) == repr(new) and it.at == 30

    state = it.get_state()
    for wrong, at in [((), None), ((3,), None), ([CurvesView(SCHEDULE)], 21)]:
        with pytest.raises((TypeError, ValueError)):
            it.show(*wrong, at=at)
        assert it.get_state() == state and it.views == list(views)
    it.show(views[0])
    assert it.at == 30  # the slider stays
    it.show(CurvesView(SCHEDULE))
    assert it.at == 20  # as far as it can


def png(bundle):
    return matplotlib.image.imread(io.BytesIO(base64.b64decode(bundle["image/png"])))


def test_the_fallback_is_a_picture_with_a_text_alternative():
    data, _ = some_scrub()._repr_mimebundle_()
    assert data["text/plain"] == repr(some_scrub())
    assert png(data).shape[1] > 3 * png(data).shape[0]
    # The learner's own words, escaped, and the five moments.
    alt = "a &lt;cat&gt; &amp; &quot;dog&quot; at t = 0, 2, 5, 10, 20"
    assert f'alt="{alt}"' in data["text/html"]
    # Without a picture, the curves.
    data, _ = scrub(CurvesView(SCHEDULE))._repr_mimebundle_()
    assert png(data).std() > 0.05 and "rate at t = 0" not in data["text/html"]
    assert "The signal rate and the noise rate." in data["text/html"]


def test_the_filmstrip_shows_the_exact_pictures():
    stills = [torch.full((4, 4, 1), grey, dtype=torch.uint8) for grey in (0, 64, 128, 192, 255)]
    strip = plots.filmstrip([("x_t", stills)], ["a", "b", "c", "d", "e"])
    strip = (255 * matplotlib.image.imread(io.BytesIO(strip))[:, :, :3]).round()
    row = strip[strip.shape[0] * 2 // 3, :, 0]
    for grey in (0, 64, 128, 192):
        assert (np.abs(row - grey) <= 3).sum() > 100  # a tile is some 120 pixels wide


def test_the_core_needs_neither_widgets_nor_matplotlib():
    blocked = "ipywidgets anywidget matplotlib PIL IPython jupyterlab".split()
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({blocked}));"
        "import torch, diffusion;"
        "diffusion.sample_xt(torch.zeros(2, 3), diffusion.NoiseSchedule());"
        "assert 'diffusion.teaching' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
