"""truth.json tells the truth: its lines lie where it says, and no line of an attack is missing."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from pathlib import Path

from breachwatch.simulate import simulate
from tests.unit.simulate.conftest import City

# Addresses and names that appear in one attack and nowhere else in the city.
TELLTALE = {
    "A01-ssh-brute-force": (b"203.0.113.50", b"sysupd", b"plotter"),
    "A02-password-spray": (b"203.0.113.61", b"10.20.199.61", b"mayor'", b"DESKTOP-7Q"),
    "A03-distributed-guessing": (*(b"203.0.113.%d " % number for number in range(100, 140)), b"gisadmin"),
    "A04-vendor-at-night": (b"203.0.113.77",),
    "A05-new-domain-admin": (b"svc-update", b'"EventID":1102', b'Domain Admins",'),
    "A06-kerberoasting": (b"10.20.150.66",),
    "A07-newcomer-root": (b"10.20.150.77", b"203.0.113.88", b"vacuum-time", b" intern1 : TTY"),
    "A08-service-installed": (b"kXqTzWvB", b'"EventID":104,', b"-enc "),
    "A09-user-enumeration": (b"203.0.113.201", b"judge"),
    "B01-hammering": (b"203.0.113.240",),
    "N03-new-employee": (b"svc-hr", b"permits91"),
    "N06-local-service-account": (b"tiles",),
    "N05-software-update": (b"Inventory Agent",),
}


def test_every_line_of_the_truth_is_in_its_place(city: City) -> None:
    checked = 0
    for story in city.stories():
        assert story["lines"], story["id"]
        for line in story["lines"]:
            content = city.files[line["file"]][line["line"] - 1]
            assert hashlib.sha256(content).hexdigest() == line["sha256"]
            checked += 1
    assert checked > 1500


def test_no_line_of_a_story_is_missing(city: City) -> None:
    known = {story["id"]: {(line["file"], line["line"]) for line in story["lines"]} for story in city.stories()}
    for story, signs in TELLTALE.items():
        sign = re.compile(b"|".join(re.escape(word) for word in signs))
        found = {
            (file, number)
            for file, lines in city.files.items()
            for number, line in enumerate(lines, 1)
            if sign.search(line)
        }
        assert found, story
        assert found <= known[story], story


def test_every_address_of_the_attackers_network_belongs_to_a_story(city: City) -> None:
    known = {(line["file"], line["line"]) for story in city.stories() for line in story["lines"]}
    for file, lines in city.files.items():
        for number, line in enumerate(lines, 1):
            if b"203.0.113." in line:
                assert (file, number) in known, line


def test_stories_are_complete_and_lie_within_the_span(city: City) -> None:
    ids = [story["id"] for story in city.stories()]
    assert len(set(ids)) == len(ids)
    assert len(city.truth["attacks"]) == 9
    assert len(city.truth["benign"]) == 6
    start, end = (datetime.fromisoformat(city.truth[key]) for key in ("start", "end"))
    for story in city.stories():
        times = [datetime.fromisoformat(line["time"]) for line in story["lines"]]
        assert times == sorted(times)
        assert start <= times[0] <= times[-1] < end
        assert datetime.fromisoformat(story["start"]) == times[0]
        assert datetime.fromisoformat(story["end"]) == times[-1]
        assert story["must_not_fire" if story["id"].startswith("N") else "expected"]
    for attack in city.truth["attacks"]:
        assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", technique) for technique in attack["techniques"])
        assert attack["techniques"]
        assert attack["accounts"]
        assert attack["hosts"]
        assert {line["file"].split("/")[1] for line in attack["lines"]} <= set(attack["hosts"])
        assert (end - datetime.fromisoformat(attack["start"])).days < 5


def test_line_counts_in_the_truth_are_those_of_the_files(city: City) -> None:
    assert city.truth["files"] == {file: len(lines) for file, lines in city.files.items()}
    assert city.report.lines == sum(city.truth["files"].values())
    assert city.report.bytes == sum(len(line) + 1 for lines in city.files.values() for line in lines)


def test_scale_changes_the_noise_and_not_the_attacks(tmp_path: Path) -> None:
    small, big = (simulate(tmp_path / name, days=6, scale=scale) for name, scale in (("small", 0.05), ("big", 0.25)))
    truths = [json.loads((report.target / "truth.json").read_text(encoding="utf-8")) for report in (small, big)]
    assert big.lines > 1.3 * small.lines
    assert big.accounts > small.accounts

    def essence(told: dict[str, object]) -> list[object]:
        stories: list[dict[str, object]] = told["attacks"]  # type: ignore[assignment]
        return [
            {**story, "lines": [(line["file"], line["time"]) for line in story["lines"]]}  # type: ignore[attr-defined]
            for story in stories
        ]

    assert essence(truths[0]) == essence(truths[1])


def test_everything_named_is_invented(city: City) -> None:
    """Addresses are private or reserved for documentation, names end in .example."""
    address = re.compile(rb"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?![\d.])")
    allowed = re.compile(rb"(10\.20|192\.0\.2|198\.51\.100|203\.0\.113)\.|0\.0\.0\.0$|142\.0\.0\.0$")
    for file, lines in city.files.items():
        for found in set(address.findall(b"\n".join(lines))):
            assert allowed.match(found), (file, found)
