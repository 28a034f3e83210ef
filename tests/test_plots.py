"""Figures of the lessons: what they show, as numbers."""

import io

import pytest
import torch
from matplotlib import pyplot as plt
from PIL import Image

from diffusion.teaching import plots


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
    dark = (
        torch.tensor(list(Image.open(io.BytesIO(file)).convert("L").tobytes())).view(
            -1, Image.open(io.BytesIO(file)).width
        )
        < 128
    )
    assert not dark[:, :3].any()  # no letter is cut off at the left
    # No letter lies on the picture either: between name and picture there is an empty column.
    columns = dark.any(dim=0).int().tolist()
    picture = dark.sum(dim=0).argmax().item()
    assert 0 in columns[columns.index(1) : picture]
