"""A session behind a gateway: a session that other processes may find again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mars_nb.session.backends.gateway.backend import GatewayBackend
from mars_nb.session.session import Session

if TYPE_CHECKING:
    from mars_nb.session.backends.gateway.run import Event
    from mars_nb.session.registry import Registry


class GatewaySession(Session):
    """A session behind a gateway. Made by `mars_nb.new_session`.

    It does not end with this process: it stays, with its results, until it is closed or nobody used it for a time, and
    ``new_session(url, name=...)`` finds it again.
    """

    _backend: GatewayBackend

    def __init__(self, backend: GatewayBackend, registry: Registry, name: str, facts: Mapping[str, Any]) -> None:
        super().__init__(backend, registry, name, str(facts["id"]))
        backend.on_event = self._hear
        backend.start()

    def rename(self, name: str) -> Session:
        """Give the session another name; see `Session.rename`."""
        self._check_open()
        self._backend.ask("PATCH", body={"name": name})
        return super().rename(name)

    @property
    def expires_in(self) -> float:
        """Seconds after which the session ends if nobody uses it."""
        self._check_open()
        found = self._backend.requests.json("GET", "/api/v1/sessions")
        return float(next(facts["expires_in"] for facts in found if facts["id"] == self.session_id))

    def extend(self, seconds: float) -> float:
        """Let the session live for at least so many seconds from now, even if nobody uses it.

        Returns
        -------
        float
            Seconds that are left.
        """
        self._check_open()
        return float(self._backend.ask("POST", "/extend", {"seconds": seconds})["expires_in"])

    def detach(self) -> None:
        """Leave the session as it is: what runs goes on, and ``new_session(url, name=...)`` finds it again."""
        if self._end():
            self._backend.detach()  # first: what is cancelled here goes on there
            self._cancel_all()
            self._executor.close()

    _leave = detach

    def _hear(self, event: Event) -> None:
        pass
