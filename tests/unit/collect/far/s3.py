"""An S3 server on loopback (moto), behind a door that injects errors and notes requests."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from xml.sax.saxutils import escape

_numbers = count()

Answer = tuple[int, str, str]  # status, S3's error code, message


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class S3:
    """`refuse` gets each request (method, path with query) and may give an answer instead of the store's."""

    def __init__(self) -> None:
        from moto.server import create_backend_app

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._app = create_backend_app("s3")
        self.bucket = f"city-logs-{next(_numbers)}"  # the server's memory is that of the process
        self.requests: list[str] = []
        self.sent = 0
        self.refuse: Callable[[str], Answer | None] = lambda request: None
        self._server = make_server("127.0.0.1", 0, self._answer, handler_class=_Quiet)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self._call("PUT", f"/{self.bucket}")

    def put(self, key: str, data: bytes) -> None:
        self._call("PUT", f"/{self.bucket}/{key}", data)

    def delete(self, key: str) -> None:
        self._call("DELETE", f"/{self.bucket}/{key}")

    def gets(self) -> list[str]:
        """The keys that were fetched, in order."""
        return [
            r.partition(" ")[2].removeprefix(f"/{self.bucket}/")
            for r in self.requests
            if r.startswith(f"GET /{self.bucket}/")
        ]

    def listings(self) -> list[str]:
        return [request for request in self.requests if request.startswith(f"GET /{self.bucket}?")]

    def settings(self, **more: object) -> dict[str, object]:
        """The table [sources.objects] that reaches it; credentials come from the environment."""
        return {
            "url": f"s3://{self.bucket}/fw",
            "endpoint": f"http://127.0.0.1:{self.port}",
            "allow_http": True,
            "region": "us-east-1",
        } | more

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _call(self, method: str, path: str, data: bytes = b"") -> None:
        from werkzeug.test import Client

        signed = "AWS4-HMAC-SHA256 Credential=AKIA/20261122/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
        answer = Client(self._app).open(path, method=method, data=data, headers={"Authorization": signed})
        assert answer.status_code < 300, answer.text

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        query = f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else ""
        request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}{query}"
        self.requests.append(request)
        refused = self.refuse(request)
        if refused:
            status, code, message = refused
            body = (
                f"<?xml version='1.0'?><Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
            )
            start(f"{status} {code}", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
            return [body.encode()]
        answer = list(self._app(environ, start))
        if request.startswith("GET"):
            self.sent += sum(map(len, answer))
        return answer
