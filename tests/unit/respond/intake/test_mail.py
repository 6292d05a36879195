"""Reports by e-mail: byte-exact, read as far as it goes, whatever was written to harm."""

from __future__ import annotations

import hashlib
import time
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.errors import LimitError
from breachwatch.model.intake import Channel
from breachwatch.respond.intake import mail as mails
from breachwatch.respond.intake import receiving
from breachwatch.respond.intake.mail import read_mail
from breachwatch.workspace import Workspace
from tests.unit.respond.intake.conftest import HELPDESK
from tests.unit.respond.intake.test_triage import kept


def written(body: str = "Somebody signs in as me.", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = headers.get("sender", "Rosa <rosa@example.org>")
    message["To"] = "helpdesk@city.example"
    message["Subject"] = headers.get("subject", "Strange sign-ins")
    message["Date"] = "Sun, 22 Nov 2026 01:00:00 -0600"
    message.set_content(body)
    return message


def test_a_mail_is_kept_byte_for_byte_and_its_attachments_are_listed(city: Workspace) -> None:
    message = written()
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="../screen.png")
    content = message.as_bytes().replace(b"\n", b"\r\n")
    report = read_mail(content).as_report()
    assert (report.channel, report.contact) == (Channel.EMAIL, "Rosa <rosa@example.org>")
    for part in ("Strange sign-ins", "Somebody signs in as me.", "../screen.png", "image/png"):
        assert part in report.what
    assert hashlib.sha256(b"\x89PNG").hexdigest() in report.what
    done = receiving.receive(city, report, by=HELPDESK, mail=content)
    assert kept(city, done.evidence[0])["message.eml"] == hashlib.sha256(content).hexdigest()


def test_a_page_is_read_as_words() -> None:
    message = written()
    message.set_content("<p>one<script>alert(1)</script><br>two &amp; three</p>", subtype="html")
    assert read_mail(message.as_bytes()).text == "one\ntwo & three"


DEEP = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000))
HOSTILE = {
    "nothing": b"",
    "no head": b"\r\n\r\n",
    "binary": bytes(range(256)) * 50,
    "deep": b"Subject: x\r\n" + DEEP,
    "messages in messages": b"Subject: x\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 3000,
    "a long head": b"Subject: x\r\nX-Pad: " + b"a" * 400_000 + b"\r\n\r\nwords",
    "many addresses": b"From: " + b"a@b, " * 100_000 + b"\r\n\r\nwords",
    "long folded": b"From: " + b"(" * 3000 + b"\r\nSubject: ok\r\n\r\nwords",
    "bad charset": b"Subject: x\r\nContent-Type: text/plain; charset=no-such\r\n\r\n\xff\xfewords",
    "bad encoding": b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!%%%%",
    "bad words": b"Subject: =?utf-8?B?////?= =?x?Q?=ZZ?=\r\n\r\nwords",
    "no end": b'Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: image/png; name="' + b"n" * 5000,
    "many parts": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\na\r\n" * 20_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_was_written_to_harm_costs_little_and_is_kept(name: str) -> None:
    begun = time.process_time()
    report = read_mail(HOSTILE[name]).as_report()
    assert time.process_time() - begun < 10  # CPU seconds: an attack on the parser takes minutes
    assert report.what.strip()
    assert len(report.what) < 20_000


def test_one_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mails, "MOST_BYTES", 10)
    with pytest.raises(LimitError):
        read_mail(b"x" * 11)


@settings(max_examples=60)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n", b"From: "]),
)
def test_any_bytes_give_a_report(content: bytes, head: bytes) -> None:
    assert read_mail(head + content).as_report().what
