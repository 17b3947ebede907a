"""numpy's random numbers, recorded. Seeds are drawn when recorded, so that a tensor always denotes the same numbers.

A tensor of many chunks draws each chunk from a stream of its own, as `numpy.random.SeedSequence` is made for; the
numbers are those of numpy's distributions, but not those of numpy's global generator.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from mars_nb.graph.meta import TensorMeta
from mars_nb.graph.mirror import mirror, public_names
from mars_nb.graph.names import missing
from mars_nb.graph.node import Function
from mars_nb.graph.record import record
from mars_nb.graph.structure import leaves
from mars_nb.tensor.core import Tensor, record_function
from mars_nb.tensor.creation import cut

_SHAPED_BY_ARGUMENTS = {"rand", "randn"}
_CHANGES_STATE = {"get_state", "set_state", "spawn", "bit_generator"}


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


class _Draws:
    """Records the draws of one seeded sequence."""

    _original: type

    def __init__(self, seed: Any = None) -> None:
        self._seeds = np.random.SeedSequence(seed)

    def seed(self, seed: Any = None) -> None:
        """Begin a new sequence."""
        self._seeds = np.random.SeedSequence(seed)

    def shuffle(self, x: Any, **kwargs: Any) -> None:
        """Put the items of a tensor along its first dimension in another order, in place."""
        if not isinstance(x, Tensor):
            raise TypeError(f"shuffle changes a lazy tensor in place, got {type(x).__name__}")
        x._become(self._draw("permutation", (x,), kwargs))

    def _draw(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        chunk_size = kwargs.pop("chunk_size", None)
        (child,) = self._seeds.spawn(1)
        entropy = int.from_bytes(child.generate_state(4).tobytes(), "little")
        arguments = (self._original.__name__, method, entropy, (), args, kwargs)
        op = Function(draw, f"random.{method}")
        found = self.sized(method, args, kwargs)
        if found is None:
            return record_function(op, arguments, {})
        # Known without drawing: the draw may be large.
        shape, again = found
        few_args, few_kwargs = again((1,) * len(shape))
        dtype = draw(*arguments[:4], few_args, few_kwargs).dtype
        meta = TensorMeta(shape, dtype)
        return record(op, arguments, {}, infer=lambda *_: meta, prefix="Tensor", chunks=cut(meta, chunk_size))

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
_WHOLE = {"choice", "dirichlet", "multinomial", "multivariate_normal", "multivariate_hypergeometric", "bytes"}


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


class Generator(_Draws):
    """`numpy.random.Generator`, recorded. Made by `default_rng`."""

    _original = np.random.Generator


def default_rng(seed: Any = None) -> Generator:
    """Make a generator.

    Parameters
    ----------
    seed
        Anything that `numpy.random.SeedSequence` takes; from the system if not given.
    """
    return Generator(seed)


def _mirror_methods(cls: type[_Draws]) -> None:
    for name in public_names(cls._original):
        original = getattr(cls._original, name)
        if hasattr(cls, name) or name in _CHANGES_STATE or not callable(original):
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
