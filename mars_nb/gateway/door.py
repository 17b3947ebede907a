"""What every request passes before anything is done for it: host, origin, token, rate.

- *Host*: only names that this gateway goes by; a page whose name was rebound to this machine's address has another one.
- *Origin*: browsers name the page that a request comes from; it must be a page of this gateway.
- *Token*: in the header ``Authorization``, or the cookie of a browser that showed it once; with a cookie, what changes
  something needs the login's XSRF text too. Whatever is wrong, the answer is the same.

Errors are JSON ``{"error": text, "kind": code, "hints": [...]}``. What a client sent is repeated neither there nor in
the log: paths are logged only where they are known to hold nothing but ids.
"""

from __future__ import annotations

import hmac
import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tornado import web
from tornado.httputil import split_host_and_port
from tornado.iostream import StreamClosedError

from mars_nb.gateway.auth import Login, User
from mars_nb.gateway.refused import Refused, not_found

if TYPE_CHECKING:
    from mars_nb.gateway.app import Gateway

logger = logging.getLogger("mars_nb.gateway")

_SAFE = ("GET", "HEAD", "OPTIONS")
#: What a page that is none of ours may do with an answer: nothing.
POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the gateway is.

    Attributes
    ----------
    hosts
        Names it goes by, in lower case.
    port
        Names its cookie: cookies are not kept apart by port.
    secure
        It speaks TLS.
    """

    hosts: frozenset[str]
    port: int
    secure: bool = False

    @property
    def cookie(self) -> str:
        """Name of the login's cookie."""
        return f"mars_nb_{self.port}"

    def knows(self, host: str) -> bool:
        """Tell whether a request's header ``Host`` names this gateway (any port: a tunnel may have another)."""
        return split_host_and_port(host.lower())[0].strip("[]") in self.hosts

    @staticmethod
    def same(origin: str, host: str) -> bool:
        """Tell whether a page's origin is the host that the request is for."""
        try:
            return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
        except ValueError:
            return False


def unauthorized() -> Refused:
    """Make the one answer to every missing, wrong or expired token."""
    return Refused(
        401,
        "unauthorized",
        "a valid token is needed",
        ["mars_nb.new_session('http://HOST:PORT/?token=...')  # the address that mars-nb-cluster printed"],
    )


class Door(web.RequestHandler):
    """Base of all handlers.

    Attributes
    ----------
    gateway
        What all requests share.
    user
        Who asks.
    login
        The browser's login; None if the token came in a header.
    """

    user: User
    login: Login | None = None
    #: Is served without a token.
    open_to_all = False

    def initialize(self, gateway: Gateway) -> None:
        """Take what all requests share."""
        self.gateway = gateway

    def set_default_headers(self) -> None:
        """Set what every answer has."""
        self.clear_header("Server")
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Cache-Control", "no-store")

    async def prepare(self) -> None:
        """Let the request in, or raise `Refused`."""
        self._check_page()
        if self.open_to_all:
            return
        self.user = self._authenticate()
        wait = self.gateway.rates.take(self.user.name)
        if wait:
            raise Refused(429, "too-fast", "too many requests", retry_after=round(wait, 3))

    def _check_page(self) -> None:
        host = self.request.headers.get("Host", "")
        if not self.gateway.place.knows(host):
            raise Refused(403, "forbidden", "the gateway does not go by this name", ["mars-nb-cluster --hostname NAME"])
        origin = self.request.headers.get("Origin")
        if origin is not None and not Place.same(origin, host):
            raise Refused(403, "forbidden", "requests of other pages are not served")

    def _authenticate(self) -> User:
        shown = self.request.headers.get("Authorization")
        if shown is not None:
            scheme, _, token = shown.partition(" ")
            user = self.gateway.users.find(token.strip())
            if user is None or scheme.lower() != "bearer":
                raise unauthorized()
            return user
        self.login = self.find_login()
        if self.login is None:
            raise unauthorized()
        sent = self.request.headers.get("X-XSRF-Token", "")
        if self.request.method not in _SAFE and not hmac.compare_digest(sent.encode(), self.login.xsrf.encode()):
            raise Refused(403, "forbidden", "the header X-XSRF-Token is missing or wrong", ["# reload the page"])
        return self.login.user

    def find_login(self) -> Login | None:
        """Give the login that the request's cookie stands for, None if there is none."""
        cookie = self.get_cookie(self.gateway.place.cookie)
        return self.gateway.logins.find(cookie) if cookie else None

    def check_told_origin(self) -> None:
        """Refuse a browser that does not tell its page's origin: all do when they open a websocket."""
        if self.login is not None and "Origin" not in self.request.headers:
            raise Refused(403, "forbidden", "a browser tells its page's origin")

    def send_json(self, value: Mapping[str, Any]) -> None:
        """Answer with an object of JSON."""
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(value))

    def cut(self) -> None:
        """Cut the connection: half an answer must not look like a whole one."""
        self.detach().close()
        self.on_finish()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with an error (called by tornado)."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, Refused):
            body = error.body
        elif status_code == 405:
            body = Refused(405, "not-allowed", "this cannot be done with it").body
        elif status_code < 500:
            body = Refused(status_code, "bad-request", "the request cannot be understood").body
        else:
            body = Refused(500, "internal", "the gateway has an error; its log says which").body
        if status_code == 401:
            self.set_header("WWW-Authenticate", "Bearer")
        if "retry_after" in body:
            self.set_header("Retry-After", str(math.ceil(body["retry_after"])))
        self.gateway.metrics.refused(body["kind"])
        self.send_json(body)

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log errors of our own, without the request: its address may hold a token."""
        if not isinstance(value, (web.HTTPError, StreamClosedError)):  # nor that a client went away
            logger.error("error in %s", type(self).__name__, exc_info=value)

    def logged_path(self) -> str:
        """Give what the log may show of the path."""
        return "(elsewhere)"

    def compute_etag(self) -> str | None:
        """Do without: answers are not to be stored."""
        return None

    def check_xsrf_cookie(self) -> None:
        """Leave tornado's own XSRF check out: `prepare` does ours."""


class Missing(Door):
    """Every path that does not exist."""

    async def prepare(self) -> None:
        """Say so, to those who may know."""
        await super().prepare()
        raise not_found()


def log_request(handler: web.RequestHandler) -> None:
    """Log and count an answered request (called by tornado)."""
    if isinstance(handler, Door):
        status, seconds = handler.get_status(), handler.request.request_time()
        handler.gateway.metrics.answered(handler.request.method or "", status, seconds)
        name = handler.user.name if hasattr(handler, "user") else "-"
        method = handler.request.method if handler.request.method in handler.SUPPORTED_METHODS else "?"
        logger.debug("%s %s %d %.1f ms %s", method, handler.logged_path(), status, 1000 * seconds, name)
