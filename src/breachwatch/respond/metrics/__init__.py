"""How fast and how well the city responds: times, clocks, false positives, nights. Counts, and no names."""

from __future__ import annotations
