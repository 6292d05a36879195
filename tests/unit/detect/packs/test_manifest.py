"""The manifest of a pack: what is written is read, and a wrong one is refused by key and reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.detect.packs.manifest import Former, Manifest, PackProblem, Selection, manifest_text, parse_manifest
from breachwatch.errors import SettingsError
from breachwatch.model.finding import Level

AT = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


def manifest(**more: Any) -> Manifest:
    given: dict[str, Any] = {
        "name": "city",
        "origin": "/x/rules.zip",
        "licence": "DRL-1.1",
        "licence_from": "LICENSE",
        "version": "1.2",
        "version_from": "VERSION",
        "sha256": "a" * 64,
        "archive": "1.2-aaaa.zip",
        "archive_sha256": "b" * 64,
        "added_at": AT,
        "rules": 3,
        "selected": 2,
        "filters": 1,
        "could_not_load": 1,
        "by_status": {"test": 3},
        "by_level": {},
        "by_product": {},
        **more,
    }
    return Manifest(**given)


@settings(max_examples=60, deadline=None)
@given(origin=TEXT, reason=TEXT, product=st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20))
def test_what_is_written_is_read(origin: str, reason: str, product: str) -> None:
    hashes = {"sha256": "c" * 64, "archive_sha256": "d" * 64}
    former = Former(version="1.1", archive="1.1-c.zip", added_at=AT, replaced_at=AT, **hashes)
    made = manifest(
        origin=origin,
        by_product={product: 3},
        selection=Selection(status=("stable", "none"), level="HIGH", product=("Windows",)),
        problems=(PackProblem(origin=origin, reason=reason),),
        former=(former,),
    )
    assert parse_manifest(manifest_text(made), "pack.toml") == made
    assert (made.selection.level, made.selection.product) == ("high", ("windows",))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('archive = "../../etc/passwd.zip"', "archive"),
        ('sha256 = "zz"', "sha256"),
        ("rules = 'many'", "rules"),
        ("surprise = 1", "surprise: there is no such key"),
    ],
)
def test_a_wrong_key_is_named(line: str, said: str) -> None:
    key = line.split(" ", maxsplit=1)[0]
    kept = [item for item in manifest_text(manifest()).splitlines() if not item.startswith(f"{key} =")]
    text = "\n".join([line, *kept])
    with pytest.raises(SettingsError, match=said):
        parse_manifest(text, "pack.toml")


@pytest.mark.parametrize(
    ("given", "said"),
    [({"status": ["finished"]}, "no Sigma status"), ({"level": "loud"}, "no Sigma level"), ({"states": []}, "extra")],
)
def test_a_wrong_selection_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Selection.model_validate(given)


def test_a_selection_takes_by_status_level_and_product() -> None:
    linux = frozenset({"linux"})
    everything = Selection()
    assert everything.takes(Level.INFORMATIONAL, {}, frozenset({"none"}))
    assert everything.takes(Level.LOW, {"status": "experimental"}, linux)
    assert not everything.takes(Level.HIGH, {"status": "deprecated"}, linux)
    assert Selection(status=("deprecated",)).takes(Level.HIGH, {"status": "Deprecated"}, linux)
    assert not Selection(status=("stable",)).takes(Level.HIGH, {}, linux)
    assert Selection(status=("none",)).takes(Level.HIGH, {}, linux)
    assert [Selection(level="medium").takes(level, {}, linux) for level in Level] == [False, False, True, True, True]
    assert not Selection(product=("windows",)).takes(Level.HIGH, {}, linux)
    assert Selection(product=("windows", "none")).takes(Level.HIGH, {}, frozenset({"none"}))
