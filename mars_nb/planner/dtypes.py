"""Chunks of one frame whose columns were given different dtypes, because no chunk has seen the values of the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd


def joined(chunks: Sequence[Any]) -> Any:
    """Put chunks of rows below one another, with the dtypes that pandas would have found for all together."""
    if isinstance(chunks[0], pd.Index):
        return chunks[0].append(list(chunks[1:]))
    filled = [chunk for chunk in chunks if len(chunk)] or list(chunks[:1])
    return filled[0] if len(filled) == 1 else pd.concat(_with_nulls_fitted(filled))


def _have_same_dtypes(chunks: Sequence[Any]) -> bool:
    first = chunks[0]
    if isinstance(first, pd.Series):
        return all(isinstance(chunk, pd.Series) and chunk.dtype == first.dtype for chunk in chunks)
    dtypes = list(first.dtypes)
    return all(list(chunk.dtypes) == dtypes for chunk in chunks)


def _with_nulls_fitted(chunks: list[Any]) -> list[Any]:
    """Give columns without a value the dtype that they would have next to the values of the other chunks."""
    if _have_same_dtypes(chunks):
        return chunks
    if isinstance(chunks[0], pd.Series):
        return _series_fitted(chunks)
    columns = chunks[0].columns
    if not columns.is_unique or not all(chunk.columns.equals(columns) for chunk in chunks):
        return chunks
    fitted = {label: _series_fitted([chunk[label] for chunk in chunks]) for label in columns}
    return [_replaced(chunk, fitted, i) for i, chunk in enumerate(chunks)]


def _replaced(chunk: Any, fitted: dict[Any, list[Any]], number: int) -> Any:
    changed = {c: parts[number].dtype for c, parts in fitted.items() if parts[number].dtype != chunk.dtypes[c]}
    return chunk.astype(changed) if changed else chunk


def _series_fitted(chunks: list[Any]) -> list[Any]:
    if _have_same_dtypes(chunks):
        return chunks
    empty = [bool(chunk.isna().all()) for chunk in chunks]
    dtypes = {chunk.dtype for chunk, nothing in zip(chunks, empty, strict=True) if not nothing}
    if len(dtypes) != 1:
        return chunks
    (dtype,) = dtypes
    kind = dtype.kind
    if kind in "bO" and isinstance(dtype, np.dtype):  # pandas, too, keeps a None or NaN among these as it is
        return chunks
    target = np.dtype(float) if kind in "iu" and isinstance(dtype, np.dtype) else dtype
    return [chunk.astype(target) if nothing else chunk for chunk, nothing in zip(chunks, empty, strict=True)]
