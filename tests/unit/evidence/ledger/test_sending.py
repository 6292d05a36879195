"""Ledgers leave the house: by mail, and to storage that locks them."""

from __future__ import annotations

import json
import socketserver
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from threading import Thread
from typing import Any, cast

import pytest

from breachwatch.clock import FixedClock
from breachwatch.errors import NotPermittedError, SettingsError, UsageError
from breachwatch.evidence.ledger import copies, locked
from breachwatch.evidence.ledger.reading import entries
from breachwatch.evidence.ledger.sending import send
from breachwatch.model.people import Actor, Role, program
from breachwatch.workspace import Workspace, open_workspace
from tests.s3_server import KEY_ID, SECRET, S3Server
from tests.unit.evidence.ledger.conftest import Nights, next_day, night


@dataclass
class Mailbox:
    """A mail server on loopback that takes everything, or refuses with a code."""

    messages: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refuse: str = ""

    def __post_init__(self) -> None:
        box = self

        class Session(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.say("220 ready")
                while line := self.rfile.readline().decode().strip():
                    word = line[:4].upper()
                    if word == "DATA":
                        self.say("354 go on")
                        content = b""
                        while (part := self.rfile.readline()) != b".\r\n":
                            content += part.removeprefix(b".") if part.startswith(b"..") else part
                        box.messages.append(content)
                        self.say("250 taken")
                    elif word == "QUIT":
                        self.say("221 bye")
                        return
                    elif word == "RCPT":
                        box.recipients.append(line)
                        self.say(box.refuse or "250 ok")
                    else:
                        self.say("250 ok")

            def say(self, line: str) -> None:
                self.wfile.write(f"{line}\r\n".encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, args=[0.01], daemon=True)
        self._thread.start()

    def toml(self) -> str:
        return (
            '[evidence.ledger]\nmail_to = ["clerk@example.gov", "counsel@example.gov"]\nmail_from = "it@example.gov"\n'
            f'smtp_host = "127.0.0.1"\nsmtp_port = {self.port}\nsmtp_security = "none"\n'
        )

    def read(self, index: int = -1) -> EmailMessage:
        return cast("EmailMessage", message_from_bytes(self.messages[index], policy=default))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    yield box
    box.close()


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    server = S3Server(bucket="ledgers")
    yield server
    server.close()


@pytest.fixture
def bucket(s3: S3Server) -> S3Server:
    """An empty bucket whose default retention locks for 400 days."""
    lock(s3, "COMPLIANCE", 400)
    return s3


def lock(s3: S3Server, mode: str, days: int) -> None:
    """The bucket anew, with this default retention; no days: without Object Lock."""
    s3.clear()
    s3.fault = checksummed
    backend = s3._backend
    found = backend.buckets[s3.bucket]
    if days:
        found.object_lock_enabled = True
        found.default_lock_mode, found.default_lock_days, found.default_lock_years = mode, days, 0


def checksummed(environ: dict[str, Any]) -> None:
    """Amazon takes the checksum itself as the sign that there is one; moto wants the name of its algorithm, too."""
    if environ.get("HTTP_X_AMZ_CHECKSUM_SHA256"):
        environ["HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM"] = "SHA256"


def with_settings(ws: Workspace, toml: str) -> Workspace:
    path = ws.root / "breachwatch.toml"
    path.write_text(path.read_text() + toml)
    return open_workspace(ws.root, ws.clock)


def store_toml(s3: S3Server, ws: Workspace, **more: object) -> str:
    (ws.keys / "s3").write_text(SECRET)
    keys = {**s3.settings("city"), **more}
    return "[evidence.ledger.store]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())


def test_the_clerk_gets_the_newest_ledger_and_each_one_after_it(nights: Nights, mailbox: Mailbox) -> None:
    ws = with_settings(nights.ws, mailbox.toml())
    assert send(ws, by=program()).done == ("mail: 2026-11-24",)
    assert send(ws, by=program()).done == ()
    message = mailbox.read()
    assert message["Subject"] == "Evidence ledger 2026-11-24 of Testville"
    assert message["To"] == "clerk@example.gov, counsel@example.gov"
    assert len(mailbox.recipients) == 2
    body = message.get_body(("plain",))
    assert body is not None
    page = json.loads(nights.pages["2026-11-24"])
    assert entries(ws)[2].sha256 in body.get_content()
    assert page["custody"]["head"] in body.get_content()
    assert page["sources"][0]["root"] in body.get_content()
    attached = {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()}
    assert attached["2026-11-24.json"] == nights.pages["2026-11-24"]
    assert set(attached) == {"2026-11-24.json", "2026-11-24.json.sig", "2026-11-24.dsse.json"}
    night(ws)
    later = next_day(ws)
    night(later)
    assert send(later, by=program()).done == ("mail: 2026-11-25", "mail: 2026-11-26")


def test_a_mail_server_that_refuses_is_told_and_asked_again(nights: Nights, mailbox: Mailbox) -> None:
    ws = with_settings(nights.ws, mailbox.toml())
    mailbox.refuse = "550 go away s3cret"
    done = send(ws, by=program())
    assert done.done == ()
    assert "does not take the ledger" in done.problems[0]
    assert "s3cret" not in done.problems[0]
    assert entries(ws)[-1].sent == ()
    mailbox.refuse = ""
    assert send(ws, by=program()).done == ("mail: 2026-11-24",)
    assert entries(ws)[-1].sent == ("mail: clerk@example.gov, counsel@example.gov",)


def test_a_mail_server_that_is_away_stops_nothing(nights: Nights, mailbox: Mailbox, bucket: S3Server) -> None:
    toml = mailbox.toml().replace(str(mailbox.port), "1")
    ws = with_settings(nights.ws, toml + store_toml(bucket, nights.ws, lock_days=365))
    done = send(ws, by=program())
    assert done.done == ("store: 2026-11-24",)
    assert len(done.problems) == 1


def test_the_name_of_the_city_cannot_forge_headers(nights: Nights, mailbox: Mailbox) -> None:
    path = nights.ws.root / "breachwatch.toml"
    path.write_text(path.read_text().replace('"Testville"', '"X\\r\\nBcc: all@example.com"'))
    ws = with_settings(nights.ws, mailbox.toml())
    assert send(ws, by=program()).problems == ()
    assert mailbox.read()["Bcc"] is None


def test_settings_that_cannot_work_are_refused(nights: Nights, mailbox: Mailbox) -> None:
    for wrong in (
        mailbox.toml().replace("clerk@example.gov", "clerk@example.gov, x@y"),
        mailbox.toml().replace('mail_from = "it@example.gov"\n', ""),
        mailbox.toml() + 'smtp_user = "it"\nsmtp_password_file = "keys/smtp"\n',
        '[evidence.ledger.store]\nurl = "gs://bucket/x"\n',
    ):
        text = (nights.ws.root / "breachwatch.toml").read_text()
        with pytest.raises(SettingsError):
            with_settings(nights.ws, wrong)
        (nights.ws.root / "breachwatch.toml").write_text(text)


def test_sending_needs_the_role_and_somebody_to_send_to(nights: Nights, mailbox: Mailbox) -> None:
    with pytest.raises(UsageError, match="nobody to send to"):
        send(nights.ws, by=program())
    ws = with_settings(nights.ws, mailbox.toml())
    with pytest.raises(NotPermittedError):
        send(ws, by=Actor("Al Analyst", frozenset({Role.ANALYST})))


def test_storage_with_object_lock_keeps_a_copy_and_says_until_when(nights: Nights, bucket: S3Server) -> None:
    ws = open_workspace(nights.ws.root, FixedClock(datetime.now(UTC)))  # the server locks by its own clock
    ws = with_settings(ws, store_toml(bucket, ws, lock_days=365))
    assert send(ws, by=program()).done == ("store: 2026-11-24",)
    asked = [item for item in bucket.asked if item.method == "HEAD"]
    assert asked
    assert all("X-Amz-Signature" in item.query for item in asked)
    found = locked.copies(ws)
    assert found == {"2026-11-24.json": nights.pages["2026-11-24"]}
    assert copies.compare(ws, found, "store").ok
    assert send(ws, by=program(), names=["2026-11-23", "2026-11-24"]).problems == ()
    assert set(locked.copies(ws)) == {"2026-11-23.json", "2026-11-24.json"}
    path = nights.file("2026-11-23")
    path.chmod(0o644)
    path.write_bytes(b"{}")
    again = send(ws, by=program(), names=["2026-11-23"])
    assert "is there already and is another" in again.problems[0]


@pytest.mark.parametrize(
    ("mode", "days", "said"), [("", 0, "is not locked"), ("COMPLIANCE", 30, "only, not for 365 days")]
)
def test_storage_that_does_not_lock_for_long_enough_is_a_problem(
    nights: Nights, bucket: S3Server, mode: str, days: int, said: str
) -> None:
    lock(bucket, mode, days)
    ws = open_workspace(nights.ws.root, FixedClock(datetime.now(UTC)))
    ws = with_settings(ws, store_toml(bucket, ws))
    done = send(ws, by=program())
    assert said in done.problems[0]
    assert entries(ws)[-1].sent == ()
    assert SECRET not in done.problems[0]


def test_governance_is_told_apart_from_compliance(nights: Nights, bucket: S3Server) -> None:
    lock(bucket, "GOVERNANCE", 400)
    ws = open_workspace(nights.ws.root, FixedClock(datetime.now(UTC)))
    ws = with_settings(ws, store_toml(bucket, ws))
    assert "special right can lift" in locked.put(ws, entries(ws)[-1])


def test_a_store_that_refuses_is_told_without_its_words(nights: Nights, bucket: S3Server) -> None:
    ws = with_settings(nights.ws, store_toml(bucket, nights.ws))
    bucket.fault = lambda _: (403, "AccessDenied", f"no {SECRET} {KEY_ID}")
    done = send(ws, by=program())
    assert "refuses" in done.problems[0]
    assert SECRET not in done.problems[0]


def test_a_large_ledger_travels_compressed(
    nights: Nights, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("breachwatch.evidence.ledger.mail._LARGE", 100)
    ws = with_settings(nights.ws, mailbox.toml())
    send(ws, by=program())
    names = [part.get_filename() for part in mailbox.read().iter_attachments()]
    assert "2026-11-24.json.gz" in names
