"""Relations: what a columnar plan computes, as a graph of a few kinds of steps, each of which Polars has.

No two relations of a plan have columns of the same name, but that a step which only chooses rows keeps those of its
input. A relation says what it needs of its inputs for what is needed of it (which columns, and whether the order of
rows matters), and with that, inputs first, makes a lazy frame of Polars.
"""

from mars_nb.planner.columnar.relations.base import (
    Frames,
    Need,
    Needs,
    Relation,
    in_order,
    lazy_frames,
    narrowest,
    needed,
)
from mars_nb.planner.columnar.relations.groups import Grouped, Reduced
from mars_nb.planner.columnar.relations.joins import Joined, Marked, Matched, Stacked, has_unique, marks
from mars_nb.planner.columnar.relations.order import Distinct, Sliced, Sorted
from mars_nb.planner.columnar.relations.rows import Computed, Filtered, Input, Numbered, Widened

__all__ = [
    "Computed",
    "Distinct",
    "Filtered",
    "Frames",
    "Grouped",
    "Input",
    "Joined",
    "Marked",
    "Matched",
    "Need",
    "Needs",
    "Numbered",
    "Reduced",
    "Relation",
    "Sliced",
    "Sorted",
    "Stacked",
    "Widened",
    "has_unique",
    "in_order",
    "lazy_frames",
    "marks",
    "narrowest",
    "needed",
]
