"""A small service on loopback that answers as a vendor's API does, with errors put in its way.

A test gives it `routes`: path -> function(request) -> Reply. Errors queued with `inject` are answered first.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: bytes


@dataclass
class Reply:
    """`truncated`: the connection ends in the middle of the body."""

    document: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    truncated: bool = False

    @property
    def body(self) -> bytes:
        return json.dumps(self.document).encode() if self.raw is None else self.raw


Route = Callable[[Request], Reply]


class Service:
    """The server, what it was asked, and what it is to do wrong."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.asked: list[Request] = []
        self.errors: list[tuple[str, Reply]] = []
        self.now = NOW
        self.token = 0
        self.url = ""

    def inject(self, path: str, *replies: Reply) -> None:
        """Answer the next requests whose path begins so with these."""
        self.errors += [(path, reply) for reply in replies]

    def paths(self, path: str = "") -> list[str]:
        return [request.path for request in self.asked if request.path.startswith(path)]

    def give_token(self, request: Request) -> Reply:
        """An OAuth 2.0 token endpoint; each token makes the one before invalid."""
        self.token += 1
        return Reply({"access_token": f"bearer-{self.token}-sesame", "token_type": "Bearer", "expires_in": 3599})

    def guarded(self, route: Route) -> Route:
        """The route for who brings the last token; others are answered 401."""

        def answer(request: Request) -> Reply:
            if request.headers.get("authorization") != f"Bearer bearer-{self.token}-sesame":
                return Reply({"error": {"code": "InvalidAuthenticationToken", "message": "expired"}}, 401)
            return route(request)

        return answer

    def reply(self, request: Request) -> Reply:
        self.asked.append(request)
        for number, (path, reply) in enumerate(self.errors):
            if request.path.startswith(path):
                del self.errors[number]
                return reply
        route = next((self.routes[p] for p in sorted(self.routes, reverse=True) if request.path.startswith(p)), None)
        return route(request) if route else Reply({"error": {"code": "NotFound", "message": request.path}}, 404)


@contextmanager
def running() -> Iterator[Service]:
    """A service on a free port of loopback."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            parts = urlsplit(self.path)
            size = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            path = parts.path if not parts.netloc else f"proxy:{parts.netloc}{parts.path}"
            request = Request(self.command, path, dict(parse_qsl(parts.query)), headers, self.rfile.read(size))
            reply = service.reply(request)
            self.send_response_only(reply.status)
            self.send_header("Date", format_datetime(service.now, usegmt=True))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body[: len(reply.body) // 2] if reply.truncated else reply.body)
            self.close_connection = reply.truncated

        do_GET = do_POST = _do  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
