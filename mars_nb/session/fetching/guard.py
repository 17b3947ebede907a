"""The guard of fetches: what would bring more into memory than it may is refused before anything is read.

What is small costs next to nothing: the free memory is asked for from `ALWAYS` on only.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

from dask.utils import format_bytes

from mars_nb.config import options
from mars_nb.errors import FetchTooLarge
from mars_nb.graph.callsite import user_frame
from mars_nb.graph.meta import PandasMeta, TensorMeta
from mars_nb.graph.tileable import Tileable
from mars_nb.session.backends.memory import bytes_given, free
from mars_nb.session.fetching.isolation import call_of, name_of

#: So many bytes are always brought where no limit was set.
ALWAYS = 64 * 2**20
#: What part of the free memory may be brought.
_FREE_PART = 4


def check(wanted: Sequence[Tileable], nbytes: int, limit: int | str | None, session: str | None) -> None:
    """Refuse to bring too much.

    Parameters
    ----------
    wanted
        What is to be brought.
    nbytes
        Bytes of all of it.
    limit
        Bytes or a text such as ``"4GiB"``; ``options.fetch_limit``, or a quarter of the free memory, if not given.
    session
        Name of the session; None for the default one.

    Raises
    ------
    FetchTooLarge
        If it is more than the limit.
    ValueError
        If the limit is none.
    """
    __tracebackhide__ = True
    found, words = options.fetch_limit if limit is None else limit, ""
    if found is not None:
        allowed = bytes_given(found, "limit" if limit is not None else "fetch_limit")
    elif nbytes <= ALWAYS:
        return
    else:
        allowed, words = max(ALWAYS, free() // _FREE_PART), " (a quarter of the free memory)"
    if nbytes > allowed:
        raise _too_large(wanted, nbytes, f"{format_bytes(allowed)}{words}", session)


def _too_large(wanted: Sequence[Tileable], nbytes: int, limit: str, session: str | None) -> FetchTooLarge:
    argument = "" if session is None else f"session=mars_nb.get_session({session!r})"
    frame = user_frame(sys._getframe())
    first = wanted[0]
    called = name_of(first, frame) if len(wanted) == 1 else None
    what = f"`{called}`" if called else first._recorded() if len(wanted) == 1 else f"{len(wanted)} objects"
    enough = _enough(nbytes)
    hints = []
    if called:
        part = {TensorMeta: f"{called}[:5].fetch({argument})", PandasMeta: f"{called}.head().fetch({argument})"}
        if type(first._node.meta) in part:
            hints.append(f"{part[type(first._node.meta)]}  # a part of it")
        more = [", ".join(filter(None, (argument, text))) for text in ("force=True", f"limit={enough!r}")]
        hints += [call_of(first, called, "fetch", text) for text in more]
    hints.append(f"mars_nb.options.fetch_limit = {enough!r}  # for all that fetches, such as np.asarray(x) and plots")
    message = f"fetching {what} would bring about {format_bytes(nbytes)} into memory, more than the limit of {limit}"
    return FetchTooLarge(message, nbytes=nbytes, hints=hints)


def _enough(nbytes: int) -> str:
    """Write down a limit that is enough, in whole units."""
    unit, name = (2**30, "GiB") if nbytes >= 2**30 else (2**20, "MiB")
    return f"{math.ceil(nbytes / unit)}{name}"
