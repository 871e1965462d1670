"""seedfactory: the core. Seeds -> generators -> validators -> DuckDB -> snapshots."""

__version__ = "0.1.0"
