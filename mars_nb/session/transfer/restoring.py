"""Saved results in a session again: `restore` gives back what `save` wrote.

What is restored is executed: the session holds it, as chunks that are on disk and are read when they are needed. Its
recording is a source with these chunks, so that any other session can execute it too, and so that it is computed on
like what was saved.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from mars_nb.graph import record
from mars_nb.graph.callsite import capture
from mars_nb.graph.claims import Claim
from mars_nb.graph.meta import Meta, ObjectMeta, PandasMeta, TensorMeta
from mars_nb.graph.tileable import Tileable
from mars_nb.planner.inputs.sources import of_chunks
from mars_nb.session.registry import registry
from mars_nb.session.session import Session
from mars_nb.session.transfer.saving import PathLike, chosen, is_name, told
from mars_nb.storage import OnDisk
from mars_nb.storage.formats import KINDS
from mars_nb.storage.saved import MANIFEST, Damaged, SavedValue, Snapshot


@dataclass(frozen=True, eq=False)
class SavedResult:
    """A result in a snapshot.

    Attributes
    ----------
    names
        Of the variables.
    type
        Name of the lazy object's class.
    shape
        Of the value; empty for what has none.
    nbytes
        Bytes that it takes in memory.
    recorded
        Place and line of the user's code.
    """

    names: tuple[str, ...]
    type: str
    shape: tuple[int, ...]
    nbytes: int
    recorded: tuple[str, str]
    _label: str = field(repr=False)
    _meta: Meta = field(repr=False)
    _chunks: tuple[OnDisk, ...] = field(repr=False)
    _cut: Mapping[str, Any] = field(repr=False)

    def tileable(self, partitions: str) -> Tileable:
        """Make the lazy object; `partitions` begins the names of the ways in which rows are cut."""
        chunks, partition = self._cut["chunks"], self._cut.get("partition")
        node = of_chunks(
            self._chunks,
            None if chunks is None else tuple(map(tuple, chunks)),
            self._label,
            self._meta,
            capture(),
            None if partition is None else f"{partitions}-{partition}",
            tuple(self._cut.get("columns", ())),
        )
        found: Tileable = record.present(node, Claim(node.key), "")
        return found


@dataclass(frozen=True)
class Saved:
    """A snapshot that is whole; see `opened`.

    Attributes
    ----------
    path
        The directory.
    session
        Name of the session that was saved.
    results
        What there is.
    """

    path: Path
    session: str
    results: tuple[SavedResult, ...]

    @property
    def names(self) -> list[str]:
        """Names of the results."""
        return [name for result in self.results for name in result.names]

    def restore(self, session: Session, only: Collection[str] | None = None) -> dict[str, Any]:
        """Let a session hold the results; see `restore`."""
        __tracebackhide__ = True
        wanted = set(self.names if only is None else only)
        missing = wanted.difference(self.names)
        if missing:
            raise ValueError(f"{min(missing)!r} is not in the snapshot; there are {', '.join(self.names)}")
        record.load_front_ends()  # this process may have used none of them yet
        partitions = secrets.token_hex(8)
        found = {result: result.tileable(partitions) for result in self.results if wanted.intersection(result.names)}
        if found:
            session.execute(*found.values(), show_progress=False)
        return {name: found[result] for result in found for name in result.names if name in wanted}


def restore(path: PathLike, *, session: Session | None = None, only: Collection[str] | None = None) -> dict[str, Any]:
    """Give back what `save` wrote, as executed lazy objects.

    All files are checked first, byte by byte: a snapshot that is damaged in any place gives nothing. Values are read
    only when they are needed, chunk by chunk, so the directory must stay. Nothing in it is ever run, so that it may
    come from somebody else.

    Parameters
    ----------
    path
        Of the directory.
    session
        Which is to hold them; the default session if not given, and a new one of the saved name if there is none.
    only
        Names of those that are wanted; all if not given.

    Returns
    -------
    dict
        Executed objects by their names.

    Raises
    ------
    SnapshotError
        If there is no snapshot or it is damaged.
    ValueError
        If there is nothing of a name in `only`.
    """
    __tracebackhide__ = True
    saved = opened(path)
    if session is None and registry.default is None:
        from mars_nb.session.api import new_session

        session = new_session(name=saved.session)
    return saved.restore(chosen(session), only)


def opened(path: PathLike) -> Saved:
    """Check a snapshot and tell what is in it.

    Raises
    ------
    SnapshotError
        If there is none or it is damaged.
    """
    with told("cannot restore", path):
        snapshot = Snapshot(Path(path))
        try:
            content = snapshot.content
            results = tuple(_result(snapshot, given) for given in content["results"])
            name = content["session"]
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise Damaged(f"{MANIFEST} is not understood: {type(error).__name__} {error}") from error
        found = Saved(snapshot.path, name, results)
        if not isinstance(name, str) or not name.strip() or len(set(found.names)) != len(found.names):
            raise Damaged(f"{MANIFEST} is not understood: it gives no session's name, or a name twice")
        return found


def _result(snapshot: Snapshot, given: Any) -> SavedResult:
    names = tuple(given["names"])
    if not names or not all(map(is_name, names)):
        raise Damaged(f"{MANIFEST} has names that are none of variables: {names!r}")
    chunks = tuple(_on_disk(snapshot, chunk, names) for chunk in given["chunks"])
    cut = given["layout"]
    if len(chunks) != math.prod(map(len, cut["chunks"] or ())):
        raise Damaged(f"{MANIFEST} does not list all chunks of {names[0]}")
    return SavedResult(
        names,
        str(given["type"]),
        tuple(given["shape"]),
        sum(chunk.nbytes for chunk in chunks),
        tuple(map(str, given["recorded"] or ("", ""))),  # type: ignore[arg-type]  # two
        str(given["label"]),
        _meta(snapshot, given["meta"]),
        chunks,
        cut,
    )


def _on_disk(snapshot: Snapshot, chunk: Any, names: tuple[str, ...]) -> OnDisk:
    read = partial(_read, snapshot.value(chunk), names[0])
    return OnDisk(read, int(chunk["nbytes"]), (KINDS[chunk["kind"]][0], tuple(chunk["shape"])))


def _read(saved: SavedValue, name: str) -> Any:
    with told(f"a chunk of {name} is no longer in", saved.path.parent):
        return saved.read()


def _meta(snapshot: Snapshot, given: Any) -> Meta:
    sample: Any = None if given["sample"] is None else snapshot.value(given["sample"]).read()
    match given["kind"]:
        case "pandas":
            return PandasMeta(sample, given["rows"], given["open"])
        case "tensor":
            return TensorMeta(tuple(math.nan if length is None else length for length in given["shape"]), sample.dtype)
    return ObjectMeta(None if sample is None else type(sample), sample)
