"""A small ATT&CK bundle of our own making, in the form of enterprise-attack.json (STIX 2.1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def technique(number: str, name: str, *tactics: str, **more: Any) -> dict[str, Any]:
    phases = [{"kill_chain_name": "mitre-attack", "phase_name": tactic} for tactic in tactics]
    return {"kill_chain_phases": phases, **thing("attack-pattern", number, name), **more}


def thing(kind: str, number: str, name: str, **more: Any) -> dict[str, Any]:
    references = [{"source_name": "other", "external_id": "X"}, {"source_name": "mitre-attack", "external_id": number}]
    return {"type": kind, "id": f"{kind}--{number}", "name": name, "external_references": references, **more}


OBJECTS: list[dict[str, Any]] = [
    {"type": "x-mitre-collection", "id": "c", "x_mitre_version": "99.1"},
    {"type": "x-mitre-matrix", "id": "m", "tactic_refs": ["x-mitre-tactic--TA2", "x-mitre-tactic--TA1"]},
    thing("x-mitre-tactic", "TA1", "Taking Away", x_mitre_shortname="taking-away"),
    thing("x-mitre-tactic", "TA2", "Getting In", x_mitre_shortname="getting-in"),
    technique("T1001", "Knocking", "getting-in"),
    technique("T1001.002", "Knocking Twice", "getting-in", "taking-away"),
    technique("T1002", "Carrying", "taking-away"),
    technique("T1003", "Old Way", "getting-in", revoked=True),
    technique("T1004", "Older Way", "getting-in", x_mitre_deprecated=True),
    {"type": "relationship", "relationship_type": "revoked-by", "source_ref": "attack-pattern--T1003", "target_ref": "attack-pattern--T1001"},  # noqa: E501
    thing("malware", "S0001", "A Tool"),
]  # fmt: skip


def bundle(at: Path, objects: Any = None) -> Path:
    """The bundle as a file."""
    at.write_text(json.dumps({"type": "bundle", "objects": OBJECTS if objects is None else objects}))
    return at
