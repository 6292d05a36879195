"""Fixtures of a host and a store on loopback, for the tests of collecting and of the commands about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from breachwatch import objectstore
from tests.unit.collect.conftest import Site
from tests.unit.collect.far.s3 import S3
from tests.unit.collect.far.sshd import Sshd


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    """A real OpenSSH server."""
    server = Sshd(tmp_path / "sshd")
    yield server
    server.close()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """An S3 server, its credentials in the environment; what fails is tried again at once."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-real-secret")
    quick: dict[str, object] = {
        "max_retries": 3,
        "backoff": {"init_backoff": timedelta(milliseconds=1), "max_backoff": timedelta(milliseconds=2), "base": 2},
    }
    monkeypatch.setattr(objectstore, "RETRY", {**objectstore.RETRY, **quick})
    server = S3()
    yield server
    server.close()


@pytest.fixture
def ssh_site(make_site: Callable[..., Site], sshd: Sshd) -> Site:
    """A source over the folder of logs, seen through the server."""
    return make_site(kind="ssh", ssh=sshd.settings())


@pytest.fixture
def s3_site(make_site: Callable[..., Site], s3: S3) -> Site:
    """A source over the objects below `fw/`."""
    return make_site(kind="objects", objects=s3.settings(), paths=())
