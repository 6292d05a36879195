"""Stamps of evidence: while it is sealed, later, from authorities that are away, slow, huge or false."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError

from breachwatch import evidence
from breachwatch.clock import FixedClock
from breachwatch.errors import SettingsError
from breachwatch.evidence.timestamps import queue, stamping
from breachwatch.evidence.timestamps.asking import AuthorityError, ask
from breachwatch.evidence.timestamps.queue import pending, stamp_pending
from breachwatch.model.people import program
from breachwatch.records import cases, trust
from breachwatch.workspace import Workspace, open_workspace
from tests.somebody import SOMEBODY
from tests.unit.evidence.authority import Authority, Papers
from tests.unit.evidence.making import City, loosen

PROGRAM = program()
MakeCity = Callable[..., City]


def failed(ws: Workspace, number: str) -> dict[str, str]:
    return {check.name: check.detail for check in evidence.verify(ws, number).checks if not check.ok}


def stamp_of(ws: Workspace, number: str) -> str:
    return next(check.detail for check in evidence.verify(ws, number).checks if check.name == "time stamp")


def with_settings(ws: Workspace, toml: str, *, minutes: int = 0) -> Workspace:
    """The same workspace with these settings added, some minutes later."""
    path = ws.root / "breachwatch.toml"
    head = path.read_text().partition("[evidence.timestamp]")[0]
    path.write_text(head + toml)
    return open_workspace(ws.root, FixedClock(ws.clock.now() + timedelta(minutes=minutes)))


def test_evidence_is_stamped_while_it_is_sealed(make_city: MakeCity, authority: Authority) -> None:
    city = make_city(authority.toml())
    sealed = city.snapshot()
    bag = Path(sealed.path)
    assert (bag / "attestation.tsr").exists()
    assert len(authority.asked) == 1
    assert authority.asked[0]["content-type"] == "application/timestamp-query"
    assert stamp_of(city.ws, sealed.number).startswith("it existed at ")
    done = stamp_pending(city.ws, by=PROGRAM)  # recorded without asking again
    assert (done.stamped, done.pending, len(authority.asked)) == ((sealed.number,), (), 1)
    assert failed(city.ws, sealed.number) == {}
    with city.ws.database.read() as connection:
        row = connection.execute(select(trust.time_stamp)).one()
        link = connection.scalars(select(cases.custody.c.body).where(cases.custody.c.event == "stamped")).one()
    assert (row.subject, row.path) == (sealed.number, f"{sealed.number}/attestation.tsr")
    assert json.loads(link)["token_sha256"] == row.token_sha256


def test_openssl_alone_verifies_the_stamp_as_verify_txt_says(make_city: MakeCity, authority: Authority) -> None:
    city = make_city(authority.toml())
    bag = Path(city.snapshot().path)
    shutil.copy(authority.papers.root, bag.parent / "tsa-roots.pem")
    text = (bag / "VERIFY.txt").read_text()
    commands = [line.strip() for line in text.splitlines() if line.startswith("     openssl ts")]
    assert len(commands) == 2
    first, second = (
        subprocess.run(["sh", "-c", command], cwd=bag, capture_output=True, text=True, check=False)
        for command in commands
    )
    assert first.returncode == 0, first.stderr
    assert "Verification: OK" in first.stdout + first.stderr
    assert "Time stamp: " in second.stdout


def test_without_an_authority_evidence_is_sealed_and_waits(make_city: MakeCity, authority: Authority) -> None:
    city = make_city()
    sealed = city.snapshot()
    assert stamp_of(city.ws, sealed.number).startswith("none")
    done = stamp_pending(city.ws, by=PROGRAM)
    assert (done.stamped, done.pending, done.problems) == ((), (sealed.number,), ())
    ws = with_settings(city.ws, authority.toml())
    assert stamp_of(ws, sealed.number).startswith("pending")
    before = {path: path.read_bytes() for path in Path(sealed.path).rglob("*") if path.is_file()}
    assert stamp_pending(ws, by=PROGRAM).stamped == (sealed.number,)
    assert {path: path.read_bytes() for path in Path(sealed.path).rglob("*") if path.is_file()} == before
    late = ws.vault / "timestamps" / f"{sealed.number}.tsr"
    assert late.stat().st_mode & 0o777 == 0o444
    assert failed(ws, sealed.number) == {}
    assert pending(ws) == []
    with ws.database.read() as connection:
        at = connection.scalar(select(trust.time_stamp.c.at))
    assert [line.stamped_at for line in evidence.listing(ws, by=SOMEBODY)] == [at]
    assert stamp_pending(ws, by=PROGRAM).stamped == ()
    assert len(authority.asked) == 1


def test_an_export_carries_a_late_stamp_where_verify_txt_looks_for_it(
    make_city: MakeCity, authority: Authority, tmp_path: Path, foreign_papers: Papers
) -> None:
    city = make_city()
    number = city.snapshot().number
    ws = with_settings(city.ws, authority.toml())
    stamp_pending(ws, by=PROGRAM)
    done = evidence.export(ws, number, tmp_path / "out.tar")
    shutil.unpack_archive(done.path, tmp_path / "unpacked", filter="data")
    [export] = (tmp_path / "unpacked").iterdir()
    report = evidence.verify(None, export)
    assert report.ok, report.checks
    stamps = [check.detail for check in report.checks if check.name == "time stamp"]
    assert stamps[0].startswith("it existed at")
    text = (export / number / "VERIFY.txt").read_text()
    command = next(line.strip() for line in text.splitlines() if line.startswith("     openssl ts -verify"))
    shown = subprocess.run(["sh", "-c", command], cwd=export / number, capture_output=True, text=True, check=True)
    assert "Verification: OK" in shown.stdout + shown.stderr
    roots = export / "tsa-roots.pem"
    roots.chmod(0o644)
    roots.write_bytes(foreign_papers.root.read_bytes())
    assert not evidence.verify(None, export).ok


def test_an_authority_that_is_away_delays_nothing_and_is_asked_again(make_city: MakeCity, authority: Authority) -> None:
    authority.serve = lambda request: request.send_error(503)
    city = make_city(authority.toml())
    first = city.snapshot()
    second = city.snapshot(source="other", path="/var/log/other.log")
    assert len(authority.asked) == 1  # the second piece of evidence did not wait for it
    assert stamp_of(city.ws, first.number).startswith("pending")
    done = stamp_pending(city.ws, by=PROGRAM)
    assert done.pending == (first.number, second.number)
    assert len(authority.asked) == 2
    assert "HTTP status 503" in done.problems[0]
    authority.serve = None
    assert stamp_pending(city.ws, by=PROGRAM).stamped == (first.number, second.number)
    later = with_settings(city.ws, authority.toml(), minutes=11)
    third = City(later, dict(city.rules)).snapshot(source="third", path="/var/log/third.log")
    assert (Path(third.path) / "attestation.tsr").exists()


def test_nobody_listening_is_said_plainly(make_city: MakeCity, authority: Authority) -> None:
    city = make_city(authority.toml())
    authority.close()
    try:
        with pytest.raises(AuthorityError, match="cannot be reached"):
            ask(city.ws, b"query")
    finally:
        authority.__post_init__()  # the fixture closes it once more


@pytest.mark.parametrize("how", ["drip", "silence", "header"])
def test_a_slow_authority_is_cut_off(make_city: MakeCity, authority: Authority, how: str) -> None:
    def slow(request: BaseHTTPRequestHandler) -> None:
        if how != "silence":
            request.wfile.write(b"HTTP/1.0 200 OK\r\n" + (b"\r\n" if how == "drip" else b""))
        try:
            for _ in range(200):
                if how != "silence":
                    request.wfile.write(b"x")
                    request.wfile.flush()
                time.sleep(0.05)
        except OSError:
            return

    authority.serve = slow
    city = make_city(authority.toml(timeout_seconds=0.5))
    with pytest.raises(AuthorityError, match=r"did not answer within 0\.5 s"):
        ask(city.ws, b"query")


def test_a_huge_answer_is_not_read(make_city: MakeCity, authority: Authority) -> None:
    authority.reply = lambda _: b"\x30" * 2_000_000
    with pytest.raises(AuthorityError, match="more than any time stamp"):
        ask(make_city(authority.toml()).ws, b"query")


def test_a_redirect_is_not_followed(make_city: MakeCity, authority: Authority) -> None:
    def elsewhere(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", "http://127.0.0.1:1/")
        request.end_headers()

    authority.serve = elsewhere
    with pytest.raises(AuthorityError, match="HTTP status 302"):
        ask(make_city(authority.toml()).ws, b"query")


@pytest.mark.parametrize("answer", [b"", b"<html>go away</html>", b"\x30\x03\x02\x01\x02"])
def test_garbage_is_no_stamp_and_is_not_kept(make_city: MakeCity, authority: Authority, answer: bytes) -> None:
    authority.reply = lambda _: answer
    city = make_city(authority.toml())
    sealed = city.snapshot()
    assert stamp_of(city.ws, sealed.number).startswith("pending")
    done = stamp_pending(city.ws, by=PROGRAM)
    assert "no stamp that can be used" in done.problems[0]
    assert not list((city.ws.vault / "timestamps").glob("*.tsr"))


def test_a_stamp_of_a_false_authority_is_not_kept(
    make_city: MakeCity, authority: Authority, foreign_papers: Papers
) -> None:
    authority.reply = foreign_papers.answer
    city = make_city(authority.toml())
    sealed = city.snapshot()
    assert stamp_pending(city.ws, by=PROGRAM).pending == (sealed.number,)


def test_tampering_with_a_stamp_is_found(make_city: MakeCity, authority: Authority) -> None:
    city = make_city(authority.toml())
    number = city.snapshot().number
    bag = city.ws.vault / number
    stamp_pending(city.ws, by=PROGRAM)
    loosen(bag)
    for name in ("attestation.tsr", "attestation.tsq"):
        original = (bag / name).read_bytes()
        for index in range(0, len(original), 97):
            (bag / name).write_bytes(original[:index] + bytes([original[index] ^ 1]) + original[index + 1 :])
            assert "time stamp" in failed(city.ws, number), (name, index)
        (bag / name).write_bytes(original)
    (bag / "attestation.tsr").unlink()
    assert "is gone" in failed(city.ws, number)["time stamp"]


def test_changed_roots_are_found_and_old_stamps_outlive_another_authority(
    make_city: MakeCity, authority: Authority, foreign_papers: Papers
) -> None:
    city = make_city(authority.toml())
    number = city.snapshot().number
    stamp_pending(city.ws, by=PROGRAM)
    ws = with_settings(city.ws, authority.toml(ca_file=str(foreign_papers.root)))
    assert failed(ws, number) == {}
    [roots] = (ws.vault / "timestamps").glob("roots-*.pem")
    roots.chmod(0o644)
    roots.write_bytes(foreign_papers.root.read_bytes())
    assert "was changed" in failed(ws, number)["time stamp"]


@pytest.mark.parametrize("step", ["put_file", "_record"])
def test_a_kill_while_stamping_is_made_good_by_the_next_pass(
    make_city: MakeCity, authority: Authority, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = make_city()
    number = city.snapshot().number
    ws = with_settings(city.ws, authority.toml())
    real = stamping.put_file

    def killed(*arguments: object, **_: object) -> None:
        if step == "put_file" and str(arguments[1]).endswith((".tsq", ".pem")):
            real(*arguments)  # type: ignore[arg-type]
            return
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stamping if step == "put_file" else queue, step, killed)
        with pytest.raises(KeyboardInterrupt):
            stamp_pending(ws, by=PROGRAM)
    assert failed(ws, number) == {}
    assert stamp_pending(ws, by=PROGRAM).stamped == (number,)
    assert failed(ws, number) == {}
    assert len(authority.asked) == (2 if step == "put_file" else 1)


def test_recorded_stamps_do_not_change(make_city: MakeCity, authority: Authority) -> None:
    city = make_city(authority.toml())
    city.snapshot()
    stamp_pending(city.ws, by=PROGRAM)
    for statement in (trust.time_stamp.delete(), trust.time_stamp.update().values(authority="x")):
        with pytest.raises(DatabaseError, match="only ever added"), city.ws.database.write() as connection:
            connection.execute(statement)


def test_credentials_come_from_files_and_reach_the_authority_only(
    make_city: MakeCity, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "headers").write_text("X-Token: s3cret-token\n")
    (tmp_path / "password").write_text("s3cret-word\n")
    secrets = {"headers_file": tmp_path / "headers", "username": "city", "password_file": tmp_path / "password"}
    refusing = authority.toml(**{key: str(value) for key, value in secrets.items()})
    with pytest.raises(SettingsError, match="credentials could be read") as refused:
        make_city(refusing)
    city = make_city(refusing + "allow_http = true\n")
    city.snapshot()
    assert authority.asked[0]["x-token"] == "s3cret-token"
    assert authority.asked[0]["authorization"].startswith("Basic ")
    assert "s3cret" not in str(refused.value)
    (tmp_path / "headers").write_text("X-Token: a\r\nInjected\n")
    with pytest.raises(SettingsError, match="Name: value") as wrong:
        ask(city.ws, b"query")
    assert "Injected" not in str(wrong.value)


def test_an_authority_needs_its_root_in_the_settings(make_city: MakeCity) -> None:
    with pytest.raises(SettingsError, match="ca_file is missing"):
        make_city('[evidence.timestamp]\nurl = "http://127.0.0.1:1/"\n')
    with pytest.raises(SettingsError, match="must be an address"):
        make_city('[evidence.timestamp]\nurl = "file:///etc/passwd"\nca_file = "x"\n')


def test_a_bag_sealed_after_its_keys_end_is_refused(make_city: MakeCity) -> None:
    from breachwatch.evidence import keyring
    from breachwatch.model.people import Actor, Role

    admin = Actor("Ann Admin", frozenset({Role.ADMIN}))
    city = make_city()
    stolen = (city.ws.keys / "signing.key").read_bytes()
    earlier = city.snapshot()
    ws = open_workspace(city.ws.root, FixedClock(city.ws.clock.now() + timedelta(days=1)))
    keyring.rotate(ws, by=admin, reason="yearly")
    assert failed(ws, earlier.number) == {}
    later = open_workspace(ws.root, FixedClock(ws.clock.now() + timedelta(days=1)))
    new = City(later, dict(city.rules)).snapshot(source="new", path="/var/log/new.log")
    assert failed(later, new.number) == {}
    # Somebody seals with the old key, as if it still were the city's.
    shutil.move(ws.keys / "history", ws.root / "history")
    (ws.keys / "signing.key").write_bytes(stolen)
    for name in ("signing.pub", "signing-0001.pub"):
        (ws.keys / name).rename(ws.root / name)
    forger = City(later, dict(city.rules))
    forged = forger.snapshot(source="forged", path="/var/log/forged.log")
    shutil.move(ws.root / "history", ws.keys / "history")
    assert "was replaced" in failed(later, forged.number)["key"]
    assert replace(forged, number="") != replace(new, number="")
