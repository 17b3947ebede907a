"""Executed results that outlive the process: `save` writes them to a directory.

It goes chunk by chunk, so it takes the memory of a few chunks. How values become files stands in
`mars_nb.storage.formats`, how files become a snapshot in `mars_nb.storage.saved`, and how both become results again in
`mars_nb.session.transfer.restoring`.
"""

from __future__ import annotations

import contextlib
import keyword
import math
import platform
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from mars_nb.errors import MarsError, NoSession, SessionWarning, SnapshotError
from mars_nb.graph.meta import Meta, ObjectMeta, PandasMeta, TensorMeta
from mars_nb.graph.tileable import Tileable
from mars_nb.planner.layout import Grid, Layout, Rows, Single, described
from mars_nb.session.backends.memory import bytes_of
from mars_nb.session.for_dask.collections import lazy_objects
from mars_nb.session.registry import registry
from mars_nb.session.session import Session
from mars_nb.storage.plain import NotExact
from mars_nb.storage.saved import Damaged, Writer

PathLike = str | Path


def is_name(name: Any) -> bool:
    """Tell whether results may be saved and bound under a name: that of a variable, not a hidden one."""
    return isinstance(name, str) and name.isidentifier() and not name.startswith("_") and not keyword.iskeyword(name)


@contextlib.contextmanager
def told(what: str, path: PathLike) -> Iterator[None]:
    """Say of an error what was being done, and to which directory."""
    try:
        yield
    except MarsError:
        raise
    except FileExistsError as error:
        hints = (
            ["overwrite=True, or --overwrite: replaces it once the new one is complete"]
            if "snapshot of" in str(error)
            else []
        )
        raise SnapshotError(f"{what} {str(path)!r}: {error}", hints=hints) from None
    except OSError as error:
        raise SnapshotError(f"{what} {str(path)!r}: {error.strerror or error}") from error
    except Damaged as error:
        raise SnapshotError(f"{what} {str(path)!r}: {error}") from error


@dataclass(frozen=True)
class Report:
    """What `write` did.

    Attributes
    ----------
    path
        The directory.
    names
        What was saved.
    refused
        What was not, with the reason.
    nbytes
        Bytes of the files.
    """

    path: Path
    names: tuple[str, ...]
    refused: Mapping[str, str]
    nbytes: int


def save(
    path: PathLike, results: Mapping[str, Any], *, session: Session | None = None, overwrite: bool = False
) -> Report:
    """Save executed results to a directory, from which `restore` gives them back in another process.

    Nothing is pickled. What would not come back exactly as it is, is not saved; a warning says what and why.
    The directory is there only when all is written.

    Parameters
    ----------
    path
        Of the directory.
    results
        Executed objects by the names that they are to have.
    session
        Where they were executed; the default session if not given.
    overwrite
        Replace a snapshot that is there, once the new one is complete.

    Returns
    -------
    Report
        What was saved.

    Raises
    ------
    SnapshotError
        If the directory is there already or cannot be written, or if nothing can be saved.
    ValueError
        If a name is none of a variable, or an object was not executed in the session.

    Examples
    --------
    >>> import tempfile, mars_nb, mars_nb.dataframe as md
    >>> place = tempfile.TemporaryDirectory()
    >>> df = md.DataFrame({"a": [1, 2]}).execute()
    >>> mars_nb.save(place.name + "/results", {"df": df}).names
    ('df',)
    >>> mars_nb.restore(place.name + "/results")["df"].fetch()
       a
    0  1
    1  2
    >>> place.cleanup()
    """
    report = write(path, results, chosen(session), overwrite)
    for name, reason in report.refused.items():
        warnings.warn(f"{name} was not saved: {reason}", SessionWarning, stacklevel=2)
    return report


def chosen(session: Session | None) -> Session:
    """Give the session, or the default one."""
    found = registry.default if session is None else session
    if found is None:
        raise NoSession("No session found", hints=["mars_nb.execute(...)  # creates a local session"])
    return found


def write(path: PathLike, results: Mapping[str, Any], session: Session, overwrite: bool = False) -> Report:
    """Save results, and tell what could not be saved instead of warning; see `save`."""
    by_key: dict[str, tuple[Tileable, list[str]]] = {}
    for name, value in results.items():
        tileable = _checked(name, value, session)
        by_key.setdefault(tileable.key, (tileable, []))[1].append(name)
    written: list[dict[str, Any]] = []
    refused: dict[str, str] = {}
    partitions: dict[str, int] = {}
    with told("cannot save to", path), Writer(Path(path), overwrite) as writer:
        for tileable, names in by_key.values():
            try:
                written.append({"names": names, **_written(writer, tileable, session, partitions)})
            except NotExact as error:
                refused |= dict.fromkeys(names, str(error))
        if not written:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in refused.items())
            raise SnapshotError(
                f"there is nothing to save in session {session.name!r}" + f" ({reasons})" * bool(reasons)
            )
        packages = {name: version(name) for name in ("mars_nb", "pandas", "numpy", "pyarrow")}
        writer.finish(
            {
                "session": session.name,
                "saved_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "versions": {"python": platform.python_version(), **packages},
                "results": written,
            }
        )
    return Report(writer.path, tuple(name for result in written for name in result["names"]), refused, writer.nbytes)


def _checked(name: Any, value: Any, session: Session) -> Tileable:
    if not is_name(name):
        raise ValueError(f"results are saved under names of variables, got {name!r}")
    (tileable,) = lazy_objects([value], optimize=False)
    if session._layout(tileable.key) is None:
        raise ValueError(f"{name} was not executed in session {session.name!r}; {name}.execute() does that")
    return tileable


def _written(writer: Writer, tileable: Tileable, session: Session, partitions: dict[str, int]) -> dict[str, Any]:
    """Write the chunks of a result, one at a time, and describe it."""
    node = tileable._node
    layout = session._layout(node.key)
    if layout is None:
        raise NotExact("it was freed in the meantime")
    chunks = []
    for key in layout.keys:
        try:
            (chunk,) = session._backend.read(node.key, [key])
        except KeyError:
            raise NotExact("it was freed in the meantime") from None
        chunks.append({**writer.add(chunk), "nbytes": bytes_of(chunk), "shape": described(chunk)[1]})
    return {
        "type": type(tileable).__name__,
        "label": node.label,
        "recorded": None if node.site is None else [node.site.place, node.site.source],
        "shape": layout.shape,
        "nbytes": sum(chunk["nbytes"] for chunk in chunks),
        "layout": _cut(layout, partitions),
        "meta": _known(writer, node.meta),
        "chunks": chunks,
    }


def _cut(layout: Layout, partitions: dict[str, int]) -> dict[str, Any]:
    """Describe how a result is cut; rows that are cut in the same way have the same number."""
    match layout:
        case Rows(partition=partition, lengths=lengths, columns=columns):
            return {
                "chunks": [lengths],
                "partition": partitions.setdefault(partition, len(partitions)),
                "columns": columns,
            }
        case Grid(nsplits=nsplits):
            return {"chunks": [list(map(int, lengths)) for lengths in nsplits]}
        case Single():
            return {"chunks": None}
    raise NotExact("it was computed for a Dask collection, which cannot be restored")


def _known(writer: Writer, meta: Meta) -> dict[str, Any]:
    """Describe what is known of a value without reading it."""
    match meta:
        case PandasMeta(sample=sample, rows=rows, open=open_):
            return {"kind": "pandas", "sample": writer.add(sample), "rows": rows, "open": open_}
        case TensorMeta(shape=shape, dtype=dtype):
            lengths = [None if math.isnan(length) else length for length in shape]
            return {"kind": "tensor", "sample": writer.add(np.empty(0, dtype)), "shape": lengths}
        case ObjectMeta(sample=sample) if sample is not None:
            return {"kind": "object", "sample": writer.add(sample)}
    return {"kind": "object", "sample": None}
