"""What a session holds, by number and by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any, SupportsIndex, overload

from mars_nb.errors import UnknownResult
from mars_nb.session.history import Result


class Results(list[Result]):
    """What a session holds, oldest first. A name gives the lazy object that was published under it, and so does a key.

    Parameters
    ----------
    results
        What there is.
    find
        Gives the lazy object of a result.

    Examples
    --------
    >>> import mars_nb, mars_nb.tensor as mt
    >>> with mars_nb.new_session(default=False) as session:
    ...     t = mt.ones(3).execute(session=session)
    ...     session.publish(ones=t)
    ...     session.results["ones"].fetch(session=session)
    array([1., 1., 1.])
    """

    def __init__(self, results: Iterable[Result], find: Callable[[Result], Any]) -> None:
        super().__init__(results)
        self._find = find

    @property
    def names(self) -> list[str]:
        """The names that results were published under."""
        return sorted(name for result in self for name in result.names)

    @overload
    def __getitem__(self, which: str) -> Any: ...
    @overload
    def __getitem__(self, which: SupportsIndex) -> Result: ...
    @overload
    def __getitem__(self, which: slice) -> list[Result]: ...

    def __getitem__(self, which: str | SupportsIndex | slice) -> Any:
        if not isinstance(which, str):
            return super().__getitem__(which)
        for result in self:
            if which in result.names or which == result.key:
                return self._find(result)
        near = difflib.get_close_matches(which, self.names, n=1)
        known = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(self.names) or 'none'}"
        raise UnknownResult(f"no result named {which!r}; {known}", hints=["session.publish(name=object)  # names one"])
