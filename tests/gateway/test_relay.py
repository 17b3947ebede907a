"""Event streams, and answers that are streamed: over real sockets, with stand-ins for drivers."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import logging
import os
import signal
import socket
import time

import psutil
import pytest
from gateway_tools import TOKENS, one_user
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from mars_nb.gateway.limits import Limits

PATIENCE_S = 15


async def connect(gateway, session, *, user="ann", headers=None, query=""):
    sent = {"Authorization": f"Bearer {TOKENS[user]}"} if user else {}
    url = f"ws://127.0.0.1:{gateway.port}/api/v1/sessions/{session}/events{query}"
    return await websocket_connect(HTTPRequest(url, headers=sent | (headers or {})), max_message_size=2**26)


@contextlib.asynccontextmanager
async def opened(gateway, session, **how):
    stream = await connect(gateway, session, **how)
    try:
        yield stream
    finally:
        stream.close()
        await closed(stream)


async def read(stream, count):
    async with asyncio.timeout(PATIENCE_S):
        return [json.loads(await stream.read_message()) for _ in range(count)]


async def closed(stream):
    """Read to the end, and give the closing code."""
    async with asyncio.timeout(PATIENCE_S):
        while await stream.read_message() is not None:
            pass
    stream.close()
    return stream.close_code


async def until(true):
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 # other threads' doings
            await asyncio.sleep(0.02)


def refused(coroutine):
    with pytest.raises(HTTPClientError) as caught:
        asyncio.run(coroutine)
    return caught.value.code


@pytest.fixture(scope="module")
def session(gateway):
    return gateway.new_session("etl")


def test_events_come_in_order(gateway, session):
    async def scenario():
        async with opened(gateway, session) as stream:
            return await read(stream, 6)

    first, *others = asyncio.run(scenario())
    assert first["event"] == "snapshot"
    assert [event["seq"] for event in others] == [1, 2, 3, 4, 5]


def test_a_stream_goes_on_where_it_was(gateway, session):
    async def scenario():
        async with opened(gateway, session, query="?since=41") as stream:
            return await read(stream, 2)

    assert [event["seq"] for event in asyncio.run(scenario())] == [42, 43]


@pytest.mark.parametrize("query", ["?since=", "?since=-1", "?since=x", "?since=1&token=2", "?token=1", "?since=1%00"])
def test_queries_that_are_none(gateway, session, query):
    assert refused(connect(gateway, session, query=query)) == 404


def test_streams_are_got(gateway, session):
    headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer = gateway.request(method, f"/api/v1/sessions/{session}/events", headers=headers)
        assert answer.kind == "not-allowed"
    assert not len(gateway.running.gateway.sockets)


def test_no_stream_without_a_token(gateway, session):
    assert refused(connect(gateway, session, user=None)) == 401
    assert refused(connect(gateway, session, user="eve")) == 401
    assert refused(connect(gateway, session, user=None, query=f"?token={TOKENS['ann']}")) == 401


def test_no_stream_of_others(gateway, session):
    assert refused(connect(gateway, session, user="bob")) == 404
    assert refused(connect(gateway, "x" * 22)) == 404


def test_no_stream_for_other_pages(gateway, session):
    cookie, _ = gateway.login()
    own = f"http://127.0.0.1:{gateway.port}"
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{gateway.port + 1}", f"{own}.evil.example"):
        assert refused(connect(gateway, session, user=None, headers={"Cookie": cookie, "Origin": origin})) == 403
        assert refused(connect(gateway, session, headers={"Origin": origin})) == 403
    assert refused(connect(gateway, session, user=None, headers={"Cookie": cookie})) == 403, "browsers tell an origin"

    async def scenario():
        async with opened(gateway, session, user=None, headers={"Cookie": cookie, "Origin": own}) as stream:
            return await read(stream, 1)

    assert asyncio.run(scenario())[0]["event"] == "snapshot"


def test_clients_send_nothing(gateway, session):
    async def scenario(message):
        stream = await connect(gateway, session)
        await stream.write_message(message, binary=isinstance(message, bytes))
        return await closed(stream)

    assert asyncio.run(scenario("hello")) == 1008
    assert asyncio.run(scenario(b"\x80\x04.")) == 1008
    assert asyncio.run(scenario("x" * 5000)) in (1006, 1009, None), "too large is cut"


def test_a_session_that_is_closed_ends_its_stream(gateway):
    ends = gateway.new_session("ends")

    async def scenario():
        stream = await connect(gateway, ends)
        events = await read(stream, 4)
        return events, await closed(stream)

    events, code = asyncio.run(scenario())
    assert events[-1]["seq"] == 3
    assert code == 1000


def test_a_driver_that_dies_is_told(start):
    gateway = start()
    session = gateway.new_session("crash")

    async def scenario():
        return await closed(await connect(gateway, session))

    assert asyncio.run(scenario()) == 1011
    assert gateway.request("GET", "/api/v1/sessions").json == [], "a new driver knows no session"
    assert gateway.running.gateway.drivers.lost == 1


def test_streams_end_with_their_token(start):
    gateway = start(read_users=one_user(expires=time.time() + 1.0))
    session = gateway.new_session("etl")

    async def scenario():
        return await closed(await connect(gateway, session))

    assert asyncio.run(scenario()) == 4401
    assert refused(connect(gateway, session)) == 401


def test_streams_end_with_the_gateway(start):
    gateway = start()
    session = gateway.new_session("etl")

    async def scenario():
        stream = await connect(gateway, session)
        await read(stream, 2)
        await asyncio.to_thread(gateway.stop)
        return await closed(stream)

    assert asyncio.run(scenario()) == 1001


def test_a_stream_that_is_cut_leaves_nothing(gateway, session):
    async def scenario():
        streams = [await connect(gateway, session) for _ in range(10)]
        for stream in streams:
            await read(stream, 1)
        assert len(gateway.running.gateway.sockets) == 10
        for stream in streams[:5]:
            stream.close()
        for stream in streams[5:]:
            stream.protocol.stream.close()  # without saying so
        await until(lambda: not len(gateway.running.gateway.sockets))
        for stream in streams:
            await closed(stream)
        assert not gateway.running.gateway.streams

    asyncio.run(scenario())


def test_streams_at_a_time_are_limited(start):
    gateway = start(limits=Limits(sockets=2))
    session = gateway.new_session("etl")

    async def scenario():
        async with opened(gateway, session), opened(gateway, session):
            with pytest.raises(HTTPClientError, match="429"):
                await connect(gateway, session)

    asyncio.run(scenario())


def memory():
    return psutil.Process().memory_info().rss


def test_a_slow_listener_is_no_ones_load(gateway):
    """Its messages stay with the driver: the gateway holds one or two of them."""
    session = gateway.new_session("large")  # sends 50 MiB a second

    async def scenario():
        async with opened(gateway, session) as stream:
            await read(stream, 1)
            before = memory()
            await asyncio.sleep(2)  # it listens to nothing meanwhile
            return memory() - before

    assert asyncio.run(scenario()) < 40 * 2**20


def open_read(gateway, session, count, name="n1"):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE_S)
    body = json.dumps({"name": name, "chunks": list(range(count))})
    headers = {"Authorization": f"Bearer {TOKENS['ann']}"}
    connection.request("POST", f"/api/v1/sessions/{session}/read", body, headers)
    return connection, connection.getresponse()


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_large_answers_come_whole(gateway, session, count):
    connection, answer = open_read(gateway, session, count)
    body = answer.read()
    connection.close()
    assert body == bytes(range(256)) * 4096 * count
    assert answer.headers["Content-Length"] == answer.headers["X-Bytes"] == str(len(body))


def test_large_answers_are_not_held(gateway, session):
    before = memory()
    connection, answer = open_read(gateway, session, 400)
    answer.read(2**20)
    time.sleep(0.5)  # the gateway could read on meanwhile
    assert memory() - before < 60 * 2**20
    connection.close()


def test_half_an_answer_does_not_look_whole(start, caplog):
    gateway = start()
    session = gateway.new_session("etl")
    connection, answer = open_read(gateway, session, 40, name="half")
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        answer.read()
    connection.close()
    asyncio.run(until(lambda: gateway.running.gateway.drivers.lost == 1))
    gateway.stop()
    assert {record.name for record in caplog.records if record.levelno > logging.INFO} == {"mars_nb.gateway"}
    assert not [record for record in caplog.records if record.exc_info]
    assert not len(gateway.running.gateway.requests)


def test_a_driver_that_dies_in_a_request_is_told(start):
    gateway = start()
    session = gateway.new_session("crash")
    answer = gateway.request("POST", f"/api/v1/sessions/{session}/runs", b"x", headers={"X-Run": "1"})
    assert (answer.status, answer.kind) == (502, "driver-lost")
    assert "mars_nb.new_session" in answer.json["hints"][0]
    assert gateway.request("GET", "/api/v1/sessions").json == []


def test_a_driver_that_hangs_holds_up_only_who_asked(gateway, session):
    """A client that gives up frees what was kept for it."""
    counts = gateway.running.gateway.requests
    waiting = socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE_S)
    body = b'{"keys": []}'
    head = f"POST /api/v1/sessions/{session}/release HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
    waiting.sendall(f"{head}Authorization: Bearer {TOKENS['ann']}\r\n\r\n".encode() + body)
    asyncio.run(until(lambda: len(counts) == 1))
    assert gateway.request("GET", "/api/v1/sessions").status == 200
    waiting.close()
    asyncio.run(until(lambda: len(counts) == 0))


def test_uploads_pass_through(start):
    gateway = start()
    session = gateway.new_session("etl")
    path = f"/api/v1/sessions/{session}/uploads/{'ab' * 16}"
    assert gateway.request("HEAD", path).status == 404
    data = bytes(range(256)) * 4 * 1024 * 100
    before = memory()
    told = gateway.request("PUT", path, data).json
    assert told["size"] == len(data)
    assert memory() - before < 60 * 2**20
    assert gateway.request("HEAD", path).status == 200


def test_an_upload_that_is_cut_is_cut_at_the_driver(start):
    gateway = start()
    session = gateway.new_session("etl")
    path = f"/api/v1/sessions/{session}/uploads/{'cd' * 16}"
    head = f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000000\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port)) as stream:
        stream.sendall(f"{head}Authorization: Bearer {TOKENS['ann']}\r\n\r\n".encode() + b"x" * 10_000_000)
    asyncio.run(until(lambda: gateway.request("GET", "/api/v1/info").json["aborted"] == 1))
    asyncio.run(until(lambda: not len(gateway.running.gateway.requests)))


def test_a_killed_driver_is_replaced(start):
    gateway = start()
    first = gateway.request("GET", "/api/v1/info").json["pid"]
    os.kill(first, signal.SIGKILL)
    statuses = []
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        answer = gateway.request("GET", "/api/v1/info")
        statuses.append(answer.status)
        if answer.status == 200 and answer.json["pid"] != first:
            break
    assert statuses[-1] == 200
    assert set(statuses) <= {200, 502}
    with contextlib.suppress(ProcessLookupError):
        os.kill(first, 0)
        raise AssertionError("it is not reaped")


def test_a_driver_that_does_not_start_says_why(gateway):
    answer = gateway.request("GET", "/api/v1/info", user="broken")
    assert (answer.status, answer.kind) == (503, "unavailable")
    assert answer.json["error"] == "the scheduler does not answer"
    assert answer.json["hints"] == ["look at it"]
