"""The summary of a run or a hunt as Markdown, for Prefect's artifact: counts, names from the settings, ids and levels.

Nothing that came from a log is in it, no account, address, path or message: Prefect keeps artifacts in its database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from breachwatch.model.finding import Outcome, Scan
from breachwatch.model.summary import RunSummary
from breachwatch.report.quantities import length, number, size
from breachwatch.report.text import markdown


def summary_markdown(summary: RunSummary) -> str:
    """The summary of one run as a Markdown document."""
    took = length(summary.finished_at - summary.started_at)
    parts = [
        f"# Night of {summary.night.date.isoformat()}: {summary.state}",
        f"Run {markdown(summary.run_id)}, {took}, events until {summary.night.until:%Y-%m-%d %H:%M} UTC.",
        _sources(summary),
        _rules(summary),
        "## Incidents",
        _found(summary),
    ]
    if summary.snapshots:
        rows = [
            (item.incident, item.number, number(item.events), size(item.bytes), f"`{item.tagmanifest_sha256}`")
            for item in summary.snapshots
        ]
        parts.append(_table(("incident", "evidence", "events", "size", "tag manifest SHA-256"), rows, raw_last=True))
    if summary.failures:
        parts.append(f"**Preservation failed** for {_named([item.incident for item in summary.failures])}.")
    if summary.vouched.ledger:
        parts.append(f"Ledger {markdown(summary.vouched.ledger)}: `{summary.vouched.ledger_sha256}`")
    if summary.vouched.not_verified:
        parts.append(f"**Evidence does not verify**: {_named(summary.vouched.not_verified)}.")
    parts.append("Details, with accounts and addresses, stay in the workspace: `breachwatch queue`.")
    return "\n\n".join(parts) + "\n"


def hunt_markdown(scan: Scan) -> str:
    """What a hunt found, by rule, as a Markdown document."""
    rows = [
        (item.title, str(item.level), str(item.outcome), number(item.findings))
        for item in sorted(scan.outcomes, key=lambda item: (-item.findings, -item.level, item.title))
    ]
    times = f"{scan.window.start:%Y-%m-%d %H:%M} to {scan.window.end:%Y-%m-%d %H:%M} UTC"
    told = f"{number(len(scan.findings))} findings in {number(scan.events_in_window)} events, {times}."
    return "\n\n".join(["# Hunt", told, _table(("rule", "level", "ended", "findings"), rows)]) + "\n"


def _sources(summary: RunSummary) -> str:
    rows = [
        (
            item.source,
            number(item.files),
            number(item.records),
            number(item.rows),
            number(item.rejects),
            _how(item.failed is not None, len(item.problems)),
        )
        for item in summary.sources
    ]
    return "## Sources\n\n" + _table(("source", "files", "records", "rows", "rejects", ""), rows)


def _found(summary: RunSummary) -> str:
    alerts = f"Alerts: {number(summary.new_alerts)} new, {number(summary.known_alerts)} known."
    return f"{alerts} New incidents: {_named(summary.new_incidents)}. Extended: {_named(summary.extended_incidents)}."


def _how(failed: bool, problems: int) -> str:
    said = ["broke off"] if failed else []
    return ", ".join([*said, *([f"{problems} problem(s)"] if problems else [])])


def _rules(summary: RunSummary) -> str:
    counts = Counter(outcome.outcome for outcome in summary.outcomes)
    told = ", ".join(f"{number(counts[outcome])} {outcome}" for outcome in Outcome)
    text = f"## Rules\n\n{number(len(summary.outcomes))} rules over {number(summary.events_searched)} events: {told}."
    matched = [item for item in summary.outcomes if item.outcome is Outcome.MATCHED]
    if not matched:
        return text
    rows = [
        (str(item.level), item.title, item.rule_id, number(item.findings))
        for item in sorted(matched, key=lambda item: (-item.level, item.title))
    ]
    return f"{text}\n\n{_table(('level', 'rule', 'id', 'findings'), rows)}"


def _named(names: Iterable[str]) -> str:
    return ", ".join(markdown(name) for name in names) or "none"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, raw_last: bool = False) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        cells = [markdown(cell, 200) for cell in row]
        if raw_last:
            cells[-1] = row[-1]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
