"""What tileables need from the sessions, as an interface.

The recording knows no session. Whoever puts the parts together installs a `Runtime` here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from mars_nb.graph.estimate import Estimate

if TYPE_CHECKING:
    from mars_nb.graph.tileable import Tileable


class Runtime(Protocol):
    """Executes and fetches tileables; see `mars_nb.session`."""

    def execute(self, tileables: Sequence[Tileable], session: Any, wait: bool | None, options: dict[str, Any]) -> Any:
        """Execute in `session` or the default one; gives the tileables, or a future where `wait` is False."""

    def fetch(self, tileables: Sequence[Tileable], session: Any, options: dict[str, Any]) -> list[Any]:
        """Bring results from `session` or the default one."""

    def fetch_log(self, tileable: Tileable, session: Any) -> str:
        """Give what functions printed while it was executed in `session` or the default one."""

    def value(self, tileable: Tileable) -> Any:
        """Execute in the default session where that is needed, and bring the result."""

    def shown(self, tileable: Tileable) -> Shown | None:
        """Give a way to read the result for showing it, None where no open session holds it."""

    def readable(self, tileable: Tileable) -> Shown:
        """Execute in the default session where that is needed, and give a way to read the result in parts."""

    def recorded(self, collection: Any) -> Tileable:
        """Give a Dask collection as a lazy object."""

    def estimate(self, tileable: Tileable) -> Estimate:
        """Tell what the object is likely to take, in the default session where there is one; quickly."""

    def explain(self, tileable: Tileable, session: Any, plan: bool) -> Any:
        """Tell how the object would be computed in `session`, the default one, or a new one."""


class Shown(Protocol):
    """A result that can be read in parts."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension; empty for what has none."""

    @property
    def parts(self) -> list[slice]:
        """Parts of the first dimension that are read best, one after the other."""

    def read(self, *window: slice | Sequence[int]) -> Any:
        """Bring a part of the result: a slice for each dimension, or nothing for all of it.

        Of the columns of a frame positions are also taken.
        """


#: Told of each task that was started, with the wish for progress (True or "auto"), once somebody is put in.
on_task: Callable[[Any, Any], None] | None = None
#: Told of a session of which something changed: a task began or ended, a result is kept or was released; of None when
#: it is about which sessions there are, their names and the default. Called in any thread, for results by the garbage
#: collector at any moment: it must be quick, take no lock and not raise.
on_change: Callable[[Any], None] | None = None
_factory: Callable[[], Runtime] | None = None


def install(factory: Callable[[], Runtime]) -> None:
    """Say where to get the runtime; `factory` is called at each use, so it must be cheap."""
    global _factory
    _factory = factory


def runtime() -> Runtime:
    """Give the runtime."""
    if _factory is None:
        raise RuntimeError("import mars_nb before using its parts")
    return _factory()
