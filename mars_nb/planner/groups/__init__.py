"""Rules that reduce: aggregations, group-bys, scans, quantiles, and summaries made of them."""
