"""Figures of the lessons: what they show, as numbers."""

import torch
from matplotlib import pyplot as plt

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
