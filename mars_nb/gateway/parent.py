"""What a process of the gateway's does to hear from the gateway, and to tell it something.

Its settings come as one line of JSON on stdin, so that no secret stands on a command line. It answers with one line of
JSON on stdout. Stdin stays open as long as the gateway lives: its end is how a process knows that it is alone.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any


def read_settings() -> dict[str, Any]:
    """Read the settings that the gateway sends."""
    settings = json.loads(sys.stdin.buffer.readline())
    assert isinstance(settings, dict)
    return settings


def tell(message: Mapping[str, Any]) -> None:
    """Tell the gateway that this process is ready, or why it will not be. Later prints go to stderr."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
    os.dup2(2, 1)  # nobody reads the pipe from here on


def when_alone(call: Callable[[], object]) -> None:
    """Call something, in a thread of its own, when the gateway is gone."""

    def wait() -> None:
        while os.read(0, 1024):  # past Python's buffers: a daemon thread must hold no lock of theirs at the end
            pass
        call()

    threading.Thread(target=wait, name="mars_nb-parent", daemon=True).start()
