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
        super().__init__(axis, **self.state_for(axis))

    def state_for(self, axis: Axis) -> dict:
        return self._axis_state(axis) | {
            "signal_rates": to_bytes(axis.signal_rates),
            "noise_rates": to_bytes(axis.noise_rates),
            "terms": list(axis.terms),
            "result": axis.result,
            "spoken": axis.spoken,
            "readouts": axis.readouts,
        }
