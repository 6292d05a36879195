"""Sources of kind "m365": the unified audit log of Microsoft 365 by the Office 365 Management Activity API.

"Office 365 Management Activity API reference": a subscription for each type of content; content is listed by when it
became available, at most 24 hours at once, 7 days back, further pages by the header NextPageUri; each piece of content
(a blob of records) is fetched by its `contentUri` and expires. Pieces may be listed, and records may come, more than
once and in any order; first content takes up to 12 hours after a subscription begins. Throttling: 429.

State: `through` and `from`/`to` as in `windows`; `next`, the listing's next page; `blobs`, the pieces listed and not
yet fetched; `had`, the pieces fetched of late with the time they were listed under, so that none is fetched twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from breachwatch.collect.api.budget import Budget
from breachwatch.collect.api.collecting import Stream
from breachwatch.collect.api.errors import ApiError
from breachwatch.collect.api.exchange import Exchange
from breachwatch.collect.api.microsoft import LOGIN, LOGIN_US, check_one_way, microsoft_token
from breachwatch.collect.api.pages import Page, State
from breachwatch.collect.api.service import Service
from breachwatch.collect.api.windows import LONGEST, Reach, begin, moment, text
from breachwatch.settings_api import Microsoft365 as Table
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace

_CLOUDS: Final = {
    "worldwide": ("https://manage.office.com", LOGIN),
    "gcc": ("https://manage-gcc.office.com", LOGIN),
    "gcc-high": ("https://manage.office365.us", LOGIN_US),
    "dod": ("https://manage.protection.apps.mil", LOGIN_US),
}
_KEPT: Final = timedelta(days=7) - timedelta(minutes=10)  # the moment is judged on their side, a little later
_UNDER_WAY: Final = ("from", "to", "next", "blobs")
_ALREADY: Final = "AF20024"  # the subscription is enabled already
_GONE: Final = frozenset({"AF20051", "AF20050"})  # content has expired; it is not there


class M365(Service):
    """The Management Activity API of one tenant."""

    hint = "Grant the application ActivityFeed.Read (DLP.All: ActivityFeed.ReadDlp) and turn unified auditing on."

    def __init__(self, ws: Workspace, source: Source, budget: Budget) -> None:
        super().__init__(ws, source)
        assert source.m365 is not None  # noqa: S101 - the settings say so
        self._table: Table = source.m365
        check_one_way(self, self._table)
        host, login = _CLOUDS[self._table.cloud]
        token = microsoft_token(self, self._table, login, host, budget)
        self._feed = self.opened(Exchange(self._table.endpoint or host, ws.clock, budget, token))
        self._root = f"/api/v1.0/{self._table.tenant}/activity/feed"
        self._enabled: set[str] | None = None

    def streams(self) -> tuple[Stream, ...]:
        base = f"{str(self._feed.base).rstrip('/')}{self._root}/subscriptions/content?contentType="
        return tuple(Stream(name, base + name, self._table.tenant) for name in self._table.content)

    def pages(self, stream: Stream, state: State, budget: Budget) -> Iterator[Page]:
        """Subscribe where that was not done; then the listed pieces, span by span."""
        self.share(budget)
        self._subscribe(stream.name)
        if "from" in state:
            yield from self._resume(stream.name, state)
        now = self._feed.now()
        reach = Reach(self.first(), self.overlap(self._table), _KEPT)
        start = begin(state, now, reach)
        since = state.get("through")
        if since and moment(since) < now - _KEPT:
            self.notice(f"{stream.name}: content from {since} to {text(start)} has expired before it was fetched.")
        state["had"] = {k: v for k, v in state.get("had", {}).items() if moment(v) >= start - LONGEST}
        while start < now:
            end = min(start + LONGEST, now)
            state.update({"from": text(start), "to": text(end)})
            yield from self._span(stream.name, state)
            start = end

    def _resume(self, content: str, state: State) -> Iterator[Page]:
        """Finish the span that broke off, or what of it has not expired."""
        yield from self._fetch(state)
        oldest = text(self._feed.now() - _KEPT)
        if state["from"] < oldest:
            self.notice(f"{content}: content from {state['from']} on has expired before it was listed.")
            state["from"] = oldest
            state.pop("next", None)
        if state["from"] < state["to"]:
            yield from self._span(content, state)
        else:
            for name in _UNDER_WAY:
                state.pop(name, None)

    def _subscribe(self, content: str) -> None:
        """Raises ApiError where there is no subscription and none can be begun."""
        if self._enabled is None:
            listed = self._feed.get(f"{self._root}/subscriptions/list", self._publisher()).document
            on = [item for item in _objects(listed) if item.get("status") == "enabled"]
            self._enabled = {str(item.get("contentType")) for item in on}
        if content in self._enabled:
            return
        url = f"{self._root}/subscriptions/start?contentType={content}&PublisherIdentifier={self._table.tenant}"
        try:
            self._feed.ask("POST", url, {"Content-Length": "0"})
        except ApiError as error:
            if error.code != _ALREADY:
                raise
        self._enabled.add(content)

    def _publisher(self) -> dict[str, str | int]:
        return {"PublisherIdentifier": self._table.tenant}  # without it, all tenants share one quota

    def _span(self, content: str, state: State) -> Iterator[Page]:
        """List and fetch what became available from `from` to `to`."""
        start, end = moment(state["from"]), moment(state["to"])
        listed_all = False
        while not listed_all:
            following, found = self._list(content, start, end, state.get("next", ""))
            had = state.setdefault("had", {})
            state["blobs"] = [blob for blob in found if blob[0] not in had]
            if following and following == state.get("next"):
                raise ApiError(f"{self._feed.host} names the same next page again", 200)
            state["next"] = following
            listed_all = not following
            yield from self._fetch(state)
        for name in _UNDER_WAY:
            state.pop(name, None)
        end = min(end, self._feed.now())
        state["through"] = max(text(end), state.get("through", ""))
        yield Page("", None, _copy(state))

    def _list(self, content: str, start: datetime, end: datetime, link: str) -> tuple[str, list[list[str]]]:
        """The address of the listing's next page, and [id, address, time] of each piece on this one."""
        if link:
            try:
                answer = self._feed.get(link)
            except ApiError as error:
                if error.status not in {400, 404, 410}:
                    raise
                return self._list(content, start, end, "")  # the link is known no more
        else:
            times: dict[str, str | int] = {"startTime": text(start)[:-1], "endTime": text(end)[:-1]}
            asked = {"contentType": content, **times, **self._publisher()}
            answer = self._feed.get(f"{self._root}/subscriptions/content", asked)
        if not isinstance(answer.document, list):
            raise ApiError(f"{self._feed.host} answers without a list of content", answer.status)
        blobs: dict[str, list[str]] = {}
        for item in _objects(answer.document):
            address, name = item.get("contentUri"), str(item.get("contentId") or item.get("contentUri"))
            if isinstance(address, str):
                key = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:16]
                blobs[key] = [key, address, text(start)]
        return answer.headers.get("nextpageuri", ""), list(blobs.values())

    def _fetch(self, state: State) -> Iterator[Page]:
        """The pieces that were listed; each leaves the list in the moment in which it is kept."""
        while state.get("blobs"):
            key, address, listed = state["blobs"][0]
            try:
                answer = self._feed.get(address)
                records = answer.document
            except ApiError as error:
                if error.status not in {404, 410} and error.code not in _GONE:
                    raise
                self.notice(f"a piece of content listed for {listed} is gone: {error}.")
                answer, records = None, []
            if not isinstance(records, list):
                raise ApiError(f"{self._feed.host} answers without a list of records", 200)
            state["blobs"] = state["blobs"][1:]
            state["had"] = {**state.get("had", {}), key: listed}
            yield Page(address, answer.body if answer and records else None, _copy(state))


def _objects(document: Any) -> list[dict[str, Any]]:
    return [item for item in document if isinstance(item, dict)] if isinstance(document, list) else []


def _copy(state: State) -> State:
    return {name: value.copy() if isinstance(value, dict | list) else value for name, value in state.items()}
