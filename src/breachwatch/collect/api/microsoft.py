"""Tokens of an application registered in Microsoft Entra ID, for Graph and for the Management Activity API.

Microsoft identity platform, "OAuth 2.0 client credentials flow" and "Application authentication certificate
credentials" (PS256 with the header `x5t#S256`); "National cloud deployments" for the hosts.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from breachwatch.collect.api.budget import Budget
from breachwatch.collect.api.exchange import Exchange
from breachwatch.collect.api.service import Service
from breachwatch.collect.api.tokens import CLIENT_ASSERTION, TokenEndpoint, assertion
from breachwatch.collect.secrets import variable_of
from breachwatch.errors import SettingsError
from breachwatch.settings_api import Microsoft

LOGIN = "https://login.microsoftonline.com"
LOGIN_US = "https://login.microsoftonline.us"
LOGIN_CHINA = "https://login.partner.microsoftonline.cn"


def microsoft_token(service: Service, table: Microsoft, login: str, resource: str, budget: Budget) -> TokenEndpoint:
    """Tokens for `resource` (an address without path) from the login host. Raises SettingsError."""
    exchange = service.opened(Exchange(table.login_endpoint or login, service.ws.clock, budget))
    path = f"/{table.tenant}/oauth2/v2.0/token"
    audience = f"{table.login_endpoint or login}{path}"
    common = {"grant_type": "client_credentials", "client_id": table.client_id, "scope": f"{resource}/.default"}
    if not table.certificate_file:
        secret = service.secret("client_secret", table.client_secret_file)
        return TokenEndpoint(exchange, path, lambda _: {**common, "client_secret": secret}, (secret,))
    pem = service.secret("certificate", table.certificate_file)
    what = f"certificate_file of source {service.source.name!r}"
    header = {"x5t#S256": _thumbprint(pem, what)}
    claims = {"aud": audience, "iss": table.client_id, "sub": table.client_id}

    def form(at: datetime) -> Mapping[str, str]:
        signed = assertion(pem, "PS256", claims, at, header, what)
        return {**common, "client_assertion_type": CLIENT_ASSERTION, "client_assertion": signed}

    return TokenEndpoint(exchange, path, form, ())


def _thumbprint(pem: str, what: str) -> str:
    """SHA-256 of the certificate, base64url without padding (RFC 7515, section 4.1.8)."""
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        msg = f"{what} holds no certificate; it must hold the private key and the certificate, both PEM"
        raise SettingsError(msg) from None
    return base64.urlsafe_b64encode(certificate.fingerprint(SHA256())).rstrip(b"=").decode()


def check_one_way(service: Service, table: Microsoft) -> None:
    """Raises SettingsError where both a secret and a certificate are named."""
    if table.certificate_file and table.client_secret_file:
        name = service.source.name
        msg = (
            f"source {name!r} names a certificate and a secret: keep certificate_file or client_secret_file "
            f"(the secret may also stand in {variable_of(name, 'client_secret')})"
        )
        raise SettingsError(msg)
