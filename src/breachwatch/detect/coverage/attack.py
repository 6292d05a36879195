"""MITRE ATT&CK from a file: names of tactics and techniques, and what became of old ids.

The file is the STIX 2.1 bundle `enterprise-attack.json` that MITRE publishes (repository attack-stix-data; its terms of
use: https://attack.mitre.org/resources/legal-and-branding/terms-of-use/). It is never fetched; whoever wants names puts
it somewhere and names it in `[detect] attack_data`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from breachwatch.errors import DataError, LimitError, SettingsError

FILE_BYTES = 256 * 1024 * 1024  # ATT&CK 17 has 45 MB
_NAME_CHARS = 120
_OTHERS = frozenset(
    {"intrusion-set", "malware", "tool", "course-of-action", "campaign", "x-mitre-data-source", "x-mitre-asset"}
)


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique or sub-technique. `gone`: why it is no more, like "revoked, now T1562.012"; empty where it is."""

    technique: str  # T1110.001
    name: str
    tactics: tuple[str, ...]  # credential-access
    gone: str = ""


@dataclass(frozen=True, slots=True)
class Attack:
    """ATT&CK as a file has it.

    `tactics`: short name to name, in the order of the matrix. `others`: ids of groups, software and so on.
    """

    version: str
    tactics: Mapping[str, str]
    techniques: Mapping[str, Technique]
    others: frozenset[str]

    def name(self, technique: str) -> str:
        found = self.techniques.get(technique)
        return found.name if found else ""

    def fault(self, tag: str) -> str:
        """What is wrong with a tag `attack.NAME` by this file; empty where nothing is."""
        name = tag.removeprefix("attack.").lower()
        if name.replace("_", "-") in self.tactics or name.upper() in self.others:
            return ""
        technique = self.techniques.get(name.upper())
        if technique is None:
            return f"the tag {tag} names nothing in ATT&CK {self.version}"
        return f"the tag {tag} names a technique that is {technique.gone}" if technique.gone else ""


def load_attack(path: Path) -> Attack:
    """Read an ATT&CK bundle. Raises SettingsError where there is none, DataError where it is something else."""
    try:
        if path.stat().st_size > FILE_BYTES:
            msg = f"the ATT&CK file {path} is larger than {FILE_BYTES} bytes."
            raise LimitError(msg)
        content = json.loads(path.read_bytes())
    except OSError as error:
        msg = (
            f"cannot read the ATT&CK file {path}: {error.strerror}. It is named in detect.attack_data or --attack-data."
        )
        raise SettingsError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"the ATT&CK file {path} is not JSON: {str(error)[:200]}"
        raise DataError(msg) from error
    listed = content.get("objects") if isinstance(content, dict) else None
    objects = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    techniques = _techniques(objects)
    if not techniques:
        msg = f"the file {path} holds no ATT&CK techniques; a STIX bundle like enterprise-attack.json is expected."
        raise DataError(msg)
    others = (_external_id(item) for item in objects if item.get("type") in _OTHERS)
    return Attack(_version(objects), _tactics(objects), techniques, frozenset(name.upper() for name in others if name))


def _techniques(objects: list[dict[str, Any]]) -> dict[str, Technique]:
    patterns = {str(item.get("id")): item for item in objects if item.get("type") == "attack-pattern"}
    successors = {
        str(item.get("source_ref")): _external_id(patterns.get(str(item.get("target_ref")), {}))
        for item in objects
        if item.get("type") == "relationship" and item.get("relationship_type") == "revoked-by"
    }
    found: dict[str, Technique] = {}
    for stix_id, item in patterns.items():
        name = _external_id(item)
        if not name:
            continue
        gone = ""
        if item.get("revoked") is True:
            now = successors.get(stix_id, "")
            gone = f"revoked, now {now}" if now else "revoked"
        elif item.get("x_mitre_deprecated") is True:
            gone = "deprecated"
        if gone and name in found:
            continue  # an id that was given again
        phases = [phase for phase in _list(item, "kill_chain_phases") if phase.get("kill_chain_name") == "mitre-attack"]
        tactics = tuple(str(phase.get("phase_name")) for phase in phases)
        found[name] = Technique(name, str(item.get("name", ""))[:_NAME_CHARS], tactics, gone)
    return found


def _tactics(objects: list[dict[str, Any]]) -> dict[str, str]:
    named = {
        str(item.get("id")): (str(item.get("x_mitre_shortname")), str(item.get("name", ""))[:_NAME_CHARS])
        for item in objects
        if item.get("type") == "x-mitre-tactic" and not item.get("revoked") and not item.get("x_mitre_deprecated")
    }
    order = [
        str(ref) for item in objects if item.get("type") == "x-mitre-matrix" for ref in item.get("tactic_refs", ())
    ]
    return dict(named[key] for key in dict.fromkeys([*order, *named]) if key in named)


def _version(objects: list[dict[str, Any]]) -> str:
    return next((str(item.get("x_mitre_version")) for item in objects if item.get("type") == "x-mitre-collection"), "?")


def _external_id(item: Mapping[str, Any]) -> str:
    ids = (
        ref.get("external_id") for ref in _list(item, "external_references") if ref.get("source_name") == "mitre-attack"
    )
    return next((str(found) for found in ids if found), "")


def _list(item: Mapping[str, Any], key: str) -> Iterator[dict[str, Any]]:
    value = item.get(key)
    return iter([entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else [])
