"""Options: ``mars_nb.options`` and ``option_context``.

Values are validated when set. An option context changes them for the code inside it only, also when
several threads or asynchronous tasks run at once (it is a context variable); a plain assignment changes
them for everybody.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Option:
    """One option: its default, what values it takes, and what it is for."""

    default: Any
    accepts: Callable[[Any], bool]
    doc: str


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_positive_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_chunk_size(value: Any) -> bool:
    return value is None or _is_positive_int(value) or (isinstance(value, tuple) and all(map(_is_positive_int, value)))


MIB = 2**20
#: In which forms progress can be shown.
VIEWS = ("widget", "html", "text", "plain")

OPTIONS: dict[str, Option] = {
    "eager_mode": Option(False, _is_bool, "execute each object in the default session as soon as it is made"),
    "show_progress": Option(
        "auto",
        lambda v: v == "auto" or _is_bool(v) or v in VIEWS,
        "'auto', True, False, " + ", ".join(map(repr, VIEWS)),
    ),
    "progress_after": Option(0.5, lambda v: isinstance(v, int | float) and v >= 0, "seconds before progress is shown"),
    "chunk_size": Option(None, _is_chunk_size, "items per dimension of a chunk; None: chosen by chunk_bytes"),
    "chunk_bytes": Option(
        8 * MIB,  # measured by benchmarks/chunk_size.py
        _is_positive_int,
        "bytes of a chunk where no chunk_size is given; 8 MiB fit caches, and are enough for what a task costs",
    ),
    "n_threads": Option(
        None, lambda v: v is None or _is_positive_int(v), "threads of a local session; None: all cores"
    ),
    "memory_limit": Option(
        None,
        lambda v: v is None or _is_positive_int(v) or isinstance(v, str),
        "memory of a local session, bytes or text such as '4GiB'; None: 60 % of what there is",
    ),
    "spill_directory": Option(
        None, lambda v: v is None or isinstance(v, str), "where values beyond the limit are kept; None: temporary files"
    ),
    "fetch_limit": Option(
        None,
        lambda v: v is None or _is_positive_int(v) or isinstance(v, str),
        "bytes that a fetch may bring, or text such as '4GiB'; None: a quarter of the free memory",
    ),
    "on_gather": Option(
        "warn",
        lambda v: v in ("warn", "error", "allow"),
        "where an operation has no form for many chunks: 'warn', 'error' before anything runs, 'allow' silently",
    ),
    "engine": Option(
        "auto",
        lambda v: v in ("auto", "columnar", "pandas"),
        "of data frames: 'columnar' (Polars, where it means the same), 'pandas', 'auto': columnar where data is large",
    ),
    "fold_bytes": Option(
        MIB,
        lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= 0,
        "operations on data frames of up to so many bytes together are computed when they are recorded; 0: none are",
    ),
    "keep_intermediates": Option(
        True,
        _is_bool,
        "keep what is computed on the way and has a variable, while memory allows, so that it is not computed again",
    ),
    "traceback": Option(
        "short",
        lambda v: v in ("short", "full"),
        "'short': errors show your own lines and what was computed; 'full': all frames, as %tb does",
    ),
    "warn_duplicated_execution": Option(False, _is_bool, "warn when an object is executed again in a session"),
}


class Options:
    """The options, as attributes.

    Raises
    ------
    AttributeError
        For an unknown option; it names the nearest one.
    ValueError
        For a value that the option does not take.

    Examples
    --------
    >>> from mars_nb.config import options, option_context
    >>> options.eager_mode
    False
    >>> with option_context({"eager_mode": True}):
    ...     options.eager_mode
    True
    """

    # What is set for everybody, and on top of it what is set in this context only.
    _shared: dict[str, Any]
    _local: ContextVar[Mapping[str, Any] | None]

    def __init__(self) -> None:
        object.__setattr__(self, "_shared", {})
        object.__setattr__(self, "_local", ContextVar("mars_nb_options", default=None))

    def __getattr__(self, name: str) -> Any:
        __tracebackhide__ = True
        option = self._option(name)
        local = self._local.get()
        if local is not None and name in local:
            return local[name]
        return self._shared.get(name, option.default)

    def __setattr__(self, name: str, value: Any) -> None:
        __tracebackhide__ = True
        self._check(name, value)
        local = self._local.get()
        if local is None:
            self._shared[name] = value
        else:
            self._local.set({**local, name: value})

    def _option(self, name: str) -> Option:
        __tracebackhide__ = True
        try:
            return OPTIONS[name]
        except KeyError:
            near = difflib.get_close_matches(name, OPTIONS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(OPTIONS)}"
            raise AttributeError(f"unknown option {name!r}{hint}") from None

    def _check(self, name: str, value: Any) -> None:
        __tracebackhide__ = True
        option = self._option(name)
        if not option.accepts(value):
            raise ValueError(f"Cannot set value `{value}` for option {name!r}: {option.doc}")

    def to_dict(self) -> dict[str, Any]:
        """Give all options with their values."""
        return {name: getattr(self, name) for name in OPTIONS}

    def __dir__(self) -> list[str]:
        return [*OPTIONS, "to_dict"]

    def __repr__(self) -> str:
        lines = (f"  {name} = {getattr(self, name)!r}  # {option.doc}" for name, option in OPTIONS.items())
        return "options:\n" + "\n".join(lines)


options = Options()


def option_context(values: Mapping[str, Any] | None = None) -> AbstractContextManager[Options]:
    """Change options for the code inside a ``with`` statement.

    Parameters
    ----------
    values
        Options by name. More can be set on the object that ``with ... as`` gives.

    Examples
    --------
    >>> from mars_nb.config import option_context
    >>> with option_context() as o:
    ...     o.chunk_size = 100
    """
    for name, value in (values or {}).items():
        options._check(name, value)
    return _context(values or {})


@contextmanager
def _context(values: Mapping[str, Any]) -> Iterator[Options]:
    token = options._local.set({**(options._local.get() or {}), **values})
    try:
        yield options
    finally:
        options._local.reset(token)
