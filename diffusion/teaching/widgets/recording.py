"""What the kernel would answer, recorded: for pages on which there is none."""

import itertools
import json
import os
from collections.abc import Callable, Iterable

import anywidget
import traitlets
from ipywidgets import Widget, widget_serialization

from diffusion.teaching.widgets.view import View, esm


def recorded(settings: dict, states_for: Callable, **options) -> list["Recording"]:
    """A Recording, to be put among a composite's children; none unless it was asked for.

    It is asked for by the environment variable DIFFUSION_STANDALONE=1, which the builder of the
    site and the slides sets: widgets then carry what they need to answer without a kernel.
    """
    asked = os.environ.get("DIFFUSION_STANDALONE") == "1"
    return [Recording(settings, states_for, **options)] if asked else []


class Recording(anywidget.AnyWidget):
    """The traits that widgets get at each combination of some settings of their controls.

    Where there is no kernel, the page sets them itself when a control moves, those of the nearest
    combination. Where there is one, it does nothing.

    Args:
        settings: {(control, trait): numbers to record it at}; all combinations are recorded.
        states_for: from one number of each, {widget: {trait: value}}, as for `set_states`. A widget
            or a trait that is missing stays as it is.
        note: what to say where there is no kernel; {} is the number of combinations that can be
            shown, which leaves out those that change no view.
        names: from one number of each, what to say after the note once that is shown.
    """

    _esm = esm("recording.js")
    _css = View._css

    controls = traitlets.List().tag(sync=True, **widget_serialization)
    traits_of_controls = traitlets.List().tag(sync=True)
    grid = traitlets.List().tag(sync=True)  # the numbers of each control
    targets = traitlets.List().tag(sync=True, **widget_serialization)
    columns = traitlets.List().tag(sync=True)  # [index of a target, trait] each
    values = traitlets.List().tag(sync=True)  # each value once
    # Per combination, the last control fastest: an index of `values` per column, or −1.
    rows = traitlets.List().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    names = traitlets.List().tag(sync=True)  # per combination, or empty where nothing is named
    row = traitlets.Int(-1).tag(sync=True)  # the one that is shown

    def __init__(
        self,
        settings: dict[tuple[Widget, str], Iterable],
        states_for: Callable[..., dict[Widget, dict]],
        note: str = "",
        names: Callable[..., str] | None = None,
    ):
        grid = [list(numbers) for numbers in settings.values()]
        seen, rows, titles = {}, [], []
        for setting in itertools.product(*grid):
            states = states_for(*setting)
            row = {
                (widget, name): _key(value)
                for widget, state in states.items()
                for name, value in state.items()
                if name in widget.keys
            }
            rows.append({place: seen.setdefault(key, key) for place, key in row.items()})
            changes = any(isinstance(widget, View) for widget in states)
            titles.append(names(*setting) if names and changes else "")

        # What is the same in all of them, and now as well, need not be carried along.
        places = dict.fromkeys(place for row in rows for place in row)
        present = {(widget, name): _key(getattr(widget, name)) for widget, name in places}
        places = [p for p in places if any(row.get(p, present[p]) != present[p] for row in rows)]
        targets = list(dict.fromkeys(widget for widget, _ in places))
        keys = list(dict.fromkeys(row[p] for row in rows for p in places if p in row))
        number = {key: i for i, key in enumerate(keys)}
        super().__init__(
            controls=[control for control, _ in settings],
            traits_of_controls=[name for _, name in settings],
            grid=grid,
            targets=targets,
            columns=[[targets.index(widget), name] for widget, name in places],
            values=[key if isinstance(key, bytes) else json.loads(key) for key in keys],
            rows=[[number[row[p]] if p in row else -1 for p in places] for row in rows],
            note=note.format(sum(map(bool, titles))),
            names=titles if names else [],
        )

    def __repr__(self) -> str:
        return f"recording of {len(self.rows)} answers"


def _key(value) -> bytes | str:
    """The value as something that can be compared and looked up: bytes, or JSON."""
    return value if isinstance(value, bytes) else json.dumps(value)
