"""Rules of translation, one family of operations each; importing this registers them all."""

from mars_nb.planner.columnar.rules import (
    assigning,
    choosing,
    elementwise,
    filling,
    groups,
    joins,
    labels,
    matching,
    operators,
    queries,
    reductions,
    rows,
    stacking,
    texts,
    times,
    windows,
)

__all__ = [
    "assigning",
    "choosing",
    "elementwise",
    "filling",
    "groups",
    "joins",
    "labels",
    "matching",
    "operators",
    "queries",
    "reductions",
    "rows",
    "stacking",
    "texts",
    "times",
    "windows",
]
