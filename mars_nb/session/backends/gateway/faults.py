"""Exceptions as bytes: with their type, the frames of the workers, notes, causes and what else hangs at them."""

from __future__ import annotations

import builtins
import pickle
from collections.abc import Iterator
from typing import Any

import cloudpickle

from mars_nb.session.failures import STORY, add_note, failure_of, text_of


def pack(error: BaseException) -> bytes:
    """Turn an exception into bytes; one that cannot be pickled into those of a plainer one."""
    from tblib import pickling_support  # type: ignore[import-untyped]  # comes with distributed

    pickling_support.install(error, *_led_to(error))
    for candidate in (error, plain(error)):
        try:
            packed: bytes = cloudpickle.dumps(candidate, protocol=5)
            pickle.loads(packed)
        except Exception:  # whatever a class of the user's does
            continue
        return packed
    return pickle.dumps(RuntimeError(text_of(error)))


def unpack(packed: bytes, text: str) -> BaseException:
    """Make the exception again.

    Parameters
    ----------
    packed
        By `pack`.
    text
        What it said, for one whose class is not known here.
    """
    try:
        error: BaseException = pickle.loads(packed)
    except Exception as problem:
        error = RuntimeError(text)
        error.add_note(f"  the exception itself cannot be shown here: {type(problem).__name__}: {problem}")
    _tell_anew(error)
    return error


def _tell_anew(error: BaseException) -> None:
    """Tell where the operation was recorded: only here it is known which cell that was."""
    failure = failure_of(error)
    if failure is not None:
        error.__notes__ = [note for note in getattr(error, "__notes__", ()) if not note.startswith(STORY)]
        add_note(error, failure.story)


def plain(error: BaseException) -> BaseException:
    """Make an exception of Python's own that says the same."""
    base: Any = next(kind for kind in type(error).__mro__ if getattr(builtins, kind.__name__, None) is kind)
    made: BaseException
    try:
        made = base(text_of(error))
    except Exception:  # those of more arguments, such as UnicodeDecodeError
        made = RuntimeError(text_of(error))
    made.__traceback__ = error.__traceback__
    for note in getattr(error, "__notes__", ()):
        made.add_note(str(note))
    if type(made) is not type(error):
        made.add_note(f"  raised as {type(error).__qualname__}, which cannot be sent from the cluster")
    return made


def _led_to(error: BaseException) -> Iterator[BaseException]:
    """Give the causes and contexts of an exception, each once."""
    seen = {id(error)}
    waiting = [error.__cause__, error.__context__]
    while waiting:
        earlier = waiting.pop()
        if earlier is not None and id(earlier) not in seen:
            seen.add(id(earlier))
            waiting += [earlier.__cause__, earlier.__context__]
            yield earlier
