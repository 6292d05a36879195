"""Where rules and filters came from: file, pack, version, hash, authors and licence (see `RuleOrigin`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from breachwatch.detect.loading import BUILTIN, RuleText
from breachwatch.detect.packs import NOT_STATED, Licence
from breachwatch.detect.reading import parse_document
from breachwatch.detect.rulepack import Rule, author_of
from breachwatch.model.finding import RuleOrigin

OUR_LICENCE = Licence("Apache-2.0", "breachwatch's own LICENSE")


def origin_of(rule: Rule) -> RuleOrigin:
    """Where a rule came from."""
    return _origin(rule.source, rule.head.said, rule.title, rule.id)


def origin_of_filter(text: RuleText) -> RuleOrigin:
    """Where a filter came from. The text was read as a filter before."""
    said = parse_document(text)
    return _origin(text, said, str(said.get("title") or ""), "")


def _origin(text: RuleText, said: Mapping[str, Any], title: str, rule_id: str) -> RuleOrigin:
    licence, pack = licence_of(text, said), text.manifest
    return RuleOrigin(
        title=title,
        rule_id=rule_id,
        author=author_of(said),
        licence=licence.name,
        licence_from=licence.read_from,
        origin=text.origin,
        sha256=text.revision,
        pack=text.pack,
        pack_version=pack.version if pack else "",
        pack_origin=pack.origin if pack else "",
        pack_sha256=pack.sha256 if pack else "",
    )


def licence_of(text: RuleText, said: Mapping[str, Any]) -> Licence:
    """The licence that the document names (Sigma specification 2.1, attribute `license`), else that of its pack."""
    named = said.get("license")
    if isinstance(named, str) and named.strip():
        return Licence(named.strip(), "the rule itself")
    if text.manifest is not None:
        return Licence(text.manifest.licence, text.manifest.licence_from)
    return OUR_LICENCE if text.origin.startswith(f"{BUILTIN}/") else Licence(NOT_STATED, "")
