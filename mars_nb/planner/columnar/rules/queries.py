"""``df.query`` and ``df.eval``: expressions over columns, taken apart as Python takes them apart.

What is not plain arithmetic, comparison and logic, pandas does itself.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mars_nb.planner.columnar.dtypes import polars_type
from mars_nb.planner.columnar.rules.arithmetic import BOOL, Operand, arithmetic, compared, logical, refuse_gaps
from mars_nb.planner.columnar.rules.choosing import kept
from mars_nb.planner.columnar.rules.elementwise import belongs
from mars_nb.planner.columnar.translate import Step, rule
from mars_nb.planner.columnar.values import Column, Frame, NotColumnar, Series, Value, derived, literal

_BINARY: dict[type, str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
}
_COMPARED: dict[type, str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
_LOGICAL = {"&": "and", "|": "or"}
#: Stands before the names of variables, which pandas marks with @.
_VARIABLE = "_variable_"


@rule("query")
def query(step: Step) -> Value:
    """``df.query("a > 1 and b == @x")``."""
    base, found = _evaluated(step)
    if not isinstance(found, Column) or found.dtype != BOOL or found.gaps:
        raise NotColumnar("rows by label")
    return kept(step, base, found)


@rule("eval")
def evaluate(step: Step) -> Value:
    """``df.eval("a + b")``."""
    base, found = _evaluated(step)
    if not isinstance(found, Column) or not isinstance(step.sample, pd.Series):
        raise NotColumnar("a constant, or an assignment")
    return Series(base.relation, step.sample.name, found, base.labels)


def _evaluated(step: Step) -> tuple[Frame, Any]:
    base, call = step.base, step.calls[-1]
    if not isinstance(base, Frame) or call is None or not call.kwargs.keys() <= {"local_dict", "inplace"}:
        raise NotColumnar("arguments")
    (text,) = call.args
    try:
        tree = ast.parse(_prepared(text), mode="eval").body
    except (SyntaxError, tokenize.TokenError):
        raise NotColumnar("an expression that is not plain Python") from None
    return base, _Reading(base, call.kwargs.get("local_dict") or {}).read(tree)


def _prepared(text: str) -> str:
    """Give the expression in Python: pandas takes & and | for `and` and `or`, and @ marks variables."""
    tokens = []
    marked = False
    for token in tokenize.generate_tokens(io.StringIO(text.strip()).readline):
        word = token.string
        if token.type == tokenize.OP and word == "@":
            marked = True
            continue
        kind = tokenize.NAME if word in _LOGICAL else token.type
        word = f"{_VARIABLE}{word}" if marked else _LOGICAL.get(word, word)
        marked = False
        tokens.append((kind, word))
    return tokenize.untokenize(tokens)


class _Reading:
    """Reads an expression over the columns of a frame.

    Parameters
    ----------
    base
        The frame.
    variables
        By name.
    """

    def __init__(self, base: Frame, variables: Mapping[str, Any]) -> None:
        self.base = base
        self.variables = variables

    def read(self, tree: ast.expr) -> Operand:
        """Give what an expression stands for.

        Raises
        ------
        NotColumnar
            If it is not plain.
        """
        match tree:
            case ast.Constant(value=value):
                return _constant(value)
            case ast.Name(id=name) if name.startswith(_VARIABLE):
                return _constant(self.variables.get(name.removeprefix(_VARIABLE)))
            case ast.Name(id=name) if name in self.base.names:
                return self.base.series(self.base.place(name)).column
            case ast.BoolOp(op=op, values=values):
                name = "and" if isinstance(op, ast.And) else "or"
                first, *others = map(self.read, values)
                for other in others:
                    first = logical(name, first, other)
                return first
            case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
                return _negated(self.read(operand))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return -number
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return _computed(_BINARY[type(op)], self.read(left), self.read(right))
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                return self._compared([left, *comparators], ops)
        raise NotColumnar("an expression of more than columns, constants and operators")

    def _compared(self, sides: list[ast.expr], ops: list[ast.cmpop]) -> Operand:
        found: Operand | None = None
        for i, op in enumerate(ops):
            part = self._pair(sides[i], op, sides[i + 1])
            found = part if found is None else logical("and", found, part)
        assert found is not None
        return found

    def _pair(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Operand:
        if isinstance(op, ast.In | ast.NotIn) or isinstance(right, ast.List):
            if isinstance(right, ast.Name) and right.id.startswith(_VARIABLE):
                values = self.variables.get(right.id.removeprefix(_VARIABLE))
            else:
                values = [self.read(item) for item in right.elts] if isinstance(right, ast.List | ast.Tuple) else None
            column = self.read(left)
            if not isinstance(values, list | tuple) or not isinstance(column, Column):
                raise NotColumnar("in of other than a column and a list")
            if not isinstance(op, ast.In | ast.NotIn | ast.Eq | ast.NotEq):
                raise NotColumnar("a comparison with a list")
            found = belongs(column, list(values))
            return found if isinstance(op, ast.In | ast.Eq) else _negated(found)
        if type(op) not in _COMPARED:
            raise NotColumnar("an operator of Python's own")
        one, other = self.read(left), self.read(right)
        if not isinstance(one, Column) and not isinstance(other, Column):
            raise NotColumnar("a comparison of constants")
        return compared(_COMPARED[type(op)], one, other)


def _constant(value: Any) -> Operand:
    """Give a constant; several are no constant."""
    if isinstance(value, np.generic):
        raise NotColumnar("a variable of numpy's")
    found: Operand = literal(value)
    return found


def _negated(operand: Operand) -> Column:
    if not isinstance(operand, Column) or operand.dtype != BOOL:
        raise NotColumnar("not of other than booleans")
    refuse_gaps(operand)
    return derived(~operand.expr, BOOL, operand)


def _computed(name: str, left: Operand, right: Operand) -> Column:
    """Compute, in the dtype that pandas gives."""
    sides = [pd.Series([1], dtype=side.dtype) if isinstance(side, Column) else side for side in (left, right)]
    if not any(isinstance(side, Column) for side in (left, right)):
        raise NotColumnar("arithmetic of constants")
    methods = {"truediv": "div"}
    first = sides[0] if isinstance(sides[0], pd.Series) else pd.Series([1]).astype(type(sides[0]))
    dtype = getattr(first, methods.get(name, name))(sides[1]).dtype
    if polars_type(dtype) is None:
        raise NotColumnar(f"dtype {dtype}")
    return arithmetic(name, left, right, dtype)
