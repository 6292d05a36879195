"""Records that an API gave: named by the vendor's own id, so that one that is given twice is landed once.

Spans of time overlap for what comes late, content is listed twice, pages are repeated after an error: the same record
then lies in several segments, at several places. Ids: Microsoft Graph `id`, Management Activity API `Id`, Okta `uuid`,
CloudTrail `eventID`, Google's `id` (time, application, customer and `uniqueQualifier` together). The time belongs to
the name in all of them. A record without an id, or one that cannot be read, is named by its bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from breachwatch.model.segment import Segment
from breachwatch.parse.base import Rejected, Row
from breachwatch.parse.cloud.records import record_of, split_json
from breachwatch.settings import Limits

_IDS: Final = {
    "entra.signin": ("Id",),
    "entra.audit": ("Id",),
    "entra.risk": ("Id",),
    "m365.audit": ("Id",),
    "okta.system": ("uuid",),
    "google.workspace": ("id.applicationName", "id.customerId", "id.uniqueQualifier"),
    "aws.cloudtrail": ("eventID",),
}
"""The columns that together with the time name a record."""


def parse_cloud_api(segment: Segment, data: BinaryIO, limits: Limits) -> Iterator[Row | Rejected]:
    """Every object of the answers as one event or one reject."""
    for line in split_json(data, limits):
        record = record_of(segment, line, limits)
        record.position = _named(record, line[3])
        yield record


def _named(record: Row | Rejected, raw: bytes) -> str:
    if isinstance(record, Row):
        ids = [str(record.values.get(name) or "") for name in _IDS.get(record.dataset, ())]
        if ids and ids[-1]:
            return "\0".join((record.dataset, *ids, str(record.values.get("time_text") or "")))
    return f"sha256:{hashlib.sha256(raw).hexdigest()}:{record.byte_length}"
