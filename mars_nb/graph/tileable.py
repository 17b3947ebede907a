"""Tileables: what the user holds. The front ends derive numpy- and pandas-shaped classes from it."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from mars_nb.graph import showing
from mars_nb.graph.claims import Claim, Hand, hand_of
from mars_nb.graph.meta import Meta, ObjectMeta
from mars_nb.graph.node import Function, Node
from mars_nb.graph.pickling import reduced
from mars_nb.graph.runtime import runtime

if TYPE_CHECKING:
    from typing import Self


#: How many objects of a tuple are drawn as HTML.
_MOST_DRAWN = 10


class Tileable:
    """A lazy object: recorded, and executed in sessions."""

    __slots__ = ("__weakref__", "_claim", "_hand", "_node")

    _node: Node
    _claim: Claim
    _hand: Hand
    #: Begins the names of operations on this kind of object.
    _prefix = "Object"
    #: In an operation on several kinds the highest rank decides (as ``__array_priority__`` does).
    _rank = 0

    @classmethod
    def _of(cls, node: Node, claim: Claim) -> Self:
        """Make a tileable of a recorded node."""
        tileable = object.__new__(cls)
        tileable._node = node
        tileable._claim = claim
        tileable._hand = hand_of(claim)
        return tileable

    def _become(self, other: Tileable) -> None:
        """Stand for another value from now on. What was recorded from this object before does not change."""
        self._node = other._node
        self._claim = other._claim
        self._hand = other._hand

    def _record_function(self, op: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Record a function in which this kind of object has the highest rank."""
        raise TypeError(f"{op.name} does not work on a lazy {type(self).__name__}; use .fetch() for its value")

    @property
    def _meta(self) -> Meta:
        return self._node.meta

    @property
    def key(self) -> str:
        """Name of the recorded value, unlike any other's."""
        return self._node.key

    def execute(self, session: Any = None, wait: bool | None = None, **options: Any) -> Any:
        """Compute the object and keep its result in a session.

        Parameters
        ----------
        session : Session, optional
            Where; the default session if not given, which is created where there is none.
        wait : bool, optional
            False gives a future at once instead of waiting. If not given it waits, but for `mars_nb.background`.
        **options
            ``show_progress`` (True, False or "auto") and ``warn_duplicated_execution``, see `mars_nb.options`.

        Returns
        -------
        Tileable or ExecutionFuture
            The object itself, or with ``wait=False`` a future of it.

        Raises
        ------
        SessionClosed
            If the session was closed.
        Exception
            Whatever the user's own functions raise.

        Examples
        --------
        >>> import mars_nb.tensor as mt
        >>> mt.ones((2, 2)).sum().execute()
        4.0
        """
        __tracebackhide__ = True
        done = runtime().execute([self], session, wait, options)
        return done if wait is False else self

    def fetch(self, session: Any = None, *, limit: int | str | None = None, force: bool = False, **options: Any) -> Any:
        """Bring the result from a session, as numpy's, pandas's or Python's own object.

        Parameters
        ----------
        session : Session, optional
            The session that executed it; the default session if not given.
        limit : int or str, optional
            Bytes, or a text such as ``"4GiB"``, that may be brought; ``options.fetch_limit``, or a quarter of the free
            memory, if not given.
        force : bool
            Bring it however large it is.

        Raises
        ------
        IsolationError
            If that session does not hold the result (a ``ValueError``).
        FetchTooLarge
            If it is larger than `limit` (a ``MemoryError``).
        """
        __tracebackhide__ = True
        return runtime().fetch([self], session, {"limit": limit, "force": force, **options})[0]

    def explain(self, session: Any = None, *, plan: bool = False) -> Any:
        """Tell how the object would be computed: which operations run how, and why. Nothing is run.

        Parameters
        ----------
        session : Session, optional
            Where; the default session if not given, or a new one where there is none.
        plan : bool
            Show the plans that Polars makes of columnar stages as well; in a notebook they can be opened in any case.

        Returns
        -------
        Explanation
            It shows itself, as HTML in notebooks; ``print`` gives the text.

        Examples
        --------
        >>> import mars_nb.tensor as mt
        >>> mt.ones(4, chunk_size=2).sum().explain()
        2 operations would run in session 'doctest', in 5 chunk tasks
        <BLANKLINE>
        #  operation  of  runs         shape  bytes  notes  recorded in
        1  ones           in 2 chunks  4       32 B         ...
        2  sum        1   in 1 chunk            8 B         ...
        """
        return runtime().explain(self, session, plan)

    def fetch_log(self, session: Any = None) -> str:
        """Give what functions printed while the object was executed; see `mars_nb.fetch_log`.

        Parameters
        ----------
        session : Session, optional
            The session that executed it; the default session if not given.
        """
        return runtime().fetch_log(self, session)

    def _value(self) -> Any:
        """Execute in the default session where needed, and fetch."""
        __tracebackhide__ = True
        return runtime().value(self)

    def __float__(self) -> float:
        return float(self._value())

    def __int__(self) -> int:
        return int(self._value())

    def __complex__(self) -> complex:
        return complex(self._value())

    def __index__(self) -> int:
        return operator.index(self._value())

    def __bool__(self) -> bool:
        return bool(self._value())

    def __trunc__(self) -> Any:
        return math.trunc(self._value())

    def __floor__(self) -> Any:
        return math.floor(self._value())

    def __ceil__(self) -> Any:
        return math.ceil(self._value())

    def __format__(self, spec: str) -> str:
        return format(self._value(), spec) if spec else str(self)

    def __str__(self) -> str:
        return self._draw(self._recorded)

    def _recorded(self) -> str:
        """Say what was recorded, in a few words."""
        return f"{type(self).__name__}(op={self._node.label}{self._describe()})"

    def _describe(self) -> str:
        """Give more about the unexecuted object, each part begun by a comma."""
        return ""

    def __copy__(self) -> Self:
        return self._of(self._node, self._claim)

    def __deepcopy__(self, memo: Any) -> Self:
        return self._of(self._node, self._claim)

    def __reduce__(self) -> tuple[Any, ...]:
        return reduced(self)

    # --- showing -------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return self._draw(self._lazy)

    def _draw(self, unexecuted: Callable[[], str]) -> str:
        try:
            shown = runtime().shown(self)
            return unexecuted() if shown is None else showing.shortened(self._show(shown))
        except Exception as error:  # a repr never raises; what is wrong stands in it
            return f"{type(self).__name__} <op={self._node.label}> (cannot be shown: {showing.problem(error)})"

    def _unexecuted(self) -> str:
        return f"{type(self).__name__} <op={self._node.label}{self._describe()}, key={self._node.key}_0>"

    def _lazy(self) -> str:
        """Say what was recorded, what is known of it, and what it is likely to take."""
        facts = (f"{name}={text}" for name, text in self._facts().items())
        words = ", ".join([f"op={self._node.label}", *facts, *runtime().estimate(self).words()])
        return f"{self._kind()} <{words}, key={self._node.key}_0>"

    def _kind(self) -> str:
        """Name what the object is."""
        return type(self).__name__

    def _facts(self) -> dict[str, str]:
        """Tell what is known of the unexecuted object."""
        return {}

    def _show(self, shown: Any) -> str:
        """Draw the executed object, reading no more than what is drawn."""
        return showing.short_repr(shown.read())

    def _repr_html_(self) -> str | None:
        try:
            shown = runtime().shown(self)
            html = self._lazy_html() if shown is None else self._show_html(shown)
        except Exception:  # IPython falls back to the text, which tells what is wrong
            return None
        return html if html is not None and len(html) <= showing.MOST_RICH else None

    def _lazy_html(self) -> str:
        estimate = runtime().estimate(self)
        facts = {"operation": self._node.label, **self._facts(), "size": ", ".join(estimate.result.words())}
        known = {name: text for name, text in {**facts, "computed from": estimate.origin}.items() if text}
        return showing.facts_table(f"{self._kind()}, lazy", known)

    def _show_html(self, shown: Any) -> str | None:
        """Draw the executed object as HTML, None where the text is all there is."""
        return None


class Object(Tileable):
    """Any other value: the result of a user's function, or one of which nothing is known before it is executed."""

    __slots__ = ()

    @property
    def kind(self) -> type | None:
        """The Python type of the value, None where it is not known."""
        meta = self._meta
        return meta.kind if isinstance(meta, ObjectMeta) else None

    def _facts(self) -> dict[str, str]:
        return {} if self.kind is None else {"type": self.kind.__name__}

    def _show_html(self, shown: Any) -> str | None:
        value = shown.read()
        draw = None if isinstance(value, type) else getattr(value, "_repr_html_", None)
        return None if draw is None else draw()

    def _repr_mimebundle_(self, include: Collection[str] | None = None, exclude: Collection[str] | None = None) -> Any:
        """Give an executed value in the forms that IPython has for its type, such as the image of a figure."""
        shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        try:
            shown = None if shell is None else runtime().shown(self)
            if shown is None:
                return {}
            ours = {"text/plain", "text/html", *(exclude or ())}
            data, metadata = shell.display_formatter.format(shown.read(), include=include, exclude=ours)
        except Exception:  # the text tells what is wrong
            return {}
        return {name: form for name, form in data.items() if len(form) <= showing.MOST_RICH}, metadata

    __hash__ = Tileable.__hash__


class ExecutableTuple(tuple[Any, ...]):
    """Several tileables that are executed and fetched together.

    Examples
    --------
    >>> import mars_nb.tensor as mt
    >>> from mars_nb import ExecutableTuple
    >>> ExecutableTuple([mt.ones(2), mt.zeros(2)]).execute().fetch()
    [array([1., 1.]), array([0., 0.])]
    """

    __slots__ = ()

    def execute(self, session: Any = None, wait: bool | None = None, **options: Any) -> Any:
        """Execute all; see `Tileable.execute`."""
        tileables = list(_tileables(self))
        if not tileables and wait is not False:
            return self
        done = runtime().execute(tileables, session, wait, options)
        return done if wait is False else self

    def fetch(self, session: Any = None, **options: Any) -> Any:
        """Fetch all: a list, or a tuple for none or one; see `Tileable.fetch`."""
        __tracebackhide__ = True
        values = runtime().fetch(list(_tileables(self)), session, options) if self else []
        return tuple(values) if len(self) < 2 else values

    def _repr_html_(self) -> str:
        drawn = [item._repr_html_() or f"<pre>{escape(repr(item))}</pre>" for item in self[:_MOST_DRAWN]]
        more = len(self) - len(drawn)
        return "".join([*drawn, f"<p>and {more} more</p>" if more else ""])


def _tileables(items: Iterable[Any]) -> Iterator[Tileable]:
    for item in items:
        if isinstance(item, Tileable):
            yield item
        elif isinstance(item, tuple | list):
            yield from _tileables(item)
        else:
            raise TypeError(f"expected a lazy object such as a tensor or data frame, got {type(item).__name__}")


def flatten(items: Iterable[Any]) -> list[Tileable]:
    """List the tileables in nested tuples and lists.

    Raises
    ------
    TypeError
        For anything else.
    """
    return list(_tileables(items))
