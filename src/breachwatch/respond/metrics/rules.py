"""How often each rule was wrong, by what people said of its alerts."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from breachwatch.incidents.casework.finding import roots
from breachwatch.incidents.chunking import chunks
from breachwatch.model.casework import Verdict
from breachwatch.records import cases
from breachwatch.respond.metrics.periods import Period


@dataclass(frozen=True, slots=True)
class RuleQuality:
    """One rule in a period. An alert has the verdict that people gave it, or else that of its incident.

    `incidents` are those that its alerts are part of (merged ones as one), `false_incidents` those of them that were
    false positives.
    """

    rule_id: str
    title: str
    alerts: int
    verdicts: tuple[tuple[Verdict, int], ...]
    incidents: int
    false_incidents: int

    @property
    def judged(self) -> int:
        """Alerts with a verdict."""
        return sum(count for _, count in self.verdicts)

    @property
    def false_positives(self) -> int:
        """Alerts of which people said that the rule was mistaken."""
        return dict(self.verdicts).get(Verdict.FALSE_POSITIVE, 0)

    @property
    def share(self) -> float | None:
        """False positives among what was judged; None where nothing was."""
        return self.false_positives / self.judged if self.judged else None


def rule_quality(connection: Connection, period: Period) -> tuple[RuleQuality, ...]:
    """The rules that fired in a period: most false positives first, then most alerts."""
    alert = cases.alert.c
    query = select(alert.rule_id, alert.verdict, alert.incident, func.count().label("alerts"))
    query = query.where(alert.detected_at >= period.since, alert.detected_at < period.until)
    rows = connection.execute(query.group_by(alert.rule_id, alert.verdict, alert.incident)).all()
    titles = _titles(connection, period)
    into = roots(connection, {row.incident for row in rows if row.incident})
    ends = {into.get(row.incident, row.incident) for row in rows if row.incident}
    said: dict[str, str] = {}
    for chunk in chunks(ends):
        incident = cases.incident.c
        query = select(incident.number, incident.verdict).where(incident.number.in_(chunk))
        said.update((row.number, row.verdict) for row in connection.execute(query))
    verdicts: dict[str, Counter[Verdict]] = defaultdict(Counter)
    alerts: Counter[str] = Counter()
    part_of: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        alerts[row.rule_id] += row.alerts
        end = into.get(row.incident, row.incident)
        if end:
            part_of[row.rule_id].add(end)
        verdict = row.verdict or said.get(end, "")
        if verdict:
            verdicts[row.rule_id][Verdict(verdict)] += row.alerts
    found = [
        RuleQuality(
            rule_id=rule,
            title=titles[rule],
            alerts=count,
            verdicts=tuple((verdict, verdicts[rule][verdict]) for verdict in Verdict if verdicts[rule][verdict]),
            incidents=len(part_of[rule]),
            false_incidents=sum(said[number] == Verdict.FALSE_POSITIVE for number in part_of[rule]),
        )
        for rule, count in alerts.items()
    ]
    return tuple(sorted(found, key=lambda item: (-item.false_positives, -item.alerts, item.rule_id)))


def _titles(connection: Connection, period: Period) -> dict[str, str]:
    """By rule one of its titles; a rule that was renamed goes by the last in the alphabet."""
    alert = cases.alert.c
    query = select(alert.rule_id, func.max(alert.rule_title).label("title"))
    query = query.where(alert.detected_at >= period.since, alert.detected_at < period.until)
    return {row.rule_id: row.title for row in connection.execute(query.group_by(alert.rule_id))}
