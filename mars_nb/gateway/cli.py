"""``mars-nb-cluster``: starts the gateway, and makes tokens."""

from __future__ import annotations

import asyncio
import getpass
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from mars_nb.errors import MarsError
from mars_nb.gateway.auth import User, hash_token, new_token, read_users
from mars_nb.gateway.drivers import Cluster, Timeouts
from mars_nb.gateway.embedded import Size
from mars_nb.gateway.limits import Limits
from mars_nb.gateway.server import Options, make_private, run

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_USUAL = Limits()
_UNITS = {"": 1, "s": 1, "min": 60, "h": 3600, "d": 86400}

_DASHBOARD = (
    "With --scheduler: Dask's dashboard, started with a --dashboard-prefix below /dashboard; shown to users who may."
)
_TOKEN_FILE = (
    "Users: lines NAME:HASH[:OPTIONS], see `mars-nb-cluster token`; read again at SIGHUP.  "
    "[default: one user with a random token]"
)
_STATE_DIR = (
    "Keep sessions over a restart: SIGTERM leaves them to the next gateway with this directory, Ctrl-C ends them."
)


class _Duration(click.ParamType[float]):
    """Seconds, or a number with a unit."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", str(value).strip().lower())
        if found is None or found[2] not in _UNITS or not float(found[1]):
            self.fail(f"{value!r} is not a duration such as 90s, 10min, 24h or 7d", param, ctx)
        return float(found[1]) * _UNITS[found[2]]


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True, "max_content_width": 110},
)
@click.version_option(package_name="mars_nb")
@click.option("--scheduler", metavar="ADDRESS", help="An existing Dask scheduler, as tcp://HOST:8786; else one starts.")
@click.option("--scheduler-tls-ca", type=_FILE, help="For tls:// schedulers: the certificate authority.")
@click.option("--scheduler-tls-cert", type=_FILE, help="For tls:// schedulers: this client's certificate.")
@click.option("--scheduler-tls-key", type=_FILE, help="For tls:// schedulers: this client's key.")
@click.option("--dashboard", metavar="URL", help=_DASHBOARD)
@click.option("--n-workers", type=click.IntRange(1), help="Worker processes.  [default: Dask's choice]")
@click.option("--threads-per-worker", type=click.IntRange(1), help="Threads of each.  [default: Dask's choice]")
@click.option("--memory-limit", default="auto", help="Memory of each worker, as 4GiB; auto shares the machine's.")
@click.option("--host", default="127.0.0.1", help="Where to listen; more than this machine needs TLS.")
@click.option("--port", type=click.IntRange(0, 65535), default=7005, help="Port to listen on; 0 takes a free one.")
@click.option("--hostname", multiple=True, help="A name that clients call this machine by; may be repeated.")
@click.option("--tls-cert", type=_FILE, help="PEM file with the certificate.")
@click.option("--tls-key", type=_FILE, help="PEM file with its key.")
@click.option("--token-file", type=_FILE, help=_TOKEN_FILE)
@click.option("--state-dir", type=click.Path(file_okay=False, path_type=Path), help=_STATE_DIR)
@click.option("--session-timeout", type=_Duration(), default="24h", help="Sessions that nobody uses end after this.")
@click.option("--idle-timeout", type=_Duration(), default="10min", help="Processes without sessions end after this.")
@click.option("--max-upload", type=click.IntRange(1), default=_USUAL.upload, help="Bytes of one piece of an upload.")
@click.option("--rate", type=click.FloatRange(1), default=_USUAL.rate, help="Requests a second of one user.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
@click.pass_context
def main(context: click.Context, /, **given: Any) -> None:
    """Start a gateway to a Dask cluster, for mars_nb.new_session(URL).

    Prints the URL with its token, which is what new_session, %mars_session connect and a browser take.
    """
    if context.invoked_subcommand is not None:
        return
    _start_logging(given["log_level"])
    try:
        options, token = _options(given)
        sys.exit(asyncio.run(run(options, lambda address: _announce(address, token, options))))
    except (MarsError, OSError) as error:
        text = "\n".join([str(error), *(f"  try: {hint}" for hint in getattr(error, "hints", ()))])
        raise click.ClickException(text) from None


@main.command()
@click.argument("name")
@click.option("--expires", metavar="DATE", help="When it ends, as 2027-06-30.")
@click.option("--sessions", type=click.IntRange(1), help="Sessions that the user may have.")
@click.option("--runs", type=click.IntRange(1), help="Executions of a session at a time.")
@click.option("--bytes", metavar="SIZE", help="Bytes of results and uploads, as 20GB.")
@click.option("--dashboard", is_flag=True, help="May see Dask's dashboard, which shows the tasks of all users.")
def token(name: str, dashboard: bool, **limits: Any) -> None:
    """Make a token for the user NAME: the line for the token file on stdout, the token itself on stderr."""
    options = [f"{key}={value}" for key, value in limits.items() if value is not None] + ["dashboard"] * dashboard
    made = new_token()
    line = ":".join([name, hash_token(made), *([",".join(options)] if options else [])])
    try:
        read_users(line)
    except MarsError as error:
        raise click.ClickException(str(error)) from None
    click.echo(line)
    click.echo(f"token of {name}, not stored anywhere: {made}", err=True)


def _options(given: Mapping[str, Any]) -> tuple[Options, str | None]:
    if (given["tls_cert"] is None) != (given["tls_key"] is None):
        raise click.UsageError("--tls-cert and --tls-key go together")
    read, token = _users(given["token_file"], given["state_dir"])
    options = Options(
        read_users=read,
        host=given["host"],
        port=given["port"],
        hostnames=given["hostname"],
        tls_cert=given["tls_cert"],
        tls_key=given["tls_key"],
        cluster=_cluster(given),
        size=Size(given["n_workers"], given["threads_per_worker"], given["memory_limit"]),
        state_dir=given["state_dir"],
        timeouts=Timeouts(given["idle_timeout"], given["session_timeout"]),
        limits=Limits(upload=given["max_upload"], rate=given["rate"], burst=int(2 * given["rate"])),
    )
    return options, token


def _cluster(given: Mapping[str, Any]) -> Cluster | None:
    if given["scheduler"] is None:
        return None
    names = {"tls_ca_file": "ca", "tls_client_cert": "cert", "tls_client_key": "key"}
    files = {name: given[f"scheduler_tls_{short}"] for name, short in names.items()}
    security = {name: str(path.absolute()) for name, path in files.items() if path is not None}
    return Cluster(given["scheduler"], security or None, given["dashboard"])


def _users(token_file: Path | None, state_dir: Path | None) -> tuple[Callable[[], Mapping[str, User]], str | None]:
    """Give what reads the users, and the token if there is only one, made here."""
    if token_file is not None:
        return lambda: read_users(token_file.read_text(encoding="utf-8")), None
    token = new_token() if state_dir is None else _kept_token(state_dir)
    name = re.sub(r"[^A-Za-z0-9_.-]", "", getpass.getuser())[:32].lstrip("_.-") or "user"
    users = {hash_token(token): User(name, dashboard=True)}
    return lambda: users, token


def _kept_token(state_dir: Path) -> str:
    """Give the token of the last gateway with this directory, so that its address stays the same."""
    make_private(state_dir)
    path = state_dir / "token"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(new_token())
    return path.read_text(encoding="utf-8")


def _announce(address: str, token: str | None, options: Options) -> None:
    if token is not None:
        click.echo(f"{address}?token={token}")
    else:
        names = sorted({user.name for user in options.read_users().values()})
        click.echo(f"{address} for {', '.join(names)}")
    sys.stdout.flush()


def _start_logging(level: str) -> None:
    """Log what the gateway itself says, and nothing of the libraries below: they would quote requests."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    ours = logging.getLogger("mars_nb.gateway")
    ours.addHandler(handler)
    ours.setLevel(level.upper())
    ours.propagate = False
    quiet = logging.getLogger("tornado")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
