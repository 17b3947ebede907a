"""Labels of rows: made of columns, made columns, numbered anew and named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mars_nb.planner.columnar.translate import Step, rule
from mars_nb.planner.columnar.values import Frame, Labels, Level, NotColumnar, Series, Value


@rule("reset_index")
def reset_index(step: Step) -> Value:
    """``df.reset_index()``, ``df.reset_index(drop=True)``, ``df.reset_index(level="a")``."""
    base = step.rows
    names = ("level", "drop") if isinstance(base, Frame) else ("level", "drop", "name")
    level, drop, *_ = step.keywords(*names, "names", drop=False, inplace=False, allow_duplicates=None)
    if not isinstance(drop, bool):
        raise NotColumnar("arguments")
    if drop and level is None:
        return replace(base, labels=Labels())
    base = step.translation.labelled(base)
    taken = _places(base.labels, level)
    left = [each for i, each in enumerate(base.labels.levels) if i not in taken]
    labels = Labels(tuple(left))
    if drop:
        return replace(base, labels=labels)
    columns = (*(base.labels.levels[i].column for i in taken), *base.columns)
    return step.frame(replace(base, labels=labels), list(columns))


def _places(labels: Labels, level: Any) -> list[int]:
    """Tell which levels are meant, in their order."""
    if level is None:
        return list(range(len(labels.levels)))
    names = [each.name for each in labels.levels]
    found = []
    for wanted in level if isinstance(level, list | tuple) else [level]:
        if names.count(wanted) == 1:
            found.append(names.index(wanted))
        elif type(wanted) is int and wanted not in names and -len(names) <= wanted < len(names):
            found.append(wanted % len(names))
        else:
            raise NotColumnar("levels that are not known")
    return sorted(set(found))


@rule("set_index")
def set_index(step: Step) -> Value:
    """``df.set_index("a")``."""
    base = step.rows
    keys, drop, append = step.arguments(
        "keys", "drop", "append", drop=True, append=False, inplace=False, verify_integrity=False
    )
    if not isinstance(base, Frame) or append is not False:
        raise NotColumnar("labels that are no columns")
    names = keys if isinstance(keys, list) else [keys]
    levels = [Level(name, base.column(name)) for name in names]
    if any(level.column.gaps or level.column.running for level in levels):
        raise NotColumnar("labels with gaps, or that depend on other rows")
    if drop:
        base = base.select([i for i, name in enumerate(base.names) if name not in names])
    return replace(base, labels=Labels(tuple(levels)))


@rule("rename_axis")
def rename_axis(step: Step) -> Value:
    """``df.rename_axis("a")``."""
    mapper, index = step.arguments("mapper", "index", axis=0, copy=None)
    given = mapper if index is None else index
    if callable(given) or isinstance(given, dict):
        raise NotColumnar("arguments")
    base = step.rows
    names = step.sample.index.names
    if base.labels.numbered:
        return replace(base, labels=replace(base.labels, name=names[0]))
    levels = (Level(name, level.column) for name, level in zip(names, base.labels.levels, strict=True))
    return replace(base, labels=Labels(tuple(levels)))


@rule("to_frame")
def to_frame(step: Step) -> Value:
    """``series.to_frame()``."""
    step.arguments("name")
    base = step.rows
    if not isinstance(base, Series):
        raise NotColumnar("arguments")
    return step.frame(base, [base.column])
