"""Logs, rules and settings are written by attackers: what they hold stays inside the bag and harmless."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import bagit
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from breachwatch import evidence
from breachwatch.evidence.cells import escape, harmless
from breachwatch.evidence.instructions import commands
from breachwatch.evidence.names import next_number, safe_name
from tests.unit.evidence.making import City, files_of
from tests.unit.evidence.test_stranger import run

EVIL = "=cmd|' /C calc'!A0\x1b]0;owned\x07\u202e\ninjected: line\r\n$(touch owned)`id`;../../x"


def test_hostile_logs_paths_and_rules(city: City) -> None:
    lines = [b"=1+1\x1b[2J\n", b"\xff\xfe\x00 not utf-8\n", "@SUM(A1)\u202e\n".encode(), b"-2\n", b"plain\n"]
    log = city.log(lines, path=f"/var/log/../{EVIL}", user=EVIL)
    finding = city.finding(log.event_ids, rule=f"../../{EVIL[:40]}", rule_text=f"title: {EVIL}\n")
    snapshot = city.seal(city.waiting(replace(finding, rule_title=EVIL))[0])
    bag = Path(snapshot.path)
    assert evidence.verify(city.ws, snapshot.number).ok
    assert bagit.Bag(str(bag)).is_valid()
    assert sorted(path.name for path in city.ws.vault.iterdir()) == ["EV-2026-000001", "custody.jsonl"]
    for name in files_of(bag):
        assert re.fullmatch(r"[A-Za-z0-9_.=/-]+", name), name
        if name.startswith("data/raw/") or name.endswith((".parquet", ".sig", "rule.yml", "query.sql")):
            continue  # exact copies and binary files
        assert re.search(rb"[^\x20-\x7e\r\n]", (bag / name).read_bytes()) is None or name.endswith(".csv"), name
    for command in commands((bag / "VERIFY.txt").read_text()):
        assert run(command, bag).returncode == 0
    assert not (bag / "owned").exists()
    assert (bag / f"data/raw/auth/{log.segment.segment_id}.log").read_bytes() == b"".join(lines)
    assert pq.read_table(bag / "data/events.parquet")["user"].to_pylist() == [EVIL] * 5
    cells = list(csv.DictReader(io.StringIO((bag / "data/events.csv").read_text())))
    assert {row["user"] for row in cells} == {"'" + escape(EVIL)}
    assert [row["message"] for row in cells][3:] == ["'-2", "plain"]
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", (bag / "data/events.csv").read_text())


def test_a_city_with_a_hostile_name(make_city: Callable[..., City]) -> None:
    name = "Odessa\\nPayload-Oxum: 1.1\\u001b[2J    rm -rf {x}"
    city = make_city(f'[city]\nname = "{name}"\ntime_zone = "UTC"\n')
    bag = Path(city.snapshot().path)
    info = (bag / "bag-info.txt").read_text()
    assert info.startswith("Source-Organization: Odessa Payload-Oxum: 1.1 [2J    rm -rf {x}\n")
    assert info.count("\n") == 6
    assert bagit.Bag(str(bag)).is_valid()
    assert evidence.verify(city.ws, bag.name).ok
    assert len(commands((bag / "VERIFY.txt").read_text())) == 11


@given(st.text())
@example("..")
@example(".")
@example("")
@example("CON")
@example("a/../../b")
@example("\0")
@example("%0a")
@example("é" * 300)
def test_a_safe_name_is_one_harmless_component(text: str) -> None:
    name = safe_name(text)
    assert re.fullmatch(r"[A-Za-z0-9_=-][A-Za-z0-9_.=-]{0,119}", name), name
    assert Path("x") / name == Path(f"x/{name}")


@given(st.text(max_size=30), st.text(max_size=30))
def test_different_texts_have_different_names(one: str, two: str) -> None:
    assert (safe_name(one) == safe_name(two)) == (one == two)


@given(st.lists(st.one_of(st.none(), st.text()), min_size=1))
def test_no_cell_is_a_formula_or_steers_a_terminal(texts: list[str | None]) -> None:
    cells = harmless(pa.chunked_array([pa.array(texts, pa.string())])).to_pylist()
    for text, cell in zip(texts, cells, strict=True):
        if text is None:
            assert cell is None
            continue
        assert cell is not None
        assert not re.match(r"\s*[=+\-@＝＋－＠]", cell)  # noqa: RUF001
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", cell)
        assert cell.removeprefix("'").endswith(escape(text).removeprefix("'"))


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        (set(), "EV-2026-000001"),
        ({"EV-2025-000009", "EV-2026-000002"}, "EV-2026-000003"),
        ({"EV-2026-999999"}, "EV-2026-1000000"),
        ({"EV-2026-1000000", "EV-2026-999999"}, "EV-2026-1000001"),
    ],
)
def test_the_next_number(taken: set[str], expected: str) -> None:
    assert next_number(2026, taken) == expected


def test_binary_formats_carry_no_text(city: City) -> None:
    log = city.log([b"\x2a\x2a\x00\x00" + bytes(60)] * 3, log_format="evtx", in_dataset="windows.system", source="dc01")
    finding = city.finding(log.event_ids, in_dataset="windows.system")
    bag = Path(city.seal(city.waiting(finding)[0]).path)
    matches = [json.loads(line) for line in (bag / "data/matches.jsonl").read_text().splitlines()]
    assert [match["text"] for match in matches] == [None] * 3
    assert matches[0]["file"].endswith(".evtx")
