"""A gateway in a thread, with stand-ins for drivers (`gateway_double`), and a client that sends what it is told."""

from __future__ import annotations

import asyncio
import http.client
import json
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mars_nb.gateway.auth import User, hash_token, read_users
from mars_nb.gateway.drivers import Cluster
from mars_nb.gateway.limits import Limits
from mars_nb.gateway.server import Options, Running, run, running

TOKENS = {name: f"{name}-token-{'x' * 30}" for name in ("ann", "bob", "eve", "broken")}
USERS = "\n".join(
    [
        f"ann:{hash_token(TOKENS['ann'])}:sessions=20",
        f"bob:{hash_token(TOKENS['bob'])}:sessions=2",
        f"eve:{hash_token(TOKENS['eve'])}:expires=2020-01-01",
        f"broken:{hash_token(TOKENS['broken'])}",
    ]
)
PATIENCE_S = 20.0


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def kind(self) -> str:
        return self.json["kind"]


class Gateway:
    """A gateway that runs in a thread of its own.

    Parameters
    ----------
    options
        As the gateway takes them.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._ready: threading.Event = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, name="gateway")
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        if self._error is not None:
            self._thread.join()
            raise self._error
        self.port = int(self.running.address.rstrip("/").rpartition(":")[2])

    def _serve(self) -> None:
        async def serve() -> None:
            async with running(self._options) as now:
                self.running: Running = now
                self.loop = asyncio.get_running_loop()
                self._ready.set()
                await now.over.wait()

        try:
            asyncio.run(serve())
        except BaseException as error:
            self._error = error
            self._ready.set()

    def stop(self, *, leave: bool = False) -> None:
        """Stop it, if that was not done yet."""
        if not self._thread.is_alive():
            return

        def over() -> None:
            self.running.leave = leave
            self.running.over.set()

        self.loop.call_soon_threadsafe(over)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        if self._error is not None:
            raise self._error

    def call(self, function: Callable[[], Any]) -> Any:
        """Call a function on the gateway's thread."""

        async def run() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(PATIENCE_S)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        user: str | None = "ann",
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request; a body that is not bytes is sent as JSON."""
        sent = dict(headers or {})
        if user is not None or token is not None:
            sent.setdefault("Authorization", f"Bearer {token or TOKENS[user or '']}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def new_session(self, name: str | None = None, user: str = "ann") -> str:
        answer = self.request("POST", "/api/v1/sessions", {"name": name}, user=user)
        assert answer.status == 200, answer.body
        return answer.json["id"]

    def login(self, user: str = "ann") -> tuple[str, str]:
        """Log a browser in; give its cookie and its XSRF text."""
        answer = self.request("GET", f"/login?token={TOKENS[user]}", user=None)
        assert answer.status == 303
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        state = self.request("GET", "/api/v1/login", user=None, headers={"Cookie": cookie})
        return cookie, state.json["xsrf"]


def make_options(**changes: Any) -> Options:
    usual = Options(lambda: read_users(USERS), port=0, cluster=Cluster("tcp://127.0.0.1:1"), driver="gateway_double")
    return replace(usual, **changes)


def one_user(name: str = "ann", **options: Any) -> Callable[[], dict[str, User]]:
    """Give what reads one user."""
    return lambda: {hash_token(TOKENS[name]): User(name, **options)}


if __name__ == "__main__":  # a process of its own, with the users above, that lets as much through as comes
    limits = Limits(rate=1e6, burst=10**6)
    sys.exit(asyncio.run(run(make_options(limits=limits), lambda address: print(address, flush=True))))
