"""The settings of sources that are pulled from a cloud service's API: `[sources.entra]`, `[sources.okta]`, ...

None of them holds a secret: those are in files that `*_file` keys name, or in the environment as
`BREACHWATCH_SECRET_<SOURCE>_<KEY>` (`breachwatch.collect.secrets`).
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from breachwatch.settings_base import Section


def _address(value: str) -> str:
    """An `https` address without path; `http` only for this machine. Raises ValueError."""
    if not value:
        return value
    parts = urlsplit(value)
    if parts.username or parts.password or parts.query or parts.fragment or parts.path.strip("/") or not parts.hostname:
        msg = "must be an address like https://city.okta.com, with nothing behind the host"
        raise ValueError(msg)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname)):
        msg = "must begin with https:// : the access token goes there"
        raise ValueError(msg)
    return value.rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Address = Annotated[str, AfterValidator(_address)]
"""Scheme, host and port of a service."""

_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]


class Api(Section):
    """What all of them have."""

    max_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 30.0
    overlap_hours: Annotated[float, Field(ge=0, le=24 * 7)] = 6.0  # asked for again: records that came late


class Microsoft(Api):
    """An application registered in Microsoft Entra ID, with a secret or a certificate of its own."""

    tenant: _Name
    client_id: _Name
    client_secret_file: str = ""
    certificate_file: str = ""  # PEM: the private key and the certificate
    login_endpoint: Address = ""  # empty: that of the cloud
    endpoint: Address = ""


EntraStream = Literal[
    "sign-ins",
    "directory-audits",
    "non-interactive-sign-ins",
    "service-principal-sign-ins",
    "managed-identity-sign-ins",
]


class Entra(Microsoft):
    """Microsoft Graph: sign-ins and directory audits."""

    cloud: Literal["worldwide", "us-government", "us-dod", "china"] = "worldwide"
    streams: Annotated[tuple[EntraStream, ...], Field(min_length=1)] = ("sign-ins", "directory-audits")
    page_size: Annotated[int, Field(ge=1, le=1000)] = 1000


M365Content = Literal["Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"]


class Microsoft365(Microsoft):
    """The Office 365 Management Activity API."""

    cloud: Literal["worldwide", "gcc", "gcc-high", "dod"] = "worldwide"
    content: Annotated[tuple[M365Content, ...], Field(min_length=1)] = (
        "Audit.AzureActiveDirectory",
        "Audit.Exchange",
        "Audit.SharePoint",
        "Audit.General",
    )


class Okta(Api):
    """The Okta System Log, with an API token or as a service application with a key."""

    url: Address
    token_file: str = ""
    client_id: str = ""
    private_key_file: str = ""  # PEM, of the service application
    key_id: str = ""
    page_size: Annotated[int, Field(ge=1, le=1000)] = 1000

    @model_validator(mode="after")
    def _one_way(self) -> Okta:
        if not self.url:
            msg = "url: name your organisation's address, like https://city.okta.com"
            raise ValueError(msg)
        if self.private_key_file and not self.client_id:
            msg = "private_key_file belongs to a service application: give its client_id, too"
            raise ValueError(msg)
        return self


class GoogleWorkspace(Api):
    """Google Workspace Reports, by a service account with domain-wide delegation."""

    subject: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]  # the administrator in whose name it asks
    key_file: str = ""  # JSON, as Google gave it
    applications: Annotated[tuple[_Name, ...], Field(min_length=1)] = ("login", "admin", "token", "drive")
    page_size: Annotated[int, Field(ge=1, le=1000)] = 1000
    overlap_hours: Annotated[float, Field(ge=0, le=24 * 7)] = 24.0
    login_endpoint: Address = "https://oauth2.googleapis.com"
    endpoint: Address = "https://admin.googleapis.com"


class CloudTrail(Api):
    """CloudTrail's event history by LookupEvents: management events of the last 90 days, a region at a time."""

    regions: Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")], ...], Field(min_length=1)]
    access_key_id: str = ""  # empty: what the AWS tools would use (environment, profile, role of the machine)
    secret_access_key_file: str = ""
    profile: str = ""
    endpoint: Address = ""  # a VPC endpoint; empty: AWS' own


TABLES: Final[dict[str, str]] = {
    "entra": "entra",
    "m365": "m365",
    "okta": "okta",
    "google-workspace": "google_workspace",
    "cloudtrail": "cloudtrail",
}
"""The table `[sources.<table>]` that a kind of source needs."""


def check_table(name: str, kind: str, given: set[str]) -> None:
    """Raises ValueError where the kind's own table is not among those `given`, or one of another kind is."""
    wanted = TABLES.get(kind)
    if wanted and wanted not in given:
        msg = f"source {name!r} of kind {kind!r} needs a table [sources.{wanted}] below it"
        raise ValueError(msg)
    other = next((table for table in TABLES.values() if table in given and table != wanted), None)
    if other:
        msg = f"source {name!r} has a table [sources.{other}], but its kind is {kind!r}. Correct the one or the other."
        raise ValueError(msg)
