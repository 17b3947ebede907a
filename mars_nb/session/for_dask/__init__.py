"""Sessions for Dask: as schedulers of its graphs, and with its collections among the objects that they execute."""
