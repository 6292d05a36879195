"""Intake: anyone reports, the report is sealed and answered, and triage decides what becomes of it."""

from __future__ import annotations
