"""People and what they may do: the roles of a city's breach process, and who acts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person is in the process that the city guides describe; `program` is breachwatch by itself."""

    HELPDESK = "helpdesk"
    ANALYST = "analyst"
    IT_DIRECTOR = "it_director"
    COUNSEL = "counsel"
    RECORDS_OFFICER = "records_officer"  # or City Clerk
    AUDITOR = "auditor"
    ADMIN = "admin"
    PROGRAM = "program"

    @property
    def words(self) -> str:
        """The role as people say it."""
        return {"it_director": "IT director", "program": "breachwatch itself"}.get(
            self.value, self.value.replace("_", " ")
        )


class Permission(StrEnum):
    """What may be done; the value completes the sentence "Only ... may <value>"."""

    READ = "read incidents"
    REPORT = "report an incident"
    NOTE = "write notes"
    TRIAGE = "triage alerts and incidents"
    TRIAGE_REPORT = "triage and answer reports"
    REFER = "refer an incident to others"
    ACT = "record actions"
    VERIFY_ACTION = "verify actions"
    DECIDE = "decide as counsel"
    DRAFT_PAPER = "draft papers and record that they were sent"
    PRIVILEGED = "read and write privileged notes"
    READ_EVIDENCE = "read what evidence holds"
    HANDLE_EVIDENCE = "add, export or transfer evidence"
    PLACE_HOLD = "place a hold"
    RELEASE_HOLD = "release a hold"
    REQUEST_DISPOSAL = "ask for the disposal of evidence"
    APPROVE_DISPOSAL = "approve the disposal of evidence"
    PROPOSE_FILTER = "propose a filter"
    APPROVE_FILTER = "approve a filter"
    TEND_LAKE = "tend the lake"
    ADMINISTER = "administer keys, settings and ledgers"
    ANSWER_REQUESTS = "answer requests for public records"
    PRESERVE = "seal evidence and record what a run found"


_EVERYBODY = frozenset(Role) - {Role.PROGRAM}
_CASE = frozenset({Role.ANALYST, Role.IT_DIRECTOR, Role.ADMIN})
MAY: dict[Permission, frozenset[Role]] = {
    Permission.READ: _EVERYBODY | {Role.PROGRAM},
    Permission.REPORT: _EVERYBODY | {Role.PROGRAM},  # by itself: the web form, a mailbox
    Permission.NOTE: _EVERYBODY - {Role.AUDITOR},
    Permission.TRIAGE: _CASE | {Role.PROGRAM},
    Permission.TRIAGE_REPORT: _CASE | {Role.HELPDESK, Role.RECORDS_OFFICER},
    Permission.REFER: _CASE | {Role.COUNSEL, Role.RECORDS_OFFICER},
    Permission.ACT: _CASE | {Role.HELPDESK},
    Permission.VERIFY_ACTION: _CASE | {Role.AUDITOR},
    Permission.DECIDE: frozenset({Role.COUNSEL}),
    Permission.DRAFT_PAPER: _CASE | {Role.HELPDESK, Role.COUNSEL, Role.RECORDS_OFFICER},
    Permission.PRIVILEGED: frozenset({Role.COUNSEL}),
    Permission.READ_EVIDENCE: _CASE | {Role.COUNSEL, Role.RECORDS_OFFICER, Role.AUDITOR},
    Permission.HANDLE_EVIDENCE: _CASE | {Role.COUNSEL, Role.RECORDS_OFFICER},
    Permission.PLACE_HOLD: _CASE | {Role.COUNSEL, Role.RECORDS_OFFICER},
    Permission.RELEASE_HOLD: frozenset({Role.COUNSEL, Role.RECORDS_OFFICER}),
    Permission.REQUEST_DISPOSAL: frozenset({Role.RECORDS_OFFICER, Role.ADMIN}),
    Permission.APPROVE_DISPOSAL: frozenset({Role.COUNSEL, Role.IT_DIRECTOR}),
    Permission.PROPOSE_FILTER: _CASE,
    Permission.APPROVE_FILTER: _CASE,
    Permission.TEND_LAKE: frozenset({Role.ADMIN, Role.IT_DIRECTOR, Role.PROGRAM}),
    Permission.ADMINISTER: frozenset({Role.ADMIN, Role.PROGRAM}),
    Permission.ANSWER_REQUESTS: frozenset({Role.RECORDS_OFFICER}),
    Permission.PRESERVE: _CASE | {Role.PROGRAM},
}
"""Which roles may do what. An administrator tends the machine and cannot decide as counsel."""


class Via(StrEnum):
    """The door that somebody came through."""

    CLI = "cli"
    FLOW = "flow"
    WEB = "web"
    NOTEBOOK = "notebook"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `account` is the operating system's account, which may be another person's or a service's."""

    name: str
    roles: frozenset[Role]
    login: str = ""
    account: str = ""
    title: str = ""
    contact: str = ""
    location: str = ""
    via: Via = Via.CLI

    def may(self, permission: Permission) -> bool:
        """Whether one of the roles permits it."""
        return bool(self.roles & MAY[permission])


def program(run_id: str = "") -> Actor:
    """Breachwatch itself as an actor, named with the id of the run where there is one."""
    return Actor(name=f"breachwatch {run_id}".rstrip(), roles=frozenset({Role.PROGRAM}), via=Via.FLOW)
