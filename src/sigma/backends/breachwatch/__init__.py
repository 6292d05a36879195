"""Through this leaf of the namespace `sigma.backends`, sigma-cli finds the target `breachwatch`."""

from __future__ import annotations

from breachwatch.detect.backend import DuckDBBackend

__all__ = ["DuckDBBackend", "backends"]

backends = {"breachwatch": DuckDBBackend}
