"""Opening object stores: what is sent nowhere yet, and what is said where it cannot be opened."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from breachwatch.errors import SettingsError, TransientError
from breachwatch.objectstore import RETRY, StoreError, StoreUnreachableError, open_store, store_errors
from breachwatch.settings_stores import StoreAccess

SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n")
    return path


def test_s3_with_keys_endpoint_and_region(secret):
    access = StoreAccess(
        endpoint="https://minio.example.gov:9000",
        region="us-gov-west-1",
        access_key_id="AKIA",
        secret_access_key_file=str(secret),
    )
    store = open_store("s3://logs/fw/2026", access, Path)
    assert store.prefix == "fw/2026"
    assert store.config["bucket"] == "logs"
    assert store.config["endpoint"] == "https://minio.example.gov:9000"
    assert store.config["region"] == "us-gov-west-1"
    assert store.config["secret_access_key"] == SECRET  # read from the file, without its line ending


def test_azure_and_google(tmp_path):
    key = tmp_path / "key"
    key.write_text(base64.b64encode(b"k" * 64).decode())
    azure = open_store("az://insights-logs/x", StoreAccess(account="citylogs", account_key_file=str(key)), Path)
    assert azure.config["account_name"] == "citylogs"
    assert azure.config["container_name"] == "insights-logs"
    google = open_store("gs://city-logs/audit", StoreAccess(anonymous=True), Path)
    assert google.config["bucket"] == "city-logs"
    assert google.prefix == "audit"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "logs",
        "/srv/logs",
        "ftp://logs/x",
        "s3://",
        "s3:///x",
        "s3://logs?key=1",
        "s3://a b",
        "s3://key:secret@logs/x",
    ],
)
def test_an_address_that_is_none_is_refused_with_the_forms_there_are(url):
    with pytest.raises(SettingsError, match=r"s3://BUCKET/PREFIX, az://CONTAINER/PREFIX or gs://BUCKET/PREFIX"):
        open_store(url, StoreAccess(), Path)


def test_key_files_that_cannot_be_read_are_named(tmp_path, secret):
    (tmp_path / "empty").write_text("\n")
    for name, said in (("gone", "No such file"), ("empty", "is empty"), (".", "Is a directory")):
        access = StoreAccess(access_key_id="AKIA", secret_access_key_file=name)
        with pytest.raises(SettingsError, match=f"secret_access_key_file.*{said}"):
            open_store("s3://logs", access, lambda text: tmp_path / text)


def test_no_secret_is_repeated_in_an_error(secret, tmp_path):
    broken = tmp_path / "account.json"
    broken.write_text(json.dumps({"private_key": SECRET}))
    for url, access in (
        ("gs://logs", StoreAccess(service_account_file=str(broken))),
        ("az://logs", StoreAccess(account="citylogs", account_key_file=str(secret))),
        ("az://logs", StoreAccess(account="citylogs", sas_token_file=str(secret))),
    ):
        with pytest.raises(SettingsError) as caught:
            open_store(url, access, Path)
        assert SECRET not in str(caught.value)
        assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"endpoint": "http://minio.example.gov"}, "allow_http = true"),
        ({"endpoint": "https://key:secret@minio.example.gov"}, "without account, key or query"),
        ({"access_key_id": "AKIA"}, "give both, or neither"),
        ({"account_key_file": "a", "sas_token_file": "b"}, "not both"),
    ],
)
def test_settings_that_do_not_fit_say_the_fix(values, said):
    with pytest.raises(ValidationError, match=said):
        StoreAccess.model_validate(values)


def test_a_store_that_is_not_there_may_come_back(secret):
    import obstore

    access = StoreAccess(
        endpoint="http://127.0.0.1:1",
        allow_http=True,
        region="us-east-1",
        access_key_id="AKIA",
        secret_access_key_file=str(secret),
    )
    store = open_store("s3://logs", access, Path, {**RETRY, "max_retries": 0})
    with pytest.raises(StoreUnreachableError, match=r"s3://logs: .*no connection") as caught, store_errors("s3://logs"):
        obstore.list(store).collect()
    assert isinstance(caught.value, TransientError)
    assert isinstance(caught.value, StoreError)
