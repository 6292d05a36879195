"""The digest as a letter: for the screen as it is, for the way outside with every value made harmless."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from breachwatch.model.finding import Level
from breachwatch.notify import outbox
from breachwatch.notify.channels import channels_for
from breachwatch.notify.digest import Digest, digest
from breachwatch.notify.outbox import Kind, Message
from breachwatch.notify.secrets import known_secrets
from breachwatch.notify.wording import outgoing
from breachwatch.report.letters import Letter, Part, as_text
from breachwatch.workspace import Workspace

_MOST_SENT = 15  # lines of one kind in a message


def as_it_is(value: str) -> str:
    """For the screen and for HTML: the letter itself makes values harmless."""
    return value


def digest_letter(found: Digest, city: str, say: Callable[[str], str] = as_it_is, most: int = 50) -> Letter:
    """The digest as a letter; `say` makes a value harmless for where it goes, `most` lines of each kind are written."""
    title = f"Morning digest of {found.day:%Y-%m-%d}"
    if found.nothing:
        return Letter(title, say(city), (Part(paragraphs=("There is nothing to say: all is as it should be.",)),))
    parts = []
    for kind, lines in found.kinds.items():
        items = [f"{say(line.about)}: {say(line.what)}" for line in lines[:most]]
        more = found.counts[kind] - len(items)
        parts.append(Part(f"{kind} ({found.counts[kind]})", items=(*items, *([f"and {more} more"] if more else []))))
    return Letter(title, say(city), tuple(parts))


def digest_title(found: Digest, city: str) -> str:
    """The subject line: what there is, in numbers."""
    said = "nothing to say" if found.nothing else ", ".join(f"{kind.lower()}: {n}" for kind, n in found.counts.items())
    return f"{outgoing(city)}, {found.day:%Y-%m-%d}: {said}"


def enter_digest(ws: Workspace, *, again: bool = False) -> int:
    """Enter today's digest into the outbox, for each channel of its readers once a day; how many messages that are.

    `again`: as a further one, because a person asked for it. The next `send` sends it.
    """
    channels = channels_for(ws, ws.settings.notify.digest)
    now = ws.clock.now()
    if not channels or (not again and _known(ws, now.astimezone(ws.settings.city.zone).date(), set(channels))):
        return 0
    found = digest(ws)
    letter = digest_letter(found, ws.settings.city.name, outgoing, _MOST_SENT)
    mark = f"/{now.isoformat()}" if again else ""
    entries = [
        Message(
            key=f"digest/{found.day}/{channel}{mark}",
            kind=Kind.DIGEST,
            subject=f"digest {found.day}",
            severity=Level.INFORMATIONAL,
            stage=0,
            roles=roles,
            channel=channel,
            title=digest_title(found, ws.settings.city.name),
            body=as_text(letter),
            created_at=now,
            not_before=now,
        )
        for channel, roles in channels.items()
    ]
    secrets = known_secrets(ws)
    with ws.database.write() as connection:
        return len(outbox.enter(connection, entries, secrets))


def enter_digest_in_time(ws: Workspace) -> int:
    """Enter today's digest once its time of day has come; nothing where it comes with the nightly run."""
    at = ws.settings.notify.digest_time
    local = ws.clock.now().astimezone(ws.settings.city.zone)
    return enter_digest(ws) if at is not None and local.time() >= at else 0


def _known(ws: Workspace, day: date, channels: set[str]) -> bool:
    """Whether every channel has today's digest already: then nothing needs to be looked at."""
    there = {item.channel for item in outbox.messages(ws, subject=f"digest {day}")}
    return channels <= there
