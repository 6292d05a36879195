"""From the bytes of a segment to events and rejects."""

from __future__ import annotations

from breachwatch.parse.base import Parser, Rejected, Row
from breachwatch.parse.driver import parse
from breachwatch.parse.registry import PARSERS, parser_for

__all__ = ["PARSERS", "Parser", "Rejected", "Row", "parse", "parser_for"]
