"""Tables of databases: parts are kept on disk and go into the table one after the other, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from mars_nb.files.drafts import Draft
from mars_nb.files.reader import noted
from mars_nb.files.writer import PartWriter


@dataclass(frozen=True, kw_only=True, eq=False)
class SqlWriter(PartWriter):
    """Writes a table.

    Attributes
    ----------
    url
        Of the database; the target is the table.
    """

    url: str = field(repr=False)

    def check(self) -> None:
        """Look whether the table is there, if it must not be.

        Raises
        ------
        ValueError
            If it is, with pandas's words.
        """
        from sqlalchemy import create_engine, inspect
        from sqlalchemy.pool import NullPool

        if self.arguments.get("if_exists", "fail") != "fail":
            return
        engine = create_engine(self.url, poolclass=NullPool)
        try:
            if inspect(engine).has_table(self.target, schema=self.arguments.get("schema")):
                raise ValueError(f"Table '{self.target}' already exists.")
        finally:
            engine.dispose()

    def write(self, frame: Any) -> int | None:
        """Write all."""
        return self._insert([frame])

    def part(self, draft: Draft, number: int, count: int, frame: Any, start: int = 0) -> str:
        """Keep a part."""
        path = draft.path(f"{number}.pickle")
        frame.to_pickle(path)
        return path

    def finish(self, draft: Draft, parts: list[str]) -> int | None:
        """Write all parts to the table."""
        return self._insert(parts)

    def _insert(self, parts: Sequence[Any]) -> int | None:
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        engine = create_engine(self.url, poolclass=NullPool)
        rows: int | None = 0
        try:
            with engine.begin() as connection:
                if engine.dialect.name == "sqlite":  # its driver would keep the table's making out of the transaction
                    connection.exec_driver_sql("BEGIN")
                for number, part in enumerate(parts):
                    frame = pd.read_pickle(part) if isinstance(part, str) else part
                    others = dict(self.arguments) if number == 0 else {**self.arguments, "if_exists": "append"}
                    written = frame.to_sql(self.target, connection, **others)
                    rows = None if rows is None or written is None else rows + written
        except Exception as error:
            raise noted(error, f"table {self.target} (it is as it was)") from None
        finally:
            engine.dispose()
        return rows
