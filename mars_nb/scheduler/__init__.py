"""The threaded local scheduler: a pure state machine, and threads around it.

It takes a plain graph of chunk tasks and knows nothing of tileables or sessions.
"""

from mars_nb.scheduler.pieces import Pieces
from mars_nb.scheduler.pool import Keeper, Run, Scheduler
from mars_nb.scheduler.state import ChunkTask, Counts, Graph, Key, RunState

__all__ = ["ChunkTask", "Counts", "Graph", "Keeper", "Key", "Pieces", "Run", "RunState", "Scheduler"]
