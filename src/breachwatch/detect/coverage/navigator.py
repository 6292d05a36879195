"""Coverage as a layer of the ATT&CK Navigator, layer format 4.5.

Format: https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md
"""

from __future__ import annotations

from typing import Any

from breachwatch.detect.coverage.measuring import Coverage, State, TechniqueCoverage

LAYER_VERSION = "4.5"
NAVIGATOR_VERSION = "4.9.0"  # the least that reads the format

# Told apart by lightness, too, so that nobody depends on seeing red and green.
COLOURS = {State.DATA: "#3b7dd8", State.NO_DATA: "#f6c667", State.CANNOT_RUN: "#d9d9d9"}
_LABELS = {
    State.DATA: "active, and its logs are there",
    State.NO_DATA: "active, but its logs are missing",
    State.CANNOT_RUN: "its rules cannot run",
}
_TITLES = 20


def layer(coverage: Coverage, name: str, description: str) -> dict[str, Any]:
    """The layer as JSON data: colour says whether a technique's logs are there, score how many rules search them.

    A technique that no rule is for is not in the layer, and stays white.
    """
    versions = {"navigator": NAVIGATOR_VERSION, "layer": LAYER_VERSION}
    if coverage.attack_version:
        versions["attack"] = coverage.attack_version.split(".", maxsplit=1)[0]
    highest = max((item.count(State.DATA) for item in coverage.techniques), default=0)
    return {
        "name": name,
        "versions": versions,
        "domain": "enterprise-attack",
        "description": description,
        "sorting": 3,
        "layout": {"layout": "side", "showID": True, "showName": True, "expandedSubtechniques": "annotated"},
        "hideDisabled": False,
        "techniques": [_technique(item) for item in coverage.techniques],
        "gradient": {"colors": ["#ffffff", COLOURS[State.DATA]], "minValue": 0, "maxValue": max(highest, 1)},
        "legendItems": [{"label": _LABELS[state], "color": COLOURS[state]} for state in State],
        "selectTechniquesAcrossTactics": True,
        "selectSubtechniquesWithParent": False,
    }


def state_of(item: TechniqueCoverage) -> State:
    """The best state of its rules."""
    return next(state for state in State if item.count(state))


def _technique(item: TechniqueCoverage) -> dict[str, Any]:
    """Without a tactic: the Navigator then shows it under every tactic that it belongs to."""
    metadata = [{"name": state.value, "value": str(item.count(state))} for state in State]
    metadata.append({"name": "findings of the last run", "value": str(item.findings)})
    return {
        "techniqueID": item.technique,
        "score": item.count(State.DATA),
        "color": COLOURS[state_of(item)],
        "comment": _comment(item),
        "enabled": True,
        "metadata": metadata,
    }


def _comment(item: TechniqueCoverage) -> str:
    listed = [f"{rule.title} ({rule.state}){f', by {rule.author}' if rule.author else ''}" for rule in item.rules]
    more = [f"and {len(listed) - _TITLES} more"] if len(listed) > _TITLES else []
    return "\n".join([*listed[:_TITLES], *more])
