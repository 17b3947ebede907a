"""numpy's random numbers, recorded. They are fixed when recorded, so that a tensor always denotes the same numbers.

Up to 8 MiB they are the very numbers of numpy's generator with the same seed, in the order of recording: the numbers
are drawn to bring the generator forward, and kept for a while; else drawn again from its state then when they are
executed. A larger tensor is drawn in tiles (see `draws`), each from a stream of its own, as `numpy.random.SeedSequence`
is made for: numbers of numpy's distributions, but others than numpy's. A draw whose arguments are tensors has a stream
of its own, too. In no case does it matter how the tensor is cut into chunks.

Concurrency: one lock for each generator, held while it draws and tells its state.
"""

from __future__ import annotations

import math
from threading import Lock
from typing import Any

import numpy as np

from mars_nb.config import options
from mars_nb.graph.constants import Folded
from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.mirror import mirror, public_names
from mars_nb.graph.names import missing
from mars_nb.graph.node import Data, Function
from mars_nb.graph.record import record
from mars_nb.graph.structure import leaves
from mars_nb.graph.tileable import Tileable
from mars_nb.tensor.core import Tensor, record_function
from mars_nb.tensor.creation import cut
from mars_nb.tensor.draws import NUMPYS, WHOLE, draw, draw_again, sized
from mars_nb.tensor.infer import meta_of


class _Draws:
    """Records the draws of one seeded sequence."""

    _original: type

    def __init__(self, seed: Any = None) -> None:
        self._lock = Lock()
        self.seed(seed)

    def seed(self, seed: Any = None) -> None:
        """Begin a new sequence."""
        self._numpys: Any = self._of_numpy(seed)
        of_bits = getattr(seed, "seed_seq", seed)
        self._seeds = of_bits if isinstance(of_bits, np.random.SeedSequence) else np.random.SeedSequence(of_bits)

    def _of_numpy(self, seed: Any) -> Any:
        return np.random.RandomState(seed)

    def _state(self) -> dict[str, Any]:
        found: dict[str, Any] = self._numpys.get_state(legacy=False)
        return found

    def shuffle(self, x: Any, *args: Any, **kwargs: Any) -> None:
        """Put the items along the first dimension in another order, in place."""
        if isinstance(x, Tensor):
            x._become(self._draw("permutation", (x, *args), kwargs))
        else:  # an array or list of the user's
            self._numpys.shuffle(x, *args, **kwargs)

    def _draw(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        chunk_size = kwargs.pop("chunk_size", None)
        op, kind = Function(draw, f"random.{method}"), self._original.__name__
        found = sized(kind, method, args, kwargs)
        if found is None and _may_be_drawn_now(method, args, kwargs):
            return self._draw_as_numpy(method, args, kwargs)
        if found is None:
            return record_function(op, (kind, method, self._entropy(), None, args, kwargs), {})
        # Known without drawing: the draw may be large.
        shape, again = found
        few_args, few_kwargs = again((1,) * len(shape))
        few = getattr(self._of_numpy(0), method)(*few_args, **few_kwargs)
        meta = TensorMeta(shape, few.dtype)
        chunks = cut(meta, chunk_size)
        if meta.nbytes <= NUMPYS:
            return self._draw_as_numpy(method, args, kwargs, chunks)
        arguments = (kind, method, self._entropy(), shape, args, kwargs)
        return record(op, arguments, {}, infer=lambda *_: meta, prefix="Tensor", chunks=chunks)

    def _entropy(self) -> int:
        """Give what tells the next streams from all others."""
        (child,) = self._seeds.spawn(1)
        return int.from_bytes(child.generate_state(4).tobytes(), "little")

    def _draw_as_numpy(self, method: str, args: Any, kwargs: Any, chunks: Any = None) -> Any:
        """Record a draw of the numbers that come next from numpy's generator."""
        with self._lock:
            state = self._state()
            value = getattr(self._numpys, method)(*args, **kwargs)
        meta = meta_of(value)
        is_kept = chunks is None and options.fold_bytes and isinstance(value, np.ndarray)
        found = Folded(meta, value) if is_kept else meta
        op, arguments = (
            Function(draw_again, f"random.{method}"),
            (self._original.__name__, Data(state), method, args, kwargs),
        )
        return record(op, arguments, {}, infer=lambda *_: found, prefix="Tensor", chunks=chunks)


def _may_be_drawn_now(method: str, args: Any, kwargs: Any) -> bool:
    """Tell draws of no tensors that are not too large to be drawn when recorded."""
    given = list(leaves((args, kwargs)))
    if any(isinstance(leaf, Tileable) for leaf in given):
        return False
    sizes = [max(leaf, 1) for leaf in given if isinstance(leaf, int)]
    return method not in WHOLE or math.prod(sizes) <= NUMPYS // 8


class RandomState(_Draws):
    """`numpy.random.RandomState`, recorded.

    Parameters
    ----------
    seed
        Anything that `numpy.random.SeedSequence` takes; from the system if not given.

    Examples
    --------
    >>> import mars_nb.tensor as mt
    >>> t = mt.random.RandomState(7).rand(2, 2)
    >>> bool((t == t).all())
    True
    """

    _original = np.random.RandomState

    def get_state(self, legacy: bool = True) -> Any:
        """Give the state of numpy's generator; see `numpy.random.RandomState.get_state`."""
        return self._numpys.get_state(legacy=legacy)

    def set_state(self, state: Any) -> None:
        """Set the state of numpy's generator."""
        self._numpys.set_state(state)
        words = self._numpys.get_state(legacy=False)["state"]
        self._seeds = np.random.SeedSequence(np.concatenate([np.ravel(words[name]) for name in sorted(words)]).tolist())


class Generator(_Draws):
    """`numpy.random.Generator`, recorded. Made by `default_rng`.

    Parameters
    ----------
    seed
        A bit generator of numpy's, or anything that `numpy.random.default_rng` takes.
    """

    _original = np.random.Generator

    def _of_numpy(self, seed: Any) -> Any:
        return np.random.default_rng(seed)

    def _state(self) -> dict[str, Any]:
        return dict(self._numpys.bit_generator.state)

    @property
    def bit_generator(self) -> np.random.BitGenerator:
        """The generator of numpy's from which draws of one chunk come."""
        found: np.random.BitGenerator = self._numpys.bit_generator
        return found

    def spawn(self, n_children: int) -> list[Generator]:
        """Make generators whose numbers do not depend on this one's."""
        return [Generator(child.bit_generator) for child in self._numpys.spawn(n_children)]


def default_rng(seed: Any = None) -> Generator:
    """Make a generator.

    Parameters
    ----------
    seed
        Anything that `numpy.random.default_rng` takes; from the system if not given.
    """
    return seed if isinstance(seed, Generator) else Generator(seed)


def _mirror_methods(cls: type[_Draws]) -> None:
    for name in public_names(cls._original):
        original = getattr(cls._original, name)
        if hasattr(cls, name) or not callable(original):
            continue

        def call(self: _Draws, *args: Any, _name: str = name, **kwargs: Any) -> Any:
            return self._draw(_name, args, kwargs)

        setattr(cls, name, mirror(original, call, f"{cls.__name__}.{name}", __name__))


_mirror_methods(RandomState)
_mirror_methods(Generator)
_global = RandomState()


def __getattr__(name: str) -> Any:
    if name.startswith("_") or (not hasattr(RandomState, name) and not hasattr(np.random, name)):
        raise missing(f"module {__name__!r}", name, __dir__())
    if name in ("ranf", "sample"):
        name = "random_sample"
    value = getattr(_global, name, None)
    return getattr(np.random, name) if value is None else value


def __dir__() -> list[str]:
    return sorted({*public_names(np.random), "RandomState", "Generator", "default_rng"})
