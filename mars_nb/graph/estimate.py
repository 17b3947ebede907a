"""What an object that was not executed is likely to take, as it is told to the user."""

from __future__ import annotations

from dataclasses import dataclass

#: Bytes from which a size is called rough: below, it is told to the byte.
_ROUGH = 1024


@dataclass(frozen=True, slots=True)
class Size:
    """Size of a value, as far as it is known.

    Attributes
    ----------
    chunks
        Number of chunks; None where it depends on the data or is not known without planning.
    nbytes
        Bytes in memory; None where they depend on the data.
    """

    chunks: int | None = None
    nbytes: int | None = None

    def words(self) -> list[str]:
        """Tell what is known, such as ``["48 chunks", "about 1.20 GiB"]``."""
        found = [] if self.chunks is None else [f"{self.chunks} chunk{'s' * (self.chunks != 1)}"]
        return found if self.nbytes is None else [*found, _bytes(self.nbytes)]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an object is likely to take.

    Attributes
    ----------
    result
        Size of the object.
    sources
        Size of all that is read to compute it: data that was given or is made, files, results that are there.
    """

    result: Size = Size()
    sources: Size = Size()

    @property
    def origin(self) -> str:
        """Tell what it is computed from, where that says more than the object's own size; empty else."""
        smaller = self.result.nbytes is None or self.result.chunks is None or self.sources.chunks != self.result.chunks
        return " of ".join(self.sources.words()) if smaller and self.sources.chunks not in (None, 1) else ""

    def words(self) -> list[str]:
        """Tell all of it in a few words.

        Examples
        --------
        >>> Estimate(Size(1, 8), Size(48, 3 * 2**30)).words()
        ['1 chunk', '8 B', 'lazy', 'from 48 chunks of about 3.00 GiB']
        """
        origin = self.origin
        return [*self.result.words(), "lazy", *([f"from {origin}"] if origin else [])]


def _bytes(nbytes: int) -> str:
    from dask.utils import format_bytes

    return f"{'about ' * (nbytes >= _ROUGH)}{format_bytes(nbytes)}"
