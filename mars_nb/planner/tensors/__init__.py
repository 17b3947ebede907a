"""Arrays: Dask's algorithms one operation at a time, and numpy on each chunk."""
