"""Sources of kind "okta": the Okta System Log.

Okta: "System Log API" (`/api/v1/logs`, `since`, `sortOrder`, `limit` up to 1000, kept 90 days) and "System Log query":
a request without `until`, in ascending order, is a polling request: Okta lists events in the order in which they were
stored, so that late ones are not passed over, and names a next page (header Link) even where nothing is new. That link
is the checkpoint. "Rate limits": 429 with X-Rate-Limit-Reset. "Implement OAuth for Okta": service applications.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

import httpx

from breachwatch.collect.api.answers import Answer
from breachwatch.collect.api.budget import Budget
from breachwatch.collect.api.collecting import Stream
from breachwatch.collect.api.errors import ApiError
from breachwatch.collect.api.exchange import Credentials, Exchange
from breachwatch.collect.api.pages import Page, State
from breachwatch.collect.api.service import Service
from breachwatch.collect.api.tokens import CLIENT_ASSERTION, FixedToken, TokenEndpoint, assertion
from breachwatch.collect.api.windows import Reach, begin, text
from breachwatch.settings_api import Okta as Table
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace

_PATH: Final = "/api/v1/logs"
_TOKENS: Final = "/oauth2/v1/token"
_KEPT: Final = timedelta(days=90)


class Okta(Service):
    """The System Log of one organisation."""

    hint = "The token needs the right to read the System Log (scope okta.logs.read, or a read-only administrator's)."

    def __init__(self, ws: Workspace, source: Source, budget: Budget) -> None:
        super().__init__(ws, source)
        assert source.okta is not None  # noqa: S101 - the settings say so
        self._table: Table = source.okta
        self._log = self.opened(Exchange(self._table.url, ws.clock, budget, self._credentials(budget)))

    def _credentials(self, budget: Budget) -> Credentials:
        table = self._table
        if not table.client_id:
            return FixedToken("SSWS", self.secret("token", table.token_file))
        key = self.secret("private_key", table.private_key_file)
        what = f"private_key_file of source {self.source.name!r}"
        login = self.opened(Exchange(table.url, self.ws.clock, budget))
        claims = {"aud": table.url + _TOKENS, "iss": table.client_id, "sub": table.client_id}
        header = {"kid": table.key_id} if table.key_id else {}

        def form(at: datetime) -> Mapping[str, str]:
            signed = assertion(key, "RS256", claims, at, header, what)
            common = {"grant_type": "client_credentials", "scope": "okta.logs.read"}
            return {**common, "client_assertion_type": CLIENT_ASSERTION, "client_assertion": signed}

        return TokenEndpoint(login, _TOKENS, form, ())

    def streams(self) -> tuple[Stream, ...]:
        return (Stream("system-log", self._table.url + _PATH, self._table.url),)

    def pages(self, stream: Stream, state: State, budget: Budget) -> Iterator[Page]:  # noqa: ARG002 - there is one
        """Page after page until one is empty."""
        self.share(budget)
        reach = Reach(self.first(), self.overlap(self._table), _KEPT)
        link: str = state.get("next", "")
        while True:
            asked = self._log.now()
            try:
                answer = self._log.get(link) if link else self._log.get(_PATH, self._first(state, asked, reach))
            except ApiError as error:
                if not link or error.status not in {400, 404, 410}:
                    raise
                link = ""  # Okta knows the link no more: ask again by time
                continue
            if not isinstance(answer.document, list):
                raise ApiError(f"{self._log.host} answers without a list of events", answer.status)
            following = _next(answer)
            if following == link and answer.document:
                raise ApiError(f"{self._log.host} names the same next page again", answer.status)
            link = following
            state = {"next": link, "through": text(asked)}
            yield Page(answer.url, answer.body if answer.document else None, state)
            if not answer.document or not link:
                return

    def _first(self, state: State, now: datetime, reach: Reach) -> dict[str, str | int]:
        since = text(begin(state, now, reach))
        return {"since": since, "sortOrder": "ASCENDING", "limit": self._table.page_size}


def _next(answer: Answer) -> str:
    """The address of the next page (RFC 8288); empty where there is none."""
    links = httpx.Response(200, headers={"link": answer.headers.get("link", "")}).links
    return str(links.get("next", {}).get("url", ""))
