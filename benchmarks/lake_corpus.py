"""An invented log host's sign-in records as lake files, and the layouts they are written in.

Accounts and hosts are as unequal as in a city: a few service accounts and gateways write most of the records, most
people a handful a day. What belongs to one session lies within a quarter of an hour; the sessions of all hosts are
mixed in one file, as a log host writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from breachwatch.lake import parquet
from breachwatch.model.datasets import dataset

ACCOUNTS, HOSTS = 3000, 250
SESSION, SESSION_US = 20, 15 * 60 * 1_000_000  # records of a session, and how long one takes
FIRST_DAY = datetime(2025, 11, 23, tzinfo=UTC)
DATASET = "linux.auth"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a day's rows are written: order, rows a row group, columns with a bloom filter."""

    name: str
    order: tuple[str, ...] = ("time",)
    group_rows: int = 122_880
    filters: tuple[str, ...] = ("event_id",)
    plain: bool = False  # pyarrow's own choices


NAMES = parquet.FILTERED
NAMES_IN_A_GROUP = 4096
LAYOUTS = (
    Layout("unsorted, pyarrow's own choices", order=(), group_rows=1_048_576, filters=(), plain=True),
    Layout("by time, groups of 122,880, filter on event_id"),
    Layout("by time, groups of 8,192, filters on names too", group_rows=8192, filters=("event_id", *NAMES)),
    Layout("by account and time, groups of 122,880", order=("user", "time"), filters=("event_id", *NAMES)),
)
OURS = f"**the lake: by time, groups of {parquet.ROW_GROUP_ROWS:,}, filters on names**"
"""The layout of `breachwatch.lake.parquet` itself."""


def day(number: int, rows: int, seed: int = 7) -> pa.Table:
    """The rows of one day, in order of time."""
    dice = np.random.default_rng((seed, number))
    start = int((FIRST_DAY + timedelta(days=number)).timestamp()) * 1_000_000
    sessions = rows // SESSION + 1
    chosen = np.repeat(np.arange(sessions), SESSION)[:rows]
    began = dice.integers(0, 86_400_000_000 - SESSION_US, sessions)
    time = began[chosen] + dice.integers(0, SESSION_US, rows)
    order = np.argsort(time, kind="stable")
    time, chosen = time[order] + start, chosen[order]
    account = (np.minimum(dice.zipf(1.3, sessions) - 1, 10**9) % ACCOUNTS)[chosen]
    host = (np.minimum(dice.zipf(1.4, sessions) - 1, 10**9) % HOSTS)[chosen]
    address = dice.integers(0, 4000, sessions)[chosen]
    failed = dice.random(rows) < 0.12
    created = dice.random(rows) < 1e-4
    user = _named("user", account)
    source_ip = pc.binary_join_element_wise("10.20", _text(address // 250), _text(address % 250), ".")
    action = pc.if_else(pa.array(created), "user-created", "logon")
    outcome = pc.if_else(pa.array(failed & ~created), "failure", "success")
    port = pa.array(dice.integers(1024, 65_535, rows), pa.int32())
    said = pc.if_else(pa.array(failed), "Failed password for ", "Accepted publickey for ")
    message = pc.binary_join_element_wise(said, user, " from ", source_ip, " port ", pc.cast(port, pa.string()), "")
    random = dice.bytes(16 * rows).hex()
    ids = [random[at : at + 32] for at in range(0, len(random), 32)]
    number_in_log = np.arange(rows, dtype=np.int64) + number * rows
    columns: dict[str, Any] = {
        "event_id": pa.array(ids),
        "time": pa.array(time, pa.timestamp("us")),
        "time_text": pc.strftime(pa.array(time, pa.timestamp("us")), "%Y-%m-%dT%H:%M:%S"),
        "observed_at": pa.array(np.full(rows, start + 10**11), pa.timestamp("us")),
        "source": _all("loghost", rows),
        "host": _named("host", host),
        "user": user,
        "source_ip": source_ip,
        "source_port": port,
        "action": action,
        "outcome": outcome,
        "program": _all("sshd", rows),
        "process_id": pa.array(dice.integers(300, 4_000_000, rows)),
        "message": message,
        "repeat_count": pa.array(np.ones(rows), pa.int32()),
        "auth_method": pc.if_else(pa.array(failed), "password", "publickey"),
        "facility": _all("authpriv", rows),
        "severity": _all("info", rows),
        "segment_id": _named("segment", number_in_log // 60_000),
        "record_number": pa.array(number_in_log),
        "byte_offset": pa.array(number_in_log * 130),
        "byte_length": pa.array(dice.integers(90, 160, rows)),
    }
    schema = dataset(DATASET).schema
    arrays = [columns.get(field.name, pa.nulls(rows, field.type)).cast(field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def write(table: pa.Table, layout: Layout | None, path: Path) -> None:
    """Write a day's rows in a layout; None: in that of the lake."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if layout is None:
        options = parquet.writing_options(table.schema.names, table.num_rows)
        pq.write_table(table, path, row_group_size=parquet.ROW_GROUP_ROWS, **options)
        return
    rows = table.sort_by([(name, "ascending") for name in layout.order]) if layout.order else _mixed(table)
    if layout.plain:
        pq.write_table(rows, path)
        return
    options = parquet.writing_options(table.schema.names, table.num_rows)
    most = min(table.num_rows, layout.group_rows)
    options["bloom_filter_options"] = {
        name: {"ndv": most if name == "event_id" else min(most, NAMES_IN_A_GROUP), "fpp": 0.01}
        for name in layout.filters
    }
    pq.write_table(rows, path, row_group_size=layout.group_rows, **options)


def _mixed(table: pa.Table) -> pa.Table:
    return table.take(pa.array(np.random.default_rng(1).permutation(table.num_rows)))


def _named(kind: str, numbers: Any) -> Any:
    return pc.binary_join_element_wise(kind, _text(numbers), "")


def _text(numbers: Any) -> Any:
    return pc.cast(pa.array(numbers, pa.int64()), pa.string())


def _all(value: str, rows: int) -> pa.Array[Any]:
    return pa.array([value]).take(pa.array(np.zeros(rows, dtype=np.int64)))


def quiet(names: Sequence[str], table: pa.Table, column: str) -> str:
    """Of some names the one with the fewest rows in a table, but some: who is asked about is seldom a robot."""
    counted = {item["values"]: item["counts"] for item in pc.value_counts(table[column]).to_pylist()}
    return min((name for name in names if name in counted), key=lambda name: counted[name])
