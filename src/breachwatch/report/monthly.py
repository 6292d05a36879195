"""The monthly report to council: what happened, how fast the city was, which deadlines it kept. It names nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from breachwatch.documents import Block, Bullets, Document, Heading, Paragraph, Table
from breachwatch.model.finding import Level
from breachwatch.model.summary import RunState
from breachwatch.report.plots import alerts_plot, clocks_plot, incidents_plot
from breachwatch.report.quantities import counted, day_and_time
from breachwatch.respond.metrics.compliance import Kept
from breachwatch.respond.metrics.measuring import Metrics
from breachwatch.respond.metrics.spread import Spread
from breachwatch.respond.metrics.times import DEFINITIONS, Measure

_RULES = 10
_WORDS = {
    Measure.DETECT: "Noticed after it began",
    Measure.ACKNOWLEDGE: "Taken up by somebody after it was noticed",
    Measure.CONTAIN: "Further loss prevented after it was noticed",
    Measure.DECIDE: "Counsel decided what the law asks, after it was noticed",
    Measure.RECOVER: "Everything ran again after it was noticed",
}


def monthly_report(month: Metrics, year: Metrics, city: str) -> Document:
    """The report of a month, with the twelve months that end with it for comparison. Times in the city's zone."""
    name = f"{month.period.first_day:%B %Y}"
    blocks: list[Block] = [
        *_in_short(month),
        *_incidents(month, year),
        *_speed(month, year),
        *_deadlines(month),
        *_alarms(month),
        *_logs(month),
        *_counting(month),
    ]
    at = max(month.period.since, min(month.period.until, month.as_of))
    return Document(
        f"Security incidents in {name}", blocks, at, author=city, footer=f"{city} · {name}", letterhead=[city]
    )


def lasted(seconds: float | None) -> str:
    """`3 days 4 hours`, `25 minutes`; `not measured` for None."""
    if seconds is None:
        return "not measured"
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    days, rest = divmod(minutes, 24 * 60)
    parts = [(days, "day"), (rest // 60, "hour"), (rest % 60 if not days else 0, "minute")]
    return " ".join(counted(value, unit) for value, unit in parts if value)


def _in_short(month: Metrics) -> Iterator[Block]:
    yield Heading("In short")
    more = (
        f" {counted(month.dismissed, 'more was', 'more were')} looked into and needed none." if month.dismissed else ""
    )
    lines = [f"{counted(month.incidents, 'incident')} needed a response.{more}"]
    for measure, told in ((Measure.ACKNOWLEDGE, "taken up"), (Measure.CONTAIN, "contained")):
        found = month.times[measure]
        half, most = lasted(found.median), lasted(found.percentile_90)
        if found.measured == 1:
            which = "It" if month.incidents == 1 else "One"
            lines.append(f"{which} was {told} within {half}.{_left_out(found)}")
        elif found.measured:
            lines.append(f"Half of them were {told} within {half}, nine of ten within {most}.{_left_out(found)}")
    counted_ones = sum(month.clocks[kind] for kind in (Kept.BEFORE_SAFE, Kept.BEFORE_LATEST, Kept.MISSED))
    missed = month.clocks[Kept.MISSED]
    if counted_ones:
        kept = f"{counted_ones - missed} of {counted(counted_ones, 'legal deadline')} that ended were kept"
        lines.append(f"{kept}; {counted(missed, 'was', 'were')} missed." if missed else f"{kept}.")
    else:
        lines.append("No legal deadline ended.")
    nights = month.nights
    whole = sum(night.state is RunState.COMPLETED for night in nights.nights)
    lines.append(
        f"Logs were searched in {counted(len(nights.nights), 'night')}, {whole} of them without anything left out."
    )
    yield Bullets(lines)


def _left_out(found: Spread) -> str:
    return f" For {found.not_measured} it was not recorded." if found.not_measured else ""


def _incidents(month: Metrics, year: Metrics) -> Iterator[Block]:
    yield Heading("Incidents")
    yield Paragraph(
        "An incident is what people looked into because a rule fired on the city's logs, or because somebody reported "
        "it. Two that turned out to be one are counted once."
    )
    if year.incidents:
        yield incidents_plot(year.by_month_and_severity)
    levels = sorted(Level, reverse=True)
    rows = [
        [_month(name), *(str(found.get(level, 0)) for level in levels), str(sum(found.values()))]
        for name, found in year.by_month_and_severity.items()
    ]
    yield Table(["Month", *(str(level).capitalize() for level in levels), "Together"], rows)
    if month.merged:
        yield Paragraph(f"{counted(month.merged, 'more was', 'more were')} found to be part of others.")


def _speed(month: Metrics, year: Metrics) -> Iterator[Block]:
    yield Heading("How fast the city was")
    yield Paragraph(
        "Half of the incidents took no longer than the middle value, nine of ten no longer than the other. What was "
        "not recorded is not measured, and never counts as nothing."
    )
    rows = [
        [_WORDS[measure], lasted(now.median), lasted(now.percentile_90), _of(now), lasted(year.times[measure].median)]
        for measure, now in month.times.items()
    ]
    header = ["What", "Middle value", "Nine of ten within", "Measured", "Middle value of twelve months"]
    yield Table(header, rows, [3, 1.6, 1.6, 1.2, 1.8])


def _of(found: Spread) -> str:
    return f"{found.measured} of {found.measured + found.not_measured}"


def _deadlines(month: Metrics) -> Iterator[Block]:
    yield Heading("Legal deadlines")
    if not any(month.clocks.values()):
        yield Paragraph("The incidents of this month set no legal deadline.")
        return
    yield clocks_plot(month.clocks)
    yield Table(
        ["How they were kept", "Deadlines"],
        [[kind.value.capitalize(), str(count)] for kind, count in month.clocks.items()],
    )
    if any(month.clocks[kind] for kind in (Kept.MISSED, Kept.OPEN, Kept.UNDECIDED)):
        yield Paragraph(f"What is open or missed is told as of {day_and_time(month.as_of, month.period.zone)}.")
    yield Paragraph(
        "The safe date is the earliest that anybody could name; the city works by it. The latest date is the last that "
        "the law can be read to allow. Counsel decides what is required."
    )


def _alarms(month: Metrics) -> Iterator[Block]:
    yield Heading("Alerts and mistaken alarms")
    nights = month.nights
    if nights.nights:
        yield alerts_plot(nights.nights, month.period)
    wrong = [rule for rule in month.rules if rule.false_positives or rule.false_incidents]
    if not wrong:
        yield Paragraph("No alert of this month was found to be mistaken.")
        return
    yield Paragraph("Rules that were mistaken, and are to be made narrower:")
    rows = [
        [rule.title, str(rule.alerts), str(rule.judged), str(rule.false_positives), f"{rule.share or 0:.0%}"]
        for rule in wrong[:_RULES]
    ]
    yield Table(["Rule", "Alerts", "Judged", "Mistaken", "Share of judged"], rows, [4, 1, 1, 1, 1.2])


def _logs(month: Metrics) -> Iterator[Block]:
    yield Heading("Logs that did not come")
    nights = month.nights
    lines = [f"{name} fell silent {counted(times, 'time')}" for name, times in nights.silent]
    lines += [f"{name} could not be read in {counted(times, 'night')}" for name, times in nights.failed]
    if nights.without_run:
        lines.append(f"in {counted(nights.without_run, 'night')} no search ran")
    yield Bullets(lines) if lines else Paragraph("Every source was read every night, and none fell silent.")


def _counting(month: Metrics) -> Iterator[Block]:
    zone = month.period.zone
    yield Heading("How this was counted")
    yield Paragraph(
        f"Incidents that were opened from {day_and_time(month.period.since, zone)} until "
        f"{day_and_time(month.period.until, zone)}; what became of them since counts as well. This report holds counts "
        "and times alone: nobody is named in it, and no account, address or computer."
    )
    rows = [[str(m).capitalize(), f"{d.runs_from} until {d.to}", d.source] for m, d in DEFINITIONS.items()]
    yield Table(["Measure", "From, until", "What says so"], rows, [1, 2.4, 4])


def _month(name: str) -> str:
    return f"{date(int(name[:4]), int(name[5:]), 1):%B %Y}"
