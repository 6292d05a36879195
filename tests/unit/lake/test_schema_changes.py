"""Fields come, go and change their types; what was landed before reads on, and no value of it is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import breachwatch as bw
from breachwatch import lake
from breachwatch.detect import scan
from breachwatch.lake import shapes
from breachwatch.lake.care import check, compact
from breachwatch.model.datasets import dataset
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY
from tests.unit.detect.making import at, failure, land, pack
from tests.unit.lake.care.site import searched

NAME = "linux.auth"
OLD = {"uid": pa.string(), "process_id": pa.string(), "command": pa.int64(), "working_directory": None}
"""How an earlier version wrote it: two numbers as texts, a text as a number, one field not yet there."""
BYGONE = {"old_text": pa.string(), "old_number": pa.int64(), "old_time": pa.timestamp("us"), "old_bytes": pa.binary()}
"""Fields that it had and today's version has not."""


@contextmanager
def earlier(changed: dict[str, pa.DataType | None], more: dict[str, pa.DataType] | None = None) -> Iterator[None]:
    """The program as it was when the dataset had other fields."""
    data = dataset(NAME)
    now = data.schema
    fields = [field if field.name not in changed else field.with_type(changed[field.name]) for field in now
              if changed.get(field.name, field.type) is not None]  # fmt: skip
    fields += [pa.field(name, kind) for name, kind in (more or {}).items()]
    object.__setattr__(data, "schema", pa.schema(fields))
    shapes.current_shape.cache_clear()
    try:
        yield
    finally:
        object.__setattr__(data, "schema", now)
        shapes.current_shape.cache_clear()


@pytest.fixture
def mixed(ws: Workspace) -> Workspace:
    """Files of both versions."""
    with earlier(OLD, BYGONE):
        time = at(3).replace(tzinfo=None)
        land(
            ws,
            NAME,
            [
                failure("203.0.113.1", 1, id="old-1", uid="0", process_id="17", command=42, old_text="kept"),
                failure("203.0.113.1", 2, id="old-2", uid="not a number", process_id="", extra='{"a": 1}'),
                failure("203.0.113.1", 3, id="old-3", old_number=7, old_time=time, old_bytes=b"\x00x", extra="{}"),
            ],
        )
    land(ws, NAME, [failure("203.0.113.1", 4, id="new-1", uid=0, command="/bin/sh", working_directory="/root")])
    return ws


def rows(ws: Workspace) -> dict[str, dict[str, Any]]:
    with lake.connect(ws) as connection:
        table = connection.sql(f"SELECT * FROM {dataset(NAME).view}").to_arrow_table()
    names = [field.name for field in dataset(NAME).schema]
    assert table.schema.names[: len(names)] == names
    return {row["event_id"]: row for row in table.to_pylist()}


def test_both_read_with_the_columns_of_today(mixed: Workspace) -> None:
    found = rows(mixed)
    assert {key: (row["uid"], row["process_id"], row["command"]) for key, row in found.items()} == {
        "old-1": (0, 17, "42"),
        "old-2": (None, None, None),
        "old-3": (None, None, None),
        "new-1": (0, None, "/bin/sh"),
    }
    assert [found[key]["working_directory"] for key in ("old-1", "new-1")] == [None, "/root"]


def test_what_has_no_place_any_more_is_in_extra(mixed: Workspace) -> None:
    found = {key: json.loads(row["extra"] or "null") for key, row in rows(mixed).items()}
    assert found == {
        "old-1": {"old_text": "kept"},
        "old-2": {"a": 1, "uid": "not a number", "process_id": ""},
        "old-3": {"old_number": 7, "old_time": "2026-11-20 00:03:00", "old_bytes": "\\x00x"},
        "new-1": None,
    }


def test_the_notebook_the_view_of_sign_ins_and_a_range_of_time_read_both(mixed: Workspace) -> None:
    with bw.open(mixed.root) as session:
        assert session.sql("SELECT count(*) FROM linux_auth WHERE uid = 0").fetchall() == [(2,)]
        assert session.sql("SELECT count(*) FROM authentication WHERE outcome = 'failure'").fetchall() == [(4,)]
        assert session.events(NAME, at(0), at(2.5)).aggregate("count(*)").fetchall() == [(2,)]


def test_rules_match_in_both(mixed: Workspace) -> None:
    rules = "---".join(
        f"""
        title: {title}
        logsource: {{product: linux, service: auth}}
        detection: {{s: {{{asked}}}, condition: s}}
        """
        for title, asked in (
            ("root", "uid: 0"),
            ("moved", "old_text: kept"),
            ("not converted", "uid: 'not a number'"),
            ("new field", "working_directory: /root"),
            ("text that was a number", "command: '42'"),
        )
    )
    found = scan(mixed, at(60), pack=pack(rules)).findings
    told = sorted((item.rule_title, event) for item in found for event in item.event_ids)
    assert ("root", "old-1") in told
    assert ("root", "new-1") in told
    assert ("moved", "old-1") in told
    assert ("new field", "new-1") in told
    assert ("text that was a number", "old-1") in told


def test_files_of_both_versions_merge_without_a_loss(mixed: Workspace) -> None:
    before = rows(mixed)
    assert check(mixed, quick=True).counts.keys() <= {"missing"}  # these have no stored bytes
    searched(mixed)
    assert compact(mixed, by=SOMEBODY).merges == 1
    assert rows(mixed) == before
    (file,) = lake.files(mixed, NAME)
    assert file.shape == shapes.current_shape(NAME)


def test_a_file_that_would_lose_something_is_not_merged(ws: Workspace) -> None:
    with earlier({}, BYGONE):
        land(ws, NAME, [failure("203.0.113.1", 1, id="old-1", old_text="kept")])
    land(ws, NAME, [failure("203.0.113.1", 2, id="new-1")])
    searched(ws)
    with earlier({"extra": None}):
        assert compact(ws, by=SOMEBODY).merges == 0


def test_an_older_program_reads_what_a_newer_one_wrote(ws: Workspace) -> None:
    land(ws, NAME, [failure("203.0.113.1", 1, id="new-1", uid=0, command="/bin/sh", working_directory="/root")])
    with earlier(OLD, BYGONE):
        (row,) = rows(ws).values()
        assert (row["uid"], row["command"]) == ("0", None)
        assert json.loads(row["extra"]) == {"command": "/bin/sh", "working_directory": "/root"}


_TEXTS = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.integers().map(str),
    st.sampled_from(["007", "1.6", " 7", "1e2", "+5", "-0", "0x10", "9223372036854775808", "", "NaN", "true"]),
)


@settings(max_examples=5)
@given(st.lists(_TEXTS, min_size=1, max_size=20))
def test_no_text_is_lost_where_it_becomes_a_number(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    from breachwatch.clock import FixedClock
    from breachwatch.workspace import open_workspace

    texts = [text if text is None else text.encode("utf-8", "replace").decode().replace("\0", "") for text in texts]
    root = tmp_path_factory.mktemp("ws")
    (root / "breachwatch.toml").write_text("")
    ws = open_workspace(root, FixedClock(at(0)))
    with earlier({"uid": pa.string()}):
        land(ws, NAME, [failure("203.0.113.1", n, id=f"e{n}", uid=text) for n, text in enumerate(texts)])
    found = rows(ws)
    for number, text in enumerate(texts):
        row = found[f"e{number}"]
        kept = json.loads(row["extra"] or "{}").get("uid")
        assert kept == text or (kept is None and text is not None and str(row["uid"]) == text)
    ws.database.engine.dispose()
