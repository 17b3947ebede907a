"""Collects what a panel shows: the sessions, what they hold and do, and the user's names.

A collector belongs to one thread. It only looks at what was told to have changed and at what runs, and what did not
change stays the very same object from one state to the next, so that the next one is compared quickly.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from mars_nb.notebook.holders import key_of, lazy_names
from mars_nb.notebook.sidebar import entries, known
from mars_nb.notebook.sidebar.cellids import CellIds
from mars_nb.notebook.sidebar.messages import Lazy, Session, State
from mars_nb.notebook.sidebar.pace import RESULTS_SHARE, Pace
from mars_nb.notebook.sidebar.sessionview import Names, SessionView

#: How many results, tasks that are over, operations of these and lazy objects a panel is told of, in all sessions.
MOST_RESULTS, MOST_TASKS, MOST_OPERATIONS, MOST_LAZY = 1000, 500, 1000, 1000

#: What an entry of a lazy object is made of: its meta, its names, the tasks that compute it.
_Known = tuple[Any, list[str], list[int]]


class Collector:
    """Gives one state after the other.

    Parameters
    ----------
    namespace
        Gives the user's names.
    cells
        Finds cells by places.
    pace
        Of looking at what is held and named, of which there may be much.
    """

    def __init__(self, namespace: Callable[[], Mapping[str, Any]], cells: CellIds, pace: Pace | None = None) -> None:
        self._namespace = namespace
        self._cells = cells
        self._pace = pace or Pace(RESULTS_SHARE)
        self._views: dict[int, SessionView]
        self._names: Names
        self._names_are_stale: bool
        self._things: dict[str, tuple[_Known, Lazy]]  # by key
        self._lazy: dict[str, Lazy]
        self.clear()

    def clear(self) -> None:
        """Forget all: it is looked at anew the next time."""
        self._views, self._names, self._things, self._lazy = {}, {}, {}, {}
        self._names_are_stale = True

    @property
    def wait(self) -> float | None:
        """Seconds after which to look again, though nobody tells of a change; None if there is no need."""
        if any(view.busy for view in self._views.values()):
            return 0.0
        return self._pace.wait if self._is_stale else None

    @property
    def _is_stale(self) -> bool:
        return self._names_are_stale or any(view.is_stale for view in self._views.values())

    def collect(self, changed: Collection[Any], names: bool = True) -> State:
        """Look at what there is.

        Parameters
        ----------
        changed
            Sessions of which something may have changed since the last time, besides what runs in them.
        names
            Whether the user's names may have changed, and what was fetched; they may if a session changed, too.
        """
        sessions, default = known.sessions(), known.default()
        views = {}
        for session in sessions:
            view = views[session.number] = self._views.get(session.number) or SessionView(session)
            moved = session in changed or (names and view.may_have_moved)
            view.is_stale = view.is_stale or moved
            if view.busy or moved:
                view.look(self._cells)
        self._views = views
        self._names_are_stale = self._names_are_stale or names or bool(changed)
        if self._is_stale and not self._pace.wait:
            with self._pace.working():
                self._look_at_results()
        return {
            "sessions": dict(zip(map(known.identity, sessions), self._entries(), strict=True)),
            "default": known.identity(default) if default in sessions else "",
            "lazy": self._lazy,
        }

    def _look_at_results(self) -> None:
        """Look at what is held, and how it is named."""
        self._names_are_stale = False
        objects, renamed = self._look_at_names()
        for view in self._views.values():
            if view.is_stale or not renamed.isdisjoint(view.keys):
                view.look_at_results(self._names, self._cells)
        self._lazy = self._look_at_lazy(objects)

    def _entries(self) -> list[Session]:
        views = list(self._views.values())
        shares = (
            entries.shares([len(view.results) for view in views], MOST_RESULTS),
            entries.shares([len(view.over) for view in views], MOST_TASKS),
            entries.shares([view.operations for view in views], MOST_OPERATIONS),
        )
        return [view.entry(*most) for view, *most in zip(views, *shares, strict=True)]

    # --- the user's names ----------------------------------------------------------------------------

    def _look_at_names(self) -> tuple[dict[str, Any], set[str]]:
        """Give the user's lazy objects by key, and the keys whose names changed."""
        objects: dict[str, Any] = {}
        names: dict[str, list[str]] = {}
        for name, value in lazy_names(self._namespace()).items():
            key = str(key_of(value))
            objects[key] = value
            names.setdefault(key, []).append(name)
        before, self._names = self._names, names
        return objects, {key for key in before.keys() | names.keys() if before.get(key) != names.get(key)}

    def _look_at_lazy(self, objects: Mapping[str, Any]) -> dict[str, Lazy]:
        """Give entries of the objects that have no result, those that were recorded last."""
        from mars_nb.graph.tileable import Tileable

        held = set[str]().union(*(view.keys for view in self._views.values()))
        computing: dict[str, list[int]] = {}
        for view in self._views.values():
            for task in view.running:
                for node in task.nodes:
                    computing.setdefault(node.key, []).append(task.number)
        free = [key for key, thing in objects.items() if key not in held and issubclass(type(thing), Tileable)]
        before, self._things = self._things, {}
        for key in sorted(free)[-MOST_LAZY:]:  # keys grow
            thing, names, tasks = objects[key], self._names[key], computing.get(key, [])
            state = (thing._node.meta, names, tasks)
            last = before.get(key)
            if last is None or last[0][0] is not state[0] or last[0][1:] != state[1:]:
                last = state, entries.lazy(thing, names, tasks, self._cells)
            self._things[key] = last
        return {key: entry for key, (_, entry) in self._things.items()}
