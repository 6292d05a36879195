"""Which parser reads which format. A parser's module is imported when its format is first met.

To add a log: name its format in `breachwatch.model.formats`, write `parse/<format>.py` with one function of the shape
`breachwatch.parse.base.Parser`, and name it here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType

from breachwatch.errors import UnknownNameError
from breachwatch.parse.base import Parser

_WHERE = {
    "syslog": "breachwatch.parse.syslog:parse_syslog",
    "journald-json": "breachwatch.parse.journald:parse_json",
    "journald-export": "breachwatch.parse.journald:parse_export",
    "utmp": "breachwatch.parse.utmp:parse_utmp",
    "web-access": "breachwatch.parse.web_access:parse_web_access",
    "web-error": "breachwatch.parse.web_error:parse_web_error",
    "squid": "breachwatch.parse.squid:parse_squid",
    "auditd": "breachwatch.parse.auditd:parse_auditd",
    "cloud-json": "breachwatch.parse.cloud.records:parse_cloud_json",
    "cloud-api": "breachwatch.parse.cloud.answers:parse_cloud_api",
    "m365-csv": "breachwatch.parse.cloud.records:parse_m365_csv",
    "evtx": "breachwatch.parse.evtx:parse_evtx",
    "windows-json": "breachwatch.parse.windows_json:parse_windows_json",
    "windows-xml": "breachwatch.parse.windows_xml:parse_windows_xml",
}


class _Parsers(Mapping[str, Parser]):
    """Parsers by format; looking one up imports it."""

    def __init__(self, where: Mapping[str, str]) -> None:
        self._where = MappingProxyType(dict(where))

    def __getitem__(self, name: str) -> Parser:
        module, function = self._where[name].split(":")
        parser: Parser = getattr(import_module(module), function)
        return parser

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)


PARSERS: Mapping[str, Parser] = _Parsers(_WHERE)
"""Every parser by the name of its format."""


def parser_for(format_name: str) -> Parser:
    """The parser of that format; raises UnknownNameError."""
    if format_name not in PARSERS:
        raise UnknownNameError("parser", format_name, PARSERS)
    return PARSERS[format_name]
