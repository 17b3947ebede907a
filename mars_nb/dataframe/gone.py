"""Names that pandas or Mars had and that are gone, with what to write instead."""

from __future__ import annotations

_NO_GPU = "there are no GPUs here; all is computed on processors"

#: What to say of each name.
INSTEAD = {
    "append": "pandas has dropped it, use md.concat([a, b])",
    "applymap": "pandas has dropped it, use .map(function)",
    "backfill": "pandas has dropped it, use .bfill()",
    "iteritems": "pandas has dropped it, use .items()",
    "ix": "pandas has dropped it, use .loc[...] or .iloc[...]",
    "is_monotonic": "pandas has dropped it, use .is_monotonic_increasing",
    "lookup": "pandas has dropped it, use .loc[...]",
    "mad": "pandas has dropped it, use (x - x.mean()).abs().mean()",
    "pad": "pandas has dropped it, use .ffill()",
    "slice_shift": "pandas has dropped it, use .shift()",
    "tshift": "pandas has dropped it, use .shift(freq=...)",
    "weekofyear": "pandas has dropped it, use .isocalendar().week",
    "week": "pandas has dropped it, use .isocalendar().week",
    "Int64Index": "pandas has dropped it, use md.Index(..., dtype='int64')",
    "Float64Index": "pandas has dropped it, use md.Index(..., dtype='float64')",
    "UInt64Index": "pandas has dropped it, use md.Index(..., dtype='uint64')",
    "Panel": "pandas has dropped it, use a frame with a MultiIndex, or xarray",
    "to_gpu": _NO_GPU,
    "to_cpu": _NO_GPU,
}
