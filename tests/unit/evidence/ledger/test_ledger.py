"""The ledger of each night, and what verifying all of them finds."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from breachwatch.errors import NotPermittedError, UsageError
from breachwatch.evidence import custody, keyring
from breachwatch.evidence.custody import Deed, Handler
from breachwatch.evidence.ledger import copies, making, reading, verifying
from breachwatch.evidence.merkle import leaf_hash, root
from breachwatch.evidence.timestamps.queue import stamp_pending
from breachwatch.model.people import Actor, Role, program
from breachwatch.records import audit, trust
from breachwatch.workspace import Workspace
from tests.unit.evidence.authority import Authority, Papers
from tests.unit.evidence.ledger.conftest import Nights, next_day, night
from tests.unit.evidence.making import City
from tests.unit.evidence.timestamps.conftest import authority, papers  # noqa: F401  the same authority

ADMIN = Actor("Ann Admin", frozenset({Role.ADMIN}))


def failed(ws: Workspace, **how: bool) -> dict[str, str]:
    """What does not verify: `<ledger> <check>` and why."""
    return {
        f"{report.number} {check.name}": check.detail
        for report in verifying.verify(ws, **how)
        for check in report.checks
        if not check.ok
    }


def without_triggers(ws: Workspace, *statements: str) -> None:
    """What an administrator of the database could do."""
    with ws.database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))
            for statement in statements:
                connection.execute(text(statement))
            connection.execute(text("SET session_replication_role = DEFAULT"))
            return
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        names = connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
        for name in names:
            connection.execute(text(f'DROP TRIGGER "{name}"'))
        for statement in statements:
            connection.execute(text(statement))


def test_every_night_has_a_page_whether_or_not_anything_was_found(nights: Nights) -> None:
    found = reading.entries(nights.ws)
    assert [item.number for item in found] == [1, 2, 3]
    assert [item.name for item in found] == ["2026-11-22", "2026-11-23", "2026-11-24"]
    assert failed(nights.ws) == {}
    page = json.loads(nights.pages["2026-11-23"])
    auth, vpn = page["sources"]
    assert (auth["source"], auth["tree_size"], len(auth["segments"])) == ("auth", 2, 1)
    assert (vpn["source"], vpn["tree_size"], vpn["rejects"]) == ("vpn", 1, 0)
    assert auth["records"] == auth["rows"] > 0
    assert page["custody"]["links"] == 1
    assert page["evidence"]["pieces"] == 1
    quiet = json.loads(nights.pages["2026-11-24"])["sources"][1]
    assert (quiet["source"], quiet["tree_size"], quiet["segments"]) == ("vpn", 1, [])


def test_a_stranger_recomputes_the_roots_from_the_pages_alone(nights: Nights) -> None:
    leaves: dict[str, list[bytes]] = {}
    previous = "GENESIS"
    for page in nights.pages.values():
        value = json.loads(page)
        assert value["previous_sha256"] == previous
        previous = hashlib.sha256(page).hexdigest()
        for source in value["sources"]:
            known = leaves.setdefault(source["source"], [])
            known += [leaf_hash(json.dumps(line).encode()) for line in source["segments"]]
            assert root(known).hex() == source["root"]


def test_common_programs_verify_a_page(nights: Nights) -> None:
    folder = nights.ws.vault / "ledger"
    name = "2026-11-23"
    for command in (
        f"openssl pkeyutl -verify -pubin -inkey ../../keys/signing.pub -rawin -in {name}.pae -sigfile {name}.sig",
        f'grep -c "$(sha256sum {name}.json | cut -d " " -f 1)" {name}.pae',
        (
            "ssh-keygen -Y verify -f ../../keys/allowed_signers -I custodian@breachwatch -n breachwatch-evidence"
            f" -s {name}.json.sig < {name}.json"
        ),
    ):
        done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stderr)


def test_a_second_page_of_a_night_gets_a_name_of_its_own(nights: Nights) -> None:
    assert [night(nights.ws).name for _ in range(3)] == ["2026-11-25", "2026-11-25.2", "2026-11-25.3"]
    assert failed(nights.ws) == {}


def test_only_the_program_and_those_who_preserve_make_pages(nights: Nights) -> None:
    from breachwatch.model.night import Night

    at = Night.scheduled_at(nights.ws.clock.now(), nights.ws.settings.city.zone)
    with pytest.raises(NotPermittedError):
        making.make(nights.ws, at, "run", by=Actor("Al Auditor", frozenset({Role.AUDITOR})))


@pytest.mark.parametrize("ending", [".json", ".json.sig", ".dsse.json", ".pae", ".sig"])
def test_any_changed_or_missing_file_of_a_page_is_noticed(nights: Nights, ending: str) -> None:
    path = nights.file("2026-11-23", ending)
    path.chmod(0o644)
    original = path.read_bytes()
    for index in (0, len(original) // 2, len(original) - 1):
        path.write_bytes(original[:index] + bytes([original[index] ^ 1]) + original[index + 1 :])
        assert any(name.startswith("2026-11-23 ") for name in failed(nights.ws)), index
    path.unlink()
    assert any(name.startswith("2026-11-23 ") for name in failed(nights.ws))


def test_a_cut_tail_of_custody_is_noticed(nights: Nights) -> None:
    with nights.ws.database.write() as connection:
        custody.append(
            connection, evidence="EV-2026-000001", deed=Deed.ACCESSED, by=Handler("x"), at=nights.ws.clock.now(),
            purpose="look",
        )  # fmt: skip
    night(nights.ws)
    assert failed(nights.ws) == {}
    without_triggers(nights.ws, "DELETE FROM custody WHERE seq = 2")
    assert "the end was cut" in failed(nights.ws)["all ledgers custody chain"]


def test_a_chain_of_audit_made_anew_is_noticed(nights: Nights) -> None:
    def write(reason: str) -> None:
        with nights.ws.database.write() as connection:
            for _ in range(5):
                audit.append(connection, at=nights.ws.clock.now(), by=ADMIN, entity="x", change="a -> b", reason=reason)

    write("the true one")
    night(nights.ws)
    without_triggers(nights.ws, "DELETE FROM audit")
    write("another one")
    write("another one")
    assert "not the one that ledger" in failed(nights.ws)["all ledgers audit chain"]


def test_a_removed_segment_is_noticed(nights: Nights) -> None:
    with nights.ws.database.read() as connection:
        victim = connection.scalar(text("SELECT segment_id FROM ledger_leaf WHERE position = 1 AND source = 'auth'"))
    (nights.ws.segments / "auth" / f"{victim}.zst").rename(nights.ws.root / "hidden")
    assert "are gone" in failed(nights.ws)["all ledgers segments"]
    tables = ("ledger_leaf", "lake_part", "lake_file", "segment")
    without_triggers(nights.ws, *(f"DELETE FROM {table} WHERE segment_id = '{victim}'" for table in tables))
    found = failed(nights.ws)
    assert {"all ledgers roots", "all ledgers lists", "all ledgers no gaps"} <= found.keys()


def test_a_changed_segment_is_noticed_in_the_catalog_and_on_the_disk(nights: Nights) -> None:
    with nights.ws.database.read() as connection:
        victim = connection.scalar(text("SELECT segment_id FROM ledger_leaf WHERE position = 0 AND source = 'auth'"))
        other = connection.scalar(text("SELECT segment_id FROM ledger_leaf WHERE position = 1 AND source = 'auth'"))
    folder = nights.ws.segments / "auth"
    (folder / f"{victim}.zst").chmod(0o644)
    assert failed(nights.ws, reread=True) == {}
    shutil.copyfile(folder / f"{other}.zst", folder / f"{victim}.zst")
    assert failed(nights.ws) == {}  # only reading the bytes tells
    assert "all ledgers segments" in failed(nights.ws, reread=True)
    without_triggers(nights.ws, f"UPDATE segment SET sha256 = '{'0' * 64}' WHERE segment_id = '{victim}'")
    assert "tells otherwise" in failed(nights.ws)["all ledgers segments"]


def test_logs_that_no_ledger_lists_are_noticed(nights: Nights) -> None:
    later = City(nights.ws, dict(nights.city.rules))
    later.log(source="late", path="/var/log/late.log")
    assert failed(nights.ws) == {}  # it is from after the last ledger but one
    night(next_day(nights.ws))
    without_triggers(nights.ws, "DELETE FROM ledger_leaf WHERE source = 'late'")
    assert {"all ledgers roots", "all ledgers lists"} <= failed(nights.ws).keys()


def test_a_log_with_a_hole_is_noticed(nights: Nights) -> None:
    nights.city.log(path="/var/log/auth.log", start=3_500)
    assert "bytes 3000 to 3500" in failed(nights.ws)["all ledgers no gaps"]


def test_a_night_taken_out_is_noticed(nights: Nights) -> None:
    without_triggers(nights.ws, "DELETE FROM ledger_leaf WHERE ledger = 2", "DELETE FROM ledger WHERE number = 2")
    found = failed(nights.ws)
    assert "taken out" in found["2026-11-24 order"]
    assert "no record knows" in found["all ledgers no other pages"]


def test_a_past_signed_anew_contradicts_the_clerks_copy(nights: Nights, tmp_path: Path) -> None:
    clerk = tmp_path / "clerk"
    clerk.mkdir()
    for name, page in nights.pages.items():
        (clerk / f"{name}.json").write_bytes(page)
    assert copies.compare(nights.ws, copies.in_paths([clerk]), "clerk").ok
    # With the key, the last night can be signed again and all is consistent here ...
    without_triggers(nights.ws, "DELETE FROM ledger_leaf WHERE ledger = 3", "DELETE FROM ledger WHERE number = 3")
    for path in (nights.ws.vault / "ledger").glob("2026-11-24*"):
        path.unlink()
    cut = copies.compare(nights.ws, copies.in_paths([clerk]), "clerk")
    assert [check.ok for check in cut.checks] == [True, True, False]
    assert "the end was cut off" in cut.checks[2].detail
    night(nights.ws)
    assert failed(nights.ws) == {}
    # ... but not in the clerk's drawer.
    anew = copies.compare(nights.ws, copies.in_paths([clerk / "2026-11-24.json"]), "clerk")
    assert "made anew" in anew.checks[0].detail
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no ledger"):
        copies.in_paths([tmp_path / "empty"])


def test_a_page_signed_with_a_key_after_its_end_is_refused(nights: Nights) -> None:
    stolen = (nights.ws.keys / "signing.key").read_bytes()
    keyring.rotate(nights.ws, by=ADMIN, reason="yearly")
    later = next_day(nights.ws)
    night(later)
    assert failed(later) == {}
    history = nights.ws.keys / "history"
    history.rename(nights.ws.root / "history")
    for name in ("signing.pub", "signing-0001.pub"):
        (nights.ws.keys / name).rename(nights.ws.root / name)
    (nights.ws.keys / "signing.key").write_bytes(stolen)
    forged = night(next_day(later))
    (nights.ws.root / "history").rename(history)
    assert "was replaced" in failed(later)[f"{forged.name} signatures"]


def test_evidence_that_disappears_from_the_records_is_noticed(nights: Nights) -> None:
    without_triggers(nights.ws, f"UPDATE evidence SET tagmanifest_sha256 = '{'0' * 64}'")
    assert "are not those" in failed(nights.ws)["all ledgers evidence"]


@pytest.mark.parametrize("table", ["ledger", "ledger_leaf", "ledger_delivery"])
def test_the_database_refuses_to_change_what_was_listed(nights: Nights, table: str) -> None:
    with nights.ws.database.write() as connection:
        connection.execute(
            trust.ledger_delivery.insert().values(
                ledger=1, channel="mail", recipient="x", at=nights.ws.clock.now(), detail=""
            )
        )
    with pytest.raises(DatabaseError, match=r"only ever added|do not change"), nights.ws.database.write() as connection:
        connection.execute(text(f"DELETE FROM {table}"))


@pytest.mark.parametrize("files", [1, 4, 5])
def test_a_kill_while_a_page_is_made_leaves_the_next_one_right(
    nights: Nights, files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, written = making.put_file, []

    def killed(*arguments: object) -> None:
        if len(written) == files - 1 and files < 5:
            raise KeyboardInterrupt
        real(*arguments)  # type: ignore[arg-type]
        written.append(arguments)

    def no_record(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(making, "put_file", killed)
        patch.setattr(making, "_record", no_record)
        with pytest.raises(KeyboardInterrupt):
            night(nights.ws)
    nights.city.log(path="/var/log/auth.log", start=3_000)
    night(nights.ws)
    assert failed(nights.ws) == {}


def test_pages_are_stamped_too(nights: Nights, authority: Authority, papers: Papers) -> None:  # noqa: F811
    path = nights.ws.root / "breachwatch.toml"
    path.write_text(path.read_text() + authority.toml())
    ws = next_day(nights.ws, 0)
    done = stamp_pending(ws, by=program())
    assert set(done.stamped) == {"2026-11-22", "2026-11-23", "2026-11-24", "EV-2026-000001"}
    assert failed(ws) == {}
    stamp = ws.vault / "timestamps" / "2026-11-23.tsr"
    stamp.chmod(0o644)
    stamp.write_bytes(stamp.read_bytes()[:-1] + b"\x00")
    assert "2026-11-23 time stamp" in failed(ws)


def test_pages_of_garbage_are_faults_and_never_errors_of_ours(nights: Nights) -> None:
    path = nights.file("2026-11-22")
    path.chmod(0o644)
    for garbage in (b"", b"[]", b"{}", b'{"format": "breachwatch-ledger-1"}', b"[" * 100_000, b"\xff" * 50):
        path.write_bytes(garbage)
        assert "2026-11-22 page" in failed(nights.ws)


def test_an_empty_city_has_ledgers_too(make_city: Callable[..., City]) -> None:
    ws = make_city('[[sources]]\nname = "quiet"\npaths = ["/nowhere"]\n').ws
    night(ws)
    assert failed(ws) == {}
    page = json.loads((ws.vault / "ledger/2026-11-22.json").read_bytes())
    assert [(source["source"], source["tree_size"]) for source in page["sources"]] == [("quiet", 0)]
    assert page["sources"][0]["root"] == hashlib.sha256(b"").hexdigest()
