"""What detection hands on: findings, the outcome of every rule, and the window that was searched."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

OUR_AUTHOR = "breachwatch"
"""Author of the rules that come with breachwatch, who need not be named beside each."""


class Level(IntEnum):
    """Sigma's levels, in order (Sigma specification 2.1, section "level")."""

    INFORMATIONAL = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @classmethod
    def parse(cls, text: str | None) -> Level:
        """The level of that name; a rule without one counts as medium."""
        return cls[text.upper()] if text else cls.MEDIUM

    def __str__(self) -> str:
        return self.name.lower()


class Outcome(StrEnum):
    """How a rule ended a run. Every rule ends in exactly one."""

    MATCHED = "matched"
    NO_MATCH = "no match"
    NOT_APPLICABLE = "not applicable"  # no such log here
    COULD_NOT_RUN = "could not run"


@dataclass(frozen=True, slots=True)
class Window:
    """The span of event time that is searched, [start, end), aware UTC."""

    start: datetime
    end: datetime


MOST_OF_A_KIND = 50
"""So many accounts (addresses, hosts) a finding names; there may be more."""


ENTITY_KINDS = ("user", "source_ip", "host")
"""Who acted (an account), from where (an address), and on what machine."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Somebody or something that takes part: `user`, `source_ip` or `host` with its value."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


MOST_MATCHES = 24
"""So many matches a finding tells of one event; of a correlation, of the first event of each rule."""


@dataclass(frozen=True, slots=True)
class Match:
    """One test of a rule that an event passed: `selection_cli: CommandLine contains 'mimikatz'`.

    `selection` is its name in the rule's `detection`, `field` the rule's field (of a keyword: the column that holds it,
    "" where it goes over several). `value` is what the event has there, cut to some 200 characters around `found`, the
    part that matched, letter by letter as the log has it ("" where nothing in particular did).
    """

    rule_id: str  # of a correlation, the rule over single events
    event_id: str
    selection: str
    field: str
    test: str  # "is", "contains", "starts with", "matches", "is in" ...
    pattern: str  # what the rule looks for, as it is written there
    value: str = ""
    found: str = ""

    def __str__(self) -> str:
        pattern = f" '{self.pattern}'" if self.pattern else ""
        return f"{self.selection}: {self.field or 'the event'} {self.test}{pattern}"


@dataclass(frozen=True, slots=True)
class Part:
    """What one rule over single events brought to a correlation's finding."""

    rule_id: str
    rule_title: str
    event_ids: tuple[str, ...]  # in the order of the finding; an event may be in several parts


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's hit.

    For a rule over single events, one event; for a correlation, all events of one episode (overlapping windows merged).
    `key` is the same in every run that sees this hit: rule id plus the event (or group and first event).
    """

    key: str
    rule_id: str
    rule_title: str
    rule_revision: str  # the CompiledRule.revision that fired
    level: Level
    dataset: str
    event_ids: tuple[str, ...]  # in time order
    first_time: datetime
    last_time: datetime
    event_count: int  # events it stands for, repeated-message lines counted as what they stand for
    entities: tuple[Entity, ...]
    tags: tuple[str, ...] = ()
    why: Mapping[str, str] = field(default_factory=dict)  # group values of a correlation, matched fields of a rule
    matched: tuple[Match, ...] = ()  # which selections matched, by which fields and values
    parts: tuple[Part, ...] = ()  # of a correlation: which rule each event matched


def make_finding_key(rule_id: str, *parts: str) -> str:
    """The identity of a finding. The rule's revision is no part of it: editing a title does not raise history anew."""
    return hashlib.sha256("\0".join(("finding", rule_id, *parts)).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """How one rule ended a run: matched n times, no match, not applicable or could not run, and why."""

    rule_id: str
    title: str
    level: Level
    outcome: Outcome
    findings: int = 0
    reason: str = ""
    unknown_fields: tuple[str, ...] = ()  # fields the rule names that no event in the window had
    author: str = ""  # of the rule; its licence may demand that it is named
    excused: bool = False  # nothing was left out: it waits for values that only the settings can give, or is no rule


@dataclass(frozen=True, slots=True)
class RuleOrigin:
    """Where one document came from that a rule was run as: the rule itself, one that it is over, or a filter.

    The Detection Rule License 1.1, which most public rules are under, asks that their authors and their licence stay
    visible wherever the rules or what they found are handed on.
    """

    title: str
    rule_id: str = ""  # "" for a filter
    author: str = ""
    licence: str = ""  # SPDX identifier where the licence is known, else "not stated" or "not recognised"
    licence_from: str = ""  # what says so: the rule itself, or a file of its pack
    origin: str = ""  # the file it was read from, with its pack in front
    sha256: str = ""  # of its text
    pack: str = ""
    pack_version: str = ""
    pack_origin: str = ""  # path or address that the pack was added from
    pack_sha256: str = ""  # over `sha256sum` lines of the pack's rule files, sorted by name


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule as it was run, kept as evidence beside what it found.

    `text` is the Sigma YAML as read, as one multi-document file: the rules that a correlation is over, the rule, and
    the filters in force on them. `revision` is the SHA-256 of text and SQL: another wording, mapping, filter or backend
    that changes the query is another one.
    """

    rule_id: str
    title: str
    revision: str
    text: str
    sql: str
    dataset: str
    origins: tuple[RuleOrigin, ...] = ()  # of each document of `text`, in its order


@dataclass(frozen=True, slots=True)
class Scan:
    """The result of one detection run over one window.

    `scanned_files` are the lake files the window covered whole: once the findings are recorded they count as searched.
    `rules` holds only the rules that matched.
    """

    window: Window
    findings: tuple[Finding, ...]
    outcomes: tuple[RuleOutcome, ...]
    rules: tuple[CompiledRule, ...]
    events_in_window: int
    scanned_files: tuple[str, ...] = ()
