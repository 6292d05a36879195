"""What is wrong with a log, as a finding: its key, the records around it, and why."""

from __future__ import annotations

from datetime import UTC, datetime

from breachwatch.detect import describing
from breachwatch.detect.health.backwards import StepBack
from breachwatch.detect.health.gaps import Missing
from breachwatch.detect.health.kinds import Backwards, Gap
from breachwatch.detect.health.listening import SilentSource
from breachwatch.detect.health.logs import At
from breachwatch.detect.rulepack import Rule
from breachwatch.model.finding import Finding, make_finding_key


def told_gap(rule: Rule, asked: Gap, item: Missing) -> Finding:
    """Named by the record after the gap: the same in every run that sees it."""
    numbers = str(item.first) if item.first == item.last else f"{item.first} to {item.last}"
    why = {
        **_named(item.stream, asked.by),
        "missing": f"{item.count} of the numbers {numbers}" if item.last > item.first else f"number {numbers}",
        "field": asked.number,
        **_between(item.before, item.after),
    }
    return _finding(rule, [item.before, item.after], [item.stream[1]], why)


def told_step(rule: Rule, asked: Backwards, step: StepBack) -> Finding:
    """Named by the first record after the clock went back."""
    why = {
        **_named(step.stream, asked.by),
        "went back by": describing.spoken(step.farthest),
        "times": str(step.steps),
        **_between(step.before, step.after),
    }
    return _finding(rule, [step.before, step.after], [step.stream[1]], why)


def told_silence(rule: Rule, item: SilentSource) -> Finding:
    """Named by the source and its last record: as long as it says nothing, it is the same silence."""
    silent = item.silent
    why = {"source": item.source, "silent for": describing.spoken(silent.lasts), "last heard": _said(item.last.time)}
    if silent.weight is not None and silent.usual is not None:
        why["usually heard in"] = f"{silent.weight:.0f} hours of that time"
        why["longest before"] = f"{silent.usual:.0f} such hours"
    else:
        why["allowed"] = "less, by the source's silent_after_hours"
    hosts = item.hosts if len(item.hosts) == 1 else ()
    return _finding(rule, [item.last], hosts, why, item.source)


def _finding(
    rule: Rule, records: list[At], hosts: list[str] | tuple[str, ...], why: dict[str, str], *key: str
) -> Finding:
    times = sorted(item.time.replace(tzinfo=UTC) for item in records)
    who = [((None, None, host, None), 1) for host in hosts]
    return Finding(
        key=make_finding_key(rule.id, *key, records[-1].event_id),
        rule_id=rule.id,
        rule_title=rule.title,
        rule_revision="",
        level=rule.level,
        dataset=records[-1].dataset,
        event_ids=tuple(dict.fromkeys(item.event_id for item in records)),
        first_time=times[0],
        last_time=times[-1],
        event_count=len(records),
        entities=describing.entities(who),
        tags=rule.tags,
        why={name: describing.shortened(value) for name, value in why.items()},
    )


def _named(stream: tuple[str, ...], by: tuple[str, ...]) -> dict[str, str]:
    named = {"source": stream[0], "host": stream[1]} | dict(zip(by, stream[2:], strict=True))
    return {name: value for name, value in named.items() if value}


def _between(before: At, after: At) -> dict[str, str]:
    return {"record before": _said(before.time), "record after": _said(after.time)}


def _said(time: datetime) -> str:
    return f"{time.replace(microsecond=0)} UTC"
