"""Where addresses are: databases, the user's own list, and what is wrong with either."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from breachwatch import lake
from breachwatch.lake.places import Place, located, missing, open_locator, served, versions
from breachwatch.settings import GeoIP
from breachwatch.workspace import Workspace
from tests.unit.detect.geo import LAGOS, ODESSA, asn_database, city_database
from tests.unit.detect.making import land, logon


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("geo")
    city_database(made / "city.mmdb")
    asn_database(made / "asn.mmdb")
    return made


BOTH = GeoIP(city_database="city.mmdb", asn_database="asn.mmdb")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        (ODESSA, Place("US", "Odessa", 31.85, -102.37, 11427)),
        (f"::ffff:{ODESSA}", Place("US", "Odessa", 31.85, -102.37, 11427)),
        ("2A02:2F00:0::1", Place("RO", "Bucharest", 44.43, 26.1, 8708)),
        ("8.8.8.8", None),  # not in the databases
        ("10.1.2.3", None),
        ("127.0.0.1", None),
        ("fe80::1%eth0", None),
        ("web01", None),
        ("", None),
        ("1.2.3.4'; DROP TABLE x; --", None),
    ],
)
def test_an_address_is_looked_up(folder: Path, address: str, place: Place | None) -> None:
    with ExitStack() as stack:
        assert open_locator(BOTH, folder, stack).place(address) == place


def test_the_own_list_stands_in_place_of_the_databases_and_the_longest_prefix_wins(folder: Path) -> None:
    (folder / "places.csv").write_text(
        "network,country,city,lat,lon,asn\n"
        "98.6.0.0/24,US,City hall,31.8,-102.3,\n98.6.0.8/30,,,,,\n10.9.0.0/16,US,,1,2,7\n"
    )
    settings = GeoIP(city_database="city.mmdb", places="places.csv")
    with ExitStack() as stack:
        locator = open_locator(settings, folder, stack)
        assert locator.problems == []
        assert locator.place("98.6.0.1") == Place("US", "City hall", 31.8, -102.3)
        assert locator.place(ODESSA) == Place()
        assert locator.place("98.6.1.1") == Place("US", "Odessa", 31.85, -102.37)
        assert locator.place("10.9.1.1") == Place("US", None, 1.0, 2.0, 7)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("net,country\n", "must name `network`"),
        ("network,planet\n1.2.3.4/32,Mars\n", "must name `network`"),
        ("network,country\n1.2.3.4/8,US\n", "line 2"),
        ("network,lat,lon\n1.2.3.4/32,91,0\n", "line 2"),
        ("network,lat,lon\n1.2.3.4/32,1,\n", "line 2"),
        ("network,asn\n1.2.3.4/32,many\n", "line 2"),
        ("network,lat,lon\n1.2.3.4/32,nan,nan\n", "line 2"),
    ],
)
def test_what_is_wrong_with_the_own_list_is_named(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "places.csv").write_text(text)
    table, problems = located(GeoIP(places="places.csv"), tmp_path, ["1.2.3.4"])
    assert table.num_rows == 0
    assert len(problems) == 1
    assert reason in problems[0]


def test_what_is_missing_is_said(folder: Path, tmp_path: Path) -> None:
    assert "geoip.city_database" in missing(GeoIP(), folder, ["source_lat", "source_country"])
    assert "geoip.country_database" in missing(GeoIP(asn_database="asn.mmdb"), folder, ["source_country"])
    assert "geoip.asn_database" in missing(GeoIP(city_database="city.mmdb"), folder, ["source_asn"])
    assert missing(BOTH, folder, ["source_lat", "source_asn", "host"]) == ""
    assert missing(GeoIP(), folder, ["host"]) == ""
    assert served(GeoIP(country_database="c.mmdb")) == {"source_country"}
    assert "cannot read city.mmdb" in missing(BOTH, tmp_path, ["source_lat"])
    (tmp_path / "city.mmdb").write_bytes(b"\x00" * 1000)
    assert "cannot read city.mmdb" in missing(GeoIP(city_database="city.mmdb"), tmp_path, ["source_lat"])


def test_a_truncated_database_is_reported_and_places_nothing(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "city.mmdb").read_bytes()
    start = whole.index(b"\xab\xcd\xefMaxMind.com")
    (tmp_path / "city.mmdb").write_bytes(whole[: start // 2] + whole[start:])
    table, problems = located(GeoIP(city_database="city.mmdb"), tmp_path, [ODESSA, LAGOS])
    assert table.num_rows < 2
    assert problems


def test_versions_name_what_located(folder: Path) -> None:
    named = versions(BOTH, folder)
    assert named.startswith("GeoLite2-City of 20")
    assert ", GeoLite2-ASN of 20" in named
    assert versions(GeoIP(), folder) == ""


def test_the_view_authentication_says_where_sign_ins_came_from(folder: Path, make_ws: Callable[..., Workspace]) -> None:
    text = f'[geoip]\ncity_database = "{folder}/city.mmdb"\nasn_database = "{folder}/asn.mmdb"\n'
    for settings, place in (("", (None, None, None, None, None)), (text, ("NG", "Lagos", 6.45, 3.39, 29465))):
        ws = make_ws(settings, folder=f"ws{len(settings)}")
        land(ws, "linux.auth", [logon(LAGOS, 1), logon(None, 2), logon("10.0.0.1", 3)])
        query = (
            "SELECT source_country, source_city, source_lat, source_lon, source_asn FROM authentication ORDER BY time"
        )
        with lake.connect(ws, locked_down=True) as connection:
            rows = connection.execute(query).fetchall()
        assert rows == [place, (None,) * 5, (None,) * 5]
