"""Taking a local session along to a cluster: `Session.move_to`.

What is done is planned first (`mars_nb.session.transfer.moves`). Then a session is opened there under a name of its
own, and gets the results: sent chunk by chunk as they are, or computed there. It takes the name and the default mark
only when all is there; until then, and whatever goes wrong, the local session is as it was.

Concurrency
-----------
Chunks are sent on a thread of their own, which nobody else shares the state of but for counters that only it writes. An
interrupt ends it after the chunk that is under way.
"""

from __future__ import annotations

import secrets
import sys
import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import cast

from mars_nb.errors import MarsError, NotMoved, TaskCancelled
from mars_nb.graph import record
from mars_nb.graph.callsite import capture, user_frame
from mars_nb.graph.node import Node, ordered
from mars_nb.graph.tileable import Tileable
from mars_nb.planner.layout import Layout
from mars_nb.session.api import check_address, new_session
from mars_nb.session.backends.base import Memory, Progress, Receiver
from mars_nb.session.registry import registry
from mars_nb.session.session import Session
from mars_nb.session.task import Task
from mars_nb.session.transfer.moves import HOW, Held, Move, is_data, is_recomputed, planned

# Seconds that the chunk under way has when all is to end.
_LAST_S = 5.0


def move(
    session: Session, address: str, results: str, dry_run: bool, show_progress: bool | str | None
) -> Session | Move:
    """Move a session, or tell what that would do; see `Session.move_to`."""
    __tracebackhide__ = True
    address = check_address(address)
    _check(session, results)
    held = _held(session)
    recomputed = [item.node for item in held if is_recomputed(item.node, results)]
    plan = planned(session.name, address, held, recomputed)
    if dry_run:
        return plan
    print(plan.line)  # noqa: T201  # for whoever wants to interrupt, because it is more than was thought
    made = new_session(address, name=f"{session.name}-{secrets.token_hex(4)}", default=False)
    try:
        made._reserve(session.name)
        _carry_over(session, made, held, recomputed, show_progress)
        _check_unused(session, {item.node.key for item in held})
        registry.replace(session, made)
    except BaseException as error:
        made.close()
        error.add_note(f"  session {session.name!r} was not moved: it is as it was")
        raise
    session.close()
    return made


def _check(session: Session, results: str) -> None:
    if results not in HOW:
        raise ValueError(f"results= takes {', '.join(map(repr, HOW))}; got {results!r}")
    if session.address is not None:
        raise NotMoved(
            f"session {session.name!r} is on a cluster, {session.address}; only sessions on this machine can be moved",
            hints=["mars_nb.new_session(URL)  # another one, where objects can be executed again"],
        )
    if session.running:
        tasks = ", ".join(str(task.number) for task in session.running)
        raise NotMoved(
            f"in session {session.name!r} there are running tasks: {tasks}",
            hints=[
                "[task.result() for task in session.running]  # waits for them",
                "[task.cancel() for task in session.running]  # or ends them",
            ],
        )


def _check_unused(session: Session, moved: Collection[str]) -> None:
    if session.closed:
        raise NotMoved(f"session {session.name!r} was closed meanwhile")
    if session.running or not {result.key for result in session.results} <= set(moved):
        raise NotMoved(
            f"something was executed in session {session.name!r} while it was moved", hints=["session.move_to(URL)"]
        )


# --- what there is --------------------------------------------------------------------------------------------------


def _held(session: Session) -> list[Held]:
    """List what the session holds, inputs first."""
    variables = _variables()
    found: dict[Node, Held] = {}
    for result in session.results:
        node, claim = session._history.node(result.key), session._executor.claims.get(result.key)
        if node is not None and claim is not None:  # else it was freed meanwhile
            name = ", ".join(result.names) or variables.get(node.key, result.label)
            found[node] = Held(node, claim, result.kind, result.nbytes, name)
    return [found[node] for node in ordered(found) if node in found]


def _variables() -> Mapping[str, str]:
    """Give the user's global names of lazy objects, by the objects' keys; local ones would be kept alive by looking."""
    frame = user_frame(sys._getframe())
    return {
        value.key: name
        for name, value in ({} if frame is None else dict(frame.f_globals)).items()
        if issubclass(type(value), Tileable) and not name.startswith("_")
    }


# --- doing it --------------------------------------------------------------------------------------------------------


def _carry_over(
    session: Session,
    made: Session,
    held: Sequence[Held],
    recomputed: Collection[Node],
    show_progress: bool | str | None,
) -> None:
    """Bring the results to the new session, and what is known of them."""
    __tracebackhide__ = True
    made._executor.told.update(item.node.key for item in held)
    sent = [item for item in held if item.node not in recomputed and not is_data(item.node)]
    # Data that the user gave is part of recordings anyway: executing it there sends it once.
    _execute(made, [item for item in held if is_data(item.node)], show_progress)
    if sent:
        _upload(session, made, sent, show_progress)
    _execute(made, [item for item in held if item.node in recomputed], show_progress)
    for item in held:
        at = None if item.node in recomputed else session._history.executed_at(item.node.key)
        made._history.executed({item.node: item.kind}, at)
    made._names.take_over(session._names, {item.node.key for item in held})


def _execute(made: Session, items: Sequence[Held], show_progress: bool | str | None) -> None:
    __tracebackhide__ = True
    if items:
        tileables = [record.present(item.node, item.claim, "") for item in items]
        made.execute(*tileables, wait=True, show_progress=show_progress, warn_duplicated_execution=False)


def _upload(session: Session, made: Session, items: Sequence[Held], show_progress: bool | str | None) -> None:
    __tracebackhide__ = True
    task = Task(None, tuple(item.node for item in items), made.name, capture())
    upload = _Upload(session, made, items, task)
    try:
        made._executor.lead(task, upload.start, show_progress)
    finally:
        upload.join()
    for item in items:
        made._executor.hold(item.claim)
        made._logs.put([item.node.key], session._logs.text(item.node.key))


class _Upload:
    """Sends the chunks of results, one at a time; see `mars_nb.session.backends.base.Work`."""

    n_threads = 1
    timeline = None

    def __init__(self, session: Session, made: Session, items: Sequence[Held], task: Task) -> None:
        self._session = session
        self._backend = cast(Receiver, made._backend)
        self._task = task
        self._cancelled = threading.Event()
        self._done: Counter[Node] = Counter()
        self._layouts: list[tuple[Held, Layout]] = []
        for item in items:
            layout = session._layout(item.node.key)
            if layout is None:
                raise NotMoved(f"{item.name} was freed while session {session.name!r} was moved")
            self._layouts.append((item, layout))
        self._thread = threading.Thread(target=self._run, name="mars_nb-move", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._task.begin(self)
        self._thread.start()

    def join(self) -> None:
        """Wait for the chunk under way."""
        if self._thread.ident is not None:
            self._thread.join(_LAST_S)

    def cancel(self) -> None:
        """Send no more."""
        self._cancelled.set()

    def progress(self) -> tuple[Progress, ...]:
        """Tell how many chunks of each result are there."""
        counts = [(item.node, self._done[item.node], len(layout.keys)) for item, layout in self._layouts]
        current = next((node for node, done, total in counts if done < total), None)
        return tuple(Progress(node, done, int(node is current), total) for node, done, total in counts)

    def memory(self) -> Memory:
        """Tell what the workers hold."""
        return Memory(self._backend.memory, self._backend.spilled, self._backend.memory_limit)

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            for item, layout in self._layouts:
                self._send(item, layout)
        except Exception as raised:
            error = raised
        self._task.end(error)

    def _send(self, item: Held, layout: Layout) -> None:
        key = item.node.key
        try:
            for number, chunk in enumerate(layout.keys):
                if self._cancelled.is_set():
                    raise TaskCancelled("the move was cancelled")
                self._backend.place(key, number, self._session._backend.read(key, [chunk])[0])
                self._done[item.node] += 1
            self._backend.adopt(item.node, layout, self._session._logs.text(key))
        except MarsError:
            raise
        except Exception as error:
            raise NotMoved(
                f"{item.name}, a result of {item.node.label}, cannot be sent to {self._backend.address}: "
                f"{type(error).__name__}: {error}",
                hints=[
                    "session.move_to(URL, results='recompute')  # computes it there",
                    f"session.free({item.name})  # then it is moved without it",
                ],
            ) from error
