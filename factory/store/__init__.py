"""The store: one DuckDB file that a single process writes and anyone may read."""
