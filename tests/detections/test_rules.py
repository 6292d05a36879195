"""The rules that come with breachwatch: their form, and that every one has test cases on both sides."""

from __future__ import annotations

import re
import uuid
from datetime import date
from functools import cache
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
    r"|(windows_(records|time)|linux_(journal|auditd|time)|breachwatch_sources)"  # about the logs themselves
    r"|any_(authentication|firewall|webserver|network_device))_[a-z0-9]+(_[a-z0-9]+)*"
)
TACTICS = {
    *("reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation"),
    *("defense-evasion", "credential-access", "discovery", "lateral-movement", "collection", "command-and-control"),
    *("exfiltration", "impact"),
}
TAG = re.compile(r"attack\.(t\d{4}(\.\d{3})?|[a-z-]+)")
TOPICS = {
    "password spray": "any_authentication_password_spray",
    "brute force": "any_authentication_brute_force_one_address any_authentication_brute_force_one_account",
    "success after guessing": "any_authentication_success_after_failures any_authentication_spray_then_success",
    "MFA fatigue": "entra_signin_mfa_fatigue entra_signin_mfa_fatigue_then_success okta_system_mfa_fatigue",
    "impossible travel": "any_authentication_impossible_travel",
    "new country or device": "any_authentication_new_country entra_signin_new_country entra_signin_new_device",
    "legacy protocols": "entra_signin_legacy_protocol",
    "new accounts": "windows_security_new_privileged_account linux_auth_account_created",
    "accounts enabled again": "windows_security_account_enabled entra_audit_account_enabled",
    "groups and roles of the directory": "windows_security_domain_admins_member windows_security_powerful_group_member",
    "roles in the cloud": "entra_audit_privileged_role_given aws_cloudtrail_administrator_given",
    "dormant accounts": "any_authentication_dormant_account any_authentication_dormant_vendor",
    "vendors": "any_authentication_vendor_new_host any_authentication_vendor_outside_hours",
    "service accounts": "any_authentication_service_account_interactive",
    "outside hours": "any_authentication_outside_hours any_authentication_new_address_outside_hours",
    "sudo and su": "linux_sudo_root_by_newcomer linux_sudo_shell_escape linux_su_root_by_newcomer linux_su_guessing",
    "SSH keys": "linux_sudo_authorized_keys linux_sshd_new_key linux_file_event_authorized_keys",
    "services": "windows_system_service_suspicious windows_security_service_suspicious linux_sudo_service_installed",
    "scheduled tasks": "windows_security_scheduled_task_suspicious linux_cron_suspicious_job",
    "logs with gaps": "windows_records_missing linux_journal_entries_missing linux_auditd_records_missing",
    "time going backwards": "windows_time_backwards linux_time_backwards",
    "silent sources": "breachwatch_sources_silent",
    "logs cleared": "windows_security_log_cleared windows_process_creation_logs_cleared linux_sudo_logs_cleared",
    "auditing off": "windows_security_audit_policy_changed linux_process_creation_auditing_off m365_audit_logging_off",
    "Defender off": "windows_windefend_protection_off windows_process_creation_defender_off",
    "Kerberoasting": "windows_security_kerberoasting",
    "AS-REP roasting": "windows_security_asrep_roasting",
    "DCSync": "windows_security_dcsync",
    "pass the hash": "windows_security_pass_the_hash windows_security_ntlm_administrator_new_address",
    "remote desktop": "any_authentication_remote_desktop_from_internet any_authentication_remote_desktop_chain",
    "lateral movement": "any_authentication_many_hosts windows_system_service_from_another_computer",
    "mailbox forwarding": "m365_audit_mailbox_forwarding google_workspace_forwarding_outside m365_audit_mail_flow_rule",
    "inbox rules": "m365_audit_inbox_rule_forwards m365_audit_inbox_rule_hides",
    "OAuth consent": "entra_audit_consent_far_reaching google_workspace_consent_far_reaching",
    "mass download": "m365_audit_mass_download google_workspace_mass_download any_webserver_mass_download",
    "mass deletion": "m365_audit_mass_deletion aws_cloudtrail_mass_deletion",
    "CloudTrail stopped": "aws_cloudtrail_trail_stopped",
    "keys created": "aws_cloudtrail_access_key_created okta_system_api_token_created entra_audit_application_key_added",
    "firewall changed": "aws_cloudtrail_firewall_opened linux_sudo_firewall_off windows_process_creation_firewall_off",
    "VPN from new places": "any_authentication_vpn_new_country any_authentication_vpn_new_network",
    "web shells": "any_webserver_web_shell_request windows_process_creation_web_shell",
    "scanning that succeeds": "any_webserver_scan_then_hit any_webserver_secret_file_served",
    "shadow copies": "windows_process_creation_shadow_copies_deleted windows_process_creation_ransomware_preparation",
    "backups deleted": "windows_process_creation_backups_deleted linux_sudo_backups_removed",
}
TYPES = {"event_count", "value_count", "value_sum", "temporal", "temporal_ordered"}


@cache
def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.load_all(path.read_text(encoding="utf-8"), yaml.CSafeLoader))


@cache
def cases(path: Path) -> dict[str, Any]:
    return dict(yaml.load((ROOT / "cases" / path.name).read_text(encoding="utf-8"), yaml.CSafeLoader))


def reporting(path: Path) -> dict[str, Any]:
    """The document whose findings people see: the last one, which nothing else in the file refers to."""
    return documents(path)[-1]


def test_there_are_rules_for_what_a_city_has() -> None:
    assert len(RULES) >= 80
    for beginning, least in {"any_": 25, "linux_": 30, "windows_": 50, "entra_": 10, "m365_": 10, "okta_": 5}.items():
        assert len([stem for stem in STEMS if stem.startswith(beginning)]) >= least, beginning
    for beginning, least in {"google_workspace_": 5, "aws_": 10}.items():
        assert len([stem for stem in STEMS if stem.startswith(beginning)]) >= least, beginning
    kinds = {
        document["correlation"]["type"] for path in RULES for document in documents(path) if "correlation" in document
    }
    assert kinds >= {"event_count", "value_count", "value_sum", "temporal_ordered"}


@pytest.mark.parametrize("topic", TOPICS)
def test_topic(topic: str) -> None:
    """What hits a city, and the rules that speak of it; each is there and tells an analyst of it by itself."""
    for stem in TOPICS[topic].split():
        assert stem in STEMS


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
    tried = cases(path)
    assert set(tried) == {"positive", "negative"}
    assert tried["positive"]
    assert tried["negative"]
    names = [case["name"] for side in tried.values() for case in side]
    assert len(names) == len(set(names))
    for case in tried["negative"]:
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
