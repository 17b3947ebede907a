"""The threaded local scheduler: a pure state machine, and threads around it.

It takes a plain graph of chunk tasks and knows nothing of tileables or sessions.
"""

from mars_nb.scheduler.pool import Run, Scheduler
from mars_nb.scheduler.state import ChunkTask, Counts, Graph, Key, RunState

__all__ = ["ChunkTask", "Counts", "Graph", "Key", "Run", "RunState", "Scheduler"]
