"""What the kernel and the sidebar say to each other.

The same is written in TypeScript in ``labextension/src/protocol.ts``; ``labextension/fixtures/messages.json`` has
examples of everything, and tests of both sides hold them to it.

The sidebar opens a comm to `TARGET` with `Open` as its data. While it is visible (`Watch`) the kernel tells it the
whole `State` once, then changes of it as JSON merge patches (RFC 7396), not more than ten messages a second. While it
is hidden it is told `Default` only, when that changes. Each `Request` is answered by a `Reply` of the same number.

A panel has `CREDIT` messages; each message of its own gives it all of them again. So the kernel does not send for ever
to a page that is gone.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

#: The comm's target.
TARGET = "mars_nb"
#: Target of the comm that the kernel opens to say that the extension was loaded.
ANNOUNCE = "mars_nb.announce"
#: Changes with what is written here.
VERSION = 1
#: How many messages a panel gets without saying anything.
CREDIT = 3000

# --- what there is: no value is null, so that a merge patch can say all -----------------------------------------------


class Operation(TypedDict):
    """How far a recorded operation of a task is."""

    label: str
    #: Counts the operations of the task from 0, in the order in which they were recorded.
    order: int
    done: int
    running: int
    total: int
    #: Where it was recorded, such as ``In[3], line 2``; empty if that is not known.
    place: str
    #: Id of that cell in the notebook, empty if that is not known, and its line from 1.
    cell: str
    line: int


class Task(TypedDict):
    """An execution."""

    number: int
    label: str
    #: Where ``execute`` was called; see `Operation`.
    place: str
    cell: str
    line: int
    #: ``waiting`` for other tasks, or as `mars_nb.session.Snapshot` has it.
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    #: Seconds since the epoch, and until now or the end.
    started_at: float
    elapsed: float
    #: Chunk tasks.
    done: int
    running: int
    total: int
    #: From 0 to 1.
    fraction: float
    #: Seconds until the end; missing where that is not known.
    remaining: NotRequired[float]
    #: Bytes: the most that the session had in memory meanwhile.
    peak: int
    #: What went wrong, if anything did.
    error: NotRequired[str]
    #: By their keys.
    operations: dict[str, Operation]


class Result(TypedDict):
    """A result that a session holds."""

    kind: str
    label: str
    dtype: str
    #: Empty for what has none.
    shape: list[int]
    nbytes: int
    #: How many of the bytes are on disk.
    spilled: int
    chunks: int
    #: Seconds since the epoch.
    executed_at: float
    #: Where it was recorded; see `Operation`.
    place: str
    cell: str
    line: int
    #: Who holds it: the user's variables first, such as ``df`` and ``parts[0]``, then ``Out[5]`` and ``_``.
    names: list[str]


class Lazy(TypedDict):
    """A lazy object of the user's that has no result (yet)."""

    kind: str
    label: str
    dtype: str
    #: As far as it is known; ``?`` stands for a length that is not.
    shape: list[int | str]
    place: str
    cell: str
    line: int
    names: list[str]
    #: Numbers of the tasks that compute it.
    tasks: list[int]


class Session(TypedDict):
    """An open session."""

    name: str
    #: Grows from session to session.
    order: int
    #: Of the cluster, without secrets; empty for a session in the kernel's process.
    address: str
    #: Chunk tasks at a time: threads, or those of all workers.
    threads: int
    #: Bytes in memory, on disk, and that may be in memory.
    memory: int
    spilled: int
    limit: int
    #: By their keys: the last ones, if there are very many.
    results: dict[str, Result]
    #: How many there are, and their bytes.
    results_total: int
    nbytes: int
    #: By their numbers: those that run, and those that ended last.
    tasks: dict[str, Task]


class State(TypedDict):
    """All that the sidebar shows."""

    #: By their ids.
    sessions: dict[str, Session]
    #: Id of the default session; empty if there is none.
    default: str
    #: By their keys.
    lazy: dict[str, Lazy]


# --- kernel to sidebar ------------------------------------------------------------------------------------------------


class Spans(TypedDict):
    """What ran where and when in a task: a part of it, in place of all from number `first` on."""

    session: str
    task: int
    #: Keys of operations, and names of threads or workers: all so far.
    operations: list[str]
    workers: list[str]
    first: int
    #: Five numbers each: operation, worker, start and duration in milliseconds since the task was started, chunk tasks.
    items: list[int]


class Snapshot(TypedDict):
    """Everything, in place of what was told before."""

    type: Literal["snapshot"]
    #: Of this message; updates count on from it.
    number: int
    #: Version of mars_nb.
    package: str
    #: The kernel's time in seconds since the epoch.
    now: float
    state: State


class Update(TypedDict):
    """What has changed. If a number is missing the sidebar asks for a snapshot."""

    type: Literal["update"]
    number: int
    now: float
    #: A merge patch of `State`.
    patch: dict[str, Any]
    spans: NotRequired[Spans]


class Default(TypedDict):
    """Name of the default session, for panels that are hidden; empty if there is none."""

    type: Literal["default"]
    name: str


class Mismatch(TypedDict):
    """The two halves have different versions of what is written here; the comm is closed after it."""

    type: Literal["mismatch"]
    version: int
    package: str


class Error(TypedDict):
    """Why something was not done, and what to do."""

    text: str
    hints: list[str]


class Reply(TypedDict):
    """The answer to a request: a value, or an error."""

    type: Literal["reply"]
    request: int
    value: NotRequired[dict[str, Any]]
    error: NotRequired[Error]


class Preview(TypedDict):
    """The value of a reply to `PreviewResult`: how the result is shown."""

    html: str
    text: str


Outgoing = Snapshot | Update | Default | Mismatch | Reply

# --- sidebar to kernel ------------------------------------------------------------------------------------------------


class Open(TypedDict):
    """Data of the message that opens the comm."""

    version: int
    #: Names the page's panel, also after a reload: its earlier comm is closed.
    panel: str


class Followed(TypedDict):
    """A task whose spans are wanted."""

    session: str
    task: int


class Watch(TypedDict):
    """What of the panel can be seen. Is not answered, but by a snapshot when it becomes visible."""

    type: Literal["watch"]
    visible: bool
    follow: NotRequired[Followed]


class TakeSnapshot(TypedDict):
    """Send a snapshot."""

    do: Literal["snapshot"]


class MakeDefault(TypedDict):
    """Make a session the default."""

    do: Literal["default"]
    session: str


class CancelTask(TypedDict):
    """Cancel a task."""

    do: Literal["cancel"]
    session: str
    task: int


class CloseSession(TypedDict):
    """Close a session; its results are freed."""

    do: Literal["close"]
    session: str


class RenameSession(TypedDict):
    """Give a session another name."""

    do: Literal["rename"]
    session: str
    name: str


class NewSession(TypedDict):
    """Open a session: on this machine, or with an address on a cluster. The reply's value has its id as `session`."""

    do: Literal["new"]
    #: One is chosen if it is empty.
    name: str
    default: bool
    threads: NotRequired[int]
    #: Such as ``4GiB``.
    memory_limit: NotRequired[str]
    address: NotRequired[str]
    token: NotRequired[str]


class FreeResult(TypedDict):
    """Let a result go. The reply's value has the bytes as `nbytes`."""

    do: Literal["free"]
    session: str
    key: str


class PreviewResult(TypedDict):
    """Show the head of a frame, the corner of an array. The reply's value is a `Preview`."""

    do: Literal["preview"]
    session: str
    key: str


Action = (
    TakeSnapshot | MakeDefault | CancelTask | CloseSession | RenameSession | NewSession | FreeResult | PreviewResult
)


class Request(TypedDict):
    """Something to do."""

    type: Literal["request"]
    request: int
    action: Action


Incoming = Watch | Request
