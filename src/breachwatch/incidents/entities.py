"""Which entities tie alerts together, and which say nothing about who acted.

An alert *offers* all that it names to others, and *joins* by some of it: its `ties`, in the order that its rule, or
else the settings, give. An entity that many cases have in common (see `common`) joins only together with a host that
the incident has, too: `root@vpn01`, `192.0.2.1@web01`. A common host joins alerts of one rule.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from breachwatch.model.finding import Entity

CROWD = 5
"""An alert that names more accounts (or addresses) than this does not join other incidents by them: a spray over a
whole directory would tie everything to everything. Alerts about one of them still join the spray's incident if they
could open one themselves; what its members do every day does not."""

_RULE = " as seen by rule "

IsCommon = Callable[[Entity], bool]

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
        "apache",
        "daemon",
        "guest",
        "mysql",
        "nginx",
        "nobody",
        "oracle",
        "postgres",
        "root",
        "sshd",
        "ubuntu",
        "www-data",
    }
)

# The machine itself, which acts for whoever made it: as good as nobody. So is a machine's account, `DC01$`.
_THE_MACHINE = frozenset(
    {
        "anonymous logon",
        "iusr",
        "local service",
        "localsystem",
        "network service",
        "system",
    }
)


@dataclass(frozen=True, slots=True)
class Offer:
    """By what others may join the incident that has an alert: `firm` takes any alert, `weak` only those of weight."""

    firm: frozenset[Entity]
    weak: frozenset[Entity]


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


def nobody_common(_entity: Entity) -> bool:
    """An `IsCommon` for which every entity is telling, but for the accounts of every machine."""
    return False


def ties(
    entities: Iterable[Entity], order: Sequence[str], *, rule_id: str = "", is_common: IsCommon = nobody_common
) -> tuple[Entity, ...]:
    """The entities by which an alert joins an incident, those of the first kind of the order first.

    A host says where something happened, not who did it: it counts only where no kind before it in the order is named,
    or only the machine itself (SYSTEM, `DC01$`).
    """
    by_kind = {kind: [item for item in named(entities) if item.kind == kind] for kind in ("user", "source_ip", "host")}
    hosts = _few(by_kind["host"])
    found: dict[Entity, None] = {}
    somebody = False
    for kind in order:
        if kind == "host":
            if not somebody:
                for host in by_kind["host"]:
                    found.setdefault(_of_rule(host, rule_id) if is_common(host) else host)
            continue
        somebody = somebody or any(not _is_the_machine(item) for item in by_kind[kind])
        for item in _few(by_kind[kind]):
            if _is_on_every_machine(item) or is_common(item):
                for host in hosts:
                    found.setdefault(_at(item, host))
            else:
                found.setdefault(item)
    return tuple(found)


def offers(entities: Iterable[Entity], rule_id: str = "") -> Offer:
    """What an alert brings to its incident for others to join by."""
    known = named(entities)
    hosts = [item for item in known if item.kind == "host"]
    people = [item for item in known if item.kind != "host"]
    firm: dict[Entity, None] = dict.fromkeys([*hosts, *(_of_rule(host, rule_id) for host in hosts)])
    for kind in ("user", "source_ip"):
        few = _few([item for item in people if item.kind == kind])
        firm.update(dict.fromkeys(item for item in few if not _is_on_every_machine(item)))
        firm.update(dict.fromkeys(_at(item, host) for item, host in product(few, _few(hosts))))
    weak = {item for item in people if not _is_on_every_machine(item)}
    return Offer(frozenset(firm), frozenset(firm.keys() | weak))


def kept(entities: Iterable[Entity]) -> tuple[Entity, ...]:
    """What an incident remembers of an alert: all that it names, with `root@vpn01` in place of `root` and a host."""
    known = named(entities)
    hosts = [item for item in known if item.kind == "host"]
    told: dict[Entity, None] = {}
    for item in known:
        if hosts and _is_on_every_machine(item):
            told.update(dict.fromkeys(_at(item, host) for host in _few(hosts)))
        else:
            told.setdefault(item)
    return tuple(told)


def as_named(tie: Entity) -> Entity:
    """A tie as people know it: a common host joins the alerts of one rule, and is still that host."""
    return Entity(tie.kind, tie.value.partition(_RULE)[0] if tie.value.endswith(" ") else tie.value)


def storable(text: str) -> str:
    """Text that every database takes: lone surrogates and NUL, which log content may hold, become visible escapes."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def _few(entities: Sequence[Entity]) -> Sequence[Entity]:
    """The entities, unless they are a crowd."""
    return entities if len(entities) <= CROWD else ()


def _at(entity: Entity, host: Entity) -> Entity:
    return Entity(entity.kind, f"{entity.value}@{host.value}")


def _of_rule(host: Entity, rule_id: str) -> Entity:
    """A host as one rule sees it. No log can write this: a value is stripped of blanks at its ends."""
    return Entity("host", f"{host.value}{_RULE}{rule_id} ")


def _is_on_every_machine(entity: Entity) -> bool:
    """Whether an account is one of those of the system, or a machine's own (`DC01$`), that stands without its host."""
    name = entity.value.rsplit("\\", 1)[-1]
    return entity.kind == "user" and (name in _ON_EVERY_MACHINE or name in _THE_MACHINE or name.endswith("$"))


def _is_the_machine(entity: Entity) -> bool:
    """Whether an account, with its host or without (`system@web01`), is that of the machine itself."""
    name = entity.value.rsplit("\\", 1)[-1]
    return entity.kind == "user" and (name.partition("@")[0] in _THE_MACHINE or name.endswith("$"))


def _is_own_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return address.is_loopback or address.is_unspecified or address.is_link_local
