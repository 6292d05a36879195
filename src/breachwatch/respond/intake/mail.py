"""A report that came by e-mail: the message stays byte for byte, what it says is read by the standard library.

A mail is written by anybody: it is bounded before it is parsed, each header is read by itself, and what cannot be read
costs itself alone. Its attachments are listed with their hashes; they lie within the message that is sealed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from html.parser import HTMLParser

from breachwatch.errors import LimitError
from breachwatch.model.intake import Channel, Relation, Report

MOST_BYTES = 50 * 1024 * 1024
_MOST_MULTIPARTS = 60  # the parser goes one level deeper for each
_MOST_PARTS = 300
_MOST_DASHES = 3_000  # lines that begin as the borders of parts do
_LONGEST_HEADER = 4_000
_LONGEST_TEXT = 12_000
_LONGEST_NAME = 200
_MOST_LISTED = 100
_HEAD = re.compile(rb"\r?\n\r?\n")
_MOST_HEAD = 256 * 1024


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part of a mail that is a file, as the mail calls it."""

    name: str
    kind: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail says. `date` is what its sender claims; `unread` says what could not be read."""

    sender: str
    to: str
    subject: str
    date: str
    message_id: str
    text: str
    attachments: tuple[Attachment, ...]
    unread: str = ""

    def as_report(self) -> Report:
        """The report that it makes; whoever takes it in may know more."""
        parts = [self.subject, self.text, *(_listed(item) for item in self.attachments[:_MOST_LISTED])]
        if self.unread:
            parts.append(f"[{self.unread}; the message is kept as it came]")
        if self.date:
            parts.append(f"[the message says that it was sent: {self.date}]")
        what = "\n\n".join(part for part in parts if part.strip()) or "[a message without words; see its attachments]"
        return Report(what, relation=Relation.OTHER, channel=Channel.EMAIL, contact=self.sender)


def read_mail(content: bytes) -> Mail:
    """Read a message (RFC 5322). Whatever it holds gives a `Mail`; raises LimitError for one that is too large."""
    if len(content) > MOST_BYTES:
        msg = f"the message has {len(content):,} bytes; {MOST_BYTES:,} are taken. Add it as a file to a report instead."
        raise LimitError(msg)
    nested = len(re.findall(rb"(?i)multipart/|message/", content))
    head = _HEAD.search(content)
    if content.count(b"\n--") > _MOST_DASHES:
        return _unreadable("it has too many parts")
    if nested > _MOST_MULTIPARTS or (head.start() if head else len(content)) > _MOST_HEAD:
        return _unreadable("it is nested too deeply, or its head is too long")
    try:
        message = BytesParser(policy=policy.default).parsebytes(content)
        text, unread = _text(message)
        return Mail(
            sender=_header(message, "From"),
            to=_header(message, "To"),
            subject=_header(message, "Subject"),
            date=_header(message, "Date"),
            message_id=_header(message, "Message-ID"),
            text=text,
            attachments=tuple(_attachments(message)),
            unread=unread,
        )
    except Exception as error:  # noqa: BLE001  the library fails on mails in many ways; the message is kept, and told
        return _unreadable(f"it could not be read ({type(error).__name__})")


def _unreadable(why: str) -> Mail:
    return Mail("", "", "", "", "", "", (), why)


def _header(message: EmailMessage, name: str) -> str:
    """One header on one line; a hostile one costs itself alone."""
    raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
    if len(str(raw)) > _LONGEST_HEADER:
        return f"[{name} is longer than {_LONGEST_HEADER} characters]"
    try:
        value = str(message[name] or "")
    except Exception:  # noqa: BLE001  see read_mail; what stands there raw is told instead
        value = str(raw)
    return " ".join(value.split())[:_LONGEST_NAME]


def _text(message: EmailMessage) -> tuple[str, str]:
    """The words for people, and what of them could not be read."""
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return "", ""
    try:
        content = str(body.get_content())
    except (LookupError, ValueError, AttributeError, TypeError):  # no such charset, or none that fits
        data = body.get_payload(decode=True)
        content = data.decode("utf-8", "backslashreplace") if isinstance(data, bytes) else ""
    if body.get_content_type() == "text/html":
        content = _plain(content)
    content = content.replace("\r\n", "\n").strip()
    if len(content) <= _LONGEST_TEXT:
        return content, ""
    return content[:_LONGEST_TEXT], f"only the first {_LONGEST_TEXT:,} characters are shown here"


def _attachments(message: EmailMessage) -> Iterator[Attachment]:
    for count, part in enumerate(message.walk()):
        if count >= _MOST_PARTS:
            return
        if part.is_multipart() or not (part.get_filename() or part.get_content_disposition() == "attachment"):
            continue
        data = part.get_payload(decode=True)
        held = data if isinstance(data, bytes) else b""
        name = " ".join(str(part.get_filename() or "without a name").split())[:_LONGEST_NAME]
        yield Attachment(name, part.get_content_type()[:_LONGEST_NAME], len(held), hashlib.sha256(held).hexdigest())


def _listed(item: Attachment) -> str:
    return f"[attached: {item.name}, {item.kind}, {item.bytes} bytes, SHA-256 {item.sha256}]"


class _Words(HTMLParser):
    """The words of a page; what only programs read is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  the library's form
        self._hidden += tag in {"script", "style"}
        if tag in {"br", "p", "div", "tr", "li"}:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style"} and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def _plain(page: str) -> str:
    words = _Words()
    words.feed(page[: 20 * _LONGEST_TEXT])
    words.close()
    lines = (" ".join(line.split()) for line in "".join(words.words).splitlines())
    return "\n".join(line for line in lines if line)
