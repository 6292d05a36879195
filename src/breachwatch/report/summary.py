"""The run's summary on a terminal: what came in, what the rules said, what was opened and sealed, what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.model.finding import OUR_AUTHOR, Outcome
from breachwatch.model.summary import RunState, RunSummary
from breachwatch.report.next_steps import command
from breachwatch.report.problems import troubles
from breachwatch.report.quantities import counted, day_and_time, length, number, size
from breachwatch.report.tables import heading, indented, level_text, table, typed
from breachwatch.report.text import safe, visible

_STATE_STYLES = {RunState.COMPLETED: "bold green", RunState.PARTIAL: "bold yellow", RunState.FAILED: "bold red"}
_SHOWN = 10  # matched rules, snapshots and problems on one screen; the rest is counted and has its own command


def summary_page(summary: RunSummary, zone: ZoneInfo) -> RenderableType:
    """The whole summary; times in `zone`."""
    return Group(*_head(summary, zone), *_sources(summary), *_rules(summary), *_found(summary), *_upkeep(summary),
                 *_vouched(summary), *_problems(summary), *_next(summary))  # fmt: skip


def _head(summary: RunSummary, zone: ZoneInfo) -> Iterator[RenderableType]:
    took = length(summary.finished_at - summary.started_at)
    yield Text.assemble(
        (f"Night of {summary.night.date:%a %Y-%m-%d}: ", "bold"),
        (summary.state.value, _STATE_STYLES.get(summary.state, "bold")),
        f" in {took}",
    )
    yield Text(f"{summary.run_id}, events until {day_and_time(summary.night.until, zone)}", style="dim")


def _sources(summary: RunSummary) -> Iterator[RenderableType]:
    yield heading("Sources")
    if not summary.sources:
        yield indented(Text("none is enabled. Add [[sources]] to breachwatch.toml."))
        return
    shown = table("source", "files", "records", "rows", "rejects", "", right=("files", "records", "rows", "rejects"))
    for item in summary.sources:
        note = Text("broke off", "bold yellow") if item.failed is not None else Text(_datasets(item.by_dataset), "dim")
        counts = (item.files, item.records, item.rows, item.rejects)
        shown.add_row(safe(item.source), *(Text(number(value)) for value in counts), note)
    if len(summary.sources) > 1:
        totals = [
            sum(getattr(item, name) for item in summary.sources) for name in ("files", "records", "rows", "rejects")
        ]
        shown.add_row(Text("together", "bold"), *(Text(number(value), "bold") for value in totals), Text())
    yield indented(shown)


def _datasets(by_dataset: tuple[tuple[str, int], ...]) -> str:
    return ", ".join(name for name, _ in by_dataset)


def _rules(summary: RunSummary) -> Iterator[RenderableType]:
    counts = Counter(outcome.outcome for outcome in summary.outcomes)
    told = ", ".join(f"{number(counts[outcome])} {outcome}" for outcome in Outcome)
    yield heading("Rules")
    over = f"{counted(len(summary.outcomes), 'rule')} over {counted(summary.events_searched, 'event')}: {told}"
    yield indented(Text(over))
    unknown = sum(bool(item.unknown_fields) for item in summary.outcomes)
    if unknown:
        named = f"{counted(unknown, 'rule names', 'rules name')} fields that no event had"
        yield indented(Text(f"{named}: `breachwatch rules list --unknown-fields`", style="dim"))
    matched = sorted(
        (item for item in summary.outcomes if item.outcome is Outcome.MATCHED),
        key=lambda item: (-item.level, item.title),
    )
    if matched:
        shown = table("level", "matched rule", "findings", right=("findings",))
        for item in matched[:_SHOWN]:
            title = safe(item.title, longest=200)
            if item.author not in {"", OUR_AUTHOR}:
                title = Text.assemble(title, safe(f"  by {item.author}", "dim", 200))
            shown.add_row(level_text(item.level), title, Text(number(item.findings)))
        yield indented(shown)
        yield from _more(len(matched) - _SHOWN, "matched rule", "`breachwatch rules list`")
    yield from _hidden(summary)


def _hidden(summary: RunSummary) -> Iterator[RenderableType]:
    """What filters hid: counted, because nothing that was searched for is silent."""
    for item in summary.hidden[:_SHOWN]:
        about = f"hid {counted(item.events, 'event')} of {counted(item.rules, 'rule')} in the last day"
        owner = f" (owner: {visible(item.owner, 60)})" if item.owner else ""
        said = about if not item.problem else visible(item.problem, 200)
        yield indented(Text(f"filter {visible(item.title, 90)}{owner}: {said}", style="dim"))
    yield from _more(len(summary.hidden) - _SHOWN, "filter", "`breachwatch run --json` tells all")


def _found(summary: RunSummary) -> Iterator[RenderableType]:
    yield heading("Alerts and incidents")
    yield indented(
        Text(f"{counted(summary.new_alerts, 'new alert')}, {number(summary.known_alerts)} known from before")
    )
    opened = f"{counted(len(summary.new_incidents), 'new incident')}"
    yield indented(Text(f"{opened}{_names(summary.new_incidents)}"))
    if summary.extended_incidents:
        grown = counted(len(summary.extended_incidents), "incident")
        yield indented(Text(f"{grown} went on{_names(summary.extended_incidents)}"))
    yield heading("Evidence")
    yield indented(Text(f"in {visible(summary.vault)}"))
    if summary.snapshots:
        shown = table("incident", "snapshot", "events", "size", right=("events", "size"))
        for item in summary.snapshots[:_SHOWN]:
            shown.add_row(safe(item.incident), safe(item.number), Text(number(item.events)), Text(size(item.bytes)))
        yield indented(shown)
        yield from _more(len(summary.snapshots) - _SHOWN, "snapshot", "`breachwatch evidence list`")
    else:
        yield indented(Text("nothing new to seal"))


def _names(numbers: tuple[str, ...]) -> str:
    if not numbers:
        return ""
    shown = ", ".join(numbers[:5])
    return f": {shown}" + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")


def _more(rest: int, what: str, where: str) -> Iterator[RenderableType]:
    if rest > 0:
        yield indented(Text(f"and {counted(rest, f'more {what}')}: {where}", style="dim"))


def _upkeep(summary: RunSummary) -> Iterator[RenderableType]:
    done = summary.upkeep
    told = []
    if done.disposed_files or done.disposed_segments:
        what = f"{counted(done.disposed_files, 'lake file')} and {counted(done.disposed_segments, 'stored segment')}"
        told.append(f"{what} past their period disposed of")
    if done.kept_files:
        told.append(f"{counted(done.kept_files, 'file')} past their period kept by holds and open incidents")
    if done.merged_files:
        told.append(f"{counted(done.merged_files, 'small file')} merged into {number(done.merged_into)}")
    if told:
        yield heading("Lake")
        yield indented(Text("; ".join(told)))
    if done.mended:
        yield heading("Mended, after runs that were killed")
        yield from (indented(safe(item, longest=1000)) for item in done.mended)


def _vouched(summary: RunSummary) -> Iterator[RenderableType]:
    done = summary.vouched
    told = []
    if done.verified:
        good = done.verified - len(done.not_verified)
        told.append(f"{number(good)} of {counted(done.verified, 'snapshot')} verified again")
    if done.stamped or done.unstamped:
        waiting = f", {number(done.unstamped)} waiting" if done.unstamped else ""
        told.append(f"{counted(done.stamped, 'time stamp')}{waiting}")
    if done.ledger:
        told.append(f"ledger {done.ledger} {done.ledger_sha256[:16]}")
    if done.sent:
        told.append(f"sent by {', '.join(sorted({item.partition(':')[0] for item in done.sent}))}")
    if told:
        yield heading("Trust")
        yield indented(Text("; ".join(told)))


def _problems(summary: RunSummary) -> Iterator[RenderableType]:
    found = troubles(summary)
    if not found:
        return
    yield heading("Problems")
    for item in found[:_SHOWN]:
        mark = ("! ", "bold yellow") if item.serious else ("- ", "dim")
        yield indented(Text.assemble(mark, (visible(item.about), "bold"), f": {visible(item.text, 500)}"))
    yield from _more(len(found) - _SHOWN, "problem", "`breachwatch run --json` tells all")


def _next(summary: RunSummary) -> Iterator[RenderableType]:
    root = Path(summary.workspace)
    steps = [(command("queue", workspace=root), "what waits for you")]
    first = next(iter((*summary.new_incidents, *summary.extended_incidents)), None)
    if first:
        steps.append((command("incident", "show", first, workspace=root), "why it fired, and who took part"))
    if summary.snapshots:
        steps.append((command("evidence", "verify", "--all", workspace=root), "that nothing was changed since"))
    steps.append((command("sources", workspace=root), "what is collected"))
    yield heading("What to type next")
    longest = max(len(step) for step, _ in steps)
    for step, why in steps:
        yield typed(visible(step).ljust(longest), why)
