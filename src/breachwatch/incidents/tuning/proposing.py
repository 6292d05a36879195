"""Proposing a filter from alerts that were closed as false positives. Nothing is in force until somebody else approves.

The filter names the rules over single events (a correlation is reached through them), asks for the fields that all the
events share, and is tried on the last thirty days: one that would not hide these very events, or that would hide an
event of a confirmed case however old, is refused.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import duckdb
from sqlalchemy import Connection, Row, select

from breachwatch.detect.approved import FOLDER
from breachwatch.detect.compiling import Compiler, RuleError
from breachwatch.detect.filtering import read_filter
from breachwatch.detect.loading import RuleText
from breachwatch.detect.rulepack import Rule, RulePack
from breachwatch.detect.starting import compiler_for, load_rules
from breachwatch.errors import DataError, UsageError
from breachwatch.incidents.casework.changing import said
from breachwatch.incidents.casework.finding import alert_row, members, row_of
from breachwatch.incidents.tuning.choosing import NothingTellsError, Values, choose
from breachwatch.incidents.tuning.deciding import add_proposal
from breachwatch.incidents.tuning.events import Found, confirmed_alerts, events_of, values_of
from breachwatch.incidents.tuning.trying import Trial, try_filter
from breachwatch.incidents.tuning.writing import Draft, filter_text, slug
from breachwatch.model.casework import Verdict
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import cases
from breachwatch.workspace import Workspace

EXPIRES_AFTER = timedelta(days=90)
_LOGSOURCE = ("product", "category", "service")
_NO_CASES = frozenset({Verdict.FALSE_POSITIVE.value, Verdict.BENIGN_TRUE_POSITIVE.value, Verdict.TEST.value})


@dataclass(frozen=True, slots=True)
class Proposal:
    """A filter as it was filed, or would be (`name` is "" then), with its dry run."""

    name: str
    text: str
    wanted: Mapping[str, str | int]
    rules: tuple[str, ...]  # titles
    events: int  # of the false positives
    trial: Trial


def propose_filter(
    ws: Workspace,
    alert_keys: Sequence[str],
    *,
    by: Actor,
    reason: str = "",
    owner: str = "",
    days: int = EXPIRES_AFTER.days,
    file: bool = True,
) -> tuple[Proposal, ...]:
    """Propose the narrowest filters that hide these alerts, one for each log source.

    Alerts are named by their keys or the beginnings of those; the number of an incident stands for all of its alerts.

    Each is filed as pending in the workspace's folder `tuning`, with reason, author, incident, owner and expiry, unless
    `file` is false. The reason is that of the alerts' verdict where none is given. Raises NotPermittedError,
    UnknownNameError, UsageError (no reason, an alert with another verdict), DataError (no filter is narrow enough, it
    would hide a confirmed case, the events are gone).
    """
    require(by, Permission.PROPOSE_FILTER)
    if not alert_keys:
        msg = "no alert is named: a filter is made from alerts that were false positives."
        raise UsageError(msg)
    with ws.database.read() as connection:
        rows = _alerts(connection, alert_keys)
        _refuse_cases(rows)
        keys = tuple(row.key for row in rows)
        false = events_of(connection, keys)
        sure = confirmed_alerts(connection, keys)
        confirmed = events_of(connection, sure)
    reason = said(reason or next((row.verdict_reason for row in rows if row.verdict_reason), ""), "The reason")
    pack = load_rules(ws)
    compiler, _ = compiler_for(ws, pack, ws.clock.now())
    proposals = []
    for logsource, rules in _by_logsource(pack, false).items():
        events, wanted = _wanted(ws, compiler, rules, false, confirmed)
        today = ws.clock.now().astimezone(ws.settings.city.zone).date()
        draft = Draft(
            filter_id=str(uuid.uuid4()),
            title=f"{rules[0].title}: {', '.join(str(value) for value in list(wanted.values())[:2])}",
            logsource=dict(logsource),
            rules=[rule.id for rule in rules],
            wanted=wanted,
            author=by.name,
            on=today,
            owner=owner or by.name,
            reason=reason,
            expires=today + timedelta(days=days),
            references=[*dict.fromkeys(row.incident for row in rows if row.incident), *(key[:8] for key in keys)][:20],
        )
        text = filter_text(draft)
        trial = _tried(ws, text, keys, false)
        name = ""
        if file:
            name = add_proposal(ws, slug(draft.title), text, draft, keys, _incident(rows), trial, by=by)
        proposals.append(Proposal(name, text, wanted, tuple(rule.title for rule in rules), events, trial))
    return tuple(proposals)


def _alerts(connection: Connection, named: Iterable[str]) -> list[Row[Any]]:
    """The alerts that are named, each once. Raises UnknownNameError, UsageError (an incident without alerts)."""
    found: dict[str, Row[Any]] = {}
    for name in named:
        if not name.upper().startswith("INC-"):
            row = alert_row(connection, name)
            found[row.key] = row
            continue
        numbers = members(connection, str(row_of(connection, name.upper()).number))
        rows = connection.execute(
            select(cases.alert).where(cases.alert.c.incident.in_(numbers)).order_by(cases.alert.c.key)
        ).all()
        if not rows:
            msg = f"{name.upper()} has no alerts to make a filter from."
            raise UsageError(msg)
        found.update((row.key, row) for row in rows)
    return list(found.values())


def _refuse_cases(rows: Iterable[Row[Any]]) -> None:
    for row in rows:
        if row.verdict and row.verdict not in _NO_CASES:
            msg = (
                f"alert {row.key[:8]} was closed as {row.verdict}: a filter would hide what is no false positive. "
                "Reopen it first if that was a mistake."
            )
            raise UsageError(msg)


def _by_logsource(pack: RulePack, found: Found) -> dict[tuple[tuple[str, str], ...], list[Rule]]:
    """The rules over single events that matched, by log source: a filter is for one."""
    grouped: dict[tuple[tuple[str, str], ...], list[Rule]] = {}
    for rule_id in sorted(found.ids):
        rule = pack.with_id(rule_id)
        if rule is None:
            msg = f"the rule {rule_id} that found these events is no longer among the rules; it needs no filter."
            raise DataError(msg)
        if rule.document.get("id") is None:
            msg = f"{rule.title} has no id, so no filter can name it. Give it one (a new UUID)."
            raise DataError(msg)
        given = rule.document.get("logsource") or {}
        source = tuple((key, str(given[key])) for key in _LOGSOURCE if given.get(key))
        if not source:
            msg = f"{rule.title} is about the logs themselves; tune it in the settings of the source."
            raise DataError(msg)
        grouped.setdefault(source, []).append(rule)
    return grouped


def _wanted(
    ws: Workspace, compiler: Compiler, rules: Sequence[Rule], false: Found, confirmed: Found
) -> tuple[int, dict[str, str | int]]:
    """How many events there are, and the fields to ask for. Raises DataError."""
    events: list[Values] = []
    sure: list[Values] = []
    try:
        for rule in rules:
            events += values_of(ws, compiler, rule, false)
            sure += values_of(ws, compiler, rule, confirmed)
    except (RuleError, duckdb.Error) as error:
        msg = f"the events cannot be read: {str(error).splitlines()[0][:300]}"
        raise DataError(msg) from error
    if not events:
        msg = (
            "the events of these alerts are no longer in the lake; their evidence is sealed. Write the filter by hand."
        )
        raise DataError(msg)
    try:
        return len(events), choose(events, sure)
    except NothingTellsError as error:
        raise DataError(str(error)) from error


def _tried(ws: Workspace, text: str, keys: tuple[str, ...], false: Found) -> Trial:
    """The dry run. Raises DataError where the filter would not do what it is for, or hides a confirmed case."""
    item = read_filter(RuleText(f"{FOLDER}/new.yml", text))
    trial = try_filter(ws, item, leave_out=keys)
    refuse_harm(trial)
    recent = false.last >= trial.preview.since
    touched = {alert.key for alert in trial.preview.alerts}
    if recent and not touched & set(keys) and not trial.problems:
        msg = (
            f"the filter would hide none of these events, so it is of no use. What was tried: {json.dumps(text[:400])}"
        )
        raise DataError(msg)
    return trial


def refuse_harm(trial: Trial) -> None:
    """Raises DataError where a dry run shows that a confirmed case would have lost events, or could not show it."""
    if trial.confirmed:
        alert = trial.confirmed[0]
        where = f" of {alert.incident}" if alert.incident else ""
        msg = (
            f"the filter would hide {alert.hidden} of {alert.events} events of the alert {alert.key[:8]} "
            f"({alert.rule_title}){where}, a confirmed case. It is not filed."
        )
        raise DataError(msg)
    if trial.problems:
        msg = f"the filter could not be tried: {'; '.join(trial.problems)[:400]}. It is not filed."
        raise DataError(msg)


def _incident(rows: Sequence[Row[Any]]) -> str:
    return next((row.incident for row in rows if row.incident), "")
