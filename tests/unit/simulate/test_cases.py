"""Logs of the worked examples: the same each time, in formats that are recognised, read whole by our parsers."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from breachwatch import lake, layout, run
from breachwatch.errors import UnknownNameError, UsageError
from breachwatch.model.formats import FORMATS
from breachwatch.simulate import simulate_case


def _hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("name", ["odessa", "oxnard"])
def test_the_same_logs_each_time(tmp_path: Path, name: str) -> None:
    records = [simulate_case(tmp_path / place, name) for place in ("a", "b")]
    assert records[0] == records[1] > 200
    assert _hashes(tmp_path / "a") == _hashes(tmp_path / "b")


@pytest.mark.parametrize(
    ("name", "datasets"),
    [
        ("odessa", {"entra.signin", "m365.audit"}),
        ("oxnard", {"windows.security", "windows.system", "windows.sysmon"}),
    ],
)
def test_every_record_is_a_row(tmp_path: Path, name: str, datasets: set[str]) -> None:
    records = simulate_case(tmp_path / "city", name)
    sources = layout.read_sources(tmp_path / "city" / "sources.toml", tmp_path)
    ws = layout.lay_out(tmp_path, name="City", time_zone="UTC", sources=sources)
    reports = [run.ingest(ws, source.name) for source in ws.settings.sources]
    assert sum(report.rows for report in reports) == records
    assert sum(report.rejects for report in reports) == 0
    assert {dataset for report in reports for dataset, _ in report.by_dataset} == datasets
    with lake.connect(ws) as connection:
        for table in (dataset.replace(".", "_") for dataset in datasets):
            told = connection.execute(f'SELECT count(*), count(time), count("user") FROM {table}').fetchone()
            assert told is not None
            assert told[0] == told[1]
    ws.database.engine.dispose()


@pytest.mark.parametrize("name", ["odessa", "oxnard"])
def test_the_formats_are_recognised_without_being_told(tmp_path: Path, name: str) -> None:
    simulate_case(tmp_path, name)
    for path in tmp_path.rglob("*.jsonl"):
        head = path.read_bytes()[:4096]
        found = next(item.name for item in FORMATS.values() if item.looks_like(head))
        assert found == ("cloud-json" if name == "odessa" else "windows-json")
        times = [json.loads(line) for line in path.read_text().splitlines()]
        assert times


def test_other_cases_and_full_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="odessa"):
        simulate_case(tmp_path, "dallas")
    (tmp_path / "mine").write_text("x")
    with pytest.raises(UsageError, match="is not empty"):
        simulate_case(tmp_path, "odessa")
