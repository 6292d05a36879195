"""Which obligations a set of facts triggers: yes, no, or undetermined; with the facts and the citation that decide it.

Three-valued (Kleene): an unknown fact makes an answer undetermined unless other facts decide it anyway, and what is
decided stays decided whatever else is learnt. These are proposals: counsel decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from breachwatch.respond.assessment.facts import Count, Facts
from breachwatch.respond.law.conditions import Condition, Threshold
from breachwatch.respond.law.facts import FACTS
from breachwatch.respond.law.obligations import Obligation
from breachwatch.respond.law.profile import CONFIRM, CoveredData, Profile


class Truth(StrEnum):
    """Whether something holds."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    def __invert__(self) -> Truth:
        return {Truth.YES: Truth.NO, Truth.NO: Truth.YES}.get(self, Truth.UNKNOWN)


class Outcome(StrEnum):
    """What is proposed for an obligation."""

    TRIGGERED = "triggered"
    UNDETERMINED = "undetermined"
    NOT_TRIGGERED = "not triggered"


@dataclass(frozen=True, slots=True)
class Ground:
    """One thing that was weighed: what was asked, what is known of it, and whether it speaks for the obligation."""

    asked: str
    known: str
    holds: Truth
    facts: tuple[str, ...]  # by name; what must be found out where it is unknown
    citation: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the facts mean for one obligation. `deciding` are the grounds that make it so; `grounds` are all."""

    obligation: str
    title: str
    outcome: Outcome
    required_by_law: bool
    grounds: tuple[Ground, ...]
    deciding: tuple[Ground, ...]
    citation: tuple[str, ...]
    confirm: str = CONFIRM


def weigh(profile: Profile, facts: Facts, on: date) -> tuple[Proposal, ...]:
    """A proposal for each obligation of the profile in the version that is in force `on` a day, in its order."""
    scales = _Scales(profile, facts, on)
    names = dict.fromkeys(item.id for item in profile.obligations)
    return tuple(scales.proposal(profile.obligation(name, on)) for name in names)


class _Scales:
    def __init__(self, profile: Profile, facts: Facts, on: date) -> None:
        self._profile, self._facts, self._on = profile, facts, on
        self._made: dict[str, Proposal] = {}

    def proposal(self, obligation: Obligation) -> Proposal:
        """The proposal for one obligation; others that hang on it ask for it again."""
        if obligation.id not in self._made:
            self._made[obligation.id] = self._proposal(obligation)
        return self._made[obligation.id]

    def _proposal(self, obligation: Obligation) -> Proposal:
        grounds = tuple(self._grounds(obligation))
        truth = _all(ground.holds for ground in grounds)
        outcome = {
            Truth.YES: Outcome.TRIGGERED,
            Truth.NO: Outcome.NOT_TRIGGERED,
            Truth.UNKNOWN: Outcome.UNDETERMINED,
        }[truth]
        return Proposal(
            obligation.id,
            obligation.title,
            outcome,
            obligation.required_by_law,
            grounds,
            tuple(ground for ground in grounds if ground.holds is truth),
            obligation.citation,
        )

    def _grounds(self, obligation: Obligation) -> Iterable[Ground]:
        if not obligation.enabled:
            yield Ground("the rule is in force", str(obligation.disabled_because), Truth.NO, ())
        if not obligation.in_force(self._on):
            span = f"from {obligation.effective_from}"
            yield Ground(f"the rule holds on {self._on}", span, Truth.NO, (), obligation.citation[0])
        for condition in obligation.applies_if:
            yield self._condition(condition)
        for condition in obligation.unless:
            ground = self._condition(condition)
            yield Ground(f"Unless: {ground.asked}", ground.known, ~ground.holds, ground.facts, ground.citation)
        if obligation.threshold is not None:
            yield self._threshold(obligation.threshold)

    def _condition(self, condition: Condition) -> Ground:
        if condition.obligation is not None:
            other = self.proposal(self._profile.obligation(condition.obligation, self._on))
            holds = {Outcome.TRIGGERED: Truth.YES, Outcome.NOT_TRIGGERED: Truth.NO}.get(other.outcome, Truth.UNKNOWN)
            missing = tuple(dict.fromkeys(name for ground in other.deciding for name in ground.facts))
            return Ground(f"{condition.obligation} applies", other.outcome.value, holds, missing)
        if condition.covered_data is not None:
            return self._covered(condition.covered_data)
        return self._fact(condition)

    def _fact(self, condition: Condition) -> Ground:
        name = condition.fact or ""
        facts = self._facts
        holds = Truth.UNKNOWN
        if name in facts.yes_no:
            holds = _truth(facts.yes_no[name] is condition.is_)
        elif name in facts.choice:
            holds = _truth(facts.choice[name] in (condition.any_of or (condition.is_,)))
        elif name in facts.some_of:
            holds = self._some_of(name, frozenset(condition.any_of or ()))
        elif name in facts.counts:
            holds = _compare(facts.counts[name], condition.at_least, condition.more_than, condition.less_than)
        return Ground(FACTS[name].question, facts.words(name), holds, (name,))

    def _some_of(self, name: str, wanted: frozenset[str]) -> Truth:
        if self._facts.some_of[name] & wanted:
            return Truth.YES
        return Truth.UNKNOWN if name == "data_elements" and self._facts.more_elements else Truth.NO

    def _covered(self, names: tuple[str, ...]) -> Ground:
        kinds = [item for item in self._profile.covered_data if item.id in names]
        found = [(kind, *self._kind(kind)) for kind in kinds]
        holds = _any(truth for _, truth, _ in found)
        told = [item for item in found if item[1] is holds]
        missing = tuple(dict.fromkeys(name for _, _, facts in told for name in facts))
        known = f"data elements: {self._facts.words('data_elements')}"
        for name in ("with_name", "encrypted", "key_acquired", "public_information"):
            if name in missing or name in self._facts.yes_no:
                known += f"; {name.replace('_', ' ')}: {self._facts.words(name)}"
        return Ground(
            "Is it data that the law covers?", known, holds, missing, "; ".join(kind.citation for kind, *_ in told)
        )

    def _kind(self, kind: CoveredData) -> tuple[Truth, tuple[str, ...]]:
        """Whether covered data of this kind was acquired, and the facts that this hangs on."""
        yes_no = self._facts.yes_no
        parts: list[tuple[str, Truth]] = []
        if "data_elements" in self._facts.some_of:
            parts.append(("data_elements", self._some_of("data_elements", frozenset(kind.any_of))))
        else:
            parts.append(("data_elements", Truth.UNKNOWN))
        if kind.with_name:
            parts.append(("with_name", _known(yes_no.get("with_name"))))
        if kind.identifies_individual:
            parts.append(("identifies_individual", _known(yes_no.get("identifies_individual"))))
        if kind.encrypted_excluded:
            readable = _any([~_known(yes_no.get("encrypted")), _known(yes_no.get("key_acquired"))])
            parts.append(("encrypted", readable))
            parts.append(("key_acquired", readable))
        parts.append(("public_information", ~_known(yes_no.get("public_information"))))
        truth = _all(part for _, part in parts)
        return truth, tuple(name for name, part in parts if part is truth)

    def _threshold(self, threshold: Threshold) -> Ground:
        facts = self._facts
        if threshold.of == "individuals":
            count = facts.counts.get("individuals", Count(sum(item.low for item in facts.residents.values()), None))
            holds = _compare(count, threshold.at_least, threshold.more_than, threshold.less_than)
            return Ground(
                threshold.words, str(count) if count.high or count.low else "unknown", holds, ("individuals",)
            )
        if threshold.state != "any":
            count = facts.residents.get(str(threshold.state), Count(0, self._most()))
            holds = _compare(count, threshold.at_least, threshold.more_than, threshold.less_than)
            return Ground(threshold.words, facts.words("residents"), holds, ("residents",))
        each = [
            _compare(count, threshold.at_least, threshold.more_than, threshold.less_than)
            for count in facts.residents.values()
        ]
        rest = _compare(Count(0, self._most()), threshold.at_least, threshold.more_than, threshold.less_than)
        return Ground(threshold.words, facts.words("residents"), _any([*each, rest]), ("residents",))

    def _most(self) -> int | None:
        """How many residents a state may have at most of which nothing is known: the individuals that are left."""
        individuals = self._facts.counts.get("individuals")
        if individuals is None or individuals.high is None:
            return None
        return individuals.high - sum(count.low for count in self._facts.residents.values())


def _compare(count: Count, at_least: int | None, more_than: int | None, less_than: int | None) -> Truth:
    if less_than is not None:
        return ~_compare(count, less_than, None, None)
    needed = at_least if at_least is not None else (more_than or 0) + 1
    if count.low >= needed:
        return Truth.YES
    return Truth.NO if count.high is not None and count.high < needed else Truth.UNKNOWN


def _known(value: bool | None) -> Truth:
    return Truth.UNKNOWN if value is None else _truth(value)


def _truth(value: bool) -> Truth:
    return Truth.YES if value else Truth.NO


def _all(parts: Iterable[Truth]) -> Truth:
    found = set(parts)
    if Truth.NO in found:
        return Truth.NO
    return Truth.UNKNOWN if Truth.UNKNOWN in found else Truth.YES


def _any(parts: Iterable[Truth]) -> Truth:
    return ~_all(~part for part in parts)
