"""Reductions of the user's own, as Mars had them."""

from __future__ import annotations

from typing import Any


class CustomReduction:
    """A reduction in three steps, for `agg`: derive to say what they do.

    A step that gives several values gives a tuple, and the next one takes them one by one.

    Parameters
    ----------
    name
        Labels the result where several functions are given.

    Examples
    --------
    >>> import mars_nb.dataframe as md
    >>> class Spread(md.CustomReduction):
    ...     def pre(self, values):
    ...         return values, values
    ...
    ...     def agg(self, one, other):
    ...         return one.max(), other.min()
    ...
    ...     def post(self, most, least):
    ...         return most - least
    >>> md.DataFrame({"a": [1, 2, 5], "b": [3, 3, 3]}).agg(Spread("spread")).execute()
    a    4
    b    0
    dtype: int64
    """

    def __init__(self, name: str | None = None) -> None:
        self.__name__ = name or type(self).__name__

    def pre(self, value: Any) -> Any:
        """Prepare the values; they stay as they are if it is not derived."""
        return value

    def agg(self, *values: Any) -> Any:
        """Reduce the values."""
        raise NotImplementedError(f"{type(self).__name__} has no method agg(self, values)")

    def post(self, *values: Any) -> Any:
        """Finish what was reduced; it stays as it is if it is not derived."""
        return values[0] if len(values) == 1 else values

    def __call__(self, value: Any) -> Any:
        """Carry out the three steps."""
        for step in (self.pre, self.agg, self.post):
            value = step(*value) if isinstance(value, tuple) else step(value)
        return value
