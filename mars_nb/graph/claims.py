"""Who needs a node's value: claims on results, and hands, which tell what the user holds."""

from __future__ import annotations

import weakref
from collections.abc import Callable


class Claim:
    """Keeps the result of one node in the sessions that hold it: when the last claim goes, the result is freed.

    A tileable owns the claim of its node. A tileable that was not executed yet also keeps the claims of its inputs,
    because it will want their results; once executed it lets them go, so that a loop of ``x = x + 1``
    does not pile up every ``x`` there ever was.

    Attributes
    ----------
    key
        Of the node.
    inputs
        Claims of the node's inputs; empty once the node was executed.
    """

    __slots__ = ("__weakref__", "inputs", "key")

    def __init__(self, key: str, inputs: tuple[Claim, ...] = ()) -> None:
        self.key = key
        self.inputs = inputs

    def settle(self) -> None:
        """Let the claims on the inputs go, because the node's own result is there."""
        self.inputs = ()

    def on_release(self, call: Callable[[str], object]) -> None:
        """Call ``call(key)`` when the claim is gone: in whatever thread, at whatever moment."""
        weakref.finalize(self, call, self.key).atexit = False


class Hand:
    """Is alive as long as a tileable of its node is, that is, as long as the user can reach the node.

    A claim may live longer: what was recorded from a tileable keeps its claim.

    Attributes
    ----------
    claim
        Of the node.
    """

    __slots__ = ("__weakref__", "claim")

    def __init__(self, claim: Claim) -> None:
        self.claim = claim


_hands: weakref.WeakValueDictionary[str, Hand] = weakref.WeakValueDictionary()


def hand_of(claim: Claim) -> Hand:
    """Give the hand of a claim's node: all tileables of a node share one."""
    return _hands.setdefault(claim.key, Hand(claim))


def held_by_user(key: str) -> Hand | None:
    """Find the hand of a node by its key, None if the user holds no tileable of it."""
    return _hands.get(key)
