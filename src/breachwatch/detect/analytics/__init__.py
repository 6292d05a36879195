"""Rule types beside Sigma, under a rule's key `breachwatch:`: first seen, dormant, impossible travel.

They are described for people who write rules in `detections/README.md`.
"""

from __future__ import annotations

from breachwatch.detect.analytics.dormant import Dormant
from breachwatch.detect.analytics.first_seen import FirstSeen
from breachwatch.detect.analytics.impossible_travel import ImpossibleTravel
from breachwatch.detect.analytics.kinds import KEYS, Analytic, Silence, analytic_of

__all__ = ["KEYS", "Analytic", "Dormant", "FirstSeen", "ImpossibleTravel", "Silence", "analytic_of"]
