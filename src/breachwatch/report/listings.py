"""Sources, rules and snapshots as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.model.finding import Level, Outcome
from breachwatch.report.quantities import counted, day_and_time, number
from breachwatch.report.tables import level_text, table
from breachwatch.report.text import safe

_OUTCOME_STYLES = {
    Outcome.MATCHED: "bold",
    Outcome.NO_MATCH: "",
    Outcome.NOT_APPLICABLE: "dim",
    Outcome.COULD_NOT_RUN: "bold yellow",
}


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source as the settings and the catalog know it; times are aware UTC.

    `configured` is False where only the catalog remembers it.
    """

    name: str
    kind: str
    format: str
    paths: tuple[str, ...]
    enabled: bool
    optional: bool
    configured: bool
    segments: int
    waiting: int
    lost: int
    records: int
    rows: int
    rejects: int
    last_event: datetime | None
    last_landed: datetime | None


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule and how it ended the last run; `outcome` is None where it has not run yet."""

    rule_id: str
    title: str
    level: Level
    where: str  # the file it was read from, or the log source it needs
    outcome: Outcome | None
    findings: int
    reason: str


def sources_page(lines: Sequence[SourceLine], zone: ZoneInfo) -> RenderableType:
    """What is collected and what came of it."""
    if not lines:
        return Text("No source is configured. Add [[sources]] to breachwatch.toml.")
    shown = table(
        *("source", "format", "records", "rows", "rejects", "newest event", "note"),
        right=("records", "rows", "rejects"),
        flexible="note",
    )
    for line in lines:
        counts = (Text(number(value)) for value in (line.records, line.rows, line.rejects))
        newest = Text(day_and_time(line.last_event, zone)) if line.last_event else Text("none", style="dim")
        kind = line.kind if line.kind != "files" else line.format
        shown.add_row(safe(line.name), safe(kind), *counts, newest, _note(line))
    return shown


def _note(line: SourceLine) -> Text:
    if not line.configured:
        return Text("no longer in the settings", style="dim")
    if not line.enabled:
        return Text("not enabled", style="dim")
    told = []
    if line.lost:
        told.append(f"{counted(line.lost, 'segment')} lost before they could be read")
    if line.waiting:
        told.append(f"{counted(line.waiting, 'segment')} waiting")
    if not line.segments:
        told.append("nothing collected yet" + (", optional" if line.optional else ""))
    return Text("; ".join(told), style="bold yellow" if line.lost else "dim")


def rules_page(lines: Sequence[RuleLine], *, shown_of: int | None = None) -> RenderableType:
    """Rules with how they ended the last run."""
    if not lines:
        return Text("No rule fits. `breachwatch rules list` shows all.")
    shown = table("level", "rule", "last run", "findings", "id", right=("findings",), flexible="rule")
    for line in lines:
        title = safe(line.title, longest=200)
        if line.reason:
            title = Text.assemble(title, "\n", safe(line.reason, "dim", 300))
        ended = (
            Text("not run yet", "dim")
            if line.outcome is None
            else Text(str(line.outcome), _OUTCOME_STYLES[line.outcome])
        )
        findings = Text(number(line.findings) if line.findings else "", "bold")
        shown.add_row(level_text(line.level), title, ended, findings, safe(line.rule_id, "dim"))
    counts = Counter(line.outcome for line in lines)
    told = ", ".join(f"{number(counts[outcome])} {outcome}" for outcome in Outcome if counts[outcome])
    total = f"{counted(len(lines), 'rule')}{f' of {shown_of}' if shown_of and shown_of != len(lines) else ''}"
    return Group(shown, Text(f"{total}{f': {told}' if told else ''}", style="dim"))
