"""`breachwatch hold`, `evidence dispose` and their letters, as people type them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from breachwatch.cli import app
from breachwatch.clock import FixedClock
from breachwatch.records import cases
from tests.postgresql.choosing import SQLITE
from tests.unit.evidence.making import SealedCity

PEOPLE = """
[evidence]
retention_days = 30
[[people]]
login = "rosa"
name = "Rosa Records"
roles = ["records_officer"]
[[people]]
login = "carla"
name = "Carla Counsel"
roles = ["counsel"]
[[people]]
login = "omar"
name = "Omar <b>Ortiz</b>"
email = "omar@city.gov"
roles = ["helpdesk"]
"""

Call = Callable[..., tuple[int, str]]


@pytest.fixture(scope="session", params=[SQLITE])
def records_kind(request: pytest.FixtureRequest) -> str:
    """Commands are thin; what is below them runs with both kinds of databases."""
    return str(request.param)


@pytest.fixture
def call(sealed_city: SealedCity, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    root = sealed_city.ws.root
    with (root / "breachwatch.toml").open("a") as settings:
        settings.write(PEOPLE)
    now = sealed_city.ws.clock.now() + timedelta(days=35)
    with sealed_city.ws.database.write() as connection:
        connection.execute(update(cases.incident).values(state="closed", closed_at=now - timedelta(days=31)))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("breachwatch.workspace.SystemClock", lambda: FixedClock(now))

    def called(*words: str, who: str = "rosa") -> tuple[int, str]:
        code = app.main(["-w", str(root), "--as", who, *words])
        said = capfd.readouterr()
        return code, " ".join((said.out + said.err).split())

    return called


def test_from_a_hold_to_a_certificate(call: Call, sealed_city: SealedCity, tmp_path: Path) -> None:
    number = sealed_city.sealed.number
    code, said = call("hold", "place", "--account", "jdoe", "--reason", "Order 7", "--custodian", "omar")
    assert (code, f"{number} names the account jdoe" in said, "has not acknowledged" in said) == (0, True, True)
    notice = tmp_path / "notice.html"
    assert call("hold", "notice", "hold-2026-0001", "omar", "-o", str(notice), "--sent", "handed over") == (0, "")
    assert "Omar &lt;b&gt;Ortiz&lt;/b&gt;" in notice.read_text()
    assert call("hold", "notice", "hold-2026-0001", "omar", "-o", str(notice))[0] == 2  # never overwritten
    code, said = call("hold", "notice", "hold-2026-0001", "omar", "--reminder")
    assert (code, "Reminder: Notice to preserve information" in said, "account jdoe" in said) == (0, True, True)
    assert call("hold", "acknowledge", "HOLD-2026-0001", who="omar")[0] == 0
    record = json.loads(call("hold", "show", "HOLD-2026-0001", "--json")[1])
    assert record["custodians"][0]["told"][0]["how"] == "handed over"
    assert "1 of 1" in call("hold", "list")[1]
    ask = ("evidence", "dispose", number, "--authority", "schedule GS-12", "--reason", "its period is over")
    code, said = call(*ask)
    assert (code, "kept by HOLD-2026-0001" in said) == (2, True)
    assert "HOLD-2026-0001" in call("evidence", "disposals", "--due")[1]
    release = ("hold", "release", "HOLD-2026-0001", "--reason", "settled", "--authority", "letter of May 4")
    assert call(*release, who="omar")[0] == 77
    code, said = call(*release)
    assert (code, "tell its custodians" in said) == (0, True)
    assert "End of the notice" in call("hold", "notice", "HOLD-2026-0001", "omar")[1]
    assert call(*ask)[0] == 0
    assert call("evidence", "certificate", "DISP-2026-0001")[0] == 2
    assert call("evidence", "dispose", "DISP-2026-0001", "--approve", "--reason", "seen")[0] == 77
    code, said = call("evidence", "dispose", "disp-2026-0001", "--approve", "--reason", "seen", who="carla")
    assert (code, "disposed of" in said) == (0, True)
    code, said = call("evidence", "certificate", "DISP-2026-0001")
    assert code == 0
    for part in (number, sealed_city.sealed.tagmanifest_sha256, "Rosa Records", "Carla Counsel", "schedule GS-12"):
        assert part in said
    assert "disposed of" in call("evidence", "list")[1]
    assert call("evidence", "verify", "--all")[0] == 0
    assert json.loads(call("evidence", "disposals", "--json")[1])[0]["decision"] == "approved"


def test_wrong_words_are_explained(call: Call, sealed_city: SealedCity) -> None:
    assert call("evidence", "dispose", sealed_city.sealed.number, "--approve")[0] == 2
    assert call("evidence", "dispose", "DISP-2026-0001", "--approve", "--refuse")[0] == 2
    assert call("evidence", "dispose", "DISP-2026-0001")[0] == 2
    assert call("evidence", "dispose", sealed_city.sealed.incident)[0] == 2  # authority and reason
    code, said = call("hold", "notice", "HOLD-2026-0001", "omar")
    assert (code, "There is no hold yet" in said) == (2, True)
    assert "Nobody has asked" in call("evidence", "disposals")[1]
