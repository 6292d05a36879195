"""Doing it again: original bytes parsed anew, the stored query run anew, both compared with what was sealed."""

from __future__ import annotations

from breachwatch.evidence.reproduction.reproducing import reproduce

__all__ = ["reproduce"]
