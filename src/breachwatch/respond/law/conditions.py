"""Conditions of an obligation: what must be so. They are data; nothing in a profile is run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from breachwatch.respond.law.facts import FACTS, FactKind
from breachwatch.respond.law.words import Part, Slug, StateCode, Words

_COMPARISONS = ("is", "any_of", "at_least", "more_than", "less_than")


class Condition(Part):
    """One thing that must hold: of a fact, of covered data, or that another obligation is triggered."""

    fact: Slug | None = None
    covered_data: tuple[Slug, ...] | None = None  # ids of the profile, any of them
    obligation: Slug | None = None
    is_: Annotated[bool | str | None, Field(alias="is")] = None
    any_of: tuple[str, ...] | None = None
    at_least: Annotated[int, Field(ge=0)] | None = None
    more_than: Annotated[int, Field(ge=0)] | None = None
    less_than: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _one_question(self) -> Condition:
        about = [key for key in ("fact", "covered_data", "obligation") if getattr(self, key) is not None]
        if len(about) != 1:
            msg = "a condition is about a fact, covered_data or an obligation: one of them"
            raise ValueError(msg)
        given = [key for key in _COMPARISONS if getattr(self, "is_" if key == "is" else key) is not None]
        if self.fact is None:
            if given:
                msg = f"a condition about {about[0]} takes no {given[0]}"
                raise ValueError(msg)
            return self
        _check_fact(self, given)
        return self


def _check_fact(condition: Condition, given: list[str]) -> None:
    fact = FACTS.get(condition.fact or "")
    if fact is None:
        msg = f"there is no fact {condition.fact!r}; known: {', '.join(FACTS)}"
        raise ValueError(msg)
    if len(given) != 1:
        msg = f"the condition on {fact.name!r} needs one of {', '.join(_COMPARISONS)}"
        raise ValueError(msg)
    allowed = {
        FactKind.YES_NO: {"is"},
        FactKind.CHOICE: {"is", "any_of"},
        FactKind.SET: {"any_of"},
        FactKind.COUNT: {"at_least", "more_than", "less_than"},
    }.get(fact.kind, set())
    if given[0] not in allowed:
        how = " or ".join(sorted(allowed)) or "a threshold of residents"
        msg = f"{fact.name!r} is {fact.kind.value}: it is asked by {how}, not by {given[0]}"
        raise ValueError(msg)
    if fact.kind is FactKind.YES_NO and not isinstance(condition.is_, bool):
        msg = f"{fact.name!r} is yes or no: write true or false"
        raise ValueError(msg)
    if fact.choices:
        asked = condition.any_of or (str(condition.is_),)
        wrong = [value for value in asked if value not in fact.choices]
        if wrong:
            msg = f"{fact.name!r} has no value {wrong[0]!r}; known: {', '.join(fact.choices)}"
            raise ValueError(msg)


class Threshold(Part):
    """How many people must be affected: individuals in all, or residents of a state (`any`: of any single one)."""

    of: Literal["individuals", "residents"]
    state: StateCode | Literal["any"] | None = None
    at_least: Annotated[int, Field(ge=1)] | None = None
    more_than: Annotated[int, Field(ge=0)] | None = None
    less_than: Annotated[int, Field(ge=1)] | None = None
    note: Words | None = None

    @model_validator(mode="after")
    def _complete(self) -> Threshold:
        if (self.of == "residents") != (self.state is not None):
            msg = "a threshold of residents names their state (or any), one of individuals names none"
            raise ValueError(msg)
        if sum(value is not None for value in (self.at_least, self.more_than, self.less_than)) != 1:
            msg = "a threshold needs one of at_least, more_than, less_than"
            raise ValueError(msg)
        return self

    @property
    def words(self) -> str:
        """The threshold as people say it."""
        who = "individuals" if self.of == "individuals" else f"residents of {self.state}"
        if self.state == "any":
            who = "residents of one state"
        if self.at_least is not None:
            return f"{self.at_least:,} or more {who}"
        return (
            f"more than {self.more_than:,} {who}"
            if self.more_than is not None
            else f"fewer than {self.less_than:,} {who}"
        )
