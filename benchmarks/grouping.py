"""How well alerts are grouped: incidents a night, attacks an incident, and how much of an incident is its own attack.

    python -m benchmarks.grouping [--evtx FOLDER ...] [--rules ZIP] [--write docs/grouping-quality.md]

Two kinds of logs with a truth about them. The simulated city: fourteen nights of daily life with planted attacks; the
truth names every line of each. Samples of attacks (`--evtx`: folders of .evtx files, one attack a file, such as
EVTX-to-MITRE-Attack and SigmaHQ's regression data), put together into one city's lake with their own times; the truth
is the file. The city is searched by the rules that come with breachwatch, the samples by those of `--rules` (a folder
or zip), too; all is recorded as a night records it, and other parameters are tried on the same alerts.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks.labelled.table import paragraph, share, table
from breachwatch import detect, incidents, lake, layout, run
from breachwatch.clock import FixedClock
from breachwatch.detect.rulepack import load_pack
from breachwatch.detect.trial import TrialLog, land
from breachwatch.incidents import stored
from breachwatch.incidents.grouping import Alert
from breachwatch.incidents.orders import join_orders
from breachwatch.incidents.replay import placed
from breachwatch.model.datasets import DATASETS
from breachwatch.model.finding import Level
from breachwatch.records import cases, catalog
from breachwatch.settings_incidents import Incidents
from breachwatch.simulate import simulate
from breachwatch.workspace import Workspace, open_workspace

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
LATER = datetime(2026, 12, 31, tzinfo=UTC)

WAYS: Mapping[str, Incidents] = {
    "as it comes": Incidents(),
    "gap of 6 hours": Incidents(gap_hours=6),
    "gap of 72 hours": Incidents(gap_hours=72),
    "by accounts alone": Incidents(order=("user",)),
    "by hosts first": Incidents(order=("host", "user", "source_ip")),
    "nothing is common": Incidents(common_partners=10_000, common_days=10_000),
    "each alert of weight alone": Incidents(gap_hours=1e-9, max_span_days=1e-9),
}
"""Parameters that are compared, by what the page calls them."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of one alert: the attacks whose records it stands on; none for daily life."""

    alert: Alert
    attacks: frozenset[str]


@dataclass(frozen=True, slots=True)
class Quality:
    """How alerts were grouped. Nights are those (UTC days) on which an incident began."""

    alerts: int
    weighty: int
    incidents: int
    nights: int
    most_a_night: int
    attacks: int  # that alerts of weight tell of
    attacks_split: int  # that are in more than one incident
    most_incidents_an_attack: int
    most_attacks_an_incident: int
    pure: int  # alerts in incidents that tell of the incident's main attack
    grouped: int  # alerts in incidents
    of_daily_life: int  # incidents that tell of no attack

    @property
    def purity(self) -> float:
        return self.pure / self.grouped if self.grouped else 1.0

    @property
    def a_night(self) -> float:
        return self.incidents / self.nights if self.nights else 0.0


def measured(alerts: Sequence[Told], incident_of: Mapping[str, str]) -> Quality:
    """The figures for alerts and the incident (by key) that each of them is in."""
    members: dict[str, list[Told]] = defaultdict(list)
    for told in alerts:
        if told.alert.key in incident_of:
            members[incident_of[told.alert.key]].append(told)
    nights = Counter(min(told.alert.first_time for told in group).date() for group in members.values())
    incidents_of: dict[str, set[str]] = defaultdict(set)
    pure, attacks_in, of_daily_life = 0, [], 0
    for number, group in members.items():
        # What only low alerts of an incident touch was not grouped into it: those join and open nothing.
        weighty = Counter(attack for told in group if told.alert.level >= Level.MEDIUM for attack in told.attacks)
        for attack in weighty:
            incidents_of[attack].add(number)
        attacks_in.append(len(weighty))
        of_daily_life += not weighty
        main = max(weighty, key=lambda attack: (weighty[attack], attack), default="")
        pure += sum(main in told.attacks for told in group)
    return Quality(
        alerts=len(alerts),
        weighty=sum(told.alert.level >= Level.MEDIUM for told in alerts),
        incidents=len(members),
        nights=len(nights),
        most_a_night=max(nights.values(), default=0),
        attacks=len(incidents_of),
        attacks_split=sum(len(numbers) > 1 for numbers in incidents_of.values()),
        most_incidents_an_attack=max(map(len, incidents_of.values()), default=0),
        most_attacks_an_incident=max(attacks_in, default=0),
        pure=pure,
        grouped=sum(map(len, members.values())),
        of_daily_life=of_daily_life,
    )


def recorded(ws: Workspace, attacks_of: Callable[[set[str]], Mapping[str, frozenset[str]]]) -> list[Told]:
    """The recorded alerts with the attacks that their events are of; `attacks_of` tells those of events."""
    with ws.database.read() as connection:
        rows = connection.execute(select(cases.alert)).all()
        orders = join_orders(connection, (row.rule_revision for row in rows))
        events: dict[str, list[str]] = defaultdict(list)
        for row in connection.execute(select(cases.alert_event)):
            events[row.alert_key].append(row.event_id)
    known = attacks_of({event for listed in events.values() for event in listed})
    nothing: frozenset[str] = frozenset()
    return [
        Told(
            stored.to_alert(row, orders.get(row.rule_revision, ())),
            frozenset(attack for event in events[row.key] for attack in known.get(event, nothing)),
        )
        for row in rows
    ]


def stored_incidents(ws: Workspace) -> dict[str, str]:
    """The incident of each recorded alert, by key."""
    with ws.database.read() as connection:
        rows = connection.execute(select(cases.alert.c.key, cases.alert.c.incident)).all()
    return {row.key: row.incident for row in rows if row.incident}


def city(folder: Path) -> tuple[list[Told], dict[str, str]]:
    """Fourteen nights of the simulated city, searched and recorded: the alerts, and the incident of each by key."""
    logs = folder / "city"
    simulate(logs)
    root = folder / "workspace"
    layout.lay_out(
        root, name="City", time_zone="America/Chicago", sources=layout.read_sources(logs / "sources.toml", root)
    )
    ws = open_workspace(root, FixedClock(NOW))
    for source in ws.settings.sources:
        run.ingest(ws, source.name)
    incidents.record(ws, detect.scan(ws, NOW), "run-1")
    truth = json.loads((logs / "truth.json").read_text(encoding="utf-8"))
    return recorded(ws, lambda wanted: _of_stories(ws, logs, truth, wanted)), stored_incidents(ws)


def _of_stories(ws: Workspace, logs: Path, truth: Mapping[str, Any], wanted: set[str]) -> Mapping[str, frozenset[str]]:
    story_at: dict[tuple[str, int], set[str]] = defaultdict(set)
    for story in truth["attacks"]:
        for line in story["lines"]:
            story_at[line["file"], line["line"]].add(story["id"])
    with ws.database.read() as connection:
        rows = connection.execute(
            select(catalog.segment.c.segment_id, catalog.log_file.c.path).join(
                catalog.log_file, catalog.log_file.c.file_id == catalog.segment.c.file_id
            )
        )
        file_of = {row.segment_id: Path(row.path).relative_to(logs).as_posix() for row in rows}
    found = {}
    for event, segment, number in _everywhere(ws, "event_id, segment_id, record_number"):
        if event in wanted:
            found[event] = frozenset(story_at.get((file_of[segment], number), ()))
    return found


def samples(folder: Path, logs: Iterable[Path], rules: Sequence[str] = ()) -> tuple[list[Told], dict[str, str]]:
    """Samples of attacks in one lake, searched and recorded; an attack is a file. Gives the same as `city`."""
    root = folder / "samples"
    layout.lay_out(root, name="Samples", time_zone="UTC", sources=())
    ws = open_workspace(root, FixedClock(LATER))
    for log in logs:
        land(ws, TrialLog(log.name, "evtx", log.read_bytes()))
    pack = load_pack(["builtin", *rules], Path.cwd())
    incidents.record(ws, detect.scan(ws, LATER, pack=pack), "run-1")
    of_event = {event: frozenset({source}) for event, source in _everywhere(ws, "event_id, source")}
    return recorded(ws, lambda _: of_event), stored_incidents(ws)


def _everywhere(ws: Workspace, columns: str) -> Iterable[tuple[Any, ...]]:
    with lake.connect(ws) as connection:
        for dataset in DATASETS.values():
            yield from connection.execute(f'SELECT {columns} FROM "{dataset.view}"').fetchall()


def section(title: str, about: str, alerts: Sequence[Told], incident_of: Mapping[str, str]) -> str:
    """One part of the page: the figures as recorded, and those of other parameters on the same alerts."""
    now = measured(alerts, incident_of)
    rows = []
    for way, settings in WAYS.items():
        found = measured(alerts, placed([told.alert for told in alerts], settings))
        rows.append(
            (
                way,
                found.incidents,
                f"{found.a_night:.1f} ({found.most_a_night})",
                f"{found.attacks_split} ({found.most_incidents_an_attack})",
                found.most_attacks_an_incident,
                f"{100 * found.purity:.0f} %",
            )
        )
    head = (
        "parameters",
        "incidents",
        "a night (most)",
        "attacks in several (most)",
        "most attacks in one",
        "own alerts",
    )
    return "\n\n".join(
        [
            f"## {title}",
            paragraph(
                about,
                f"{now.alerts:,} alerts, {now.weighty:,} of medium level and above, tell of {now.attacks} attacks and",
                f"became {now.incidents} incidents: {now.a_night:.1f} on a night with any, at most {now.most_a_night}.",
                f"{share(now.attacks - now.attacks_split, now.attacks)} attacks are in one incident;",
                f"an incident tells of {now.most_attacks_an_incident} attacks at most, {now.of_daily_life} of none.",
                f"{share(now.pure, now.grouped)} of the alerts in incidents are of the incident's main attack;",
                "any others share an account, address or host with it.",
            ),
            table(head, rows),
        ]
    )


def page(sections: Iterable[str]) -> str:
    """The whole page as Markdown."""
    intro = paragraph(
        "What `python -m benchmarks.grouping` measured: all is recorded as a night records it. An alert belongs to an",
        "attack if it stands on one of its records. The tables place the same alerts by these and other parameters",
        "(`breachwatch incident preview-grouping` does so with yours).",
    )
    return "\n\n".join(["# How well alerts are grouped into incidents", intro, *sections]) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Print or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evtx", type=Path, nargs="*", default=[])
    parser.add_argument("--rules", nargs="*", default=[])
    parser.add_argument("--write", type=Path)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="breachwatch-grouping-") as folder:
        parts = [
            section(
                "The simulated city",
                "Fourteen nights; every attack's lines are known.",
                *city(Path(folder)),
            )
        ]
        logs = sorted({log for place in given.evtx for log in place.rglob("*.evtx")})
        if logs:
            also = f", searched by {', '.join(Path(item).name for item in given.rules)}, too" if given.rules else ""
            told = (
                f"{len(logs)} files, one attack each{also}; recorded over years in a few laboratories whose hosts and"
                " accounts they share: files of one afternoon on one machine are hard to tell apart, for people too."
            )
            parts.append(section("Samples of attacks", told, *samples(Path(folder), logs, given.rules)))
    text = page(parts)
    if given.write is None:
        sys.stdout.write(text)
    else:
        given.write.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
