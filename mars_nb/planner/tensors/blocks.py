"""Several operations on chunks of arrays as one chunk task, which walks over its chunks in blocks that fit a cache.

What one operation gives for a block is still in the cache when the next one takes it, and is written into memory that
was used for another block before: whole chunks would come from main memory each time, and each new one as fresh pages
of the system. The functions that are called are numpy's own, so each item is what numpy gives.

The dimensions that the operations go over are called axes here, and numbered for the task as a whole: a sum of lines
has one axis less than what it sums, and what is broadcast has some of them.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import numpy as np

from mars_nb.graph.node import Node
from mars_nb.planner.tensors.works import Drawn, Fold, Slot, Step
from mars_nb.tensor.tiles import rows, tile, tiles_of

#: Items of a block: a few blocks of doubles stay in an L2 cache of 1 MiB, and numpy's calls take longer than Python's.
BLOCK = 80_000

# Blocks of so few operations, which need little memory, or of arrays that lie the other way round, are twice as large.
_FEW = 2
# Lines of a block at least, where arrays lie the other way round.
_LINES = 64
# Up to so many items a line that is repeated is short.
_SHORT_LINE = 64

Axes = tuple[int, ...]
Window = Sequence[slice]
# The exception's attribute that tells which of the operations raised it.
_PLACE = "mars_nb_place"


class Part(NamedTuple):
    """One of the operations.

    Attributes
    ----------
    work
        What is done.
    takes
        Its values: their places among the task's values, which are followed by what the operations give.
    axes
        Of what it gives, for each dimension.
    """

    work: Step | Fold | Drawn
    takes: tuple[int, ...]
    axes: Axes


class Blocks:
    """Does several operations, block by block. The last one gives the answer.

    Parameters
    ----------
    parts
        The operations, each after those whose values it takes.
    given
        Axes of the values that the task is given, by dimension; of those with fewer dimensions the last ones.
    lengths
        Of the axes.
    spans
        By axis, where blocks must end; those that are not there can be cut at will.
    nodes
        The recorded operation of each.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        given: Sequence[Axes],
        lengths: Sequence[int],
        spans: Mapping[int, Sequence[tuple[int, int]]],
        nodes: Sequence[Node],
    ) -> None:
        self.parts, self.given, self.lengths, self.spans = tuple(parts), tuple(given), tuple(lengths), dict(spans)
        self.nodes = tuple(nodes)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "nodes": ()}  # they know all that was recorded, and are asked at home only

    def failed(self, error: BaseException) -> Node | None:
        """Tell which operation raised an error, None for one that does not tell."""
        place = getattr(error, "__dict__", {}).get(_PLACE)
        return self.nodes[place] if isinstance(place, int) and place < len(self.nodes) else None

    def __call__(self, *values: Any) -> Any:
        """Do them."""
        __tracebackhide__ = True
        at = _Place(self.parts)
        try:
            spans = self._spans(values) if self._are_as_planned(values) else []
            if math.prod(map(len, spans)) == 1:
                return self._at_once(values, at)
            with at.telling_once():
                return self._by_blocks(values, spans, at)
        except BaseException as error:
            getattr(error, "__dict__", {}).setdefault(_PLACE, at.number)
            raise

    def _are_as_planned(self, values: Sequence[Any]) -> bool:
        for value, axes in zip(values, self.given, strict=True):
            shape = np.shape(value)
            if len(shape) > len(axes) or (shape and type(value) is not np.ndarray):
                return False
            if any(n not in (1, self.lengths[axis]) for n, axis in zip(shape, _last(axes, shape), strict=True)):
                return False
        return True

    def _at_once(self, values: Sequence[Any], at: _Place) -> Any:
        __tracebackhide__ = True
        known = list(values)
        for at.number, part in enumerate(self.parts):  # where it ends is told
            known.append(part.work(*[known[i] for i in part.takes]))
        return known[-1]

    def _spans(self, values: Sequence[Any]) -> list[Sequence[tuple[int, int]]]:
        """Decide where each axis is cut."""
        free = [axis for axis in range(len(self.lengths)) if axis not in self.spans]
        fixed = math.prod(max(stop - start for start, stop in spans) for spans in self.spans.values())
        across = any(np.ndim(value) > 1 and abs(value.strides[-1]) > abs(value.strides[0]) for value in values)
        items = BLOCK if len(self.parts) > _FEW and not across else 2 * BLOCK
        cut = (_cut_across if across else rows)([self.lengths[axis] for axis in free], max(1, items // max(1, fixed)))
        sides = dict(zip(free, cut, strict=True))
        return [
            tiles_of(0, n, sides[axis]) if axis in sides else self.spans[axis] for axis, n in enumerate(self.lengths)
        ]

    def _is_short_line(self, value: Any, axes: Axes, spans: Sequence[Sequence[tuple[int, int]]]) -> bool:
        """Tell arrays that are the same for many short lines."""
        shape = np.shape(value)
        own = _last(axes, shape)
        repeats = len(axes) > len(own) and all(n == self.lengths[axis] for n, axis in zip(shape, own, strict=True))
        return repeats and 1 < np.size(value) <= _SHORT_LINE and all(len(spans[axis]) == 1 for axis in own)

    def _by_blocks(self, values: Sequence[Any], spans: Sequence[Sequence[tuple[int, int]]], at: _Place) -> Any:
        __tracebackhide__ = True
        *others, root = self.parts
        answer = (_States if isinstance(root.work, Fold) else _Array)(root)
        reads = [
            _Line(value, axes) if self._is_short_line(value, axes, spans) else _picker(shape, _last(axes, shape))
            for value, axes, shape in zip(values, self.given, map(np.shape, values), strict=True)
        ]
        works = [_prepared(part) for part in others]
        buffers: _Buffers | None = None
        for window in itertools.product(*([slice(*span) for span in along] for along in spans)):
            known = [read(value, window) for value, read in zip(values, reads, strict=True)]
            outs = itertools.repeat(None) if buffers is None else buffers.of(window)
            for at.number, (work, out) in enumerate(zip(works, outs, strict=False)):
                known.append(work(known, out, window))
            at.number = len(others)
            answer.take([known[i] for i in root.takes], window)
            if buffers is None:
                buffers = _Buffers(self.parts, len(values), known, [max(map(_length, along)) for along in spans])
        return answer.value()


def _cut_across(lengths: Sequence[int], items: int) -> Sequence[int]:
    """Cut where an array lies the other way round, such as a transposed one: less often, into many lines at a time.

    To write whole lines, and to read as many items of each of theirs, is worth more than the cache.
    """
    lines = rows(lengths, items)
    return lines if lines[0] >= min(lengths[0], _LINES) else tile(lengths, items)


def _prepared(part: Part) -> Callable[[Sequence[Any], Any, Window], Any]:
    """Give what does an operation for a block, into an array where there is one. It is called often."""
    work, takes = part.work, part.takes
    if isinstance(work, Drawn):
        return lambda known, out, window: work.block([window[axis] for axis in part.axes], out)
    if isinstance(work, Fold) or not work.takes_out or work.kwargs:
        return lambda known, out, window: _called(work, [known[i] for i in takes], out)
    function = work.function
    match [takes[arg.number] if isinstance(arg, Slot) else arg for arg in work.args], list(map(_is_slot, work.args)):
        case [i], [True]:
            return lambda known, out, window: function(known[i], out=out)
        case [i, j], [True, True]:
            return lambda known, out, window: function(known[i], known[j], out=out)
        case [i, number], [True, False]:
            return lambda known, out, window: function(known[i], number, out=out)
        case [number, i], [False, True]:
            return lambda known, out, window: function(number, known[i], out=out)
    return lambda known, out, window: _called(work, [known[i] for i in takes], out)


def _is_slot(value: Any) -> bool:
    return isinstance(value, Slot)


def _called(work: Step | Fold, values: Sequence[Any], out: Any) -> Any:
    __tracebackhide__ = True
    return work(*values) if out is None or isinstance(work, Fold) else work.into(out, values)


def _last(axes: Axes, shape: Sequence[int]) -> Axes:
    return axes[len(axes) - len(shape) :]


def _length(span: tuple[int, int]) -> int:
    return span[1] - span[0]


def _picker(shape: Sequence[int], axes: Axes) -> Callable[[Any, Window], Any]:
    """Give what picks the part of an array that belongs to a block; what has one item along an axis is repeated."""
    if all(n == 1 for n in shape):
        return lambda value, window: value
    whole = slice(None)
    places = [None if n == 1 else axis for n, axis in zip(shape, axes, strict=True)]
    return lambda value, window: value[tuple([whole if axis is None else window[axis] for axis in places])]


class _Line:
    """Gives a short line as often as a block has lines, because numpy would take long for each of them."""

    def __init__(self, value: Any, axes: Axes) -> None:
        self._value, self._axes = value, axes
        self._known: dict[tuple[int, ...], Any] = {}

    def __call__(self, value: Any, window: Window) -> Any:
        """Give it for a block."""
        shape = tuple([window[axis].stop - window[axis].start for axis in self._axes])
        found = self._known.get(shape)
        if found is None:
            found = self._known[shape] = np.ascontiguousarray(np.broadcast_to(self._value, shape))
        return found


class _Array:
    """Puts an array together from its blocks."""

    def __init__(self, part: Part) -> None:
        assert isinstance(part.work, Step)
        self._step = part.work
        self._pick = _picker(part.work.shape, part.axes)
        self._array: Any = None

    def take(self, values: Sequence[Any], window: Window) -> None:
        """Compute a block."""
        __tracebackhide__ = True
        if self._array is not None and self._step.takes_out:
            self._step.into(self._pick(self._array, window), values)
            return
        found = self._step(*values)
        if self._array is None:
            self._array = np.empty(self._step.shape, found.dtype)
        self._pick(self._array, window)[...] = found

    def value(self) -> Any:
        """Give the array."""
        return self._array


class _States:
    """Reduces by blocks."""

    def __init__(self, part: Part) -> None:
        assert isinstance(part.work, Fold)
        self._fold, self._axes = part.work, part.axes
        self._states: dict[tuple[tuple[Any, Any], ...], list[Any]] = {}  # by the part of the answer that they belong to

    def take(self, values: Sequence[Any], window: Window) -> None:
        """Reduce a block."""
        __tracebackhide__ = True
        fold = self._fold
        place = [slice(None) if i in fold.axes else window[axis] for i, axis in enumerate(self._axes)]
        key = tuple((along.start, along.stop) for along in place)
        self._states.setdefault(key, []).append(fold.way.part(values[0], fold.axes))

    def value(self) -> Any:
        """Give the answer, or the state of all."""
        fold = self._fold
        joined = {key: fold.way.join(states) for key, states in self._states.items()}
        (key, state), *_ = joined.items()
        if len(joined) > 1:
            shape = tuple(1 if i in fold.axes else n for i, n in enumerate(fold.given))
            whole = np.empty((*state.shape[: fold.way.lead], *shape), state.dtype)
            for key, state in joined.items():
                window: tuple[Any, ...] = (..., *(slice(*along) for along in key))
                whole[window] = state
            state = whole
        return fold.finished(state, math.prod(fold.given[axis] for axis in fold.axes)) if fold.exact else state


class _Buffers:
    """Memory for what is between, used over and over: by block after block, and by several operations where it is free.

    Parameters
    ----------
    parts
        The operations.
    first
        The number of values that the task is given.
    known
        All values of one block, which tell types.
    most
        The most items of a block along each axis.
    """

    def __init__(self, parts: Sequence[Part], first: int, known: Sequence[Any], most: Sequence[int]) -> None:
        last = {place: number for number, part in enumerate(parts) for place in part.takes}
        memory: list[Any] = []
        free: dict[tuple[Any, int], list[int]] = {}
        mine: dict[int, int] = {}  # which memory a value has, by its place
        self._uses: list[tuple[int, tuple[int | None, ...]] | None] = []
        for number, part in enumerate(parts[:-1]):
            for place in set(part.takes):
                if last[place] == number and place in mine:
                    array = memory[mine[place]]
                    free.setdefault((array.dtype, array.size), []).append(mine[place])
            if not part.work.takes_out:
                self._uses.append(None)
                continue
            value = known[first + number]
            axes = tuple(None if n == 1 else axis for n, axis in zip(part.work.shape, part.axes, strict=True))
            size = math.prod(1 if axis is None else most[axis] for axis in axes)
            there = free.get((value.dtype, size))
            if there:
                chosen = there.pop()
            else:
                chosen = len(memory)
                memory.append(np.empty(size, value.dtype))
            mine[first + number] = chosen
            self._uses.append((chosen, axes))
        self._memory = memory
        self._views: dict[tuple[int, ...], list[Any]] = {}

    def of(self, window: Window) -> Sequence[Any]:
        """Give an array for what each operation but the last gives for a block, None where it makes its own."""
        lengths = tuple([along.stop - along.start for along in window])
        found = self._views.get(lengths)
        if found is None:
            found = self._views[lengths] = [None if use is None else self._view(lengths, *use) for use in self._uses]
        return found

    def _view(self, lengths: Sequence[int], chosen: int, axes: Sequence[int | None]) -> Any:
        shape = [1 if axis is None else lengths[axis] for axis in axes]
        return self._memory[chosen][: math.prod(shape)].reshape(shape)


class _Place:
    """Where a task is: which operation it does, by its number."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.number = 0
        self._parts = parts

    def telling_once(self) -> AbstractContextManager[Any]:
        """Let numpy's warnings come once for each operation, as if it were done at once."""
        modes = np.geterr()
        if "warn" not in modes.values() or not {"call", "log"}.isdisjoint(modes.values()):
            return nullcontext()
        told: set[tuple[int, str]] = set()

        def call(kind: str, flag: int) -> None:
            if (self.number, kind) not in told:
                told.add((self.number, kind))
                warnings.warn(
                    f"{kind} encountered in {self._parts[self.number].work.name}", RuntimeWarning, stacklevel=2
                )

        return np.errstate(call=call, **{kind: "call" for kind, mode in modes.items() if mode == "warn"})  # type: ignore[arg-type]
