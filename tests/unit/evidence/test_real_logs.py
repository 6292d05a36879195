"""Real logs through the real stages: what is sealed is cut out of the very file that was collected."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from breachwatch import collect, evidence, lake, parse
from breachwatch.evidence import create_key
from breachwatch.evidence.originals import ranges
from breachwatch.workspace import Workspace
from tests.unit.evidence.making import City

SETTINGS = '[evidence]\nwhole_segment_bytes = 0\ncontext_records = 2\n[[sources]]\nname = "real"\npaths = ["{path}"]\n'


def seal(ws: Workspace, condition: str) -> Path:
    create_key(ws.keys)
    for segment_id in collect.collect(ws, ws.settings.source("real")).segment_ids:
        segment = collect.segment(ws, segment_id)
        with collect.open_segment(ws, segment) as data:
            lake.land(ws, segment, parse.parse(segment, data, ws.settings.limits))
    dataset = max((file for file in lake.files(ws) if file.dataset != "rejects"), key=lambda file: file.rows).dataset
    with lake.connect(ws, empty_views=False) as connection:
        query = f"SELECT event_id FROM {dataset.replace('.', '_')} WHERE {condition} ORDER BY event_id LIMIT 5"
        event_ids = [str(row[0]) for row in connection.execute(query).fetchall()]
    assert len(event_ids) == 5
    city = City(ws)
    [job] = city.waiting(city.finding(event_ids, in_dataset=dataset))
    snapshot = city.seal(job)
    report = evidence.verify(ws, snapshot.number)
    assert report.ok, report
    return Path(snapshot.path)


def check_cuts(bag: Path, original: bytes) -> None:
    [segment] = json.loads((bag / "data/sources.json").read_text())["segments"]
    assert segment["kept"] == "ranges"
    for part in segment["ranges"]:
        assert (bag / part["file"]).read_bytes() == original[part["start"] : part["end"]]
    for line in (bag / "data/matches.jsonl").read_text().splitlines():
        match = json.loads(line)
        cut = original[match["offset"] : match["offset"] + match["length"]]
        inside = (bag / match["file"]).read_bytes()[match["file_offset"] :]
        assert inside[: match["length"]] == cut


def test_an_auth_log(make_ws: Callable[..., Workspace], shared_logs: Path) -> None:
    path = shared_logs / "linux-auth/elastic-examples/auth.log"
    bag = seal(make_ws(SETTINGS.format(path=path)), "outcome = 'failure'")
    check_cuts(bag, path.read_bytes())


def test_an_event_log(make_ws: Callable[..., Workspace], shared_logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "WHOLE_EVTX_BYTES", 0)
    path = max(
        (file for file in shared_logs.glob("windows-evtx/**/*.evtx") if file.stat().st_size < 1_500_000),
        key=lambda file: file.stat().st_size,
    )
    ws = make_ws(SETTINGS.format(path=path))
    bag = seal(ws, "true")
    check_cuts(bag, path.read_bytes())
