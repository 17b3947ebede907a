"""A real kernel for the tests of this folder."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

#: Seconds in which a cell must be over.
PATIENCE_S = 30.0


@dataclass
class Ran:
    """What a cell sent."""

    message_id: str
    reply: dict[str, Any]
    messages: list[dict[str, Any]] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message["content"] for message in self.messages if message["msg_type"] == kind]

    def stream(self, name: str) -> str:
        return "".join(content["text"] for content in self.of("stream") if content["name"] == name)

    @property
    def result(self) -> str | None:
        """Text of the value shown as ``Out[n]``."""
        found = self.of("execute_result")
        return found[0]["data"]["text/plain"] if found else None

    @property
    def error(self) -> list[str]:
        """Lines of the error that is shown."""
        return "\n".join(self.of("error")[0]["traceback"]).splitlines()


def _request(code: str) -> dict[str, Any]:
    flags = {"silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
    return {"code": code, "user_expressions": {}, **flags}


class Kernel:
    """Runs cells, one after the other."""

    def __init__(self, manager: Any, client: Any) -> None:
        self.manager = manager
        self.client = client
        self.strays: list[dict[str, Any]] = []  # what other cells sent while the last one ran

    def run(self, code: str, interrupt_at: str | None = None, cell: str | None = None) -> Ran:
        """Run a cell; interrupt it as soon as it sends a message of a type. JupyterLab tells the cell's id."""
        message = self.client.session.msg("execute_request", _request(code), metadata={"cellId": cell} if cell else {})
        message_id = message["header"]["msg_id"]
        self.client.shell_channel.send(message)
        messages = self._until_idle(message_id, interrupt_at)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            reply = self.client.get_shell_msg(timeout=max(0.1, deadline - time.monotonic()))
            if reply["parent_header"].get("msg_id") == message_id:
                return Ran(message_id, reply["content"], messages)

    def ok(self, code: str, cell: str | None = None) -> Ran:
        ran = self.run(code, cell=cell)
        assert ran.reply["status"] == "ok", "\n".join(ran.reply.get("traceback", [str(ran.reply)]))
        return ran

    def _until_idle(self, message_id: str, interrupt_at: str | None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        self.strays = []
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != message_id:
                self.strays.append(message)
                continue
            found.append(message)
            if message["msg_type"] == interrupt_at:
                self.manager.interrupt_kernel()
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return found
        raise TimeoutError(f"the cell was not over in {PATIENCE_S} s; it sent {[m['msg_type'] for m in found]}")


@pytest.fixture(scope="session")
def _started() -> Iterator[Kernel]:
    manager, client = start_new_kernel(startup_timeout=60)
    try:
        kernel = Kernel(manager, client)
        kernel.ok("%colors nocolor")
        kernel.ok("import builtins, warnings; builtins._mars_nb_filters = warnings.filters[:]")
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
        manager.context.term()


CLEAN = """
import builtins, warnings
warnings.filters[:] = builtins._mars_nb_filters
import mars_nb
%reload_ext mars_nb
for _session in list(mars_nb.sessions.values()):
    _session.close()
"""


@pytest.fixture
def bare(_started: Kernel) -> Kernel:
    """Give the kernel without the extension, with an empty namespace."""
    _started.ok("%reset -f")
    _started.ok(CLEAN)
    _started.ok("%unload_ext mars_nb\n%reset -f")
    return _started


@pytest.fixture
def kernel(bare: Kernel) -> Kernel:
    """Give the kernel with the extension, without sessions, with an empty namespace."""
    bare.ok("%load_ext mars_nb")
    return bare


@pytest.fixture(scope="module")
def _shell() -> Iterator[Any]:
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    made = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}), colors="nocolor")
    made.restore_sys_module_state()  # leave __main__ to pytest
    yield made
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(_shell: Any) -> Iterator[Any]:
    """Give a plain IPython in this process, with an empty namespace."""
    yield _shell
    _shell.reset(new_session=False)
