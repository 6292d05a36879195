"""Facility and severity: the number before a syslog line (RFC 5424, section 6.2.1) as names."""

from __future__ import annotations

from typing import Final

FACILITIES: Final = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"),
)
SEVERITIES: Final = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
HIGHEST: Final = len(FACILITIES) * len(SEVERITIES) - 1


def facility_name(number: int) -> str | None:
    """The facility's name, None for a number that has none."""
    return FACILITIES[number] if 0 <= number < len(FACILITIES) else None


def severity_name(number: int) -> str | None:
    """The severity's name, None for a number that has none."""
    return SEVERITIES[number] if 0 <= number < len(SEVERITIES) else None
