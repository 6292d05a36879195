"""Whose data it is: kinds of personal information, how many people, where they live. What is unknown is None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from breachwatch.model.casework import Affected
from breachwatch.papers import Value
from breachwatch.respond.assessment.facts import Count, Facts
from breachwatch.respond.notices.saying import ACCOUNTS, HEALTH, IDENTITY, LOGINS, Saying

_FLAGS = ("regulated_data", "election_data", "encrypted", "key_acquired")
_CALLED = {
    "health_data": "unsecured_phi",
    "criminal_justice_data": "cji_involved",
    "tax_data": "fti_involved",
    "card_data": "cardholder_data",
}
"""Fields of papers whose fact has another name."""


def about_people(facts: Facts, stated: Sequence[Affected], say: Saying, city: str) -> dict[str, Value]:
    """The fields, from the facts of the latest assessment, and where that says nothing from what people stated.

    `stated` are the statements that stand. A count that somebody called an estimate stays one.
    """
    groups = [item for item in stated if item.kind == "group" and item.status != "not affected"]
    elements, more = _elements(facts, groups)
    individuals = facts.counts.get("individuals") or _individuals(groups)
    residents = facts.residents or _residents(groups)
    estimated = any(item.estimated for item in groups)

    def counted(count: Count | None) -> Value:
        return say.count(count, estimated=estimated) if count is not None else None

    kinds = facts.some_of.get("incident_type")
    return {
        "data_elements": say.elements(elements, more=more) or None,
        "identity_numbers": _among(IDENTITY, elements, more),
        "health_elements": _among(HEALTH, elements, more),
        "account_elements": _among(ACCOUNTS, elements, more),
        "login_elements": _among(LOGINS, elements, more),
        "individuals": counted(individuals),
        "residents": [{"state": state, "number": str(counted(of_it))} for state, of_it in sorted(residents.items())],
        "residents_tx": counted(residents.get("TX")),
        "residents_ca": counted(residents.get("CA")),
        "incident_kind": say.kinds(kinds) if kinds else None,
        "ransomware": "ransomware" in kinds if kinds is not None else None,
        "data_owner": city if facts.choice.get("data_owner") == "city" else None,
        "hipaa_role": _role(facts.choice.get("hipaa_role")),
        **{name: facts.yes_no.get(name) for name in _FLAGS},
        **{name: facts.yes_no.get(fact) for name, fact in _CALLED.items()},
    }


def _elements(facts: Facts, groups: Sequence[Affected]) -> tuple[frozenset[str], bool]:
    """The kinds of data, and whether others may turn up."""
    if "data_elements" in facts.some_of:
        return facts.some_of["data_elements"], facts.more_elements
    return frozenset(name for item in groups for name in item.elements), True


def _among(wanted: frozenset[str], elements: frozenset[str], more: bool) -> bool | None:
    """Whether one of them is there; unknown while others may turn up."""
    if elements & wanted:
        return True
    return None if more else False


def _individuals(groups: Sequence[Affected]) -> Count | None:
    """The people of one group. Of several, one person may be in two of them: at least the largest, at most all."""
    counts = [item.count for item in groups]
    known = [count for count in counts if count is not None]
    if not known or len(known) < len(counts):
        return None
    return Count(max(known), sum(known))


def _residents(groups: Sequence[Affected]) -> Mapping[str, Count]:
    by_state: dict[str, list[int]] = {}
    for item in groups:
        for state, count in item.states:
            if count is not None:
                by_state.setdefault(state, []).append(count)
    return {state: Count(max(counts), sum(counts)) for state, counts in by_state.items()}


def _role(role: Any) -> Value:
    return str(role).replace("_", " ") if role and role != "none" else None
