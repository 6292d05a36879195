"""Settings of incidents: when alerts become one, which belong together, and what makes an incident severe."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import Field, field_validator

from breachwatch.model.finding import ENTITY_KINDS
from breachwatch.settings_base import Section, sigma_level


class Incidents(Section):
    """When alerts become an incident and which belong together."""

    minimum_level: str = "medium"  # lower alerts join incidents but open none
    gap_hours: Annotated[float, Field(gt=0)] = 24.0
    max_span_days: Annotated[float, Field(gt=0)] = 7.0
    # by what alerts join, in this order; a rule's `breachwatch: {join_by: [...]}` goes before it
    order: tuple[str, ...] = ("user", "source_ip", "host")
    # entities that many cases have in common: names with `*`, addresses, networks; they join with a host only
    shared: tuple[str, ...] = ()
    history_days: Annotated[int, Field(ge=1, le=366)] = 30  # how far back an entity's rarity is judged
    common_partners: Annotated[int, Field(ge=2)] = 10  # so many others that it was seen with make an entity common
    common_days: Annotated[int, Field(ge=2)] = 10  # so do alerts of weight on so many of those days
    # accounts that may do much; the admin groups that logs name are added to them
    privileged: tuple[str, ...] = (
        *("root", "admin", "administrator", "adm-*", "*-adm", "*-admin", "admin-*", "da-*", "domain admin*"),
        *("root@*", "admin@*", "administrator@*"),
    )

    _level = field_validator("minimum_level")(sigma_level)

    @field_validator("order")
    @classmethod
    def _kinds(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return join_order(value)

    @field_validator("shared")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for item in value:
            if "/" in item:
                _network(item)
            if not item.strip():
                msg = "an empty name would be shared by everybody"
                raise ValueError(msg)
        return value


class Systems(Section):
    """The register of the city's systems: what they are worth, and what data they hold."""

    file: str = ""  # CSV or TOML, relative to the workspace; empty: there is none
    most: Annotated[int, Field(ge=1)] = 20_000  # a register with more systems is refused


def join_order(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """The kinds of entities by which alerts join, each known and named once. Raises ValueError."""
    unknown = [kind for kind in kinds if kind not in ENTITY_KINDS]
    if unknown or not kinds or len(set(kinds)) < len(kinds):
        wrong = f"{unknown[0]!r} is none" if unknown else "none is named" if not kinds else "one is named twice"
        msg = f"must name some of {', '.join(ENTITY_KINDS)}, each once: {wrong}"
        raise ValueError(msg)
    return kinds


def read_join_by(said: object) -> tuple[str, ...]:
    """The order that a rule gives as `breachwatch: {join_by: ...}`: a kind, or a list of kinds. Raises ValueError."""
    kinds = [said] if isinstance(said, str) else said
    if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
        msg = "`join_by` must be a list of kinds of entities"
        raise ValueError(msg)
    try:
        return join_order(tuple(kinds))
    except ValueError as error:
        msg = f"`join_by` {error}"
        raise ValueError(msg) from None


def _network(text: str) -> None:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        msg = f"{text!r} is no network like 10.20.0.0/16"
        raise ValueError(msg) from None
