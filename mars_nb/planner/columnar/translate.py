"""Recorded operations as values over relations: asks the rules, and tells why an operation is not columnar."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import polars as pl

from mars_nb.graph.meta import PandasMeta, TensorMeta
from mars_nb.graph.node import Arguments, Node, Path
from mars_nb.planner.columnar.dtypes import polars_type
from mars_nb.planner.columnar.relations import (
    Computed,
    Filtered,
    Matched,
    Numbered,
    Reduced,
    Relation,
    Widened,
    marks,
    narrowest,
)
from mars_nb.planner.columnar.values import (
    Array,
    Attached,
    Column,
    Frame,
    Labels,
    Level,
    NotColumnar,
    Rows,
    Scalar,
    Series,
    Value,
    derived,
    literal,
)

#: Begins the reason where a rule met what it does not know.
UNEXPECTED = "arguments that its rule does not expect"

Rule = Callable[["Step"], Any]
RULES: dict[str, Rule] = {}
_R = TypeVar("_R", bound=Rule)
_T = TypeVar("_T", bound=Rows)
_W = TypeVar("_W", bound=Relation)
_BOOL = np.dtype(bool)


def rule(*names: str) -> Callable[[_R], _R]:
    """Say by which rule operations are translated: functions by name, walks by their attributes with dots between."""

    def register(function: _R) -> _R:
        RULES.update(dict.fromkeys(names, function))
        return function

    return register


def rule_name(node: Node) -> str:
    """Give the name that a rule for an operation goes by."""
    return ".".join(node.op.names) if isinstance(node.op, Path) else node.op.name


@dataclass
class Translation:
    """What the operations of a recording are in a columnar plan.

    Attributes
    ----------
    values
        Of each node that was translated; those of inputs are put in beforehand.
    refused
        Why the others were not, in a few words.
    full
        Tells of columns of inputs, by their names, whether they have a value in each row.
    """

    values: dict[Node, Value] = field(default_factory=dict)
    refused: dict[Node, str] = field(default_factory=dict)
    full: dict[str, Callable[[], bool]] = field(default_factory=dict)
    _filtered: dict[tuple[Relation, Column], Relation] = field(default_factory=dict)
    _numbered: dict[Relation, Numbered] = field(default_factory=dict)
    _widest: dict[Relation, Relation] = field(default_factory=dict)
    _gapped: dict[tuple[Relation, Column], Attached] = field(default_factory=dict)
    _names: Any = field(default_factory=lambda: map("c{}".format, itertools.count()))

    def translate(self, node: Node) -> Value | None:
        """Translate a node whose inputs were looked at; None if it is not columnar."""
        if node in self.values:
            return self.values[node]
        found = RULES.get(rule_name(node))
        try:
            if found is None:
                raise NotColumnar("no columnar form")
            self.values[node] = self._seen(node, found(Step(self, node)))
        except NotColumnar as error:
            self.refused[node] = str(error)
        except Exception as error:  # arguments that the rule did not expect: pandas takes them, or says what is wrong
            self.refused[node] = f"{UNEXPECTED}: {error!r}"
        return self.values.get(node)

    def _seen(self, node: Node, value: Value) -> Value:
        """Refuse what was made of columns that stay behind, which may only be passed on, and what Polars has not."""
        if not value.columns:
            raise NotColumnar("a frame without columns")
        if isinstance(node.meta, PandasMeta) and getattr(_index(node.meta.sample), "freq", None) is not None:
            raise NotColumnar("an index with a frequency")
        passed = {column for input_ in node.inputs if input_ in self.values for column in self.values[input_].columns}
        for column in value.columns:
            if column.foreign and column not in passed:
                raise NotColumnar("columns of dtypes that Polars does not have, or that may lack values")
        if not isinstance(value, Frame | Series):
            return value
        made = [column for column in value.columns if column not in passed]
        value, columns = self._computed(value, [column for column in made if column.long], value.columns)
        return _moved(value, value.relation, value.labels, tuple(columns))

    def name(self) -> str:
        """Give a name for a column that no other one has."""
        return str(next(self._names))

    def filtered(self, relation: Relation, mask: Column) -> Relation:
        """Give the rows for which a mask is true: for the same mask the same relation."""
        key = (relation, mask)
        if key not in self._filtered:
            self._filtered[key] = _filtered(relation, mask)
        return self._filtered[key]

    def widened(self, relation: Relation, wider: Callable[[Relation], _W]) -> _W:
        """Give the same rows with more columns.

        Each widening of the same rows stands on the one before, so that values of them have a relation in common.
        """
        root = narrowest(relation)
        found = wider(self._widest.get(root, root))
        self._widest[root] = found
        return found

    def numbered(self, relation: Relation) -> Numbered:
        """Give the same rows with their numbers beside."""
        root = narrowest(relation)
        if root not in self._numbered:
            self._numbered[root] = self.widened(root, lambda rows: Numbered(rows, self.name()))
        return self._numbered[root]

    def widest(self, relation: Relation) -> Relation:
        """Give the same rows with all columns that they got so far."""
        return self._widest.get(narrowest(relation), relation)

    def labelled(self, value: _T) -> _T:
        """Give a frame or series with labels that rows keep when they move."""
        if not value.labels.numbered:
            return value
        column = Column(pl.col(self.numbered(value.relation).name), pd.RangeIndex(0).dtype)
        labels = Labels((Level(value.labels.name, column),))
        return _moved(value, self.widest(value.relation), labels)

    def beside(self, value: _T, *columns: Column) -> tuple[_T, list[Column]]:
        """Give columns of the rows of a frame or series such that none depends on other rows; the rows stay."""
        return self._computed(value, [column for column in columns if column.running], columns)

    def _computed(self, value: _T, chosen: list[Column], columns: Sequence[Column]) -> tuple[_T, list[Column]]:
        """Give columns of the rows of a frame or series, some of them computed before what is made of them."""
        if not chosen:
            return value, list(columns)
        made = {column: self.name() for column in chosen}
        computed = {name: replace(column, expr=column.valid, nan=False) for column, name in made.items()}
        relation = self.widened(value.relation, lambda rows: Widened(rows, computed))
        found = [plain(computed[made[c]], made[c]) if c in made else c for c in columns]
        return _moved(value, relation, value.labels), found

    def fixed(self, value: _T, *more: Column) -> tuple[_T, list[Column]]:
        """Give a frame or series, and columns of its rows, so that rows may be moved: none depends on others."""
        value = self._remembered(value)
        if not any(column.running for column in (*value.columns, *more)):
            return value, list(more)
        names = pd.RangeIndex(len(value.columns) + len(more))
        settled = self.settled(Frame(value.relation, names, (*value.columns, *more), value.labels))
        own, others = settled.columns[: len(value.columns)], settled.columns[len(value.columns) :]
        return _moved(value, settled.relation, settled.labels, own), list(others)

    def _remembered(self, value: _T) -> _T:
        """Let columns know of gaps, or of large integers, in rows that may be left out."""

        def remembered(column: Column) -> Column:
            if not column.gaps or column.gapped:
                return column
            key = (value.relation, column)
            if key not in self._gapped:
                expr = column.expr
                told = expr.is_null() if column.narrow is None else ~expr.is_between(*_limits(column.narrow))
                found = self.reduced(value.relation, derived(told.any(), _BOOL, column), column.running)
                self._gapped[key] = Attached(found.relation, found.column.expr.meta.output_name())
            return replace(column, gapped=frozenset({self._gapped[key]}))

        columns = tuple(map(remembered, value.columns))
        return _moved(value, value.relation, value.labels, columns)

    def settled(self, value: _T) -> _T:
        """Give a frame or series whose columns and labels are columns of its relation, no expressions."""
        made: dict[str, Column] = {}

        def settle(column: Column) -> Column:
            if column.foreign:
                return column
            name = self.name()
            made[name] = replace(column, expr=column.valid, nan=False)
            return plain(made[name], name)

        columns = tuple(map(settle, value.columns))
        labels = Labels(
            tuple(Level(level.name, settle(level.column)) for level in value.labels.levels), value.labels.name
        )
        relation = Computed(value.relation, made, any(column.running for column in made.values()))
        return _moved(value, relation, labels, columns)

    def reduced(self, relation: Relation, column: Column, first: bool = False) -> Scalar:
        """Give the value of an aggregation of all rows."""
        name = self.name()
        found = Reduced(relation, {name: column}, first)
        return Scalar(found, plain(column, name))


def _filtered(relation: Relation, mask: Column) -> Relation:
    """Filter, where rows are marked by keys by semi-joins."""
    others, matches = [], []
    for part in _conjuncts(mask.true):
        for mark in marks(relation):
            kept = [part.meta.eq(pl.col(mark.name)), part.meta.eq(~pl.col(mark.name))]
            if any(kept):
                matches.append((mark, kept[0]))
                break
        else:
            others.append(part)
    if not matches:
        return Filtered(relation, mask)
    if others:
        relation = Filtered(relation, replace(mask, expr=reduce(operator.and_, others), mask=None))
    for mark, matched in matches:
        relation = Matched(relation, mark, matched)
    return relation


def _conjuncts(expr: pl.Expr) -> list[pl.Expr]:
    """Take a filter apart into those that must all be true."""
    parts = expr.meta.pop()
    if len(parts) == 2:
        for one, other in (parts, parts[::-1]):
            if (one & other).meta.eq(expr):
                return [*_conjuncts(one), *_conjuncts(other)]
    return [expr]


def _limits(dtype: Any) -> tuple[int, int]:
    return np.iinfo(dtype).min, np.iinfo(dtype).max


def _index(sample: Any) -> Any:
    return getattr(sample, "index", sample)


def plain(column: Column, name: str) -> Column:
    """Give a column as it is when it was computed, under a name."""
    return Column(pl.col(name), column.dtype, column.gaps, column.nan, gapped=column.gapped, narrow=column.narrow)


def _moved(value: _T, relation: Relation, labels: Labels, columns: tuple[Column, ...] | None = None) -> _T:
    """Give a frame or series on another relation."""
    columns = value.columns if columns is None else columns
    if isinstance(value, Frame):
        return replace(value, relation=relation, labels=labels, columns=columns)
    assert isinstance(value, Series)
    return replace(value, relation=relation, labels=labels, column=columns[0])


class Step:
    """An operation as a rule sees it.

    Parameters
    ----------
    translation
        Knows the inputs' values.
    node
        The operation.
    """

    def __init__(self, translation: Translation, node: Node) -> None:
        self.translation = translation
        self.node = node

    # --- what is known of it --------------------------------------------------------------------------------

    @property
    def sample(self) -> Any:
        """What pandas gives for the sample: a frame, series or index, or None for a scalar."""
        meta = self.node.meta
        if isinstance(meta, PandasMeta):
            if meta.open:
                raise NotColumnar("columns that depend on values")
            return meta.sample
        return None

    @property
    def dtype(self) -> Any:
        """The dtype of the series or scalar that pandas gives for the sample."""
        meta = self.node.meta
        found = meta.dtype if isinstance(meta, TensorMeta) else getattr(self.sample, "dtype", None)
        if polars_type(found) is None:
            raise NotColumnar(f"dtype {found}")
        return found

    def value(self, argument: Any) -> Any:
        """Give the value of a node among the arguments, anything else as it is.

        Raises
        ------
        NotColumnar
            If the node is not columnar.
        """
        if not isinstance(argument, Node):
            return argument
        found = self.translation.values.get(argument)
        if found is None:
            raise NotColumnar(f"{argument.short_name} is not columnar")
        return found

    @property
    def base(self) -> Any:
        """The value that a walk begins at, or the first argument."""
        return self.value(self.node.args[0])

    @property
    def rows(self) -> Rows:
        """The same, where it must have rows.

        Raises
        ------
        NotColumnar
            If it has none.
        """
        base = self.base
        if not isinstance(base, Frame | Series):
            raise NotColumnar("a scalar")
        return base

    @property
    def calls(self) -> list[Arguments | None]:
        """The calls of a walk."""
        return list(self.node.args[1:])

    def arguments(self, *names: str, call: int = -1, **defaults: Any) -> list[Any]:
        """Give the arguments of a call by name.

        Parameters
        ----------
        names
            Those that are taken, in the order of pandas's signature.
        call
            Which call of a walk.
        defaults
            Values of arguments that are not given, None for others; in addition, arguments that may be given if they
            have this value.

        Raises
        ------
        NotColumnar
            If another argument is given.
        """
        found = self.calls[call]
        if found is None or len(found.args) > len(names):
            raise NotColumnar("arguments")
        given = {**dict(zip(names, found.args, strict=False)), **found.kwargs}
        for name, value in given.items():
            if name not in names and not (name in defaults and _same(value, defaults[name])):
                raise NotColumnar(f"argument {name}=")
        return [given.get(name, defaults.get(name)) for name in names]

    def keywords(self, *names: str, **defaults: Any) -> list[Any]:
        """Give arguments as `arguments` does, of a call in which only the first may be given by position."""
        call = self.calls[-1]
        if call is None or len(call.args) > 1:
            raise NotColumnar("arguments")
        return self.arguments(*names, **defaults)

    # --- making values --------------------------------------------------------------------------------------

    def aligned(self, base: Any, other: Any) -> Any:
        """Give a series whose rows are those of `base`.

        Raises
        ------
        NotColumnar
            If it is of other rows, which would have to be aligned by label.
        """
        moved = other if other.relation is base.relation else _lifted(other, base.relation)
        if moved is None or not _are_labelled_alike([base, other]):
            raise NotColumnar("rows of another frame are aligned by label")
        return moved

    def together(self, *values: Any) -> list[Any]:
        """Give frames and series on one relation, if they have the same rows with the same labels.

        Raises
        ------
        NotColumnar
            If they have not.
        """
        relations = [value.relation for value in values] if _are_labelled_alike(values) else []
        for relation in relations:
            lifted = [value if value.relation is relation else _lifted(value, relation) for value in values]
            if all(value is not None for value in lifted):
                return lifted
        raise NotColumnar("rows of another frame are aligned by label")

    def operand(self, argument: Any, base: Any) -> Any:
        """Give an argument as a column beside the rows of `base`, or as a constant.

        Raises
        ------
        NotColumnar
            If it is neither.
        """
        value = self.value(argument)
        if isinstance(value, Series):
            return self.aligned(base, value).column
        return self.attached(value) if isinstance(value, Scalar) else literal(value)

    def attached(self, scalar: Scalar) -> Column:
        """Give a scalar as a column beside rows."""
        relation, column = scalar.relation, scalar.column
        if column.attached or not column.expr.meta.is_column():
            name = self.translation.name()
            relation, column = Computed(relation, {name: column}), plain(column, name)
        name = column.expr.meta.output_name()
        return replace(column, attached=column.attached | {Attached(relation, name)})

    def frame(self, base: Any, columns: Mapping[Hashable, Column] | list[Column]) -> Frame:
        """Make a frame of the rows of `base` with the labels of columns that the sample has."""
        listed = list(columns.values()) if isinstance(columns, Mapping) else columns
        names = self.sample.columns
        if len(names) != len(listed):
            raise NotColumnar("other columns than the sample's")
        return Frame(base.relation, names, tuple(listed), base.labels)

    def series(self, base: Any, column: Column) -> Series:
        """Make a series of the rows of `base`, with the name that the sample has."""
        return Series(base.relation, self.sample.name, column, base.labels)


def _lifted(value: Any, relation: Relation) -> Any:
    """Give a value on a relation that has the same rows and more columns, None if it is no such relation."""
    above: Relation | None = relation
    while above is not None:
        above = above.narrower
        if above is value.relation:
            return _moved(value, relation, value.labels)
    return None


def _are_labelled_alike(values: Sequence[Any]) -> bool:
    """Tell whether values of the same rows have the same labels, so that nothing is to be aligned."""
    found: list[Labels] = [value.labels for value in values if not isinstance(value, Array | Scalar)] or [Labels()]
    first, *others = found
    return all(
        labels.name == first.name
        and len(labels.levels) == len(first.levels)
        and all(
            one.name == other.name and one.column.expr.meta.eq(other.column.expr)
            for one, other in zip(labels.levels, first.levels, strict=True)
        )
        for labels in others
    )


def _same(left: Any, right: Any) -> bool:
    return left is right or (type(left) is type(right) and bool(left == right))
