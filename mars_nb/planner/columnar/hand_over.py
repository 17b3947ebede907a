"""Columns handed over from pandas to Polars and back, without copies where the two keep them alike."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
import polars as pl

from mars_nb.planner.columnar.dtypes import is_plain, is_text, polars_type
from mars_nb.planner.columnar.values import NotColumnar

# Bytes of texts that views reach.
_VIEWED = 2**31

# --- from pandas ------------------------------------------------------------------------------------------------


def taken(values: pd.Series[Any] | pd.Index[Any], name: str, dtype: Any) -> pl.Series:
    """Take a column or a level of an index over.

    Parameters
    ----------
    values
        Of pandas; not changed as long as what is given lives.
    name, dtype
        Of the column; NaN in floats stays NaN.

    Raises
    ------
    NotColumnar
        If it is of another dtype than was foretold.
    """
    if values.dtype != dtype:
        raise NotColumnar(f"dtype {values.dtype} where {dtype} was foretold")
    if is_text(dtype):
        import pyarrow as pa

        texts = pa.array(values.array, from_pandas=True)
        # As Polars keeps them, with offsets of 32 bits; Arrow makes them four times faster.
        return pl.Series(name, texts.cast(pa.string_view()) if texts.nbytes < _VIEWED else texts)
    if isinstance(dtype, pd.DatetimeTZDtype):
        wall = pl.Series(name, values.array.tz_convert("UTC").tz_localize(None).to_numpy())
        return wall.dt.replace_time_zone("UTC").dt.convert_time_zone(polars_type(dtype).time_zone)
    return pl.Series(name, values.to_numpy())


def lazy_of(frame: pl.DataFrame, number: str | None = None) -> pl.LazyFrame:
    """Give a lazy frame, with the numbers of the rows if these have a name; NaN is null."""
    lazy = frame.lazy()
    return without_nan(lazy if number is None else lazy.with_row_index(number))


def without_nan(lazy: pl.LazyFrame) -> pl.LazyFrame:
    """Put null in the place of NaN."""
    return lazy.with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None))


# --- to pandas --------------------------------------------------------------------------------------------------

Gaps = Literal["none", "maybe", "met"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a columnar answer is in pandas.

    Attributes
    ----------
    kind
        Of the value; a number is one of Python.
    names
        Labels of the columns, or the series's name; of a summary its sample and the places of its columns.
    dtypes
        One for each column.
    gaps
        Whether missing values change the dtype, for each column, or have changed it.
    levels
        Name and dtype of each level of the index; none if rows are numbered.
    index_name
        Of an index of numbers.
    narrow
        For each column, see `Column`.
    """

    kind: Literal["frame", "series", "scalar", "number", "summary", "items"]
    names: Any
    dtypes: tuple[Any, ...]
    gaps: tuple[Gaps, ...]
    levels: tuple[tuple[Hashable, Any], ...] = ()
    index_name: Hashable = None
    narrow: tuple[Any, ...] = ()

    def of_pandas(self, found: pl.DataFrame, start: int = 0) -> Any:
        """Make the value of columns in their order, those of the index last; the first row is number `start`."""
        columns = found.get_columns()
        if self.kind == "summary":
            return _summary([_item(*each) for each in zip(columns, self.dtypes, strict=True)], *self.names)
        if self.kind == "items":
            return pd.Series(as_pandas(columns[0], self.dtypes[0], "none"), copy=False).unique()  # the array pandas has
        if self.kind in ("scalar", "number"):
            item = _item(columns[0], self.dtypes[0])
            return item if self.kind == "scalar" or not isinstance(item, np.generic) else item.item()
        dtypes = map(_narrowed, columns, self.dtypes, self.narrow)
        given = [as_pandas(*each) for each in zip(columns, dtypes, self.gaps, strict=False)]
        index = self._index(columns[len(self.dtypes) :], start, found.height)
        if self.kind == "series":
            return pd.Series(given[0], index=index, name=self.names, copy=False)
        frame = pd.DataFrame(dict(enumerate(given)), index=index, copy=False)
        frame.columns = self.names
        return frame

    def settled(self, found: pl.DataFrame) -> Shape:
        """Give the shape that these values have, so that parts of them have the same dtypes."""
        columns = found.get_columns()
        gaps: list[Gaps] = [
            "met" if gap == "maybe" and column.null_count() else "none" if gap == "maybe" else gap
            for column, gap in zip(columns, self.gaps, strict=False)
        ]
        dtypes = tuple(map(_narrowed, columns, self.dtypes, self.narrow))
        return replace(self, dtypes=dtypes, gaps=tuple(gaps), narrow=(None,) * len(dtypes))

    def _index(self, columns: Sequence[pl.Series], start: int, height: int) -> Any:
        if not self.levels:
            return pd.RangeIndex(start, start + height, name=self.index_name)
        names = [name for name, _ in self.levels]
        arrays = [as_pandas(column, dtype, "none") for column, (_, dtype) in zip(columns, self.levels, strict=True)]
        if len(arrays) == 1:
            return pd.Index(arrays[0], name=names[0], copy=False)
        return pd.MultiIndex.from_arrays(arrays, names=names)


def _item(column: pl.Series, dtype: Any) -> Any:
    """Give the one value of a column; of no numbers, the smallest is NaN."""
    if column.null_count() and is_plain(dtype, "biu"):
        return np.nan
    return pd.Series(as_pandas(column, dtype, "none")).iloc[0]


def _summary(items: Sequence[Any], sample: Any, places: Sequence[int]) -> Any:
    """Put items into a series or frame like the sample."""
    found: list[Any] = [np.nan] * sample.size
    for place, item in zip(places, items, strict=True):
        found[place] = item
    if isinstance(sample, pd.Series):
        return pd.Series(found, index=sample.index, dtype=sample.dtype, name=sample.name)
    rows = len(sample)
    frame = pd.DataFrame(
        {
            i: pd.Series(found[i * rows : (i + 1) * rows], index=sample.index, dtype=dtype)
            for i, dtype in enumerate(sample.dtypes)
        }
    )
    frame.columns = sample.columns
    return frame


def _narrowed(column: pl.Series, dtype: Any, narrow: Any) -> Any:
    """Give the dtype of integers that are kept in a smaller one if it holds them all."""
    if narrow is None:
        return dtype
    limits = np.iinfo(narrow)
    fits = not len(column) or (int(column.min()) >= limits.min and int(column.max()) <= limits.max)  # type: ignore[arg-type]
    return narrow if fits else dtype


def as_pandas(column: pl.Series, dtype: Any, gaps: Gaps) -> Any:
    """Give a column as what pandas keeps."""
    if is_text(dtype):
        return dtype.__from_arrow__(column.to_arrow(compat_level=pl.CompatLevel.oldest()))
    if isinstance(dtype, pd.DatetimeTZDtype):
        wall = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy()
        return pd.array(wall).tz_localize("UTC").tz_convert(dtype.tz)
    if gaps == "met" or (gaps == "maybe" and column.null_count()):
        if is_plain(dtype, "b"):
            return np.array([np.nan if value is None else value for value in column], object)
        return column.cast(pl.Float64).to_numpy()
    return column.cast(polars_type(dtype)).to_numpy().astype(dtype, copy=False)
