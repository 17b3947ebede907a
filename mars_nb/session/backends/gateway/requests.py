"""Requests to a gateway, from any thread.

Connections are kept and used again; one is used by one thread at a time. A request that meets a connection which the
gateway has closed meanwhile is sent again over a new one: all requests are such that a second time does no harm.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from mars_nb.errors import ClusterLost, ClusterUnavailable, MarsError, SessionClosed

#: Seconds that the gateway may take to answer; a driver that starts takes some.
TIMEOUT_S = 90.0
#: Seconds until a gateway that is not there is taken for lost.
CONNECT_S = 10.0
_KEPT = 4
_PIECE = 1 << 20
#: How often a request is sent again because there were too many at a time.
_TOO_FAST = 20

Body = bytes | memoryview


class Refused(Exception):
    """The gateway's answer was an error.

    Attributes
    ----------
    status
        Of HTTP.
    kind
        The error's code.
    body
        All that it said.
    """

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(body.get("error", http.client.responses.get(status, str(status))))
        self.status = status
        self.kind = str(body.get("kind", ""))
        self.body = body


class Requests:
    """Sends requests.

    Parameters
    ----------
    url
        Of the gateway, with its token.

    Attributes
    ----------
    address
        The same without the token, for people to see.
    closed
        Whether `close` was called.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if secure else 80)
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._place = f"{host}:{self._port}"
        self.address = f"{parts.scheme}://{self._place}"
        self.context = ssl.create_default_context() if secure else None
        self._token = parse_qs(parts.query).get("token", [""])[0]
        self._free: deque[http.client.HTTPConnection] = deque()
        self.closed = False

    def __repr__(self) -> str:
        return f"<Requests to {self.address}>"

    @property
    def headers(self) -> dict[str, str]:
        """What each request has."""
        return {"Authorization": f"Bearer {self._token}"}

    def url(self, path: str, scheme: str = "http") -> str:
        """Give the address of a path; for a websocket, of its scheme."""
        return f"{scheme}{'s' if self.context else ''}://{self._place}{path}"

    def json(self, method: str, path: str, body: Any = None) -> Any:
        """Send and receive JSON; see `send`."""
        return json.loads(self.send(method, path, None if body is None else json.dumps(body).encode()))

    def send(self, method: str, path: str, body: Body | None = None, headers: Mapping[str, str] | None = None) -> bytes:
        """Send a request and give the body of the answer.

        Raises
        ------
        Refused
            If the answer is an error.
        ClusterLost
            If there is none.
        """
        with self.answer(method, path, body, headers) as response:
            return response.read()

    @contextmanager
    def answer(
        self, method: str, path: str, body: Body | None = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        """Send a request, and give the answer to be read; see `send`."""
        for _ in range(_TOO_FAST):
            connection, response = self._ask(method, path, body, {**self.headers, **(headers or {})})
            try:
                if response.status < 400:
                    yield response
                    return
                found = _body_of(response)
            except (OSError, http.client.HTTPException) as error:
                raise self.lost() from error
            finally:
                if response.isclosed() and not self.closed and len(self._free) < _KEPT:
                    self._free.append(connection)
                else:
                    connection.close()
            if found.get("kind") != "too-fast":
                break
            time.sleep(float(found.get("retry_after", 0.5)))
        raise Refused(response.status, found)

    def _ask(
        self, method: str, path: str, body: Body | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        while True:
            connection, is_new = self._connection()
            try:
                if is_new:
                    connection.connect()
                    cast(socket.socket, connection.sock).settimeout(TIMEOUT_S)
                connection.request(method, path, body, headers)
                return connection, connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if is_new:
                    raise self.lost() from error
            except BaseException:  # an interrupt
                connection.close()
                raise

    def _connection(self) -> tuple[http.client.HTTPConnection, bool]:
        try:
            return self._free.pop(), False
        except IndexError:
            pass
        if self.context is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=CONNECT_S, blocksize=_PIECE), True
        return (
            http.client.HTTPSConnection(
                self._host, self._port, timeout=CONNECT_S, blocksize=_PIECE, context=self.context
            ),
            True,
        )

    def close(self) -> None:
        """Close what is not in use."""
        self.closed = True
        while self._free:
            self._free.pop().close()

    def lost(self) -> ClusterLost:
        """Make the error for a gateway that does not answer."""
        return ClusterLost(
            f"the gateway at {self.address} does not answer",
            hints=["mars_nb.new_session()  # a session on this machine, until it is back"],
        )

    def explain(self, error: Refused, session: str | None = None) -> MarsError:
        """Make the error that the user sees of an answer.

        Parameters
        ----------
        error
            The answer.
        session
            Name of the session that it is about.
        """
        hints = [str(hint) for hint in error.body.get("hints", ())]
        if error.status == 401:
            return ClusterUnavailable(f"the gateway at {self.address}: {error}", hints=hints)
        if error.status == 404 and session is not None:
            return gone(session)
        if error.status in (502, 503):
            return ClusterLost(f"the gateway at {self.address}: {error}", hints=hints)
        return MarsError(f"the gateway at {self.address}: {error}", hints=hints)


_REASONS = {
    "expired": "it expired, because nobody used it",
    "stopped": "its driver process was stopped",
    "driver-lost": "its driver process ended, and its results with it",
    "cluster-lost": "the connection to the Dask cluster behind the gateway broke",
    "unauthorized": "the token is not valid any more",
}


def gone(session: str, why: str = "") -> SessionClosed:
    """Make the error for a session that is not there any more."""
    reason = _REASONS.get(why)
    return SessionClosed(
        f"session {session!r} is not on the cluster any more" + (f": {reason}" if reason else ""),
        hints=["mars_nb.new_session(URL)  # another one"],
    )


def _body_of(response: http.client.HTTPResponse) -> dict[str, Any]:
    try:
        found = json.loads(response.read())
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
