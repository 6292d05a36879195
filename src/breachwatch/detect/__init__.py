"""Sigma rules compiled to DuckDB SQL and run over the lake."""
