"""`reproduce`: an independent repetition, as ISO/IEC 27037 and every cross-examination ask for.

The rows are compared, not files: Parquet's bytes name the library that wrote them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from breachwatch.errors import EvidenceError
from breachwatch.evidence import custody, mirror
from breachwatch.evidence.checks import check_bag, key_in
from breachwatch.evidence.custody import Deed
from breachwatch.evidence.detections import FOLDER
from breachwatch.evidence.keyring.history import tenure_of
from breachwatch.evidence.listing import path_of
from breachwatch.evidence.on_disk import ITEM, BagOnDisk
from breachwatch.evidence.reproduction import comparing
from breachwatch.evidence.reproduction.reparsing import reparsed
from breachwatch.evidence.surroundings import environment
from breachwatch.model.evidence import Reproduced
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.settings import Settings
from breachwatch.workspace import Workspace


def reproduce(ws: Workspace, number: str, *, by: Actor, purpose: str = "reproduction") -> Reproduced:
    """Parse a snapshot's original bytes again, run its queries over them, and compare with what was sealed.

    The chain of custody tells of it. Needs the bag and the program, neither the lake nor the log's source.
    Raises NotPermittedError, UnknownNameError, EvidenceError where the evidence is none of logs or does not verify.
    """
    require(by, Permission.READ_EVIDENCE)
    path = path_of(ws, number)
    bag = BagOnDisk(path)
    if ITEM in bag.files:
        msg = f"{number} holds files that somebody handed over; there is no parsing and no query to repeat."
        raise EvidenceError(msg)
    key = key_in(bag)
    broken = [check for check in check_bag(bag, key) if not check.ok]
    if broken or tenure_of(ws.keys, key) is None:
        why = f"{broken[0].name}: {broken[0].detail}" if broken else "its key is not one of this workspace's"
        msg = f"{number} does not verify, so there is nothing to compare with. {why}"
        raise EvidenceError(msg)
    parameters = _parameters(bag)
    with reparsed(ws, bag, _settings(ws, parameters)) as (connection, filled):
        stored = comparing.stored_rows(connection, bag)
        differing, told = comparing.differing_rows(connection, filled)
        comparing.observe_until(connection, parameters.get("events_before"))
        rules = comparing.rules_again(connection, bag)
    result = Reproduced(number, stored, differing, told, rules, comparing.versions_changed(bag, environment("")))
    with ws.database.write() as connection_now:
        custody.append(
            connection_now,
            evidence=number,
            deed=Deed.ACCESSED,
            by=custody.by(by),
            at=ws.clock.now(),
            purpose=purpose,
            details={"how": "reproduced", "result": "the same" if result.ok else "different"},
        )
    mirror.update(ws)
    return result


def _parameters(bag: BagOnDisk) -> Mapping[str, Any]:
    """The settings of the search; the same for all rules of a bag. A bag of an earlier version has none."""
    name = next((item for item in sorted(bag.files) if item.startswith(FOLDER) and item.endswith("/params.json")), None)
    return bag.json(name) if name else {}


def _settings(ws: Workspace, said: Mapping[str, Any]) -> Settings:
    """Today's settings with those of the search in their place: local time and working hours are part of the view."""
    city = ws.settings.city.model_copy(update=_known(said, {"city_time_zone": "time_zone"}))
    working = {name: tuple(said[name]) for name in ("working_hours", "working_days") if name in said}
    return ws.settings.model_copy(update={"city": city, "detect": ws.settings.detect.model_copy(update=working)})


def _known(said: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {field: said[name] for name, field in names.items() if name in said}
