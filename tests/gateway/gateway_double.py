"""A stand-in for a driver: no Dask, no pickle; it tells what came and does what it is told.

Its sessions are named by what they do: ``crash`` ends the process when something is run in it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import secrets
import signal

from tornado import netutil, web, websocket
from tornado.httpserver import HTTPServer

from mars_nb.gateway.parent import read_settings, tell, when_alone

SETTINGS = read_settings()
SESSIONS = {}
UPLOADS = {}
#: What was uploaded by halves.
ABORTED = []


class Base(web.RequestHandler):
    def prepare(self):
        if not hmac.compare_digest(self.request.headers.get("X-Mars-Secret", ""), SETTINGS["secret"]):
            raise web.HTTPError(403)

    def refuse(self, status, kind):
        self.set_status(status)
        self.finish({"error": kind, "kind": kind, "hints": []})


class Ping(Base):
    def get(self):
        self.finish({"ok": True, "user": SETTINGS["user"]})


class Shutdown(Base):
    def post(self):
        self.finish({})
        asyncio.get_running_loop().call_later(0.05, END.set)


class Info(Base):
    def get(self):
        self.finish(
            {"user": SETTINGS["user"], "pid": os.getpid(), "limits": SETTINGS["limits"], "aborted": len(ABORTED)}
        )


class Workers(Base):
    def get(self):
        worker = {"threads": 2, "cpu": 51.5, "memory": 2**28, "memory_limit": 2**30, "spilled": 0, "executing": 1}
        self.finish(
            {"workers": [{"name": str(i), "address": f"tls://127.0.0.1:{9000 + i}"} | worker for i in range(2)]}
        )


class Sessions(Base):
    def get(self):
        self.finish(json.dumps(list(SESSIONS.values())))

    def post(self):
        asked = json.loads(self.request.body)
        if len(SESSIONS) >= SETTINGS["limits"]["sessions"]:
            self.refuse(429, "too-many-sessions")
            return
        session = {"id": secrets.token_urlsafe(16), "name": asked.get("name") or f"s{len(SESSIONS)}", "state": "idle"}
        session |= {"created": 1.8e9, "last_used": 1.8e9, "expires_in": 3600, "notebook": "etl.ipynb", "kernel": "1234"}
        session |= {"connected": True, "results": 2, "bytes": 3 * 2**20, "running": 1, "existing": False}
        SESSIONS[session["id"]] = session
        self.finish(session)


class Session(Base):
    def delete(self, key):
        if SESSIONS.pop(key, None) is None:
            self.refuse(404, "not-found")
        else:
            self.finish({})


@web.stream_request_body
class Upload(Base):
    def prepare(self):
        super().prepare()
        self.digest = hashlib.blake2b(digest_size=16)
        self.size = 0
        self.request.connection.set_max_body_size(2**40)

    def data_received(self, chunk):
        self.digest.update(chunk)
        self.size += len(chunk)

    def put(self, session, digest):
        UPLOADS[digest] = self.size
        self.finish({"digest": self.digest.hexdigest(), "size": self.size})

    def head(self, session, digest):
        self.set_status(200 if digest in UPLOADS else 404)
        self.finish()

    def on_connection_close(self):
        ABORTED.append(self.size)


class Runs(Base):
    def post(self, session):
        if SESSIONS.get(session, {}).get("name") == "crash":
            os._exit(9)
        if session not in SESSIONS:
            self.refuse(404, "not-found")
            return
        self.set_status(202)
        self.finish({"size": len(self.request.body), "run": int(self.request.headers["X-Run"])})


class Read(Base):
    async def post(self, session):
        """Send as many MiB as numbers of chunks."""
        asked = json.loads(self.request.body)
        count = len(asked.get("chunks") or [])
        piece = bytes(range(256)) * 4096
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Content-Length", count * len(piece))
        self.set_header("X-Bytes", count * len(piece))
        self.set_header("Set-Cookie", "stray=1")
        for number in range(count):
            if asked["name"] == "half" and number == count // 2:
                os._exit(9)
            self.write(piece)
            await self.flush()


class Slow(Base):
    async def post(self, session):
        await asyncio.sleep(30)


class Echo(Base):
    def post(self, session, *rest):
        self.finish({"method": self.request.method, "path": self.request.path, "body": self.request.body.decode()})

    put = patch = delete = get = post


class Events(Base, websocket.WebSocketHandler):
    def prepare(self):
        super().prepare()
        key = self.path_args[0]
        if key not in SESSIONS:
            self.set_status(404)
            self.finish()

    async def open(self, key):
        self.task = asyncio.ensure_future(self.send(key))

    async def send(self, key):
        since = int(self.get_query_argument("since", "0"))
        session = SESSIONS[key]
        kind = session["name"]
        try:
            if not self.get_query_argument("since", ""):
                await self.write_message(json.dumps(snapshot(session)))
            for seq in range(since + 1, 10**9):
                message = {"seq": seq, "event": "progress"} | run(seq)
                if kind == "large":
                    message["text"] = "x" * 2**20
                await self.write_message(json.dumps(message))
                if kind == "ends" and seq == 3:
                    self.close(1000, "closed")
                    return
                if kind == "crash" and seq == 3:
                    os._exit(9)
                await asyncio.sleep(0.02)
        except websocket.WebSocketClosedError:
            pass


def run(seq):
    done = min(seq, 40)
    operations = [["k0", "RemoteFunction", 0, 1, 1, 0.0, 0.1], ["k3", "RemoteFunction", 1, 0, 1, 0.1, 0.0]]
    operations += [["k1", "DataFrameReadCsv", 40, 0, 40, 1.5, 0.0], ["k2", "DataFrameGroupBy", done, 2, 40, 0.5, 0.2]]
    return {
        "run": 1,
        "state": "running",
        "operations": operations,
        "memory": {"held": 2**27, "spilled": 0, "limit": 2**30},
    }


def snapshot(session):
    results = [{"key": f"n{i}", "names": [], "label": "Small", "shape": [], "nbytes": i} for i in range(2, 32)]
    results.append({"key": "n1", "names": ["df"], "label": "DataFrameSum", "shape": [1000, 3], "nbytes": 2**21})
    return {"event": "snapshot", "seq": 0, "session": session, "runs": [run(0)], "results": results}


S = "/api/v1/sessions/([^/]+)"
APP = web.Application(
    [
        ("/ping", Ping),
        ("/shutdown", Shutdown),
        ("/api/v1/info", Info),
        ("/api/v1/workers", Workers),
        ("/api/v1/sessions", Sessions),
        (S, Session),
        (S + "/uploads/(.*)", Upload),
        (S + "/runs", Runs),
        (S + "/read", Read),
        (S + "/release", Slow),
        (S + "/events", Events),
        (S + "/(.*)", Echo),
    ]
)
END = asyncio.Event()


async def main():
    if SETTINGS["user"] == "broken":
        tell({"error": "the scheduler does not answer", "hints": ["look at it"]})
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, END.set)
    server = HTTPServer(APP, max_buffer_size=2**30, max_body_size=2**30)
    os.umask(0o077)
    server.add_socket(netutil.bind_unix_socket(SETTINGS["socket"], 0o600))
    tell({"ready": True, "pid": os.getpid()})
    if not SETTINGS["keep"]:
        when_alone(lambda: loop.call_soon_threadsafe(END.set))
    await END.wait()
    os.unlink(SETTINGS["socket"])


if __name__ == "__main__":
    asyncio.run(main())
