"""A stolen helpdesk account makes a new domain administrator and clears the security log behind itself."""

from __future__ import annotations

from collections.abc import Iterable

from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import (
    DomainAccountCreated,
    DomainLogon,
    EventLogCleared,
    GroupMemberAdded,
    Happening,
)
from breachwatch.simulate.planted import Planted
from breachwatch.simulate.span import MINUTE
from breachwatch.simulate.timeline import Stage
from breachwatch.simulate.truth import Kind, Story

_STOLEN, _NEW, _FROM = "helpdesk2", "svc-update", "10.20.10.10"  # the address of a clerk's computer


class NewDomainAdmin(Planted):
    """In the evening, from 21:40."""

    story = Story(
        id="A05-new-domain-admin",
        kind=Kind.ATTACK,
        name="New account in Domain Admins, then the security log cleared",
        about=(
            "The stolen account `helpdesk2` signs in to a domain controller from a clerk's computer, creates "
            "`svc-update`, adds it to two powerful groups; the new account signs in and clears the security log."
        ),
        techniques=("T1078.002", "T1136.002", "T1098.007", "T1070.001"),
        accounts=(_STOLEN, _NEW),
        hosts=("dc01",),
        addresses=(_FROM,),
        expected=(
            "sign-in outside hours",
            "new domain account",
            "new privileged account: added to Domain Admins, and to Remote Desktop Users of the domain controller",
            "log cleared: Windows security log (1102)",
        ),
    )

    def script(self, stage: Stage, dice: Dice) -> Iterable[Happening]:
        at = stage.span.at(stage.span.day_before_end(4), 21, 40) + dice.between(0, 59_999_999)
        yield self._desktop(dice, _STOLEN, at, 25)
        yield DomainAccountCreated(at=at + 4 * MINUTE, host="dc01", user=_NEW, by=_STOLEN)
        yield GroupMemberAdded(at=at + 6 * MINUTE, host="dc01", user=_NEW, group="Domain Admins", by=_STOLEN)
        yield GroupMemberAdded(
            at=at + 7 * MINUTE, host="dc01", user=_NEW, group="Remote Desktop Users", by=_STOLEN, local=True
        )
        yield self._desktop(dice, _NEW, at + 11 * MINUTE, 30)
        yield EventLogCleared(at=at + 37 * MINUTE, host="dc01", by=_NEW, channel="Security")

    @staticmethod
    def _desktop(dice: Dice, user: str, at: int, minutes: int) -> DomainLogon:
        return DomainLogon(
            at=at,
            host="dc01",
            user=user,
            logon_type=10,
            address=_FROM,
            port=dice.port(),
            workstation="DC01",
            until=at + minutes * MINUTE,
            domain_controller="dc01",
            fresh_ticket=True,
            elevated=True,
        )
