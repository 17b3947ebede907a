"""numpy's random numbers, recorded. They are fixed when recorded, so that a tensor always denotes the same numbers.

What is drawn as one chunk are the very numbers of numpy's generator with the same seed, in the order of recording: the
numbers are drawn once to bring the generator forward, and drawn again from its state then when they are executed.
A tensor of many chunks (and one whose arguments are tensors) draws each chunk from a stream of its own, as
`numpy.random.SeedSequence` is made for: numbers of numpy's distributions, but others than numpy's.

Concurrency: one lock for each generator, held while it draws and tells its state.
"""

from __future__ import annotations

import inspect
import math
from threading import Lock
from typing import Any

import numpy as np

from mars_nb.config import options
from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.mirror import mirror, public_names
from mars_nb.graph.names import missing
from mars_nb.graph.node import Data, Function
from mars_nb.graph.record import record
from mars_nb.graph.structure import leaves
from mars_nb.graph.tileable import Tileable
from mars_nb.tensor.core import Tensor, record_function
from mars_nb.tensor.creation import cut
from mars_nb.tensor.infer import meta_of

_SHAPED_BY_ARGUMENTS = {"rand", "randn"}


def draw(kind: str, method: str, entropy: int, block: tuple[int, ...], args: Any, kwargs: Any) -> Any:
    """Draw random numbers.

    Parameters
    ----------
    kind
        ``RandomState`` or ``Generator``, of `numpy.random`.
    method
        A method of that class.
    entropy, block
        Tell the stream: same values, same numbers.
    args, kwargs
        Of the method.
    """
    seed = np.random.SeedSequence(entropy, spawn_key=block)
    generator = getattr(np.random, kind)(np.random.SFC64(seed))
    return getattr(generator, method)(*args, **kwargs)


def draw_again(kind: str, data: Data, method: str, args: Any, kwargs: Any) -> Any:
    """Draw random numbers from a generator in a given state.

    Parameters
    ----------
    kind, method, args, kwargs
        As of `draw`.
    data
        The state, as numpy's generators tell it.
    """
    state = data.value
    bits = getattr(np.random, state["bit_generator"])()
    generator: Any = getattr(np.random, kind)(bits)
    if kind == "RandomState":
        generator.set_state(state)
    else:
        bits.state = state
    return getattr(generator, method)(*args, **kwargs)


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
        op = Function(draw, f"random.{method}")
        found = self.sized(method, args, kwargs)
        if found is None and _may_be_drawn_now(method, args, kwargs):
            return self._draw_as_numpy(method, args, kwargs)
        if found is None:
            return record_function(op, self._stream(method, args, kwargs), {})
        # Known without drawing: the draw may be large.
        shape, again = found
        few_args, few_kwargs = again((1,) * len(shape))
        few = getattr(self._of_numpy(0), method)(*few_args, **few_kwargs)
        meta = TensorMeta(shape, few.dtype)
        chunks = cut(meta, chunk_size)
        if chunks is None:
            return self._draw_as_numpy(method, args, kwargs)
        arguments = self._stream(method, args, kwargs)
        return record(op, arguments, {}, infer=lambda *_: meta, prefix="Tensor", chunks=chunks)

    def _stream(self, method: str, args: Any, kwargs: Any) -> tuple[Any, ...]:
        """Give the arguments of `draw` for the next stream."""
        (child,) = self._seeds.spawn(1)
        entropy = int.from_bytes(child.generate_state(4).tobytes(), "little")
        return self._original.__name__, method, entropy, (), args, kwargs

    def _draw_as_numpy(self, method: str, args: Any, kwargs: Any) -> Any:
        """Record a draw of the numbers that come next from numpy's generator."""
        with self._lock:
            state = self._state()
            meta = meta_of(getattr(self._numpys, method)(*args, **kwargs))
        arguments = (self._original.__name__, Data(state), method, args, kwargs)
        return record(Function(draw_again, f"random.{method}"), arguments, {}, infer=lambda *_: meta, prefix="Tensor")

    @classmethod
    def sized(cls, method: str, args: Any, kwargs: Any) -> tuple[tuple[int, ...], Any] | None:
        """Tell the shape of a draw, and how to draw another shape.

        Returns
        -------
        tuple or None
            The shape and a function from another shape to ``(args, kwargs)``; None if the draw cannot be cut.
        """
        if any(not isinstance(leaf, int | float | str | None | type | np.generic) for leaf in leaves((args, kwargs))):
            return None
        if method in _SHAPED_BY_ARGUMENTS and cls is RandomState:
            return (tuple(map(int, args)), lambda shape: (shape, kwargs)) if args else None
        if method in _WHOLE:
            return None
        signature = inspect.signature(getattr(cls._original, method))
        if "size" not in signature.parameters:
            return None
        bound = signature.bind(None, *args, **kwargs)
        size = bound.arguments.get("size")
        if size is None:
            return None
        shape = tuple(map(int, size)) if isinstance(size, tuple | list) else (int(size),)

        def again(shape: tuple[int, ...]) -> Any:
            bound.arguments["size"] = shape
            return bound.args[1:], bound.kwargs

        return shape, again


# Depend on all their numbers at once, or give arrays of another shape than ``size``.
_WHOLE = {
    "permutation",
    "choice",
    "dirichlet",
    "multinomial",
    "multivariate_normal",
    "multivariate_hypergeometric",
    "bytes",
}


def _may_be_drawn_now(method: str, args: Any, kwargs: Any) -> bool:
    """Tell draws of no tensors that are not too large to be drawn when recorded."""
    given = list(leaves((args, kwargs)))
    if any(isinstance(leaf, Tileable) for leaf in given):
        return False
    sizes = [max(leaf, 1) for leaf in given if isinstance(leaf, int)]
    return method not in _WHOLE or math.prod(sizes) <= options.chunk_bytes // 8


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
