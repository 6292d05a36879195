"""The law as data: the schema of jurisdiction profiles, reading and comparing them."""

from __future__ import annotations
