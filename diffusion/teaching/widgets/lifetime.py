"""How long a widget lives: until its cell has been run again.

ipywidgets keeps each widget, with all its data, until it is closed: a cell that is run fifty times
would leave fifty scrubs behind, in the kernel as well as in the page. So each run of a cell closes
what its earlier runs have made, except what a variable names or a cell still shows.

A cell is known by the id that JupyterLab and VS Code send. Without one, as in nbval, nothing is
closed. Another tab with the same kernel does not hear that a cell has been run again: what it shows
of that cell is closed there as well, until the tab is loaded anew.
"""

from collections.abc import Iterable
from functools import partial
from weakref import WeakSet

from IPython import InteractiveShell, get_ipython
from IPython.core.interactiveshell import ExecutionResult
from ipywidgets import Widget

# Nothing is kept alive from here.
_made, _shown = WeakSet(), WeakSet()  # in the run that goes on
_made_by, _shown_by = {}, {}  # by the latest run of each cell
_old = WeakSet()  # made by earlier runs and not closed yet


class OfCell(Widget):
    """A widget that is closed when its cell has been run again; and with it all that is in it."""

    def __init__(self, *args, **traits):
        super().__init__(*args, **traits)
        _made.add(self)

    def _repr_mimebundle_(self, **kwargs):
        _shown.add(self)
        return super()._repr_mimebundle_(**kwargs)

    def close(self) -> None:
        """Give back all that was made for this widget, in the kernel and in the page."""
        if self.comm is not None:
            parts = _widgets_in([self])
            super().close()
            for widget in parts:
                widget.close()


def watch(shell: InteractiveShell) -> None:
    """Close what earlier runs of a cell have made, from now on."""
    shell.events.register("pre_run_cell", _before_run)
    shell.events.register("post_run_cell", partial(_after_run, shell))


def _before_run(_info) -> None:
    # What a callback has made between two runs is no cell's.
    _made.clear()
    _shown.clear()


def _after_run(shell: InteractiveShell, result: ExecutionResult) -> None:
    cell = result.info.cell_id
    if cell is None:
        return
    _old.update(_made_by.get(cell, ()))
    _made_by[cell] = WeakSet(_made)
    _shown_by[cell] = WeakSet(_widgets_in([*_shown, result.result]))
    if not _old:
        return
    hidden = shell.user_ns_hidden  # IPython's own names
    named = [value for name, value in shell.user_ns.items() if name not in hidden]
    shown = [widget for widgets in _shown_by.values() for widget in widgets]
    for widget in _old.difference(_widgets_in([named, shown])):
        _old.remove(widget)
        widget.close()
        # IPython would keep it as Out[12] and _12.
        for names in (shell.user_ns.get("Out", {}), shell.user_ns, hidden):
            for name in [name for name, value in names.items() if value is widget]:
                del names[name]


def _widgets_in(things: Iterable) -> list[Widget]:
    """All widgets in these things: in lists, tuples and dicts, and in other widgets."""
    seen, todo = {}, list(things)
    while todo:
        thing = todo.pop()
        if id(thing) not in seen and isinstance(thing, Widget | dict | list | tuple):
            seen[id(thing)] = thing
            if isinstance(thing, Widget):
                todo.extend(getattr(thing, name) for name in thing.keys)
            else:
                todo.extend(thing.values() if isinstance(thing, dict) else thing)
    return [thing for thing in seen.values() if isinstance(thing, Widget)]


if (shell := get_ipython()) is not None:
    watch(shell)
