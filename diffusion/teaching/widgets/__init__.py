"""Widgets that draw themselves in the browser: one timeline, many views.

`scrub(view, view, …)` puts views of a film over one slider. A film is a `Blend` (the closed form)
or `Frames` (a real chain); its axis is time, or anything else with two coefficients per position.
"""

from diffusion.teaching.widgets.axis import Axis, backward_axis, snr_axis, step_axis, time_axis
from diffusion.teaching.widgets.bars import BarsView
from diffusion.teaching.widgets.bug_lab import BugLab
from diffusion.teaching.widgets.curves import Curve, CurvesView
from diffusion.teaching.widgets.drawing import ScheduleDrawing
from diffusion.teaching.widgets.explorer import ScheduleExplorer
from diffusion.teaching.widgets.film import Blend, Frames
from diffusion.teaching.widgets.guess import GuessGame
from diffusion.teaching.widgets.histogram import HistogramView
from diffusion.teaching.widgets.image import ImageView
from diffusion.teaching.widgets.leak import LeakGame
from diffusion.teaching.widgets.points import PointsView
from diffusion.teaching.widgets.question import Question, ask
from diffusion.teaching.widgets.scatter import ScatterView
from diffusion.teaching.widgets.scrub import scrub
from diffusion.teaching.widgets.slit import slit_views
from diffusion.teaching.widgets.spectrum import AboveNoiseView, SpectrumView
from diffusion.teaching.widgets.strip import StripView

__all__ = [
    "AboveNoiseView",
    "Axis",
    "BarsView",
    "Blend",
    "BugLab",
    "Curve",
    "CurvesView",
    "Frames",
    "GuessGame",
    "HistogramView",
    "ImageView",
    "LeakGame",
    "PointsView",
    "Question",
    "ScatterView",
    "ScheduleDrawing",
    "ScheduleExplorer",
    "SpectrumView",
    "StripView",
    "ask",
    "backward_axis",
    "scrub",
    "slit_views",
    "snr_axis",
    "step_axis",
    "time_axis",
]
