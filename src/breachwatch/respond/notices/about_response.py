"""What was done about it: measures, notices that went out, open tasks.

Measures against staff never stand in a paper, nor does the name of an account: what leaves the house says that access
was closed, and not whose.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from breachwatch.incidents.casework.actions import visible_to
from breachwatch.model.casework import Action, ActionKind, Affected, Task, TaskState
from breachwatch.model.duties import DutyOutcome, DutyStep
from breachwatch.model.papers import Way
from breachwatch.papers import Value
from breachwatch.papers.words import Language
from breachwatch.respond.assessment.facts import Facts
from breachwatch.respond.duties.deciding import Step
from breachwatch.respond.duties.standing import Duty
from breachwatch.respond.law.words import Kind
from breachwatch.respond.notices.saying import Saying

_ORDERED = frozenset({ActionKind.CONTAINMENT, ActionKind.ACCESS_SUSPENSION})
_DIRECT = frozenset({Way.LETTER.value, Way.EMAIL.value, Way.IN_PERSON.value})


def about_response(
    actions: Sequence[Action],
    stated: Iterable[Affected],
    *,
    sealed: bool,
    police: bool,
    say: Saying,
    language: Language,
    zone: ZoneInfo,
) -> dict[str, Value]:
    """Measures. `sealed`: evidence of the incident is sealed; `police`: law enforcement was told."""
    shown = visible_to(None, actions)
    accounts = {item.name.casefold() for item in stated if item.kind == "account"}
    finished = [action for action in shown if action.done_at is not None]

    def day(at: datetime) -> str:
        return language.date(at.astimezone(zone).date())

    return {
        "steps_taken": say.done((action.kind for action in finished), secured=sealed, police=police) or None,
        "measures_taken": [
            f"{_told(action, accounts)} ({day(action.done_at)})" for action in finished if action.done_at
        ],
        "measures_intended": [_told(action, accounts) for action in shown if action.done_at is None],
        "orders": [
            {
                "number": str(action.number),
                "what": action.description or _words(action.kind),
                "target": action.target,
                "ordered": language.time(action.ordered_at.astimezone(zone)),
                "by": action.ordered_by,
                "carried_out": language.time(action.done_at.astimezone(zone)) if action.done_at else "",
            }
            for action in shown
            if action.kind in _ORDERED
        ],
    }


def about_tasks(tasks: Iterable[Task]) -> list[str]:
    """The open tasks, each with who does it, for people inside."""
    waiting = [task for task in tasks if task.state in {TaskState.OPEN, TaskState.BLOCKED}]
    return [f"{task.title} ({task.assignee or task.role.replace('_', ' ')})" for task in waiting]


def about_notices(
    duties: Sequence[Duty], obligation: str | None, facts: Facts, say: Saying, zone: ZoneInfo
) -> dict[str, Value]:
    """Which notices went to people, when and how, and whether law enforcement had them delayed.

    That there was no delay is said only where counsel decided that notice is required and recorded none. How many
    of the notices went to residents of Texas is known only where nobody else is affected.
    """
    people = [duty for duty in duties if duty.obligation.kind is Kind.INDIVIDUALS]
    one = next((duty for duty in duties if duty.obligation.id == obligation), None)
    asked = [one] if one is not None and one.obligation.extensions else people
    required = any(duty.decision is not None and duty.decision.outcome is DutyOutcome.REQUIRED for duty in asked)
    delayed = any(step.step is DutyStep.DELAY_BEGUN for duty in asked for step in duty.steps)
    sent = sorted(
        (step for duty in people for step in duty.steps if step.step is DutyStep.SENT), key=lambda step: step.at
    )
    ways = [step.detail.get("channel", step.detail.get("method", "")) for step in sent]
    direct = _direct(sent)
    texans = facts.residents.get("TX")
    all_texans = texans is not None and texans.low == texans.high and facts.counts.get("individuals") == texans
    return {
        "law_enforcement_delay": True if delayed else (False if required else None),
        "notice_sent_on": sent[0].at.astimezone(zone).date() if sent else None,
        "notice_method": say.ways(way for way in ways if way),
        "notices_sent": direct,
        "notices_sent_tx": direct if all_texans else None,
    }


def _direct(sent: Sequence[Step]) -> int | None:
    """How many notices went to single people. One sending may serve two duties, and is one by its evidence."""
    found = {
        step.detail.get("evidence", str(step.seq)): int(step.detail["count"])
        for step in sent
        if step.detail.get("channel") in _DIRECT and step.detail.get("count", "").isdecimal()
    }
    return sum(found.values()) or None


def _told(action: Action, accounts: Collection[str]) -> str:
    if action.kind is ActionKind.ACCESS_SUSPENSION or action.target.casefold() in accounts:
        return f"{_words(action.kind)} (account)"
    told = f"{_words(action.kind)}: {action.target}"
    return f"{told}, {action.description}" if action.description else told


def _words(kind: ActionKind) -> str:
    return kind.value.replace("_", " ").capitalize()
