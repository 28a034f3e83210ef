"""Figures of the lessons: what they show, as numbers."""

import base64
import io

import pytest
import torch
from matplotlib import pyplot as plt
from PIL import Image

from diffusion.teaching import plots


def test_lines_are_drawn_over_the_steps_unless_told_otherwise():
    curves = {"√ᾱ_t": ([0.9, 0.5, 0.1], plots.SIGNAL_LINE), "√(1−ᾱ_t)": ([0.4, 0.8], plots.DASHED)}
    ax = plots.lines(curves, "t", "rate")
    signal, noise = ax.get_lines()
    assert signal.get_xydata().tolist() == [[1, 0.9], [2, 0.5], [3, 0.1]]
    assert noise.get_xydata().tolist() == [[1, 0.4], [2, 0.8]]
    assert (signal.get_color(), signal.get_linestyle()) == (plots.SIGNAL, "-")
    assert (noise.get_color(), noise.get_linestyle()) == (plots.OBSERVED, "--")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("t", "rate")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(curves)
    (line,) = plots.lines({"ᾱ_t": ([1, 2], plots.SOLID)}, "t", "ᾱ", x=[0, 10]).get_lines()
    assert line.get_xydata().tolist() == [[0, 1], [10, 2]]
    plt.close("all")


def test_pictures_have_one_fixed_range_and_are_clamped_for_the_eye_alone():
    grey, loud = torch.zeros(1, 2, 3), torch.tensor([-7.0, 7.0]).view(2, 1, 1).expand(2, 2, 3)
    loud = torch.cat([loud, loud[:1]])
    first = plots.pictures(grey, loud, titles=["grey", "loud"])
    row = first.figure.axes
    assert first is row[0] and [ax.get_title() for ax in row] == ["grey", "loud"]
    assert all(ax.images[0].get_clim() == (0, 255) and not ax.axison for ax in row)
    assert row[0].images[0].get_cmap().name == "gray"
    assert set(row[0].images[0].get_array().flatten().tolist()) <= {127, 128}
    assert row[1].images[0].get_array()[0, 0].tolist() == [0, 255, 0]
    assert loud.max() == 7
    plt.close("all")


@pytest.fixture
def shown(monkeypatch):
    shown = []
    monkeypatch.setattr(plots, "display", lambda data, raw: shown.append((data, raw)))
    return shown


def test_a_figure_is_shown_with_its_alternative_and_closed(shown):
    alt = 'A cat, "tabby" & <grey>'
    plots.show(plots.pictures(torch.zeros(3, 4, 4)), alt)
    ((data, raw),) = shown
    assert raw and data["text/plain"] == alt
    assert 'alt="A cat, &quot;tabby&quot; &amp; &lt;grey&gt;"' in data["text/html"]
    assert f"base64,{data['image/png']}" in data["text/html"]
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).format == "PNG"
    assert not plt.get_fignums()


def test_the_alternative_of_a_figure_in_the_lessons_is_looked_up_by_its_name(shown):
    plots.show(plots.axes(), "the cat")
    assert [data["text/plain"] for data, _ in shown] == ["A tabby cat looks past the camera."]
    for name in ("the dog", ""):
        with pytest.raises(ValueError, match=f"say in a sentence .*; {name!r} is too short .* no "):
            plots.show(plots.axes(), name)
    assert len(shown) == 1
    plt.close("all")


def test_diverging_maps_share_one_fixed_scale_about_zero():
    maps = {"quiet": torch.zeros(4, 5), "loud": torch.full((4, 5), 100.0)}
    figure = plots.diverging(maps, 3, "z").figure
    *shown, bar = figure.axes
    assert [ax.get_title() for ax in shown] == ["quiet", "loud"]
    assert all(ax.images[0].get_clim() == (-3, 3) for ax in shown)
    assert bar.get_ylabel() == "z"
    quiet, loud = (ax.images[0] for ax in shown)
    assert torch.tensor(quiet.to_rgba(0.0)).min() > 0.95  # no deviation, no colour
    assert loud.to_rgba(100.0) == loud.to_rgba(3.0) != loud.to_rgba(-3.0)
    plt.close(figure)


@pytest.mark.parametrize("name", ["x_t", "√(1−ᾱ_t) · x_0", "x_t of this code, and of no other"])
def test_a_filmstrip_is_as_wide_as_its_names_take(name):
    white, black = torch.full((8, 8, 1), 255).byte(), torch.zeros(8, 8, 1).byte()
    file = plots.filmstrip([(name, [black, white])], ["t = 0", "t = 1"])
    picture = Image.open(io.BytesIO(file)).convert("L")
    dark = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8) < 128
    dark = dark.view(-1, picture.width)
    assert not dark[:, :3].any()  # no letter is cut off at the left
    # No letter lies on the picture either: between name and picture there is an empty column.
    columns = dark.any(dim=0).int().tolist()
    picture = dark.sum(dim=0).argmax().item()
    assert 0 in columns[columns.index(1) : picture]
