"""Kerberoasting: an ordinary account asks for RC4 tickets of every service account, to crack them at home."""

from __future__ import annotations

from collections.abc import Iterable

from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import Happening, ServiceTicket, TicketGrantingTicket
from breachwatch.simulate.inventory import SPN_ACCOUNTS
from breachwatch.simulate.planted import Planted
from breachwatch.simulate.span import SECOND
from breachwatch.simulate.timeline import Stage
from breachwatch.simulate.truth import Kind, Story

_ACCOUNT, _FROM = "permits01", "10.20.150.66"  # an address no workstation of the city has


class Kerberoasting(Planted):
    """On a working day at 13:20, twenty tickets in two minutes."""

    story = Story(
        id="A06-kerberoasting",
        kind=Kind.ATTACK,
        name="Kerberoasting",
        about=(
            "`permits01` asks a domain controller for tickets to all twenty service accounts within two minutes, with "
            "the weak RC4 encryption (0x17), from a computer the city does not know."
        ),
        techniques=("T1558.003",),
        accounts=(_ACCOUNT, *SPN_ACCOUNTS),
        hosts=("dc01",),
        addresses=(_FROM,),
        expected=("Kerberoasting: many RC4 service tickets for one account in minutes",),
    )

    def script(self, stage: Stage, dice: Dice) -> Iterable[Happening]:
        at = stage.span.at(stage.span.working_day_before_end(2), 13, 20) + dice.between(0, 59_999_999)
        yield TicketGrantingTicket(at=at, host="dc01", user=_ACCOUNT, address=_FROM, port=dice.port())
        for service in SPN_ACCOUNTS:
            at += dice.between(2 * SECOND, 8 * SECOND)
            yield ServiceTicket(
                at=at,
                host="dc01",
                user=_ACCOUNT,
                service=service,
                address=_FROM,
                port=dice.port(),
                encryption="0x17",
            )
