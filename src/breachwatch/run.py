"""The nightly run: the stage calls, top to bottom.

`run` does a whole night without a server. `pipelines/nightly.py` wraps the same steps (`begin`, `ingest`, `search`,
`preserve`, `tend`, `vouch`, `finish`) in Prefect tasks; both leave the same lake and the same incidents.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from breachwatch import collect, detect, evidence, incidents, notify
from breachwatch.arrow import leave_pandas_out
from breachwatch.detect.hiding import hidden_by_filters
from breachwatch.errors import BreachwatchError, explain
from breachwatch.evidence import disposal, holds, vouching
from breachwatch.lake import care
from breachwatch.landing import land_all
from breachwatch.model.finding import Outcome, RuleOutcome, Scan
from breachwatch.model.incident import Opened, PreservationFailure, Snapshot, ToPreserve
from breachwatch.model.night import Night
from breachwatch.model.people import program
from breachwatch.model.segment import Landed, Problem
from breachwatch.model.summary import Hidden, RunState, RunSummary, SourceReport, Upkeep, Vouched
from breachwatch.records import catalog
from breachwatch.respond.duties.board import keep_readings
from breachwatch.respond.intake.triage import finish as finish_reports
from breachwatch.workspace import Workspace

Progress = Callable[[str, int, int], None]
"""Called with (what, done, total) while long work goes on; total 0 means not known."""


def no_progress(what: str, done: int, total: int) -> None:
    """A `Progress` that stays quiet."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that has begun: its id, night and start (aware UTC)."""

    run_id: str
    night: Night
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Searched:
    """What searching the lake gave: counts, rule outcomes, and what the evidence stage must seal."""

    events: int
    outcomes: tuple[RuleOutcome, ...]
    new_alerts: int
    known_alerts: int
    new_incidents: tuple[str, ...]
    extended_incidents: tuple[str, ...]
    to_preserve: tuple[ToPreserve, ...]
    hidden: tuple[Hidden, ...] = ()  # by filters, in the last day


def run(ws: Workspace, night: Night | None = None, progress: Progress = no_progress) -> RunSummary:
    """Do one night: collect, parse, land, search, open incidents, seal their evidence."""
    begun = begin(ws, night)
    try:
        sources = [source.name for source in ws.settings.sources if source.enabled]
        with ThreadPoolExecutor(max_workers=ws.settings.run.parallel_sources) as pool:
            reports = list(pool.map(lambda name: ingest_or_report(ws, name, progress), sources))
        searched = search(ws, begun, progress)
        sealed = [preserve(ws, begun, job) for job in searched.to_preserve]
    except BaseException as error:
        record_failure(ws, begun, error)
        raise
    return finish(ws, begun, reports, searched, sealed, (tend(ws), vouch(ws, begun)))


def begin(ws: Workspace, night: Night | None = None) -> Begun:
    """Enter a run into the records. Without a night it is the one scheduled for now."""
    leave_pandas_out()
    now = ws.clock.now()
    night = night or Night.scheduled_at(now, ws.settings.city.zone)
    begun = Begun(f"run-{night.date:%Y%m%d}-{uuid.uuid4().hex[:8]}", night, now)
    with ws.database.write() as connection:
        connection.execute(
            catalog.run.insert().values(
                run_id=begun.run_id,
                night=night.date.isoformat(),
                until=night.until,
                state=RunState.RUNNING.value,
                started_at=now,
            )
        )
    return begun


def ingest(ws: Workspace, source_name: str, progress: Progress = no_progress) -> SourceReport:
    """Collect one source, then parse and land its segments. One run at a time per source; others wait.

    Raises TransientError where trying again may help, other BreachwatchError where it does not.
    """
    source = ws.settings.source(source_name)
    with ws.lock(f"source-{source.name}"):
        collected = collect.collect(ws, source)
        total = len(collected.segment_ids)
        landed, unlanded = land_all(
            ws, source.name, collected.segment_ids, lambda done: progress(source.name, done, total)
        )
        problems = [*collected.problems, *unlanded]
    return _report(collected.source, collected.files, collected.bytes, landed, problems)


def ingest_or_report(ws: Workspace, source_name: str, progress: Progress = no_progress) -> SourceReport:
    """`ingest`, with an error turned into a report: one failing source does not stop the others."""
    try:
        return ingest(ws, source_name, progress)
    except Exception as error:  # noqa: BLE001  nothing is swallowed: the summary says it, and the run is partial
        return failed_source(source_name, explain(error))


def failed_source(source_name: str, reason: str) -> SourceReport:
    """The report of a source that broke off."""
    return SourceReport(source_name, 0, 0, 0, 0, 0, 0, failed=reason)


def search(ws: Workspace, begun: Begun, progress: Progress = no_progress) -> Searched:
    """Run the rules over what is new (and the look-back), record alerts, open incidents.

    The findings and the mark "these files are searched" are recorded in one transaction: killed before it, the next run
    searches again; killed after it, the next run finds the incidents waiting for their evidence.
    """
    with ws.lock("search"):
        scan = detect.scan(ws, begun.night.until, progress)
        found = _recorded(scan, incidents.record(ws, scan, begun.run_id))
    return replace(found, hidden=hidden_by_filters(ws, begun.night.until))


def begin_hunt(ws: Workspace) -> Begun:
    """A run that only records what a hunt found. It is no night, and is not entered among the runs."""
    now = ws.clock.now()
    night = Night.scheduled_at(now, ws.settings.city.zone)
    return Begun(f"hunt-{night.date:%Y%m%d}-{uuid.uuid4().hex[:8]}", night, now)


def begin_by_itself(ws: Workspace, night: Night, what: str) -> Begun:
    """A part of a night that is done by itself, and is not entered among the runs; `what` begins its id."""
    return Begun(f"{what}-{night.date:%Y%m%d}-{uuid.uuid4().hex[:8]}", night, ws.clock.now())


def record_hunt(ws: Workspace, begun: Begun, scan: Scan) -> Searched:
    """Record what a hunt found as alerts and incidents, as a night does; what is known already adds nothing."""
    with ws.lock("search"):
        return _recorded(scan, incidents.record(ws, scan, begun.run_id))


def _recorded(scan: Scan, opened: Opened) -> Searched:
    return Searched(
        events=scan.events_in_window,
        outcomes=scan.outcomes,
        new_alerts=opened.new_alerts,
        known_alerts=opened.known_alerts,
        new_incidents=opened.new_incidents,
        extended_incidents=opened.extended_incidents,
        to_preserve=opened.to_preserve,
    )


def preserve(ws: Workspace, begun: Begun, job: ToPreserve) -> Snapshot | PreservationFailure:
    """Seal the evidence of one incident. A failure is recorded on the incident, loudly, and returned."""
    with ws.lock("vault"):
        return evidence.preserve(ws, job, begun.run_id)


def tend(ws: Workspace) -> Upkeep:
    """Keep to retention and merge small files, now that all is searched and sealed, and mend what killed runs left.

    What fails is told, not raised.
    """
    upkeep = care.tend(ws)
    try:
        mended = evidence.sweep(ws)
    except (BreachwatchError, OSError) as error:
        return replace(upkeep, problems=(*upkeep.problems, f"sweeping the vault: {explain(error)}"))
    return replace(upkeep, mended=tuple(f"{item.what} {item.deed}: {item.why}" for item in mended))


def vouch(ws: Workspace, begun: Begun) -> Vouched:
    """Verify some evidence again, stamp, write the night's ledger, send it. What fails is told, not raised."""
    return vouching.vouch(ws, begun.night, begun.run_id)


def round_off(ws: Workspace) -> tuple[str, ...]:
    """What follows a run: reports are sealed, holds look at new evidence, disposals end, clocks are read, people told.

    Nothing of it can spoil the night, which is recorded by then; what went wrong is returned in sentences.
    """
    by = program()
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("reports", lambda: finish_reports(ws)),
        ("disposals", lambda: disposal.sweep(ws)),
        ("disposals of files", lambda: _finish_files(ws)),
        ("holds", lambda: holds.cover(ws, by=by)),
        ("legal clocks", lambda: keep_readings(ws, because="the night")),
        ("the morning digest", lambda: ws.settings.notify.digest_time or notify.enter_digest(ws)),
        ("notifications", lambda: notify.send(ws)),
    )
    problems: list[str] = []
    for what, step in steps:
        try:
            done = step()
        except Exception as error:  # noqa: BLE001  nothing is swallowed: the caller says it
            problems.append(f"{what}: {explain(error)}")
        else:
            problems += done.errors if isinstance(done, notify.Sent) else ()
    return tuple(problems)


def _finish_files(ws: Workspace) -> None:
    from breachwatch.respond.retention.carrying import sweep  # brings all that makes papers: only for this

    sweep(ws, by=program())


def finish(
    ws: Workspace,
    begun: Begun,
    reports: Sequence[SourceReport],
    searched: Searched,
    sealed: Sequence[Snapshot | PreservationFailure],
    afterwards: tuple[Upkeep, Vouched] | None = None,
) -> RunSummary:
    """Sum up the run and record the summary; `afterwards` is what `tend` and `vouch` gave."""
    upkeep, vouched = afterwards or (Upkeep(), Vouched())
    summary = RunSummary(
        run_id=begun.run_id,
        night=begun.night,
        state=RunState.COMPLETED,
        started_at=begun.started_at,
        finished_at=ws.clock.now(),
        sources=tuple(reports),
        outcomes=searched.outcomes,
        events_searched=searched.events,
        new_alerts=searched.new_alerts,
        known_alerts=searched.known_alerts,
        new_incidents=searched.new_incidents,
        extended_incidents=searched.extended_incidents,
        snapshots=tuple(item for item in sealed if isinstance(item, Snapshot)),
        failures=tuple(item for item in sealed if isinstance(item, PreservationFailure)),
        workspace=str(ws.root),
        vault=str(ws.vault),
        upkeep=upkeep,
        vouched=vouched,
        hidden=searched.hidden,
    )
    if _left_something_out(ws, summary):
        summary = replace(summary, state=RunState.PARTIAL)
    _record(ws, begun.run_id, summary.state, summary.finished_at, to_json(summary))
    return summary


def record_failure(ws: Workspace, begun: Begun, error: BaseException) -> None:
    """Record that the run broke off, with the reason. Of an unexpected one kind and place: no log content."""
    _record(ws, begun.run_id, RunState.FAILED, ws.clock.now(), json.dumps({"error": explain(error)}))


def to_json(summary: RunSummary) -> str:
    """The summary as JSON; times as ISO 8601 with their zone."""
    return json.dumps(asdict(summary), default=_plain, ensure_ascii=False)


def _plain(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def _record(ws: Workspace, run_id: str, state: RunState, at: datetime, summary: str) -> None:
    with ws.database.write() as connection:
        connection.execute(
            catalog.run.update()
            .where(catalog.run.c.run_id == run_id)
            .values(state=state.value, finished_at=at, summary=summary)
        )


def _left_something_out(ws: Workspace, summary: RunSummary) -> bool:
    """Whether logs, evidence or a rule were left out: a rule that cannot run finds nothing, whatever happens.

    Not for rules that wait for values only the city can give, and texts that are no rules: packs of public rules hold
    some, and an alarm that comes every night is not heard.
    """
    optional = {source.name for source in ws.settings.sources if source.optional}
    broken = (item for item in summary.outcomes if item.outcome is Outcome.COULD_NOT_RUN and not item.excused)
    if summary.failures or summary.upkeep.problems or summary.vouched.problems or any(broken):
        return True
    return any(
        report.failed or any(problem.lost_data for problem in report.problems)
        for report in summary.sources
        if report.failed is None or report.source not in optional
    )


def _report(source: str, files: int, size: int, landed: Sequence[Landed], problems: Sequence[Problem]) -> SourceReport:
    by_dataset: dict[str, int] = {}
    for item in landed:
        for dataset, rows in item.by_dataset:
            by_dataset[dataset] = by_dataset.get(dataset, 0) + rows
    return SourceReport(
        source=source,
        files=files,
        segments=len(landed),
        bytes=size,
        records=sum(item.records for item in landed),
        rows=sum(item.rows for item in landed),
        rejects=sum(item.rejects for item in landed),
        by_dataset=tuple(sorted(by_dataset.items())),
        problems=tuple(problems),
    )
