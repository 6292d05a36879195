"""Logs of the Linux audit daemon."""

from __future__ import annotations

from breachwatch.parse.auditd.log import parse_auditd

__all__ = ["parse_auditd"]
