"""Two signatures over one bag, so that two common programs can check it.

DSSE (https://github.com/secure-systems-lab/dsse, protocol v1) around an in-toto Statement v1, checked by `openssl
pkeyutl`; and an SSH signature (OpenSSH, PROTOCOL.sshsig), checked by `ssh-keygen -Y verify`. Both are over the bag's
tag manifest, which lists the hash of every other file.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from breachwatch.errors import EvidenceError
from breachwatch.evidence.keys import NAMESPACE, PublicKey, SigningKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:breachwatch:evidence-snapshot:1"
_MAGIC = b"SSHSIG"
_HASH = b"sha512"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_WIDTH = 70  # characters a line, as ssh-keygen writes it


@dataclass(frozen=True)
class Envelope:
    """A DSSE envelope with one signature, and the bytes that were signed."""

    payload: bytes
    key_id: str
    signature: bytes

    @property
    def pae(self) -> bytes:
        """The pre-authentication encoding: the exact bytes that the signature is over."""
        return pae(PAYLOAD_TYPE, self.payload)

    def to_json(self) -> bytes:
        """The envelope as we write it; there is one way only, so that any changed byte is noticed."""
        value = {
            "payload": base64.b64encode(self.payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": self.key_id, "sig": base64.b64encode(self.signature).decode()}],
        }
        return (json.dumps(value, indent=1) + "\n").encode()

    @property
    def statement(self) -> Mapping[str, Any]:
        """The in-toto statement. Raises EvidenceError where the payload is none."""
        try:
            value = json.loads(self.payload)
        except (ValueError, RecursionError) as error:
            msg = "the attestation's payload is no JSON"
            raise EvidenceError(msg) from error
        if not isinstance(value, dict) or value.get("_type") != STATEMENT_TYPE:
            msg = "the attestation's payload is no in-toto Statement v1"
            raise EvidenceError(msg)
        return value


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding (protocol v1, section "Signature Definition")."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def attest(
    key: SigningKey, subject: str, sha256: str, predicate: Mapping[str, Any], kind: str = PREDICATE_TYPE
) -> Envelope:
    """Sign the statement that the file `subject` has this SHA-256; `kind` says what the predicate is about."""
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": subject, "digest": {"sha256": sha256}}],
        "predicateType": kind,
        "predicate": dict(predicate),
    }
    payload = json.dumps(statement, sort_keys=True).encode()
    return Envelope(payload, key.public.fingerprint, key.sign(pae(PAYLOAD_TYPE, payload)))


def parse_envelope(text: bytes) -> Envelope:
    """Read an envelope. Raises EvidenceError where it is not exactly as `Envelope.to_json` writes it."""
    try:
        value = json.loads(text)
        [signed] = value["signatures"]
        envelope = Envelope(
            base64.b64decode(value["payload"], validate=True),
            str(signed["keyid"]),
            base64.b64decode(signed["sig"], validate=True),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        msg = "the attestation is no DSSE envelope with one signature"
        raise EvidenceError(msg) from error
    if envelope.to_json() != text:
        msg = "the attestation is not written as breachwatch writes it; it was changed"
        raise EvidenceError(msg)
    return envelope


def ssh_sign(key: SigningKey, message: bytes) -> bytes:
    """An armored SSH signature over `message`, in the namespace of evidence."""
    signature = _string(b"ssh-ed25519") + _string(key.sign(_signed_data(message)))
    return _armor(key.public, signature)


def ssh_verify(key: PublicKey, armored: bytes, message: bytes) -> bool:
    """Whether `armored` is this key's SSH signature over `message`, byte for byte as `ssh_sign` writes it."""
    lines = armored.decode("ascii", errors="replace").splitlines()
    if len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:
        return False
    try:
        blob = base64.b64decode("".join(lines[1:-1]), validate=True)
    except (binascii.Error, ValueError):
        return False
    raw = blob[-64:]  # the signature's own bytes end the blob; everything before them is known
    if _armor(key, _string(b"ssh-ed25519") + _string(raw)) != armored:
        return False
    return key.verifies(raw, _signed_data(message))


def _signed_data(message: bytes) -> bytes:
    digest = hashlib.new(_HASH.decode(), message).digest()
    return _MAGIC + _string(NAMESPACE.encode()) + _string(b"") + _string(_HASH) + _string(digest)


def _armor(key: PublicKey, signature: bytes) -> bytes:
    blob = _MAGIC + struct.pack(">I", 1) + _string(key.ssh_blob)
    blob += _string(NAMESPACE.encode()) + _string(b"") + _string(_HASH) + _string(signature)
    text = base64.b64encode(blob).decode()
    lines = [text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH)]
    return "\n".join([_BEGIN, *lines, _END, ""]).encode()


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value
