"""Sysmon for Linux: one event as XML in each message, in the shape of a Windows event.

Source: Sysmon for Linux (Microsoft), which writes the channel Linux-Sysmon/Operational to syslog as program `sysmon`.
"""

from __future__ import annotations

from typing import Final

from breachwatch.parse.lines import UnreadableError
from breachwatch.parse.programs.meaning import SYSLOG, Values
from breachwatch.parse.windows_event import event_row
from breachwatch.parse.windows_xml import from_xml

_LINUX_SYSMON = "linux.sysmon"


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of sysmon. The event's own time is used; its host where it names one."""
    start = message.find("<Event")
    if start < 0:
        return SYSLOG
    try:
        dataset, event, more = event_row(from_xml(message[start:]))
    except UnreadableError:
        return SYSLOG  # a message that was cut off keeps its text
    if dataset != _LINUX_SYSMON:
        return SYSLOG
    values.update(event)
    extra.update(more)
    return dataset


READERS: Final = {"sysmon": read}
