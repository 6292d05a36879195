"""Making the signing key, and putting a new one in its place."""

from __future__ import annotations

from breachwatch.errors import EnvironmentFault, UsageError
from breachwatch.evidence.keyring.current import NEXT_NAME, install, passphrase, signing_key
from breachwatch.evidence.keyring.history import Tenure, begin, endorse, tenures
from breachwatch.evidence.keys import create_key, generate, write_new
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit
from breachwatch.workspace import Workspace


def create(ws: Workspace, *, by: Actor, reason: str = "the first key") -> Tenure:
    """Make the first signing key of a workspace and begin the history of its keys.

    Raises NotPermittedError, UsageError where there is a key already, EnvironmentFault.
    """
    require(by, Permission.ADMINISTER)
    at = ws.clock.now()
    with ws.lock("evidence"):
        if tenures(ws.keys):
            msg = f"{ws.keys} has a key already. `breachwatch keys rotate` replaces it."
            raise UsageError(msg)
        key = create_key(ws.keys, passphrase(ws))
        begin(ws.keys, key, at, reason=reason, by=by.name)
        install(ws.keys)
        _write_down(ws, by, f"none -> {key.public.fingerprint}", reason)
    return tenures(ws.keys)[-1]


def rotate(ws: Workspace, *, by: Actor, reason: str) -> Tenure:
    """Put a new signing key in the place of the present one, which endorses it with its last signature.

    The old private key is gone afterwards; its public half stays and what it sealed stays verifiable. While it lasts
    nothing is sealed. Killed anywhere, either the old key signs on, or the next use finishes it.
    Raises NotPermittedError, UsageError for a missing reason or a key that is kept elsewhere, EvidenceError,
    EnvironmentFault.
    """
    require(by, Permission.ADMINISTER)
    if not reason.strip():
        msg = "say why the key is replaced; the reason stands in the history that is published."
        raise UsageError(msg)
    if ws.settings.evidence.key_file:
        msg = "evidence.key_file keeps the key elsewhere; move it to keys/signing.key, or replace it there."
        raise UsageError(msg)
    with ws.lock("evidence"):
        outgoing = signing_key(ws)
        at = ws.clock.now()
        try:
            if not any(item.number for item in tenures(ws.keys)):
                begin(ws.keys, outgoing, None, reason="in use before there was a history", by=by.name)
            successor, private = generate(passphrase(ws))
            write_new(ws.keys, NEXT_NAME, private, 0o600).replace(ws.keys / NEXT_NAME)
            endorse(ws.keys, successor.public, at, outgoing, reason=reason.strip(), by=by.name)
            install(ws.keys)
        except OSError as error:
            msg = f"cannot write the new key to {ws.keys}: {error.strerror}. The old one signs on."
            raise EnvironmentFault(msg) from error
        _write_down(ws, by, f"{outgoing.public.fingerprint} -> {successor.public.fingerprint}", reason)
    return tenures(ws.keys)[-1]


def _write_down(ws: Workspace, by: Actor, change: str, reason: str) -> None:
    with ws.database.write() as connection:
        audit.append(connection, at=ws.clock.now(), by=by, entity="signing key", change=change, reason=reason.strip())
