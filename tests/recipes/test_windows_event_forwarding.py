"""The shipped subscription: well-formed, within Windows' limits, naming the events that shipped rules search."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from breachwatch.detect.builtin import builtin_folder
from breachwatch.detect.mapping import load_mappings
from breachwatch.lake import authentication_windows

RECIPE = Path(__file__).resolve().parents[2] / "docs" / "recipes" / "windows-event-forwarding"
SPACE = {"s": "http://schemas.microsoft.com/2006/03/windows/events/subscription"}
MOST_CONDITIONS = 22  # of one Select; Windows refuses more ("The specified query is invalid")
CHANNELS = {
    "windows.security": "Security",
    "windows.system": "System",
    "windows.sysmon": "Microsoft-Windows-Sysmon/Operational",
}
EVERYTHING = {"*"}


def subscription() -> ET.Element:
    return ET.fromstring((RECIPE / "subscription.xml").read_bytes())


def query() -> ET.Element:
    text = subscription().findtext("s:Query", namespaces=SPACE)
    assert text
    return ET.fromstring(text.strip())


def forwarded() -> dict[str, set[str]]:
    """Event ids by channel."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for select in query().iter("Select"):
        text = select.text or ""
        assert re.fullmatch(r"\*(\[System\[\(EventID=\d+( or EventID=\d+)*\)\]\])?", text)
        found[select.attrib["Path"]] |= set(re.findall(r"\d+", text)) or EVERYTHING
    return found


def named(value: Any) -> Iterator[str]:
    """Every EventID below a detection."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key.split("|")[0] == "EventID":
                yield from (str(item) for item in (inner if isinstance(inner, list) else [inner]))
            else:
                yield from named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from named(inner)


def searched() -> Iterator[tuple[str, str, str]]:
    """(rule, channel, event id) of the shipped rules over single events of Windows, and of the view of sign-ins."""
    mappings = load_mappings()
    for path in sorted((builtin_folder() / "rules").glob("windows_*.yml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            source = document.get("logsource", {})
            if set(document.get("breachwatch", {})) & {"gap", "backwards"}:
                continue  # they look at whatever comes
            for route in mappings.for_logsource(*(source.get(key) for key in ("product", "category", "service"))):
                where = dict(route.where or {})
                channel = CHANNELS.get(route.dataset, where.get("Channel", ""))
                ids = set(named(where)) or set(named(document["detection"]))
                for one in [channel] if isinstance(channel, str) else channel:
                    yield from ((path.stem, one, event) for event in ids if one)
    text = Path(authentication_windows.__file__).read_text(encoding="utf-8")
    for event in re.findall(r"\b4[67]\d\d\b", text):
        yield "the view authentication", "Security", event


def test_the_subscription_is_whole() -> None:
    root = subscription()
    assert root.tag == f"{{{SPACE['s']}}}Subscription"
    said = {child.tag.split("}")[1]: (child.text or "").strip() for child in root}
    assert said["SubscriptionType"] == "SourceInitiated"
    assert said["ContentFormat"] == "Events"
    assert said["LogFile"] == "ForwardedEvents"
    assert said["AllowedSourceDomainComputers"].startswith("O:NSG:NSD:")


def test_no_select_is_longer_than_windows_takes() -> None:
    selects = list(query().iter("Select"))
    assert selects
    assert max((item.text or "").count("EventID=") for item in selects) <= MOST_CONDITIONS
    assert [item.attrib["Id"] for item in query().iter("Query")] == [str(n) for n in range(len(query()))]


@pytest.mark.parametrize("channel", sorted({channel for _, channel, _ in searched()}))
def test_every_event_that_a_rule_searches_is_forwarded(channel: str) -> None:
    if channel.startswith("PowerShellCore/"):
        pytest.skip("PowerShell 7 is not part of Windows; its channel is for those who install it")
    wanted = {(event, rule) for rule, one, event in searched() if one == channel}
    sent = forwarded().get(channel, set())
    assert wanted
    assert [item for item in sorted(wanted) if item[0] not in sent and sent != EVERYTHING] == []
