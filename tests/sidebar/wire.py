"""What a page and its kernels say to each other: the frames of its websockets, read as Jupyter's messages."""

from __future__ import annotations

import itertools
import json
import struct
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from playwright.sync_api import Page, WebSocket


class Message(NamedTuple):
    """A message of a kernel or to one.

    Attributes
    ----------
    at
        When its sender made it, in seconds since the epoch.
    sent
        Whether the page sent it.
    """

    at: float
    sent: bool
    channel: str
    type: str
    header: dict[str, Any]
    parent: dict[str, Any]
    content: dict[str, Any]


def decode(frame: bytes, sent: bool) -> Message:
    """Read a frame of the websocket protocol ``v1.kernel.websocket.jupyter.org``: offsets, then the parts."""
    (count,) = struct.unpack_from("<Q", frame)
    offsets = struct.unpack_from(f"<{count}Q", frame, 8)
    parts = [frame[a:b] for a, b in itertools.pairwise(offsets)]
    header, parent, _, content = map(json.loads, parts[1:5])
    at = datetime.fromisoformat(header["date"]).timestamp()
    return Message(at, sent, parts[0].decode(), header["msg_type"], header, parent, content)


class Wire:
    """Listens to all kernels of a page, from the next time it is loaded on.

    Attributes
    ----------
    messages
        All so far, in the order in which they came.
    """

    def __init__(self, page: Page) -> None:
        self.messages: list[Message] = []
        page.on("websocket", self._listen)

    def _listen(self, websocket: WebSocket) -> None:
        if "/channels" in websocket.url:
            websocket.on("framereceived", lambda frame: self._take(frame, sent=False))
            websocket.on("framesent", lambda frame: self._take(frame, sent=True))

    def _take(self, frame: bytes | str, *, sent: bool) -> None:
        if isinstance(frame, bytes):
            self.messages.append(decode(frame, sent))

    def told(self, since: float = 0.0) -> list[Message]:
        """List what kernels told the sidebar."""
        return [m for m in self._comm_messages() if not m.sent and m.at >= since and "type" in m.content["data"]]

    def asked(self, since: float = 0.0) -> list[Message]:
        """List what the sidebar said to kernels."""
        return [m for m in self._comm_messages() if m.sent and m.at >= since and "type" in m.content["data"]]

    def _comm_messages(self) -> list[Message]:
        return [m for m in self.messages if m.type == "comm_msg" and m.content["data"].get("method") is None]

    def executed(self) -> list[str]:
        """List all code that the page let kernels execute."""
        return [m.content["code"] for m in self.messages if m.sent and m.type == "execute_request"]
