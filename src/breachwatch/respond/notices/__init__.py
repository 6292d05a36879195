"""Notices: which papers an incident calls for, and what its records know for them."""

from __future__ import annotations
