"""Asking for a span of time after the other, when a service lists records by their time and may list some late.

A span is at most a day long, so that little is asked again where the service has forgotten its page token. A span that
broke off is finished first. Then everything from `overlap` before the last complete span on is asked for again: what
came late is found, and what was had already is landed once, because its vendor's id is the same.

State: `through` (end of the last complete span), and while a span is under way `from`, `to` and `next` (the vendor's
token of the next page). Times are ISO 8601, UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from breachwatch.collect.api.errors import ApiError
from breachwatch.collect.api.pages import Page, State

LONGEST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Fetched:
    """One page of a span: its address, its body (None without records), and the token of the next page if any."""

    url: str
    body: bytes | None
    following: str


Fetch = Callable[[datetime, datetime, str], Fetched]
"""(from, to, token of the page or empty) -> the page."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back to ask: on the first run, again on every run, and at most (what the service keeps)."""

    first: timedelta
    overlap: timedelta
    kept: timedelta


def pages(
    fetch: Fetch, state: State, now: Callable[[], datetime], reach: Reach, forgotten: Callable[[ApiError], bool]
) -> Iterator[Page]:
    """The pages from where `state` left off up to `now` (the service's clock, as far as it has been heard; aware UTC).

    `forgotten` says that the service no longer knows a page token: the span is asked for anew.
    """
    if "from" in state:
        yield from _span(fetch, state, (moment(state["from"]), moment(state["to"])), now, forgotten)
    start = begin(state, now(), reach)
    while start < now():
        end = min(start + LONGEST, now())
        state.pop("next", None)
        yield from _span(fetch, state, (start, end), now, forgotten)
        start = end


def begin(state: State, now: datetime, reach: Reach) -> datetime:
    """Where to begin asking. A checkpoint that lies in the future (a clock was wrong) counts as now."""
    through = state.get("through")
    start = min(moment(through), now) - reach.overlap if through else now - reach.first
    return max(start, now - reach.kept)


def _span(
    fetch: Fetch,
    state: State,
    span: tuple[datetime, datetime],
    now: Callable[[], datetime],
    forgotten: Callable[[ApiError], bool],
) -> Iterator[Page]:
    start, end = span
    token: str = state.get("next", "")
    state.update({"from": text(start), "to": text(end)})
    seen = {token}
    while True:
        try:
            fetched = fetch(start, end, token)
        except ApiError as error:
            if not token or not forgotten(error):
                raise
            token, seen = "", {""}
            state.pop("next", None)
            continue
        token = fetched.following
        if token in seen and token:
            raise ApiError("the service names the same next page again and again", 200)
        seen.add(token)
        if token:
            state["next"] = token
        else:
            for name in ("from", "to", "next"):
                state.pop(name, None)
            # A span that was taken up again may end before one that was complete.
            state["through"] = max(text(min(end, now())), state.get("through", ""))
        yield Page(fetched.url, fetched.body, dict(state))
        if not token:
            return


def text(moment: datetime) -> str:
    """A moment as services want it: UTC, whole seconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """What `text` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
