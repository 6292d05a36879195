"""Why an alert fired, on a terminal: selections, fields and values, with the part that matched in bold."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from breachwatch.model.finding import Match, Part
from breachwatch.model.incident import AlertRecord
from breachwatch.report.quantities import counted
from breachwatch.report.text import visible

_MATCHES_SHOWN = 6
_VALUE_CHARS = 160


def reasons(alert: AlertRecord) -> Iterator[Text]:
    """What matched, a line each: `selection_cli: CommandLine contains 'mimikatz' in evil.exe -x mimikatz`."""
    if len(alert.parts) > 1:
        yield Text("  ".join(_part(part) for part in alert.parts))
    # Ten failed sign-ins match by the same test of the same selection; it is told once.
    once: dict[tuple[str, str, str], Match] = {}
    for match in alert.matched:
        once.setdefault((match.rule_id, str(match), match.value if not alert.parts else ""), match)
    for match in list(once.values())[:_MATCHES_SHOWN]:
        yield _line(match)
    if len(once) > _MATCHES_SHOWN:
        yield Text(f"and {len(once) - _MATCHES_SHOWN} more tests; --json shows all", style="dim")


def _part(part: Part) -> str:
    return f"{visible(part.rule_title, 80)}: {counted(len(part.event_ids), 'event')};"


def _line(match: Match) -> Text:
    said = visible(str(match), 200)
    if not match.value or match.value.casefold() == match.pattern.casefold():
        return Text(said)
    return Text.assemble(said, ("  in  ", "dim"), highlighted(match))


def highlighted(match: Match) -> Text:
    """The value with what matched in bold; everything of it harmless."""
    before, found, after = (visible(piece) for piece in pieces(match.value, match.found))
    shown = Text.assemble(before, (found, "bold"), after)
    shown.truncate(_VALUE_CHARS, overflow="ellipsis")
    return shown


def pieces(text: str, found: str) -> tuple[str, str, str]:
    """A text before, in and after the first place where `found` stands; all of it before where it does not."""
    at = text.find(found) if found else -1
    return (text[:at], found, text[at + len(found) :]) if at >= 0 else (text, "", "")
