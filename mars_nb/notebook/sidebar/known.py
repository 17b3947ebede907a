"""The open sessions, without loading what nobody has needed yet; and the version of this package."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mars_nb.session import Session
    from mars_nb.session.registry import Registry


def registry() -> Registry | None:
    """Give the registry of sessions; None as long as it was not imported: then there are none."""
    return getattr(sys.modules.get("mars_nb.session"), "registry", None)


def sessions() -> list[Session]:
    """List the open sessions."""
    known = registry()
    return [] if known is None else known.sessions()


def default() -> Session | None:
    """Give the default session."""
    known = registry()
    return None if known is None else known.default


def identity(session: Session) -> str:
    """Give the id by which a panel knows a session."""
    return str(session.number)


def find(identity_: str) -> Session | None:
    """Find an open session by its id."""
    return next((session for session in sessions() if identity(session) == identity_), None)


def version() -> str:
    """Tell the version of mars_nb."""
    return str(sys.modules["mars_nb"].__version__)  # an import would point up
