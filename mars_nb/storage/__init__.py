"""Where results are kept."""

from mars_nb.storage.store import ResultStore, Stored

__all__ = ["ResultStore", "Stored"]
