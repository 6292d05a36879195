"""Rule packs as they lie in the workspace.

rules/<pack>/pack.toml                    what is known of it
rules/<pack>/<version>-<hash>.zip         its contents, read-only and never unpacked; earlier versions beside it
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from breachwatch.detect.packs.manifest import MANIFEST_NAME, Manifest, parse_manifest
from breachwatch.errors import SettingsError

FOLDER = "rules"
_MANIFEST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pack:
    """An installed pack."""

    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def archive(self) -> Path:
        return self.folder / self.manifest.archive

    def former_archive(self, version: str) -> Path | None:
        """The archive of an earlier version, by its version or the beginning of its hash; the newest that fits."""
        fitting = [item for item in self.manifest.former if item.version == version or item.sha256.startswith(version)]
        return self.folder / fitting[-1].archive if fitting else None

    def fault(self) -> str:
        """Why the archive cannot be used; empty where it is what was added."""
        try:
            with self.archive.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            return f"its archive {self.archive} cannot be read: {error.strerror}. Add the pack again."
        if found != self.manifest.archive_sha256:
            return f"its archive {self.archive} was changed since the pack was added. Add the pack again."
        return ""


@dataclass(frozen=True, slots=True)
class PackFault:
    """A pack that cannot be used, and why."""

    origin: str
    reason: str


def installed(root: Path) -> list[Pack | PackFault]:
    """The packs of the workspace in `root`, by name; those that cannot be used in their places."""
    folder = root / FOLDER
    if not folder.is_dir():
        return []
    return [
        found
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".") and (found := pack_at(path)) is not None
    ]


def pack_at(folder: Path) -> Pack | PackFault | None:
    """The pack in a folder; None where the folder holds none."""
    path = folder / MANIFEST_NAME
    if not path.is_file():
        return None
    origin = f"{FOLDER}/{folder.name}/{MANIFEST_NAME}"
    try:
        if path.stat().st_size > _MANIFEST_BYTES:
            return PackFault(origin, f"is larger than {_MANIFEST_BYTES} bytes")
        manifest = parse_manifest(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        return PackFault(origin, f"cannot be read: {error}")
    except SettingsError as error:
        return PackFault(origin, str(error))
    if manifest.name != folder.name:
        return PackFault(origin, f"names the pack {manifest.name!r}, but lies in the folder {folder.name!r}")
    return Pack(folder, manifest)
