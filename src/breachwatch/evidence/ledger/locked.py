"""Copies of ledgers in an S3 bucket with Object Lock, which nobody can change or remove before their time.

obstore can put objects, but not say for how long each is locked: the headers of Object Lock are none that it sends. So
the bucket's default retention locks what is put there, and a signed HEAD request reads back that it did (Amazon S3 API,
HeadObject: x-amz-object-lock-mode, x-amz-object-lock-retain-until-date; needs the right s3:GetObjectRetention). S3
wants a checksum with every object for such a bucket: SHA-256 is sent.
"""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from breachwatch.errors import EnvironmentFault
from breachwatch.evidence.ledger.reading import LARGEST, Entry, path_of
from breachwatch.objectstore import StoreUnreachableError, open_store, store_errors
from breachwatch.settings_trust import LedgerStore
from breachwatch.workspace import Workspace

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_ENDINGS = (".json.sig", ".dsse.json", ".json")  # the page last: what is whole has it
_SECONDS = 60.0
_SLACK = timedelta(days=1)  # the store counts whole days from its own clock


class NotLockedError(EnvironmentFault):
    """The store took a copy but does not lock it for long enough: set the bucket's default retention."""


def put(ws: Workspace, item: Entry) -> str:
    """Put a ledger and its signatures there and read back how long they are locked; returns that in words.

    What is there already must be the same bytes. Raises NotLockedError, StoreError, SettingsError.
    """
    settings = _settings(ws)
    store = _open(ws, settings)
    files = {f"{item.name}{ending}": path_of(ws, item.name, ending).read_bytes() for ending in _ENDINGS}
    stamp = ws.vault / "timestamps" / f"{item.name}.tsr"
    if stamp.exists():
        files = {stamp.name: stamp.read_bytes(), **files}
    told = ""
    for name, content in files.items():
        _put(store, name, content, settings.url)
        told = _locked(ws, store, name, settings)
    return told


def copies(ws: Workspace) -> Mapping[str, bytes]:
    """All ledgers in the store, by key. Raises StoreError, SettingsError."""
    import obstore

    settings = _settings(ws)
    store = _open(ws, settings)
    found: dict[str, bytes] = {}
    with store_errors(settings.url):
        for chunk in obstore.list(store):
            for item in chunk:
                name, size = item["path"], item["size"]
                if name.endswith(".json") and not name.endswith(".dsse.json") and size <= LARGEST:
                    found[name] = bytes(obstore.get(store, name).bytes())
    return found


def _settings(ws: Workspace) -> LedgerStore:
    settings = ws.settings.evidence.ledger.store
    if settings is None:
        msg = "no store is set: give url in [evidence.ledger.store] of the settings."
        raise EnvironmentFault(msg)
    return settings


def _open(ws: Workspace, settings: LedgerStore) -> ObjectStore:
    return open_store(settings.url, settings, ws.path, checksum=True)


def _put(store: ObjectStore, name: str, content: bytes, where: str) -> None:
    import obstore
    from obstore.exceptions import AlreadyExistsError, PreconditionError

    with store_errors(f"{where}/{name}"):
        try:
            obstore.put(store, name, content, mode="create", use_multipart=False)
        except (AlreadyExistsError, PreconditionError):
            if bytes(obstore.get(store, name).bytes()) != content:
                msg = f"{where}/{name} is there already and is another. Two workspaces must not share a prefix."
                raise EnvironmentFault(msg) from None


def _locked(ws: Workspace, store: ObjectStore, name: str, settings: LedgerStore) -> str:
    """How an object is locked, in words. Raises NotLockedError where it is not, or not for long enough."""
    import obstore

    with store_errors(f"{settings.url}/{name}"):
        address = obstore.sign(store, "HEAD", name, timedelta(minutes=5))  # type: ignore[call-overload]
    context = ssl.create_default_context(cafile=str(ws.path(settings.ca_file)) if settings.ca_file else None)
    request = urllib.request.Request(str(address), method="HEAD")  # noqa: S310  signed by us for the store's address
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS, context=context) as answer:  # noqa: S310
            mode = answer.headers.get("x-amz-object-lock-mode", "")
            until = answer.headers.get("x-amz-object-lock-retain-until-date", "")
    except (OSError, ValueError) as error:  # an address with a signature in it is not repeated
        code = f" (status {error.code})" if isinstance(error, urllib.error.HTTPError) else ""
        msg = f"{settings.url}/{name}: the store does not say whether it is locked{code}"
        raise StoreUnreachableError(msg) from None
    try:
        end = datetime.fromisoformat(until)
    except ValueError:
        end = None
    if mode not in {"COMPLIANCE", "GOVERNANCE"} or end is None:
        msg = f"{settings.url}/{name} is not locked. Switch Object Lock on for the bucket and set a default retention."
        raise NotLockedError(msg)
    if end < ws.clock.now() + timedelta(days=settings.lock_days) - _SLACK:
        msg = f"{settings.url}/{name} is locked until {end:%Y-%m-%d} only, not for {settings.lock_days} days."
        raise NotLockedError(msg)
    weaker = "; an account with a special right can lift that" if mode == "GOVERNANCE" else ""
    return f"locked until {end:%Y-%m-%d} ({mode}{weaker})"
