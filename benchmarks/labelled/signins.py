"""Labelled sign-ins against the view `authentication`: is there a row, and are user, source and outcome right?"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.labelled.trying import Place
from breachwatch import lake
from breachwatch.detect.trial import TrialLog, Trials, land
from breachwatch.model.datasets import DATASETS
from breachwatch.settings import Settings
from breachwatch.workspace import Workspace

UNREAD = "unread"
"""In the place of a label: the name of the log, where the line is of no format that is known."""
NOBODY = ("", "-", "?", "NULL", "null", "LOCAL", "unknown")
"""How logs write that there is no name or address."""


@dataclass(frozen=True)
class SignIn:
    """What a label says of one attempt to sign in; None where it says nothing.

    `place` is its record; without one, the label names values that a record of the case must have.
    """

    outcome: str | None = None
    user: str | None = None
    source: str | None = None
    place: Place | None = None


@dataclass
class Case:
    """Logs that are read together, and what their labels say."""

    folder: str  # of the development data: linux-auth, okta, ...
    name: str  # of the file, with the project it is from
    logs: list[TrialLog]
    signins: list[SignIn] = field(default_factory=list)
    quiet: list[Place] = field(default_factory=list)  # records that are no failed sign-in
    unread: int = 0  # lines in a format that is not recognised


class Row(NamedTuple):
    """One row of the view."""

    user: str | None
    domain: str | None
    source: str | None
    outcome: str | None


@dataclass
class Score:
    """Counts over labels: how many say it, how many are right."""

    records: int = 0
    rows: int = 0
    rejects: int = 0
    unread: int = 0
    labelled: int = 0
    found: int = 0  # with a row of the view
    beside: int = 0  # without, but an event with the same address or outcome tells of it
    users: int = 0
    users_right: int = 0
    sources: int = 0
    sources_right: int = 0
    outcomes: int = 0
    outcomes_right: int = 0
    quiet: int = 0
    counted: int = 0  # of the quiet records, failed sign-ins here
    missed: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Add another's counts to these."""
        for name, value in vars(other).items():
            if isinstance(value, int):
                setattr(self, name, getattr(self, name) + value)
            else:
                self.missed.extend(value)


def measured(room: Trials, case: Case) -> Score:
    """Land the case's logs in a lake of their own and compare the view with the labels."""
    score = Score(unread=case.unread)
    ws = room.workspace(Settings())
    try:
        for log in case.logs:
            landed = land(ws, log)
            score.records += landed.records
            score.rows += landed.rows
            score.rejects += landed.rejects
        if case.signins or case.quiet:
            _compare(ws, case, score)
    finally:
        room.drop(ws)
    return score


def _compare(ws: Workspace, case: Case, score: Score) -> None:
    attempts, events = _read(ws)
    left = list(attempts.values())
    for label in case.signins:
        row = attempts.get(label.place) if label.place else _like(label, left)
        score.labelled += 1
        if row is None:
            event = events.get(label.place) if label.place else None
            beside = event is not None and (
                (label.source is not None and same_address(event.source, label.source))
                or (label.source is None and event.outcome == label.outcome)
            )
            score.beside += beside
            if not beside:
                score.missed.append(case.name)
            continue
        score.found += 1
        _values(row, label, score)
    score.quiet += len(case.quiet)
    score.counted += sum(attempts[place].outcome == "failure" for place in case.quiet if place in attempts)


def _values(row: Row, label: SignIn, score: Score) -> None:
    if label.user is not None:
        score.users += 1
        score.users_right += same_user(row, label.user)
    if label.source is not None:
        score.sources += 1
        score.sources_right += same_address(row.source, label.source)
    if label.outcome is not None:
        score.outcomes += 1
        score.outcomes_right += row.outcome == label.outcome


def _read(ws: Workspace) -> tuple[dict[Place, Row], dict[Place, Row]]:
    attempts: dict[Place, Row] = {}
    events: dict[Place, Row] = {}
    with closing(lake.connect(ws)) as connection:
        query = 'SELECT source, record_number, "user", user_domain, source_ip, outcome FROM authentication'
        for source, number, *values in connection.execute(query).fetchall():
            attempts[source, number] = Row(*values)
        for dataset in DATASETS.values():
            query = f'SELECT source, record_number, "user", NULL, source_ip, outcome FROM "{dataset.view}"'
            for source, number, *values in connection.execute(query).fetchall():
                events[source, number] = Row(*values)
    return attempts, events


def _like(label: SignIn, left: list[Row]) -> Row | None:
    """The first row not yet taken that has the label's address, preferably with its user."""
    same = [row for row in left if label.source is None or same_address(row.source, label.source)]
    named = [row for row in same if label.user is None or same_user(row, label.user)]
    for row in named or same:
        left.remove(row)
        return row
    return None


def same_user(row: Row, label: str) -> bool:
    r"""Whether the view names the account that the label names; `a@b`, `b\a` and `a` with domain `b` are one."""
    if label in NOBODY:
        return row.user is None
    user, domain = (row.user or "").lower(), (row.domain or "").lower()
    return label.lower() in {user, f"{user}@{domain}", f"{domain}\\{user}"}


def same_address(ours: str | None, label: str) -> bool:
    """Whether two texts are the same address; a label that names none is right where the view has none."""
    return canonical(ours or "") == canonical(label)


def canonical(text: str) -> str:
    """An address in one form; empty for what is none."""
    text = text.strip("[]").partition("%")[0].removeprefix("::ffff:").removeprefix("::FFFF:")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def total(scores: Iterable[Score]) -> Score:
    """All counts together."""
    summed = Score()
    for score in scores:
        summed.add(score)
    return summed


def numbered(log: str, labels: Sequence[SignIn | None]) -> list[SignIn]:
    """Labels of the records of a log in their order, with their places; None stands for a record without one."""
    return [
        SignIn(label.outcome, label.user, label.source, (log, number))
        for number, label in enumerate(labels, 1)
        if label is not None
    ]
