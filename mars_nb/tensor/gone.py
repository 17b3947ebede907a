"""Names that numpy or Mars had and that are gone, with what to write instead."""

from __future__ import annotations

_NO_GPU = "there are no GPUs here; all is computed on processors"


def _use(text: str) -> str:
    return f"numpy has dropped it, use {text}"


#: What to say of each name, of functions and of methods.
INSTEAD = {
    "alltrue": _use("all"),
    "asfarray": _use("asarray(x, dtype=float)"),
    "asscalar": _use(".item()"),
    "cast": _use(".astype(dtype)"),
    "compare_chararrays": _use("mt.char.compare_chararrays"),
    "cumproduct": _use("cumprod"),
    "find_common_type": _use("result_type"),
    "float": _use("float, or mt.float64"),
    "float_": _use("mt.float64"),
    "in1d": _use("mt.isin(a.ravel(), b)"),
    "int": _use("int, or mt.int64"),
    "itemset": _use("t[...] = value"),
    "msort": _use("mt.sort(t, axis=0)"),
    "newbyteorder": _use("t.view(t.dtype.newbyteorder(order))"),
    "product": _use("prod"),
    "ptp": _use("mt.ptp(t)"),
    "round_": _use("round"),
    "row_stack": _use("vstack"),
    "sometrue": _use("any"),
    "tostring": _use(".tobytes()"),
    "trapz": _use("trapezoid"),
    "unicode_": _use("mt.str_"),
    "from_tiledb": "TileDB is not supported; zarr and HDF5 are",
    "to_tiledb": "TileDB is not supported; zarr and HDF5 are",
    "to_gpu": _NO_GPU,
    "to_cpu": _NO_GPU,
}
