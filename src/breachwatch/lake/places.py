"""Where addresses are: the GeoIP databases and the list of places that the settings name (`[geoip]`).

The databases are MaxMind DB files (format specification 2.0) that the user gives: GeoLite2 or GeoIP2 City, Country and
ASN, DB-IP Lite in the same layout. Each distinct address is looked up once; the result is a small table that the view
`authentication` is joined to. Addresses of no public network, and what is no address, have no place.

`places` is a CSV file of the user's own, for what no database knows or what one gets wrong (offices, the exits of a VPN
or proxy): a header line with `network` and any of `country`, `city`, `lat`, `lon`, `asn`, then a network a line. The
longest prefix wins, and what it says stands in place of all that the databases say: empty fields mean "unknown", which
keeps an address out of everything that reckons with places.
"""

from __future__ import annotations

import csv
import ipaddress
import math
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from breachwatch.settings import GeoIP

LOCATED = "located_addresses"
"""The table with a row for each address whose place is known; made by `connect` where `[geoip]` names a file."""

PLACE_FIELDS: tuple[pa.Field[Any], ...] = (
    pa.field("source_country", pa.string(), metadata={"doc": "ISO 3166-1 alpha-2, from the GeoIP database"}),
    pa.field("source_city", pa.string(), metadata={"doc": "English name, from the GeoIP database"}),
    pa.field("source_lat", pa.float64(), metadata={"doc": "degrees north (WGS 84), from the GeoIP database"}),
    pa.field("source_lon", pa.float64(), metadata={"doc": "degrees east (WGS 84), from the GeoIP database"}),
    pa.field("source_asn", pa.int64(), metadata={"doc": "number of the autonomous system, from the GeoIP database"}),
)
"""The columns of `authentication` that come from here; NULL where nothing is known."""

LOCATED_SCHEMA = pa.schema([pa.field("located_address", pa.string()), *PLACE_FIELDS])

MAX_NETWORKS = 100_000
NAME_CHARS = 200


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of an address; latitude and longitude are given both or not at all."""

    country: str | None = None
    city: str | None = None
    lat: float | None = None
    lon: float | None = None
    asn: int | None = None

    @property
    def row(self) -> tuple[Any, ...]:
        """The values in the order of `PLACE_FIELDS`."""
        return tuple(getattr(self, item.name) for item in fields(self))


@dataclass
class Locator:
    """Looks addresses up. `problems` names what cannot be read; the rest works on without it."""

    known: Mapping[tuple[int, int], Mapping[int, Place]] = field(default_factory=dict)  # (version, prefix) -> network
    readers: list[tuple[str, Any]] = field(default_factory=list)  # kind, maxminddb reader
    problems: list[str] = field(default_factory=list)

    def place(self, address: str) -> Place | None:
        """The place of an address; None where it is no address or nothing is known."""
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return None
        mapped = getattr(parsed, "ipv4_mapped", None)
        parsed = mapped or parsed
        own = self._own(parsed)
        if own is not None:
            return own
        if not parsed.is_global:
            return None
        found: dict[str, Any] = {}
        for kind, reader in self.readers:
            for name, value in _read(kind, self._record(kind, reader, parsed)).items():
                found.setdefault(name, value)
        return Place(**found) if found else None

    def _own(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Place | None:
        bits = address.max_prefixlen
        for version, prefix in sorted(self.known, reverse=True):
            if version == address.version:
                network = int(address) >> (bits - prefix)
                found = self.known[version, prefix].get(network)
                if found is not None:
                    return found
        return None

    def _record(self, kind: str, reader: Any, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Any:
        import maxminddb

        try:
            return reader.get(address)
        except (maxminddb.InvalidDatabaseError, ValueError) as error:
            # An IPv6 address in a database of IPv4 alone is a ValueError; damage shows only where it is read.
            if isinstance(error, maxminddb.InvalidDatabaseError):
                problem = f"the GeoIP database geoip.{kind}_database is damaged: {error}"
                self.problems += [problem] if problem not in self.problems else []
            return None


def located(settings: GeoIP, root: Path, addresses: Iterable[str]) -> tuple[pa.Table, list[str]]:
    """The table of addresses with their places, and what kept some of them from being looked up."""
    with ExitStack() as stack:
        locator = open_locator(settings, root, stack)
        rows = [(address, place.row) for address in addresses if (place := locator.place(address)) is not None]
    columns = [[address for address, _ in rows]]
    columns += [[row[number] for _, row in rows] for number in range(len(PLACE_FIELDS))]
    arrays = [pa.array(values, item.type) for values, item in zip(columns, LOCATED_SCHEMA, strict=True)]
    return pa.table(arrays, schema=LOCATED_SCHEMA), locator.problems


def open_locator(settings: GeoIP, root: Path, stack: ExitStack) -> Locator:
    """A locator over the files that the settings name; the stack closes them."""
    import maxminddb

    locator = Locator()
    for kind in ("city", "country", "asn"):
        named = getattr(settings, f"{kind}_database")
        if named:
            try:
                reader = stack.enter_context(maxminddb.open_database(root / Path(named).expanduser()))
            except (OSError, maxminddb.InvalidDatabaseError, ValueError) as error:
                locator.problems.append(f"geoip.{kind}_database: cannot read {named}: {error}")
            else:
                locator.readers.append((kind, reader))
    if settings.places:
        try:
            locator.known = _own_places(root / Path(settings.places).expanduser())
        except (OSError, ValueError, csv.Error) as error:
            locator.problems.append(f"geoip.places: cannot read {settings.places}: {error}")
    return locator


def served(settings: GeoIP) -> frozenset[str]:
    """Which of the place columns the named files can fill."""
    names = [item.name for item in PLACE_FIELDS]
    if settings.places:
        return frozenset(names)
    given: list[str] = []
    given += names[:4] if settings.city_database else []
    given += names[:1] if settings.country_database else []
    given += names[4:] if settings.asn_database else []
    return frozenset(given)


def missing(settings: GeoIP, root: Path, columns: Iterable[str]) -> str:
    """Why these place columns have nothing in them; empty where every one of them is served."""
    lacking = sorted(set(columns) & {item.name for item in PLACE_FIELDS} - served(settings))
    if lacking:
        kinds = "city_database" if set(lacking) - {"source_asn", "source_country"} else "country_database"
        kinds = "asn_database" if lacking == ["source_asn"] else kinds
        return f"no GeoIP database configured for {', '.join(lacking)} (settings: geoip.{kinds})"
    with ExitStack() as stack:
        return "; ".join(open_locator(settings, root, stack).problems)


def versions(settings: GeoIP, root: Path) -> str:
    """The databases that can be read, with the day each was built (UTC): `GeoLite2-City of 2026-11-17`."""
    named = []
    with ExitStack() as stack:
        for _, reader in open_locator(settings, root, stack).readers:
            meta = reader.metadata()
            built = datetime.fromtimestamp(meta.build_epoch, UTC).date().isoformat()
            named.append(f"{str(meta.database_type)[:60]} of {built}")
    return ", ".join([*named, *(["geoip.places"] if settings.places else [])])


def _read(kind: str, record: Any) -> dict[str, Any]:
    """What a record of a database says, as arguments of `Place`."""
    if not isinstance(record, dict):
        return {}
    if kind == "asn":
        number = record.get("autonomous_system_number")
        return {"asn": number} if isinstance(number, int) else {}
    found: dict[str, Any] = {}
    country = _member(record, "country", "iso_code")
    if isinstance(country, str) and country:
        found["country"] = country[:NAME_CHARS]
    if kind == "country":
        return found
    city = _member(record, "city", "names", "en")
    if isinstance(city, str) and city:
        found["city"] = city[:NAME_CHARS]
    lat, lon = _member(record, "location", "latitude"), _member(record, "location", "longitude")
    return found | _position(lat, lon)


def _position(lat: Any, lon: Any) -> dict[str, float]:
    numbers = [value for value in (lat, lon) if isinstance(value, int | float) and math.isfinite(value)]
    if len(numbers) < 2 or not (-90 <= numbers[0] <= 90 and -180 <= numbers[1] <= 180):
        return {}
    return {"lat": float(numbers[0]), "lon": float(numbers[1])}


def _member(record: Any, *path: str) -> Any:
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return record


def _own_places(path: Path) -> dict[tuple[int, int], dict[int, Place]]:
    """The networks of a CSV file. Raises OSError, csv.Error, and ValueError that names the line."""
    found: dict[tuple[int, int], dict[int, Place]] = {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream)
        unknown = set(rows.fieldnames or ()) - {"network", *(item.name for item in fields(Place))}
        if "network" not in (rows.fieldnames or ()) or unknown:
            msg = "its first line must name `network` and any of country, city, lat, lon, asn"
            raise ValueError(msg)
        for row in rows:
            if rows.line_num > MAX_NETWORKS:
                msg = f"it has more than {MAX_NETWORKS} lines"
                raise ValueError(msg)
            try:
                network = ipaddress.ip_network(str(row["network"]).strip())
                place = _own_place(row)
            except ValueError as error:
                msg = f"line {rows.line_num}: {error}"
                raise ValueError(msg) from None
            shifted = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
            found.setdefault((network.version, network.prefixlen), {})[shifted] = place
    return found


def write_places(path: Path, places: Mapping[str, Mapping[str, Any]]) -> None:
    """Write a list that `geoip.places` can name: network or address to what is known of it. Raises ValueError."""
    names = [item.name for item in fields(Place)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.DictWriter(stream, ["network", *names])
        rows.writeheader()
        for network, place in places.items():
            rows.writerow({"network": network, **place})


def _own_place(row: Mapping[str, Any]) -> Place:
    lat, lon = (float(row[name]) if row.get(name) else None for name in ("lat", "lon"))
    position = _position(lat, lon)
    if (lat is not None or lon is not None) and not position:
        msg = "`lat` and `lon` must be degrees, both or neither"
        raise ValueError(msg)
    return Place(
        country=(row.get("country") or "").strip()[:NAME_CHARS] or None,
        city=(row.get("city") or "").strip()[:NAME_CHARS] or None,
        asn=int(row["asn"]) if row.get("asn") else None,
        **position,
    )
