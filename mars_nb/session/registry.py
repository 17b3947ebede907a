"""All open sessions, and which of them is the default."""

from __future__ import annotations

import difflib
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mars_nb.errors import UnknownSession
from mars_nb.graph import runtime
from mars_nb.session import pages
from mars_nb.session.session import Session
from mars_nb.session.task import Task


class Registry(Mapping[str, Session]):
    """The open sessions by name, oldest first. One lock guards it; nothing of anybody else's is called with it held."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._sessions: dict[str, Session] = {}
        self._default: Session | None = None
        self._numbers = itertools.count(1)

    # --- a mapping -----------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Session:
        with self._lock:
            if name in self._sessions:
                return self._sessions[name]
            names = list(self._sessions)
        raise UnknownSession(_unknown(name, names), hints=["mars_nb.sessions  # the open sessions"])

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(list(self._sessions))

    def __len__(self) -> int:
        return len(self._sessions)

    def __repr__(self) -> str:
        sessions = self.sessions()
        return "\n".join(map(repr, sessions)) if sessions else "no open sessions"

    def _repr_html_(self) -> str:
        return pages.as_html(self, lambda: pages.listing(self.sessions()))

    def sessions(self) -> list[Session]:
        """List the open sessions, oldest first."""
        with self._lock:
            return list(self._sessions.values())

    # --- changes -------------------------------------------------------------------------------------

    @property
    def default(self) -> Session | None:
        """The default session, None if there is none."""
        return self._default

    def set_default(self, session: Session | None) -> None:
        """Make an open session the default."""
        with self._lock:
            self._default = session
        self.tell(None)

    def add(self, make: Callable[[str], Session], name: str | None, default: bool) -> tuple[Session, bool]:
        """Give the open session of that name, or make one.

        Parameters
        ----------
        make
            Makes a session of a given name. Must be quick: it is called with the lock held, so that a name is given
            once.
        name
            A free name is chosen if not given.
        default
            Whether it becomes the default session.

        Returns
        -------
        tuple
            The session, and whether it was made.
        """
        with self._lock:
            found = self._add(make, name, default)
        self.tell(None)
        return found

    def ensure_default(self, make: Callable[[str], Session]) -> tuple[Session, bool]:
        """Give the default session, or make one; tells whether it was made."""
        with self._lock:
            if self._default is not None:
                return self._default, False
            found = self._add(make, None, default=True)
        self.tell(None)
        return found

    def _add(self, make: Callable[[str], Session], name: str | None, default: bool) -> tuple[Session, bool]:
        made = name is None or name not in self._sessions
        if name is None:
            free = (f"session-{number}" for number in self._numbers)
            name = next(candidate for candidate in free if candidate not in self._sessions)
        session = self._sessions.setdefault(name, make(name)) if made else self._sessions[name]
        if default:
            self._default = session
        return session, made

    def rename(self, session: Session, name: str) -> None:
        """Give an open session another name, which no other may have. It keeps its place."""
        check_name(name)
        with self._lock:
            if self._sessions.get(name, session) is not session:
                raise ValueError(f"there is an open session {name!r} already")
            self._sessions = {name if s is session else old: s for old, s in self._sessions.items()}
            session.name = name
        self.tell(None)

    def replace(self, old: Session, new: Session) -> None:
        """Let an open session take the place of another: its name, and whether it is the default.

        Raises
        ------
        UnknownSession
            If the other is not open.
        """
        with self._lock:
            if self[old.name] is not old:
                raise UnknownSession(f"session {old.name!r} is another one now")
            others = {name: s for name, s in self._sessions.items() if s is not new}
            self._sessions = {name: new if s is old else s for name, s in others.items()}
            new.name = old.name
            if self._default is old:
                self._default = new
        self.tell(None)

    def remove(self, session: Session) -> None:
        """Forget a closed session. The default stays unless it was this one."""
        with self._lock:
            if self._sessions.get(session.name) is session:
                del self._sessions[session.name]
            if self._default is session:
                self._default = None
        self.tell(None)

    # --- who is told ---------------------------------------------------------------------------------

    def tell(self, session: Session | None) -> None:
        """Tell of a change in a session, or (None) of which sessions there are, their names and the default."""
        on_change = runtime.on_change
        if on_change is not None:
            on_change(session)

    def notify(self, task: Task, progress: Any) -> None:
        """Tell of a task that was started, with the wish for progress (True or "auto")."""
        if runtime.on_task is not None:
            runtime.on_task(task, progress)


def check_name(name: Any) -> None:
    """Refuse what cannot be a session's name by a ``ValueError``."""
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"a session's name is a text that is not empty, got {name!r}")


def _unknown(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"no session named {name!r}; did you mean {near[0]!r}?"
    return f"no session named {name!r}; open are: {', '.join(map(repr, names)) or 'none'}"


registry = Registry()
