"""Sources of kind "google-workspace": activities of Google Workspace by the Reports API.

Admin SDK: "Activities: list" (`startTime`, `endTime`, `maxResults` up to 1000, newest first, `nextPageToken`; scope
admin.reports.audit.readonly). Google Identity: "Using OAuth 2.0 for server to server applications" (a service account's
JWT with `sub`, the administrator who is acted for: domain-wide delegation). Workspace Admin Help: "Data retention and
lag times" (minutes to hours, sometimes longer; 180 days): hence a day's overlap.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from breachwatch.collect.api.budget import Budget
from breachwatch.collect.api.collecting import Stream
from breachwatch.collect.api.errors import ApiError
from breachwatch.collect.api.exchange import Exchange
from breachwatch.collect.api.pages import Page, State
from breachwatch.collect.api.service import Service
from breachwatch.collect.api.tokens import JWT_GRANT, TokenEndpoint, assertion
from breachwatch.collect.api.windows import Fetched, Reach, pages, text
from breachwatch.errors import SettingsError
from breachwatch.settings_api import GoogleWorkspace as Table
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace

_SCOPE: Final = "https://www.googleapis.com/auth/admin.reports.audit.readonly"
_PATH: Final = "/admin/reports/v1/activity/users/all/applications/"
_KEPT: Final = timedelta(days=180)


class GoogleWorkspace(Service):
    """The Reports API of one customer."""

    hint = (
        "Enable the Admin SDK API, delegate the scope admin.reports.audit.readonly to the service account "
        "(Admin console, Security, API controls), and name an administrator who may read reports as subject."
    )

    def __init__(self, ws: Workspace, source: Source, budget: Budget) -> None:
        super().__init__(ws, source)
        assert source.google_workspace is not None  # noqa: S101 - the settings say so
        self._table: Table = source.google_workspace
        account = self._account()
        login = self.opened(Exchange(self._table.login_endpoint, ws.clock, budget))
        claims = {
            "iss": str(account["client_email"]),
            "sub": self._table.subject,
            "scope": _SCOPE,
            "aud": f"{self._table.login_endpoint}/token",
        }
        header = {"kid": str(account.get("private_key_id", ""))}
        key, what = str(account["private_key"]), f"key_file of source {source.name!r}"

        def form(at: datetime) -> Mapping[str, str]:
            return {"grant_type": JWT_GRANT, "assertion": assertion(key, "RS256", claims, at, header, what)}

        token = TokenEndpoint(login, "/token", form, ())
        self._reports = self.opened(Exchange(self._table.endpoint, ws.clock, budget, token, passing=_over_quota))

    def _account(self) -> dict[str, Any]:
        name = self.source.name
        try:
            account = json.loads(self.secret("key", self._table.key_file))
        except ValueError:
            account = None
        if not isinstance(account, dict) or not {"client_email", "private_key"} <= set(account):
            msg = f"the key of source {name!r} is no service account's: it must be the JSON file that Google gave"
            raise SettingsError(msg)
        return account

    def streams(self) -> tuple[Stream, ...]:
        base = self._table.endpoint + _PATH
        domain = self._table.subject.rpartition("@")[2].lower()
        return tuple(Stream(name, base + name, domain) for name in self._table.applications)

    def pages(self, stream: Stream, state: State, budget: Budget) -> Iterator[Page]:
        """The pages of the spans since the checkpoint."""
        self.share(budget)

        def fetch(start: datetime, end: datetime, token: str) -> Fetched:
            asked: dict[str, str | int] = {"startTime": text(start), "endTime": text(end)}
            asked["maxResults"] = self._table.page_size
            if token:
                asked["pageToken"] = token
            answer = self._reports.get(_PATH + quote(stream.name, safe=""), asked)
            document = answer.document
            records = document.get("items", []) if isinstance(document, dict) else None
            if not isinstance(records, list):
                raise ApiError(f"{self._reports.host} answers without a list of activities", answer.status)
            return Fetched(answer.url, answer.body if records else None, str(document.get("nextPageToken") or ""))

        reach = Reach(self.first(), self.overlap(self._table), _KEPT)
        yield from pages(fetch, state, self._reports.now, reach, lambda error: error.status in {400, 410})


def _over_quota(answer: Any) -> bool:
    """403 is also how Google says "too fast" ("Reports API: limits and quotas")."""
    return answer.status == 403 and any(word in answer.body for word in (b"ateLimitExceeded", b"quotaExceeded"))
