"""How much memory a query may take at the most, told from its plan: what keeps many rows at a time.

These are chunks that are brought to it, rows that are sorted, the side of a join that is searched, and answers. How
many groups there are nobody knows before, but they are mostly few, so they are let through, as is what is made of
them. What turns out to take more is ended while it runs; see `watching`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import polars as pl

from mars_nb.planner.columnar.dtypes import polars_type
from mars_nb.planner.columnar.query import Answer
from mars_nb.planner.columnar.relations import (
    Computed,
    Distinct,
    Grouped,
    Input,
    Joined,
    Marked,
    Matched,
    Needs,
    Reduced,
    Relation,
    Sliced,
    Sorted,
    Stacked,
    in_order,
)

#: Bytes of a text: a view, and what it looks at.
_TEXT = 32


class Bound(NamedTuple):
    """Bytes at the most, as far as they are known.

    Attributes
    ----------
    read
        Of all inputs.
    chunks
        Of those that are brought to the query.
    work
        Of rows that are kept on the way.
    answer
        Of the answer; 0 if nobody knows.
    """

    read: int
    chunks: int
    work: int
    answer: int


def bound(answer: Answer, needs: Needs) -> Bound:
    """Tell how much memory an answer may take, for which that is needed of each relation."""
    order = [relation for relation in in_order([answer.relation]) if relation in needs]
    counts = _counts(order)
    widths = _widths(order)

    def nbytes(relation: Relation) -> int:
        return (counts[relation] or 0) * sum(widths.get(name, 8) for name in needs[relation].columns)

    inputs = [relation for relation in order if isinstance(relation, Input)]
    chunks = sum(nbytes(relation) for relation in inputs if relation.file is None)
    work = sum(map(nbytes, _kept(order, needs, counts)))
    return Bound(sum(map(nbytes, inputs)), chunks, work, nbytes(answer.relation))


def _kept(order: Iterable[Relation], needs: Needs, counts: dict[Relation, int | None]) -> list[Relation]:
    """List the relations of which all rows are kept: what is sorted, and the sides of joins that are searched."""
    found: list[Relation] = []
    for relation in order:
        if isinstance(relation, Sorted) and needs[relation].order:
            found.append(relation)
        elif isinstance(relation, Marked | Matched):
            found.append(relation.inputs[1])
        elif isinstance(relation, Joined):
            left, right = relation.sides(needs[relation])
            sides = {"left": [right], "right": [left]}.get(relation.how)
            if sides is None:
                sides = sorted((left, right), key=lambda side: counts[side] or 0)
                sides = sides if relation.how == "full" else sides[:1]
            found += sides
    return found


def _counts(order: Sequence[Relation]) -> dict[Relation, int | None]:
    """Tell how many rows there are at the most, as far as joins do not multiply them; None if nobody knows."""
    counts: dict[Relation, int | None] = {}
    for relation in order:
        below = [count for each in relation.inputs if (count := counts.get(each)) is not None]
        match relation:
            case Input():
                counts[relation] = _rows(relation)
            case Reduced():
                counts[relation] = 1
            case Grouped() | Distinct():
                counts[relation] = None
            case Sliced(length=int(length)):
                counts[relation] = min([length, *below])
            case Joined(how="cross"):
                counts[relation] = below[0] * below[1] if len(below) == 2 else None
            case Joined(how="full") | Stacked():
                counts[relation] = sum(below) if below else None
            case Joined():
                counts[relation] = max(below, default=None)
            case _:  # the rows of the first, or fewer
                counts[relation] = counts.get(relation.inputs[0])
    return counts


def _rows(relation: Input) -> int | None:
    if relation.rows is not None or not relation.nbytes:
        return relation.rows
    return relation.nbytes // sum(map(_width, relation.kinds.values()))


def _widths(order: Iterable[Relation]) -> dict[str, int]:
    """Tell the bytes of an item of columns that are not of the usual width."""
    widths: dict[str, int] = {}
    for relation in order:
        if isinstance(relation, Input):
            widths.update((name, _width(kind)) for name, kind in relation.kinds.items())
        elif isinstance(relation, Computed):
            widths.update((name, _width(polars_type(column.dtype))) for name, column in relation.columns.items())
    return widths


def _width(kind: Any) -> int:
    return _TEXT if kind == pl.String else 8
