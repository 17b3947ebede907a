"""Writing, recorded and done at once: what `mt.save` and ``df.to_csv`` have in common."""

from __future__ import annotations

from typing import Any

from mars_nb.config import options
from mars_nb.files.writer import Writer
from mars_nb.graph.meta import ObjectMeta
from mars_nb.graph.node import Function
from mars_nb.graph.record import record
from mars_nb.graph.runtime import runtime
from mars_nb.graph.tileable import Object


class Written(Object):
    """The lazy object of something that is written: its value is what pandas's own method gives."""

    __slots__ = ()

    def _ipython_display_(self) -> None:
        """Show nothing at the end of a cell, as pandas's methods that write do; otherwise it would be a None."""
        if runtime().shown(self) is None:  # was not executed here: then it is shown as any lazy object
            raise NotImplementedError


def execute_writing(op: Function, value: Any, writer: Writer, session: Any, prefix: str) -> Any:
    """Record that something is written, and do it.

    Parameters
    ----------
    op, value, writer
        What is called, what is written, and what knows how.
    session
        Where to execute; the default session if None.
    prefix
        Begins the operation's shown name.

    Returns
    -------
    Written
        The lazy object of the writing.
    """
    try:
        recorded = record(op, (value, writer), infer=lambda *_: ObjectMeta(type(None)), prefix=prefix)
        made = Written._of(recorded._node, recorded._claim)
        if not options.eager_mode:
            runtime().execute([made], session, None, {})
    except BaseException:
        writer.give_up()  # at once: a traceback may keep the run's chunk tasks for long
        raise
    return made
