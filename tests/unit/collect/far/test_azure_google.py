"""Azure Blob and Google Cloud Storage by the same settings, from servers that answer as the vendors' documents say.

"List Blobs" and "Get Blob" of the Blob service REST API, "List objects" and "Download" of Google's XML API: addresses,
the proof of who asks, paging, ranges on the condition that the object is still the one that was listed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from email.utils import format_datetime
from urllib.parse import unquote
from xml.sax.saxutils import escape

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from breachwatch.collect import objects_place
from tests.unit.collect.api.server import NOW, Reply, Request, Service, running
from tests.unit.collect.conftest import lines

_DATE = format_datetime(NOW, usegmt=True)


class Bucket:
    """A container `logs` with objects, one a page, as both vendors serve it."""

    def __init__(self, service: Service, kind: str) -> None:
        self.objects: dict[str, bytes] = {}
        self.service = service
        self.kind = kind
        self.account = ""
        service.routes["/logs"] = self.listed if kind == "azure" else self.listed_by_google
        service.routes["/logs/"] = self.fetched

    def _page(self, request: Request, token: str) -> tuple[list[str], str]:
        keys = sorted(key for key in self.objects if key.startswith(request.query["prefix"]))
        at = int(request.query.get(token, 0))
        return keys[at : at + 1], str(at + 1) if at + 1 < len(keys) else ""

    def etag(self, key: str) -> str:
        return f'"{hashlib.sha256(self.objects[key]).hexdigest()[:16]}"'

    def listed(self, request: Request) -> Reply:
        assert request.headers["authorization"].startswith("SharedKey city:")
        assert (request.query["restype"], request.query["comp"]) == ("container", "list")
        keys, following = self._page(request, "marker")
        blobs = "".join(
            f"<Blob><Name>{escape(key)}</Name><Properties><Last-Modified>{_DATE}</Last-Modified>"
            f"<Content-Length>{len(self.objects[key])}</Content-Length><Etag>{self.etag(key)}</Etag>"
            "<Content-Type>text/plain</Content-Type></Properties></Blob>"
            for key in keys
        )
        text = f"<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker>{following}</NextMarker></EnumerationResults>"
        return Reply(raw=b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>" + text.encode())

    def listed_by_google(self, request: Request) -> Reply:
        assert request.headers["authorization"].startswith("Bearer ")
        assert request.query["list-type"] == "2"
        keys, following = self._page(request, "continuation-token")
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{NOW:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<ETag>{escape(self.etag(key))}</ETag><Size>{len(self.objects[key])}</Size></Contents>"
            for key in keys
        )
        more = f"<NextContinuationToken>{following}</NextContinuationToken>" if following else ""
        return Reply(raw=f"<ListBucketResult>{found}{more}</ListBucketResult>".encode())

    def fetched(self, request: Request) -> Reply:
        key = unquote(request.path).removeprefix("/logs/")
        if request.headers["if-match"] != self.etag(key):
            return Reply(raw=b"<Error><Code>ConditionNotMet</Code></Error>", status=412)
        data = self.objects[key]
        first, last = (int(part) for part in request.headers["range"].removeprefix("bytes=").split("-"))
        part = data[first : last + 1]
        span = f"bytes {first}-{first + len(part) - 1}/{len(data)}"
        return Reply(
            raw=part,
            status=206,
            headers={"Content-Range": span, "ETag": self.etag(key), "Last-Modified": _DATE, "Accept-Ranges": "bytes"},
        )

    def gets(self) -> list[str]:
        return [unquote(path).removeprefix("/logs/") for path in self.service.paths("/logs/")]


@pytest.fixture(params=["azure", "google"])
def bucket(request: pytest.FixtureRequest) -> Iterator[Bucket]:
    with running() as service:
        yield Bucket(service, request.param)


@pytest.fixture
def site(bucket, make_site, tmp_path):
    common = {"endpoint": bucket.service.url, "allow_http": True}
    if bucket.kind == "azure":
        (tmp_path / "key").write_text(base64.b64encode(b"k" * 64).decode())
        common |= {"url": "az://logs/fw", "account": "city", "account_key_file": str(tmp_path / "key")}
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        account = {"client_email": "reader@city.example", "private_key": pem, "private_key_id": "k1"}
        (tmp_path / "account.json").write_text(
            json.dumps(account | {"type": "service_account", "gcs_base_url": bucket.service.url})
        )
        common = {"url": "gs://logs/fw", "service_account_file": str(tmp_path / "account.json"), "allow_http": True}
    return make_site(kind="objects", objects=common, paths=("**/*.log",), settle_seconds=0)


def test_each_object_is_collected_once(site, bucket):
    bucket.objects = {"fw/a b/1.log": lines(5), "fw/2.log": lines(5, 100), "fw/x.txt": b"other\n", "y/3.log": b"z\n"}
    assert sorted(site.by_log().values()) == sorted([lines(5), lines(5, 100)])
    assert not site.problems()
    assert sorted(bucket.gets()) == ["fw/2.log", "fw/a b/1.log"]
    bucket.objects["fw/3.log"] = lines(5, 200)
    assert len(site.by_log()) == 3
    assert bucket.gets()[2:] == ["fw/3.log"]


def test_an_object_replaced_while_it_is_read_is_not_mixed(site, bucket, monkeypatch):
    monkeypatch.setattr(objects_place, "_WHOLE_BYTES", 0)  # in several requests
    old, new = lines(2000), lines(2000, 50_000)
    bucket.objects = {"fw/1.log": old}
    fetched = bucket.fetched

    def replace(request: Request) -> Reply:
        reply = fetched(request)
        bucket.objects["fw/1.log"] = new
        return reply

    bucket.service.routes["/logs/"] = replace
    first, second = sorted(site.by_log().values(), key=len)
    assert second == new
    assert old.startswith(first)
    assert any("another log took its place" in problem.what for problem in site.lost())


def test_who_may_not_read_is_told(site, bucket):
    bucket.service.inject("/logs", *[Reply(raw=b"<Error><Code>AuthenticationFailed</Code></Error>", status=403)] * 9)
    site.collect()
    assert "status 403, AuthenticationFailed" in site.lost()[0].what
