"""Loaded by the workers of the embedded cluster: errors of users' code stay out of the log.

They are told to the user whose code it was. In the log, others would read that user's values.
"""

from __future__ import annotations

import logging


def is_ours(record: logging.LogRecord) -> bool:
    """Tell whether a record is about the worker itself."""
    return not str(record.msg).startswith("Compute Failed")


def dask_setup(worker: object) -> None:
    """Put the filter in place (called by Dask)."""
    logging.getLogger("distributed.worker").addFilter(is_ours)
