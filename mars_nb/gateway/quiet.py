"""The log of the embedded cluster: errors of users' code, and what was on the way to a client that went, stay out.

They are told to the user whose code it was. In the log, others would read that user's values. The workers load this
module before they begin.
"""

from __future__ import annotations

import logging

#: How messages begin that quote what is a user's.
_QUOTING = ("Compute Failed", "Closed comm")


def quotes_nobody(record: logging.LogRecord) -> bool:
    """Tell whether a record is about the cluster itself.

    >>> quotes_nobody(logging.makeLogRecord({"msg": "Compute Failed: %r"}))
    False
    """
    return not str(record.msg).startswith(_QUOTING)


def be_quiet() -> None:
    """Keep out of the log what users would not want others to read."""
    for name in ("distributed.worker", "distributed.scheduler"):
        logging.getLogger(name).addFilter(quotes_nobody)


def dask_setup(worker: object) -> None:
    """Do so in a worker (called by Dask)."""
    be_quiet()
