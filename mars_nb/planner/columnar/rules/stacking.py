"""Frames put under one another or side by side: ``concat``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from mars_nb.graph.node import Node
from mars_nb.planner.columnar.dtypes import is_number
from mars_nb.planner.columnar.relations import Stacked
from mars_nb.planner.columnar.translate import Step, rule
from mars_nb.planner.columnar.values import Column, Frame, Labels, Level, NotColumnar, Rows, Series, Value

_DEFAULTS: dict[str, Any] = {"axis": 0, "join": "outer", "ignore_index": False, "sort": False, "copy": None}


@rule("pandas.concat")
def concat(step: Step) -> Value:
    """``md.concat([a, b])``; of the same rows also ``md.concat([a, b], axis=1)``."""
    given = {**dict(zip(("objs",), step.node.args, strict=False)), **step.node.kwargs}
    objs = given.pop("objs", None)
    options = {**_DEFAULTS, **given}
    if len(step.node.args) > 1 or set(options) != set(_DEFAULTS) or not isinstance(objs, list | tuple):
        raise NotColumnar("arguments")
    if not objs or not all(isinstance(obj, Node) for obj in objs):
        raise NotColumnar("arguments")
    parts = [step.value(obj) for obj in objs]
    if not all(isinstance(part, Frame | Series) for part in parts):
        raise NotColumnar("a scalar")
    if options["axis"] in (1, "columns"):
        parts = step.together(*parts)
        if options["ignore_index"] or options["sort"]:
            raise NotColumnar("arguments")
        return step.frame(parts[0], [column for part in parts for column in part.columns])
    if options["axis"] not in (0, "index") or len({type(part) for part in parts}) > 1:
        raise NotColumnar("frames and series under one another")
    return stacked(step, parts, bool(options["ignore_index"]))


def stacked(step: Step, parts: list[Rows], anew: bool) -> Rows:
    """Put rows under one another."""
    sample, translation = step.sample, step.translation
    parts = [translation.fixed(part if anew else translation.labelled(part))[0] for part in parts]
    if isinstance(parts[0], Frame):
        chosen = [_in_order(part, sample.columns) for part in parts if isinstance(part, Frame)]
    else:
        chosen = [list(part.columns) for part in parts]
    made: dict[str, tuple[Column, ...]] = {}

    def under(columns: list[Column]) -> Column:
        dtype = _common(columns)
        name = translation.name()
        made[name] = tuple(replace(c, expr=replace(c, expr=c.valid).as_(dtype), nan=False) for c in columns)
        gapped = frozenset().union(*(column.gapped for column in columns))
        return Column(pl.col(name), dtype, any(column.gaps for column in columns), gapped=gapped)

    columns = [under(list(each)) for each in zip(*chosen, strict=True)]
    labels = Labels()
    if not anew:
        levels = [[level.column for level in part.labels.levels] for part in parts]
        if len({len(each) for each in levels}) > 1:
            raise NotColumnar("indexes of different kinds")
        both = zip(sample.index.names, zip(*levels, strict=True), strict=True)
        labels = Labels(tuple(Level(name, under(list(each))) for name, each in both))
    relation = Stacked(tuple(part.relation for part in parts), made)
    if isinstance(parts[0], Series):
        return Series(relation, sample.name, columns[0], labels)
    return Frame(relation, sample.columns, tuple(columns), labels)


def _in_order(frame: Frame, names: Any) -> list[Column]:
    """Give the columns of a frame in the order of the answer."""
    if frame.names.equals(names):
        return list(frame.columns)
    if len(frame.names) != len(names) or set(frame.names) != set(names):
        raise NotColumnar("frames of different columns")
    return [frame.column(name) for name in names]


def _common(columns: list[Column]) -> Any:
    dtypes = {column.dtype for column in columns}
    if any(column.foreign or column.narrow is not None for column in columns):
        raise NotColumnar("dtypes that Polars does not have, or that depend on values")
    if len(dtypes) == 1:
        return dtypes.pop()
    if not all(map(is_number, dtypes)) or any(column.gaps for column in columns):
        raise NotColumnar("columns of different dtypes under one another")
    return np.result_type(*dtypes)
