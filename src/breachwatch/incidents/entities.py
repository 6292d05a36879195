"""Which entities tie alerts together, and which say nothing about who acted."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from breachwatch.model.finding import Entity

CROWD = 5
"""An alert that names more accounts (or addresses) than this does not join other incidents by them: a spray over a
whole directory would tie everything to everything. Alerts about one of them still join the spray's incident if they
could open one themselves; what its members do every day does not."""

# What logs write where there is nobody.
_NOBODY = frozenset(
    {
        "",
        "-",
        "--",
        "?",
        "*",
        "(null)",
        "(unknown)",
        "<unknown>",
        "localhost",
        "local",
        "n/a",
        "none",
        "null",
        "unknown",
    }
)

# Accounts that exist on every machine: the same name on two hosts is not the same actor.
_ON_EVERY_MACHINE = frozenset(
    {
        "admin",
        "administrator",
        "anonymous logon",
        "daemon",
        "guest",
        "iusr",
        "local service",
        "localsystem",
        "network service",
        "nobody",
        "root",
        "system",
        "ubuntu",
    }
)


def named(entities: Iterable[Entity]) -> tuple[Entity, ...]:
    """The entities that name somebody or something, in one spelling (lower case), without repeats.

    Placeholders, and addresses that every machine has (loopback, unspecified, link-local), are left out.
    """
    seen: dict[Entity, None] = {}
    for entity in entities:
        value = storable(entity.value).strip()
        if value.casefold() in _NOBODY or (entity.kind == "source_ip" and _is_own_address(value)):
            continue
        seen.setdefault(Entity(entity.kind, value.casefold()))
    return tuple(seen)


def strong(entities: Iterable[Entity]) -> tuple[Entity, ...]:
    """The entities by which an alert joins an incident: its accounts and source addresses, else its hosts.

    An account that exists on every machine counts together with its host (`root@vpn01`), and not at all without one.
    """
    known = named(entities)
    hosts = [entity for entity in known if entity.kind == "host"]
    users: dict[Entity, None] = {}
    for entity in known:
        if entity.kind != "user":
            continue
        if not _on_every_machine(entity.value):
            users.setdefault(entity)
        else:
            for host in hosts:
                users.setdefault(Entity("user", f"{entity.value}@{host.value}"))
    addresses = [entity for entity in known if entity.kind == "source_ip"]
    few = [*(users if len(users) <= CROWD else ()), *(addresses if len(addresses) <= CROWD else ())]
    if few:
        return tuple(few)
    return tuple(hosts) if not users and not addresses else ()


def kept(entities: Iterable[Entity]) -> tuple[Entity, ...]:
    """What an incident remembers of an alert: all that it names, with `root@vpn01` in place of `root` and a host."""
    known = named(entities)
    has_host = any(entity.kind == "host" for entity in known)
    plain = (item for item in known if not (has_host and item.kind == "user" and _on_every_machine(item.value)))
    return tuple(dict.fromkeys([*plain, *strong(known)]))


def storable(text: str) -> str:
    """Text that every database takes: lone surrogates and NUL, which log content may hold, become visible escapes."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def _on_every_machine(user: str) -> bool:
    return user.rsplit("\\", 1)[-1] in _ON_EVERY_MACHINE


def _is_own_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return address.is_loopback or address.is_unspecified or address.is_link_local
