"""``series.dt``: parts of points in time and of durations, by pandas itself."""

from __future__ import annotations

import pandas as pd

from mars_nb.planner.columnar.batches import by_pandas
from mars_nb.planner.columnar.dtypes import is_plain
from mars_nb.planner.columnar.fullness import is_full
from mars_nb.planner.columnar.rules.texts import constants
from mars_nb.planner.columnar.translate import Step, rule
from mars_nb.planner.columnar.values import NotColumnar, Series, Value

_PARTS = (
    "year month day hour minute second microsecond nanosecond dayofweek day_of_week weekday dayofyear day_of_year "
    "quarter days_in_month daysinmonth is_month_start is_month_end is_quarter_start is_quarter_end is_year_start "
    "is_year_end is_leap_year days seconds microseconds nanoseconds"
)
_METHODS = "normalize floor ceil round strftime day_name month_name total_seconds tz_convert tz_localize as_unit"


@rule(*(f"dt.{name}" for name in f"{_PARTS} {_METHODS}".split()))
def by_row(step: Step) -> Value:
    """``series.dt.year``, ``series.dt.floor("h")``."""
    base = step.base
    if not isinstance(base, Series):
        raise NotColumnar("arguments")
    constants(step)
    call = step.calls[-1]
    if call is not None and "infer" in (*call.args, *call.kwargs.values()):
        raise NotColumnar("times of the clock that are told by the rows before")
    # Of the sample some may be missing, which changes the dtype.
    present = pd.Series([0]).astype(base.column.dtype)
    dtype = step.node.op.apply((present, *step.calls), {}).dtype
    dtype = dtype if is_plain(dtype, "iu") else step.dtype
    full = not is_plain(dtype, "iu") or is_full(step.translation, base.relation, base.column)
    return step.series(base, by_pandas(step.node, dtype, {step.node.args[0]: base.column}, full))
