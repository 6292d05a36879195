"""The S3 server of the tests as a place where logs come from: what is put there, and what was asked and sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.s3_server import S3Server

Answer = tuple[int, str, str]  # status, S3's error code, message


class S3(S3Server):
    """`refuse` gets each request (method, path with query) and may give an answer instead of the store's."""

    def __init__(self) -> None:
        super().__init__(bucket="city-logs")
        self.refuse: Callable[[str], Answer | None] = lambda request: None
        self.fault = lambda environ: self.refuse(
            _request(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"])
        )

    @property
    def requests(self) -> list[str]:
        """All requests, in order."""
        return [_request(asked.method, asked.path, asked.query) for asked in self.asked]

    @property
    def sent(self) -> int:
        """Bytes of all answers to reads and listings."""
        return sum(asked.got for asked in self.asked if asked.method == "GET")

    def put(self, key: str, data: bytes) -> None:
        self._backend.put_object(self.bucket, key, data)

    def delete(self, key: str) -> None:
        self._backend.delete_object(self.bucket, key)

    def gets(self) -> list[str]:
        """The keys that were fetched, in order."""
        start = f"GET /{self.bucket}/"
        return [request.removeprefix(start) for request in self.requests if request.startswith(start)]

    def listings(self) -> list[str]:
        return [request for request in self.requests if request.startswith(f"GET /{self.bucket}?")]

    def settings(self, **more: Any) -> dict[str, Any]:
        """The table [sources.objects] that reaches it; credentials come from the environment."""
        reached = {"url": f"s3://{self.bucket}/fw", "endpoint": self.url, "allow_http": True, "region": "us-east-1"}
        return reached | more


def _request(method: str, path: str, query: str) -> str:
    return f"{method} {path}?{query}" if query else f"{method} {path}"
