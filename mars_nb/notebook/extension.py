"""The IPython extension: what ``%load_ext mars_nb`` sets up and ``%unload_ext mars_nb`` takes away."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Any

from mars_nb.notebook import alias
from mars_nb.notebook.cells import enter_first_line
from mars_nb.notebook.completion import matcher
from mars_nb.notebook.holders import name_results
from mars_nb.notebook.magics import SessionMagics
from mars_nb.notebook.output import say


def load(ipython: Any) -> None:
    """Set the magics, their completion and the alias ``mars`` up. Harmless when that was done already.

    Parameters
    ----------
    ipython : InteractiveShell
        The running IPython.
    """
    if _registered(ipython) is not None:
        return
    magics = SessionMagics(ipython)
    ipython.register_magics(magics)
    # What is undone is kept by the magics: after a reload of this package its modules know nothing of what was there.
    undo = magics.at_unload
    _put(ipython.Completer.custom_matchers, matcher(ipython), undo)
    _put(ipython.input_transformers_cleanup, enter_first_line, undo)
    for event, call in (
        ("pre_run_cell", magics.cells.begin),
        ("post_run_cell", magics.cells.end),
        ("post_run_cell", partial(name_results, ipython)),
    ):
        ipython.events.register(event, call)
        undo.callback(ipython.events.unregister, event, call)
    undo.callback(magics.cells.leave_all)
    if getattr(ipython, "kernel", None) is not None:
        from mars_nb.notebook.sidebar.comms import Sidebar

        sidebar = Sidebar(ipython)
        sidebar.set_up()
        undo.callback(sidebar.take_down)
    real = alias.install()
    if real is not None:
        say(
            f"mars_nb: there is another module 'mars' ({real}), which is left alone. "
            "Use `import mars_nb`, `import mars_nb.dataframe as md`, `import mars_nb.tensor as mt` instead."
        )


def unload(ipython: Any) -> None:
    """Take everything that `load` set up away. Harmless when there is nothing.

    Parameters
    ----------
    ipython : InteractiveShell
        The running IPython.
    """
    alias.uninstall()
    magics = _registered(ipython)
    if magics is None:
        return
    magics.at_unload.close()
    manager = ipython.magics_manager
    del manager.registry[type(magics).__name__]
    ipython.configurables.remove(magics)
    for functions in manager.magics.values():
        for name in [name for name, function in functions.items() if getattr(function, "__self__", None) is magics]:
            del functions[name]


def _put(those: list[Any], ours: Any, undo: ExitStack) -> None:
    those.append(ours)
    undo.callback(those.remove, ours)


def _registered(ipython: Any) -> Any:
    """Give our magics in that shell, also those of a copy of this module that was replaced by a reload."""
    return ipython.magics_manager.registry.get(SessionMagics.__name__)
