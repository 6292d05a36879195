"""Logs of cloud services, pulled from their APIs: every page an answer holds is a segment, kept as it was received."""

from __future__ import annotations
