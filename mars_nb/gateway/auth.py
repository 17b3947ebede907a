"""Who may come in: users by their tokens, and logins of browsers by their cookies. Pure: the clock is injected.

A token is known by its hash only, and cookies too, so neither can be read out of the process's tables, its logs or a
repr. Every token is compared with every user's, in constant time, so neither the answer nor its time tells whose it
nearly was, or that it was somebody's once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mars_nb.errors import MarsError

Clock = Callable[[], float]

#: Seconds for which a browser stays logged in.
LOGIN_S = 12 * 3600.0
#: Logins a user may have at a time; the oldest ends for the next.
LOGINS = 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_HASH = re.compile(r"[0-9a-f]{64}")
_SIZES = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


class TokenFileError(MarsError, ValueError):
    """A token file cannot be understood; says in which line. Hashes are not repeated in it."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What one user may have.

    Attributes
    ----------
    sessions
        Open sessions.
    runs
        Executions of a session that are not over.
    nbytes
        Bytes of results and uploads, None if only the cluster's memory limits them.
    """

    sessions: int = 20
    runs: int = 32
    nbytes: int | None = None


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may use the gateway.

    Attributes
    ----------
    name
        Names the user in lists and logs.
    quota
        What the user may have.
    expires
        When the token ends, in seconds since the epoch; None for never.
    dashboard
        May see Dask's dashboard, which shows the tasks of all users.
    """

    name: str
    quota: Quota = field(default_factory=Quota)
    expires: float | None = None
    dashboard: bool = False


def new_token() -> str:
    """Make a token that nobody guesses."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Give what a token file holds of a token. Tokens are long and random, so a plain hash will do.

    >>> hash_token("secret")[:16]
    'ae4aafb3c7d8616b'
    """
    return hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


class Users:
    """The users of a gateway.

    Parameters
    ----------
    users
        Users by the hashes of their tokens. Several tokens may be one user's.
    clock
        Seconds since the epoch.
    """

    def __init__(self, users: Mapping[str, User], clock: Clock = time.time) -> None:
        self._clock = clock
        self.replace(users)

    def __repr__(self) -> str:
        return f"<Users {sorted({user.name for _, user in self._users})}>"

    def replace(self, users: Mapping[str, User]) -> None:
        """Take other users in place of these; who is not among them has no access from now on."""
        self._users = [(digest.encode(), user) for digest, user in users.items()]

    def find(self, token: str) -> User | None:
        """Give whose token it is, None if it is nobody's or no longer valid."""
        asked = hash_token(token).encode()
        found = None
        for digest, user in self._users:  # all of them: the time must not tell which
            if hmac.compare_digest(asked, digest):
                found = user
        return found if found is not None and self.valid(found) else None

    def valid(self, user: User) -> bool:
        """Tell whether a user's token is still valid."""
        known = any(user == each for _, each in self._users)
        return known and (user.expires is None or self._clock() < user.expires)


def read_users(text: str) -> dict[str, User]:
    """Read a token file.

    Parameters
    ----------
    text
        Lines ``name:hash`` or ``name:hash:options``; empty lines and those that start with ``#`` are left out. Options
        are separated by commas: ``sessions=5``, ``runs=4``, ``bytes=20GB``, ``expires=2027-06-30`` (the day it is no
        longer valid, or a moment as ``2027-06-30T18:00``), ``dashboard``.

    Raises
    ------
    TokenFileError
        If a line is wrong, or there is none.

    Examples
    --------
    >>> users = read_users(f"ann:{hash_token('secret')}:sessions=5,bytes=2GB")
    >>> [user] = users.values()
    >>> user.name, user.quota.sessions, user.quota.nbytes
    ('ann', 5, 2000000000)
    """
    users: dict[str, User] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, digest, options = [*line.strip().split(":", 2), "", ""][:3]
        if not _NAME.fullmatch(name):
            raise _wrong(number, "a name has letters, digits, '_', '.' and '-', at most 32")
        if not _HASH.fullmatch(digest):
            raise _wrong(number, f"the hash of {name!r} has not 64 hexadecimal digits")
        if digest in users:
            raise _wrong(number, f"the token of {name!r} is there twice")
        users[digest] = _user(number, name, [option.strip() for option in options.split(",") if option.strip()])
    if not users:
        raise TokenFileError("the token file names no user", hints=["mars-nb-cluster token NAME >> FILE"])
    return users


def _user(number: int, name: str, options: Iterable[str]) -> User:
    found: dict[str, str] = {}
    for option in options:
        key, _, value = option.partition("=")
        found[key] = value
    unknown = found.keys() - {"sessions", "runs", "bytes", "expires", "dashboard"}
    if unknown:
        raise _wrong(number, f"unknown option {min(unknown)!r}")
    usual = Quota()
    try:
        quota = Quota(
            sessions=int(found.get("sessions", usual.sessions)),
            runs=int(found.get("runs", usual.runs)),
            nbytes=_size(found["bytes"]) if "bytes" in found else None,
        )
        expires = datetime.fromisoformat(found["expires"]).timestamp() if "expires" in found else None
    except ValueError as error:
        raise _wrong(number, str(error)) from None
    return User(name, quota, expires, "dashboard" in found)


def _size(text: str) -> int:
    split = re.fullmatch(r"(\d+)\s*([a-z]*)", text.strip().lower())
    if split is None or (split[2] and split[2] not in _SIZES):
        raise ValueError(f"not a number of bytes: {text!r}")
    return int(split[1]) * _SIZES.get(split[2], 1)


def _wrong(number: int, what: str) -> TokenFileError:
    return TokenFileError(f"line {number} of the token file: {what}", hints=["mars-nb-cluster token NAME >> FILE"])


@dataclass(frozen=True, slots=True)
class Login:
    """A browser that showed a token once.

    Attributes
    ----------
    user
        Whose token it was.
    xsrf
        What the page sends along with what changes something, which no other page can know.
    ends
        When it is over, in seconds since the epoch.
    """

    user: User
    xsrf: str
    ends: float

    def __repr__(self) -> str:
        return f"<Login of {self.user.name}>"


class Logins:
    """The logins of browsers.

    Parameters
    ----------
    users
        Says whose token is still valid.
    clock
        Seconds since the epoch.
    """

    def __init__(self, users: Users, clock: Clock = time.time) -> None:
        self._users = users
        self._clock = clock
        self._logins: dict[str, Login] = {}  # by hashes of cookies, the oldest first

    def __len__(self) -> int:
        return len(self._logins)

    def open(self, user: User) -> str:
        """Log a user's browser in, and give its cookie."""
        now = self._clock()
        self._logins = {key: login for key, login in self._logins.items() if login.ends > now}
        mine = [key for key, login in self._logins.items() if login.user == user]
        for key in mine[: max(0, len(mine) - LOGINS + 1)]:
            del self._logins[key]
        cookie = secrets.token_urlsafe(32)
        ends = min(now + LOGIN_S, user.expires or float("inf"))
        self._logins[hash_token(cookie)] = Login(user, secrets.token_urlsafe(32), ends)
        return cookie

    def find(self, cookie: str) -> Login | None:
        """Give the login of a cookie, None if there is none or it is over."""
        login = self._logins.get(hash_token(cookie))  # of a hash: the time of a look-up tells nothing of the cookie
        if login is None or login.ends <= self._clock() or not self._users.valid(login.user):
            return None
        return login

    def close(self, cookie: str) -> None:
        """Log a browser out."""
        self._logins.pop(hash_token(cookie), None)
