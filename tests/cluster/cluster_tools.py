"""What tests of clusters share: waiting for something, ending processes, finding what a gateway has started."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from tcp_proxy import Proxy

PATIENCE_S = 60.0
#: Seconds that nothing takes which ends at once, whatever else the machine does; what is ended would go on for longer.
AT_ONCE_S = 2.0


def until(true: Callable[[], Any], what: str = "end", every_s: float = 0.02) -> Any:
    """Wait until the function gives something true, and give that."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := true()):
        assert time.monotonic() < deadline, f"no {what} after {PATIENCE_S} s"
        time.sleep(every_s)
    return found


def environment() -> dict[str, str]:
    """Give that of processes which are to find the functions of the tests, and so what the tests import."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}


def kill(process: subprocess.Popen[Any] | psutil.Process) -> None:
    """End a process at once."""
    process.kill()
    process.wait(PATIENCE_S)


@contextmanager
def running(code: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program, another kernel, for the time of a block, and read what it prints."""
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        kill(process)
        assert process.stdout is not None
        process.stdout.close()


def port_of(url: str) -> int:
    return int(re.search(r":(\d+)/", url)[1])  # type: ignore[index]


def drivers_of(gateway: Any) -> list[psutil.Process]:
    children = psutil.Process(gateway.process.pid).children()
    return [child for child in children if "mars_nb.gateway.driver" in child.cmdline()]


def through(proxy: Proxy, url: str) -> str:
    """Give the gateway's address as it is behind the proxy."""
    return url.replace(f":{port_of(url)}/", f":{proxy.port}/")
