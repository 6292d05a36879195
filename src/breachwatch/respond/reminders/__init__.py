"""Which clocks run, and which step of them has come: half of the time, four fifths, due, escalated."""

from __future__ import annotations
