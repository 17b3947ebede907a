"""Sessions: where tileables are executed and their results live.

`Session` is what the user holds, `registry` knows all of them and which is the default, a `Task` is one execution,
and `backends` do the work.
"""

from mars_nb.session.registry import registry
from mars_nb.session.session import Session
from mars_nb.session.task import Snapshot, Task, TaskInfo

__all__ = ["Session", "Snapshot", "Task", "TaskInfo", "registry"]
