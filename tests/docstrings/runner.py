"""Runs the examples of a docstring of pandas or numpy in two worlds: with the originals, and with `md` and `mt`.

The source text is the docstring's own. Only the namespace differs: ``pd`` and ``np``, and what ``import`` gives for
them. After each statement the values of both worlds are compared, and at the end the variables, for what was changed
in place. What the docstring says that comes out is not looked at: the installed pandas and numpy say it themselves.

Left out are docstrings that are not about data, or not deterministic; `RULES` says which these are.
"""

from __future__ import annotations

import ast
import builtins
import doctest
import inspect
import re
import types
import warnings
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from answers import check, compute

import mars_nb.dataframe as md
import mars_nb.tensor as mt

#: What the examples of a docstring must not have, and what these are called.
RULES = {
    "random": re.compile(r"random|\.sample\("),
    "plots": re.compile(r"\bplt\b|matplotlib|\.plot\b|\.hist\(|boxplot|scatter_matrix|bokeh"),
    "files": re.compile(
        r"\b(read|to)_\w+\(\s*f?r?[\"'](?!\{|\[)[\w./:~-]+|open\(|tempfile|Store|to_clipboard|\bsave|np\.load|fromfile"
        r"|tofile|ExcelWriter|BytesIO|pathlib|engine\b|sqlite"
    ),
    "system": re.compile(r"show_versions|show_config|get_include|lookfor|\bctypes\b|__array_interface__|\bid\("),
}

_PARSER = doctest.DocTestParser()
_UNSEEN = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)
_PLAIN = (str, bytes, bool, int, float, complex, type(None), np.generic, np.ndarray, slice, np.dtype)
_PANDAS = (pd.DataFrame, pd.Series, pd.Index, pd.api.extensions.ExtensionArray, pd.api.extensions.ExtensionDtype)


class Outcome(NamedTuple):
    """What came of a docstring.

    Attributes
    ----------
    problem
        Where the worlds differ first, None if nowhere.
    compared
        How many values were compared.
    """

    problem: str | None
    compared: int


def left_out(docstring: str | None) -> str | None:
    """Name the rule by which a docstring is left out, None if it is to be run."""
    if docstring is None:
        return "no docstring"
    sources = [example.source for example in _examples(docstring)]
    if not sources:
        return "no examples"
    return next((name for name, rule in RULES.items() if any(map(rule.search, sources))), None)


def docstrings(owner: Any, prefix: str, names: Iterable[str] | None = None) -> dict[str, str]:
    """Collect the docstrings of the public members that are to be run.

    Parameters
    ----------
    owner
        A class or module.
    prefix
        Begins the names, such as ``DataFrame``.
    names
        Which members; all public ones if not given.
    """
    members = [name for name in dir(owner) if not name.startswith("_")] if names is None else names
    texts = {f"{prefix}.{name}": inspect.getdoc(inspect.getattr_static(owner, name)) for name in members}
    return {name: text for name, text in texts.items() if text and left_out(text) is None}


def run(docstring: str) -> Outcome:
    """Run the examples of a docstring in both worlds, up to where they differ."""
    original, lazy = World(pd, np), World(md, mt)
    compared = 0
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for example in _examples(docstring):
            expected = original.run(example.source)
            if isinstance(expected, Raised) and "Traceback" not in example.want:
                break  # an example that does not work by itself
            found = lazy.run(example.source)
            problem = difference(found, expected)
            if problem is not None:
                return Outcome(f"{example.source.strip()}\n    {problem}", compared)
            compared += 1
        for name in original.variables():
            problem = difference(lazy.scope.get(name), original.scope[name])
            if problem is not None:
                return Outcome(f"{name} at the end\n    {problem}", compared)
    return Outcome(None, compared)


class Raised(NamedTuple):
    """An error that a statement raised."""

    error: BaseException


class Printed(NamedTuple):
    """What a statement printed, and its value."""

    values: list[Any]
    value: Any


class World:
    """A namespace in which statements run.

    Parameters
    ----------
    pandas, numpy
        The modules that ``pd`` and ``np`` are.
    """

    def __init__(self, pandas: Any, numpy: Any) -> None:
        self._modules = {"pandas": pandas, "numpy": numpy}
        self._printed: list[Any] = []
        own = {**vars(builtins), "__import__": self._import, "print": self._print}
        self.scope: dict[str, Any] = {"__name__": "docstring", "__builtins__": own, "pd": pandas, "np": numpy}

    def _import(self, name: str, *args: Any) -> Any:
        module, *inner = name.split(".")
        found = self._modules.get(module)
        if found is None:
            return builtins.__import__(name, *args)
        if len(args) > 2 and args[2]:  # from a.b import c
            for part in inner:
                found = getattr(found, part)
        return found

    def _print(self, *values: Any, **_: Any) -> None:
        self._printed.extend(values)

    def run(self, source: str) -> Any:
        """Run statements; give what the last one gives."""
        self._printed.clear()
        try:
            body = ast.parse(source).body
            last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
            exec(compile(ast.Module(body, []), "<docstring>", "exec"), self.scope)
            value = None
            if isinstance(last, ast.Expr):
                value = compute(eval(compile(ast.Expression(last.value), "<docstring>", "eval"), self.scope))
            return Printed(list(map(compute, self._printed)), value)
        except Exception as error:
            return Raised(error)

    def variables(self) -> list[str]:
        """Name the variables that the statements left."""
        return [
            name for name, value in self.scope.items() if not name.startswith("__") and not isinstance(value, _UNSEEN)
        ]


def _examples(docstring: str) -> list[doctest.Example]:
    try:
        examples = _PARSER.get_examples(docstring)
    except ValueError:  # no doctest, though it looks like one
        return []
    return [example for example in examples if not example.options.get(doctest.SKIP)]


def difference(found: Any, expected: Any) -> str | None:
    """Tell what is different, None if nothing is."""
    if isinstance(expected, Raised):
        if isinstance(found, Raised) and isinstance(found.error, type(expected.error)):
            return None
        return f"{_told(found)} instead of {_told(expected)}"
    if isinstance(found, Raised):
        return f"raised {_told(found)}"
    if isinstance(expected, Printed):
        return difference(found.values, expected.values) or difference(found.value, expected.value)
    if not _is_data(expected):
        return None
    try:
        check(compute(found), expected)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def _told(outcome: Any) -> str:
    if not isinstance(outcome, Raised):
        return "no error"
    return f"{type(outcome.error).__name__}: {str(outcome.error)[:300]}"


def _is_data(value: Any) -> bool:
    """Tell what can be compared: not group-bys, iterators and the like."""
    if isinstance(value, tuple | list):
        return all(map(_is_data, value))
    if isinstance(value, dict):
        return all(map(_is_data, value.values()))
    return isinstance(value, (*_PLAIN, *_PANDAS)) or pd.api.types.is_scalar(value)


def problems(texts: dict[str, str], known: dict[str, str], run: Callable[[str], Outcome] = run) -> list[str]:
    """Run docstrings, and tell what is not as the list says.

    Parameters
    ----------
    texts
        The docstrings by name.
    known
        Reasons by name, of those that are known to fail.
    run
        Runs one.

    Returns
    -------
    list of str
        Failures that are not listed, and what is listed but does not fail.
    """
    told = []
    for name, text in texts.items():
        outcome = run(text)
        if outcome.problem is not None and name not in known:
            told.append(f"{name}: {outcome.problem}")
        elif outcome.problem is None and name in known:
            told.append(f"{name} passes: take it off the list")
    return told


def listed(path: Any) -> dict[str, str]:
    """Read a list of names with a reason each: ``name: reason``."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {name: reason for name, _, reason in (line.partition(": ") for line in lines)}
