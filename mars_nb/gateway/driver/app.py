"""The routes of a driver. The gateway has checked who asks, and what names and sizes are asked for."""

from __future__ import annotations

import asyncio
import hmac
import json
import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar, cast

from tornado import web
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from mars_nb.errors import ClusterLost
from mars_nb.gateway.driver.driver import Driver, TooMany
from mars_nb.gateway.driver.hosted import Hosted
from mars_nb.gateway.driver.runs import Event
from mars_nb.gateway.driver.table import Entry
from mars_nb.gateway.driver.uploads import Incoming, WrongDigest
from mars_nb.gateway.refused import Refused, no_session
from mars_nb.gateway.upstream import SECRET
from mars_nb.session.backends.gateway import recordings
from mars_nb.storage import frames

T = TypeVar("T")

_SMALL = 4096
#: Length of a frame in the answer to ``read``.
FRAME = struct.Struct("<Q")
#: The closing code of a stream whose session is not there any more.
NO_SESSION = 4404
_PING_S = 10.0


_TOO_MANY = {
    "sessions": ("you have as many sessions as you may", "mars_nb.sessions  # close one"),
    "runs": ("as many executions run in this session as may at a time", "wait for one, or cancel one"),
    "bytes": ("your results take as many bytes as they may", "del ...  # results that are not needed any more"),
}


def too_many(error: TooMany) -> Refused:
    """Say of what there are too many."""
    what = str(error)
    text, hint = _TOO_MANY[what]
    return Refused(429, f"too-many-{what}", text, [hint])


class Base(web.RequestHandler):
    """What all handlers share.

    Attributes
    ----------
    driver
        The driver.
    """

    driver: Driver

    def initialize(self, driver: Driver) -> None:
        """Take the driver (called by tornado)."""
        self.driver = driver

    def prepare(self) -> None:
        """Let nobody in but the gateway (called by tornado)."""
        told = self.request.headers.get(SECRET, "")
        if not hmac.compare_digest(told.encode(), self.driver.settings["secret"].encode()):
            raise Refused(403, "forbidden", "this is the gateway's")

    def find(self, id_: str, *, use: bool = True) -> Entry[Hosted]:
        """Find a session."""
        entry = self.driver.table.get(id_)
        if entry is None:
            raise no_session()
        if use:
            self.driver.table.use(entry)
        return entry

    async def apart(self, call: Callable[[], T]) -> T:
        """Call what asks the cluster, on a thread that may wait."""
        try:
            return await self.driver.loop.run_in_executor(self.driver.pool, call)
        except ClusterLost as error:
            raise Refused(503, "cluster-lost", str(error), error.hints) from None

    def json(self) -> Any:
        """Give the request's body."""
        try:
            return json.loads(self.request.body or b"{}")
        except ValueError:
            raise Refused(400, "bad-request", "the body is not JSON") from None

    def answer(self, body: Any, status: int = 200) -> None:
        """Answer with JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(body))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Tell of an error (called by tornado)."""
        error = kwargs["exc_info"][1]
        if isinstance(error, Refused):
            self.answer(error.body, status_code)
        else:
            self.answer({"error": self._reason, "kind": "driver-error", "hints": []}, status_code)


class Ping(Base):
    """Is it there, and whose is it."""

    def get(self) -> None:
        """Tell."""
        self.answer({"ok": True, "user": self.driver.settings["user"]})


class Shutdown(Base):
    """The end."""

    def post(self) -> None:
        """End."""
        self.answer({})
        self.driver.ended.set()


class Info(Base):
    """What the driver is."""

    async def get(self) -> None:
        """Tell."""
        self.answer(await self.apart(self.driver.info))


class Workers(Base):
    """What the workers are and do."""

    async def get(self) -> None:
        """Tell."""
        self.answer({"workers": await self.apart(self.driver.workers)})


class Sessions(Base):
    """All sessions."""

    def get(self) -> None:
        """List them."""
        self.answer([self.driver.describe(entry) for entry in self.driver.table.all()])

    def post(self) -> None:
        """Open one, or attach to one."""
        wish = self.json()
        name = wish.get("name")
        if self.driver.is_lost:
            text = "the connection to the Dask cluster broke"
            raise Refused(503, "cluster-lost", text, ["mars_nb.new_session(URL)  # in a few seconds"])
        try:
            entry, existing = self.driver.open(name, wish.get("new", True))
        except TooMany as error:
            raise too_many(error) from None
        if entry is None:
            raise Refused(404, "not-found", f"there is no session named {name!r}")
        entry.attached += 1
        entry.notebook, entry.kernel = wish.get("notebook") or "", wish.get("kernel") or ""
        self.driver.table.use(entry)
        facts = self.driver.describe(entry)
        more = {
            "existing": existing,
            "attached": entry.attached,
            "seq": entry.content.journal.last,
            "runs": [run.snapshot() for run in entry.content.running if run.wanted],
        }
        self.answer({**facts, **more, **entry.content.cluster()}, 200 if existing else 201)


class Session(Base):
    """One session."""

    def delete(self, id_: str) -> None:
        """End it."""
        self.driver.close(self.find(id_))
        self.answer({})

    def patch(self, id_: str) -> None:
        """Name it anew."""
        entry = self.find(id_)
        name = self.json()["name"]
        if self.driver.table.named(name) not in (None, entry):
            raise Refused(409, "name-taken", f"there is a session {name!r} already")
        entry.name = name
        entry.content.tell({"event": "session", "name": name})
        self.answer(self.driver.describe(entry))


class Extend(Base):
    """The time that is left to a session."""

    def post(self, id_: str) -> None:
        """Let it live longer."""
        entry = self.find(id_)
        self.driver.table.extend(entry, float(self.json()["seconds"]))
        left = self.driver.table.left(entry)
        entry.content.tell({"event": "session", "expires_in": left})
        self.answer({"expires_in": left})


@web.stream_request_body
class Upload(Base):
    """A large buffer."""

    _incoming: Incoming | None = None

    def prepare(self) -> None:
        """Begin to take it (called by tornado)."""
        super().prepare()
        id_, _ = self.path_args
        self.find(id_)
        if self.request.method == "PUT":
            self._incoming = self.driver.uploads.begin()

    def data_received(self, chunk: bytes) -> None:
        """Take a piece (called by tornado)."""
        if self._incoming is not None:
            self._incoming.write(chunk)

    def head(self, id_: str, digest: str) -> None:
        """Tell whether it is there."""
        self.set_status(200 if digest in self.driver.uploads else 404)
        self.finish()

    def put(self, id_: str, digest: str) -> None:
        """Keep it."""
        assert self._incoming is not None
        try:
            self.driver.uploads.add(digest, self._incoming.mapped(digest))
        except (WrongDigest, ValueError):
            raise Refused(400, "bad-request", "the content is not what its name says") from None
        self.answer({})

    def on_finish(self) -> None:
        """Let a half go (called by tornado)."""
        if self._incoming is not None:
            self._incoming.close()

    on_connection_close = on_finish


class Runs(Base):
    """Executions."""

    def post(self, id_: str) -> None:
        """Start one. The same number again starts nothing: its end is told again if it is over."""
        entry = self.find(id_)
        hosted, number = entry.content, int(self.request.headers["X-Run"])
        run = hosted.runs.get(number)
        if run is not None:
            if run.final is not None:
                hosted.tell(run.final)
            self.answer({}, 202)
            return
        try:
            envelope = recordings.opened(self.request.body)
        except ValueError as error:
            raise Refused(400, "bad-request", str(error)) from None
        needed = [*envelope.uploads, *([envelope.pickle] if envelope.pickle else [])]
        uploads = [digest for digest in dict.fromkeys(needed) if digest not in self.driver.uploads]
        nodes = hosted.missing(envelope)
        if nodes or uploads:
            raise Refused(409, "missing", "this was not sent", nodes=nodes, uploads=uploads)
        try:
            self.driver.check_room(entry)
        except TooMany as error:
            raise too_many(error) from None
        buffers = self.driver.uploads.get(envelope.uploads)
        if envelope.pickle:
            (stream,) = self.driver.uploads.get([envelope.pickle])
            envelope = envelope.with_stream(memoryview(stream))
        known = hosted.known(envelope)
        self.driver.pool.submit(hosted.begin(number).carry_out, envelope, known, buffers)
        self.answer({}, 202)


class Run(Base):
    """One execution."""

    def delete(self, id_: str, number: str) -> None:
        """Cancel it."""
        self.find(id_).content.cancel(int(number))
        self.answer({})


class Results(Base):
    """Results."""

    async def get(self, id_: str) -> None:
        """List them."""
        self.answer(await self.apart(self.find(id_).content.lister()))


class Result(Base):
    """One result."""

    def delete(self, id_: str, key: str) -> None:
        """Let it go."""
        self.find(id_).content.release([key])
        self.answer({})


class Release(Base):
    """Results that are not needed any more."""

    def post(self, id_: str) -> None:
        """Let them go."""
        self.find(id_, use=False).content.release(self.json()["keys"])
        self.answer({})


class Names(Base):
    """The user's names of results."""

    def put(self, id_: str) -> None:
        """Take note of them."""
        self.find(id_, use=False).content.publish(self.json())
        self.answer({})


class Read(Base):
    """The content of results."""

    async def post(self, id_: str) -> None:
        """Send chunks, each as a frame after its length. They are held here until they are sent."""
        hosted, wish = self.find(id_).content, self.json()
        try:
            read = hosted.reader(wish["name"], wish.get("chunks"))
        except (KeyError, IndexError):
            raise Refused(404, "no-result", "this session does not hold the result") from None
        found = await self.apart(partial(_frames, read))
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Content-Length", str(sum(piece.nbytes for piece in found)))
        await self.flush()
        assert self.request.connection is not None
        for piece in found:
            await self.request.connection.write(cast("bytes", piece))  # streams take any buffer, and do not copy it
        hosted.fetched(wish["name"])


def _frames(read: Callable[[], Sequence[Any]]) -> list[memoryview]:
    """Bring values, as pieces to be sent."""
    found = []
    for value in read():
        pieces = [memoryview(piece).cast("B") for piece in frames.dump(value)]
        small = FRAME.pack(sum(map(len, pieces)))
        for piece in pieces:  # small ones are sent together
            if len(piece) < _SMALL:
                small += piece
            else:
                found += [memoryview(small), piece]
                small = b""
        found.append(memoryview(small))
    return [piece for piece in found if piece]


class Events(Base, WebSocketHandler):
    """The events of a session. A slow listener holds nothing up: it is told what it can take."""

    _feeding: asyncio.Task[None] | None = None

    async def get(self, *args: str, **kwargs: str) -> None:
        """Accept a listener (called by tornado)."""
        self._entry = self.find(args[0], use=False)  # or the handshake is answered by an error
        await super().get(*args, **kwargs)

    def check_origin(self, origin: str) -> bool:
        """Leave this to the gateway."""
        return True

    async def open(self, *args: str, **kwargs: str) -> None:
        """Begin to tell (called by tornado)."""
        since = self.get_argument("since", None)
        self._entry.content.attach()
        self._feeding = asyncio.create_task(self._feed(None if since is None else int(since)))

    def on_close(self) -> None:
        """End (called by tornado)."""
        if self._feeding is not None:
            self._feeding.cancel()
            self._entry.content.detach()

    async def _feed(self, since: int | None) -> None:
        hosted = self._entry.content
        seen = hosted.journal.last if since is None else since
        try:
            if since is None:
                await self._tell(self._snapshot())
            while True:
                texts = hosted.journal.since(seen)
                if texts is None:
                    last = hosted.journal.last
                    await self._tell({"event": "missed", "from": seen + 1, "to": last})
                    seen = last
                    await self._tell(self._snapshot())
                    continue
                for text in texts:
                    await self.write_message(text)
                seen += len(texts)
                if hosted.closed and hosted.journal.last == seen:
                    self.close(NO_SESSION, "the session was closed")
                    return
                await hosted.wait(seen)
        except (WebSocketClosedError, StreamClosedError):
            pass

    def _snapshot(self) -> Event:
        return self._entry.content.snapshot(self.driver.describe(self._entry))

    async def _tell(self, event: Event) -> None:
        await self.write_message(json.dumps(event))


def make_app(driver: Driver) -> web.Application:
    """Make the application."""
    session = "/api/v1/sessions/([^/]+)"
    routes: list[tuple[str, type[web.RequestHandler]]] = [
        ("/ping", Ping),
        ("/shutdown", Shutdown),
        ("/api/v1/info", Info),
        ("/api/v1/workers", Workers),
        ("/api/v1/sessions", Sessions),
        (session, Session),
        (f"{session}/extend", Extend),
        (f"{session}/uploads/([0-9a-f]+)", Upload),
        (f"{session}/runs", Runs),
        (f"{session}/runs/([0-9]+)", Run),
        (f"{session}/results", Results),
        (f"{session}/results/([^/]+)", Result),
        (f"{session}/names", Names),
        (f"{session}/release", Release),
        (f"{session}/read", Read),
        (f"{session}/events", Events),
    ]
    return web.Application(
        [(pattern, handler, {"driver": driver}) for pattern, handler in routes],
        websocket_ping_interval=_PING_S,
        log_function=lambda handler: None,
    )
