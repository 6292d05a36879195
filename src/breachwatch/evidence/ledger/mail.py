"""Sending a ledger by mail to whoever keeps it elsewhere: the clerk, counsel."""

from __future__ import annotations

import gzip
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import format_datetime

from breachwatch.errors import SettingsError, TransientError
from breachwatch.evidence.bag import one_line
from breachwatch.evidence.ledger.reading import Entry, load, path_of
from breachwatch.settings_trust import Ledger
from breachwatch.workspace import Workspace

_SECONDS = 60.0  # for each answer of the mail server
_LARGE = 2 * 1024 * 1024  # bytes from which on a ledger travels compressed; mail servers take some ten
_TEXT = """\
This is the evidence ledger of {organization} for the night of {night}, number {number}.

It lists every log that was collected that night and commits to all nights before. Please keep this message where
nobody in the IT department can change it. There is nothing else to do.

If it is ever asked whether logs, evidence or the chain of custody were changed or cut off afterwards, the attached
file is compared with the one that IT holds then: `breachwatch ledger verify --against FILE`.

SHA-256 of the ledger   {sha256}
the ledger before       {previous}
custody                 {links} links, the last {head}
audit log               {audit_links} links, the last {audit_head}

{sources}

To check the signature without breachwatch (allowed_signers is what the city has published):

    ssh-keygen -Y verify -f allowed_signers -I custodian@breachwatch -n breachwatch-evidence \
-O verify-time={at:%Y%m%d%H%M%SZ} -s {name}.json.sig < {name}.json
"""


class MailError(TransientError):
    """The mail server does not take the message. The next night tries again."""


def send(ws: Workspace, item: Entry) -> str:
    """Mail one ledger with its signatures; returns what the server is known by. Raises MailError, SettingsError."""
    settings = ws.settings.evidence.ledger
    message = compose(ws, item)
    try:
        with _connected(ws, settings) as server:
            refused = server.send_message(message, settings.mail_from, list(settings.mail_to))
    except (OSError, smtplib.SMTPException) as error:
        code = f" with {error.smtp_code}" if isinstance(error, smtplib.SMTPResponseException) else ""
        what = f"{settings.smtp_host}:{settings.smtp_port} does not take the ledger{code} ({type(error).__name__})"
        raise MailError(what) from None
    if refused:
        raise MailError(f"{settings.smtp_host} does not take the ledger for {', '.join(sorted(refused))}")
    return f"{settings.smtp_host}:{settings.smtp_port}"


def compose(ws: Workspace, item: Entry) -> EmailMessage:
    """The message: what it is for in plain words, the ledger, its signatures, its time stamp where it has one."""
    settings = ws.settings.evidence.ledger
    text, page = load(path_of(ws, item.name))
    organization = one_line(ws.settings.city.name)
    message = EmailMessage()
    message["Subject"] = f"Evidence ledger {item.name} of {organization}"
    message["From"], message["To"] = settings.mail_from, ", ".join(settings.mail_to)
    message["Date"] = format_datetime(ws.clock.now())
    message["Message-ID"] = f"<{item.sha256}@{settings.mail_from.partition('@')[2]}>"
    message.set_content(
        _TEXT.format(
            organization=organization,
            night=item.night,
            number=item.number,
            sha256=item.sha256,
            previous=item.previous,
            links=page["custody"]["links"],
            head=page["custody"]["head"],
            audit_links=page["audit"]["links"],
            audit_head=page["audit"]["head"],
            sources="\n".join(
                f"{source['source']}: {len(source['segments'])} new segments, {source['tree_size']} in all, "
                f"root {source['root']}"
                for source in page["sources"]
            ),
            at=item.made_at,
            name=item.name,
        )
    )
    for name, content in _attached(ws, item, text).items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message


def _attached(ws: Workspace, item: Entry, text: bytes) -> Mapping[str, bytes]:
    files = {f"{item.name}.json": text}
    if len(text) > _LARGE:
        files = {f"{item.name}.json.gz": gzip.compress(text, mtime=0)}
    for ending in (".json.sig", ".dsse.json"):
        files[f"{item.name}{ending}"] = path_of(ws, item.name, ending).read_bytes()
    stamp = ws.vault / "timestamps" / f"{item.name}.tsr"
    if stamp.exists():
        files[stamp.name] = stamp.read_bytes()
    return files


def _connected(ws: Workspace, settings: Ledger) -> smtplib.SMTP:
    """A connection that is encrypted and signed in as the settings say."""
    context = ssl.create_default_context(cafile=str(ws.path(settings.smtp_ca_file)) if settings.smtp_ca_file else None)
    server: smtplib.SMTP
    if settings.smtp_security == "tls":
        server = smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, timeout=_SECONDS, context=context)
    else:
        server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=_SECONDS)
    try:
        if settings.smtp_security == "starttls":
            server.starttls(context=context)
        if settings.smtp_user:
            server.login(settings.smtp_user, _password(ws, settings))
    except BaseException:
        server.close()
        raise
    return server


def _password(ws: Workspace, settings: Ledger) -> str:
    path = ws.path(settings.smtp_password_file)
    try:
        return path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        msg = f"evidence.ledger.smtp_password_file: cannot read {path}: {why}"
        raise SettingsError(msg) from None
