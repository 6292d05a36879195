"""Servers that take messages: one for HTTP with JSON, one for SMTP, both on a free port of the loopback address."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Post:
    """What was taken. `status` is what an HTTP server answers."""

    port: int
    taken: list[Any] = field(default_factory=list)
    status: int = 200

    @property
    def titles(self) -> list[str]:
        return [item["title"] for item in self.taken]


@contextmanager
def http_server() -> Iterator[Post]:
    """Takes what Apprise sends to a json:// address."""
    post = Post(0)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if post.status < 300:
                post.taken.append(json.loads(body))
            self.send_response(post.status)
            self.end_headers()
            self.wfile.write(b"token-of-the-answer")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        post.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield post
        server.shutdown()


@contextmanager
def smtp_server() -> Iterator[Post]:
    """Takes mail: just enough of RFC 5321."""
    post = Post(0)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 test\r\n")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    mail = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        mail += part
                    post.taken.append(mail)
                self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        post.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield post
        server.shutdown()
