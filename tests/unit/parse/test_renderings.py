"""One Windows event gives the same row from EVTX, from evtx_dump's JSON, from its XML in any layout, and from lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from evtx import PyEvtxParser

from tests.unit.parse.support import Parsed, parsed

_OF_THE_PLACE = {"event_id", "record_number", "byte_offset", "byte_length"}
_SECURITY = "windows-evtx/evtx/Security_short_selected.evtx"


def rows(result: Parsed) -> dict[tuple[Any, Any], dict[str, Any]]:
    """The events by computer and record id."""
    return {
        (event.get("Computer"), event.get("EventRecordID")): {
            name: value for name, value in event.items() if name not in _OF_THE_PLACE
        }
        for event in result.events
    }


def stripped(row: dict[str, Any]) -> dict[str, Any]:
    """The tool that wrote the published JSON left blanks at the end of values out."""
    return {name: value.rstrip() if isinstance(value, str) else value for name, value in row.items()}


def test_json_beside_evtx(shared_logs: Path) -> None:
    compared = 0
    for path in sorted(shared_logs.glob("sigma-regression/**/*.json")):
        beside = path.with_suffix(".evtx")
        if not beside.is_file():
            continue
        found, original = parsed("windows-json-list", path.read_bytes()), rows(parsed("evtx", beside.read_bytes()))
        assert found.events, path
        assert found.rejects == []
        for key, row in rows(found).items():
            assert key in original, path
            assert stripped(row) == stripped(original[key]), path
            compared += 1
    assert compared >= 60


@pytest.fixture(scope="module")
def xml(shared_logs: Path) -> list[str]:
    return [record["data"] for record in PyEvtxParser(str(shared_logs / _SECURITY)).records()]


def test_xml_in_every_layout(shared_logs: Path, xml: list[str]) -> None:
    bodies = [text.partition("?>")[2].strip() if text.startswith("<?xml") else text for text in xml]
    lines = [" ".join(body.replace("\r", "").split("\n")) for body in bodies]
    one_a_line = rows(parsed("windows-xml", "".join(f"{line}\n" for line in lines).encode()))
    saved = "<?xml version='1.0'?>\r\n<Events>" + "".join(lines) + "</Events>"
    assert len(one_a_line) == len(xml) > 5
    assert rows(parsed("windows-xml-events", saved.encode())) == one_a_line
    original = rows(parsed("evtx", (shared_logs / _SECURITY).read_bytes()))
    for key, row in rows(parsed("windows-xml-events", "\n".join(bodies).encode())).items():
        for name in ("EventID", "Channel", "Computer", "time", "user", "action", "outcome", "source_ip", "LogonType"):
            assert row.get(name) == original[key].get(name), (key, name)


def test_lists_and_lines(shared_logs: Path) -> None:
    records = [record["data"] for record in PyEvtxParser(str(shared_logs / _SECURITY)).records_json()]
    documents = [json.loads(record) for record in records]
    lines = parsed("windows-json", "".join(f"{json.dumps(document)}\n" for document in documents).encode())
    for layout in (json.dumps(documents), json.dumps(documents, indent=2), "\n".join(records)):
        assert rows(parsed("windows-json-list", layout.encode())) == rows(lines)
