"""Pickled tileables: what was recorded travels, results stay where they are.

A tileable goes as the list of all nodes that it needs, inputs first, so that a recording of any length is pickled
without deep recursion, and tileables that are pickled together go on sharing nodes. What comes back counts as
unexecuted in every session: its nodes get keys of their own, because a key names a value that this process may keep
under another claim.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mars_nb.graph.claims import Claim
from mars_nb.graph.node import Node, new_key, ordered

if TYPE_CHECKING:
    from mars_nb.graph.tileable import Tileable

# Of nodes that came back: tileables of one pickle share the claims of the nodes that they share. Entries are made by
# single dictionary operations, and only for nodes that no other thread knows yet.
_claims: weakref.WeakKeyDictionary[Node, weakref.ref[Claim]] = weakref.WeakKeyDictionary()


def reduced(tileable: Tileable) -> tuple[Any, ...]:
    """Tell pickle how to make a tileable again."""
    return _revived, (type(tileable), ordered([tileable._node]))


def _revived(cls: type[Tileable], nodes: Sequence[Node]) -> Tileable:
    claims: dict[Node, Claim] = {}
    for node in nodes:
        known = _claims.get(node)
        if known is None:
            node.key = new_key()
        claim = known() if known is not None else None
        if claim is None:
            claim = Claim(node.key, tuple(claims[i] for i in node.inputs))
            _claims[node] = weakref.ref(claim)
        claims[node] = claim
    return cls._of(nodes[-1], claims[nodes[-1]])
