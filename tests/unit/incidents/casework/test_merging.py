"""Merging loses nothing, and can be taken back: whatever is merged and unmerged, the incidents are what they were."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch import incidents
from breachwatch.errors import NotPermittedError, UsageError
from breachwatch.incidents.casework import actions, anchors, decisions, merging, notes
from breachwatch.incidents.casework.case import case
from breachwatch.model.casework import ActionKind, Anchor, DecisionKind, Relation
from breachwatch.model.finding import Level
from breachwatch.model.incident import IncidentState as S
from breachwatch.records import audit, cases
from tests.somebody import SOMEBODY
from tests.unit.incidents.casework.conftest import ANALYST, AUDITOR, COUNSEL, Desk


def facts(desk: Desk, number: str) -> dict[str, Any]:
    """What an incident is: all but its history and its version."""
    found = incidents.incident(desk.ws, number, by=SOMEBODY)
    return {
        "state": found.state,
        "level": found.level,
        "span": (found.first_time, found.last_time),
        "entities": sorted(map(str, found.entities)),
        "alerts": [item.key for item in found.alerts],
        "evidence": [item.number for item in found.evidence],
        "title": found.title,
        "merged": found.merged,
    }


def test_the_other_incident_shows_and_covers_both(desk: Desk) -> None:
    first = desk.open(desk.make(user="ann"))
    second = desk.open(desk.make(40, rule="r2", user="bob", level=Level.CRITICAL))
    before = facts(desk, first), facts(desk, second)
    action = actions.order(desk.ws, second, ActionKind.CONTAINMENT, "bob", by=ANALYST)
    merging.merge(desk.ws, second, first, by=ANALYST, reason="one intruder")
    both = facts(desk, first)
    assert both["alerts"] == before[0]["alerts"] + before[1]["alerts"]
    assert both["evidence"] == ["EV-2026-000001", "EV-2026-000002"]
    assert both["entities"] == ["user:ann", "user:bob"] or len(both["entities"]) == 2
    assert (both["level"], both["span"][1]) == (Level.CRITICAL, before[1]["span"][1])
    gone = incidents.incident(desk.ws, second, by=SOMEBODY)
    assert (gone.state, gone.merged_into) == (S.MERGED, first)
    assert [item.number for item in case(desk.ws, first, by=AUDITOR).actions] == [action]
    [line] = incidents.queue(desk.ws, by=SOMEBODY)
    assert (line.number, line.alerts, line.evidence) == (first, 2, ("EV-2026-000001", "EV-2026-000002"))
    merging.unmerge(desk.ws, second, by=ANALYST, reason="two intruders after all")
    assert (facts(desk, first), facts(desk, second)) == before
    [link] = merging.links(desk.ws, first, by=AUDITOR)
    assert (link.relation, link.undone_by, link.undo_reason) == (Relation.MERGED, "ana", "two intruders after all")
    with desk.ws.database.read() as connection:
        assert audit.check_chain(connection).ok


def test_what_goes_on_joins_where_it_was_merged_into(desk: Desk) -> None:
    first = desk.open(desk.make(user="ann"))
    grows = desk.make(2, rule="r2", user="bob", events=("e1", "e2"))
    second = desk.open(grows)
    merging.merge(desk.ws, second, first, by=ANALYST, reason="one intruder")
    assert desk.record(desk.make(4, rule="r3", user="bob"), run="run-2") == ()  # bob's next alert joins the whole
    later = replace(grows, event_ids=("e1", "e2", "e3"), last_time=grows.last_time + timedelta(hours=6))
    desk.record(later, run="run-3")  # and an alert that grows stays where it was, but the whole covers it
    assert incidents.incident(desk.ws, second, by=SOMEBODY).state is S.MERGED
    assert incidents.incident(desk.ws, first, by=SOMEBODY).last_time == later.last_time
    desk.seal()
    assert {item.unsealed for item in incidents.incident(desk.ws, first, by=SOMEBODY).alerts} == {0}
    merging.unmerge(desk.ws, second, by=ANALYST, reason="not the same")
    assert incidents.incident(desk.ws, second, by=SOMEBODY).last_time == later.last_time


def test_the_earliest_moment_counts_until_the_merge_is_taken_back(desk: Desk) -> None:
    first, second = desk.open(desk.make(user="ann")), desk.open(desk.make(rule="r2", user="bob"))
    early = desk.ws.clock.now() - timedelta(hours=1)
    anchors.set_anchor(desk.ws, second, Anchor.DISCOVERED, early, by=ANALYST, reason="a call to the helpdesk")
    merging.merge(desk.ws, second, first, by=ANALYST, reason="same")
    found = anchors.anchors(desk.ws, first, by=AUDITOR)[Anchor.DISCOVERED]
    assert (found.at, found.incident) == (early, second)
    merging.unmerge(desk.ws, second, by=ANALYST, reason="not the same")
    assert anchors.anchors(desk.ws, first, by=AUDITOR)[Anchor.DISCOVERED].at == desk.ws.clock.now()


def test_what_cannot_be_merged(desk: Desk) -> None:
    first, second = desk.open(desk.make(user="ann")), desk.open(desk.make(rule="r2", user="bob"))
    third = desk.open(desk.make(rule="r3", user="cyd"))
    with pytest.raises(NotPermittedError):
        merging.merge(desk.ws, second, first, by=AUDITOR, reason="x")
    with pytest.raises(UsageError, match="into itself"):
        merging.merge(desk.ws, first, first, by=ANALYST, reason="x")
    merging.merge(desk.ws, second, first, by=ANALYST, reason="x")
    for one, other in ((second, third), (third, second)):
        with pytest.raises(UsageError, match=f"{second} goes on in {first} already"):
            merging.merge(desk.ws, one, other, by=ANALYST, reason="x")
    with pytest.raises(UsageError, match="is not merged into another"):
        merging.unmerge(desk.ws, third, by=ANALYST, reason="x")
    decisions.decide(desk.ws, second, DecisionKind.NOTICE, "required", by=COUNSEL, reason="of the merged one")
    notes.write(desk.ws, first, "a note", by=ANALYST)
    assert [item.incident for item in notes.notes(desk.ws, first, by=AUDITOR)] == [first]


@pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)
def test_any_order_of_merges_is_taken_back_whole(desk: Desk) -> None:
    numbers = [desk.open(desk.make(30 * at, rule=f"r{at}", user=f"u{at}", level=Level(at % 3 + 2))) for at in range(4)]
    before = {number: facts(desk, number) for number in numbers}
    alerts_before = sorted(key for item in before.values() for key in item["alerts"])

    @settings(max_examples=8)
    @given(st.lists(st.tuples(st.sampled_from(numbers), st.sampled_from(numbers)), max_size=4), st.randoms())
    def trial(steps: list[tuple[str, str]], chance: Any) -> None:
        for number, into in steps:
            try:
                merging.merge(desk.ws, number, into, by=ANALYST, reason="same")
            except UsageError:
                continue
        queue = incidents.queue(desk.ws, by=SOMEBODY)
        shown = [item.key for line in queue for item in incidents.incident(desk.ws, line.number, by=SOMEBODY).alerts]
        assert sorted(shown) == alerts_before  # nothing is lost, nothing is there twice
        merged = [number for number in numbers if incidents.incident(desk.ws, number, by=SOMEBODY).merged_into]
        chance.shuffle(merged)
        for number in merged:
            merging.unmerge(desk.ws, number, by=ANALYST, reason="not the same")
        assert {number: facts(desk, number) for number in numbers} == before

    trial()
    with desk.ws.database.read() as connection:
        assert audit.check_chain(connection).ok
        assert len(connection.execute(cases.incident.select()).all()) == 4
