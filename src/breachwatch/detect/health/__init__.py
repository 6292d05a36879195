"""Rules about the logs themselves: a source gone silent, gaps in what is numbered, time going backwards.

They stand in rule files like all others, under a rule's key `breachwatch:`, and are described for people who write
rules in `detections/README.md`.
"""

from __future__ import annotations

from breachwatch.detect.health.kinds import KEYS, Backwards, Gap, Health, Silence, health_of, is_about_logs

__all__ = ["KEYS", "Backwards", "Gap", "Health", "Silence", "health_of", "is_about_logs"]
