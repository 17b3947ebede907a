"""The way between kernel and panels: comms, over which a panel is told what there is and asks for things.

Concurrency
-----------
Messages of a panel are handled on the thread of a subshell, while a cell runs (on the kernel's own thread, between
cells, where ipykernel has no subshells). What handles them only puts something into a queue or flips a flag.

What we send bears no parent. Since ipykernel 7.4 a comm remembers the cell under which it last sent something, and what
the panel says would wait until that cell is over; so ``comm.send`` is not used.
"""

from __future__ import annotations

import atexit
import logging
import threading
from contextlib import ExitStack
from functools import partial
from typing import Any

from mars_nb.graph import runtime
from mars_nb.notebook.sidebar.cellids import CellIds
from mars_nb.notebook.sidebar.checking import conforms
from mars_nb.notebook.sidebar.collector import Collector
from mars_nb.notebook.sidebar.desk import Desk
from mars_nb.notebook.sidebar.feed import Feed
from mars_nb.notebook.sidebar.known import version
from mars_nb.notebook.sidebar.messages import ANNOUNCE, TARGET, VERSION, Mismatch, Open, Request, Watch
from mars_nb.notebook.sidebar.panel import Panel

_log = logging.getLogger(__name__)


class Wire:
    """A comm, which is sent over and closed here only.

    Parameters
    ----------
    kernel : ipykernel.kernelbase.Kernel
        The running kernel.
    comm : comm.base_comm.BaseComm
        Must be registered with the kernel's manager of comms.
    """

    def __init__(self, kernel: Any, comm: Any) -> None:
        self._kernel = kernel
        self._comm = comm

    def send(self, data: Any) -> None:
        """Send a message. Any thread; does not raise."""
        self._publish("comm_msg", data)

    def close(self) -> None:
        """Tell the other end that this was all. Harmless if it is closed."""
        if self._is_open:
            self._publish("comm_close", {})
            self.forget()

    def forget(self) -> None:
        """Close this end only. Harmless if it is closed."""
        if self._is_open:
            # As if the other end had closed it: comm.close() would send under the cell that runs.
            _manager().comm_close(None, None, {"content": {"comm_id": self._comm.comm_id, "data": {}}})

    @property
    def _is_open(self) -> bool:
        return _manager().comms.get(self._comm.comm_id) is self._comm

    def open(self) -> None:
        """Open the other end."""
        self._publish("comm_open", {}, target_name=self._comm.target_name)

    def _publish(self, kind: str, data: Any, **more: Any) -> None:
        kernel, comm = self._kernel, self._comm
        content = {"comm_id": comm.comm_id, "data": data, **more}
        try:
            kernel.session.send(kernel.iopub_socket, kind, content, parent={}, ident=comm.topic)
        except Exception:  # the kernel ends
            _log.debug("a message for the sidebar cannot be sent", exc_info=True)


def _manager() -> Any:
    import comm

    return comm.get_comm_manager()


class Sidebar:
    """All that is set up for the sidebar in a kernel.

    Parameters
    ----------
    shell : InteractiveShell
        The running IPython, of a kernel.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._cells = CellIds()
        self._feed = Feed(Collector(lambda: shell.user_ns, self._cells))
        self._desk = Desk()
        self._lock = threading.Lock()  # guards the wires
        self._wires: dict[str, tuple[Wire, Panel]] = {}  # by the panels' own ids
        self._undo = ExitStack()

    def set_up(self) -> None:
        """Let panels come, and tell those that wait for it."""
        import comm

        manager, undo = _manager(), self._undo
        manager.register_target(TARGET, self._opened)
        undo.callback(manager.unregister_target, TARGET, self._opened)
        runtime.on_change = self._feed.changed
        undo.callback(_forget_feed)
        for event, call in (
            ("pre_run_cell", self._cells.begin),
            ("post_run_cell", self._cells.end),
            ("post_run_cell", self._feed.cell_over),
        ):
            self._shell.events.register(event, call)
            undo.callback(self._shell.events.unregister, event, call)
        undo.callback(self._close_wires)
        # Nobody answers it, and who knows it lets go of it at once; but who knows no such target closes it.
        made = comm.create_comm(target_name=ANNOUNCE, primary=False)
        manager.register_comm(made)
        announcement = Wire(self._shell.kernel, made)
        announcement.open()
        undo.callback(announcement.forget)
        atexit.register(self._stop)

    def take_down(self) -> None:
        """Undo it."""
        atexit.unregister(self._stop)
        self._undo.close()

    def _close_wires(self) -> None:
        with self._lock:
            wires, self._wires = list(self._wires.values()), {}
        for wire, _ in wires:
            wire.close()
        self._stop()

    def _stop(self) -> None:
        # All of it when the kernel ends: front ends have closed the comms themselves, and complain of others.
        self._desk.close()
        self._feed.stop()

    # --- on the threads of subshells -----------------------------------------------------------------

    def _opened(self, comm: Any, message: Any) -> None:
        """Take a panel in."""
        data = message["content"]["data"]
        wire = Wire(self._shell.kernel, comm)
        if not conforms(data, Open) or data["version"] != VERSION:
            wire.send(Mismatch(type="mismatch", version=VERSION, package=version()))
            wire.close()
            return
        panel = Panel(version())
        with self._lock:
            before = self._wires.get(data["panel"])
            self._wires[data["panel"]] = wire, panel
        comm.on_msg(partial(self._heard, wire, panel))
        comm.on_close(partial(self._closed, data["panel"], panel))
        self._feed.open(panel, wire.send)
        if before is not None:  # the page was loaded anew: the other end is gone, and JupyterLab would complain
            before[0].forget()

    def _closed(self, name: str, panel: Panel, _: Any) -> None:
        self._feed.close(panel)
        with self._lock:
            found = self._wires.get(name)
            if found is not None and found[1] is panel:
                del self._wires[name]

    def _heard(self, wire: Wire, panel: Panel, message: Any) -> None:
        data = message["content"]["data"]
        self._feed.post(panel.hear)
        if conforms(data, Watch):
            self._feed.post(lambda: panel.watch(data))
        elif conforms(data, Request):
            if data["action"]["do"] == "snapshot":
                self._feed.post(panel.ask)
                wire.send({"type": "reply", "request": data["request"], "value": {}})
            else:
                self._desk.take(data, wire.send)
        elif isinstance(data, dict) and conforms(data.get("request"), int):
            error = {"text": f"mars_nb {version()} in the kernel does not know such a request", "hints": []}
            wire.send({"type": "reply", "request": data["request"], "error": error})


def _forget_feed() -> None:
    runtime.on_change = None
