"""The key that signs now: where the settings say it is, opened with their passphrase, and still the city's."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from breachwatch.durable import sync_folder
from breachwatch.errors import EvidenceError, SettingsError
from breachwatch.evidence.keyring.history import signers, tenures
from breachwatch.evidence.keys import (
    PRIVATE_NAME,
    PUBLIC_NAME,
    SIGNERS_NAME,
    SigningKey,
    load_key,
    read_private,
    write_new,
)
from breachwatch.workspace import Workspace

NEXT_NAME = f"{PRIVATE_NAME}.next"
"""The successor's private key, from before it is endorsed until it takes the place of the one before."""


def signing_key(ws: Workspace) -> SigningKey:
    """The key that signs now. A rotation that was killed half-way is finished first.

    Raises EvidenceError where there is none, it cannot be opened or it was replaced by another; SettingsError for a
    passphrase file that cannot be read; EnvironmentFault where others can read the key.
    """
    secret = passphrase(ws)
    elsewhere = ws.settings.evidence.key_file
    if elsewhere:
        key = read_private(ws.path(elsewhere), secret)
    else:
        _finish_rotation(ws.keys, secret)
        key = load_key(ws.keys, secret)
    known = tenures(ws.keys)
    now = [item for item in known if item.number] or [item for item in known if item.key == key.public]
    if not now or now[-1].key != key.public:
        what = f"it was replaced by {now[-1].key.fingerprint}" if now else "no public key in keys/ belongs to it"
        msg = f"the signing key {key.public.fingerprint} is not the one that signs now: {what}."
        raise EvidenceError(msg)
    return key


def passphrase(ws: Workspace) -> bytes:
    """The passphrase of the private key, from the environment or the file that the settings name; empty: none."""
    settings = ws.settings.evidence
    if not settings.key_passphrase_file:
        return settings.key_passphrase.get_secret_value().encode()
    path = ws.path(settings.key_passphrase_file)
    try:
        return path.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        msg = f"evidence.key_passphrase_file: cannot read {path}: {error.strerror}"
        raise SettingsError(msg) from error


def install(folder: Path) -> None:
    """Put the endorsed successor in its place: private key, public key, the list of signers. Can be repeated."""
    found = tenures(folder)
    for item in found[:-1]:
        name = f"signing-{item.number:04d}.pub"
        if item.number and not (folder / name).exists():
            write_new(folder, name, item.key.pem, 0o644).replace(folder / name)
    write_new(folder, PUBLIC_NAME, found[-1].key.pem, 0o644).replace(folder / PUBLIC_NAME)
    write_new(folder, SIGNERS_NAME, signers(found), 0o644).replace(folder / SIGNERS_NAME)
    with suppress(FileNotFoundError):  # another process finished it meanwhile
        (folder / NEXT_NAME).rename(folder / PRIVATE_NAME)
    sync_folder(folder)


def _finish_rotation(folder: Path, secret: bytes) -> None:
    """A successor that was endorsed takes its place; one that never was is overwritten by the next rotation."""
    if not (folder / NEXT_NAME).exists():
        return
    waiting = read_private(folder / NEXT_NAME, secret).public
    found = tenures(folder)
    if found and found[-1].number and found[-1].key == waiting:
        install(folder)
