"""What a finding's rule was made of, and where that came from: kept with the rule, shown with the incident."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from breachwatch import incidents
from breachwatch.detect import load_rules, scan
from breachwatch.detect.packs import installed
from breachwatch.detect.packs.adding import Asked, install, prepare
from breachwatch.detect.provenance import origin_of
from breachwatch.model.finding import CompiledRule, Scan
from breachwatch.records import cases
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY
from tests.unit.detect import making
from tests.unit.detect.making import at, failure
from tests.unit.detect.packs.making import DRL, archive, quiet, rule

BASE = rule("Base", author="Ann Author", search="logon")
OURS = """
title: Two of them
id: 11111111-1111-4111-8111-111111111111
license: MIT
author: Ben Writer, City of Testville
level: high
correlation:
  type: event_count
  rules: [%s]
  group-by: [source_ip]
  timespan: 5m
  condition: {gte: 2}
"""
FILTER = """
title: Scanner
id: 22222222-2222-4222-8222-222222222222
author: Cay Clerk
logsource: {product: linux, service: auth}
filter: {rules: [%s], scanner: {source_ip: 10.9.9.9}, condition: not scanner}
"""


def found(make_ws: Callable[..., Workspace], tmp_path: Path) -> tuple[Workspace, Scan]:
    """A night in which a correlation of the city's matches over a rule of a pack, with a filter on it."""
    ws = make_ws('[detect]\nrules = ["packs", "own"]\nfilters = ["tuning"]\n')
    place = archive(tmp_path / "city-1.0.zip", {"LICENSE": DRL, "base.yml": BASE})
    with prepare(ws, place, Asked(), quiet) as prepared:
        install(ws, prepared)
    base = next(line for line in BASE.splitlines() if line.startswith("id: "))[4:]
    for folder, text in (("own", OURS), ("tuning", FILTER)):
        (ws.root / folder).mkdir(exist_ok=True)
        (ws.root / folder / "one.yml").write_text(text % base)
    making.land(ws, "linux.auth", [failure("10.0.0.1", minutes) for minutes in (1, 2, 3)])
    return ws, scan(ws, at(60), pack=load_rules(ws))


def test_a_match_tells_the_pack_licence_hash_and_authors_of_all_it_was_made_of(
    make_ws: Callable[..., Workspace], tmp_path: Path
) -> None:
    ws, result = found(make_ws, tmp_path)
    (compiled,) = result.rules
    base, over, tuned = compiled.origins
    (pack,) = installed(ws.root)
    assert (base.title, base.author, base.licence, base.licence_from) == ("Base", "Ann Author", "DRL-1.1", "LICENSE")
    assert (base.pack, base.pack_version, base.origin) == ("city", "1.0", "city/base.yml")
    assert base.pack_origin.endswith("city-1.0.zip")
    assert base.pack_sha256 == pack.manifest.sha256  # type: ignore[union-attr]
    assert base.sha256 == hashlib.sha256(BASE.encode()).hexdigest()
    assert (over.author, over.licence, over.pack) == ("Ben Writer, City of Testville", "MIT", "")
    assert (tuned.title, tuned.author, tuned.rule_id, tuned.licence) == ("Scanner", "Cay Clerk", "", "not stated")
    assert tuned.origin == "tuning/one.yml"


def test_an_incident_names_authors_licences_and_the_pack_as_it_is_now(
    make_ws: Callable[..., Workspace], tmp_path: Path
) -> None:
    ws, result = found(make_ws, tmp_path)
    incidents.record(ws, result, "run-1")
    with ws.database.write() as connection:
        connection.execute(cases.incident.update().values(state="new"))
    (line,) = incidents.queue(ws, by=SOMEBODY)
    assert line.authors == ("Ann Author, Ben Writer, City of Testville (DRL-1.1, MIT)",)
    (alert,) = incidents.incident(ws, line.number, by=SOMEBODY).alerts
    assert (alert.author, alert.licence) == ("Ann Author, Ben Writer, City of Testville", "DRL-1.1, MIT")
    assert [item.pack_version for item in alert.origins] == ["1.0", ""]
    # A new version of the pack in which the rule is the same: the next match is that version's.
    (compiled,) = result.rules
    newer = [_renewed(compiled)]
    incidents.record(ws, Scan(result.window, result.findings, (), tuple(newer), 0), "run-2")
    (alert,) = incidents.incident(ws, line.number, by=SOMEBODY).alerts
    assert [item.pack_version for item in alert.origins] == ["1.1", ""]


def _renewed(compiled: CompiledRule) -> CompiledRule:
    base, *others = compiled.origins
    return replace(compiled, origins=(replace(base, pack_version="1.1"), *others))


def test_our_own_rules_say_their_licence(ws: Workspace) -> None:
    told = [origin_of(item) for item in load_rules(ws).rules]
    assert {item.licence for item in told} == {"Apache-2.0"}
    assert all(item.author for item in told)
