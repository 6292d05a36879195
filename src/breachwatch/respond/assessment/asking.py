"""Asking for facts one at a time: only those that still decide something, the ones that decide most first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from breachwatch.respond.assessment.weighing import Outcome, Proposal
from breachwatch.respond.law.facts import FACTS, Fact, FactKind

_YES_NO = {"y": True, "yes": True, "n": False, "no": False}


def next_question(proposals: Sequence[Proposal], asked: Collection[str]) -> Fact | None:
    """The unknown fact that the most undetermined obligations hang on; None where none is left to ask for."""
    counted = Counter(
        name
        for proposal in proposals
        if proposal.outcome is Outcome.UNDETERMINED
        for name in {name for ground in proposal.deciding for name in ground.facts}
        if name not in asked
    )
    order = list(FACTS)
    best = max(counted, key=lambda name: (counted[name], -order.index(name)), default=None)
    return FACTS[best] if best else None


def answer(fact: Fact, text: str) -> Mapping[str, Any]:
    """The entry of a worksheet that an answer gives; empty for one that is not known.

    Raises ValueError that says what can be answered. Numbers by state are written `TX 612, CA 3..5`.
    """
    text = text.strip()
    if text in {"", "?", "unknown"}:
        return {}
    if fact.kind is FactKind.YES_NO:
        if text.lower() not in _YES_NO:
            msg = "answer yes, no, or ? where it is not known."
            raise ValueError(msg)
        return {fact.name: _YES_NO[text.lower()]}
    if fact.kind is FactKind.SET:
        return {fact.name: [part.strip() for part in text.split(",") if part.strip() not in {"", "none"}]}
    if fact.kind is FactKind.PER_STATE:
        parts = [part.split() for part in text.split(",")]
        if any(len(part) != 2 for part in parts):
            msg = "write a state and a number, as in TX 612, CA 3..5."
            raise ValueError(msg)
        return {fact.name: {state.upper(): number for state, number in parts}}
    return {fact.name: text}
