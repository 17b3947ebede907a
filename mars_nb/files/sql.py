"""Queries and tables of databases by SQLAlchemy, cut into ranges of a column.

A part is a query of its own, in a connection of its own: rows that others write in the meantime may be in it. What a
database gives without an order has none, so a cut by LIMIT and OFFSET could give a row twice; it is not offered.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from mars_nb.files import places
from mars_nb.files.reader import UntypedReader, noted

_T = TypeVar("_T")

_PEEKED_ROWS = 100
#: Arguments that say how a query is cut.
CUTTING = ("partition_col", "num_partitions", "low_limit", "high_limit")


@dataclass(frozen=True, kw_only=True, eq=False)
class SqlReader(UntypedReader):
    """Reads the rows of a query, those of a part by a range of a column.

    Attributes
    ----------
    function
        ``read_sql_query`` or ``read_sql_table``.
    statement
        The query or the table's name.
    url
        Of the database.
    arguments
        Of the function.
    column
        By which it is cut.
    bounds
        Where the parts but the first begin.
    """

    function: str
    statement: Any
    url: str = field(repr=False)
    arguments: Mapping[str, Any]
    column: str | None = None
    bounds: tuple[Any, ...] = ()

    @property
    def origin(self) -> str:
        """The query, and the database without the password."""
        from sqlalchemy.engine import make_url

        return f"{self.statement} of {make_url(self.url).render_as_string()}"

    @property
    def is_numbered(self) -> bool:
        """Whether the labels of the rows are their numbers."""
        return self.arguments.get("index_col") is None

    def current_version(self) -> Hashable:
        """Tell the version of a database that is a file; None of others."""
        path = _file_of(self.url)
        return None if path is None else places.version([path, f"{path}-wal"])

    def whole(self) -> pd.DataFrame:
        """Read all with pandas."""

        def all_rows(connection: Any) -> pd.DataFrame:
            found: pd.DataFrame = self._call(self.statement, connection)
            return found

        return _ask(self, all_rows)

    def peek(self) -> pd.DataFrame:
        """Read some rows with pandas."""

        def some(connection: Any) -> pd.DataFrame:
            with closing(self._call(self.statement, connection, chunksize=_PEEKED_ROWS)) as chunks:
                first: pd.DataFrame = next(chunks)
                return first

        return _ask(self, some)

    def _call(self, statement: Any, connection: Any, **more: Any) -> Any:
        return getattr(pd, self.function)(statement, connection, **self.arguments, **more)

    def read(self, part: int) -> pd.DataFrame:
        """Read the rows of a range; those without a value in the column belong to the first."""
        import sqlalchemy as sa

        column: Any = sa.column(str(self.column))
        tests = [column >= self.bounds[part - 1]] if part else []
        tests += [column < self.bounds[part]] if part < len(self.bounds) else []
        where = sa.and_(*tests) if part else sa.or_(*tests, column.is_(None))
        others = {name: value for name, value in self.arguments.items() if name not in ("schema", "columns")}

        def rows(connection: Any) -> pd.DataFrame:
            query = self._selectable(connection).where(where)
            found: pd.DataFrame = pd.read_sql_query(query, connection, **others)
            return found

        frame = _ask(self, rows)
        times = self.sample.select_dtypes(["datetime", "datetimetz"]).dtypes.to_dict()
        found = frame.dtypes.to_dict()
        return frame.astype({name: dtype for name, dtype in times.items() if found[name] != dtype})

    def _selectable(self, connection: Any) -> Any:
        import sqlalchemy as sa

        if self.function == "read_sql_query":
            escaped = self.statement.rstrip().rstrip(";").replace(":", r"\:")
            return sa.select(sa.text("*")).select_from(sa.text(f"({escaped}) AS mars_nb_query"))
        table = _table(self, connection)
        names = self.arguments.get("columns")
        if names is None:
            return sa.select(table)
        index = self.arguments.get("index_col")
        first = [] if index is None else [index] if isinstance(index, str) else list(index)
        return sa.select(*(table.c[name] for name in [*first, *names]))

    def finish(self, frame: pd.DataFrame, start: int) -> pd.DataFrame:
        """Give a part its index."""
        return super().finish(frame, start) if self.is_numbered else frame


def sql_reader(
    function: str, statement: Any, url: str, arguments: dict[str, Any], cutting: Mapping[str, Any], part_bytes: int
) -> SqlReader:
    """Ask a database for some rows, and decide how all are read.

    Parameters
    ----------
    function, statement, url, arguments
        See `SqlReader`.
    cutting
        `CUTTING` as the user wants it.
    part_bytes
        Wanted size of a part of a table that has a number for a primary key; others are cut as wanted only.

    Raises
    ------
    ValueError
        If it cannot be cut as wanted.
    """
    again = partial(sql_reader, function, statement, url, arguments, cutting, part_bytes)
    how: dict[str, Any] = {"function": function, "statement": statement, "url": url, "arguments": arguments}
    reader = SqlReader(sample=pd.DataFrame(), again=again, **how)
    reader = replace(reader, sample=reader.peek(), version=reader.current_version())
    if cutting.get("partition_col") is None:
        found = _cut_by_key(reader, part_bytes) if function == "read_sql_table" else None
        return reader if found is None else replace(reader, column=found[0], bounds=found[1], count=len(found[1]) + 1)
    if arguments.get("params") is not None or not isinstance(statement, str):
        raise ValueError("partition_col= needs the query as a text, without params=")
    reader = replace(reader, column=cutting["partition_col"])
    low, high = cutting.get("low_limit"), cutting.get("high_limit")
    if low is None or high is None:
        found_low, found_high, _ = _extent(reader)
        low, high = found_low if low is None else low, found_high if high is None else high
    bounds = () if low is None else _bounds(low, high, cutting.get("num_partitions") or 2)
    return replace(reader, bounds=bounds, count=len(bounds) + 1)


def _ask(reader: SqlReader, ask: Callable[[Any], _T]) -> _T:
    """Ask the database, by a connection that is closed afterwards."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    engine = create_engine(reader.url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return ask(connection)
    except Exception as error:
        raise noted(error, reader.origin) from None
    finally:
        engine.dispose()


def _table(reader: SqlReader, connection: Any) -> Any:
    import sqlalchemy as sa

    return sa.Table(reader.statement, sa.MetaData(schema=reader.arguments.get("schema")), autoload_with=connection)


def _extent(reader: SqlReader) -> tuple[Any, Any, int]:
    """Ask for the smallest and the largest value of the column, and the number of rows."""
    import sqlalchemy as sa

    def extent(connection: Any) -> tuple[Any, Any, int]:
        rows = reader._selectable(connection).subquery() if reader.function == "read_sql_table" else None
        query = reader._selectable(connection) if rows is None else sa.select(sa.text("*")).select_from(rows)
        column: Any = sa.column(str(reader.column))
        found = connection.execute(
            query.with_only_columns(sa.func.min(column), sa.func.max(column), sa.func.count())
        ).one()
        return found[0], found[1], int(found[2])

    return _ask(reader, extent)


def _cut_by_key(reader: SqlReader, part_bytes: int) -> tuple[str, tuple[Any, ...]] | None:
    """Cut a table by its primary key, if that is one whole number and there are many rows."""
    import sqlalchemy as sa

    def key_of(connection: Any) -> str | None:
        keys = list(_table(reader, connection).primary_key.columns)
        return str(keys[0].name) if len(keys) == 1 and isinstance(keys[0].type, sa.Integer) else None

    if len(reader.sample) < _PEEKED_ROWS:
        return None
    key = _ask(reader, key_of)
    if key is None or key not in [*reader.sample.columns, *reader.sample.index.names]:
        return None
    low, high, rows = _extent(replace(reader, column=key))
    row_bytes = int(reader.sample.memory_usage(deep=True).sum()) / len(reader.sample)
    count = int(rows * row_bytes // part_bytes)
    return (key, _bounds(low, high, count + 1)) if count else None


def _bounds(low: Any, high: Any, count: int) -> tuple[Any, ...]:
    """Give what lies between `count` equal ranges.

    Examples
    --------
    >>> _bounds(0, 99, 4), _bounds(0, 2, 9)
    ((25, 50, 75), (1, 2))
    """
    if isinstance(low, int | np.integer) and isinstance(high, int | np.integer):
        steps = {int(low) + (int(high) - int(low) + 1) * i // count for i in range(1, count)}
        return tuple(sorted(step for step in steps if step > low))
    if isinstance(low, int | float | np.number) and isinstance(high, int | float | np.number):
        return tuple(float(bound) for bound in np.linspace(low, high, count + 1)[1:-1])
    if isinstance(low, datetime) and isinstance(high, datetime):
        return tuple(bound.to_pydatetime() for bound in pd.date_range(low, high, count + 1)[1:-1])
    raise ValueError(
        f"partition_col= must be a column of numbers or times, and here it goes from {low!r} to {high!r}: "
        "name another column, or give low_limit= and high_limit="
    )


def _file_of(url: str) -> str | None:
    from sqlalchemy.engine import make_url

    found = make_url(url)
    return found.database if found.get_backend_name() == "sqlite" else None


def url_of(connection: Any) -> str | None:
    """Give the URL by which a database can be opened again, None where it cannot."""
    if isinstance(connection, str):
        found = connection
    else:
        url = getattr(connection, "url", None)
        if url is None or not hasattr(connection, "connect"):
            return None
        found = url.render_as_string(hide_password=False)
    path = _file_of(found)
    return None if path in ("", ":memory:") or (path is None and found.startswith("sqlite")) else found
