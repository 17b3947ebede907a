"""Views of a running task.

A view is drawn and finished under the lock of its `mars_nb.notebook.progress.Follower`: never by two threads at once,
but by different ones. `TextView` has a lock besides: all text views of a process share one line of the terminal.
"""

from __future__ import annotations

import shutil
import sys
import threading
import uuid
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from mars_nb.notebook import drawing, markup
from mars_nb.notebook.output import show

if TYPE_CHECKING:
    from mars_nb.session import Snapshot


class View(Protocol):
    """Shows one task.

    Attributes
    ----------
    period
        Seconds between two drawings.
    after
        Seconds that a task may take without being shown, where ``options.progress_after`` is not more.
    """

    period: float
    after: float

    def draw(self, snapshot: Snapshot) -> None:
        """Show how a running task stands."""

    def finish(self, snapshot: Snapshot) -> None:
        """Show how the task ended. Called once, maybe without any `draw` before."""


class HtmlView:
    """A block of HTML in the cell, drawn anew when something changed.

    It lives in the notebook's page and file, not in the kernel, so it is never dead: at the end it is a summary, and
    if the kernel dies it stays as it was drawn last.

    It bears a mark for the front end's extension of ours, which says how the task stands, too.

    Parameters
    ----------
    cell
        Id of the cell in the notebook, where that is known. A page that was reloaded in mid-run does not know the
        display any more; with the id the extension finds its place.
    """

    period = 0.25
    after = 0.0

    def __init__(self, cell: str | None = None) -> None:
        self._id = uuid.uuid4().hex
        self._mark = {"progress": self._id} if cell is None else {"cell_id": cell, "progress": self._id}
        self._shown: dict[str, Any] = {}

    def draw(self, snapshot: Snapshot) -> None:
        """Show how the task stands."""
        self._show(snapshot, markup.bundle(snapshot))

    def finish(self, snapshot: Snapshot) -> None:
        """Leave a summary."""
        self._show(snapshot, markup.bundle(snapshot))

    def _show(self, snapshot: Snapshot, bundle: dict[str, Any]) -> None:
        if bundle != self._shown:
            known, self._shown = bool(self._shown), bundle
            stands = {"session": snapshot.session, "fraction": round(snapshot.fraction, 2), "state": snapshot.state}
            metadata = {"mars_nb": {**self._mark, **stands}}
            show(bundle, raw=True, metadata=metadata, display_id=self._id, update=known)


class WidgetView(HtmlView):
    """The same block in a widget while the task runs, for front ends that take widgets but no updates of displays.

    The widget is only pushed to: its messages to the kernel would wait until the cell is over.
    """

    def __init__(self, cell: str | None = None) -> None:
        super().__init__(cell)
        self._widget: Any = None

    def draw(self, snapshot: Snapshot) -> None:
        """Show how the task stands."""
        bundle = markup.bundle(snapshot)
        if self._widget is not None:
            self._widget.value = bundle["text/html"]  # sends nothing if it is the same
            return
        import ipywidgets

        self._widget = ipywidgets.HTML(bundle["text/html"])
        # The static forms go along for front ends without widgets.
        self._show(snapshot, {**self._widget._repr_mimebundle_(), **bundle})

    def finish(self, snapshot: Snapshot) -> None:
        """Put the summary in the place of the widget, and let go of it."""
        super().finish(snapshot)
        widget, self._widget = self._widget, None
        if widget is not None:
            for part in (widget.style, widget.layout, widget):
                part.close()


class TextView:
    """A line of text that is drawn over itself.

    Several tasks at once share the line: it shows the oldest, and how many there are besides. Each leaves a last line.
    """

    period = 0.1
    after = 0.0
    _lock = threading.RLock()
    _running: ClassVar[list[TextView]] = []
    _line: ClassVar[str] = ""  # what stands there

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def draw(self, snapshot: Snapshot) -> None:
        """Show how the task stands, if it is the oldest."""
        with self._lock:
            running = TextView._running
            if self not in running:
                running.append(self)
            if running[0] is self:
                self._write(drawing.line(snapshot, shutil.get_terminal_size().columns, len(running) - 1), "")

    def finish(self, snapshot: Snapshot) -> None:
        """Leave a last line."""
        with self._lock:
            if self in TextView._running:
                TextView._running.remove(self)
            self._write(drawing.line(snapshot, shutil.get_terminal_size().columns), "\n")

    def _write(self, text: str, end: str) -> None:
        if text == TextView._line and not end:
            return
        padded = text.ljust(len(TextView._line))
        TextView._line = "" if end else text
        try:
            self._stream.write(f"\r{padded}{end}")
            self._stream.flush()
        except (OSError, ValueError):  # closed: the line is nobody's any more
            TextView._running.clear()
            raise


class PlainView:
    """Lines on standard error, as in a log: when the task is first shown, every ten seconds, and at the end.

    Parameters
    ----------
    after
        Seconds that a task may take without being shown.
    """

    period = 10.0

    def __init__(self, after: float = 0.0) -> None:
        self.after = after

    def draw(self, snapshot: Snapshot) -> None:
        """Write a line."""
        print(drawing.log_line(snapshot), file=sys.stderr, flush=True)  # noqa: T201

    finish = draw
