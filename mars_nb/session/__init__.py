"""Sessions: where tileables are executed and their results live.

`Session` is what the user holds, `registry` knows all of them and which is the default, a `Task` is one execution,
and `backends` do the work.
"""

from mars_nb.session.history import Result
from mars_nb.session.registry import registry
from mars_nb.session.session import Session
from mars_nb.session.snapshot import Snapshot, TaskInfo
from mars_nb.session.task import Task

__all__ = ["Result", "Session", "Snapshot", "Task", "TaskInfo", "registry"]
