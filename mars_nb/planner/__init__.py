"""The planner: from recorded nodes to a graph of chunk tasks, with what the session holds put in place.

`plan` walks the recording once and lowers each node, in one of two ways. *Whole*: numpy or pandas itself in one chunk
task, exact by construction. *Partitioned*: one task a chunk, or, for arrays, Dask's algorithm. An operation
whose inputs are single chunks is always lowered whole; one with many chunks is lowered partitioned where a rule says
that the answer is the same, and whole otherwise, with a warning.

`layout` says how a value is cut, `slices` which stored chunks answer a slice of a result.
"""

from mars_nb.planner.layout import Grid, Layout, Rows, Single
from mars_nb.planner.plan import Plan, plan

__all__ = ["Grid", "Layout", "Plan", "Rows", "Single", "plan"]
