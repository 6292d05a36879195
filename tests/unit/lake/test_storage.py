"""Where lake files rest: a folder and an object store keep the same promises."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from breachwatch import lake
from breachwatch.errors import DataError, EnvironmentFault, TransientError, UsageError
from breachwatch.lake import objects
from breachwatch.lake.kept import KeptFiles
from breachwatch.lake.storage import LocalStorage, Storage, storage
from breachwatch.objectstore import StoreError, StoreUnreachableError, open_store
from breachwatch.settings_lake_store import LakeStore
from breachwatch.workspace import Workspace
from tests.s3_server import SECRET, S3Server
from tests.unit.lake.making import batch, logon, stored_segment

pytestmark = pytest.mark.xdist_group("s3")
DAY = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAME = "linux.auth/date=2026-11-20/s1.parquet"
IMPATIENT: Any = {"max_retries": 2, "backoff": {"init_backoff": timedelta(milliseconds=1)}}


@pytest.fixture
def s3(s3_server: S3Server, tmp_path: Path) -> S3Server:
    s3_server.clear()
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/s3").write_text(SECRET)
    return s3_server


def far(s3: S3Server, root: Path, **more: Any) -> objects.ObjectStorage:
    settings = LakeStore(**{**s3.settings(), "cache_bytes": 0, **more})
    store = open_store(settings.url, settings, lambda name: root / name, IMPATIENT)
    return objects.ObjectStorage(settings.url, store, KeptFiles(root / "cache", settings.cache_bytes))


@pytest.fixture(params=["folder", "store", "store with copies"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        (tmp_path / "lake").mkdir()
        return LocalStorage(tmp_path / "lake")
    s3 = request.getfixturevalue("s3")
    return far(s3, tmp_path, cache_bytes=10**9 if request.param == "store with copies" else 0)


def finished(folder: Path, data: bytes) -> Path:
    path = folder / "finished"
    path.write_bytes(data)
    return path


def test_what_is_put_is_there_whole_and_is_gone_when_removed(place: Storage, tmp_path: Path) -> None:
    other = "rejects/date=2026-11-20/s1.parquet"
    data = bytes(range(256)) * 4000
    place.put({NAME: finished(tmp_path, data)})
    place.put({other: finished(tmp_path, b"other")})
    assert {item.name: item.bytes for item in place.names()} == {NAME: len(data), other: 5}
    assert [item.name for item in place.names("rejects")] == [other]
    assert all(item.modified_at.tzinfo for item in place.names())
    assert place.sha256(NAME) == hashlib.sha256(data).hexdigest()
    with place.open(NAME) as file:
        assert file.seek(-3, 2) == len(data) - 3
        assert file.read() == data[-3:]
        assert file.seek(300_000) == 300_000
        assert file.read(10) == data[300_000:300_010]
        file.seek(0)
        assert file.read() == data
    assert place.missing([NAME, other, NAME + "x", "a/b", "z"]) == {NAME + "x", "a/b", "z"}
    place.put({NAME: finished(tmp_path, b"anew")})
    assert place.sha256(NAME) == hashlib.sha256(b"anew").hexdigest()
    with place.open(NAME) as file:
        assert file.read() == b"anew"
    place.remove([NAME, NAME, "never/there"])
    assert place.missing([NAME, other]) == {NAME}
    with pytest.raises(FileNotFoundError):
        place.sha256(NAME)
    with pytest.raises(FileNotFoundError):
        place.open(NAME).read()


def test_nothing_rests_in_an_empty_place(place: Storage) -> None:
    assert list(place.names()) == []
    assert list(place.names("linux.auth")) == []
    assert place.missing([]) == set()


@pytest.fixture
def table(tmp_path: Path) -> tuple[pa.Table, Path]:
    numbers = pa.table({"number": range(50_000), "text": [f"{n % 97} and more" for n in range(50_000)]})
    path = tmp_path / "numbers.parquet"
    pq.write_table(numbers, path, row_group_size=10_000)
    return numbers, path


def test_duckdb_reads_it(place: Storage, table: tuple[pa.Table, Path]) -> None:
    place.put({NAME: table[1]})
    place.missing([NAME])
    with duckdb.connect() as connection:
        place.serve(connection)
        found = connection.execute(
            f"SELECT number, text FROM read_parquet('{place.location(NAME)}') ORDER BY number"
        ).fetchall()
    assert found == list(zip(*table[0].to_pydict().values(), strict=True))


def test_only_columns_and_row_groups_that_are_needed_cross_the_network(
    s3: S3Server, tmp_path: Path, table: tuple[pa.Table, Path]
) -> None:
    place = far(s3, tmp_path)
    size = table[1].stat().st_size
    place.put({NAME: table[1]})
    place.missing([NAME])
    s3.asked.clear()
    with duckdb.connect() as connection:
        place.serve(connection)
        query = f"SELECT count(*), min(number) FROM read_parquet('{place.location(NAME)}') WHERE number >= 49000"
        assert connection.execute(query).fetchone() == (1000, 49_000)
    assert sum(asked.got for asked in s3.asked) < 65_536 + size // 4
    assert not [asked for asked in s3.asked if asked.method == "HEAD"]  # the listing has told the size


def landed(make_ws: Any, s3: S3Server, folder: str, **more: Any) -> Workspace:
    ws: Workspace = make_ws(s3.lake_settings(folder, **more), folder=folder)
    (ws.keys / "s3").write_text(SECRET)
    segment = stored_segment(ws)
    lake.land(ws, segment, [batch(segment, "linux.auth", [logon(DAY)])])
    return ws


@pytest.mark.parametrize("cache_bytes", [0, 10**9])
def test_a_segment_lands_in_the_store_and_nowhere_else(make_ws: Any, s3: S3Server, cache_bytes: int) -> None:
    ws = landed(make_ws, s3, "far", cache_bytes=cache_bytes)
    assert not list(ws.lake.iterdir())
    assert not list(ws.scratch.iterdir())
    (file,) = lake.files(ws)
    assert [item.name for item in storage(ws).names()] == [file.path]
    assert storage(ws).sha256(file.path) == file.sha256
    with lake.connect(ws, locked_down=True) as connection:
        assert connection.execute("SELECT count(*), min(time) FROM linux_auth").fetchall()[0][0] == 1
        for query in ("FROM 'lake://linux.auth/date=2026-11-20/other.parquet'", "FROM read_text('/etc/passwd')"):
            with pytest.raises(duckdb.Error, match="disabled by configuration"):
                connection.execute(query)
        with pytest.raises(UsageError):
            connection.execute("COPY linux_auth TO 'lake://x.parquet'")


def test_a_file_that_is_gone_from_the_store_is_named(make_ws: Any, s3: S3Server) -> None:
    ws = landed(make_ws, s3, "gone", cache_bytes=0)
    storage(ws).remove([lake.files(ws)[0].path])
    with pytest.raises(DataError, match=r"in the catalog but not in s3://lake/gone.*Restore it from a backup"):
        lake.connect(ws)


def test_slow_down_is_waited_for(s3: S3Server, tmp_path: Path) -> None:
    place = far(s3, tmp_path)
    answers = iter([(503, "SlowDown"), (429, "TooManyRequests"), None])
    s3.fault = lambda _: next(answers, None)
    place.put({NAME: finished(tmp_path, b"data")})
    assert place.missing([NAME]) == set()
    assert [asked.method for asked in s3.asked][:3] == ["PUT"] * 3


def test_a_store_that_is_away_or_refuses_is_explained(s3: S3Server, tmp_path: Path) -> None:
    place = far(s3, tmp_path)
    s3.fault = lambda _: (503, "SlowDown")
    with pytest.raises(StoreUnreachableError, match=r"s3://lake/city/linux\.auth.*status 503") as away:
        place.put({NAME: finished(tmp_path, b"data")})
    assert isinstance(away.value, TransientError)
    assert (tmp_path / "finished").exists()
    s3.fault = lambda _: (403, "SignatureDoesNotMatch")
    with pytest.raises(StoreError, match=r"refuses \(status 403.*Check the credentials") as refused:
        list(place.names())
    assert isinstance(refused.value, EnvironmentFault)
    assert not isinstance(refused.value, TransientError)
    assert SECRET not in str(refused.value)


def test_a_read_that_fails_within_a_query_is_told_afterwards(
    s3: S3Server, tmp_path: Path, table: tuple[pa.Table, Path]
) -> None:
    place = far(s3, tmp_path)
    place.put({NAME: table[1]})
    place.missing([NAME])
    s3.fault = lambda _: (500, "InternalError")

    def read_and_go_on() -> None:
        with duckdb.connect() as connection, place.all_read():
            place.serve(connection)
            with pytest.raises(duckdb.Error):
                connection.execute(f"FROM read_parquet('{place.location(NAME)}')").fetchall()

    with pytest.raises(StoreUnreachableError, match="status 500"):
        read_and_go_on()
    s3.fault = lambda _: None
    with duckdb.connect() as connection, place.all_read():
        place.serve(connection)
        assert connection.execute(f"SELECT count(*) FROM read_parquet('{place.location(NAME)}')").fetchone()


def test_copies_stay_within_their_room_and_the_latest_stay(tmp_path: Path) -> None:
    kept = KeptFiles(tmp_path / "kept", 1000)
    for number in range(30):
        path = finished(tmp_path, bytes(100))
        kept.keep(f"d/{number}", path)
        stays = kept.path(f"d/{number}")
        assert stays is not None
        os.utime(stays, (number, number))
        assert sum(item.stat().st_size for item in (tmp_path / "kept").rglob("*") if item.is_file()) <= 1000
    assert kept.path("d/0") is None
    kept.keep("d/large", finished(tmp_path, bytes(2000)))
    assert kept.path("d/large") is None
    assert not (tmp_path / "finished").exists()


@pytest.mark.parametrize("url", ["/srv/lake", "s3://", "s3://key:secret@lake/x"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="no address of an object store"):
        LakeStore(url=url)
