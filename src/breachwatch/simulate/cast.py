"""Everybody who acts, in a fixed order."""

from __future__ import annotations

from breachwatch.simulate.actors.internet import PortScanners, Residents, SshScanners, VpnProbes, WebScanners
from breachwatch.simulate.actors.it_staff import Administrator, Helpdesk
from breachwatch.simulate.actors.office import StaffMember
from breachwatch.simulate.actors.services import (
    Cron,
    Monitoring,
    NightlyBackup,
    ServiceAccounts,
    Timers,
    WindowsPatches,
)
from breachwatch.simulate.actors.vendors import VendorVisits
from breachwatch.simulate.attacks import ATTACKS
from breachwatch.simulate.inventory import ADMINS, HELPDESK, LINUX, NEWCOMER, VENDORS, WINDOWS, Inventory
from breachwatch.simulate.near_misses import BACKUP_STORY, NEAR_MISSES, WEATHER
from breachwatch.simulate.planted import Planted
from breachwatch.simulate.timeline import Actor
from breachwatch.simulate.truth import Story

_BACKUP_NIGHT = 2  # which of the last nights the near miss of the backup tells of


def planted() -> tuple[Planted, ...]:
    """The attacks, near misses and weather."""
    return tuple(story() for story in (*ATTACKS, *NEAR_MISSES, *WEATHER))


def stories() -> tuple[Story, ...]:
    """All stories of the ground truth, by id."""
    return tuple(sorted((BACKUP_STORY, *(actor.story for actor in planted())), key=lambda story: story.id))


def cast(inventory: Inventory, scale: float) -> tuple[Actor, ...]:
    """All actors of the city at that scale."""
    return (
        *(StaffMember(person) for person in (*inventory.staff, NEWCOMER)),
        *(Administrator(person) for person in ADMINS),
        *(Helpdesk(person) for person in HELPDESK),
        *(VendorVisits(vendor) for vendor in VENDORS),
        *(Cron(host) for host in LINUX),
        *(Timers(host) for host in LINUX),
        *(WindowsPatches(host) for host in WINDOWS),
        Monitoring(),
        NightlyBackup(BACKUP_STORY.id, _BACKUP_NIGHT),
        ServiceAccounts(),
        *(SshScanners(host, scale) for host in ("bastion", "web01")),
        Residents(scale),
        WebScanners(scale),
        PortScanners(scale),
        VpnProbes(scale),
        *planted(),
    )
