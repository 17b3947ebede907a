"""A session behind a gateway: other processes can find it, its results and what runs in it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mars_nb.errors import MarsError, NotMoved
from mars_nb.graph import record
from mars_nb.graph.claims import Claim
from mars_nb.session.backends.gateway.backend import GatewayBackend
from mars_nb.session.backends.gateway.elsewhere import node_of
from mars_nb.session.backends.gateway.run import GatewayRun, stub
from mars_nb.session.session import Session
from mars_nb.session.task import Task

if TYPE_CHECKING:
    from mars_nb.session.backends.gateway.run import Event
    from mars_nb.session.registry import Registry


class GatewaySession(Session):
    """A session behind a gateway. Made by `mars_nb.new_session`.

    It does not end with this process: it stays, with its results, until it is closed or nobody used it for a time, and
    ``new_session(url, name=...)`` finds it again. Results of other processes are not freed with the objects that stand
    for them here, but by `free`.
    """

    _backend: GatewayBackend

    def __init__(self, backend: GatewayBackend, registry: Registry, name: str, facts: Mapping[str, Any]) -> None:
        super().__init__(backend, registry, name, str(facts["id"]))
        backend.on_event = self._hear

    def attach(self, facts: Mapping[str, Any]) -> None:
        """Learn what there is, and hear of what happens from now on.

        Parameters
        ----------
        facts
            What the driver told of the session.
        """
        for run in facts["runs"]:
            self._follow(run)
        self._backend.start()
        if facts["existing"]:
            for result in self._backend.ask("GET", "/results"):
                self._take(result)

    @property
    def is_gone(self) -> bool:
        """Whether it ended without having been closed here: it expired, or somebody else closed it."""
        return self._backend.is_gone

    def rename(self, name: str) -> Session:
        """Give the session another name; see `Session.rename`."""
        self._check_open()
        self._backend.ask("PATCH", body={"name": name})
        return super().rename(name)

    def _reserve(self, name: str) -> None:
        try:
            self._backend.ask("PATCH", body={"name": name})
        except MarsError as error:
            hint = f"mars_nb.get_session({name!r}).rename('...')  # another name, then move it"
            raise NotMoved(str(error), hints=[hint]) from error

    @property
    def expires_in(self) -> float:
        """Seconds after which the session ends if nobody uses it."""
        self._check_open()
        return self._backend.expires_in()

    def extend(self, seconds: float) -> float:
        """Let the session live for at least so many seconds from now, even if nobody uses it.

        Returns
        -------
        float
            Seconds that are left.
        """
        self._check_open()
        return float(self._backend.ask("POST", "/extend", {"seconds": seconds})["expires_in"])

    def detach(self) -> None:
        """Leave the session as it is: what runs goes on, and ``new_session(url, name=...)`` finds it again."""
        if self._end():
            self._backend.detach()  # first: what is cancelled here goes on there
            self._cancel_all()
            self._executor.close()

    _leave = detach

    def _check_open(self) -> None:
        super()._check_open()
        self._backend.check()

    def _tell_names(self, changes: Mapping[str, str | None], wait: bool) -> None:
        tell = self._backend.ask if wait else self._backend.later
        tell("PUT", "/names", dict(changes))

    # --- what others do in it ------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        match event:
            case {"event": "begun"}:
                self._follow(event)
            case {"event": "names", "names": names}:
                self._names.replace(names)
            case {"event": "session", "name": name}:
                with contextlib.suppress(ValueError):  # there is one of that name here
                    self._registry.rename(self, name)

    def _take(self, result: Mapping[str, Any]) -> Any:
        """Take note of a result of another process, and give the lazy object."""
        meta = self._backend.keep(result)
        layout = self._backend.layout(result["key"])
        assert layout is not None
        node = node_of(self._backend, result, layout, meta)
        self._history.executed({node: result["kind"]}, result.get("executed_at"))
        if "names" in result:
            self._names.learn(dict.fromkeys(result["names"], node.key))
            self._logs.put([node.key], result["log"])
        record.load_front_ends()
        return record.present(node, Claim(node.key), "")

    def _follow(self, facts: Mapping[str, Any]) -> None:
        """Make a task of what another process began."""
        nodes = [stub(key, label, label) for key, label in facts["wanted"]]
        found: list[Any] = []
        task = Task(found, tuple(nodes), self.name, started_at=facts["started_at"])

        def on_end(event: Event, error: BaseException | None) -> None:
            if error is None:
                try:
                    found.extend(self._take(result) for result in event.get("results", ()))
                except Exception as raised:
                    error = raised
            self._executor.failures.note(error, task)
            task.end(error)

        log = self._logs.put([node.key for node in nodes])
        run = GatewayRun(self._backend, facts["run"], nodes, on_end, log)
        run.status(facts)
        self._backend.follow(run)
        self._executor.follow(task, run)
        self._backend.take_timeline(facts)
