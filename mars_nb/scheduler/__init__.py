"""The threaded local scheduler: a pure state machine, and threads around it.

It takes a plain graph of chunk tasks and knows nothing of tileables or sessions.
"""

from mars_nb.scheduler.hooks import Gauge, Keeper
from mars_nb.scheduler.pieces import Pieces
from mars_nb.scheduler.pool import Scheduler
from mars_nb.scheduler.run import FailedTask, OnDone, Run, Trail
from mars_nb.scheduler.state import ChunkTask, Counts, Graph, Key, RunState

__all__ = [
    "ChunkTask",
    "Counts",
    "FailedTask",
    "Gauge",
    "Graph",
    "Keeper",
    "Key",
    "OnDone",
    "Pieces",
    "Run",
    "RunState",
    "Scheduler",
    "Trail",
]
