"""A vendor's account at night, from an address it never used, then a remote desktop on the billing server."""

from __future__ import annotations

from collections.abc import Iterable

from breachwatch.simulate.actors.vendors import visit
from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import Happening, ProcessStarted
from breachwatch.simulate.inventory import VENDORS
from breachwatch.simulate.planted import Planted
from breachwatch.simulate.span import MINUTE
from breachwatch.simulate.timeline import Stage
from breachwatch.simulate.truth import Kind, Story

_VENDOR, _ADDRESS = VENDORS[0], "203.0.113.77"
_COMMAND_SHELL = "C:\\Windows\\System32\\cmd.exe"
_COMMANDS = (
    (4, "C:\\Windows\\System32\\whoami.exe", "whoami  /all"),
    (6, "C:\\Windows\\System32\\net.exe", 'net  group "Domain Admins" /domain'),
    (9, "C:\\Windows\\System32\\nltest.exe", "nltest  /dclist:portalder"),
    (31, "C:\\Windows\\System32\\tar.exe", "tar  -cf C:\\Users\\Public\\b.tar D:\\Billing"),
)


class VendorAtNight(Planted):
    """From 02:10 to 03:40."""

    story = Story(
        id="A04-vendor-at-night",
        kind=Kind.ATTACK,
        name="Vendor account at night from a new address",
        about=(
            "The account of the water-meter vendor signs in to the VPN at 02:10 from an address it never used, opens a "
            "remote desktop on the billing server, looks around and packs the billing data."
        ),
        techniques=("T1078.002", "T1133", "T1021.001", "T1033", "T1069.002", "T1560.001"),
        accounts=(_VENDOR.user,),
        hosts=("vpn01", "dc01", "dc02", _VENDOR.server),
        addresses=(_ADDRESS, _VENDOR.pool_address),
        expected=(
            "sign-in outside hours",
            "sign-in from a new address",
            "discovery command: domain groups listed with net.exe",
        ),
    )

    def script(self, stage: Stage, dice: Dice) -> Iterable[Happening]:
        at = stage.span.at(stage.span.day_before_end(1), 2, 10) + dice.between(0, 59_999_999)
        yield from visit(dice, _VENDOR, at, 90, address=_ADDRESS)
        for minutes, image, line in _COMMANDS:
            yield ProcessStarted(
                at=at + minutes * MINUTE,
                host=_VENDOR.server,
                user=_VENDOR.user,
                image=image,
                command_line=line,
                parent=_COMMAND_SHELL,
            )
