"""The backend that computes on a Dask cluster: `ClusterBackend`."""
