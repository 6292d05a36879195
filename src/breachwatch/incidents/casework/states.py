"""The way of an incident: which step is open from where, what must be true first, and who may take it.

It is the way of the city guides (Odessa, Oxnard): intake by IT, contain, preserve, assess with counsel, notify where it
is required, document remediation, and close only after verification. `docs/incidents.md` is printed from these tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from breachwatch.model.incident import IncidentState as S
from breachwatch.model.people import Permission


class Guard(StrEnum):
    """What must be true before a step; `guards.py` asks the records."""

    CONTAINMENT = "containment"
    INSIDERS_TOLD = "insiders-told"
    NOTICE_REQUIRED = "notice-required"
    NO_NOTICE_REQUIRED = "no-notice-required"
    OBLIGATIONS_MET = "obligations-met"
    OBLIGATIONS_TERMINAL = "obligations-terminal"
    ACTIONS_DONE = "actions-done"
    ACTIONS_VERIFIED = "actions-verified"
    TASKS_DONE = "tasks-done"
    EVIDENCE_SEALED = "evidence-sealed"
    EVIDENCE_VERIFIED = "evidence-verified"
    HOLDS_CONSIDERED = "holds-considered"
    LESSONS = "lessons"
    STATEMENT = "closing-statement"
    VERDICT = "verdict"
    FALSE_POSITIVE = "verdict-false-positive"
    DISMISSED = "verdict-dismisses"


@dataclass(frozen=True, slots=True)
class GuardText:
    """What a guard asks for, the words of the command that meets it, and whether a recorded reason can set it aside."""

    asks: str
    meet: tuple[str, ...]
    waivable: bool = True


_ACTION = ("incident", "action", "add", "NUMBER", "containment", "TARGET", "--done")
GUARDS: dict[Guard, GuardText] = {
    Guard.CONTAINMENT: GuardText("a containment action is done, or a reason says why none applies", _ACTION),
    Guard.INSIDERS_TOLD: GuardText(
        "the IT director, the records officer and counsel were told",
        ("incident", "decide", "NUMBER", "notified", "ROLE", "--reason", "HOW"),
    ),
    Guard.NOTICE_REQUIRED: GuardText(
        "counsel decided that a notice is required",
        ("incident", "decide", "NUMBER", "notice", "required", "--reason", "BASIS"),
        waivable=False,
    ),
    Guard.NO_NOTICE_REQUIRED: GuardText(
        "counsel decided that no notice is required",
        ("incident", "decide", "NUMBER", "notice", "not-required", "--reason", "BASIS"),
        waivable=False,
    ),
    Guard.OBLIGATIONS_MET: GuardText(
        "everyone who must be told was told: what counsel requires was sent; without that, somebody confirms how",
        ("incident", "decide", "NUMBER", "obligations", "met", "--reason", "HOW"),
    ),
    Guard.OBLIGATIONS_TERMINAL: GuardText(
        "counsel decided about every obligation of the latest assessment, and what is required was sent",
        ("duty", "list", "NUMBER"),
        waivable=False,
    ),
    Guard.ACTIONS_DONE: GuardText(
        "every action that was ordered is done", ("incident", "action", "done", "NUMBER", "ACTION")
    ),
    Guard.ACTIONS_VERIFIED: GuardText(
        "every action was verified by somebody else than who carried it out",
        ("incident", "action", "verify", "NUMBER", "ACTION"),
    ),
    Guard.TASKS_DONE: GuardText(
        "every task that the playbooks call for is done, or a reason says why it does not apply",
        ("incident", "task", "done", "NUMBER", "TASK"),
    ),
    Guard.EVIDENCE_SEALED: GuardText("all of its evidence is sealed", ("run",)),
    Guard.EVIDENCE_VERIFIED: GuardText("all of its evidence was verified today", ("evidence", "verify", "NUMBER")),
    Guard.HOLDS_CONSIDERED: GuardText(
        "it was considered whether a legal hold is called for, or one covers it",
        ("incident", "decide", "NUMBER", "holds", "none", "--reason", "WHY"),
    ),
    Guard.LESSONS: GuardText(
        "what was learnt is written down",
        ("incident", "decide", "NUMBER", "lessons", "learnt", "--reason", "WHAT"),
    ),
    Guard.STATEMENT: GuardText(
        "a closing statement tells what happened and what was done",
        ("incident", "decide", "NUMBER", "statement", "made", "--reason", "TEXT"),
    ),
    Guard.VERDICT: GuardText(
        "it has a verdict, with its reason",
        ("incident", "verdict", "NUMBER", "VERDICT", "--reason", "WHY"),
        waivable=False,
    ),
    Guard.FALSE_POSITIVE: GuardText(
        "its verdict is false positive",
        ("incident", "verdict", "NUMBER", "false-positive", "--reason", "WHY"),
        waivable=False,
    ),
    Guard.DISMISSED: GuardText(
        "its verdict is one that needs no further work: benign true positive, duplicate, test or no action",
        ("incident", "verdict", "NUMBER", "VERDICT", "--reason", "WHY"),
        waivable=False,
    ),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `may` are the permissions of which one is enough."""

    source: S
    to: S
    guards: tuple[Guard, ...]
    may: tuple[Permission, ...]
    meaning: str
    back: bool = False  # against the usual direction: it needs a reason of its own


_CASE = (Permission.TRIAGE,)
_CASE_OR_COUNSEL = (Permission.TRIAGE, Permission.DECIDE)
_CLOSING = (
    Guard.VERDICT,
    Guard.OBLIGATIONS_TERMINAL,
    Guard.ACTIONS_VERIFIED,
    Guard.TASKS_DONE,
    Guard.EVIDENCE_SEALED,
    Guard.EVIDENCE_VERIFIED,
    Guard.HOLDS_CONSIDERED,
    Guard.LESSONS,
    Guard.STATEMENT,
)
_FORWARD = (
    Step(S.NEW, S.TRIAGE, (), _CASE, "somebody looks into it; tasks are planned from the playbooks"),
    Step(S.TRIAGE, S.CONTAINED, (Guard.CONTAINMENT,), _CASE, "further loss is prevented"),
    Step(S.CONTAINED, S.INVESTIGATING, (), _CASE, "what happened is found out"),
    Step(
        S.INVESTIGATING,
        S.ASSESSING,
        (Guard.INSIDERS_TOLD,),
        _CASE,
        "whether it must be told outside is assessed with counsel",
    ),
    Step(S.ASSESSING, S.NOTIFYING, (Guard.NOTICE_REQUIRED,), _CASE_OR_COUNSEL, "those who must be told are told"),
    Step(
        S.ASSESSING,
        S.NO_NOTICE_REQUIRED,
        (Guard.NO_NOTICE_REQUIRED,),
        _CASE_OR_COUNSEL,
        "nobody outside needs to be told",
    ),
    Step(S.NOTIFYING, S.REMEDIATING, (Guard.OBLIGATIONS_MET,), _CASE, "the cause is removed, systems are restored"),
    Step(S.NO_NOTICE_REQUIRED, S.REMEDIATING, (), _CASE, "the cause is removed, systems are restored"),
    Step(S.REMEDIATING, S.VERIFYING, (Guard.ACTIONS_DONE,), _CASE, "somebody else makes sure that it worked"),
    Step(S.VERIFYING, S.CLOSED, _CLOSING, _CASE, "the incident is closed"),
)
_BACK = (
    Step(S.ASSESSING, S.INVESTIGATING, (), _CASE_OR_COUNSEL, "counsel needs to know more", back=True),
    Step(S.NOTIFYING, S.ASSESSING, (), _CASE_OR_COUNSEL, "counsel assesses again", back=True),
    Step(S.NO_NOTICE_REQUIRED, S.ASSESSING, (), _CASE_OR_COUNSEL, "counsel assesses again", back=True),
    Step(S.REMEDIATING, S.INVESTIGATING, (), _CASE, "there is more to find out", back=True),
    Step(S.VERIFYING, S.REMEDIATING, (), _CASE, "it did not work yet", back=True),
    Step(S.CLOSED, S.INVESTIGATING, (), _CASE_OR_COUNSEL, "it is opened again", back=True),
    Step(S.FALSE_POSITIVE, S.INVESTIGATING, (), _CASE_OR_COUNSEL, "it is opened again", back=True),
)
_WAITING = tuple(state for state in S if state.waits)
_EARLY = (S.NEW, S.TRIAGE, S.CONTAINED, S.INVESTIGATING, S.ASSESSING)
_EXITS = (
    *(Step(state, S.FALSE_POSITIVE, (Guard.FALSE_POSITIVE,), _CASE, "the rule was mistaken") for state in _WAITING),
    *(Step(state, S.CLOSED, (Guard.DISMISSED,), _CASE, "nothing came of it") for state in _EARLY),
)
STEPS: tuple[Step, ...] = (*_FORWARD, *_BACK, *_EXITS)
"""All steps that a person can take, the usual one of each state first. Merging and its reverse are beside them."""


def steps_from(state: S) -> tuple[Step, ...]:
    """The steps that lead on from a state, the usual one first."""
    return tuple(step for step in STEPS if step.source is state)


def step_between(source: S, to: S) -> Step | None:
    """The step between two states, if there is one."""
    return next((step for step in STEPS if (step.source, step.to) == (source, to)), None)
