"""The workspace: one folder with everything a city's breachwatch keeps, opened at the edge and handed down.

breachwatch.toml   settings
rules/             rule packs that were added: pack.toml and archives, read-only
segments/          original bytes of what was collected, compressed, one file a segment
lake/              events as Parquet: lake/<dataset>/date=YYYY-MM-DD/*.parquet, see lake/lots.py
vault/             sealed evidence, read-only
papers/            every version of every paper by the hash of its bytes, read-only
templates/         the city's own templates of papers, where it has some
keys/              signing.key (0600) and signing.pub
state/             records.db (catalog, alerts, incidents, custody), locks, scratch space, Prefect's own files
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from breachwatch.clock import Clock, SystemClock
from breachwatch.errors import BusyError, EnvironmentFault, SettingsError
from breachwatch.settings import SETTINGS_NAME, Settings
from breachwatch.settings_file import load_settings

if TYPE_CHECKING:
    from breachwatch.records.database import Database

PRIVATE_DIR = 0o700
FOLDERS = ("segments", "lake", "vault", "keys", "state", "state/locks", "state/scratch")


@dataclass(frozen=True)
class Workspace:
    """Settings, paths, database and clock of one workspace. Cheap to make; nothing is opened until it is used."""

    root: Path
    settings: Settings
    clock: Clock

    @property
    def segments(self) -> Path:
        return self.root / "segments"

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def vault(self) -> Path:
        return self.root / "vault"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def scratch(self) -> Path:
        """Folder for unfinished files, on the lake's and the vault's own file system: a rename is atomic."""
        return self.root / "state" / "scratch"

    @cached_property
    def database(self) -> Database:
        """The records database, brought to the current schema on first use."""
        from breachwatch.records.database import Database

        url = self._database_url()
        if url == self._own_database():
            self._refuse_lost_database()
        return Database.open(url)

    def _database_url(self) -> str:
        settings = self.settings.database
        if settings.url_file:
            path = self.path(settings.url_file)
            try:
                return path.read_text(encoding="utf-8").strip()
            except OSError as error:
                msg = f"database.url_file: cannot read {path}: {error.strerror}"
                raise SettingsError(msg) from error
        return settings.url.get_secret_value() or self._own_database()

    def _own_database(self) -> str:
        return f"sqlite:///{self.state / 'records.db'}"

    def _refuse_lost_database(self) -> None:
        """A missing or empty database beside kept logs or evidence is a loss, not a beginning."""
        path = self.state / "records.db"
        if path.is_file() and path.stat().st_size:
            return
        kept = next((folder for folder in (self.vault, self.segments) if any(folder.iterdir())), None)
        if kept is not None:
            msg = (
                f"the records database {path} is gone or empty, but {kept} is not. Put the last good copy of the "
                "database in its place; logs are collected again from where that copy ends."
            )
            raise EnvironmentFault(msg)

    def path(self, text: str) -> Path:
        """A path from the settings: relative ones start at the workspace, `~` is the user's home."""
        return self.root / Path(text).expanduser()

    @contextmanager
    def lock(self, name: str, wait_seconds: float = 600.0) -> Iterator[None]:
        """Hold the lock `name` of this workspace; released when the process ends, however it ends.

        Raises BusyError when another process still holds it after `wait_seconds`.
        """
        from filelock import FileLock, Timeout

        try:
            with FileLock(self.state / "locks" / f"{name}.lock", timeout=wait_seconds, mode=0o600):
                yield
        except Timeout:
            msg = f"another run has held the lock {name!r} of {self.root} for {wait_seconds:.0f} s. Try again later."
            raise BusyError(msg) from None


def open_workspace(root: Path | str | None = None, clock: Clock | None = None) -> Workspace:
    """Open the workspace at `root`, or the one that `find_root` finds. Raises SettingsError or EnvironmentFault."""
    folder = Path(root) if root is not None else find_root()
    folder = folder.absolute()
    settings = load_settings(folder / SETTINGS_NAME)
    for name in FOLDERS:
        try:
            (folder / name).mkdir(mode=PRIVATE_DIR, parents=True, exist_ok=True)
        except OSError as error:
            msg = f"cannot make the folder {folder / name}: {error.strerror}. Who owns {folder}?"
            raise EnvironmentFault(msg) from error
    return Workspace(folder, settings, clock or SystemClock())


def find_root() -> Path:
    """The workspace meant when none is named: $BREACHWATCH_WORKSPACE, else the nearest folder upwards with settings.

    A folder `workspace` below the current one counts too: that is where `make run` lays it.
    """
    named = os.environ.get("BREACHWATCH_WORKSPACE")
    if named:
        return Path(named)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / SETTINGS_NAME).is_file():
            return folder
    if (here / "workspace" / SETTINGS_NAME).is_file():
        return here / "workspace"
    msg = (
        f"no workspace here: neither {here} nor a folder above it holds {SETTINGS_NAME}. "
        "Run `breachwatch init DIR` to make one, or name one with --workspace."
    )
    raise SettingsError(msg)
