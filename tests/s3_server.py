"""An S3 server on loopback (moto's), with faults a test can put in front of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from xml.sax.saxutils import escape

KEY_ID, SECRET = "AKIATESTONLY", "no-secret-at-all"


@dataclass
class Asked:
    """A request as the server saw it; `got` is how many bytes came back."""

    method: str
    path: str
    query: str
    range: str
    got: int


@dataclass
class S3Server:
    """Answers on a free port of 127.0.0.1 until it is closed.

    `fault` is asked about each request first: it gives None to let it through, or (status, error code) or (status,
    error code, message) to refuse it.
    """

    bucket: str = "lake"
    fault: Callable[[dict[str, Any]], tuple[int, str] | tuple[int, str, str] | None] = lambda _: None
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        from moto.moto_server.werkzeug_app import (
            DomainDispatcherApplication,
            MotoRequestHandler,
            create_backend_app,
        )
        from moto.s3.models import s3_backends
        from werkzeug.serving import make_server

        class Quiet(MotoRequestHandler):
            def log_request(self, *_: Any) -> None:
                """Say nothing."""

        self._backend = s3_backends["123456789012"]["aws"]
        self.clear()
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True, request_handler=Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=[0.01], daemon=True)
        self._thread.start()

    def _serve(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        asked = Asked(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            environ["QUERY_STRING"],
            environ.get("HTTP_RANGE", ""),
            0,
        )
        self.asked.append(asked)
        refused = self.fault(environ)
        if refused:
            status, code, *words = refused
            said = f"<Code>{escape(code)}</Code><Message>{escape(*words or ['no'])}</Message>"
            start(f"{status} Refused", [("Content-Type", "application/xml")])
            return [f"<?xml version='1.0'?><Error>{said}</Error>".encode()]
        body = b"".join(self._app(environ, start))
        asked.got = len(body)
        return [body]

    def clear(self) -> None:
        """An empty bucket and no faults."""
        self._backend.reset()
        self._backend.create_bucket(self.bucket, "us-east-1")
        self.fault = lambda _: None
        self.asked.clear()

    def settings(self, prefix: str = "city") -> dict[str, Any]:
        """What opens it, as the settings have it; the key file is the test's to write."""
        return {
            "url": f"s3://{self.bucket}/{prefix}",
            "endpoint": self.url,
            "region": "us-east-1",
            "allow_http": True,
            "access_key_id": KEY_ID,
            "secret_access_key_file": "keys/s3",
        }

    def lake_settings(self, prefix: str = "city", **more: Any) -> str:
        """The table [lake.store] that has a lake rest here."""
        lines = (f"{key} = {json.dumps(value)}" for key, value in {**self.settings(prefix), **more}.items())
        return "\n".join(["[lake.store]", *lines, ""])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
