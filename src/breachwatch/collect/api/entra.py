"""Sources of kind "entra": sign-ins and directory audits of Microsoft Entra ID, through Microsoft Graph.

Microsoft Graph: "List signIns" and "List directoryAudits" (v1.0; `$filter` by time, `$top` up to 1000, newest first,
`@odata.nextLink`), "List signIns" (beta) for sign-ins that are not interactive, of service principals and of managed
identities; "Throttling guidance" (429 with Retry-After). Entra: "Log latency" and "Data retention" (30 days with
P1 or P2, 7 without). A record whose risk is judged anew later keeps its id: what came first is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from breachwatch.collect.api.budget import Budget
from breachwatch.collect.api.collecting import Stream
from breachwatch.collect.api.errors import ApiError
from breachwatch.collect.api.exchange import Exchange
from breachwatch.collect.api.microsoft import LOGIN, LOGIN_CHINA, LOGIN_US, check_one_way, microsoft_token
from breachwatch.collect.api.pages import Page, State
from breachwatch.collect.api.service import Service
from breachwatch.collect.api.windows import Fetched, Reach, pages, text
from breachwatch.settings_api import Entra as Table
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace

_CLOUDS: Final = {
    "worldwide": ("https://graph.microsoft.com", LOGIN),
    "us-government": ("https://graph.microsoft.us", LOGIN_US),
    "us-dod": ("https://dod-graph.microsoft.us", LOGIN_US),
    "china": ("https://microsoftgraph.chinacloudapi.cn", LOGIN_CHINA),
}
_SIGN_INS: Final = "/beta/auditLogs/signIns"
_STREAMS: Final = {
    "sign-ins": ("/v1.0/auditLogs/signIns", "createdDateTime", ""),
    "directory-audits": ("/v1.0/auditLogs/directoryAudits", "activityDateTime", ""),
    "non-interactive-sign-ins": (_SIGN_INS, "createdDateTime", "nonInteractiveUser"),
    "service-principal-sign-ins": (_SIGN_INS, "createdDateTime", "servicePrincipal"),
    "managed-identity-sign-ins": (_SIGN_INS, "createdDateTime", "managedIdentity"),
}
"""Path, the field with the time, and the type of sign-in to ask for."""
_KEPT: Final = timedelta(days=30)


class Entra(Service):
    """Microsoft Graph with the settings of one source."""

    hint = "Grant the application AuditLog.Read.All and have an administrator consent (sign-ins need Entra ID P1)."

    def __init__(self, ws: Workspace, source: Source, budget: Budget) -> None:
        super().__init__(ws, source)
        assert source.entra is not None  # noqa: S101 - the settings say so
        self._table: Table = source.entra
        check_one_way(self, self._table)
        graph, login = _CLOUDS[self._table.cloud]
        token = microsoft_token(self, self._table, login, graph, budget)
        self._graph = self.opened(Exchange(self._table.endpoint or graph, ws.clock, budget, token))

    def streams(self) -> tuple[Stream, ...]:
        base = str(self._graph.base).rstrip("/")
        return tuple(Stream(name, f"{base}{_STREAMS[name][0]}", self._table.tenant) for name in self._table.streams)

    def pages(self, stream: Stream, state: State, budget: Budget) -> Iterator[Page]:
        """The pages of the spans since the checkpoint."""
        self.share(budget)
        path, field, kind = _STREAMS[stream.name]

        def fetch(start: datetime, end: datetime, link: str) -> Fetched:
            if link:
                answer = self._graph.get(link)
            else:
                asked = f"{field} ge {text(start)} and {field} le {text(end)}"
                asked += f" and signInEventTypes/any(t: t eq '{kind}')" if kind else ""
                answer = self._graph.get(path, {"$filter": asked, "$top": self._table.page_size})
            records = answer.document.get("value") if isinstance(answer.document, dict) else None
            if not isinstance(records, list):
                raise ApiError(f"{self._graph.host} answers without a list of records", answer.status)
            following = answer.document.get("@odata.nextLink") or ""
            return Fetched(answer.url, answer.body if records else None, str(following))

        reach = Reach(self.first(), self.overlap(self._table), _KEPT)
        yield from pages(fetch, state, self._graph.now, reach, _forgotten)


def _forgotten(error: ApiError) -> bool:
    """Skip tokens live for a while only; Graph then answers 400 or 410."""
    return error.status in {400, 404, 410}
