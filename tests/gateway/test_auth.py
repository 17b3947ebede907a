"""Users, tokens, logins, limits and shapes: the pure parts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mars_nb.gateway.auth import LOGIN_S, LOGINS, Logins, TokenFileError, User, Users, hash_token, new_token, read_users
from mars_nb.gateway.limits import AtATime, Bucket, Limits, Rates
from mars_nb.gateway.shapes import ROUTES, Shape, find_route


class Clock:
    def __init__(self, now=1000.0):
        self.now = now

    def __call__(self):
        return self.now


def test_tokens_are_long_and_differ():
    made = {new_token() for _ in range(100)}
    assert len(made) == 100
    assert min(map(len, made)) >= 40


def test_users_are_found_by_their_tokens_only():
    users = Users({hash_token("one"): User("ann"), hash_token("two"): User("ann"), hash_token("three"): User("bob")})
    assert [users.find(token).name for token in ("one", "two", "three")] == ["ann", "ann", "bob"]
    for token in ("", "on", "one ", "ONE", hash_token("one"), "one\0", "é\ud800"):
        assert users.find(token) is None


def test_a_token_expires():
    clock = Clock()
    users = Users({hash_token("one"): User("ann", expires=2000.0)}, clock)
    assert users.find("one")
    clock.now = 2000.0
    assert users.find("one") is None


def test_replaced_users_are_gone_with_their_logins():
    users = Users({hash_token("one"): User("ann")})
    logins = Logins(users)
    cookie = logins.open(users.find("one"))
    users.replace({hash_token("two"): User("bob")})
    assert users.find("one") is None
    assert logins.find(cookie) is None
    assert users.find("two").name == "bob"


def test_no_repr_shows_a_token():
    users = Users({hash_token("one-token"): User("ann")})
    logins = Logins(users)
    cookie = logins.open(users.find("one-token"))
    texts = [repr(users), repr(logins), repr(logins.find(cookie)), repr(users.find("one-token"))]
    for secret in ("one-token", hash_token("one-token"), cookie, logins.find(cookie).xsrf):
        assert not any(secret in text for text in texts)


def test_logins_end():
    clock = Clock()
    users = Users({hash_token("one"): User("ann"), hash_token("two"): User("bob", expires=1500.0)}, clock)
    logins = Logins(users, clock)
    ann, bob = logins.open(users.find("one")), logins.open(users.find("two"))
    assert logins.find(ann).user.name == "ann"
    clock.now = 1500.0
    assert logins.find(ann)
    assert logins.find(bob) is None
    clock.now = 1000.0 + LOGIN_S
    assert logins.find(ann) is None
    logins.open(users.find("one"))
    assert len(logins) == 1, "those that are over are forgotten"


def test_logins_are_closed_and_limited():
    users = Users({hash_token("one"): User("ann"), hash_token("two"): User("bob")})
    logins = Logins(users)
    bob = logins.open(users.find("two"))
    opened = [logins.open(users.find("one")) for _ in range(LOGINS + 1)]
    assert logins.find(opened[0]) is None
    assert all(map(logins.find, [*opened[1:], bob]))
    logins.close(bob)
    assert logins.find(bob) is None


def test_token_file():
    text = f"""
    # who works here
    ann:{hash_token("a")}
    bob:{hash_token("b")}:sessions=3, runs=2,bytes=2 GiB,expires=2030-01-02T03:04,dashboard
    """
    ann, bob = read_users(text).values()
    assert (ann.name, ann.quota.nbytes, ann.expires, ann.dashboard) == ("ann", None, None, False)
    assert (bob.quota.sessions, bob.quota.runs, bob.quota.nbytes, bob.dashboard) == (3, 2, 2 * 2**30, True)
    assert 1893e6 < bob.expires < 1894e6


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "names no user"),
        ("ann", "64 hexadecimal"),
        ("ann:secret-in-the-clear", "64 hexadecimal"),
        ("../ann:" + "0" * 64, "a name has"),
        ("ann:" + "0" * 64 + ":sessions=many", "line 1"),
        ("ann:" + "0" * 64 + ":bytes=3 acres", "number of bytes"),
        ("ann:" + "0" * 64 + ":expires=soon", "line 1"),
        ("ann:" + "0" * 64 + ":admin", "'admin'"),
        ("ann:" + "0" * 64 + "\nbob:" + "0" * 64, "line 2"),
    ],
)
def test_wrong_token_files(line, said):
    with pytest.raises(TokenFileError, match=said) as caught:
        read_users(line)
    assert "secret-in-the-clear" not in str(caught.value)
    assert "0" * 64 not in str(caught.value)


def test_a_bucket_lets_the_rate_through_and_no_more():
    bucket = Bucket(rate=10.0, burst=5, now=0.0)
    times = [n / 100 for n in range(1000)]
    let_through = [at for at in times if not bucket.take(at)]
    assert len(let_through) == pytest.approx(5 + 10 * 10, abs=1)
    assert let_through[:5] == times[:5]


def test_rates_are_each_users_own():
    clock = Clock()
    rates = Rates(Limits(rate=1.0, burst=1), clock)
    assert rates.take("ann") == 0
    assert rates.take("ann") == 1.0
    assert rates.take("bob") == 0
    clock.now += 1.0
    assert rates.take("ann") == 0


def test_at_a_time():
    counts = AtATime(2)
    with counts.one("ann"), counts.one("ann"):
        assert counts.full("ann")
        assert not counts.full("bob")
        assert len(counts) == 2
    assert not counts.full("ann")
    with pytest.raises(ValueError, match="on purpose"), counts.one("ann"):
        raise ValueError("on purpose")
    assert len(counts) == 0


SESSION = "/api/v1/sessions/abc_-123"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/info"),
        ("POST", "/api/v1/sessions"),
        ("DELETE", SESSION),
        ("PUT", f"{SESSION}/uploads/{'0f' * 16}"),
        ("POST", f"{SESSION}/runs"),
        ("DELETE", f"{SESSION}/runs/12"),
        ("DELETE", f"{SESSION}/results/n0000001f"),
        ("POST", f"{SESSION}/read"),
    ],
)
def test_routes(method, path):
    assert find_route(method, path).method == method


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/sessions/",
        "/api/v1/sessions/..",
        "/api/v1/sessions/../info",
        "/api/v1/sessions/a/../b",
        "/api/v1/sessions/a%2Fb",
        "/api/v1/sessions/a%00",
        "/api/v1/sessions/a\0",
        "/api/v1/sessions/a\n",
        "/api/v1//sessions",
        "/api/v1/sessions/" + "a" * 65,
        f"{SESSION}/uploads/" + "g" * 32,
        f"{SESSION}/uploads/../../../etc/passwd",
        f"{SESSION}/runs/-1",
        f"{SESSION}/runs/\u0661",
        "/api/v1/shutdown",
        "/shutdown",
        "/ping",
    ],
)
def test_no_such_routes(path):
    assert {find_route(method, path) for method in ("GET", "POST", "PUT", "DELETE")} == {None}


def shape_of(method, path):
    return find_route(method, path).body


@pytest.mark.parametrize(
    ("shape", "right", "wrong"),
    [
        (
            shape_of("POST", "/api/v1/sessions"),
            [{}, {"name": None}, {"name": "etl", "new": True, "notebook": "a.ipynb", "kernel": "k"}],
            [[], {"name": 1}, {"name": "x" * 201}, {"name": "a\nb"}, {"new": 1}, {"other": 1}],
        ),
        (
            shape_of("POST", f"{SESSION}/extend"),
            [{"seconds": 0}, {"seconds": 1.5}],
            [{}, {"seconds": -1}, {"seconds": True}, {"seconds": "1"}, {"seconds": 1e300}, {"seconds": 10**400}],
        ),
        (
            shape_of("PUT", f"{SESSION}/names"),
            [{}, {"df": "n1", "größe": None}],
            [{"df": 1}, {"df": "a/b"}, {"\0": "n1"}],
        ),
        (
            shape_of("POST", f"{SESSION}/read"),
            [{"name": "n1"}, {"name": "n1", "chunks": [0, 5]}, {"name": "n1", "chunks": None}],
            [{"chunks": [0]}, {"name": "n1", "chunks": [-1]}, {"name": "n1", "chunks": [True]}, {"name": ""}],
        ),
    ],
)
def test_shapes(shape, right, wrong):
    for value in right:
        assert shape.wrong(json.dumps(value).encode()) is None
    for value in wrong:
        assert shape.wrong(json.dumps(value).encode())


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"null", b'{"seconds": NaN}', b'{"seconds": Infinity}', b'{"seconds": 1e999}', b"[" * 100_000],
)
def test_what_is_no_json(body):
    assert shape_of("POST", f"{SESSION}/extend").wrong(body)


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.floats() | st.text(), lambda s: st.lists(s)).map(repr).map(str.encode)
)
def test_shapes_never_raise_and_never_quote(body):
    for route in ROUTES:
        if isinstance(route.body, Shape) and (wrong := route.body.wrong(body)) is not None:
            assert len(wrong) < 100
