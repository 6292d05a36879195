"""The signing key of a workspace: Ed25519 (RFC 8032), in files that openssl and ssh-keygen read.

keys/signing.key       private key, PEM (PKCS #8), mode 0600; encrypted where the settings have a passphrase
keys/signing.pub       public key, PEM (SubjectPublicKeyInfo): what openssl verifies with; publish it
keys/allowed_signers   the keys as ssh-keygen wants them (ssh-keygen(1), section ALLOWED SIGNERS)

Every `*.pub` in the folder counts as a key of this workspace: a key that was replaced stays there under another name,
and what it signed stays verifiable. From when to when a key was the city's is told by `keyring/`.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from breachwatch.errors import EnvironmentFault, EvidenceError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRIVATE_NAME = "signing.key"
PUBLIC_NAME = "signing.pub"
SIGNERS_NAME = "allowed_signers"
NAMESPACE = "breachwatch-evidence"
"""SSH signatures are bound to this purpose: one made for something else does not verify as evidence."""
PRINCIPAL = "custodian@breachwatch"
"""The name that `ssh-keygen -Y verify -I` is given; it stands for the custodian, whoever holds the office."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_RAW_LENGTH = 32  # bytes of an Ed25519 public key


@dataclass(frozen=True)
class PublicKey:
    """An Ed25519 public key."""

    raw: bytes  # the 32 bytes of RFC 8032

    @property
    def pem(self) -> bytes:
        """SubjectPublicKeyInfo in PEM, as in signing.pub."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        key = Ed25519PublicKey.from_public_bytes(self.raw)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @property
    def ssh_blob(self) -> bytes:
        """The key as SSH writes it on the wire (RFC 8709, section 4)."""
        name = b"ssh-ed25519"
        return len(name).to_bytes(4) + name + len(self.raw).to_bytes(4) + self.raw

    @property
    def allowed_signers(self) -> bytes:
        """One line of an allowed_signers file, valid for evidence only, at any time."""
        return self.signer_line()

    def signer_line(self, since: datetime | None = None, until: datetime | None = None) -> bytes:
        """One line of an allowed_signers file, valid for evidence from one aware time up to another.

        The `Z` makes both UTC (ssh-keygen(1) of OpenSSH 9.1 and later). Whole seconds, widened to both sides.
        """
        limits = f',valid-after="{since.astimezone(UTC):%Y%m%d%H%M%SZ}"' if since else ""
        if until:
            limits += f',valid-before="{until.astimezone(UTC) + timedelta(microseconds=999_999):%Y%m%d%H%M%SZ}"'
        blob = base64.b64encode(self.ssh_blob).decode()
        return f'{PRINCIPAL} namespaces="{NAMESPACE}"{limits} ssh-ed25519 {blob}\n'.encode()

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` prints it: SHA256 and the hash of the SSH form in base64 without padding."""
        digest = hashlib.sha256(self.ssh_blob).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    @property
    def spki_sha256(self) -> str:
        """SHA-256 of the DER form: `openssl pkey -pubin -in signing.pub -outform DER | sha256sum`."""
        body = b"".join(line for line in self.pem.splitlines() if not line.startswith(b"-----"))
        return hashlib.sha256(base64.b64decode(body)).hexdigest()

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` over `message` was made with this key's private half."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, repr=False)
class SigningKey:
    """The private key of a workspace; never printed."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature; the same message gives the same signature."""
        return self.private.sign(message)


def generate(passphrase: bytes = b"") -> tuple[SigningKey, bytes]:
    """A new key and its private half in PEM (PKCS #8), encrypted where there is a passphrase."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = SigningKey(Ed25519PrivateKey.generate())
    form = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key, key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, form)


def create_key(folder: Path, passphrase: bytes = b"") -> SigningKey:
    """Make the signing key of a workspace in its folder `keys`. Never overwrites one.

    Raises UsageError where there is a key already, EnvironmentFault where the folder cannot be written.
    """
    key, private = generate(passphrase)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = write_new(folder, PRIVATE_NAME, private, 0o600)
        try:
            os.link(made, folder / PRIVATE_NAME)  # a link, unlike a rename, fails where a key exists
        finally:
            made.unlink()
        _publish(folder, key.public)
    except FileExistsError:
        msg = f"there is a signing key already: {folder / PRIVATE_NAME}. It is kept; what it signed depends on it."
        raise UsageError(msg) from None
    except OSError as error:
        msg = f"cannot write the signing key to {folder}: {error.strerror}"
        raise EnvironmentFault(msg) from error
    return key


def load_key(folder: Path, passphrase: bytes = b"") -> SigningKey:
    """The signing key in the folder `keys`.

    Raises EvidenceError where there is none or it is no Ed25519 key, EnvironmentFault where it cannot be read or others
    can read it.
    """
    key = read_private(folder / PRIVATE_NAME, passphrase)
    if not (folder / PUBLIC_NAME).exists():  # the process that made the key was killed before it got there
        _publish(folder, key.public)
    return key


def read_private(path: Path, passphrase: bytes = b"") -> SigningKey:
    """The private key in a file. Raises as `load_key` does."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(64 * 1024)
    except FileNotFoundError:
        msg = f"there is no signing key {path}. `breachwatch init` makes one."
        raise EvidenceError(msg) from None
    except OSError as error:
        msg = f"cannot read the signing key {path}: {error.strerror}"
        raise EnvironmentFault(msg) from error
    if mode & _OTHERS:
        msg = (
            f"others can read the signing key {path} (mode {stat.S_IMODE(mode):04o}), so its signatures prove little. "
            f"Run: chmod 600 {path}"
        )
        raise EnvironmentFault(msg)
    encrypted = b"BEGIN ENCRYPTED PRIVATE KEY" in text
    if encrypted and not passphrase:
        msg = f"{path} is encrypted. Name the file of its passphrase in evidence.key_passphrase_file."
        raise EvidenceError(msg)
    try:
        private = load_pem_private_key(text, password=passphrase if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        msg = f"{path} cannot be opened with this passphrase" if encrypted else f"{path} is no private key in PEM"
        raise EvidenceError(msg) from error
    if not isinstance(private, Ed25519PrivateKey):
        msg = f"{path} is no Ed25519 key"
        raise EvidenceError(msg)
    return SigningKey(private)


def parse_public(pem: bytes) -> PublicKey:
    """A public key from PEM, which must be exactly as we write it. Raises EvidenceError."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        loaded = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        msg = "this is no public key in PEM"
        raise EvidenceError(msg) from error
    if not isinstance(loaded, Ed25519PublicKey):
        msg = "this is no Ed25519 key"
        raise EvidenceError(msg)
    return PublicKey(loaded.public_bytes_raw())


def known_keys(folder: Path) -> Mapping[str, PublicKey]:
    """The public keys of a workspace by fingerprint: the current one and those it replaced."""
    found = {}
    for path in sorted(folder.glob("*.pub")):
        try:
            key = parse_public(path.read_bytes())
        except OSError as error:
            msg = f"cannot read the public key {path}: {error.strerror}"
            raise EnvironmentFault(msg) from error
        except EvidenceError as error:
            msg = f"{path}: {error}"
            raise EvidenceError(msg) from error
        found[key.fingerprint] = key
    return found


def _publish(folder: Path, key: PublicKey) -> None:
    """Write the public halves beside the private key."""
    for name, content in ((SIGNERS_NAME, key.allowed_signers), (PUBLIC_NAME, key.pem)):
        write_new(folder, name, content, 0o644).replace(folder / name)


def write_new(folder: Path, name: str, content: bytes, mode: int) -> Path:
    """Write a file under a name of its own, with its final mode from its first byte on."""
    path = folder / f".{name}.{os.getpid()}.{os.urandom(4).hex()}"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return path
