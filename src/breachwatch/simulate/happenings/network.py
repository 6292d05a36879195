"""What happens at the edge: packets, web requests, the VPN."""

from __future__ import annotations

from dataclasses import dataclass

from breachwatch.simulate.happenings.base import Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet(Happening):
    """A packet that netfilter logs."""

    verdict: str  # BLOCK, ALLOW or AUDIT, as UFW writes it
    source: str
    destination: str
    protocol: str  # TCP, UDP or ICMP
    source_port: int
    destination_port: int
    outgoing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRequest(Happening):
    """A request to a web server."""

    address: str
    method: str
    path: str
    status: int
    size: int
    agent: str
    user: str = "-"
    referrer: str = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class VpnProbe(Happening):
    """Somebody who does not have the VPN's shared key knocks."""

    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VpnFailure(Happening):
    """A VPN client whose password is refused."""

    user: str
    address: str
    port: int
    domain_controller: str
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class VpnSession(Happening):
    """A VPN sign-in that holds until `until`; inside, the client is `pool_address`."""

    user: str
    address: str
    port: int
    pool_address: str
    until: int
    domain_controller: str
