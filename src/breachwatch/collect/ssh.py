"""Sources of kind "ssh": files on another host, read over SFTP. Only what is new is transferred.

Server answers are hostile input: names are shown escaped, sizes and listings are bounded, and a file is read no further
than it reached when it was opened.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Protocol, cast

import asyncssh

from breachwatch.collect.files import collect_from
from breachwatch.collect.globs import Entry, matches
from breachwatch.collect.paths import MOST_PATHS, find, shown
from breachwatch.collect.patience import Patience
from breachwatch.collect.places import CutOffError, Found, Look, LostError, RefusedError, UnreadableError
from breachwatch.collect.spool import Spool
from breachwatch.collect.ssh_connection import Connection
from breachwatch.collect.work import Harvest, Work
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace


def collect_ssh(ws: Workspace, source: Source) -> Harvest:
    """Collect what is new in files on another host. Raises EnvironmentFault where the store cannot be written."""
    assert source.ssh is not None  # noqa: S101  the settings see to it
    work = Work(ws, source, Patience(source.ssh.max_minutes))
    connection = Connection(source.ssh, ws.path, work.patience)
    try:
        collect_from(work, SftpPlace(ws, connection), lambda: found_on(connection, source))
    except LostError as error:
        what = f"{error}, also when asked again. What was fetched is kept; the next run goes on from there."
        work.say(connection.shown, what, lost_data=not source.optional)
    except RefusedError as error:
        work.say(connection.shown, str(error), lost_data=not source.optional)
    except CutOffError as error:
        work.say(connection.shown, f"{error}.", lost_data=error.lost_data)
    finally:
        connection.close()
    return work.harvest


def found_on(connection: Connection, source: Source) -> Found:
    """The files of a source on the host. Raises LostError, RefusedError, CutOffError."""
    return find(_SftpTree(connection), source, source.paths, show=lambda path: connection.shown + shown(path))


@contextmanager
def _as_os_errors(path: str) -> Iterator[None]:
    """SFTP's answers as the OSErrors that listing a folder of this machine gives."""
    try:
        yield
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPNotADirectory):
        raise OSError(errno.ENOENT, "there is no such file", path) from None
    except asyncssh.SFTPPermissionDenied:
        raise OSError(errno.EACCES, "permission denied", path) from None
    except asyncssh.SFTPError as error:
        raise OSError(errno.EIO, f"the host answers: {shown(error.reason)[:200]}", path) from None


class _SftpTree:
    """The folders of another host."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def entries(self, folder: str, pattern: str) -> list[Entry]:
        async def listed(sftp: asyncssh.SFTPClient) -> list[tuple[str, asyncssh.SFTPAttrs]]:
            found: list[tuple[str, asyncssh.SFTPAttrs]] = []
            async for item in sftp.scandir(folder):
                name = str(item.filename)
                # A name with a slash, which no folder has, would lead elsewhere.
                if name not in {".", ".."} and "/" not in name and "\0" not in name and matches(name, pattern):
                    found.append((name, item.attrs))
                if len(found) > MOST_PATHS:
                    break
            return found

        with _as_os_errors(folder):
            names = self._connection.ask(listed)
        return [self._entry(f"{folder.rstrip('/')}/{name}", attributes) for name, attributes in names]

    def entry(self, path: str, *, follow: bool) -> Entry:  # noqa: ARG002  what a link leads to is all that matters here
        with _as_os_errors(path):
            return _entry(path, self._connection.ask(lambda sftp: sftp.stat(path)), is_link=False)

    def _entry(self, path: str, attributes: asyncssh.SFTPAttrs) -> Entry:
        if attributes.permissions is None or not stat.S_ISLNK(attributes.permissions):
            return _entry(path, attributes, is_link=False)
        try:
            return _entry(path, self._connection.ask(lambda sftp: sftp.stat(path)), is_link=True)
        except asyncssh.SFTPError:  # a link to nothing: opening it will say so
            return Entry(os.path.basename(path), path, is_folder=False, is_link=True)  # noqa: PTH119  any bytes


def _entry(path: str, attributes: asyncssh.SFTPAttrs, *, is_link: bool) -> Entry:
    is_folder = attributes.permissions is not None and stat.S_ISDIR(attributes.permissions)
    return Entry(os.path.basename(path), path, is_folder, is_link, _look(attributes))  # noqa: PTH119  any bytes


def _look(attributes: asyncssh.SFTPAttrs) -> Look:
    return Look(attributes.size or 0, (attributes.mtime or 0) * 10**9, "")


class _OpenFile(Protocol):
    """What is used of asyncssh's open file; its own type leaves open whether text or bytes come."""

    async def read(self, size: int, offset: int) -> bytes: ...

    async def close(self) -> None: ...


class SftpPlace:
    """Opens files of another host."""

    near = False

    def __init__(self, ws: Workspace, connection: Connection) -> None:
        self._ws = ws
        self._connection = connection

    def show(self, path: str) -> str:
        return self._connection.shown + shown(path)

    def open(self, path: str) -> tuple[BinaryIO, Look]:
        remote = _SftpFile(self._connection, path)
        try:
            spool = Spool(remote, self._connection.patience, self._ws.scratch)
        except BaseException:
            remote.close()
            raise
        return cast("BinaryIO", spool), remote.look


class _SftpFile:
    """One open file of another host. After the connection broke, `reopen` finds it again by its name."""

    def __init__(self, connection: Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._ask_open(again=True)

    def read(self, offset: int, size: int) -> bytes:
        if self._number != self._connection.number or not self._connection.connected:
            raise LostError(f"{self._connection.shown}: the connection broke")
        with _explained():
            data: bytes = self._connection.ask_once(lambda _: self._file.read(size, offset))
        return data[:size]  # a server may send more than it was asked for

    def reopen(self) -> None:
        self._ask_open(again=False)

    def close(self) -> None:
        if self._number == self._connection.number and self._connection.connected:
            self._connection.leave(self._file.close())

    def _ask_open(self, *, again: bool) -> None:
        async def opened(sftp: asyncssh.SFTPClient) -> tuple[_OpenFile, asyncssh.SFTPAttrs]:
            kind = (await sftp.stat(self._path)).permissions
            if kind is not None and not stat.S_ISREG(kind):  # opening a pipe could block the other side for ever
                folder = stat.S_ISDIR(kind)
                what = "it is no regular file. Correct the source's paths to name files."
                raise UnreadableError(what, lost_data=folder)
            file = await sftp.open(self._path, "rb")
            return cast("_OpenFile", file), await file.stat()

        with _explained():
            ask = self._connection.ask if again else self._connection.ask_once
            self._file, attributes = ask(opened)
        self._number = self._connection.number
        self.look = _look(attributes)


@contextmanager
def _explained() -> Iterator[None]:
    """SFTP's answers about one file as sentences."""
    try:
        yield
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
        what = "it vanished after it was listed, or is a link to nothing. If it was rotated, it is found under its new"
        raise UnreadableError(f"{what} name where the source's paths match that.", lost_data=False) from None
    except asyncssh.SFTPPermissionDenied:
        what = "permission denied. Let the account that the settings name read it there"
        raise UnreadableError(
            f"{what} (on Debian most logs belong to the group adm), then run again.", lost_data=True
        ) from None
    except asyncssh.SFTPError as error:
        said = shown(error.reason)[:200]
        raise UnreadableError(
            f"it cannot be read: the host answers: {said}. The next run tries again.", lost_data=True
        ) from None
