"""Times, spans of time and time zones in the columnar engine."""

from __future__ import annotations

import pytest
from nasty import check, check_all, groups, lines

LINES = r"""
x.t.between("1950-01-01","2020-12-31")
x.t.isin([pd.Timestamp("2020-01-31")])
x.t.dt.year
x.t.where(x.i>0)
x.z.where(x.i>0)
x.t.fillna(pd.Timestamp("2000-01-01"))
abs(x.d)
x.t.astype("M8[ms]")
x.t.astype("M8[ns]")
x.t-x.v
x.t-pd.Timestamp("2020-01-01")
x.t+pd.Timedelta("1D")
x.t+x.d
x.d+x.d
x.d*2
x.d/pd.Timedelta("1h")
x.d/x.d
x.t+pd.offsets.MonthEnd()
x.z-pd.Timedelta("1D")
x.t>"2000-01-01"
x.t==pd.Timestamp("2020-01-31")
x.t<dt.datetime(2020,1,1)
x.t<np.datetime64("2020-01-01")
x.t<x.v
x.z>"2020-03-29 03:00"
x.z>pd.Timestamp("2020-03-29 03:00",tz="UTC")
x.d>pd.Timedelta("1h")
x.d>dt.timedelta(hours=1)
x.d>np.timedelta64(1,"h")
-x.d
md.to_datetime(x.t)
x.t.isin([pd.Timestamp("2020-01-31"),np.datetime64("1900-03-01")])
x.t.dt.month
x.t.dt.dayofweek
x.t.dt.quarter
x.t.dt.is_month_end
x.t.dt.normalize()
x.t.dt.floor("h")
x.t.dt.round("s")
x.t.dt.day_name()
x.t.dt.tz_localize("UTC")
x.t.dt.tz_localize("Europe/Berlin")
x.z.dt.tz_convert("Asia/Tokyo")
x.z.dt.tz_localize(None)
x.z.dt.hour
x.z.dt.normalize()
x.d.dt.days
x.d.dt.total_seconds()
x.d.dt.seconds
(x.t-x.v).dt.days
x.t.dt.year==2020
x.t.dt.year>2000
x.t.dt.year+1
x.t.dt.year/2
x.t.dt.year*100+x.t.dt.month
x.t.dt.year.isin([2020,1969])
x.t.dt.year.astype(float)
x[x.t.dt.year==2020][["i","s"]]
x.t.isin([pd.NaT])
x.y.dt.year + 1
x.y.dt.year * 100 + x.y.dt.month
x.groupby(x.y.dt.year).i.sum()
x[x.i > 0].y.dt.day
x.y.dt.month.isin([1, 2])
x.t.dt.is_leap_year
x.y.dt.hour.sum()
x.t.fillna(x.v.astype("M8[us]"))
x.z == x.z
x.z.dt.year
x.t.mask(x.t > "2000", pd.Timestamp("2001-01-01"))
x.d.fillna(pd.Timedelta(0))
x.assign(n=pd.Timestamp("2020-01-01"), m=pd.Timedelta("1D"))
(x.y - x.t).dt.days
x.y.dt.days_in_month
x.t.dt.as_unit("ns")
x.t != x.y
x.t >= x.y
x.z.fillna(pd.Timestamp("2020-01-01", tz="Europe/Berlin"))
x.t.astype("int64")
x.t.eq("2020-01-31")
md.to_datetime(x.p, format="%d", errors="coerce")
x.z.dt.floor("D", ambiguous="NaT", nonexistent="NaT")
x.t - x.t.min()
(x.t.max() - x.t).dt.days
x.t < x.t.max()
x.assign(m=x.t.max())
x.groupby([x.y.dt.year, "b"]).i.sum()
pd.Timestamp("2021-01-01") - x.t
pd.Timedelta("1D") + x.t
x.d.dt.total_seconds() / 3600
x.d / np.timedelta64(1, "s")
(x.t - pd.Timestamp("1970-01-01")) // pd.Timedelta("1s")
x.t.dt.month.between(3, 5)
"""

#: Lines that are left to pandas, and a part of the reason.
REFUSED = r"""
x.t.astype(str): form
x.t.dt.date: no columnar
x.t.dt.isocalendar(): no columnar
md.to_datetime(x.p, errors="coerce"): dtype
x.t.dt.tz_localize("Europe/Berlin", ambiguous="infer"): before
"""


@pytest.mark.parametrize("group", groups(LINES), ids=lambda group: group[0])
def test_lines(group: list[str]) -> None:
    check_all(group)


@pytest.mark.parametrize("line", lines(REFUSED))
def test_left_to_pandas(line: str) -> None:
    line, reason = line.rsplit(": ", 1)
    check(line, refused=reason)
