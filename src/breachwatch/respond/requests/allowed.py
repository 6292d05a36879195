"""The allow-list: which fields of which records may leave, which may after somebody read them, and which never.

`released` leaves by itself, because its shape admits no text. A `Part` is withheld until the records officer either
clears its text (never possible where it is `sealed`) or names an exemption. Columns in `keys` tell nothing but where
a row stands in the database. A column that stands nowhere here does not leave, and neither does a table: what is not
named is counted and withheld as other records.
"""

from __future__ import annotations

from collections.abc import Mapping

from breachwatch.incidents.casework.affected import ELEMENTS, KINDS, STATUSES
from breachwatch.incidents.casework.decisions import VALUES
from breachwatch.model.casework import ActionKind, Anchor, DecisionKind, Precision, TaskState, Verdict
from breachwatch.model.duties import DutyOutcome, DutyStep
from breachwatch.model.incident import IncidentState
from breachwatch.model.people import Role
from breachwatch.model.requests import Why
from breachwatch.model.systems import DataCategory
from breachwatch.records import cases, casework, duties
from breachwatch.records.received import FILE, SNAPSHOT
from breachwatch.respond.requests import shapes
from breachwatch.respond.requests.allowing import Allowed, Field, Part


def _text(column: str, title: str, why: Why = Why.TEXT, **more: bool) -> Part:
    return Part(column, (column,), title, why, **more)


def _at(column: str, title: str) -> Field:
    return Field(column, title, shapes.moment)


_INCIDENT = shapes.numbered(r"INC-\d{4}-\d{4,9}")
_STATES = shapes.word(item.value for item in IncidentState)
_SUBJECTS = shapes.word(*(values for values in VALUES.values()))
_OUTCOMES = shapes.word(*(values for values in VALUES.values()), ("told", "set aside", "referred"))

ALLOWED: tuple[Allowed, ...] = (
    Allowed(
        "incident",
        "The incident",
        cases.incident,
        "opened_at",
        (
            Field("number", "incident", _INCIDENT),
            Field("state", "state", _STATES),
            Field("level", "level of the rules", shapes.level),
            Field("severity", "severity", shapes.level),
            _at("first_time", "first event"),
            _at("last_time", "last event"),
            _at("opened_at", "opened"),
            _at("closed_at", "closed"),
            Field("verdict", "verdict", shapes.word(item.value for item in Verdict)),
            Field("data_touched", "kinds of data", shapes.words(item.value for item in DataCategory)),
            Field("referred", "referred to another body", shapes.yes_or_no),
            Field("merged_into", "goes on in", _INCIDENT),
        ),
        (
            _text("title", "the title, which names what was detected", Why.SECURITY),
            _text("verdict_reason", "the reason of the verdict"),
            _text("failure", "why preserving failed", Why.SECURITY),
            _text("lead", "who works on it"),
            _text("closed_by", "who closed it"),
        ),
        frozenset({"opened_by_run", "version", "ordinal", "recurrence_of"}),
    ),
    Allowed(
        "anchor",
        "A moment of the incident",
        casework.anchor,
        "at",
        (
            Field("anchor", "moment", shapes.word(item.value for item in Anchor)),
            _at("at", "when"),
            _at("set_at", "set"),
        ),
        (_text("reason", "why it is held to be then"), _text("set_by", "who set it")),
        frozenset({"seq", "incident", "zone"}),
    ),
    Allowed(
        "affected",
        "What is affected",
        casework.affected,
        "at",
        (
            Field("kind", "kind", shapes.word(KINDS)),
            Field("status", "status", shapes.word(STATUSES)),
            Field("elements", "kinds of data", shapes.words(ELEMENTS)),
            Field("count", "persons or records", shapes.count),
            Field("estimated", "estimate", shapes.yes_or_no),
            Field("states", "residents", shapes.residents),
            _at("at", "stated"),
        ),
        (
            _text("name", "the name of the system, account or group", Why.SECURITY),
            _text("vendor", "the vendor"),
            _text("reason", "how it is known"),
            _text("by", "who stated it"),
        ),
        frozenset({"seq", "incident"}),
    ),
    Allowed(
        "action",
        "A measure",
        casework.action,
        "ordered_at",
        (
            Field("kind", "kind", shapes.word(item.value for item in ActionKind)),
            _at("ordered_at", "ordered"),
            _at("done_at", "done"),
            _at("verified_at", "verified"),
        ),
        (
            _text("target", "the system or account it is about", Why.SECURITY),
            Part("description", ("description", "result", "verification"), "what was done, and found", Why.SECURITY),
            Part("people", ("ordered_by", "implementer", "verifier", "waiver"), "who did it", Why.TEXT),
        ),
        frozenset({"number", "incident", "version"}),
        restricted=lambda row: Why.PERSONNEL if ActionKind(row.kind).restricted else None,
    ),
    Allowed(
        "task",
        "A task",
        casework.task,
        "due_at",
        (
            Field("state", "state", shapes.word(item.value for item in TaskState)),
            Field("role", "role", shapes.word(item.value for item in Role)),
            _at("due_at", "due"),
            _at("done_at", "done"),
        ),
        (
            Part("title", ("title", "how", "phase"), "what was to be done", Why.SECURITY),
            _text("reason", "why it is blocked or does not apply"),
            Part("people", ("assignee", "done_by"), "who does it", Why.TEXT),
        ),
        frozenset({"number", "incident", "playbook", "step", "mandatory", "version"}),
    ),
    Allowed(
        "decision",
        "A decision",
        casework.decision,
        "at",
        (
            Field("kind", "about", shapes.word(item.value for item in DecisionKind)),
            Field("subject", "subject", _SUBJECTS),
            Field("outcome", "outcome", _OUTCOMES),
            _at("at", "decided"),
        ),
        (
            _text("reason", "the reason", Why.PRIVILEGED),
            Part("people", ("decided_by", "recorded_by"), "who decided", Why.TEXT),
        ),
        frozenset({"seq", "incident"}),
        # Whether a notice is required is what counsel advises.
        sealed_if={"reason": lambda row: row.kind == DecisionKind.NOTICE.value},
    ),
    Allowed(
        "note",
        "A note",
        casework.note,
        "at",
        (_at("at", "written"),),
        (_text("text", "the note"), _text("author", "who wrote it")),
        frozenset({"seq", "incident", "privileged"}),
        restricted=lambda row: Why.PRIVILEGED if row.privileged else None,
    ),
    Allowed(
        "timeline",
        "A line of the timeline",
        casework.timeline,
        "at",
        (
            _at("at", "when"),
            Field("precision", "known to the", shapes.word(item.value for item in Precision)),
        ),
        (
            _text("raw", "what happened", Why.SECURITY),
            _text("interpretation", "what it means", Why.SECURITY),
            _text("author", "who wrote it"),
            _text("reason", "why it was changed"),
        ),
        frozenset({"seq", "incident", "key", "source", "pinned", "shown", "written_at"}),
    ),
    Allowed(
        "evidence",
        "A piece of evidence",
        cases.evidence,
        "sealed_at",
        (
            Field("number", "number", shapes.numbered(r"EV-\d{4}-\d{6,9}")),
            Field("kind", "kind", shapes.word((FILE, SNAPSHOT))),
            _at("sealed_at", "sealed"),
            Field("events", "events", shapes.count),
            Field("bytes", "bytes", shapes.count),
            Field("tagmanifest_sha256", "SHA-256 of its manifest", shapes.numbered(r"[0-9a-f]{64}")),
            _at("verified_at", "last verified"),
            Field("verified_ok", "verifies", shapes.yes_or_no),
        ),
        (
            _text("title", "the names of its files", Why.SECURITY),
            Part("contents", (), "what is sealed in it: logs, files, what accounts did", Why.SECURITY, sealed=True),
            Part(
                "custody", (), "its chain of custody, with who had it and where it came from", Why.PRIVATE, sealed=True
            ),
        ),
        frozenset({"incident", "path", "run_id", "supplements"}),
    ),
    Allowed(
        "assessment",
        "An assessment of what the law asks",
        duties.assessment,
        "made_at",
        (Field("version", "version", shapes.count), _at("made_at", "made")),
        (
            Part("facts", ("facts", "proposals"), "the facts and how they were weighed", Why.PRIVILEGED, sealed=True),
            Part("reason", ("reason",), "what it rests on", Why.PRIVILEGED, sealed=True),
            _text("made_by", "who made it"),
        ),
        frozenset({"seq", "incident", "profile", "profile_sha256", "law", "law_of"}),
    ),
    Allowed(
        "duty",
        "A decision about an obligation",
        duties.duty_decision,
        "at",
        (
            Field("obligation", "obligation", shapes.obligation),
            Field("outcome", "outcome", shapes.word(item.value for item in DutyOutcome)),
            _at("at", "decided"),
        ),
        (
            Part("basis", ("basis",), "counsel's reasons", Why.PRIVILEGED, sealed=True),
            _text("decided_by", "who decided"),
        ),
        frozenset({"seq", "incident", "assessment"}),
    ),
    Allowed(
        "step",
        "A step towards meeting an obligation",
        duties.duty_step,
        "at",
        (
            Field("obligation", "obligation", shapes.obligation),
            Field("step", "step", shapes.word(item.value for item in DutyStep)),
            _at("at", "when"),
        ),
        (
            Part("reason", ("reason", "detail"), "how, and why", Why.TEXT),
            _text("recorded_by", "who recorded it"),
        ),
        frozenset({"seq", "incident", "recorded_at"}),
    ),
    Allowed(
        "clock",
        "A reading of a clock",
        duties.clock_reading,
        "computed_at",
        (
            Field("obligation", "obligation", shapes.obligation),
            _at("safe", "safe date"),
            _at("latest", "latest date"),
            _at("policy", "the city's own target"),
            _at("computed_at", "computed"),
        ),
        (Part("because", ("because", "paused", "steps"), "why it was computed, and how", Why.TEXT),),
        frozenset({"seq", "incident", "started_at"}),
    ),
)

COUNTED: Mapping[str, tuple[str, Why]] = {
    "alert": (
        "Alerts: the rules that fired, the accounts, addresses and systems they name, what was logged",
        Why.SECURITY,
    ),
    "incident_entity": ("The accounts, addresses and systems of the incident", Why.SECURITY),
    "alert_join": ("Why alerts belong to the incident", Why.SECURITY),
    "incident_link": ("Links to other incidents", Why.INVESTIGATION),
    "incident_severity": ("How severe it was judged, and why", Why.SECURITY),
    "paper": ("Papers about the incident: drafts, reports and letters to single persons and bodies", Why.INVESTIGATION),
    "communication": ("What was written to and fro with other persons", Why.PRIVATE),
    "report_event": ("Reports of other persons that belong to the incident", Why.PRIVATE),
    "referral": ("Referrals to other bodies", Why.INVESTIGATION),
}
"""Tables of which only the number of rows leaves, with what they are: fixed words. Notices that went to residents or
the public are disclosed beside them (see notices.py)."""
