"""Lazy numpy and pandas in interactive sessions.

Examples
--------
>>> import mars_nb.dataframe as md
>>> df = md.DataFrame({"a": [1, 2]})
>>> df.a.sum().execute()
3
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from mars_nb import _wiring

if TYPE_CHECKING:
    from mars_nb.config import option_context, options
    from mars_nb.graph.tileable import ExecutableTuple
    from mars_nb.session.api import (
        execute,
        fetch,
        fetch_log,
        get,
        get_default_session,
        get_session,
        new_session,
        stop_server,
    )
    from mars_nb.session.background import background
    from mars_nb.session.failures import Failure
    from mars_nb.session.registry import registry as sessions
    from mars_nb.session.session import Session
    from mars_nb.session.task import Task
    from mars_nb.session.transfer.restoring import restore
    from mars_nb.session.transfer.saving import save

    #: What is known of the chunk task that failed last, None if none did; see `mars_nb.session.failures`.
    last_error: Failure | None

__version__ = "0.1.0"

__all__ = [
    "ExecutableTuple",
    "Session",
    "Task",
    "background",
    "dataframe",
    "errors",
    "execute",
    "fetch",
    "fetch_log",
    "get",
    "get_default_session",
    "get_session",
    "new_session",
    "option_context",
    "options",
    "remote",
    "restore",
    "save",
    "sessions",
    "stop_server",
    "tensor",
]

# Where each public name lives: imported when first used, so that importing the package costs next to nothing.
_HOMES = {
    "ExecutableTuple": "graph.tileable",
    "Session": "session.session",
    "Task": "session.task",
    "background": "session.background",
    "execute": "session.api",
    "fetch": "session.api",
    "fetch_log": "session.api",
    "get": "session.api",
    "get_default_session": "session.api",
    "get_session": "session.api",
    "new_session": "session.api",
    "option_context": "config",
    "options": "config",
    "restore": "session.transfer.restoring",
    "save": "session.transfer.saving",
    "stop_server": "session.api",
}
_MODULES = {"dataframe", "errors", "remote", "tensor"}

_wiring.connect()


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name == "last_error":
        failures = sys.modules.get("mars_nb.session.failures")  # not loaded, so nothing was executed yet
        return None if failures is None else failures.last()
    if name == "sessions":
        value = importlib.import_module("mars_nb.session.registry").registry
    elif name in _HOMES:
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "last_error"])


def load_ipython_extension(ipython: Any) -> None:
    """Set the magics, the alias ``mars`` and the views up: ``%load_ext mars_nb``."""
    from mars_nb.notebook.extension import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Take all that `load_ipython_extension` set up away: ``%unload_ext mars_nb``."""
    from mars_nb.notebook.extension import unload

    unload(ipython)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell ``jupyter-builder develop`` what to link into JupyterLab: what was built of labextension/."""
    return [{"src": "labextension", "dest": "@mars-nb/labextension"}]
