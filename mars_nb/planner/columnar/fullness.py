"""Which columns surely have a value in each row, so that what is made of them has the same dtype whatever the data."""

from __future__ import annotations

from mars_nb.planner.columnar.relations import Computed, Input, Joined, Relation
from mars_nb.planner.columnar.translate import Translation
from mars_nb.planner.columnar.values import Column

#: Sides of a join whose rows are all real ones.
_KEPT = {"inner": ("left", "right"), "cross": ("left", "right"), "left": ("left",), "right": ("right",), "full": ()}


def is_full(translation: Translation, relation: Relation, column: Column) -> bool:
    """Tell whether a column of a relation lacks nothing; False if that is not known.

    Parameters
    ----------
    translation
        Knows the inputs.
    relation
        Whose column it is.
    column
        Of a dtype that can lack values.
    """
    expr = column.expr
    while expr.meta.is_column():
        name = expr.meta.output_name()
        if isinstance(relation, Input):
            return name in translation.full and translation.full[name]()
        if isinstance(relation, Computed) and name in relation.columns:
            expr = relation.columns[name].expr
        sides = _KEPT[relation.how] if isinstance(relation, Joined) else ("relation",)
        inputs = [getattr(relation, side, None) for side in sides]
        below = next(
            (found for found in inputs if found is not None and expr.meta.root_names()[0] in found.names), None
        )
        if below is None:
            return False
        relation = below
    return False
