"""Opening a session behind a gateway: which one, and would what is sent be understood."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from mars_nb.errors import ClusterLost, ClusterUnavailable, UnknownSession
from mars_nb.session.backends.cluster.connecting import check
from mars_nb.session.backends.gateway.backend import GatewayBackend
from mars_nb.session.backends.gateway.requests import Refused, Requests

_PROTOCOL = 1
_PACKAGES = ("mars_nb", "numpy", "pandas", "dask")


def attach(url: str, name: str | None, new: bool) -> tuple[GatewayBackend, Mapping[str, Any]]:
    """Open a session behind a gateway, or attach to one.

    Parameters
    ----------
    url
        Of the gateway, with its token.
    name
        Of the session; it gets a free one if not given.
    new
        Whether it may be made.

    Returns
    -------
    tuple
        The backend, and what the driver told of the session.

    Raises
    ------
    ClusterUnavailable
        If the gateway cannot be reached, refuses the token, or has versions that would not understand this process.
    UnknownSession
        If it may not be made and is not there.
    """
    requests = Requests(url)
    try:
        _check(requests)
        wish = {
            "name": name,
            "new": new,
            "notebook": os.environ.get("JPY_SESSION_NAME", "")[-200:],
            "kernel": _kernel(),
        }
        facts = requests.json("POST", "/api/v1/sessions", wish)
        return GatewayBackend(requests, facts), facts
    except ClusterLost as error:
        requests.close()
        raise ClusterUnavailable(
            f"no gateway answers at {requests.address}",
            hints=["mars-nb-cluster  # in a terminal: starts one on this machine", *error.hints],
        ) from error
    except Refused as error:
        requests.close()
        if not error.kind:
            raise ClusterUnavailable(
                f"something answers at {requests.address}, but it is no gateway of mars_nb"
            ) from error
        if error.status == 404:
            raise UnknownSession(f"no session named {name!r} on {requests.address}", hints=["new=True"]) from None
        raise requests.explain(error) from None
    except BaseException:
        requests.close()
        raise


def _check(requests: Requests) -> None:
    try:
        info = requests.json("GET", "/api/v1/info")
        protocol = info["protocol"]
    except (ValueError, LookupError, TypeError) as error:
        raise ClusterUnavailable(f"what answers at {requests.address} is no gateway of mars_nb") from error
    if protocol != _PROTOCOL:
        raise ClusterUnavailable(
            f"the gateway at {requests.address} speaks another version of the protocol",
            hints=[f"%pip install mars_nb=={info['versions']['mars_nb']}  # then restart the kernel"],
        )
    theirs = info["versions"]
    ours = {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}
    ours["distributed"] = theirs["distributed"]  # is needed there only
    check(requests.address, {"client": {"packages": ours}, "scheduler": {"packages": theirs}, "workers": {}})


def _kernel() -> str:
    return f"{socket.gethostname()[:100]}, process {os.getpid()}"
