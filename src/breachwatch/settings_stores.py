"""Settings of an object store: where it is and what opens it. Used by sources, and by whatever else rests in one."""

from __future__ import annotations

import re

from pydantic import field_validator, model_validator

from breachwatch.settings_base import Section

SCHEMES = ("s3", "az", "gs")
_URL = re.compile(r"(?P<scheme>[a-z0-9]+)://(?P<bucket>[A-Za-z0-9][A-Za-z0-9._-]{1,62})(?:/(?P<prefix>[^?#]*))?")


def split_store_url(url: str) -> tuple[str, str, str]:
    """Scheme, bucket (Azure: container) and prefix without slashes at its ends. Raises ValueError that says the fix."""
    match = _URL.fullmatch(url)
    if match is None or match["scheme"] not in SCHEMES:
        msg = (
            f"{url!r} is no address of an object store. Write s3://BUCKET/PREFIX, az://CONTAINER/PREFIX or "
            "gs://BUCKET/PREFIX, without keys or tokens"
        )
        raise ValueError(msg)
    return match["scheme"], match["bucket"], (match["prefix"] or "").strip("/")


class StoreAccess(Section):
    """What opens a store. What is not given comes from the environment, as the vendors' own tools read it.

    S3: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, else the role of the machine. Azure:
    AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ACCOUNT_KEY, AZURE_CLIENT_ID ... Google: GOOGLE_SERVICE_ACCOUNT ...
    """

    endpoint: str = ""  # an S3-compatible server's address; empty: the vendor's own
    region: str = ""
    access_key_id: str = ""  # S3; no secret by itself
    secret_access_key_file: str = ""  # S3
    session_token_file: str = ""  # S3
    account: str = ""  # Azure: the storage account
    account_key_file: str = ""  # Azure
    sas_token_file: str = ""  # Azure
    service_account_file: str = ""  # Google: the JSON key
    ca_file: str = ""  # PEM of a private certificate authority, trusted beside the public ones
    anonymous: bool = False  # a public bucket: send no credentials
    allow_http: bool = False  # without encryption: bytes and key ids are readable on the way

    @field_validator("endpoint")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s/@?#]+(?:/[^\s@?#]*)?", value):
            msg = "must be an address like https://minio.example.gov:9000, without account, key or query"
            raise ValueError(msg)
        return value.rstrip("/")

    @model_validator(mode="after")
    def _fits(self) -> StoreAccess:
        if self.endpoint.startswith("http://") and not self.allow_http:
            msg = (
                "endpoint begins with http://, so logs would travel unencrypted. Use https://, or set allow_http = true"
            )
            raise ValueError(msg)
        if bool(self.access_key_id) != bool(self.secret_access_key_file):
            msg = "access_key_id and secret_access_key_file belong together: give both, or neither"
            raise ValueError(msg)
        if self.account_key_file and self.sas_token_file:
            msg = "give account_key_file or sas_token_file, not both"
            raise ValueError(msg)
        return self
