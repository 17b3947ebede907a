"""Each door is tried: tokens, hosts, origins, cookies, other users, paths, sizes."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import socket

import pytest
from gateway_tools import TOKENS

from mars_nb.gateway.limits import Limits
from mars_nb.gateway.shapes import ROUTES

#: A route of each kind, with a body that would do.
DOORS = [
    ("GET", "/metrics", None),
    ("GET", "/api/v1/login", None),
    ("GET", "/api/v1/info", None),
    ("GET", "/api/v1/workers", None),
    ("GET", "/api/v1/sessions", None),
    ("POST", "/api/v1/sessions", {"name": "stolen"}),
    ("DELETE", "/api/v1/sessions/a", None),
    ("PATCH", "/api/v1/sessions/a", {"name": "b"}),
    ("PUT", f"/api/v1/sessions/a/uploads/{'0' * 32}", b"data"),
    ("POST", "/api/v1/sessions/a/runs", b"pickle"),
    ("POST", "/api/v1/sessions/a/read", {"name": "n1"}),
    ("GET", "/api/v1/sessions/a/results", None),
    ("GET", "/api/v1/sessions/a/events", None),
    ("GET", "/dashboard/", None),
    ("GET", "/dashboard/status", None),
    ("GET", "/nowhere", None),
    ("GET", "/static/page.js", None),
]


def raw(gateway, *parts):
    """Send bytes as they are, and give what comes back until the gateway closes."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as stream:
        with contextlib.suppress(ConnectionError):
            stream.sendall(b"".join(parts))
        answer = b""
        with contextlib.suppress(ConnectionError):
            while piece := stream.recv(65536):
                answer += piece
        return answer


def head(line, *, user="ann", **headers):
    lines = [line, "Host: 127.0.0.1", "Connection: close"]
    lines += [f"Authorization: Bearer {TOKENS[user]}"] if user else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


@pytest.mark.parametrize(("method", "path", "body"), DOORS)
def test_no_door_opens_without_a_valid_token(gateway, method, path, body):
    token = TOKENS["ann"]
    wrong = [None, token[:-1], token + "x", token.upper(), "", "null", TOKENS["eve"], "\xe9" * 40]
    answers = [
        gateway.request(
            method, path, body, user=None, headers={} if each is None else {"Authorization": f"Bearer {each}"}
        )
        for each in wrong
    ]
    answers.append(gateway.request(method, path, body, user=None, headers={"Authorization": f"Basic {token}"}))
    answers.append(gateway.request(method, path, body, user=None, headers={"Authorization": token}))
    answers.append(
        gateway.request(method, path, body, user=None, headers={"Cookie": f"mars_nb_{gateway.port}={token}"})
    )
    answers.append(gateway.request(method, f"{path}?token={token}", body, user=None))
    assert {answer.status for answer in answers} == {401}
    assert len({answer.body for answer in answers}) == 1, "the answer tells which was wrong"
    assert answers[0].kind == "unauthorized"


def test_a_wrong_header_is_not_made_good_by_a_cookie(gateway):
    cookie, _ = gateway.login()
    headers = {"Cookie": cookie, "Authorization": "Bearer nonsense"}
    assert gateway.request("GET", "/api/v1/info", user=None, headers=headers).status == 401


def test_health_needs_no_token_and_tells_nothing(gateway):
    answer = gateway.request("GET", "/health", user=None)
    assert (answer.status, answer.json) == (200, {"ok": True})
    assert "Server" not in answer.headers


def test_users_have_their_own(gateway):
    ann = gateway.new_session("secret")
    bob = gateway.new_session("mine", user="bob")
    listed = gateway.request("GET", "/api/v1/sessions", user="bob").json
    assert [session["id"] for session in listed] == [bob]
    for method, path, body in [
        ("DELETE", f"/api/v1/sessions/{ann}", None),
        ("POST", f"/api/v1/sessions/{ann}/runs", b"x"),
        ("GET", f"/api/v1/sessions/{ann}/events", None),
    ]:
        headers = {"X-Run": "1"}
        if path.endswith("events"):
            headers |= {"Upgrade": "websocket", "Connection": "Upgrade"}
        theirs = gateway.request(method, path, body, user="bob", headers=headers)
        nobodys = gateway.request(method, path.replace(ann, "x" * len(ann)), body, user="bob", headers=headers)
        assert theirs.status == nobodys.status == 404
        assert theirs.body == nobodys.body
    assert gateway.request("DELETE", f"/api/v1/sessions/{ann}").status == 200


def test_users_have_driver_processes_of_their_own(gateway):
    ann, bob = (gateway.request("GET", "/api/v1/info", user=user).json for user in ("ann", "bob"))
    assert ann["pid"] != bob["pid"]
    assert (ann["user"], bob["user"]) == ("ann", "bob")
    assert bob["limits"]["sessions"] == 2


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.", "", "127.0.0.1@evil", "[::1"])
def test_other_hosts_are_refused(gateway, host):
    for path in ("/health", "/api/v1/info", f"/login?token={TOKENS['ann']}"):
        assert gateway.request("GET", path, headers={"Host": host}).status in (400, 403)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1234", "LOCALHOST", "[::1]:99"])
def test_own_hosts_are_served(gateway, host):
    assert gateway.request("GET", "/health", user=None, headers={"Host": host}).status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://", "http://[", ""])
def test_other_origins_are_refused(gateway, origin):
    for method, path in (("GET", "/api/v1/sessions"), ("POST", "/api/v1/sessions"), ("GET", "/health")):
        answer = gateway.request(method, path, {} if method == "POST" else None, headers={"Origin": origin})
        assert answer.status == 403


def test_the_own_origin_is_served(gateway):
    headers = {"Origin": f"http://127.0.0.1:{gateway.port}"}
    assert gateway.request("GET", "/api/v1/sessions", headers=headers).status == 200


def test_login_by_link(gateway):
    for path in ("/", "/login"):
        answer = gateway.request("GET", f"{path}?token={TOKENS['ann']}", user=None)
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        cookie = answer.headers["Set-Cookie"]
        assert TOKENS["ann"] not in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Path=/" in cookie
        home = gateway.request("GET", "/", user=None, headers={"Cookie": cookie.split(";")[0]})
        assert home.status == 200
        assert b"login.js" not in home.body


def test_login_by_form(gateway):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"token={TOKENS['ann']}".encode()
    assert gateway.request("POST", "/login", body, user=None, headers=headers).status == 303
    foreign = headers | {"Origin": "http://evil.example"}
    assert gateway.request("POST", "/login", body, user=None, headers=foreign).status == 403
    for wrong in (b"", b"token=x", f"token={TOKENS['eve']}".encode()):
        answer = gateway.request("POST", "/login", wrong, user=None, headers=headers)
        assert answer.status == 401
        assert "Set-Cookie" not in answer.headers


def test_a_wrong_link_shows_the_form(gateway):
    answer = gateway.request("GET", "/?token=wrong", user=None)
    assert answer.status == 401
    assert b"login.js" in answer.body
    assert "Set-Cookie" not in answer.headers


def test_a_cookie_reads_but_changes_nothing_without_xsrf(gateway):
    cookie, xsrf = gateway.login()

    def ask(method, path, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return gateway.request(method, path, body, user=None, headers={"Cookie": cookie} | headers)

    assert ask("GET", "/api/v1/sessions").status == 200
    for sent in ({}, {"X_XSRF_Token": ""}, {"X_XSRF_Token": "x"}, {"X_XSRF_Token": "\xe9"}):
        assert ask("POST", "/api/v1/sessions", {}, **sent).kind == "forbidden"
        assert ask("DELETE", "/api/v1/login", **sent).kind == "forbidden"
    other = gateway.login("bob")[1]
    assert ask("POST", "/api/v1/sessions", {}, X_XSRF_Token=other).status == 403
    made = ask("POST", "/api/v1/sessions", {}, X_XSRF_Token=xsrf)
    assert made.status == 200
    assert ask("DELETE", f"/api/v1/sessions/{made.json['id']}", X_XSRF_Token=xsrf).status == 200
    assert ask("DELETE", "/api/v1/login", X_XSRF_Token=xsrf).status == 200
    assert ask("GET", "/api/v1/sessions").status == 401


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/sessions/../../../etc/passwd",
        "/api/v1/sessions/%2e%2e/info",
        "/api/v1/sessions/a%2fb",
        "/api/v1/sessions/a%00b",
        "/api/v1/../v1/info",
        "/api/v1/info/",
        "/api/v1/info?x=1",
        "/api/v1/info%20",
        "/api/v1/shutdown",
        "/ping",
        "/shutdown",
        "//api/v1/info",
        "/static/../auth.py",
        "/static/..%2fauth.py",
        "/static/%2e%2e/auth.py",
        "/static/index.html",
        "http://127.0.0.1/api/v1/nothing",
    ],
)
def test_path_tricks(gateway, path):
    answer = raw(gateway, head(f"GET {path} HTTP/1.1"))
    assert answer.split()[1] in (b"404", b"401", b"400")
    assert b"root:" not in answer


def test_paths_with_control_characters_are_refused(gateway):
    for path in ("/api/v1/info\0", "/api/v1/sessions/a\x0bb", "/api/v1/info\x7f", "/api/v1/sessions/\xff"):
        assert raw(gateway, head(f"GET {path} HTTP/1.1")).split()[1] in (b"404", b"400")


def test_methods_that_a_route_has_not(gateway):
    assert gateway.request("PUT", "/api/v1/sessions", b"").kind == "not-allowed"
    assert gateway.request("OPTIONS", "/api/v1/sessions").status == 405
    assert gateway.request("TRACE", "/api/v1/sessions").status == 405
    assert gateway.request("POST", "/health", b"").status == 405


@pytest.fixture(scope="module")
def session(gateway):
    return gateway.new_session("doors")


def test_bodies_of_the_wrong_shape_stay_out(gateway, session):
    path = f"/api/v1/sessions/{session}/extend"
    for body in (b"", b"{", b"[]", b'{"seconds": NaN}', b'{"seconds": -1}', {"seconds": 1, "more": 2}, {"second": 1}):
        answer = gateway.request("POST", path, body)
        assert (answer.status, answer.kind) == (400, "bad-request")
    assert gateway.request("POST", path, {"seconds": 60}).json["body"] == '{"seconds": 60}'


def test_bodies_where_there_are_none(gateway):
    assert gateway.request("GET", "/api/v1/sessions", b"x").kind == "too-large"


def test_lengths_must_be_told(gateway, session):
    line = f"POST /api/v1/sessions/{session}/runs HTTP/1.1"
    chunked = raw(gateway, head(line, X_Run=1, Transfer_Encoding="chunked"), b"3\r\nabc\r\n0\r\n\r\n")
    assert b"411" in chunked.split(b"\r\n")[0]
    assert b"411" in raw(gateway, head(line, X_Run=1)).split(b"\r\n")[0]
    for length in ("-1", "+5", "0x5", "5, 6", "1e3", " ", "\u0665".encode().decode("latin-1"), "9" * 30):
        answer = raw(gateway, head(line, X_Run=1, Content_Length=length), b"hello")
        assert answer.split()[1] in (b"400", b"411", b"413"), length


def test_two_lengths_smuggle_nothing(gateway, session):
    line = f"POST /api/v1/sessions/{session}/runs HTTP/1.1"
    inner = head("GET /api/v1/sessions HTTP/1.1")
    both = head(line, X_Run=1, Content_Length=4, Transfer_Encoding="chunked") + b"0\r\n\r\n" + inner
    answer = raw(gateway, both)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.split()[1] in (b"400", b"411")


def test_large_bodies_are_refused_before_they_come(gateway, session):
    for path, most in (("extend", Limits().json), ("runs", Limits().recording)):
        line = f"POST /api/v1/sessions/{session}/{path} HTTP/1.1"
        answer = raw(gateway, head(line, X_Run=1, Content_Length=most + 1))
        assert b" 413 " in answer.split(b"\r\n")[0]
    digest = "0" * 32
    line = f"PUT /api/v1/sessions/{session}/uploads/{digest} HTTP/1.1"
    assert b" 413 " in raw(gateway, head(line, Content_Length=Limits().upload + 1)).split(b"\r\n")[0]


def test_run_numbers(gateway, session):
    path = f"/api/v1/sessions/{session}/runs"
    for number in ("", "x", "-1", "1 2", "9" * 16):
        assert gateway.request("POST", path, b"x", headers={"X-Run": number}).kind == "bad-request"
    assert gateway.request("POST", path, b"x", headers={"X-Run": "7"}).json == {"size": 1, "run": 7}


def test_rates_are_limited(start):
    gateway = start(limits=Limits(rate=5.0, burst=10))
    answers = [gateway.request("GET", "/api/v1/login") for _ in range(15)]
    assert [answer.status for answer in answers[:10]] == [200] * 10
    refused = answers[-1]
    assert (refused.status, refused.kind) == (429, "too-fast")
    assert 0 < refused.json["retry_after"] <= 0.2
    assert refused.headers["Retry-After"] == "1"
    assert gateway.request("GET", "/api/v1/login", user="bob").status == 200


def test_the_users_limits_are_the_drivers(gateway):
    answers = [gateway.request("POST", "/api/v1/sessions", {}, user="bob") for _ in range(3)]
    assert (answers[-1].status, answers[-1].kind) == (429, "too-many-sessions")


def test_answers_are_neither_stored_nor_framed(gateway):
    for path in ("/", "/health", "/api/v1/info", "/nowhere"):
        headers = gateway.request("GET", path).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == ("same-origin" if path == "/" else "no-referrer")
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]


def test_headers_of_the_driver_stay_with_it(gateway, session):
    answer = gateway.request("POST", f"/api/v1/sessions/{session}/read", {"name": "n1", "chunks": [0]})
    assert answer.headers["X-Bytes"] == str(2**20)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_token_is_logged_or_told(gateway):
    secret = TOKENS["ann"]
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in ("mars_nb.gateway", "tornado.access", "tornado.general"))]
    levels = [logger.level for logger in loggers]
    root.addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    try:
        answers = [
            gateway.request("GET", f"/?token={secret}", user=None).body,
            gateway.request("GET", f"/login?token={secret}x", user=None).body,
            gateway.request("GET", f"/{secret}").body,
            gateway.request("GET", f"/api/v1/sessions/{secret}").body,
            gateway.request("GET", f"/api/v1/info?token={secret}").body,
            gateway.request("POST", "/api/v1/sessions", {secret: 1}).body,
            gateway.request("GET", "/health", headers={"Host": secret}).body,
            raw(gateway, f"GET /?token={secret} HTTP/9\r\n\r\n".encode()),
            raw(gateway, f"{secret}\r\n\r\n".encode()),
        ]
    finally:
        root.removeHandler(handler)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
    assert "mars_nb" in repr(loggers)
    assert "401" in written.getvalue(), "nothing was logged: the test sees nothing"
    assert secret not in written.getvalue()
    assert not any(secret.encode() in answer for answer in answers)
    assert secret not in repr(vars(gateway.running.gateway))


def test_every_route_is_passed_on_by_shape_only():
    for route in ROUTES:
        assert route.path.fullmatch("/api/v1/sessions/../x") is None
        assert "." not in route.path.pattern.replace(r"[A-Za-z0-9_.:-]", ""), "a pattern that matches anything"


def test_json_of_answers(gateway):
    error = json.loads(gateway.request("GET", "/nowhere").body)
    assert set(error) == {"error", "kind", "hints"}
