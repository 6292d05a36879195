"""The formats of cloud logs are recognised from a file's first bytes, and other JSON is left alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from breachwatch.model.formats import HEAD_BYTES, recognise
from tests.unit.parse.golden import formats, seed
from tests.unit.parse.test_cloud import (
    CLOUDTRAIL,
    DIAGNOSTIC_SIGNIN,
    DIRECTORY_AUDIT,
    GRAPH_SIGNIN,
    LOG_ANALYTICS_SIGNIN,
    M365_FAILED,
    OKTA,
)
from tests.unit.parse.test_cloud_saas import BITBUCKET, DUO, GITHUB, KUBERNETES, ONELOGIN

SERVICES = [
    *(CLOUDTRAIL, DIAGNOSTIC_SIGNIN, DIRECTORY_AUDIT, GRAPH_SIGNIN, LOG_ANALYTICS_SIGNIN, M365_FAILED, OKTA),
    *(BITBUCKET, DUO, GITHUB, KUBERNETES, ONELOGIN),
]


def name_of(head: bytes) -> str | None:
    form = recognise(head[:HEAD_BYTES])
    return form.name if form else None


@pytest.mark.parametrize("record", SERVICES)
def test_every_service_in_every_layout(record: dict[str, Any]) -> None:
    for text in (
        json.dumps(record) + "\n",
        json.dumps([record] * 3),
        json.dumps({"Records": [record]}, indent=4),
        "\ufeff  " + json.dumps([record], indent=2),
    ):
        assert name_of(text.encode()) == "cloud-json"


@pytest.mark.parametrize("form", [name for name in formats() if not name.startswith(("cloud", "m365"))])
def test_other_logs_keep_their_format(form: str) -> None:
    assert name_of(seed(form)) not in ("cloud-json", "m365-csv")


@pytest.mark.parametrize(
    "head",
    [
        b"[2026-11-20 13:00] " + json.dumps(CLOUDTRAIL).encode(),
        b"Nov 20 13:00:00 web01 app: " + json.dumps(CLOUDTRAIL).encode(),
        json.dumps({"level": "info", "message": "started", "time": 1, "user": "mira", "action": "x"}).encode(),
        b"{}",
        b"[",
        b'"RecordType","UserIds","Operations"\r\n',
    ],
)
def test_what_only_looks_like_it(head: bytes) -> None:
    assert name_of(head) not in ("cloud-json", "m365-csv")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_heading_of_the_csv(separator: str) -> None:
    heading = separator.join(f'"{name}"' for name in ("RecordId", "CreationDate", "RecordType", "AuditData"))
    assert name_of(f"\ufeff{heading}\r\n".encode()) == "m365-csv"
