"""Sources of kind "cloudtrail": the event history of AWS CloudTrail, a region at a time.

CloudTrail API reference, "LookupEvents": management events of the last 90 days, at most 50 a request, newest first,
`NextToken`, two requests a second for each account and region. CloudTrail User Guide: events arrive within some five
minutes. Requests are signed with Signature Version 4 by botocore, AWS' own library, with the clock of the service.
Larger accounts export a trail to S3 and read it with the source kind for object stores.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from breachwatch.collect.api.answers import Answer, told
from breachwatch.collect.api.budget import Budget
from breachwatch.collect.api.collecting import Stream
from breachwatch.collect.api.errors import ApiError
from breachwatch.collect.api.exchange import Exchange
from breachwatch.collect.api.pages import Page, State
from breachwatch.collect.api.service import Service
from breachwatch.collect.api.windows import Fetched, Reach, pages
from breachwatch.errors import SettingsError
from breachwatch.settings_api import CloudTrail as Table
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace

_TARGET: Final = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"
_HEADERS: Final = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": _TARGET}
_PASSING: Final = frozenset({"ThrottlingException", "Throttling", "RequestLimitExceeded", "TooManyRequestsException"})
_OLD: Final = frozenset({"ExpiredTokenException", "ExpiredToken", "RequestTimeTooSkewed", "InvalidSignatureException"})
_KEPT: Final = timedelta(days=90)


class Signer:
    """Signature Version 4 with the keys of a botocore credential chain, at the time of the service's clock."""

    def __init__(self, keys: Any, region: str) -> None:
        self._keys, self._region = keys, region
        self.exchange: Exchange | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        frozen = self._keys.get_frozen_credentials()
        return tuple(text for text in (frozen.secret_key, frozen.token) if text)

    def sign(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Mapping[str, str]:
        request = AWSRequest(method=method, url=url, data=content, headers=dict(headers))
        now = self.exchange.now() if self.exchange else None
        _At(self._keys.get_frozen_credentials(), "cloudtrail", self._region, now).add_auth(request)
        return dict(request.headers.items())

    def renew(self) -> bool:
        """Keys of a role renew themselves; a signature is made anew at the time the service named."""
        return True


class _At(SigV4Auth):  # type: ignore[misc]
    """The signature at a given time: botocore itself reads this machine's clock."""

    def __init__(self, keys: Any, service: str, region: str, at: datetime | None) -> None:
        super().__init__(keys, service, region)
        self._at = at

    def add_auth(self, request: Any) -> None:
        if self._at is None:
            super().add_auth(request)
            return
        request.context["timestamp"] = self._at.strftime("%Y%m%dT%H%M%SZ")
        self._modify_request_before_signing(request)
        signature = self.signature(self.string_to_sign(request, self.canonical_request(request)), request)
        self._inject_signature_to_request(request, signature)


class CloudTrail(Service):
    """LookupEvents of one account."""

    hint = "Allow the account cloudtrail:LookupEvents."

    def __init__(self, ws: Workspace, source: Source, budget: Budget) -> None:
        super().__init__(ws, source)
        assert source.cloudtrail is not None  # noqa: S101 - the settings say so
        self._table: Table = source.cloudtrail
        self._keys = self._find_keys()
        self._trails = {region: self._open(region, budget) for region in self._table.regions}

    def _find_keys(self) -> Any:
        table, name = self._table, self.source.name
        if table.access_key_id:
            return Keys(table.access_key_id, self.secret("secret_access_key", table.secret_access_key_file))
        try:
            keys = Session(profile=table.profile or None).get_credentials()
        except BotoCoreError as error:
            raise SettingsError(f"source {name!r}: the AWS tools' credentials cannot be used: {error}") from None
        if keys is None:
            fix = "Give access_key_id and secret_access_key_file, or set up a profile or a role for this machine."
            raise SettingsError(f"source {name!r} finds no AWS credentials. {fix}")
        return keys

    def _open(self, region: str, budget: Budget) -> Exchange:
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        base = self._table.endpoint or f"https://cloudtrail.{region}.{suffix}"
        signer = Signer(self._keys, region)
        exchange = Exchange(base, self.ws.clock, budget, signer, interval=0.5, passing=_is(_PASSING), expired=_is(_OLD))
        signer.exchange = exchange
        return self.opened(exchange)

    def streams(self) -> tuple[Stream, ...]:
        account = self._table.access_key_id or self._table.profile
        found = []
        for region, trail in self._trails.items():
            found.append(Stream(region, f"{str(trail.base).rstrip('/')}/ LookupEvents {region}", account))
        return tuple(found)

    def pages(self, stream: Stream, state: State, budget: Budget) -> Iterator[Page]:
        """The pages of the spans since the checkpoint."""
        self.share(budget)
        trail = self._trails[stream.name]

        def fetch(start: datetime, end: datetime, token: str) -> Fetched:
            asked: dict[str, Any] = {"StartTime": start.timestamp(), "EndTime": end.timestamp(), "MaxResults": 50}
            if token:
                asked["NextToken"] = token
            answer = trail.ask("POST", "/", _HEADERS, json.dumps(asked).encode())
            document = answer.document
            records = document.get("Events", []) if isinstance(document, dict) else None
            if not isinstance(records, list):
                raise ApiError(f"{trail.host} answers without a list of events", answer.status)
            return Fetched(stream.address, answer.body if records else None, str(document.get("NextToken") or ""))

        reach = Reach(self.first(), self.overlap(self._table), _KEPT)
        yield from pages(fetch, state, trail.now, reach, lambda error: error.code == "InvalidNextTokenException")


def _is(codes: frozenset[str]) -> Any:
    def asks(answer: Answer) -> bool:
        return answer.status >= 400 and told(answer)[0] in codes

    return asks
