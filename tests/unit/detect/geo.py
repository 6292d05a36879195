"""Tiny GeoIP databases, made for the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

# Documentation networks (RFC 5737, RFC 3849) are not global, so the tests place real-looking ones of their own.
ODESSA, LAGOS, MIDLAND = "98.6.0.9", "102.89.1.1", "98.7.0.1"
PLACES: dict[str, dict[str, Any]] = {
    "98.6.0.0/16": {"iso": "US", "city": "Odessa", "lat": 31.85, "lon": -102.37, "asn": 11427},
    "98.7.0.0/16": {"iso": "US", "city": "Midland", "lat": 32.0, "lon": -102.08, "asn": 11427},
    "102.89.0.0/16": {"iso": "NG", "city": "Lagos", "lat": 6.45, "lon": 3.39, "asn": 29465},
    "2a02:2f00::/24": {"iso": "RO", "city": "Bucharest", "lat": 44.43, "lon": 26.1, "asn": 8708},
}


def city_database(path: Path) -> Path:
    writer = MMDBWriter(6, "GeoLite2-City", languages=["en"], ipv4_compatible=True)
    for network, place in PLACES.items():
        record = {
            "country": {"iso_code": place["iso"]},
            "city": {"names": {"en": place["city"]}},
            "location": {"latitude": place["lat"], "longitude": place["lon"]},
        }
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))
    return path


def asn_database(path: Path) -> Path:
    writer = MMDBWriter(6, "GeoLite2-ASN", languages=["en"], ipv4_compatible=True)
    for network, place in PLACES.items():
        writer.insert_network(IPSet([network]), {"autonomous_system_number": place["asn"]})
    writer.to_db_file(str(path))
    return path
