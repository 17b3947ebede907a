"""Puts the rooms together: what the inner ones need of the outer ones, without knowing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mars_nb.graph.runtime import Runtime
    from mars_nb.session.task import Task

_runtime: Runtime | None = None


def connect() -> None:
    """Let tileables find their sessions, tasks their progress and errors their renderer. Imports nothing heavy."""
    from mars_nb import errors
    from mars_nb.graph import mistakes, record, runtime

    runtime.install(_sessions)
    runtime.on_task = _show_progress
    mistakes.tell = errors.draw_shortly
    errors.render = _render
    record.load_front_ends = _load_front_ends


def _sessions() -> Runtime:
    global _runtime
    if _runtime is None:
        from mars_nb.session.api import SessionRuntime

        _runtime = SessionRuntime()
    return _runtime


def _load_front_ends() -> None:
    import mars_nb.dataframe
    import mars_nb.tensor  # noqa: F401  # they register their kinds


def _show_progress(task: Task, wish: Any) -> None:
    from mars_nb.notebook.progress import follow

    follow(task, wish)


def _render(error: BaseException) -> list[str]:
    from mars_nb.notebook.tracebacks import show

    return show(error)
