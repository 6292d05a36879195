"""A snapshot repeated: the same rows and hits from the original bytes, and what differs is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from breachwatch import lake, parse
from breachwatch.collect import open_segment
from breachwatch.errors import EvidenceError, NotPermittedError
from breachwatch.evidence import create_key
from breachwatch.evidence.adding import Given, Receipt, add_file
from breachwatch.evidence.reproduction import comparing, reproduce
from breachwatch.model.finding import Finding
from breachwatch.model.people import Role
from breachwatch.model.segment import Segment, make_event_id
from breachwatch.records import cases
from breachwatch.settings import Limits
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY, a
from tests.unit.evidence.making import City, loosen

LINES = [
    f"Nov 22 02:{number // 60 % 60:02d}:{number % 60:02d} vpn01 sshd[{number}]: "
    + ("Failed" if number % 3 else "Accepted")
    + f" password for user{number % 7} from 203.0.113.9 port 50000 ssh2\n"
    for number in range(3000)
]
QUERY = "SELECT *\nFROM linux_auth\nWHERE \"user\" = 'user3' AND outcome = 'failure'"


@dataclass
class Parsed(City):
    """A city whose logs are parsed, as in a run."""

    def _land(self, segment: Segment, records: Sequence[bytes], name: str, user: str | None) -> list[str]:
        with open_segment(self.ws, segment) as data:
            lake.land(self.ws, segment, parse.parse(segment, data, Limits()))
        offsets = [segment.start]
        for record in records[:-1]:
            offsets.append(offsets[-1] + len(record))
        return [make_event_id(segment.source, segment.file_id, offset) for offset in offsets]


@pytest.fixture
def make_parsed(make_ws: Callable[..., Workspace]) -> Callable[..., Parsed]:
    def make(toml: str = "", folder: str = "ws") -> Parsed:
        ws = make_ws(toml, folder=folder)
        create_key(ws.keys)
        return Parsed(ws)

    return make


def seal(
    city: Parsed, numbers: Sequence[int], query: str = QUERY, text: str = "title: x\n", apart: bool = False
) -> str:
    log = city.log(LINES)

    def finding(picked: Sequence[int]) -> Finding:
        found = city.finding([log.event_ids[number] for number in picked], rule_text=text)
        city.rules[found.rule_revision] = replace(city.rules[found.rule_revision], sql=query)
        return found

    groups = [[number] for number in numbers] if apart else [numbers]
    return city.seal(city.waiting(*map(finding, groups))[0]).number


HITS = [number for number in range(3000) if number % 7 == 3 and number % 3]


@pytest.mark.parametrize("toml", ["", "[evidence]\nwhole_segment_bytes = 100\n"], ids=["whole", "ranges"])
def test_the_same_rows_and_hits(make_parsed: Callable[..., Parsed], toml: str) -> None:
    city = make_parsed(toml)
    number = seal(city, HITS[:3] + HITS[-2:], apart=True)
    sources = json.loads((city.ws.vault / number / "data/sources.json").read_text())["segments"]
    assert sources[0]["kept"] == ("ranges" if toml else "whole segment")
    result = reproduce(city.ws, number, by=SOMEBODY)
    assert result.ok, result
    [rule] = result.rules
    assert (result.rows, rule.expected, rule.found) == (5, 5, 5)
    assert rule.beyond == len(HITS) - 5 if not toml else rule.beyond < len(HITS) - 5
    assert result.versions == ()
    with city.ws.database.read() as connection:
        last = connection.execute(cases.custody.select().order_by(cases.custody.c.seq.desc())).first()
    assert last is not None
    assert (last.event, '"result": "the same"' in last.body) == ("accessed", True)


def test_a_query_that_does_not_find_its_events(make_parsed: Callable[..., Parsed]) -> None:
    city = make_parsed()
    result = reproduce(city.ws, seal(city, [HITS[0], 1], apart=True), by=SOMEBODY)
    assert not result.ok
    assert (result.differing, result.rules[0].found, len(result.rules[0].missing)) == (0, 1, 1)


def test_an_episode_holds_all_events_of_its_alert(make_parsed: Callable[..., Parsed]) -> None:
    query = f"SELECT 1 AS grouped_by, list(event_id) AS event_ids FROM ({QUERY})"
    city = make_parsed()
    assert reproduce(city.ws, seal(city, HITS[:9], query), by=SOMEBODY).ok
    other = make_parsed(folder="other")
    [rule] = reproduce(other.ws, seal(other, [*HITS[:9], 1], query), by=SOMEBODY).rules
    assert len(rule.missing) == 1


def test_a_parser_that_reads_it_otherwise_is_noticed(
    make_parsed: Callable[..., Parsed], monkeypatch: pytest.MonkeyPatch
) -> None:
    city = make_parsed()
    number = seal(city, HITS[:4], apart=True)
    real = parse.parse

    def otherwise(*given: object) -> object:
        for batch in real(*given):  # type: ignore[arg-type]
            names = batch.table.column_names
            column = batch.table["user"].combine_chunks()
            changed = [("other" if index == HITS[0] else value) for index, value in enumerate(column.to_pylist())]
            import pyarrow as pa

            table = batch.table.set_column(names.index("user"), "user", pa.array(changed, pa.string()))
            yield replace(batch, table=table)

    with monkeypatch.context() as patch:
        patch.setattr(parse, "parse", otherwise)
        patch.setattr(comparing, "versions_changed", lambda *_: (("duckdb", "1", "2"),))
        result = reproduce(city.ws, number, by=SOMEBODY)
    assert not result.ok
    assert [row.columns for row in result.differences] == [("user",)]
    assert len(result.rules[0].missing) == 1
    assert result.versions == (("duckdb", "1", "2"),)


def test_a_rule_that_asks_for_the_past_is_not_run(make_parsed: Callable[..., Parsed]) -> None:
    text = "title: x\nbreachwatch:\n  first_seen: {fields: [User], history_days: 30}\n"
    city = make_parsed()
    result = reproduce(city.ws, seal(city, HITS[:2], "nonsense", text, apart=True), by=SOMEBODY)
    assert result.ok
    assert "long before" in result.rules[0].not_run


@pytest.mark.parametrize(
    "query", ["SELECT nothing FROM linux_auth", "COPY linux_auth TO '/tmp/stolen'", "SELECT * FROM '/etc/passwd'"]
)
def test_a_query_that_cannot_run_or_must_not(make_parsed: Callable[..., Parsed], query: str) -> None:
    city = make_parsed()
    result = reproduce(city.ws, seal(city, HITS[:2], query, apart=True), by=SOMEBODY)
    assert not result.ok
    assert result.rules[0].failed


def test_what_cannot_be_reproduced(make_parsed: Callable[..., Parsed]) -> None:
    import io

    city = make_parsed()
    number = seal(city, HITS[:2], apart=True)
    with pytest.raises(NotPermittedError):
        reproduce(city.ws, number, by=a(Role.HELPDESK))
    files = add_file(city.ws, [Given("x", io.BytesIO(b"x"))], by=SOMEBODY, receipt=Receipt("x", "y"))
    with pytest.raises(EvidenceError, match="handed over"):
        reproduce(city.ws, files.number, by=SOMEBODY)
    bag = Path(city.ws.vault / number)
    loosen(bag)
    (bag / "data/events.csv").write_bytes(b"")
    with pytest.raises(EvidenceError, match="does not verify"):
        reproduce(city.ws, number, by=SOMEBODY)
