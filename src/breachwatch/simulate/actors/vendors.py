"""Vendors: over the VPN in business hours, from their own office, to the one server they look after."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import DomainLogon, Happening, VpnSession
from breachwatch.simulate.inventory import Vendor
from breachwatch.simulate.span import MINUTE, SECOND, is_working_day
from breachwatch.simulate.timeline import Daily, Stage

_VISITS = 350  # in a thousand working days


def visit(dice: Dice, vendor: Vendor, at: int, minutes: int, *, address: str = "", mark: str = "") -> list[Happening]:
    """A vendor's visit: VPN, then a remote desktop on their server. `address`: where from, if not from their office."""
    until = at + minutes * MINUTE
    return [
        VpnSession(
            at=at,
            host="vpn01",
            user=vendor.user,
            address=address or vendor.home,
            port=dice.port(),
            pool_address=vendor.pool_address,
            until=until,
            domain_controller="dc02",
            mark=mark,
        ),
        DomainLogon(
            at=at + dice.between(40, 90) * SECOND,
            host=vendor.server,
            user=vendor.user,
            logon_type=10,
            address=vendor.pool_address,
            port=dice.port(),
            workstation=vendor.server.upper(),
            until=until - 20 * SECOND,
            domain_controller="dc01",
            fresh_ticket=True,
            mark=mark,
        ),
    ]


class VendorVisits(Daily):
    """The visits of one vendor."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.name = f"vendor/{vendor.user}"

    def day(self, stage: Stage, day: date, dice: Dice) -> Iterable[Happening]:
        if not is_working_day(day) or not dice.chance(_VISITS):
            return []
        at = stage.span.at(day, 9) + dice.between(0, 5 * 60) * MINUTE + dice.between(0, 59_999_999)
        return visit(dice, self.vendor, at, dice.between(20, 120))
