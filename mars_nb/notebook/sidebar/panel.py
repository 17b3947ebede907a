"""One panel: what it was told, and what to tell it next. Pure: no thread, no clock, nothing is sent here."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from mars_nb.notebook.sidebar.messages import CREDIT, Default, Snapshot, State, Update
from mars_nb.notebook.sidebar.patches import diff

if TYPE_CHECKING:
    from mars_nb.notebook.sidebar.messages import Followed, Spans, Watch


class Panel:
    """What the kernel knows of a panel in somebody's browser.

    Parameters
    ----------
    package
        Version of mars_nb.

    Attributes
    ----------
    visible
        Whether it can be seen.
    follows
        The task whose spans it wants, if it does.
    credit
        How many messages it gets without saying anything.

    Examples
    --------
    >>> panel = Panel("0.1.0")
    >>> panel.tell_default("main"), panel.tell_default("main")
    ({'type': 'default', 'name': 'main'}, None)
    >>> panel.watch({"type": "watch", "visible": True})
    >>> state = {"sessions": {}, "default": "", "lazy": {}}
    >>> panel.tell(state, now=0.0)["type"]
    'snapshot'
    >>> panel.tell(dict(state), now=1.0)
    >>> panel.tell({**state, "default": "2"}, now=2.0)
    {'type': 'update', 'number': 1, 'now': 2.0, 'patch': {'default': '2'}}
    """

    def __init__(self, package: str) -> None:
        self.visible = False
        self.follows: Followed | None = None
        self.credit = CREDIT
        self._package = package
        self._number = -1
        self._told: State | None = None  # None: nothing, or nothing that counts any more
        self._asks = False
        self._default: str | None = None

    @property
    def is_lost(self) -> bool:
        """Whether it gets a snapshot next."""
        return self._told is None

    @property
    def listens(self) -> bool:
        """Whether it is to be told of changes."""
        return (self.visible or self._asks) and self.credit > 0

    # --- what it says --------------------------------------------------------------------------------

    def hear(self) -> None:
        """Take note that it said something: there is somebody."""
        self.credit = CREDIT

    def watch(self, message: Watch) -> None:
        """Take note of what can be seen."""
        if message["visible"] and not self.visible:
            self.forget()
        self.visible = message["visible"]
        self.follows = message.get("follow")

    def ask(self) -> None:
        """Take note that it wants a snapshot, be it hidden or not."""
        self.forget()
        self._asks = True

    def forget(self) -> None:
        """Take what it was told for lost: it gets a snapshot next."""
        self._told = None

    # --- what it is told -----------------------------------------------------------------------------

    def tell(self, state: State, now: float, spans: Spans | None = None) -> Snapshot | Update | None:
        """Give the message that it gets, None if there is nothing new.

        Parameters
        ----------
        state
            What there is; must not be changed any more.
        now
            Seconds since the epoch.
        spans
            Those of the task that it follows, if there are new ones.
        """
        before, self._told = self._told, state
        self._asks = False
        default = state["sessions"].get(state["default"])
        self._default = "" if default is None else default["name"]
        if before is None:
            self._count()
            return Snapshot(type="snapshot", number=self._number, package=self._package, now=now, state=state)
        # mypy does not take a TypedDict for a mapping of its own values
        patch = diff(cast(dict[str, object], before), cast(dict[str, object], state))
        if not patch and spans is None:
            return None
        self._count()
        update = Update(type="update", number=self._number, now=now, patch=patch)
        if spans is not None:
            update["spans"] = spans
        return update

    def tell_default(self, name: str) -> Default | None:
        """Give the message that it gets while it is hidden, None if nothing changed.

        Parameters
        ----------
        name
            Of the default session, empty if there is none.
        """
        if name == self._default or self.credit <= 0:
            return None
        self._default = name
        self.credit -= 1
        return Default(type="default", name=name)

    def _count(self) -> None:
        self._number += 1
        self.credit -= 1
