"""Changes in place: what is recorded for them.

A change is recorded as a function that gives a changed copy, and the user's object stands for the copy from then on.
So nothing that was recorded from the object before changes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Self

from mars_nb.graph.node import Path


def with_item(frame: Any, key: Any, value: Any) -> Any:
    """Copy a frame and set an item in the copy."""
    frame = frame.copy(deep=False)
    frame[key] = value
    return frame


def without_item(frame: Any, key: Any) -> Any:
    """Copy a frame or series and delete an item of the copy."""
    frame = frame.copy(deep=False)
    del frame[key]
    return frame


def with_attribute(frame: Any, name: str, value: Any) -> Any:
    """Copy a frame and set an attribute of the copy, ``index.name`` for one of its index."""
    frame = frame.copy(deep=False)
    owner, _, last = name.rpartition(".")
    setattr(getattr(frame, owner) if owner else frame, last, value)
    return frame


def with_change(frame: Any, method: str, *args: Any, **kwargs: Any) -> Any:
    """Copy a frame and call a method on the copy that changes it."""
    frame = frame.copy(deep=False)
    getattr(frame, method)(*args, **kwargs)
    return frame


def assigned_along(base: Any, names: tuple[str, ...], calls: tuple[Any, ...], key: Any, value: Any) -> Any:
    """Copy a frame and assign in the copy, through what a walk such as ``loc`` gives."""
    base = base.copy(deep=False)
    Path(names).apply((base, *calls), {})[key] = value
    return base


class Attrs(dict[Any, Any]):
    """The ``attrs`` of a lazy frame: a dictionary that tells the frame of its changes.

    Parameters
    ----------
    values
        What is in it.
    changed
        Called with the new values after each change.
    """

    def __init__(self, values: dict[Any, Any], changed: Callable[[dict[Any, Any]], None]) -> None:
        super().__init__(copy.deepcopy(values))
        self._changed = changed

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self._changed(dict(self))

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(key)
        self._changed(dict(self))

    def __ior__(self, other: Any) -> Self:  # type: ignore[misc]  # dict has overloads
        self.update(other)
        return self

    def update(self, *args: Any, **kwargs: Any) -> None:  # noqa: D102  # as dict's
        super().update(*args, **kwargs)
        self._changed(dict(self))

    def setdefault(self, key: Any, default: Any = None) -> Any:  # noqa: D102
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, *args: Any) -> Any:  # noqa: D102
        value = super().pop(*args)
        self._changed(dict(self))
        return value

    def popitem(self) -> tuple[Any, Any]:  # noqa: D102
        item = super().popitem()
        self._changed(dict(self))
        return item

    def clear(self) -> None:  # noqa: D102
        super().clear()
        self._changed({})

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


class Flags:
    """The ``flags`` of a lazy frame, as `pandas.Flags`.

    Parameters
    ----------
    frame
        A lazy frame or series.
    """

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    @property
    def allows_duplicate_labels(self) -> bool:
        """Whether a label may come twice."""
        return bool(self._frame._sample.flags.allows_duplicate_labels)

    @allows_duplicate_labels.setter
    def allows_duplicate_labels(self, value: bool) -> None:
        self._frame._change("set_flags", with_attribute, "flags.allows_duplicate_labels", bool(value))

    def __getitem__(self, key: str) -> bool:
        return bool(self._frame._sample.flags[key])

    def __setitem__(self, key: str, value: bool) -> None:
        if key != "allows_duplicate_labels":
            raise ValueError(f"Unknown flag {key}. Must be one of {{'allows_duplicate_labels'}}")
        self.allows_duplicate_labels = value

    def __eq__(self, other: object) -> bool:
        theirs = getattr(other, "allows_duplicate_labels", None)
        return theirs is not None and bool(theirs) == self.allows_duplicate_labels

    __hash__ = None  # type: ignore[assignment]  # it can change

    def __repr__(self) -> str:
        return f"<Flags(allows_duplicate_labels={self.allows_duplicate_labels})>"
