"""Which cell of the notebook it was: from ``In[3], line 2`` to the cell's id, which the front end knows.

The front end tells the id with each cell that it runs. The table is written by single dictionary operations, on the
threads that run cells, and read on others.
"""

from __future__ import annotations

import re
from typing import Any, TypedDict

#: How many of the last cells are remembered.
REMEMBERED = 10_000
_PLACE = re.compile(r"(?:In\[(?P<count>\d+)\]|.*), line (?P<line>\d+)", re.DOTALL)
_MOST = 80


class Recorded(TypedDict):
    """Where something was recorded: parts of several messages."""

    place: str
    cell: str
    line: int


class CellIds:
    """Ids of cells by the number that they have in ``In[...]``.

    Examples
    --------
    >>> ids = CellIds()
    >>> ids.note(3, "0f6b")
    >>> ids.where("In[3], line 2")
    {'place': 'In[3], line 2', 'cell': '0f6b', 'line': 2}
    >>> ids.where("script.py, line 7")
    {'place': 'script.py, line 7', 'cell': '', 'line': 7}
    >>> ids.where("")
    {'place': '', 'cell': '', 'line': 0}
    """

    def __init__(self) -> None:
        self._ids: dict[int, str] = {}
        # Of the next cell. Not the shell's `execution_count`: whether that is a cell's own number when the cell begins
        # or the next one depends on IPython's version.
        self._next = 1

    def begin(self, info: Any) -> None:
        """Take note of a cell that begins: for IPython's event ``pre_run_cell``.

        Parameters
        ----------
        info : ExecutionInfo
            What IPython tells of the cell.
        """
        if info.store_history and isinstance(info.cell_id, str):
            self.note(self._next, info.cell_id)

    def end(self, result: Any) -> None:
        """Take note of a cell that is over, and so of the next number: for IPython's event ``post_run_cell``.

        Parameters
        ----------
        result : ExecutionResult
            What IPython tells of the cell.
        """
        if result.info.store_history and result.execution_count is not None:
            self._next = result.execution_count
            self.begin(result.info)
            self._next += 1

    def note(self, count: int, cell: str) -> None:
        """Take note of a cell's id."""
        self._ids[count] = cell
        self._ids.pop(count - REMEMBERED, None)

    def where(self, place: str) -> Recorded:
        """Give what a panel is told of a place."""
        found = _PLACE.fullmatch(place)
        cell = "" if found is None or found["count"] is None else self._ids.get(int(found["count"]), "")
        shown = place if len(place) <= _MOST else f"...{place[3 - _MOST :]}"
        return {"place": shown, "cell": cell, "line": 0 if found is None else int(found["line"])}
