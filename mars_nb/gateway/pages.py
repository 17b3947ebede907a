"""The web page, and logging in to it.

All that the page shows it asks for by the same routes as every client. A login is a cookie that scripts cannot read;
the address with the token is left at once by a redirect.
"""

from __future__ import annotations

from pathlib import Path

from mars_nb.gateway import metrics
from mars_nb.gateway.auth import LOGIN_S
from mars_nb.gateway.door import Door, unauthorized

#: What the page itself may do: load its own files, and talk to its own gateway.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_WRONG = b'<p class="error" role="alert">This is no valid token.</p>'
_FOLDER = Path(__file__).parent / "page"
#: The files that the login form needs; the others are for those who are in.
_OPEN_FILES = frozenset({"style.css", "login.js", "icon.svg"})
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FILES = _OPEN_FILES | {"page.js", "drawing.js", "client.js", "model.js"}


class Page(Door):
    """A file of the page."""

    open_to_all = True

    def send_file(self, name: str, problem: bytes = b"") -> None:
        """Answer with a file of the package; pages have a place for a problem."""
        self.set_header("Referrer-Policy", "same-origin")  # else forms would not tell their origin
        self.set_header("Content-Type", _KINDS[Path(name).suffix])
        self.set_header("Content-Security-Policy", _PAGE_POLICY)
        self.finish((_FOLDER / name).read_bytes().replace(b"<!-- problem -->", problem))

    def enter(self, token: str) -> None:
        """Log the browser in, and send it to the page; show the form if it is no valid token."""
        user = self.gateway.users.find(token)
        if user is None:
            self.set_status(401)
            self.gateway.metrics.refused("unauthorized")
            self.send_file("login.html", _WRONG)
            return
        self.set_cookie(
            self.gateway.place.cookie,
            self.gateway.logins.open(user),
            httponly=True,
            samesite="Strict",
            secure=self.gateway.place.secure,
            max_age=int(LOGIN_S),
        )
        self.redirect("/", status=303)


class Home(Page):
    """The page, or the login form."""

    async def get(self) -> None:
        """Show it. With a token in the address: log in, and leave that address."""
        token = self.get_query_argument("token", None)
        if token is not None:
            self.enter(token)
        elif self.find_login() is None:
            self.send_file("login.html")
        else:
            self.send_file("index.html")


class LoginForm(Page):
    """Logging in: by a link, or by the form."""

    async def get(self) -> None:
        """Take the token out of the address."""
        self.enter(self.get_query_argument("token", ""))

    async def post(self) -> None:
        """Take the token out of the form."""
        self.enter(self.get_body_argument("token", ""))


class LoginState(Door):
    """Who is logged in."""

    async def get(self) -> None:
        """Tell the page its user, and the text that it sends along with what changes something."""
        dashboard = self.user.dashboard and self.gateway.drivers.cluster.dashboard is not None
        xsrf = self.login.xsrf if self.login is not None else None
        self.send_json({"user": self.user.name, "xsrf": xsrf, "dashboard": dashboard})

    async def delete(self) -> None:
        """Log the browser out."""
        cookie = self.get_cookie(self.gateway.place.cookie)
        if cookie:
            self.gateway.logins.close(cookie)
        self.clear_cookie(self.gateway.place.cookie)
        self.send_json({})


class File(Page):
    """One of the page's files."""

    async def get(self, name: str) -> None:
        """Give it."""
        if name not in _FILES or (name not in _OPEN_FILES and self.find_login() is None):
            raise unauthorized()
        self.send_file(name)


class Health(Door):
    """Whether the gateway is there. Tells nothing else."""

    open_to_all = True

    async def get(self) -> None:
        """Say that it is."""
        self.send_json({"ok": True})


class MetricsText(Door):
    """Numbers for Prometheus."""

    async def get(self) -> None:
        """Give them."""
        self.set_header("Content-Type", metrics.CONTENT_TYPE)
        await self.finish(self.gateway.metrics.text())
