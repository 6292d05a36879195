"""Object stores (S3 and what speaks like it, Azure Blob, Google Cloud Storage), opened by address.

The library is obstore: the Rust crate object_store behind one interface for all three. It retries by itself, with
exponential back-off, what may pass: refused and cut connections, time-outs, 429 and 5xx.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from breachwatch.errors import EnvironmentFault, SettingsError, TransientError
from breachwatch.settings_stores import StoreAccess, split_store_url

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig


class StoreError(EnvironmentFault):
    """A store refuses, or is not there: trying again without mending something does not help."""


class StoreUnreachableError(StoreError, TransientError):
    """A store does not answer, or answers with errors of its own; it may later."""


RETRY: RetryConfig = {
    "max_retries": 6,
    "retry_timeout": timedelta(seconds=120),
    "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=15), "base": 2},
}
"""How a request that failed is tried again."""

_CLIENT: ClientConfig = {"connect_timeout": "10s", "read_timeout": "60s", "timeout": "300s"}


def open_store(
    url: str, access: StoreAccess, path: Callable[[str], Path], retry: RetryConfig = RETRY, *, checksum: bool = False
) -> ObjectStore:
    """The store at `url` (s3://BUCKET/PREFIX, az://CONTAINER/PREFIX, gs://BUCKET/PREFIX); keys are below its prefix.

    `path` turns the settings' file names into paths (Workspace.path). Nothing is sent yet. `checksum` has S3 check the
    SHA-256 of what is put, as buckets with Object Lock ask for.
    Raises SettingsError where the address, a key file or a value cannot be used. No secret is ever in the message.
    """
    from obstore.exceptions import BaseError
    from obstore.store import AzureStore, GCSStore, S3Store

    try:
        scheme, bucket, prefix = split_store_url(url)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    client = dict(_CLIENT)
    if access.allow_http:
        client["allow_http"] = True
    if access.ca_file:
        client["root_certificate"] = _content(access.ca_file, "ca_file", path)
    kind: Any = {"s3": S3Store, "az": AzureStore, "gs": GCSStore}[scheme]
    config = {"s3": _s3, "az": _azure, "gs": _google}[scheme](access, path)
    if checksum and scheme == "s3":
        config["checksum_algorithm"] = "SHA256"
    try:
        return kind(bucket, prefix=prefix or None, config=config, client_options=client, retry_config=retry)  # type: ignore[no-any-return]
    except (BaseError, ValueError) as error:
        # The library's text may repeat a value that it was given.
        what = f"{scheme}://{bucket}: the store cannot be opened with these settings ({type(error).__name__})"
        raise SettingsError(f"{what}. Check endpoint, region, account and the key files.") from None


def _s3(access: StoreAccess, path: Callable[[str], Path]) -> dict[str, Any]:
    config: dict[str, Any] = _given(endpoint=access.endpoint, region=access.region)
    if access.access_key_id:
        config["access_key_id"] = access.access_key_id
        config["secret_access_key"] = _content(access.secret_access_key_file, "secret_access_key_file", path)
    if access.session_token_file:
        config["session_token"] = _content(access.session_token_file, "session_token_file", path)
    if access.anonymous:
        config["skip_signature"] = True
    return config


def _azure(access: StoreAccess, path: Callable[[str], Path]) -> dict[str, Any]:
    config: dict[str, Any] = _given(endpoint=access.endpoint, account_name=access.account)
    if access.account_key_file:
        config["account_key"] = _content(access.account_key_file, "account_key_file", path)
    if access.sas_token_file:
        config["sas_key"] = _content(access.sas_token_file, "sas_token_file", path).lstrip("?")
    if access.anonymous:
        config["skip_signature"] = True
    return config


def _google(access: StoreAccess, path: Callable[[str], Path]) -> dict[str, Any]:
    config: dict[str, Any] = _given(base_url=access.endpoint)
    if access.service_account_file:
        config["service_account_key"] = _content(access.service_account_file, "service_account_file", path)
    if access.anonymous:
        config["skip_signature"] = True
    return config


def _given(**values: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}


def _content(name: str, key: str, path: Callable[[str], Path]) -> str:
    file = path(name)
    try:
        text = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{key}: cannot read {file}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{key}: {file} is not text.") from None
    if not text:
        raise SettingsError(f"{key}: {file} is empty.")
    return text


@contextmanager
def store_errors(where: str) -> Iterator[None]:
    """Turn the library's errors into sentences about `where`; FileNotFoundError (no such key) passes through.

    Raises StoreUnreachableError where trying again later may help, StoreError where something has to be mended.
    The library's own texts are not repeated: they hold addresses with signatures and the server's answer.
    """
    from obstore.exceptions import BaseError, PermissionDeniedError, PreconditionError, UnauthenticatedError

    try:
        yield
    except PreconditionError:
        raise
    except BaseError as error:
        refused = _STATUS.search(str(error))  # a refused listing comes as an error of no kind
        if isinstance(error, PermissionDeniedError | UnauthenticatedError) or (refused and refused[1] in _REFUSED):
            advice = "Check the credentials (environment or *_file keys) and what they may do there."
            raise StoreError(f"{where}: the store refuses{_answer(error)}. {advice}") from None
        if "NoSuchBucket" in str(error):
            raise StoreError(f"{where}: there is no such bucket. Correct the url.") from None
        what = f"{where}: the store does not answer as it should{_answer(error)}"
        raise StoreUnreachableError(f"{what}, also when asked again. The next run tries anew.") from None


_CODE = re.compile(r"<Code>([A-Za-z]{3,60})</Code>")
_STATUS = re.compile(r"\b(?:status|Status)\w*\W{1,10}([1-5]\d\d)\b")
_REFUSED = frozenset({"401", "403"})
_NETWORK = (("dns error", "its name is not known"), ("Connect", "no connection"), ("TimedOut", "timed out"))


def _answer(error: Exception) -> str:
    """What the server said, in brackets: its status and error code, nothing else of its words."""
    text = str(error)
    said = [f"status {found[1]}"] if (found := _STATUS.search(text)) else []
    said += [found[1]] if (found := _CODE.search(text)) else []
    said = said or [words for mark, words in _NETWORK if mark in text][:1]
    return f" ({', '.join(said)})" if said else ""
