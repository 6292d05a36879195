"""A connection to another host for SFTP: made when it is first needed, and anew after it broke.

The library is asyncssh; its event loop runs only while an answer is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import asyncssh

from breachwatch.collect.paths import shown
from breachwatch.collect.patience import Patience
from breachwatch.collect.places import LostError
from breachwatch.collect.ssh_login import log_in
from breachwatch.settings_ssh import Ssh

T = TypeVar("T")
Question = Callable[[asyncssh.SFTPClient], Awaitable[T]]

_CLOSE_SECONDS = 5.0
_BROKEN = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.SFTPBadMessage)


class Connection:
    """`number` counts how often it was made: what was opened over an earlier one is gone."""

    def __init__(self, settings: Ssh, path: Callable[[str], Path], patience: Patience) -> None:
        self.number = 0
        self.settings = settings
        self.patience = patience
        self._key_file = path(settings.key_file)
        self._known_hosts = path(settings.known_hosts or "known_hosts")
        self._runner = asyncio.Runner()
        self._opened: tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient] | None = None

    @property
    def shown(self) -> str:
        """The host as the start of an address."""
        port = "" if self.settings.port == 22 else f":{self.settings.port}"
        host = f"[{self.settings.address}]" if ":" in self.settings.address else self.settings.address
        return f"sftp://{host}{port}"

    def ask(self, question: Question[T]) -> T:
        """Ask what may be asked twice: again, with growing waits, where the connection breaks.

        Raises LostError when that does not help, RefusedError, CutOffError when the time of the source is over, and
        asyncssh.SFTPError for what the host answers.
        """
        for trial in self.patience.tries(LostError):
            with trial:
                return self.ask_once(question)
        raise AssertionError  # the last try raises

    def ask_once(self, question: Question[T]) -> T:
        """Ask once, over a connection that is made if there is none."""
        self.patience.check()
        if self._opened is None:
            login = log_in(self.settings, self.shown, self._key_file, self._known_hosts)
            self._opened = self._run(login)
            self.number += 1
        _, sftp = self._opened
        seconds = min(self.settings.timeout_seconds, max(1.0, self.patience.left))

        async def in_time() -> T:
            async with asyncio.timeout(seconds):
                return await question(sftp)

        try:
            return self._run(in_time())
        except TimeoutError:
            self._drop()
            raise LostError(f"{self.shown}: no answer within {seconds:.0f} s") from None
        except asyncssh.SFTPError as error:
            if not isinstance(error, _BROKEN):
                raise
            self._drop()
            raise LostError(f"{self.shown}: the connection broke ({shown(error.reason)[:200]})") from None
        except (asyncssh.Error, OSError) as error:
            self._drop()
            raise LostError(f"{self.shown}: the connection broke ({shown(str(error))[:200]})") from None

    @property
    def connected(self) -> bool:
        return self._opened is not None

    def leave(self, farewell: Coroutine[Any, Any, None]) -> None:
        """Say something whose answer does not matter, like that a file is closed; raises nothing."""

        async def in_time() -> None:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await farewell

        with suppress(asyncssh.Error, OSError, TimeoutError):  # a broken connection shows at the next question
            self._run(in_time())

    def close(self) -> None:
        """End the connection; raises nothing."""
        self._drop()
        self._runner.close()

    def _run(self, what: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(what)

    def _drop(self) -> None:
        opened, self._opened = self._opened, None
        if opened is None:
            return
        connection, _ = opened

        async def closed() -> None:
            connection.abort()
            async with asyncio.timeout(_CLOSE_SECONDS):
                await connection.wait_closed()

        with suppress(Exception):  # it is gone in any case
            self._run(closed())
