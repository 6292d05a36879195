"""Checking all ledgers: each page by itself, that they follow each other, and that the records still are what they say.

What that finds: a segment that was removed or changed after its night; a night's page that was changed, taken out or
put in later; the chain of custody or of audit cut or made anew; evidence that disappeared; logs that no ledger listed.
What only copies elsewhere can show, because whoever holds the key can sign again, is the part of `copies`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from breachwatch.errors import BreachwatchError, EvidenceError
from breachwatch.evidence import signing
from breachwatch.evidence.keyring.history import Tenure, tenures
from breachwatch.evidence.ledger.against_records import against_records
from breachwatch.evidence.ledger.making import PREDICATE_TYPE
from breachwatch.evidence.ledger.reading import Entry, entries, load, path_of
from breachwatch.evidence.timestamps.checking import check as check_stamp
from breachwatch.model.evidence import Check, VerifyReport
from breachwatch.records.chain import GENESIS
from breachwatch.workspace import Workspace


def verify(ws: Workspace, *, reread: bool = False) -> list[VerifyReport]:
    """Check every ledger, oldest first, and after them what concerns all of them.

    `reread` reads the stored bytes of every segment again and compares their hashes, which takes as long as reading
    all logs that are kept. Nothing is written. Raises EnvironmentFault, EvidenceError for a broken history of keys.
    """
    found, keys = entries(ws), tenures(ws.keys)
    pages: dict[int, Mapping[str, Any]] = {}
    reports = []
    for before, item in zip((None, *found), found, strict=False):
        checks: list[Check] = []
        try:
            text, page = load(path_of(ws, item.name))
            pages[item.number] = page
            checks.append(_run("page", partial(_page, item, text, page)))
            checks.append(_run("signatures", partial(_signatures, ws, item, text, keys)))
            checks.append(check_stamp(ws, item.name, path_of(ws, item.name, ".dsse.json").read_bytes()))
        except (BreachwatchError, OSError) as error:
            checks.append(Check("page", False, str(error)))
        checks.append(_run("order", partial(_follows, before, item)))
        reports.append(VerifyReport(item.name, str(path_of(ws, item.name)), tuple(checks), ""))
    return [*reports, against_records(ws, found, pages, reread=reread)]


def _run(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, True, check())
    except BreachwatchError as error:
        return Check(name, False, str(error))
    except OSError as error:
        return Check(name, False, f"cannot read {error.filename}: {error.strerror}")


def _page(item: Entry, text: bytes, page: Mapping[str, Any]) -> str:
    if hashlib.sha256(text).hexdigest() != item.sha256:
        raise EvidenceError("the file was changed: it has not the hash that was recorded")
    said = (page["number"], page["night"], page["previous_sha256"], page["made_at"])
    if said != (item.number, item.night, item.previous, item.made_at.isoformat()):
        raise EvidenceError("the records say otherwise about its number, night, time or the ledger before it")
    segments = sum(len(source["segments"]) for source in page["sources"])
    return f"number {item.number}, {segments} new segments of {len(page['sources'])} sources"


def _signatures(ws: Workspace, item: Entry, text: bytes, keys: tuple[Tenure, ...]) -> str:
    envelope = signing.parse_envelope(path_of(ws, item.name, ".dsse.json").read_bytes())
    tenure = next((one for one in keys if one.key.fingerprint == envelope.key_id), None)
    if tenure is None:
        raise EvidenceError(f"the key {envelope.key_id} is none of this workspace's")
    fault = tenure.fault(item.made_at)
    if fault:
        raise EvidenceError(fault)
    if not tenure.key.verifies(envelope.signature, envelope.pae):
        raise EvidenceError("the attestation's signature does not verify")
    subject = [{"name": f"{item.name}.json", "digest": {"sha256": hashlib.sha256(text).hexdigest()}}]
    if envelope.statement.get("subject") != subject or envelope.statement.get("predicateType") != PREDICATE_TYPE:
        raise EvidenceError("the attestation is about another ledger")
    if (path_of(ws, item.name, ".pae").read_bytes(), path_of(ws, item.name, ".sig").read_bytes()) != (
        envelope.pae,
        envelope.signature,
    ):
        raise EvidenceError("its .pae or .sig is not what its attestation holds")
    if not signing.ssh_verify(tenure.key, path_of(ws, item.name, ".json.sig").read_bytes(), text):
        raise EvidenceError("its SSH signature does not verify")
    return f"signed with {tenure.key.fingerprint}"


def _follows(before: Entry | None, item: Entry) -> str:
    number, previous = (before.number, before.sha256) if before else (0, GENESIS)
    if item.number != number + 1 or item.previous != previous:
        raise EvidenceError("it does not follow the ledger before it: one was taken out or put in")
    if before is not None and item.made_at < before.made_at:
        raise EvidenceError(f"it says it was made {item.made_at.isoformat()}, before the ledger before it")
    return f"follows number {number}" if before else "the first"
