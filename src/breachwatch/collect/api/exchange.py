"""Asking one service: one host, one answer at a time, with retries, a time budget and bounds.

Connections go through the proxies that the environment names (HTTPS_PROXY, NO_PROXY). Tokens go to this host only:
redirects are refused, and so is a next page elsewhere. The body is asked for unpacked (`Accept-Encoding: identity`), so
that what is kept are the bytes that came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol, Self

import httpx
import tenacity

from breachwatch.clock import Clock
from breachwatch.collect.api.answers import Answer, clean, read_json, server_time, told, wait_asked
from breachwatch.collect.api.budget import Budget
from breachwatch.collect.api.errors import ApiError

ATTEMPTS = 7
LONGEST_BACKOFF = 60.0  # seconds
LONGEST_BODY = 32 * 1024 * 1024
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_TIMEOUT = httpx.Timeout(60.0, connect=15.0)
_CREDIBLE = timedelta(days=1)  # a clock that is further off says nothing
_NOTICED = timedelta(seconds=2)  # Date has whole seconds, and an answer takes its time


class Credentials(Protocol):
    """What proves to the service who asks."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that no message and no segment may hold."""
        ...

    def sign(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Mapping[str, str]:
        """The headers of this request with the proof among them. May fetch a token."""
        ...

    def renew(self) -> bool:
        """Forget a token that was refused; False where there is no other to be had."""
        ...


class _AgainError(Exception):
    """Something that may pass: ask once more, after `wait` seconds where the service says so."""

    def __init__(self, what: str, status: int = 0, wait: float | None = None) -> None:
        super().__init__(what)
        self.status = status
        self.wait = wait


class Exchange:
    """Requests to the host of `base`. `budget` may be exchanged for another between requests.

    `interval` seconds lie between two requests. `passing` and `expired` say of an error whether it will pass, and
    whether it means a token that is too old, where the status alone does not.
    """

    def __init__(
        self,
        base: str,
        clock: Clock,
        budget: Budget,
        credentials: Credentials | None = None,
        *,
        interval: float = 0.0,
        passing: Callable[[Answer], bool] = lambda answer: False,  # noqa: ARG005
        expired: Callable[[Answer], bool] = lambda answer: answer.status == 401,
    ) -> None:
        self.base = httpx.URL(base)
        self.budget = budget
        self.skew = timedelta(0)  # the service's clock less ours
        self.credentials = credentials
        self._clock = clock
        self._interval = interval
        self._asked = False
        self._passing, self._expired = passing, expired
        self._client = httpx.Client(timeout=_TIMEOUT, follow_redirects=False, headers=_HEADERS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def now(self) -> datetime:
        """The time by the service's clock, as far as it has been heard; aware UTC."""
        return self._clock.now() + self.skew

    @property
    def host(self) -> str:
        return self.base.netloc.decode("ascii")

    def get(self, url: str, parameters: Mapping[str, str | int] | None = None) -> Answer:
        """Fetch a page: a path on the host, or a whole address, which must lie on it. Raises as `ask`."""
        address = self._address(url)
        return self.ask("GET", str(address.copy_merge_params(dict(parameters)) if parameters else address))

    def ask(self, method: str, url: str, headers: Mapping[str, str] | None = None, content: bytes = b"") -> Answer:
        """Send a request until it is answered with JSON.

        Raises ApiError where the service refuses or does not get well, OutOfTimeError where time runs out.
        """
        address = str(self._address(url))
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_AgainError),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=_wait,
            sleep=self._pause,
            reraise=True,
        )
        try:
            return retrying(self._attempt, method, address, headers or {}, content)
        except _AgainError as error:
            msg = f"{self.host}: {error} ({ATTEMPTS} attempts)"
            raise ApiError(msg, error.status) from None

    def _pause(self, seconds: float) -> None:
        self.budget.wait(seconds)

    def _address(self, url: str) -> httpx.URL:
        try:
            address = self.base.join(url)
        except httpx.InvalidURL:
            raise ApiError(f"{self.host} names a next page that is no address: {clean(url)}") from None
        origin = (address.scheme, address.netloc)
        if origin != (self.base.scheme, self.base.netloc) or address.userinfo:
            where = f"{address.scheme}://{address.host}"
            msg = f"{self.host} names a next page elsewhere, at {clean(where)}. It is not followed: the token stays."
            raise ApiError(msg)
        return address

    def _attempt(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Answer:
        answer = self._send(method, url, headers, content)
        if self._expired(answer) and self.credentials and self.credentials.renew():
            answer = self._send(method, url, headers, content)
        if 200 <= answer.status < 300:
            try:
                return replace(answer, document=read_json(answer.body))
            except ValueError:
                what = f"answered what is not whole JSON ({len(answer.body)} bytes)"
                raise _AgainError(what, answer.status) from None
        if 300 <= answer.status < 400:
            to = clean(answer.headers.get("location", "nowhere"))
            msg = f"{self.host} redirects to {self._hidden(to)}. It is not followed: the token stays."
            raise ApiError(msg, answer.status)
        code, text = told(answer)
        said = f"answered {answer.status}" + (f" {self._hidden(code)}" if code else "")
        said += f": {self._hidden(text)}" if text else ""
        if answer.status in _AGAIN or self._passing(answer):
            raise _AgainError(said, answer.status, wait_asked(answer.headers, self.now()))
        raise ApiError(f"{self.host} {said}", answer.status, code)

    def _send(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Answer:
        self.budget.check()
        if self._asked and self._interval:
            self.budget.wait(self._interval)
        self._asked = True
        if self.credentials:
            headers = self.credentials.sign(method, url, headers, content)
        try:
            with self._client.stream(method, url, headers=dict(headers), content=content or None) as response:
                self._note_time(response.headers)
                return Answer(url, response.status_code, response.headers, self._body(response))
        except (httpx.ConnectError, httpx.ProxyError) as error:
            raise _AgainError(f"cannot be reached: {self._hidden(clean(str(error)))}") from None
        except httpx.LocalProtocolError:  # its text may hold a header, and with it the token
            raise ApiError(f"{self.host}: the request cannot be sent; is the token one line of plain text?") from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _AgainError(f"the connection broke off ({type(error).__name__})") from None

    def _body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > LONGEST_BODY:
                msg = f"{self.host} answers with more than {LONGEST_BODY} bytes at once. Ask for smaller pages."
                raise ApiError(msg, response.status_code)
            self.budget.check()  # a server that sends byte by byte does not hold the night
        found = bytes(body)
        if self.credentials and any(secret.encode() in found for secret in self.credentials.secrets):
            raise ApiError(f"{self.host} repeats our secret in its answer, which is therefore not kept")
        return found

    def _note_time(self, headers: Mapping[str, str]) -> None:
        theirs = server_time(headers)
        if theirs is not None:
            skew = theirs - self._clock.now()
            self.skew = skew if _NOTICED <= abs(skew) <= _CREDIBLE else timedelta(0)

    def _hidden(self, text: str) -> str:
        for secret in self.credentials.secrets if self.credentials else ():
            text = text.replace(secret, "[secret]")
        return text


_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "breachwatch"}


def _wait(state: tenacity.RetryCallState) -> float:
    """What the service asks for, at least a second; else 1, 2, 4, ... seconds."""
    error: Any = state.outcome.exception() if state.outcome else None
    if isinstance(error, _AgainError) and error.wait is not None:
        return max(1.0, error.wait)
    return float(min(LONGEST_BACKOFF, 2.0 ** (state.attempt_number - 1)))
