"""Which alerts belong together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from breachwatch import incidents
from breachwatch.clock import FixedClock
from breachwatch.incidents.common import Common, Sighting
from breachwatch.incidents.entities import ties
from breachwatch.incidents.title import make_title
from breachwatch.model.finding import Entity, Finding, Level, Scan
from breachwatch.model.incident import How, Joined
from breachwatch.records import cases
from breachwatch.settings_incidents import Incidents
from breachwatch.workspace import Workspace, open_workspace
from tests.somebody import SOMEBODY

Make = Callable[..., Finding]
MakeScan = Callable[..., Scan]
Grouped = Callable[..., list[set[int]]]


def groups(ws: Workspace, *findings: Finding) -> list[set[int]]:
    """The findings' positions, by incident; those without one are left out."""
    with ws.database.read() as connection:
        of = dict(connection.execute(select(cases.alert.c.key, cases.alert.c.incident)).all())
    together: dict[str, set[int]] = {}
    for position, item in enumerate(findings):
        if of[item.key]:
            together.setdefault(of[item.key], set()).add(position)
    return [together[number] for number in sorted(together)]


@pytest.fixture
def grouped(ws: Workspace, scan: MakeScan) -> Grouped:
    def record(*findings: Finding) -> list[set[int]]:
        incidents.record(ws, scan(*findings), "run-1")
        return groups(ws, *findings)

    return record


def test_a_shared_account_or_address_ties(grouped: Grouped, finding: Make) -> None:
    assert grouped(
        finding(0, user="jmeyer", ip="203.0.113.7"),
        finding(1, user="jmeyer", ip="198.51.100.1"),
        finding(2, user="akhan", ip="198.51.100.1"),
        finding(3, user="bystander", ip="192.0.2.1"),
    ) == [{0, 1, 2}, {3}]


def test_accounts_are_the_same_in_any_case(grouped: Grouped, finding: Make) -> None:
    assert grouped(finding(0, user="JMeyer"), finding(1, user="jmeyer")) == [{0, 1}]


@pytest.mark.parametrize("nobody", ["-", "", "(unknown)", "N/A"])
def test_placeholders_never_tie(grouped: Grouped, finding: Make, nobody: str) -> None:
    assert grouped(finding(0, user=nobody), finding(1, user=nobody)) == [{0}, {1}]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "fe80::1", "localhost", "-"])
def test_addresses_of_the_machine_itself_never_tie(grouped: Grouped, finding: Make, address: str) -> None:
    assert grouped(finding(0, user="a", ip=address), finding(1, user="b", ip=address)) == [{0}, {1}]


def test_root_ties_only_on_the_same_host(grouped: Grouped, finding: Make) -> None:
    assert grouped(
        finding(0, user="root", host="vpn01"),
        finding(1, user="root", host="web01"),
        finding(2, user="root@vpn01", host="elsewhere"),
        finding(3, user="root", host="db01"),
    ) == [{0, 2}, {1}, {3}]


def test_what_the_machine_itself_does_belongs_to_what_happens_there(grouped: Grouped, finding: Make) -> None:
    assert grouped(
        finding(0, user="jmeyer", host="web01"),
        finding(1, user="NT AUTHORITY\\SYSTEM", host="web01"),
        finding(2, user="WEB01$", host="web01"),
        finding(3, user="SYSTEM@web01", host="web01"),
        finding(4, user="SYSTEM", host="web02"),
        finding(5, user="akhan", host="web01"),
    ) == [{0, 1, 2, 3}, {4}, {5}]


def test_a_host_ties_only_an_alert_that_names_nobody(grouped: Grouped, finding: Make) -> None:
    assert grouped(
        finding(0, user="a", host="dc01"),
        finding(1, user="b", host="dc01"),
        finding(2, user=None, host="dc01"),  # joins the older
    ) == [{0, 2}, {1}]


def test_an_alert_over_a_crowd_does_not_tie_its_members(grouped: Grouped, finding: Make) -> None:
    crowd = tuple(Entity("user", f"u{n}") for n in range(40))
    assert grouped(
        finding(0, user="u1", ip="192.0.2.1"),
        finding(1, user=None, ip="203.0.113.7", more=crowd),  # a spray
        finding(2, user="u30", ip="198.51.100.9"),  # one of the sprayed accounts does something that is worth a look
        finding(3, user="u31", rule="b", level=Level.LOW),  # another does what it does every day
        finding(4, user="u30", rule="b", level=Level.LOW),
    ) == [{0}, {1, 2, 4}]


def test_low_alerts_do_not_draw_an_incident_on(ws: Workspace, grouped: Grouped, finding: Make, scan: MakeScan) -> None:
    low = [finding(20 * n, rule=f"low{n}", level=Level.LOW) for n in (1, 2, 3)]
    later = finding(70, rule="b")
    expected = [{0, 1}, {3, 4}]
    assert grouped(finding(0), *low, later) == expected
    last = finding(71, user="other", host="x", more=(Entity("user", "jmeyer"),), rule="c", level=Level.LOW)
    incidents.record(ws, scan(last), "run-2")  # the incidents are read again
    assert groups(ws, finding(0), *low, later, last) == [{0, 1}, {3, 4, 5}]


def test_activity_must_be_within_the_gap_on_either_side(grouped: Grouped, finding: Make) -> None:
    assert grouped(finding(0), finding(24), finding(48.1)) == [{0, 1}, {2}]


def test_a_late_log_joins_backwards(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    late, first = finding(-10), finding(0)
    incidents.record(ws, scan(first), "run-1")
    incidents.record(ws, scan(late), "run-2")
    assert groups(ws, late, first) == [{0, 1}]


def test_an_incident_spans_a_week_at_most(grouped: Grouped, finding: Make) -> None:
    assert grouped(*(finding(20 * n, rule=f"r{n}") for n in range(12))) == [set(range(9)), {9, 10, 11}]


def test_gap_and_span_come_from_the_settings(make_ws: Callable[..., Workspace], finding: Make, scan: MakeScan) -> None:
    ws = make_ws("[incidents]\ngap_hours = 2\nmax_span_days = 0.25\n")
    found = [finding(n * 1.5, rule=f"r{n}") for n in range(6)]
    incidents.record(ws, scan(*found), "run-1")
    assert groups(ws, *found) == [{0, 1, 2, 3, 4}, {5}]


def test_what_connects_two_incidents_joins_by_the_account_and_says_so(
    ws: Workspace, grouped: Grouped, finding: Make
) -> None:
    assert grouped(
        finding(0, user="a", ip="192.0.2.1"),
        finding(1, user="b", ip="192.0.2.2"),
        finding(2, user="b", ip="192.0.2.1"),
    ) == [{0}, {1, 2}]
    assert "related to INC-2026-0002" in [
        row.change for row in incidents.incident(ws, "INC-2026-0001", by=SOMEBODY).audit
    ]
    assert "related to INC-2026-0001" in [
        row.change for row in incidents.incident(ws, "INC-2026-0002", by=SOMEBODY).audit
    ]


def test_incidents_on_the_same_host_are_related_and_not_merged(ws: Workspace, grouped: Grouped, finding: Make) -> None:
    assert grouped(
        finding(0, user="a", host="bastion"),
        finding(1, user="b", host="bastion"),
        finding(60, user="c", host="bastion"),
    ) == [{0}, {1}, {2}]
    related = incidents.incident(ws, "INC-2026-0001", by=SOMEBODY).related
    assert [(item.number, item.shared) for item in related] == [("INC-2026-0002", ("bastion",))]


def test_low_alerts_open_nothing_but_join_before_and_after(grouped: Grouped, finding: Make) -> None:
    low = {"level": Level.LOW}
    assert grouped(
        finding(0, rule="a", **low),
        finding(1, rule="b"),
        finding(2, rule="c", **low),
        finding(3, rule="d", user="other", **low),
        finding(-25, rule="e", **low),  # too long before
    ) == [{0, 1, 2}]


def test_a_low_alert_waits_for_the_next_night(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    low, high = finding(0, level=Level.LOW), finding(3, rule="b")
    first = incidents.record(ws, scan(low), "run-1")
    assert (first.new_alerts, first.to_preserve) == (1, ())
    second = incidents.record(ws, scan(low, high), "run-2")
    assert groups(ws, low, high) == [{0, 1}]
    assert len(second.to_preserve[0].alert_keys) == 2


_FINDING = st.tuples(
    st.integers(0, 400), st.sampled_from("abcd"), st.sampled_from([None, "203.0.113.1", "203.0.113.2"]),
    st.sampled_from([Level.LOW, Level.MEDIUM, Level.CRITICAL]), st.integers(0, 30), st.sampled_from(["h1", "h2"]),
    st.sampled_from(["u1", "u2", "u3", "root", None]),
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(_FINDING, max_size=14, unique_by=lambda row: (row[0], row[1])), cut=st.integers(0, 14))
def test_at_once_or_in_pieces_gives_the_same_incidents(
    tmp_path_factory: pytest.TempPathFactory, finding: Make, scan: MakeScan, rows: list, cut: int
) -> None:
    found = sorted(
        (
            finding(hour, rule=rule, ip=ip, level=level, lasts=lasts, host=host, user=user, events=(f"{hour}{rule}",))
            for hour, rule, ip, level, lasts, host, user in rows
        ),
        key=lambda item: (item.first_time, item.key),
    )
    results = []
    for pieces in ([found], [found[:cut], found[cut:]], [[item] for item in found]):
        root = tmp_path_factory.mktemp("grouping")
        (root / "breachwatch.toml").write_text("")
        ws = open_workspace(root, FixedClock(datetime(2026, 12, 24, tzinfo=UTC)))
        for number, piece in enumerate(pieces):
            incidents.record(ws, scan(*piece), f"run-{number}")
        with ws.database.read() as connection:
            rows_now = connection.execute(
                select(cases.incident.c.number, cases.incident.c.title, cases.incident.c.level,
                       cases.incident.c.first_time, cases.incident.c.last_time)
            )  # fmt: skip
            results.append((groups(ws, *found), sorted(tuple(row) for row in rows_now)))
        ws.database.engine.dispose()
    assert results[0] == results[1] == results[2]


def test_titles_say_who_and_from_where() -> None:
    def title(*pairs: tuple[str, str]) -> str:
        return make_title("Sign-ins", [Entity(kind, value) for kind, value in pairs])

    assert (
        title(("user", "jmeyer"), ("source_ip", "203.0.113.7"), ("host", "vpn01"))
        == "Sign-ins: jmeyer from 203.0.113.7"
    )
    assert title(("user", "a"), ("user", "b"), ("host", "vpn01")) == "Sign-ins: a and b on vpn01"
    assert title(*(("user", f"u{n}") for n in range(34)), ("source_ip", "x")) == "Sign-ins: 34 accounts from x"
    assert title(*(("source_ip", f"1.1.1.{n}") for n in range(90))) == "Sign-ins: from 50 or more addresses"
    assert title(("user", "-")) == "Sign-ins"
    assert title(("host", "fs01")) == "Sign-ins: fs01"


def test_ties_prefer_people_and_addresses_to_hosts() -> None:
    order = ("user", "source_ip", "host")
    assert ties([Entity("host", "dc01")], order) == (Entity("host", "dc01"),)
    assert ties([Entity("host", "dc01"), Entity("user", "A")], order) == (Entity("user", "a"),)
    assert ties([Entity("user", "root")], order) == ()
    assert ties([Entity("user", "DC01$"), Entity("host", "fs01")], order) == (
        Entity("user", "dc01$@fs01"),
        Entity("host", "fs01"),
    )


def test_the_order_says_by_what_alerts_join_first(
    make_ws: Callable[..., Workspace], finding: Make, scan: MakeScan
) -> None:
    found = (
        finding(0, user="a", ip="192.0.2.1"),
        finding(1, user="b", ip="192.0.2.2", host="web01"),
        finding(2, user="b", ip="192.0.2.1", rule="second"),
        finding(3, user="c", host="web01", rule="third"),
    )
    expected = {
        '["source_ip", "user", "host"]': [{0, 2}, {1}, {3}],
        '["user"]': [{0}, {1, 2}, {3}],
        '["host", "user"]': [{0}, {1, 2, 3}],
    }
    for number, (order, together) in enumerate(expected.items()):
        ws = make_ws(f"[incidents]\norder = {order}\n", folder=f"ws{number}")
        incidents.record(ws, scan(*found), "run-1")
        assert groups(ws, *found) == together, order


def test_a_rule_has_an_order_of_its_own(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    first, other = finding(0, user="a", ip="192.0.2.1"), finding(1, user="b", ip="192.0.2.2")
    last = finding(2, user="b", ip="192.0.2.1", rule="spray")
    night = scan(first, other, last)
    text = "title: x\n---\nid: spray\nbreachwatch: {join_by: [source_ip]}\n"
    rules = tuple(replace(rule, text=text) if rule.rule_id == "spray" else rule for rule in night.rules)
    incidents.record(ws, replace(night, rules=rules), "run-1")
    assert groups(ws, first, other, last) == [{0, 2}, {1}]
    # Recorded in another night, the order is read from the wording that was kept.
    low = finding(4, user="b", ip="192.0.2.77", rule="spray", level=Level.LOW, events=("later",))
    high = finding(5, user="x", ip="192.0.2.77", rule="b")
    incidents.record(ws, scan(low), "run-2")
    incidents.record(ws, scan(high), "run-3")
    assert groups(ws, first, other, last, low, high) == [{0, 2}, {1}, {3, 4}]


def test_why_an_alert_joined_is_kept_with_it(ws: Workspace, grouped: Grouped, finding: Make) -> None:
    low = finding(-2, rule="low", user="other", ip="198.51.100.1", level=Level.LOW)
    found = (low, finding(0, ip="198.51.100.1"), finding(3, rule="b", lasts=1), finding(5.5, rule="c"))
    assert grouped(*found) == [{0, 1, 2, 3}]
    why = {alert.key: alert.joined for alert in incidents.incident(ws, "INC-2026-0001", by=SOMEBODY).alerts}
    assert why == {
        low.key: Joined("INC-2026-0001", How.CAME_ALONG, Entity("source_ip", "198.51.100.1"), found[1].key, 2 * 3600),
        found[1].key: Joined("INC-2026-0001", How.OPENED),
        found[2].key: Joined("INC-2026-0001", How.JOINED, Entity("user", "jmeyer"), found[1].key, 3 * 3600),
        found[3].key: Joined("INC-2026-0001", How.JOINED, Entity("user", "jmeyer"), found[2].key, 5400),
    }
    told = [row.reason for row in incidents.incident(ws, "INC-2026-0001", by=SOMEBODY).audit if "joined" in row.change]
    assert f"shares the account jmeyer with alert {found[2].key[:8]}, 1 h 30 min apart" in "\n".join(told)


# --- what many cases have in common -----------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", ["192.0.2.1", "192.0.2.0/24", "192.0.2.*"])
def test_a_shared_address_joins_only_on_the_same_host(
    make_ws: Callable[..., Workspace], finding: Make, scan: MakeScan, shared: str
) -> None:
    ws = make_ws(f'[incidents]\nshared = ["{shared}", "svc-*", "dc01"]\n')
    found = (
        finding(0, user="a", ip="192.0.2.1", host="web01"),
        finding(1, user="b", ip="192.0.2.1", host="web02"),
        finding(2, user="c", ip="192.0.2.1", host="web01"),
        finding(3, user="CITY\\svc-backup", host="web03"),
        finding(4, user="CITY\\svc-backup", host="web04"),
        finding(5, user=None, host="dc01"),
        finding(6, user=None, host="dc01", rule="another"),
        finding(7, user=None, host="dc01", events=("again",)),
    )
    incidents.record(ws, scan(*found), "run-1")
    assert groups(ws, *found) == [{0, 2}, {1}, {3}, {4}, {5, 7}, {6}]
    assert incidents.incident(ws, "INC-2026-0005", by=SOMEBODY).alerts[1].joined == Joined(
        "INC-2026-0005", How.JOINED, Entity("host", "dc01"), found[5].key, 2 * 3600
    )


def test_what_alerts_of_many_days_name_ties_nothing_by_itself(ws: Workspace, finding: Make, scan: MakeScan) -> None:
    """The address of a NAT: daily low alerts name it with ever other accounts; then two attacks come through it."""
    quiet = [
        finding(24 * day, user=f"p{4 * day + n}", ip="192.0.2.1", rule=f"daily{n}", level=Level.LOW)
        for day in range(4)
        for n in range(4)
    ]
    attacks = [finding(24 * 4 + n, user=f"u{n}", ip="192.0.2.1", rule="attack") for n in range(2)]
    elsewhere = [finding(24 * 4 + n, user=f"v{n}", ip="203.0.113.9", rule="attack") for n in range(2)]
    incidents.record(ws, scan(*quiet), "run-1")
    incidents.record(ws, scan(*attacks, *elsewhere), "run-2")
    found = (*attacks, *elsewhere)
    assert sorted(groups(ws, *found), key=min) == [{0}, {1}, {2, 3}]


def test_an_attack_of_one_night_does_not_make_its_own_source_common(grouped: Grouped, finding: Make) -> None:
    assert grouped(*(finding(n / 10, user=f"u{n}", ip="203.0.113.9", rule=f"r{n}") for n in range(40))) == [
        set(range(40))
    ]


def test_an_entity_of_weighty_alerts_on_many_days_is_common() -> None:
    common = Common(Incidents(), Level.MEDIUM)
    user = Entity("user", "jmeyer")
    days = [datetime(2026, 11, day, 3, tzinfo=UTC) for day in range(1, 13)]
    common.learn(Sighting(day, Level.HIGH, (user,)) for day in days)
    assert not common.why(user, days[9])
    assert common.why(user, days[10]) == "alerts of weight name it on 10 days before"
    assert common.why(user, datetime(2026, 12, 12, tzinfo=UTC)) == ""  # a month later


def test_a_crowd_makes_nobody_common() -> None:
    common = Common(Incidents(), Level.MEDIUM)
    address = Entity("source_ip", "203.0.113.9")
    for day in range(1, 6):
        crowd = tuple(Entity("user", f"u{n}") for n in range(30))
        common.learn([Sighting(datetime(2026, 11, day, tzinfo=UTC), Level.LOW, (address, *crowd))])
    assert common.why(address, datetime(2026, 11, 9, tzinfo=UTC)) == ""
