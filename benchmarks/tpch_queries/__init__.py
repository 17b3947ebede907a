"""The 22 queries of TPC-H: in pandas's style, in Polars's own, in SQL; and the tables that they ask."""
