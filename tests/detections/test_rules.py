"""The rules that come with breachwatch: their form, and that every one has test cases on both sides."""

from __future__ import annotations

import re
import uuid
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from sigma.collection import SigmaCollection

from breachwatch.model.finding import Level

ROOT = Path(__file__).resolve().parents[2] / "detections"
RULES = sorted((ROOT / "rules").glob("*.yml"))
STEMS = [path.stem for path in RULES]
FILE_NAME = re.compile(
    r"(linux_(auth|sshd|sudo|su|cron|syslog|process_creation|file_event)"
    r"|windows_(security|system|sysmon|powershell|application|windefend|process_creation|registry_set|file_event)"
    r"|(entra_(signin|audit)|m365_audit|okta_system|google_workspace|aws_cloudtrail)"
    r"|any_(authentication|firewall|webserver|network_device))_[a-z0-9]+(_[a-z0-9]+)*"
)
TACTICS = {
    *("reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation"),
    *("defense-evasion", "credential-access", "discovery", "lateral-movement", "collection", "command-and-control"),
    *("exfiltration", "impact"),
}
TAG = re.compile(r"attack\.(t\d{4}(\.\d{3})?|[a-z-]+)")
TYPES = {"event_count", "value_count", "value_sum", "temporal", "temporal_ordered"}


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def reporting(path: Path) -> dict[str, Any]:
    """The document whose findings people see: the last one, which nothing else in the file refers to."""
    return documents(path)[-1]


def test_there_are_rules_for_both_systems() -> None:
    assert len(RULES) >= 24
    assert len([stem for stem in STEMS if stem.startswith("linux_")]) >= 8
    assert len([stem for stem in STEMS if stem.startswith("windows_")]) >= 8
    kinds = {
        document["correlation"]["type"] for path in RULES for document in documents(path) if "correlation" in document
    }
    assert kinds >= {"event_count", "value_count", "temporal_ordered"}


def test_ids_and_names_are_unique() -> None:
    every = [document for path in RULES for document in documents(path)]
    ids = [document["id"] for document in every]
    names = [document["name"] for document in every if "name" in document]
    titles = [document["title"] for document in every]
    for values in (ids, names, titles):
        assert sorted(values) == sorted(set(values))
    assert all(uuid.UUID(value).version == 4 for value in ids)


@pytest.mark.parametrize("path", RULES, ids=STEMS)
def test_every_document_says_what_a_reader_needs(path: Path) -> None:
    assert FILE_NAME.fullmatch(path.stem)
    for document in documents(path):
        assert document["status"] in {"experimental", "test", "stable"}
        assert document["author"] == "breachwatch"
        assert isinstance(document["date"], date)
        assert len(document["description"].strip()) > 30
        assert len(document["title"]) <= 110
        assert str(document["level"]).upper() in Level.__members__
        assert document["falsepositives"]
        tags = document["tags"]
        assert all(TAG.fullmatch(tag) for tag in tags), tags
        assert {tag.removeprefix("attack.") for tag in tags if not re.search(r"\.t\d", tag)} <= TACTICS
        assert any(re.search(r"\.t\d{4}", tag) for tag in tags)


@pytest.mark.parametrize("path", RULES, ids=STEMS)
def test_the_rule_tells_the_analyst_what_to_do(path: Path) -> None:
    steps = reporting(path)["breachwatch"]["guide"]
    assert 3 <= len(steps) <= 6
    assert all(step.endswith(".") and step[0].isupper() and len(step) > 15 for step in steps)


@pytest.mark.parametrize("path", RULES, ids=STEMS)
def test_only_the_last_document_reports(path: Path) -> None:
    *before, last = documents(path)
    referred = {name for document in documents(path) for name in document.get("correlation", {}).get("rules", ())}
    assert {document.get("name") for document in before} == referred
    assert "name" not in last or last["name"] not in referred
    for document in before:
        assert document["level"] == "informational"
    for document in documents(path):
        if "correlation" in document:
            assert document["correlation"]["type"] in TYPES
            assert document["correlation"]["group-by"]


@pytest.mark.parametrize("path", RULES, ids=STEMS)
def test_pysigma_reads_it_without_errors(path: Path) -> None:
    collection = SigmaCollection.from_yaml(path.read_text(encoding="utf-8"))
    assert [error for rule in collection.rules for error in rule.errors] == []
    collection.resolve_rule_references()


@pytest.mark.parametrize("path", RULES, ids=STEMS)
def test_it_has_cases_on_both_sides(path: Path) -> None:
    cases = yaml.safe_load((ROOT / "cases" / path.name).read_text(encoding="utf-8"))
    assert set(cases) == {"positive", "negative"}
    assert cases["positive"]
    assert cases["negative"]
    names = [case["name"] for side in cases.values() for case in side]
    assert len(names) == len(set(names))
    for case in cases["negative"]:
        assert "findings" not in case


def test_no_cases_without_a_rule() -> None:
    assert {path.stem for path in (ROOT / "cases").glob("*.yml")} == set(STEMS)


def test_the_queue_stays_short() -> None:
    """What opens an incident by itself (medium and up) is worth one; noise is below."""
    levels = {path.stem: Level.parse(reporting(path)["level"]) for path in RULES}
    for noisy in (
        "any_authentication_brute_force_one_address",
        "any_authentication_outside_hours",
        "any_authentication_new_address",
        "linux_sshd_unknown_users",
        "linux_auth_account_created",
        "windows_security_account_created",
    ):
        assert levels[noisy] < Level.MEDIUM, noisy
    for grave in (
        "any_authentication_success_after_failures",
        "linux_auth_new_privileged_account",
        "windows_security_new_privileged_account",
        "windows_security_log_cleared",
    ):
        assert levels[grave] >= Level.HIGH, grave
