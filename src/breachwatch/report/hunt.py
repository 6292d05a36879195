"""What a hunt found, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.model.finding import OUR_AUTHOR, Finding, Level, Outcome, RuleOutcome, Scan
from breachwatch.model.incident import PreservationFailure, Snapshot
from breachwatch.report.next_steps import command
from breachwatch.report.quantities import counted, number, span
from breachwatch.report.tables import heading, indented, level_text, table, typed
from breachwatch.report.text import safe, visible

_FINDINGS_SHOWN = 200
_RULES_SHOWN = 20
_ENTITIES_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording a hunt's findings gave."""

    new_alerts: int
    known_alerts: int
    new_incidents: tuple[str, ...]
    extended_incidents: tuple[str, ...]
    snapshots: tuple[Snapshot, ...]
    failures: tuple[PreservationFailure, ...]


def hunt_page(scan: Scan, zone: ZoneInfo, workspace: Path, recorded: Recorded | None) -> RenderableType:
    """Findings in order of time, how each rule ended, and what was recorded (None: nothing was asked to be)."""
    return Group(
        *_findings(scan.findings, zone),
        *_authors(scan.outcomes),
        *_rules(scan.outcomes),
        Text(
            f"\n{counted(len(scan.findings), 'finding')} in {counted(scan.events_in_window, 'event')}, "
            f"{span(scan.window.start, scan.window.end, zone)}",
            style="bold",
        ),
        *(_not_recorded(scan) if recorded is None else _recorded(recorded, workspace)),
    )


def _findings(findings: Sequence[Finding], zone: ZoneInfo) -> Iterator[RenderableType]:
    if not findings:
        return
    shown = table("time", "level", "rule", "who and where", "events", right=("events",), flexible="who and where")
    for found in findings[:_FINDINGS_SHOWN]:
        shown.add_row(
            Text(span(found.first_time, found.last_time, zone)),
            level_text(found.level),
            safe(found.rule_title, longest=200),
            Text(_who(found)),
            Text(number(found.event_count)),
        )
    yield shown
    if len(findings) > _FINDINGS_SHOWN:
        rest = counted(len(findings) - _FINDINGS_SHOWN, "more finding")
        yield Text(f"and {rest}; --json shows all", style="dim")


def _authors(outcomes: Sequence[RuleOutcome]) -> Iterator[RenderableType]:
    """Who wrote the rules that matched: a rule's licence may demand that a message about its match says so."""
    for item in outcomes:
        if item.outcome is Outcome.MATCHED and item.author not in {"", OUR_AUTHOR}:
            yield Text.assemble(safe(item.title, "dim", 80), safe(f"  rule by {item.author}", "dim", 200))


def _who(found: Finding) -> str:
    names = [visible(entity.value, 40) for entity in found.entities]
    more = f" +{len(names) - _ENTITIES_SHOWN}" if len(names) > _ENTITIES_SHOWN else ""
    return ", ".join(names[:_ENTITIES_SHOWN]) + more


def _rules(outcomes: Sequence[RuleOutcome]) -> Iterator[RenderableType]:
    """The rules that found nothing, and why; those that could not run first."""
    quiet = [item for item in outcomes if item.outcome is not Outcome.MATCHED or item.reason]
    if not quiet:
        return
    yield heading("Rules")
    quiet.sort(key=lambda item: (item.outcome is not Outcome.COULD_NOT_RUN, -Level(item.level), item.title))
    for item in quiet[:_RULES_SHOWN]:
        style = "bold yellow" if item.outcome is Outcome.COULD_NOT_RUN else "dim"
        reason = f": {visible(item.reason, 400)}" if item.reason else ""
        yield indented(Text.assemble(safe(item.title, longest=120), "  ", (f"{item.outcome}{reason}", style)))
    if len(quiet) > _RULES_SHOWN:
        yield indented(Text(f"and {counted(len(quiet) - _RULES_SHOWN, 'more rule')}; --json shows all", style="dim"))


def _not_recorded(scan: Scan) -> Iterator[RenderableType]:
    if scan.findings:
        yield Text("Nothing was recorded. The same command with --open makes them alerts and seals their evidence.")


def _recorded(done: Recorded, workspace: Path) -> Iterator[RenderableType]:
    known = f", {number(done.known_alerts)} were known" if done.known_alerts else ""
    yield Text(f"Recorded {counted(done.new_alerts, 'new alert')}{known}.")
    for name, numbers in (("opened", done.new_incidents), ("extended", done.extended_incidents)):
        if numbers:
            yield Text(f"{counted(len(numbers), 'incident')} {name}: {visible(', '.join(numbers), 400)}")
    if done.snapshots:
        yield Text(f"{counted(len(done.snapshots), 'snapshot')} of evidence sealed")
    for failure in done.failures:
        yield safe(f"{failure.incident}: the evidence could not be sealed: {failure.reason}", "bold red", longest=600)
    if done.new_incidents or done.extended_incidents:
        yield typed(visible(command("queue", workspace=workspace)), "what waits for you")
