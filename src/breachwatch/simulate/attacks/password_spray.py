"""Password spray: one address tries one season's password on many accounts, at the web portal and the VPN."""

from __future__ import annotations

from collections.abc import Iterable

from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import DomainLogon, DomainLogonFailure, Happening, VpnFailure, VpnSession
from breachwatch.simulate.planted import Planted
from breachwatch.simulate.span import MINUTE, SECOND
from breachwatch.simulate.timeline import Stage
from breachwatch.simulate.truth import Kind, Story

_ADDRESS, _INSIDE, _VICTIM = "203.0.113.61", "10.20.199.61", "parks01"
_TRIED = (
    *("clerk01", "finance01", "permits01", "planning01", "works01", "water01", "library01", "hr01", "court01"),
    *("helpdesk1", "helpdesk2", "adm-north", "adm-south", "adm-east", "intern1", "ven-maps", "ven-hvac", "svc-mail"),
    *("mayor", "cityclerk", "webmaster"),
)
_UNKNOWN = ("mayor", "cityclerk", "webmaster")


class PasswordSpray(Planted):
    """On a working day from 10:40; the right guess is the last."""

    story = Story(
        id="A02-password-spray",
        kind=Kind.ATTACK,
        name="Password spray over the web portal and the VPN, with one success",
        about=(
            "One address tries one password each on 22 accounts, first at the billing portal (event 4625, logon type "
            "8), then at the VPN, where `parks01` lets it in; from there it opens the file server."
        ),
        techniques=("T1110.003", "T1078.002", "T1133"),
        accounts=(*_TRIED, _VICTIM),
        hosts=("app01", "dc02", "vpn01", "fs01"),
        addresses=(_ADDRESS, _INSIDE),
        expected=(
            "spray across accounts: failed sign-ins of many accounts from one address",
            "success after failures: a sign-in succeeds after many failures from the same address",
        ),
    )

    def script(self, stage: Stage, dice: Dice) -> Iterable[Happening]:
        at = stage.span.at(stage.span.working_day_before_end(4), 10, 40)
        for user in _TRIED:
            yield DomainLogonFailure(
                at=at,
                host="app01",
                user=user,
                logon_type=8,
                address=_ADDRESS,
                port=dice.port(),
                workstation="APP01",
                domain_controller="dc02",
                reason="no such user" if user in _UNKNOWN else "bad password",
            )
            at += dice.between(7, 14) * SECOND + dice.between(0, 999_999)
        at += 3 * MINUTE
        for user in _TRIED:
            yield VpnFailure(
                at=at,
                host="vpn01",
                user=user,
                address=_ADDRESS,
                port=dice.port(),
                domain_controller="dc02",
                known=user not in _UNKNOWN,
            )
            at += dice.between(8, 16) * SECOND + dice.between(0, 999_999)
        until = at + 34 * MINUTE
        yield VpnSession(
            at=at,
            host="vpn01",
            user=_VICTIM,
            address=_ADDRESS,
            port=dice.port(),
            pool_address=_INSIDE,
            until=until,
            domain_controller="dc02",
        )
        for minutes in (2, 6, 15):
            yield DomainLogon(
                at=at + minutes * MINUTE,
                host="fs01",
                user=_VICTIM,
                logon_type=3,
                address=_INSIDE,
                port=dice.port(),
                workstation="DESKTOP-7Q",
                until=at + (minutes + 3) * MINUTE,
                domain_controller="dc02",
                ntlm=True,
            )
