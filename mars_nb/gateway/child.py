"""A process of the gateway's: given its settings, awaited until it is ready, watched, ended.

See `parent` for the other side. Everything here runs on the gateway's event loop.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mars_nb.errors import MarsError

logger = logging.getLogger("mars_nb.gateway")

#: Seconds in which a process must be ready, and in which it must end when asked to.
READY_S = 60.0
END_S = 8.0
_LINE_MOST = 2**16


class ChildError(MarsError, RuntimeError):
    """A process of the gateway's did not start."""


class Child:
    """A process that is ready.

    Attributes
    ----------
    ready
        What it told when it was.
    """

    def __init__(self, process: asyncio.subprocess.Process, ready: Mapping[str, Any]) -> None:
        self._process = process
        self.ready = ready
        self._code = asyncio.create_task(process.wait())

    def __repr__(self) -> str:
        return f"<Child {self.pid}>"

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    async def wait(self) -> int:
        """Wait until it has ended, and give what it returned. Many may wait, and give up waiting."""
        return await asyncio.shield(self._code)

    async def end(self) -> None:
        """End it: by its own doing if it can, by force if not."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._code.done():
                break
            self._process.send_signal(number)
            await asyncio.wait([self._code], timeout=END_S)
        self.leave()

    def leave(self) -> None:
        """Close the pipe to it, without asking it to end."""
        if self._process.stdin is not None:
            self._process.stdin.close()


async def start(module: str, settings: Mapping[str, Any], *, keep: bool = False, log: Path | None = None) -> Child:
    """Start a process, and wait until it is ready.

    Parameters
    ----------
    module
        What it runs.
    settings
        What it gets on stdin.
    keep
        It may outlive the gateway: its stdin is closed at once.
    log
        File for what it writes; the gateway's stderr if not given.

    Raises
    ------
    ChildError
        If it ends before, says that it cannot, or takes too long.
    """
    stderr = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if log else None
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", module),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            limit=_LINE_MOST,
            start_new_session=True,  # Ctrl-C in the gateway's terminal is the gateway's
        )
    finally:
        if stderr is not None:
            os.close(stderr)
    assert process.stdin is not None
    assert process.stdout is not None
    child = None
    try:
        process.stdin.write(json.dumps(settings).encode() + b"\n")
        if keep:
            process.stdin.close()
        ready = _read(module, await asyncio.wait_for(process.stdout.readline(), READY_S))
        child = Child(process, ready)
    except (TimeoutError, ValueError, ConnectionError) as error:
        raise ChildError(f"{module} was not ready within {READY_S:.0f} s") from error
    finally:
        if child is None:
            process.stdin.close()
            if process.returncode is None:
                process.kill()
            await process.wait()
    return child


def _read(module: str, line: bytes) -> Mapping[str, Any]:
    if not line:
        raise ChildError(f"{module} ended before it was ready; its log says why")
    ready = json.loads(line)
    if not isinstance(ready, dict):
        raise ValueError("not an object")
    if "error" in ready:
        raise ChildError(str(ready["error"]), hints=[str(hint) for hint in ready.get("hints", ())])
    return ready
