"""How long a widget lives: until its cell is run again.

ipywidgets keeps each widget, with all its data, until it is closed: a cell that is run fifty times
would leave fifty pictures behind, in the kernel and in the page. So a new run of a cell first
closes what its last run made. A cell is known by the id that JupyterLab, Notebook 7 and VS Code
send; without one, as in nbval, nothing is closed.
"""

from IPython import get_ipython
from ipywidgets import Widget

_made: dict[str, list[Widget]] = {}  # by the latest run of each cell
_cell = None  # the cell that runs now, or ran last


def belongs_to_this_cell(widget: Widget) -> None:
    """Close `widget` when the cell that runs now is run again."""
    if _cell is not None:
        _made.setdefault(_cell, []).append(widget)


def _before_run(info) -> None:
    global _cell
    _cell = info.cell_id
    for widget in _made.pop(_cell, ()):
        widget.close()


if (shell := get_ipython()) is not None:
    shell.events.register("pre_run_cell", _before_run)
