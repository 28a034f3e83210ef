"""The slider that owns t, with play, speed, fullscreen, and the equation at this very t."""

import traitlets

from diffusion.teaching.widgets.axis import Axis
from diffusion.teaching.widgets.view import View, esm, to_bytes


class Timeline(View):
    """A slider over an axis, with the live equation x = signal_rate · x_0 + noise_rate · ε."""

    _esm = esm("timeline.js")

    signal_rates = traitlets.Bytes().tag(sync=True)
    noise_rates = traitlets.Bytes().tag(sync=True)
    terms = traitlets.List(traitlets.Unicode()).tag(sync=True)
    result = traitlets.Unicode().tag(sync=True)
    spoken = traitlets.Unicode().tag(sync=True)
    readouts = traitlets.Dict().tag(sync=True)

    def __init__(self, axis: Axis):
        super().__init__(axis, **self._state(axis))

    def replace(self, axis: Axis, t: int | None = None) -> None:
        """Slide along another axis from now on, from t or from the same share of the way."""
        self._renew(axis, t, **self._state(axis))

    @staticmethod
    def _state(axis: Axis) -> dict:
        return {
            "signal_rates": to_bytes(axis.signal_rates),
            "noise_rates": to_bytes(axis.noise_rates),
            "terms": list(axis.terms),
            "result": axis.result,
            "spoken": axis.spoken,
            "readouts": axis.readouts,
        }
