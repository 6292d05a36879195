"""Queries and tokens of RFC 3161: making the one, verifying the other.

A query has one form only: version 1, the hash, a nonce of eight bytes, "send your certificates" (section 2.4.1, DER).
So it can be made anew from the data and the nonce, and any changed byte of it shows.

Tokens are verified by rfc3161-client. Where it cannot read one or does not accept it, `openssl ts -verify` has the last
word: answers of `openssl ts -reply` with -chain, for one, list their certificates in an order that DER does not allow,
and strict readers refuse them. Certificates must be valid at the time of the stamp, not today.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from breachwatch.errors import EvidenceError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_ALGORITHMS = {
    # AlgorithmIdentifier with NULL parameters, as openssl and most authorities write it (RFC 5754, section 2)
    "sha256": bytes.fromhex("300d06096086480165030402010500"),
    "sha512": bytes.fromhex("300d06096086480165030402030500"),
}
_NONCE = 8  # bytes; the first is from 0x40 to 0x7f, so that the integer always takes eight
_TAIL = b"\x01\x01\xff"  # certReq TRUE
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIME = re.compile(
    r"^Time stamp: ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d+))? (\d{4}) GMT$", re.MULTILINE
)
_SECONDS = 30  # for openssl, which reads some kilobytes


@dataclass(frozen=True, slots=True)
class Token:
    """What a verified token says: the moment (aware UTC) at which the authority had seen the hash."""

    at: datetime
    verified_with: str  # "rfc3161-client" or "openssl"


def make_query(data: bytes, algorithm: str) -> bytes:
    """A query for a stamp over `data`, with a fresh nonce."""
    nonce = bytearray(secrets.token_bytes(_NONCE))
    nonce[0] = nonce[0] & 0x3F | 0x40
    return _head(data, algorithm) + bytes(nonce) + _TAIL


def _head(data: bytes, algorithm: str) -> bytes:
    """Everything before the nonce."""
    digest = hashlib.new(algorithm, data).digest()
    imprint = _ALGORITHMS[algorithm] + b"\x04" + bytes([len(digest)]) + digest
    body = b"\x02\x01\x01" + b"\x30" + bytes([len(imprint)]) + imprint + b"\x02" + bytes([_NONCE])
    return b"\x30" + bytes([len(body) + _NONCE + len(_TAIL)]) + body


def _nonce_of(query: bytes, data: bytes) -> int:
    """The nonce of a query, which must be one that `make_query` made for this data. Raises EvidenceError."""
    for algorithm in _ALGORITHMS:
        head = _head(data, algorithm)
        if query.startswith(head) and query.endswith(_TAIL) and len(query) == len(head) + _NONCE + len(_TAIL):
            return int.from_bytes(query[len(head) : -len(_TAIL)])
    msg = "the time stamp's query is not about this attestation"
    raise EvidenceError(msg)


def verify(answer: bytes, query: bytes, data: bytes, roots: bytes) -> Token:
    """Check an authority's answer whole: granted, signed for time stamping under one of `roots`, over `data`, nonce.

    `roots` is PEM: root certificates, and intermediates that the answer lacks. Raises EvidenceError.
    """
    nonce = _nonce_of(query, data)
    certificates = read_roots(roots)
    try:
        return Token(_by_library(answer, data, certificates, nonce), "rfc3161-client")
    except (ValueError, EvidenceError) as error:
        refused = str(error)
    program = shutil.which("openssl")
    if program is None:
        msg = f"the time stamp does not verify: {refused[:200]}. With the program openssl it could be checked again."
        raise EvidenceError(msg)
    return Token(_by_openssl(program, answer, query, roots), "openssl")


def read_roots(pem: bytes) -> list[Certificate]:
    """The certificates of a PEM file. Raises EvidenceError where there is no root among them."""
    from cryptography.x509 import load_pem_x509_certificates

    try:
        found = load_pem_x509_certificates(pem)
    except ValueError as error:
        msg = "the authority's root is no certificate in PEM"
        raise EvidenceError(msg) from error
    if not any(item.subject == item.issuer for item in found):
        msg = "none of the authority's certificates is a root (signed by itself)"
        raise EvidenceError(msg)
    return found


def _by_library(answer: bytes, data: bytes, certificates: list[Certificate], nonce: int) -> datetime:
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    decoded = decode_timestamp_response(answer)
    roots = [item for item in certificates if item.subject == item.issuer]
    between = [item for item in certificates if item.subject != item.issuer]
    verifier = VerifierBuilder(roots=roots, intermediates=between, nonce=nonce).build()
    try:
        verifier.verify_message(decoded, data)
    except VerificationError as error:
        raise EvidenceError(str(error)) from error
    return decoded.tst_info.gen_time


def _by_openssl(program: str, answer: bytes, query: bytes, roots: bytes) -> datetime:
    with tempfile.TemporaryDirectory(prefix="breachwatch-tsa-") as name:
        folder = Path(name)
        for file, content in (("answer.tsr", answer), ("query.tsq", query), ("roots.pem", roots)):
            (folder / file).write_bytes(content)
        shown = _run([program, "ts", "-reply", "-in", "answer.tsr", "-text"], folder)
        match = _TIME.search(shown)
        if match is None:
            msg = "the authority's answer holds no time stamp that openssl or rfc3161-client can read"
            raise EvidenceError(msg)
        month, day, hour, minute, second, fraction, year = match.groups()
        if month not in _MONTHS:
            raise EvidenceError("the time stamp has a month that is none")
        at = datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second),
            int((fraction or "0").ljust(6, "0")[:6]), tzinfo=UTC,
        )  # fmt: skip
        command = [program, "ts", "-verify", "-queryfile", "query.tsq", "-in", "answer.tsr", "-CAfile", "roots.pem"]
        command += ["-untrusted", "roots.pem", "-attime", str(int(at.timestamp()))]
        _run(command, folder)
    return at


def _run(command: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=_SECONDS, check=False,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = f"openssl could not check the time stamp ({type(error).__name__})"
        raise EvidenceError(msg) from error
    if done.returncode != 0:
        msg = "the time stamp does not verify under the authority's root, also with openssl"
        raise EvidenceError(msg)
    return done.stdout.decode("ascii", errors="replace")
