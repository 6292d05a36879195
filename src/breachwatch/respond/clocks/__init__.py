"""Clocks: when an obligation is due."""

from __future__ import annotations
