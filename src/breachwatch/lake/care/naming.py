r"""Whether a lake file names an account or a host that a hold is about: only reading it tells.

In doubt it does. A name counts wherever its letters stand, in any column of text, with any case and as part of longer
words; of `CITY\jmeyer` and `jmeyer@city.gov` the account's own name, of `web01.city.gov` the host's. Characters beyond
letters and digits of ASCII may be written in other ways (JSON escapes): the pieces between them must all stand in one
field. A name without such a piece, and bytes that could not be parsed, always count.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

import duckdb
import pyarrow as pa

from breachwatch.lake import sql
from breachwatch.lake.care.holds import ACCOUNT, HOST
from breachwatch.lake.catalog import LakeFile
from breachwatch.lake.shapes import dataset_select, stored
from breachwatch.lake.storage import storage
from breachwatch.model.datasets import DATASETS, dataset
from breachwatch.workspace import Workspace

_PIECE = re.compile(r"[A-Za-z0-9]+")


def names_any(
    ws: Workspace, connection: duckdb.DuckDBPyConnection, file: LakeFile, items: Iterable[tuple[str, str]]
) -> bool:
    """Whether a file may name one of the accounts and hosts, given as (kind, value).

    Raises duckdb.Error or EnvironmentFault where the file cannot be read.
    """
    wanted = [pieces(kind, value) for kind, value in items if kind in {ACCOUNT, HOST}]
    if not wanted:
        return False
    if file.dataset not in DATASETS or not all(wanted):
        return True
    data = dataset(file.dataset)
    names = sql.column_names(data.schema)
    texts = [name for name, field in zip(names, data.schema, strict=True) if field.type == pa.string()]
    conditions, values = [], []
    for piece in wanted:
        for text in texts:
            conditions.append("(" + " AND ".join(f"contains(lower({sql.name(text)}), ?)" for _ in piece) + ")")
            values += piece
    rows = dataset_select(data, stored(ws, [(file.dataset, file.path, file.shape)]))
    query = f"SELECT 1 FROM ({rows}) WHERE {' OR '.join(conditions)} LIMIT 1"
    with storage(ws).all_read():
        return connection.execute(query, values).fetchone() is not None


def pieces(kind: str, value: str) -> list[str]:
    """What must stand in a field that names this account or host, in lower case; empty where nothing is certain."""
    bare = value
    if kind == ACCOUNT:
        bare = value.rpartition("\\")[2].partition("@")[0] or value
    elif not _is_address(value):
        bare = value.partition(".")[0] or value
    return [piece.lower() for piece in _PIECE.findall(bare)]


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
