"""One question to a time stamp authority over HTTP (RFC 3161, section 3.4): bounded in time and size, no redirects.

The standard library's time-outs are for each packet: an authority that sends a byte now and then would be listened to
for ever. So a timer shuts the socket when the time for the whole answer is over.
"""

from __future__ import annotations

import base64
import http.client
import re
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from breachwatch.errors import SettingsError, TransientError
from breachwatch.settings_trust import Timestamp
from breachwatch.workspace import Workspace

LARGEST = 256 * 1024  # bytes of an answer; a real one with its certificates has some six thousand
_HEADER = re.compile(r"([A-Za-z0-9-]{1,100}):[ \t]*([\x20-\x7e]{1,4000})")


class AuthorityError(TransientError):
    """The authority is away, slow, or gives no stamp. What was to be stamped waits."""


def ask(ws: Workspace, query: bytes) -> bytes:
    """The authority's answer to a query, as it came: nothing about it is checked yet.

    Raises AuthorityError, and SettingsError for credentials that cannot be read.
    """
    settings = ws.settings.evidence.timestamp
    request = urllib.request.Request(  # noqa: S310  the settings allow http and https only
        settings.url,
        data=query,
        headers={
            "Content-Type": "application/timestamp-query",
            "Accept": "application/timestamp-reply",
            "User-Agent": "breachwatch",
            **_credentials(ws, settings),
        },
    )
    watched = _Watched(settings.timeout_seconds)
    opener = urllib.request.build_opener(watched.http, watched.https, _NoRedirect)
    try:
        with opener.open(request, timeout=settings.timeout_seconds) as answer:
            content: bytes = answer.read(LARGEST + 1)
    except urllib.error.HTTPError as error:
        raise AuthorityError(f"{settings.url} answers with HTTP status {error.code}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        if watched.rang:
            what = f"did not answer within {settings.timeout_seconds:g} s"
        else:
            what = f"cannot be reached ({getattr(error, 'reason', None) or type(error).__name__})"
        raise AuthorityError(f"{settings.url} {what}") from None
    finally:
        watched.stop()
    if watched.rang:  # a shut socket may look like the end of an answer
        raise AuthorityError(f"{settings.url} did not answer within {settings.timeout_seconds:g} s")
    if len(content) > LARGEST:
        raise AuthorityError(f"{settings.url} answers with more than any time stamp has")
    return content


def _credentials(ws: Workspace, settings: Timestamp) -> Mapping[str, str]:
    found: dict[str, str] = {}
    if settings.headers_file:
        for line in _secret(ws.path(settings.headers_file), "headers_file").splitlines():
            match = _HEADER.fullmatch(line.strip())
            if match is None:
                msg = "evidence.timestamp.headers_file: a line is not `Name: value`"
                raise SettingsError(msg)
            found[match[1]] = match[2]
    if settings.username:
        password = _secret(ws.path(settings.password_file), "password_file")
        plain = f"{settings.username}:{password}".encode()
        found["Authorization"] = "Basic " + base64.b64encode(plain).decode()
    return found


def _secret(path: Path, key: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        msg = f"evidence.timestamp.{key}: cannot read {path}: {why}"
        raise SettingsError(msg) from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The address in the settings is the one that is asked; a redirect is an error."""

    def redirect_request(self, *_: Any) -> None:
        return None


class _Watched:
    """Connections whose sockets are shut when a time is over. `rang` tells whether it was."""

    def __init__(self, seconds: float) -> None:
        self.rang = False
        self._connections: list[http.client.HTTPConnection] = []
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True
        self._timer.start()
        watched = self

        class Plain(http.client.HTTPConnection):
            def connect(self) -> None:
                watched.connect(self, super().connect)

        class Encrypted(http.client.HTTPSConnection):
            def connect(self) -> None:
                watched.connect(self, super().connect)

        class Http(urllib.request.HTTPHandler):
            def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
                return self.do_open(Plain, req)

        class Https(urllib.request.HTTPSHandler):
            def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
                return self.do_open(Encrypted, req)

        self.http, self.https = Http, Https

    def connect(self, connection: http.client.HTTPConnection, connect: Callable[[], None]) -> None:
        """Connect, and remember the socket: the connection forgets it when it hands the answer over."""
        self._connections.append(connection)  # whose socket is there during the handshake already
        connect()
        self._sockets.append(connection.sock)

    def _ring(self) -> None:
        self.rang = True
        shaking_hands = [item.sock for item in self._connections if item.sock is not None]
        for held in [*self._sockets, *shaking_hands]:
            with suppress(OSError):  # it is closed already
                held.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        self._timer.cancel()
