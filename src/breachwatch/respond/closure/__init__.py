"""The end of an incident: what closing it still asks for, and the record that is made of it."""

from __future__ import annotations
