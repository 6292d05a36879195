"""A service as a foothold: installed on the file server with an administrator's stolen credentials."""

from __future__ import annotations

from collections.abc import Iterable

from breachwatch.simulate.dice import Dice
from breachwatch.simulate.happenings import (
    DomainLogon,
    EventLogCleared,
    ExplicitCredentials,
    Happening,
    ProcessStarted,
    ServiceInstalled,
)
from breachwatch.simulate.inventory import HOST
from breachwatch.simulate.planted import Planted
from breachwatch.simulate.span import MINUTE, SECOND
from breachwatch.simulate.timeline import Stage
from breachwatch.simulate.truth import Kind, Story

_ACCOUNT, _ORIGIN = "adm-south", "app01"
_SHELL = "C:\\Windows\\System32\\cmd.exe"
_IMAGE = "%COMSPEC% /Q /c powershell.exe -nop -w hidden -enc SQBFAFgAIAAkAGUAbgB2ADoAeAA="


class ServiceByAttacker(Planted):
    """Shortly before midnight."""

    story = Story(
        id="A08-service-installed",
        kind=Kind.ATTACK,
        name="Suspicious service installed on a server",
        about=(
            "With the stolen credentials of `adm-south` somebody on app01 signs in to the file server over NTLM, "
            "installs a service that runs a hidden PowerShell, and clears the system log."
        ),
        techniques=("T1021.002", "T1543.003", "T1569.002", "T1059.001", "T1070.001"),
        accounts=(_ACCOUNT,),
        hosts=("app01", "dc01", "fs01"),
        addresses=(HOST[_ORIGIN].address,),
        expected=(
            "suspicious service installed: event 7045 with a command shell as its image, right after a network sign-in",
            "log cleared: Windows system log (104)",
        ),
    )

    def script(self, stage: Stage, dice: Dice) -> Iterable[Happening]:
        at = stage.span.at(stage.span.day_before_end(2), 23, 20) + dice.between(0, 59_999_999)
        yield ExplicitCredentials(
            at=at, host=_ORIGIN, user="SYSTEM", target_user=_ACCOUNT, server="fs01", process=_SHELL
        )
        yield DomainLogon(
            at=at + SECOND,
            host="fs01",
            user=_ACCOUNT,
            logon_type=3,
            address=HOST[_ORIGIN].address,
            port=dice.port(),
            workstation=_ORIGIN.upper(),
            until=at + 7 * MINUTE,
            domain_controller="dc01",
            ntlm=True,
            elevated=True,
        )
        yield ServiceInstalled(at=at + 3 * SECOND, host="fs01", service="kXqTzWvB", image_path=_IMAGE, by=_ACCOUNT)
        yield ProcessStarted(
            at=at + 4 * SECOND,
            host="fs01",
            user="SYSTEM",
            image=_SHELL,
            command_line=_IMAGE.replace("%COMSPEC%", _SHELL),
            parent="C:\\Windows\\System32\\services.exe",
        )
        yield EventLogCleared(at=at + 6 * MINUTE, host="fs01", by=_ACCOUNT, channel="System")
