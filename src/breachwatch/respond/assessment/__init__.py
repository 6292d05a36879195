"""The assessment of an incident: its facts against the obligations of a profile."""

from __future__ import annotations
