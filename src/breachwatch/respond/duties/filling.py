"""What an incident and the register of systems already say of the facts that the law asks about, each with its source.

These are suggestions for a worksheet that a person reads and corrects; nothing is weighed from them by itself. A fact
is only ever suggested as far as somebody recorded it: what was not recorded says nothing, so that no suggestion is a
"no"; an estimate is named but is no number, and groups that may overlap give a range.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch import register
from breachwatch.incidents.casework.affected import affected_of, latest
from breachwatch.incidents.casework.anchors import anchors_of
from breachwatch.incidents.casework.finding import members, row_of
from breachwatch.incidents.chunking import chunks
from breachwatch.model.casework import Affected, Anchor, Verdict
from breachwatch.model.people import Actor, Permission
from breachwatch.model.systems import DataCategory
from breachwatch.people import require
from breachwatch.records import cases
from breachwatch.respond.assessment.facts import MORE
from breachwatch.respond.requests.reading import requests_in
from breachwatch.settings_contacts import ContactKind
from breachwatch.workspace import Workspace

_RANSOMWARE = "attack.t1486"
"""MITRE ATT&CK: Data Encrypted for Impact."""

_HEALTH = ("health_condition", "medical_information")  # Texas's word and California's for the same records
_CREDENTIALS = ("username_with_password_or_security_answer",)
_ELEMENTS: Mapping[str, tuple[str, ...]] = {
    **{name: (name,) for name in ("ssn", "state_id", "government_id", "tax_id", "passport")},
    "driver_licence": ("drivers_license",),
    "account_with_code": ("financial_account_with_access_code",),
    "health": _HEALTH,
    "health_insurance": ("health_insurance_information",),
    "biometric": ("biometric_unique",),
    "genetic": ("genetic_data",),
    "licence_plates": ("alpr_data",),
    "credentials": _CREDENTIALS,
}
"""Kinds of data, as the register (`DataCategory`) and people who work on a case name them, in the words of the law."""

_SAME = {"driver_license": DataCategory.DRIVER_LICENCE.value, "alpr": DataCategory.LICENCE_PLATES.value}
"""What people who work on a case call otherwise than the register does."""

_TOUCHED = frozenset({"accessed", "acquired", "compromised", "encrypted"})
"""How something is affected where more than a suspicion is stated."""

_YES: Mapping[str, str] = {"cjis": "cji_involved", "election": "election_data", "card": "cardholder_data"}
"""Kinds of data about which the law asks a question of their own."""


@dataclass(frozen=True, slots=True)
class Filling:
    """A fact as a worksheet writes it, and who or what says so. `value` None: something is known, but no value."""

    fact: str
    value: Any
    why: str


def fillings(ws: Workspace, number: str, *, by: Actor) -> tuple[Filling, ...]:
    """What is recorded of an incident's facts, in the order in which a worksheet asks.

    Raises NotPermittedError, UnknownNameError.
    """
    require(by, Permission.READ)
    with ws.database.read() as connection:
        row = row_of(connection, number)
        numbers = members(connection, number)
        stated = [item for item in latest(affected_of(connection, numbers)) if item.status != "not affected"]
        found = [
            *_about_breach(connection, row, numbers, stated),
            *_about_data(ws, row, stated),
            *_about_people([item for item in stated if item.kind == "group"]),
            *_about_vendors(ws, stated),
            *_about_surroundings(ws, connection, numbers),
        ]
    return tuple(found)


def worksheet(found: Iterable[Filling]) -> dict[str, Any]:
    """The facts alone, as the table of a worksheet."""
    return {item.fact: item.value for item in found if item.value is not None}


def _about_breach(
    connection: Connection, row: Row[Any], numbers: Sequence[str], stated: Sequence[Affected]
) -> Iterator[Filling]:
    determined = anchors_of(connection, row).get(Anchor.DETERMINED)
    acquired = [item.name for item in stated if item.status == "acquired"]
    if determined is not None:
        yield Filling("breach_confirmed", True, f"{determined.set_by} determined it: {determined.reason}")
    elif acquired:
        yield Filling("breach_confirmed", True, f"stated as acquired: {', '.join(acquired)}")
    if row.verdict == Verdict.TRUE_POSITIVE.value:
        yield Filling("incident_confirmed", True, f"its verdict is true positive: {row.verdict_reason}")
    kinds: dict[str, str] = {}
    if determined is not None:
        kinds["breach"] = "it was determined"
    elif stated or json.loads(row.data_touched):
        kinds["suspected_breach"] = "data may be touched, and nobody determined that it was no breach"
    rule = _encrypting(connection, numbers)
    if rule:
        kinds["ransomware"] = f"the rule {rule!r} is of {_RANSOMWARE}"
    if kinds:
        yield Filling("incident_type", list(kinds), "; ".join(kinds.values()))


def _encrypting(connection: Connection, numbers: Sequence[str]) -> str:
    """The rule of an alert that speaks of ransomware; "" where none does."""
    alert = cases.alert.c
    for chunk in chunks(numbers):
        query = select(alert.rule_title, alert.tags).where(alert.incident.in_(chunk)).order_by(alert.first_time)
        for title, tags in connection.execute(query):
            if _RANSOMWARE in map(str.lower, json.loads(tags)):
                return str(title)
    return ""


def _about_data(ws: Workspace, row: Row[Any], stated: Sequence[Affected]) -> Iterator[Filling]:
    sources: dict[str, str] = {}
    touched: set[str] = set()
    for item in stated:
        for kind in (_SAME.get(name, name) for name in item.elements):
            sources.setdefault(kind, f"stated of {item.name} ({item.status})")
            touched |= {kind} if item.status in _TOUCHED else set()
    for system in register.load(ws).of(item.name for item in stated if item.kind == "system"):
        for category in system.data:
            sources.setdefault(category.value, f"the register says that {system.host} holds it")
    for name in json.loads(row.data_touched):
        sources.setdefault(name, "a system that its alerts name holds it, by the register")
    told = {kind: f"{_words(kind)}: {source}" for kind, source in sources.items()}
    elements = dict.fromkeys(word for kind in sources for word in _ELEMENTS.get(kind, ()))
    if elements:
        why = "; ".join(text for kind, text in told.items() if kind in _ELEMENTS)
        yield Filling("data_elements", list(elements), why)
        yield Filling(MORE, True, "until somebody has looked at what was reached, others may turn up")
    for kind, fact in _YES.items():
        if kind in sources:
            yield Filling(fact, True if kind in touched else None, told[kind])
    if sources:
        yield Filling("regulated_data", True, "; ".join(told.values()))


def _words(kind: str) -> str:
    return DataCategory(kind).words if kind in set(DataCategory) else kind.replace("_", " ")


def _about_vendors(ws: Workspace, stated: Sequence[Affected]) -> Iterator[Filling]:
    """A vendor of which the case says so holds the data; one of the register may only have made the system."""
    named = [f"{item.name}: {item.vendor}" for item in stated if item.vendor]
    known = register.load(ws).of(item.name for item in stated if item.kind == "system")
    listed = [f"{system.host}: {system.vendor}" for system in known if system.vendor]
    if named:
        yield Filling("vendor_held", True, f"stated with a vendor: {', '.join(named)}")
    elif listed:
        yield Filling("vendor_held", None, f"the register names vendors: {', '.join(listed)}; do they hold the data?")


def _about_people(groups: Sequence[Affected]) -> Iterator[Filling]:
    if not groups:
        return
    counted = [(item.name, item.count, item.estimated) for item in groups]
    yield from _counted("individuals", counted)
    residents, whys = {}, []
    for state in sorted({state for item in groups for state, _ in item.states}):
        of_state = [
            (item.name, dict(item.states)[state], item.estimated) for item in groups if state in dict(item.states)
        ]
        # A group of which nobody said where it lives may hold more residents of the state.
        of_state += [(item.name, None, False) for item in groups if not item.states]
        for found in _counted(state, of_state):
            whys.append(f"{state}: {found.why}")
            if found.value is not None:
                residents[state] = found.value
    if whys:
        yield Filling("residents", residents or None, "; ".join(whys))


def _counted(fact: str, groups: Sequence[tuple[str, int | None, bool]]) -> Iterator[Filling]:
    """How many persons some groups are together: exactly, at least, or from..to where one person may be in several."""
    known = [count for _, count, estimated in groups if count is not None and not estimated]
    why = ", ".join(f"{name} {_said(count, estimated=about)}" for name, count, about in groups)
    if not known:
        yield Filling(fact, None, f"{why}; write a range")
    elif len(known) < len(groups):
        yield Filling(fact, f"{max(known)}..", f"{why}; so many at least")
    elif len(known) == 1:
        yield Filling(fact, known[0], why)
    else:
        yield Filling(fact, f"{max(known)}..{sum(known)}", f"{why}; one person may be in several groups")


def _said(count: int | None, *, estimated: bool) -> str:
    if count is None:
        return "not counted"
    return f"about {count:,} (an estimate)" if estimated else f"{count:,}"


def _about_surroundings(ws: Workspace, connection: Connection, numbers: Sequence[str]) -> Iterator[Filling]:
    if any(contact.kind is ContactKind.INSURER for contact in ws.settings.contacts):
        yield Filling("insured", True, "the settings name an insurer")
    asked = [item.number for item in requests_in(connection, closed=False) if set(item.incidents) & set(numbers)]
    if asked:
        yield Filling("records_request_open", True, f"linked and open: {', '.join(asked)}")
