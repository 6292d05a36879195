"""The register of systems: read, checked, and asked about hosts."""

from __future__ import annotations

from breachwatch.register.matching import Register, load
from breachwatch.register.reading import RegisterProblem, read_register

__all__ = ["Register", "RegisterProblem", "load", "read_register"]
