"""How rows are grouped: what was asked of ``groupby``."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from mars_nb.graph.meta import PandasMeta
from mars_nb.graph.node import Arguments, Node
from mars_nb.graph.structure import replace
from mars_nb.planner.walks import has_categories, is_series, sample_of

_ARGUMENTS = {"by", "level", "dropna", "sort", "observed", "group_keys", "as_index"}


class Grouping(NamedTuple):
    """How the rows are grouped.

    Attributes
    ----------
    base, inputs
        The node that is grouped, and all nodes that are needed for it.
    args, kwargs
        Of ``groupby``.
    """

    base: Node
    inputs: tuple[Node, ...]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def of_chunk(self, values: tuple[Any, ...]) -> Any:
        """Group a chunk, with groups in the order in which they come."""
        chunks = dict(zip(self.inputs, values, strict=True))
        args, kwargs = replace((self.args, self.kwargs), lambda leaf: chunks[leaf] if isinstance(leaf, Node) else leaf)
        return chunks[self.base].groupby(*args, **{**kwargs, "sort": False, "as_index": True, "observed": True})

    def keys_of_chunk(self, *values: Any) -> list[Any]:
        """Give what a chunk is grouped by, one series or index for each key."""
        chunks = dict(zip(self.inputs, values, strict=True))
        base = chunks[self.base]
        if self.by is None:
            return [base.index]
        return [chunks[key] if isinstance(key, Node) else base[key] for key in self.all_by]

    def keys_of_samples(self) -> list[Any]:
        """Give what the samples are grouped by."""
        return self.keys_of_chunk(*map(sample_of, self.inputs))

    @property
    def base_sample(self) -> Any:
        """The sample of what is grouped."""
        return sample_of(self.base)

    @property
    def by(self) -> Any:
        """The keys as they were given; None for the labels of the rows."""
        return self.args[0] if self.args else self.kwargs.get("by")

    @property
    def all_by(self) -> list[Any]:
        """The keys."""
        return self.by if isinstance(self.by, list) else [self.by]

    @property
    def as_index(self) -> bool:
        """Whether the keys become labels."""
        return bool(self.kwargs.get("as_index", True))

    @property
    def sort(self) -> bool:
        """Whether the groups are in the order of the keys, not in that in which they come."""
        return bool(self.kwargs.get("sort", True))

    @property
    def observed(self) -> bool:
        """Whether there are no groups but those that have rows; else each category is one."""
        return bool(self.kwargs.get("observed", True)) or not any(map(has_categories, self.keys_of_samples()))


def grouping_of(node: Node) -> Grouping | None:
    """Tell how a walk that begins with ``groupby`` groups, if by columns, labels, or series that are cut alike."""
    base = node.args[0]
    args, kwargs = node.args[1] or Arguments((), {})
    sample = base.meta.sample if isinstance(base.meta, PandasMeta) else None
    if not isinstance(sample, pd.DataFrame | pd.Series) or len(args) > 1 or (args and "by" in kwargs):
        return None
    if set(kwargs) - _ARGUMENTS:
        return None
    if isinstance(sample, pd.DataFrame) and not sample.columns.is_unique:
        return None
    found = Grouping(base, node.inputs, args, kwargs)
    if kwargs.get("level") is not None:
        return None if isinstance(sample.index, pd.MultiIndex) or found.by is not None else found
    return found if all(_is_key(key, sample) for key in found.all_by) else None


def _is_key(key: Any, sample: Any) -> bool:
    """Tell a column, or a series of keys."""
    if isinstance(key, Node):
        return is_series(key)
    return isinstance(key, str | int) and isinstance(sample, pd.DataFrame) and key in sample.columns
