"""Rules of translation, one family of operations each; importing this registers them all."""

from mars_nb.planner.columnar.rules import (
    choosing,
    elementwise,
    filling,
    groups,
    joins,
    matching,
    operators,
    reductions,
    rows,
    texts,
    times,
)

__all__ = [
    "choosing",
    "elementwise",
    "filling",
    "groups",
    "joins",
    "matching",
    "operators",
    "reductions",
    "rows",
    "texts",
    "times",
]
