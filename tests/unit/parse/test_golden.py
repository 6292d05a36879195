"""Every format's golden samples become exactly what stands beside them, and are recognised as what they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from breachwatch.model.formats import HEAD_BYTES, recognise
from breachwatch.parse import PARSERS
from tests.unit.parse.evtx_writer import evtx_file
from tests.unit.parse.golden import EXPECTED, became, samples, seeds

_FOR_APIS = "cloud-api"  # named by its collector, recognised from no content
_NAMES = {path.parent.name + "/" + path.name: path for path in samples()}


@pytest.mark.parametrize("name", _NAMES)
def test_a_sample_becomes_what_is_expected(name: str) -> None:
    path = _NAMES[name]
    expected = path.with_name(path.name + EXPECTED)
    found = list(became(path))
    assert found
    if os.environ.get("BREACHWATCH_GOLDEN") == "write":
        expected.write_text("".join(f"{line}\n" for line in found), encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", [name for name, path in _NAMES.items() if path.parent.name != _FOR_APIS])
def test_a_sample_is_recognised(name: str) -> None:
    path = _NAMES[name]
    form = recognise(path.read_bytes()[:HEAD_BYTES])
    assert form is not None
    assert form.name == path.parent.name


def test_every_format_has_a_sample() -> None:
    assert [form for form in PARSERS if not seeds(form)] == []


def test_every_expectation_has_its_sample() -> None:
    folder = Path(__file__).parent / "golden"
    written = {path.with_suffix("") for path in folder.glob("*/*" + EXPECTED)}
    assert written == set(samples())


_SYSTEM = {"Channel": "Security", "Computer": "dc01.city.example"}
EVTX = evtx_file(
    [
        (
            1795342500,
            {**_SYSTEM, "EventID": "4625", "EventRecordID": "1"},
            {"TargetUserName": "admin", "TargetDomainName": "CITY", "IpAddress": "203.0.113.9", "LogonType": "3"},
        ),
        (
            1795342501,
            {**_SYSTEM, "EventID": "4624", "EventRecordID": "2"},
            {"TargetUserName": "jmeyer", "TargetDomainName": "CITY", "IpAddress": "203.0.113.7", "LogonType": "10"},
        ),
        (1795342502, {**_SYSTEM, "EventID": "1102", "EventRecordID": "3"}, {}),
    ]
)


def test_the_evtx_sample_is_what_the_writer_writes() -> None:
    assert seeds("evtx") == [EVTX]
