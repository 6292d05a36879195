"""What the law asks in one incident: assessments, counsel's decisions, steps taken, clocks."""

from __future__ import annotations
