"""What moving a session to a cluster does, before it is done: which results are sent, and how much that is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from mars_nb.graph.claims import Claim
from mars_nb.graph.node import Data, Node, Source, ordered
from mars_nb.planner.inputs.nested import graph_of
from mars_nb.planner.inputs.sources import is_generated
from mars_nb.session.backends.memory import bytes_of
from mars_nb.tables import Table
from mars_nb.text import count, size, without_secrets

#: What may be done with results.
HOW = ("auto", "upload", "recompute")


@dataclass(frozen=True)
class Moved:
    """A result that is to be moved.

    Attributes
    ----------
    name
        The user's, or the operation's if there is none.
    kind
        Class of the lazy object.
    how
        ``uploaded`` or ``recomputed``.
    nbytes
        Bytes of the value.
    """

    name: str
    kind: str
    how: str
    nbytes: int


@dataclass(frozen=True)
class Move:
    """What moving a session does.

    Attributes
    ----------
    session
        Its name.
    address
        Where to, without secrets.
    results
        What is moved, oldest first.
    data_nbytes
        Bytes of the user's data that recordings need there.

    Examples
    --------
    >>> Move("etl", "tcp://cluster:8786", (Moved("df", "DataFrame", "uploaded", 2048),), 0)
    moving 1 result of session 'etl' to tcp://cluster:8786: 2.00 kiB uploaded (df)
    result  type       how           bytes
    df      DataFrame  uploaded   2.00 kiB
    """

    session: str
    address: str
    results: tuple[Moved, ...]
    data_nbytes: int

    @property
    def nbytes(self) -> int:
        """Bytes that are sent."""
        return sum(result.nbytes for result in self.results if result.how == "uploaded") + self.data_nbytes

    @property
    def line(self) -> str:
        """The same in a line."""
        uploaded = [result for result in self.results if result.how == "uploaded"]
        recomputed = [result.name for result in self.results if result.how == "recomputed"]
        parts = []
        if uploaded:
            nbytes = sum(result.nbytes for result in uploaded)
            parts.append(f"{size(nbytes)} uploaded ({', '.join(result.name for result in uploaded)})")
        if self.data_nbytes:
            parts.append(f"{size(self.data_nbytes)} of data that they are computed from")
        if recomputed:
            parts.append(f"{len(recomputed)} recomputed ({', '.join(recomputed)})")
        what = f"moving {count(len(self.results), 'result')} of session {self.session!r} to {self.address}"
        return f"{what}: {', '.join(parts)}" if parts else what

    def _table(self) -> Table:
        rows = [[result.name, result.kind, result.how, size(result.nbytes)] for result in self.results]
        return Table(["result", "type", "how", "bytes"], rows, frozenset({"bytes"}), self.line)

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()


class Held(NamedTuple):
    """A result that a session holds.

    Attributes
    ----------
    node, claim
        What was executed, and what keeps the result meanwhile.
    kind, nbytes, name
        See `Moved`.
    """

    node: Node
    claim: Claim
    kind: str
    nbytes: int
    name: str


def is_recomputed(node: Node, results: str) -> bool:
    """Tell whether a result is computed again; what the user gave, or restored, can only be sent."""
    is_given = isinstance(node.op, Source) and graph_of(node) is None
    return not is_given and (results == "recompute" or (results == "auto" and is_generated(node)))


def planned(session: str, address: str, held: Sequence[Held], recomputed: Collection[Node]) -> Move:
    """Tell what moving does.

    Parameters
    ----------
    session
        Its name.
    address
        Where to.
    held
        What there is.
    recomputed
        What of it is computed again.
    """
    # Behind a gateway recordings go along with what is uploaded, so that it can be computed again if it is lost.
    with_data = recomputed if address.startswith(("tcp:", "tls:")) else [item.node for item in held]
    return Move(
        session,
        without_secrets(address),
        tuple(
            Moved(item.name, item.kind, "recomputed" if item.node in recomputed else "uploaded", item.nbytes)
            for item in held
        ),
        _data_nbytes(with_data, {item.node for item in held}),
    )


def _data_nbytes(nodes: Iterable[Node], held: Collection[Node]) -> int:
    """Tell how large the data is that nodes are computed from, without what comes as a result."""
    needed: dict[Node, None] = {}
    for node in nodes:
        needed.update(dict.fromkeys(ordered(node.inputs, held.__contains__)))
    return sum(bytes_of(node.args[0].value) for node in needed if node not in held and is_data(node))


def is_data(node: Node) -> bool:
    """Tell whether a node is data that the user gave and that is in memory."""
    held = node.args[0] if isinstance(node.op, Source) and node.args else None
    return isinstance(held, Data) and isinstance(held.value, np.ndarray | pd.DataFrame | pd.Series | pd.Index)
