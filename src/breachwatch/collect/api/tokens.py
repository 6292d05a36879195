"""Access tokens: fixed ones, and those that a token endpoint gives for a secret or a signed assertion.

OAuth 2.0 client credentials (RFC 6749, section 4.4; with a secret, or with `private_key_jwt`, RFC 7523 section 2.2) and
JWT bearer grants (RFC 7523, section 2.1). A token lives in memory only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import uuid4

import jwt

from breachwatch.collect.api.answers import clean
from breachwatch.collect.api.errors import ApiError
from breachwatch.collect.api.exchange import Exchange
from breachwatch.errors import SettingsError

_EARLY = timedelta(seconds=120)  # a token is renewed before it expires
_ASSERTION_LIFE = timedelta(minutes=10)
CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

Form = Callable[[datetime], Mapping[str, str]]
"""The fields of a token request, made at that moment of the service's clock."""


class FixedToken:
    """A token that an administrator made, such as Okta's API tokens (scheme SSWS)."""

    def __init__(self, scheme: str, token: str) -> None:
        self._header = f"{scheme} {token}"
        self.secrets: tuple[str, ...] = (token,)

    def sign(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Mapping[str, str]:  # noqa: ARG002
        return {**headers, "Authorization": self._header}

    def renew(self) -> bool:
        return False


class TokenEndpoint:
    """Bearer tokens from `path` on the login host. `fixed` are the secrets that the form holds."""

    def __init__(self, login: Exchange, path: str, form: Form, fixed: tuple[str, ...]) -> None:
        self._login, self._path, self._form, self._fixed = login, path, form, fixed
        self._token = ""
        self._until: datetime | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        return (*self._fixed, self._token) if self._token else self._fixed

    def sign(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Mapping[str, str]:  # noqa: ARG002
        """Raises ApiError where the login host gives no token, OutOfTimeError where time runs out."""
        if not self._token or (self._until and self._login.now() >= self._until):
            self._fetch()
        return {**headers, "Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        self._token = ""
        return True

    def _fetch(self) -> None:
        form = urlencode(self._form(self._login.now())).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            answer = self._login.ask("POST", self._path, headers, form)
        except ApiError as error:
            text = str(error)
            for secret in self._fixed:
                text = text.replace(secret, "[secret]")
            raise ApiError(f"no access token: {text}", error.status, error.code) from None
        document = answer.document if isinstance(answer.document, dict) else {}
        token, life = document.get("access_token"), document.get("expires_in")
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise ApiError(f"no access token: the answer of {self._login.host} holds none")
        self._token = token
        text = str(life)
        seconds = int(text) if text.isdecimal() and len(text) < 9 else 0
        self._until = self._login.now() + timedelta(seconds=seconds) - _EARLY if seconds else None


def assertion(
    key: str, algorithm: str, claims: Mapping[str, str], at: datetime, headers: Mapping[str, str], what: str
) -> str:
    """A signed JWT with `claims` and its times, valid for ten minutes. `key` is PEM; `what` names it in errors.

    Raises SettingsError where the key cannot sign, without a word of it.
    """
    times = {"iat": int(at.timestamp()), "nbf": int(at.timestamp()), "exp": int((at + _ASSERTION_LIFE).timestamp())}
    try:
        return jwt.encode({**claims, **times, "jti": str(uuid4())}, key, algorithm=algorithm, headers=dict(headers))
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        msg = f"{what} holds no private key that can sign ({clean(type(error).__name__)}); it must be PEM, unencrypted"
        raise SettingsError(msg) from None
