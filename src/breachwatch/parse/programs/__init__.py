"""What the messages of single programs mean, one small file each."""

from __future__ import annotations

from breachwatch.parse.programs.dispatch import PROGRAMS, read_message

__all__ = ["PROGRAMS", "read_message"]
