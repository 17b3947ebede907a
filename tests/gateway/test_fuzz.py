"""20,000 random and mutated messages over real sockets: nothing crashes, nothing leaks, the gateway serves on."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import os
import random
import struct
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from gateway_tools import TOKENS

pytestmark = pytest.mark.slow

MESSAGES = 20_000
AT_A_TIME = 32
SEED = 20261123
PATIENCE_S = 20.0
#: Seconds after which a connection without an answer is closed.
WAIT_S = 0.1


class Process:
    """A gateway in a process of its own."""

    def __init__(self, log):
        folder = str(Path(__file__).parent)
        command = [sys.executable, "-m", "gateway_tools"]
        env = os.environ | {"PYTHONPATH": folder, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=log, text=True)
        self.port = int(self.process.stdout.readline().rstrip("/\n").rpartition(":")[2])
        self.watched = psutil.Process(self.process.pid)

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {TOKENS['ann']}"} | headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(PATIENCE_S) == 0
        self.process.stdout.close()


@pytest.fixture
def gateway(tmp_path):
    with (tmp_path / "log").open("w") as log:
        opened = Process(log)
        yield opened
        opened.stop()
    assert "Traceback" not in (tmp_path / "log").read_text(), "an error of our own"


def request(method, path, body=b"", **headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {TOKENS['ann']}"]
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def examples(session, rng):
    """Give requests that are right."""
    path = f"/api/v1/sessions/{session}"
    key = base64.b64encode(rng.randbytes(16)).decode()
    socket = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": 13, "Sec_WebSocket_Key": key}
    return [
        request("GET", "/health"),
        request("GET", "/"),
        request("GET", f"/?token={TOKENS['ann']}"),
        request("POST", "/login", b"token=abc", Content_Type="application/x-www-form-urlencoded"),
        request("GET", "/static/style.css"),
        request("GET", "/metrics"),
        request("GET", "/api/v1/info"),
        request("GET", "/api/v1/sessions"),
        request("GET", "/api/v1/sessions", b"a body where there is none"),
        request("POST", "/api/v1/sessions", b'{"name": "etl", "new": false, "notebook": "a.ipynb", "kernel": "k"}'),
        request("PATCH", path, b'{"name": "other"}'),
        request("POST", f"{path}/extend", b'{"seconds": 60}'),
        request("PUT", f"{path}/uploads/{'0' * 32}", rng.randbytes(300)),
        request("POST", f"{path}/runs", b"\x80\x05K\x01.", X_Run=1),
        request("DELETE", f"{path}/runs/1"),
        request("PUT", f"{path}/names", b'{"df": "n1"}'),
        request("POST", f"{path}/read", b'{"name": "n1", "chunks": []}'),
        request("GET", f"{path}/events?since=5", **socket),
        request("GET", f"{path}/events", **socket),
        request("GET", f"{path}/events", **socket) + frame(rng),
    ]


def frame(rng):
    """Give a frame of a websocket: some right, most not."""
    head = bytes([rng.choice([0x81, 0x82, 0x88, 0x89, 0x8A, 0x01, 0x00, 0xF1, rng.randrange(256)])])
    content = rng.randbytes(rng.choice([0, 1, 2, 5, 125, 126, 1025]))
    size = rng.choice([len(content), rng.randrange(2**16), rng.getrandbits(63)])
    mask = rng.choice([0x80, 0])
    if size < 126:
        length = bytes([mask | size])
    elif size < 2**16:
        length = bytes([mask | 126]) + struct.pack(">H", size)
    else:
        length = bytes([mask | 127]) + struct.pack(">Q", size)
    return head + length + rng.randbytes(4) + content


PIECES = [
    b"\r\n",
    b"\n",
    b"\0",
    b":",
    b" ",
    b"%00",
    b"..",
    b"%2f",
    b"/",
    b"?",
    b"\xff",
    b"{",
    b"[" * 500,
    b'"',
    b"-1",
    b"9" * 25,
]
PIECES += [
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Host: evil\r\n",
    b"Origin: null\r\n",
    b"x" * 20_000,
]


def mutate(message, rng):
    for _ in range(rng.choice([1, 1, 2, 3, 8])):
        at = rng.randrange(len(message) + 1)
        to = min(len(message), at + rng.choice([0, 0, 1, 2, 10, 100, 10**6]))
        between = rng.choice([b"", rng.choice(PIECES), rng.choice(PIECES), rng.randbytes(20), 2 * message[at:to]])
        message = message[:at] + between + message[to:]
    return message


def messages(session, rng):
    for _ in range(MESSAGES):
        kind = rng.random()
        if kind < 0.05:
            yield rng.randbytes(rng.choice([1, 10, 1000]))
        elif kind < 0.1:
            yield rng.choice(examples(session, rng))
        else:
            yield mutate(rng.choice(examples(session, rng)), rng)


async def throw(port, message, counts):
    """Send a message and close; some wait for the beginning of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(message)
        answer = await begin(reader)
        if answer is None:  # it waits for more
            writer.write_eof()
            async with asyncio.timeout(PATIENCE_S):
                answer = await reader.read(65536)
        status = answer.split(b" ", 2)[1].decode() if answer.startswith(b"HTTP/1.1 ") else "closed"
        assert TOKENS["ann"].encode() not in answer
    except ConnectionError:
        status = "closed"
    finally:
        writer.transport.abort()
    counts[status] = counts.get(status, 0) + 1


async def begin(reader):
    try:
        async with asyncio.timeout(WAIT_S):
            return await reader.read(65536)
    except TimeoutError:
        return None


async def throw_all(port, all_messages):
    counts = {}

    async def some():
        for message in all_messages:  # one iterator for all
            await throw(port, message, counts)

    await asyncio.gather(*(some() for _ in range(AT_A_TIME)))
    return counts


def settled(look, wanted):
    deadline = time.monotonic() + PATIENCE_S
    while (found := look()) > wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


@pytest.mark.timeout(240)
def test_fuzz(gateway):
    rng = random.Random(SEED)
    session = json.loads(gateway.ask("POST", "/api/v1/sessions", b'{"name": "etl"}')[1])["id"]
    asyncio.run(throw_all(gateway.port, iter(list(messages(session, rng))[: MESSAGES // 20])))  # warms caches
    children = {child.pid for child in gateway.watched.children()}
    descriptors = settled(gateway.watched.num_fds, 20)
    memory = gateway.watched.memory_info().rss

    counts = asyncio.run(throw_all(gateway.port, messages(session, rng)))

    assert sum(counts.values()) == MESSAGES
    assert "500" not in counts
    assert "502" not in counts
    for status in ("101", "200", "202", "303", "400", "401", "403", "404", "405", "411", "413", "closed"):
        assert counts.get(status), f"no message led to {status}: the test does not reach as far as it should"
    assert gateway.process.poll() is None
    assert gateway.ask("GET", "/health") == (200, b'{"ok": true}')
    status, told = gateway.ask("GET", "/api/v1/sessions")
    assert status == 200
    assert session in told.decode()
    assert {child.pid for child in gateway.watched.children()} == children
    assert settled(gateway.watched.num_fds, descriptors) <= descriptors
    assert gateway.watched.memory_info().rss - memory < 20 * 2**20
    metrics = gateway.ask("GET", "/metrics")[1].decode()
    assert "\nmars_nb_gateway_requests 0\n" in metrics
    assert "\nmars_nb_gateway_event_streams 0\n" in metrics
