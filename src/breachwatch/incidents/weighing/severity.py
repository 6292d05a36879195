"""The severity of an incident from what it touches. Pure.

It begins at the highest level of its alerts and rises by one step where a system of high or critical worth, or one that
holds people's data, is named, and by one more where a privileged account is; never beyond critical. Nothing lowers it:
a system that the register does not know may hold anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from breachwatch.model.finding import Level
from breachwatch.model.severity import About, Ground, Severity
from breachwatch.model.systems import Criticality, DataCategory, System

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an incident: the rule of its highest level, its systems, its privileged accounts and why."""

    level: Level
    rule_title: str  # empty: no alert
    systems: tuple[System, ...] = ()
    privileged: tuple[tuple[str, str], ...] = ()  # account, why
    incomplete: str = ""  # what could not be considered


def weigh(facts: Facts) -> Severity:
    """The severity that the facts give, with its reasons."""
    begins = (
        f"the highest level of its alerts is {facts.level} ({facts.rule_title})"
        if facts.rule_title
        else f"it was opened by hand as {facts.level}; no alert stands behind it"
    )
    grounds = [Ground(About.RULE, begins)]
    grounds += _about_systems(facts.systems)
    if facts.privileged:
        account, why = facts.privileged[0]
        more = f", and {len(facts.privileged) - 1} more" if len(facts.privileged) > 1 else ""
        grounds.append(Ground(About.ACCOUNT, f"the account {account} may do much: {why}{more}", 1))
    if facts.incomplete:
        grounds.append(Ground(About.REGISTER, facts.incomplete))
    level = Level(min(Level.CRITICAL, facts.level + sum(ground.raises for ground in grounds)))
    data = tuple(dict.fromkeys(category for system in facts.systems for category in system.data))
    ordered = tuple(category for category in DataCategory if category in data)
    records = sum(system.records or 0 for system in facts.systems if system.data)
    return Severity(level, level, tuple(grounds), ordered, tuple(system.host for system in facts.systems), records)


def _about_systems(systems: Sequence[System]) -> Iterable[Ground]:
    """Worth and data are one step together: both say what is at stake."""
    worth = [system for system in systems if system.criticality in (Criticality.HIGH, Criticality.CRITICAL)]
    holding = [system for system in systems if system.data]
    raises = 1
    if worth:
        named = _some(f"{system.host} ({system.criticality})" for system in worth)
        yield Ground(About.SYSTEM, f"it touches {named}", raises)
        raises = 0
    if holding:
        told = _some(_holds(system) for system in holding)
        yield Ground(About.DATA, f"data may be touched: {told}", raises)


def _holds(system: System) -> str:
    people = f" of {system.records:,} people" if system.records else ""
    return f"{system.host} holds {', '.join(category.words for category in system.data)}{people}"


def _some(texts: Iterable[str]) -> str:
    listed = list(texts)
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return "; ".join(listed[:_NAMED]) + more
