"""What the user's functions print inside chunk tasks: it lands where it always did, and is kept for ``fetch_log``.

While executions run, ``sys.stdout`` and ``sys.stderr`` are tees. A tee gives everything on to the stream that was
there, and writes a copy into the log that the context variable ``_log`` names. The variable is set while an execution
is submitted; the scheduler copies the context then and runs the chunk tasks in it. So executions that run side by side
do not mix, and what other threads print is not recorded.

Concurrency
-----------
- A `Log` has a lock of its own, held while a text is put in or read.
- ``Tees._lock`` guards the installation: the count of executions that run, and the change of ``sys.stdout`` and
  ``sys.stderr``. Nothing of anybody else's is called with it held. Whoever replaces ``sys.stdout`` meanwhile (pytest,
  IPython's ``%%capture``, ``contextlib.redirect_stdout``) wins: a tee is taken out only if it is still there. One that
  somebody kept and puts back later does no harm, because a tee without a log is transparent; the next execution takes
  it up again.
- The table of a session's logs is written by single dictionary operations, because the garbage collector takes entries
  out in any thread at any moment.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

#: How many characters of one execution are kept: the last ones.
LIMIT = 1 << 20
_PART = 4096  # characters that are put together, because print writes line ends by themselves
_STREAMS = ("stdout", "stderr")


class Log:
    """What one execution printed, or the end of it.

    Parameters
    ----------
    limit
        How many characters are kept.

    Examples
    --------
    >>> log = Log(limit=5)
    >>> log.write("abc")
    >>> log.write("def")
    >>> log.text()
    'bcdef'
    """

    #: Whether the stream gets the text, too.
    passes_on = True

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._parts: deque[str] = deque()
        self._length = 0
        self.submitter: int | None = None  # the thread that plans: what it prints is not a chunk task's

    def write(self, text: str, stream: str = "stdout") -> None:
        """Put a text in, which was written to a stream of that name."""
        text = text[-self._limit :]
        with self._lock:
            if self._parts and len(self._parts[-1]) < _PART:
                self._parts[-1] += text
            else:
                self._parts.append(text)
            self._length += len(text)
            while self._length > self._limit:
                first = self._parts.popleft()
                spare = self._length - self._limit
                if len(first) > spare:
                    self._parts.appendleft(first[spare:])
                self._length -= min(len(first), spare)

    def text(self) -> str:
        """Give what is kept."""
        with self._lock:
            return "".join(self._parts)


_log: ContextVar[Log | None] = ContextVar("mars_nb_log", default=None)


class Logs:
    """The logs of a session, by the keys of the nodes that were executed."""

    def __init__(self) -> None:
        self._logs: dict[str, Log] = {}
        self._last: Log | None = None

    @contextmanager
    def recording(self, keys: Iterable[str]) -> Iterator[None]:
        """Begin a log for these keys; tasks that are submitted inside the block write into it."""
        log = Log()
        log.submitter = threading.get_ident()
        self._logs.update(dict.fromkeys(keys, log))
        self._last = log
        token = _log.set(log)
        try:
            yield
        finally:
            _log.reset(token)
            log.submitter = None

    def put(self, keys: Iterable[str], text: str = "") -> Log:
        """Give the log of what runs elsewhere, with what it printed so far."""
        log = Log()
        log.write(text)
        self._logs.update(dict.fromkeys(keys, log))
        return log

    def text(self, key: str) -> str:
        """Give what was printed for a key so far; empty if nothing was."""
        log = self._logs.get(key)
        return "" if log is None else log.text()

    def last(self) -> str:
        """Give what the execution that began last printed so far."""
        log = self._last
        return "" if log is None else log.text()

    def forget(self, key: str) -> None:
        """Let the log of a key go."""
        self._logs.pop(key, None)

    def clear(self) -> None:
        """Let all go."""
        self._logs.clear()
        self._last = None


class _Tee:
    """A stream that also writes into the log of the execution that prints; else as much that stream as can be."""

    _stream: Any
    _name: str

    def __init__(self, stream: Any, name: str) -> None:
        object.__setattr__(self, "_stream", stream)
        object.__setattr__(self, "_name", name)

    @property  # type: ignore[misc]  # so that isinstance finds the stream's class
    def __class__(self) -> Any:
        return type(self._stream)

    def write(self, text: Any) -> Any:
        log = _log.get()
        if log is None or not isinstance(text, str) or log.submitter == threading.get_ident():
            return self._stream.write(text)
        log.write(text, self._name)
        if not log.passes_on:
            return len(text)
        token = _log.set(None)  # what is behind may end in another tee
        try:
            return self._stream.write(text)
        finally:
            _log.reset(token)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "write":  # IPython puts its own in for the time of a cell, which calls the one that was here
            object.__setattr__(self, name, value)
        else:
            setattr(self._stream, name, value)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._stream)

    def __enter__(self) -> Any:
        return self._stream.__enter__()

    def __exit__(self, *error: object) -> Any:
        return self._stream.__exit__(*error)

    def __repr__(self) -> str:
        return repr(self._stream)


class Tees:
    """Keeps the tees in while an execution runs: one object for each. It may be released more than once."""

    _lock = threading.Lock()
    _running = 0

    def __init__(self) -> None:
        self._held = False

    def acquire(self) -> None:
        """Note that the execution begins."""
        with Tees._lock:
            self._held = True
            Tees._running += 1
            for name in _STREAMS:
                stream = getattr(sys, name)
                if stream is not None and type(stream) is not _Tee:
                    setattr(sys, name, _Tee(stream, name))

    def release(self) -> None:
        """Note that it is over. Harmless if it never began."""
        with Tees._lock:
            if not self._held:
                return
            self._held = False
            Tees._running -= 1
            if not Tees._running:
                for name in _STREAMS:
                    stream = getattr(sys, name)
                    if type(stream) is _Tee:
                        setattr(sys, name, stream._stream)


@contextmanager
def logged(log: Log) -> Iterator[None]:
    """Let what is printed inside the block go into a log."""
    tees = Tees()
    tees.acquire()
    token = _log.set(log)
    try:
        yield
    finally:
        _log.reset(token)
        tees.release()
