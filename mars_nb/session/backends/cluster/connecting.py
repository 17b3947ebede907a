"""Connecting to a Dask cluster: is it there, and would what is sent be understood."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from mars_nb.errors import ClusterUnavailable

if TYPE_CHECKING:
    from distributed import Client

    from mars_nb.session.backends.cluster.backend import ClusterBackend

#: Seconds in which Dask's scheduler must answer.
TIMEOUT_S = 10
#: Names seconds without any worker after which what runs has failed; the drivers of a gateway have its environment.
VARIABLE = "MARS_NB_GRACE_S"
_GRACE_S = 25.0
# What must agree, and in how many parts of its version: what is pickled with one is not always read by another.
_AGREE = {"python": 2, "numpy": 1, "pandas": 1, "dask": 2, "distributed": 2, "mars_nb": 2}


def connect(address: str, security: Any = None) -> ClusterBackend:
    """Connect a session to Dask's scheduler; see `connect_client`."""
    client = connect_client(address, security)
    try:
        from mars_nb.session.backends.cluster.backend import ClusterBackend

        return ClusterBackend(address, client)
    except BaseException:
        client.close()
        raise


def grace_s() -> float:
    """Tell after how many seconds without any worker what runs has failed.

    Raises
    ------
    ClusterUnavailable
        If the environment has nonsense for it.
    """
    text = os.environ.get(VARIABLE, "").strip()
    try:
        seconds = float(text) if text else _GRACE_S
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise ClusterUnavailable(
            f"{VARIABLE} is a number of seconds above 0, got {text!r}",
            hints=[f"{VARIABLE}={_GRACE_S:g}  # in the environment, or leave it out; the gateway's where there is one"],
        )
    return seconds


def connect_client(address: str, security: Any = None) -> Client:
    """Connect to Dask's scheduler.

    Parameters
    ----------
    address
        Such as ``tcp://10.0.0.7:8786``.
    security
        A `distributed.Security` for ``tls://`` addresses; Dask's configuration if not given.

    Raises
    ------
    ClusterUnavailable
        If it cannot be reached, lacks mars_nb, or has versions that would not understand this process.
    """
    grace_s()  # nonsense is told now, and not when sessions need it
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterUnavailable(
            f"clusters need a package that is not installed: {error.name}", hints=["%pip install 'mars_nb[cluster]'"]
        ) from error
    try:
        client = Client(address, timeout=TIMEOUT_S, set_as_default=False, security=security, name="mars_nb")
    except (OSError, TimeoutError) as error:
        raise ClusterUnavailable(
            f"no Dask scheduler answers at {address} within {TIMEOUT_S} s",
            hints=["mars_nb.new_session()  # a session on the threads of this machine"],
        ) from error
    try:
        check(address, cast(Mapping[str, Any], client.get_versions(packages=["mars_nb"])))
    except BaseException:
        client.close()
        raise
    return client


def check(address: str, versions: Mapping[str, Any]) -> None:
    """Refuse a cluster whose versions are not ours.

    Parameters
    ----------
    address
        Names it in the error.
    versions
        What `distributed.Client.get_versions` tells.

    Raises
    ------
    ClusterUnavailable
        If some are not; it says which, and what to install where.
    """
    ours = versions["client"]["packages"]
    places = {"the scheduler": versions["scheduler"], **{f"worker {n}": v for n, v in versions["workers"].items()}}
    wrong = [
        (package, place, theirs)
        for place, found in places.items()
        for package, theirs in _different(ours, (found or {}).get("packages", {}))
    ]
    if not wrong:
        return
    texts = [
        f"{package} {theirs or 'missing'} on {place}, here {ours[package]}" for package, place, theirs in wrong[:3]
    ]
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    needed = " ".join(f"{package}=={ours[package]}" for package in sorted({w[0] for w in wrong} - {"python"}))
    hints = [f"pip install {needed}  # on the cluster's machines"] if needed else []
    if any(package == "python" for package, *_ in wrong):
        hints.append(f"# a cluster with Python {_first(ours['python'], 2)}, or a kernel with the cluster's Python")
    raise ClusterUnavailable(f"the cluster at {address} has other versions: {'; '.join(texts)}{more}", hints=hints)


def _different(ours: Mapping[str, str], theirs: Mapping[str, str | None]) -> Iterator[tuple[str, str | None]]:
    for package, parts in _AGREE.items():
        found = theirs.get(package)
        if found is None or _first(found, parts) != _first(ours[package], parts):
            yield package, found


def _first(version: str, parts: int) -> str:
    return ".".join(version.split(".")[:parts])
