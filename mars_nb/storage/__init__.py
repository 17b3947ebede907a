"""Where values are kept: results by name, and values in memory or on disk."""

from mars_nb.storage.spill import SMALL, DiskError, Held, OnDisk, SpillBuffer
from mars_nb.storage.store import ResultStore, Stored

__all__ = ["SMALL", "DiskError", "Held", "OnDisk", "ResultStore", "SpillBuffer", "Stored"]
