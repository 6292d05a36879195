"""Parquet by dataset and day, its catalog, and the one way to query it."""
