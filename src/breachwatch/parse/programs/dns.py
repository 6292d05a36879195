"""Name servers that log questions to syslog: BIND's named, dnsmasq, unbound.

Messages: BIND 9 Administrator Reference Manual, "querylog"; dnsmasq src/cache.c; unbound.conf(5), log-queries. One row
for each question; answers and what else a name server says stay in linux.syslog.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import put_source
from breachwatch.parse.programs.meaning import DNS, SYSLOG, Values, pattern

_FORMS = (
    pattern(
        r"""
        (?:queries:[ ])?(?:info:[ ])?client[ ](?:@0x[0-9a-f]+[ ])?(?P<address>[0-9A-Fa-f.:]+)\#(?P<port>\d{1,5})
        (?:[ ]\([^)]*\))?:[ ](?:view[ ][^:]+:[ ])?query:[ ](?P<name>[^ ]+)[ ]\w+[ ](?P<kind>[\w-]+).*
        """
    ),
    pattern(
        r"""
        (?:\d+[ ][0-9A-Fa-f.:]+/\d+[ ])?query\[(?P<kind>[\w-]+)\][ ]
        (?P<name>[^ ]+)[ ]from[ ](?P<address>[0-9A-Fa-f.:]+)
        """
    ),
    pattern(r"(?:\[\d+:\d+\][ ])?info:[ ](?P<address>[0-9A-Fa-f.:]+)[ ](?P<name>[^ ]+)[ ](?P<kind>[\w-]+)[ ]IN"),
)


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of a name server."""
    for form in _FORMS:
        found = form.fullmatch(message)
        if found is not None:
            put_source(values, extra, found["address"], found.groupdict().get("port"))
            values["action"] = actions.DNS_QUERY
            values["query"], values["record_type"] = found["name"].removesuffix(".") or ".", found["kind"]
            return DNS
    return SYSLOG


READERS: Final = dict.fromkeys(("named", "dnsmasq", "unbound"), read)
