"""What a stage does, told without running it."""

from __future__ import annotations

import polars as pl

from mars_nb.planner.columnar.query import Query, inputs_of
from mars_nb.planner.columnar.relations import Relation, lazy_frames
from mars_nb.planner.columnar.scans import ScanCsv, ScanParquet
from mars_nb.planner.columnar.stages import Stage


def columns_read(stage: Stage) -> dict[Relation, int]:
    """Tell how many columns a stage reads of each of its inputs."""
    needs = _query(stage).needs
    return {found: len(needs[found].columns) for found in inputs_of(list(stage.answers.values())) if found in needs}


def polars_plan(stage: Stage) -> str:
    """Give the plan that Polars makes of a stage, as a text; it looks at the files that are scanned, not at data.

    Raises
    ------
    polars.exceptions.PolarsError
        If Polars refuses it; then pandas computes.
    """
    query = _query(stage)
    needs = query.needs
    scanned = (ScanParquet, ScanCsv)
    given: dict[Relation, pl.LazyFrame] = {
        found: pl.LazyFrame(schema=found.kinds)
        for found in inputs_of(query.answers)
        if not isinstance(found.file, scanned)
    }
    frames = lazy_frames(needs, given)
    return pl.explain_all([frames[answer.relation].select(answer.names) for answer in query.answers])


def _query(stage: Stage) -> Query:
    return Query(list(stage.answers.values()), [])
