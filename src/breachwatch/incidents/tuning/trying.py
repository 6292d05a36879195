"""The dry run of a filter: what it would have hidden of the stored events and alerts, and whether a confirmed case."""

from __future__ import annotations

from dataclasses import dataclass

from breachwatch.detect.filtering import Filter
from breachwatch.detect.previewing import AlertPreview, FilterPreview, preview
from breachwatch.incidents.tuning.events import confirmed_alerts
from breachwatch.workspace import Workspace

DAYS = 30.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What a filter would have hidden. `confirmed` are alerts of confirmed cases that would have lost events."""

    preview: FilterPreview
    confirmed: tuple[AlertPreview, ...]

    @property
    def events(self) -> int:
        return sum(rule.hidden for rule in self.preview.rules)

    @property
    def alerts_gone(self) -> int:
        return sum(alert.gone for alert in self.preview.alerts)

    @property
    def alerts_touched(self) -> int:
        return len(self.preview.alerts)

    @property
    def problems(self) -> tuple[str, ...]:
        """Rules on which it could not be tried, and why."""
        return tuple(f"{rule.title}: {rule.problem}" for rule in self.preview.rules if rule.problem)

    def counts(self) -> dict[str, object]:
        """The figures that are kept with the filter."""
        return {
            "since": self.preview.since.isoformat(),
            "until": self.preview.until.isoformat(),
            "events": self.events,
            "alerts_gone": self.alerts_gone,
            "alerts_touched": self.alerts_touched,
            "confirmed": len(self.confirmed),
        }


def try_filter(ws: Workspace, item: Filter, *, days: float = DAYS, leave_out: tuple[str, ...] = ()) -> Trial:
    """Try a filter on the stored events and alerts of the last days. `leave_out`: alerts known to be false."""
    found = preview(ws, item, days)
    with ws.database.read() as connection:
        sure = confirmed_alerts(connection, leave_out)
    return Trial(found, tuple(alert for alert in found.alerts if alert.key in sure))
