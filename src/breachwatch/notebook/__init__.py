"""The notebook front door: open a workspace, ask it, plot it."""

from __future__ import annotations

from breachwatch.notebook.incident import IncidentView
from breachwatch.notebook.session import Session, open  # noqa: A004  it reads well: notebook.open(...)

__all__ = ["IncidentView", "Session", "open"]
