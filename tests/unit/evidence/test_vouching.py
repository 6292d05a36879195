"""What a night does for trust: some evidence verified again, stamps, the ledger, sending; faults are told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from breachwatch.clock import FixedClock
from breachwatch.evidence import vouching
from breachwatch.evidence.vouching import recheck, vouch
from breachwatch.model.night import Night
from breachwatch.model.summary import Vouched
from breachwatch.records import cases
from breachwatch.workspace import Workspace, open_workspace
from tests.postgresql.choosing import SQLITE, chosen
from tests.unit.evidence.making import City, loosen


@pytest.fixture(scope="session")
def records_kind() -> str:
    return chosen() or SQLITE


@pytest.fixture(scope="module")
def sealed_four(make_once: Callable[..., City]) -> City:
    def happens(city: City) -> None:
        for number in range(4):
            city.snapshot(source=f"log{number}", path=f"/var/log/{number}.log")

    return make_once("[evidence.verify]\nnightly_share = 0.5\n", happens)


@pytest.fixture
def city(sealed_four: City, tmp_path: Path) -> City:
    """A city with four pieces of evidence; each test has its own copy."""
    root = tmp_path / "ws"
    shutil.copytree(sealed_four.ws.root, root)
    return City(open_workspace(root, sealed_four.ws.clock), dict(sealed_four.rules))


def tonight(ws: Workspace) -> Vouched:
    return vouch(ws, Night.scheduled_at(ws.clock.now(), ws.settings.city.zone), "run-1")


def later(ws: Workspace, days: int) -> Workspace:
    return open_workspace(ws.root, FixedClock(ws.clock.now() + timedelta(days=days)))


def test_each_night_verifies_its_share_and_comes_around(city: City) -> None:
    seen = []
    for days in range(4):
        ws = later(city.ws, days)
        done = tonight(ws)
        assert (done.verified, done.not_verified, done.problems) == (2, (), ())
        with ws.database.read() as connection:
            column = cases.evidence.c
            rows = connection.execute(select(column.number).where(column.verified_at == ws.clock.now())).all()
        seen.append({row.number for row in rows})
    assert seen[0] | seen[1] == {f"EV-2026-00000{number}" for number in (1, 2, 3, 4)}
    assert seen[2:] == seen[:2]


def test_every_verification_is_a_link_of_custody_by_the_program(city: City) -> None:
    tonight(city.ws)
    with city.ws.database.read() as connection:
        column = cases.custody.c
        rows = connection.execute(select(column.actor, column.body).where(column.event == "verified")).all()
    assert [row.actor for row in rows] == ["breachwatch", "breachwatch"]
    assert json.loads(rows[0].body)["purpose"] == "scheduled verification"


def test_altered_evidence_is_a_problem_of_the_night(city: City) -> None:
    bag = city.ws.vault / "EV-2026-000001"
    loosen(bag)
    with (bag / "data/events.csv").open("ab") as file:
        file.write(b"x")
    done = tonight(city.ws)
    assert done.not_verified == ("EV-2026-000001",)
    assert "EV-2026-000001 does not verify" in done.problems[0]
    assert done.ledger == "2026-11-22"  # the ledger is written all the same


@pytest.mark.parametrize(("share", "limit", "count"), [(1.0, 0, 4), (0.0, 0, 0), (0.01, 0, 1), (1.0, 1, 1)])
def test_how_much_is_verified_follows_the_settings(city: City, share: float, limit: int, count: int) -> None:
    path = city.ws.root / "breachwatch.toml"
    path.write_text(path.read_text().replace("0.5", f"{share}\nnightly_bytes = {limit}"))
    assert len(recheck(open_workspace(city.ws.root, city.ws.clock))) == count


def test_a_share_that_is_named_has_no_bound_of_bytes(city: City) -> None:
    path = city.ws.root / "breachwatch.toml"
    path.write_text(path.read_text().replace("0.5", "0.5\nnightly_bytes = 1"))
    assert len(recheck(open_workspace(city.ws.root, city.ws.clock), 1.0)) == 4


@pytest.mark.parametrize("step", ["recheck", "write_ledger", "stamp_pending", "send_if_asked"])
def test_a_step_that_fails_stops_no_other(city: City, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the words of a log")

    monkeypatch.setattr(vouching, step, broken)
    done = tonight(city.ws)
    assert len(done.problems) == 1
    assert "the words of a log" not in done.problems[0]
    assert bool(done.ledger) is (step != "write_ledger")
    assert bool(done.verified) is (step != "recheck")


def test_without_a_key_the_night_says_so(city: City) -> None:
    for path in Path(city.ws.keys).glob("signing.*"):
        path.unlink()
    assert any("signing key" in problem for problem in tonight(city.ws).problems)
