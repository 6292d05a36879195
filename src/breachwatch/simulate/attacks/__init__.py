"""The planted attacks: one file each, listed here.

Their addresses on the Internet are all in 203.0.113.0/24, which daily life does not use.
"""

from __future__ import annotations

from breachwatch.simulate.attacks.distributed_guessing import DistributedGuessing
from breachwatch.simulate.attacks.domain_admin import NewDomainAdmin
from breachwatch.simulate.attacks.kerberoasting import Kerberoasting
from breachwatch.simulate.attacks.newcomer_root import NewcomerBecomesRoot
from breachwatch.simulate.attacks.password_spray import PasswordSpray
from breachwatch.simulate.attacks.service_installed import ServiceByAttacker
from breachwatch.simulate.attacks.ssh_brute_force import SshBruteForce
from breachwatch.simulate.attacks.user_enumeration import UserEnumeration
from breachwatch.simulate.attacks.vendor_at_night import VendorAtNight
from breachwatch.simulate.planted import Planted

ATTACKS: tuple[type[Planted], ...] = (
    SshBruteForce,
    PasswordSpray,
    DistributedGuessing,
    VendorAtNight,
    NewDomainAdmin,
    Kerberoasting,
    NewcomerBecomesRoot,
    ServiceByAttacker,
    UserEnumeration,
)
"""Every planted attack."""
