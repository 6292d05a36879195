"""Settings of what makes evidence believable to others: trusted time, the nightly ledger, scheduled verification."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from breachwatch.settings_base import Section
from breachwatch.settings_stores import StoreAccess, split_store_url

_CRON = re.compile(r"(\d{1,2}) (\d{1,2})(?: [\dA-Za-z*,/-]{1,40}){3}")
_ADDRESS = re.compile(r"[^\s@<>,;\"]{1,64}@[A-Za-z0-9.-]{1,253}")


class Timestamp(Section):
    """`[evidence.timestamp]`: an authority that stamps evidence and ledgers with its time (RFC 3161). Optional."""

    url: str = ""  # empty: nothing is stamped
    ca_file: str = ""  # PEM: the authority's root certificate, and intermediates that its answers leave out
    hash: Literal["sha256", "sha512"] = "sha256"
    username: str = ""
    password_file: str = ""
    headers_file: str = ""  # lines `Name: value`, as an authority may ask for a token in one
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 15.0  # for the whole answer, however slowly it drips
    allow_http: bool = False  # credentials over an unencrypted connection

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s/@?#]+(?:[/?][^\s@#]*)?", value):
            msg = "must be an address like http://timestamp.example.com/tsa, without account or password in it"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _fits(self) -> Timestamp:
        if self.url and not self.ca_file:
            msg = "ca_file is missing: a stamp is checked against the authority's root certificate as soon as it comes"
            raise ValueError(msg)
        if bool(self.username) != bool(self.password_file):
            msg = "username and password_file belong together: give both, or neither"
            raise ValueError(msg)
        secret = self.password_file or self.headers_file
        if secret and self.url.startswith("http://") and not self.allow_http:
            msg = "the url begins with http://, so the credentials could be read on the way. Use https://"
            raise ValueError(msg)
        return self


class LedgerStore(StoreAccess):
    """`[evidence.ledger.store]`: an S3 bucket with Object Lock, whose default retention no account can shorten."""

    url: str  # s3://BUCKET/PREFIX
    lock_days: Annotated[int, Field(ge=1, le=36_500)] = 365  # a copy that is locked for a shorter time is a problem

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if split_store_url(value)[0] != "s3":
            msg = "must be s3://BUCKET/PREFIX: the lock is asked for and read back as S3 has it"
            raise ValueError(msg)
        return value


class Ledger(Section):
    """`[evidence.ledger]`: where each night's ledger goes, so that nobody here can change it unseen."""

    mail_to: tuple[str, ...] = ()  # the clerk, counsel: whoever keeps it elsewhere
    mail_from: str = ""
    smtp_host: str = ""
    smtp_port: Annotated[int, Field(ge=1, le=65_535)] = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password_file: str = ""
    smtp_ca_file: str = ""  # PEM of a private certificate authority
    store: LedgerStore | None = None

    @field_validator("mail_to", "mail_from")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...] | str) -> tuple[str, ...] | str:
        for item in (value,) if isinstance(value, str) else value:
            if item and not _ADDRESS.fullmatch(item):
                msg = f"{item!r} is no mail address like clerk@example.gov"
                raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _fits(self) -> Ledger:
        if self.mail_to and not (self.mail_from and self.smtp_host):
            msg = "mail_to needs mail_from and smtp_host"
            raise ValueError(msg)
        if bool(self.smtp_user) != bool(self.smtp_password_file):
            msg = "smtp_user and smtp_password_file belong together: give both, or neither"
            raise ValueError(msg)
        if self.smtp_user and self.smtp_security == "none":
            msg = 'smtp_security = "none" would send the password unencrypted. Use "starttls" or "tls"'
            raise ValueError(msg)
        return self


class Recheck(Section):
    """`[evidence.verify]`: how much sealed evidence each night verifies again, and when all of it is verified."""

    nightly_share: Annotated[float, Field(ge=0, le=1)] = 1 / 7  # 1: all of it every night, 0: none
    nightly_bytes: Annotated[int, Field(ge=0)] = 50 * 1024**3  # no more than about this a night; 0: no bound
    schedule: str = "30 12 * * 0"  # cron, in the city's time zone: all of it and all ledgers, Sundays; empty: never

    @field_validator("schedule")
    @classmethod
    def _check_schedule(cls, value: str) -> str:
        value = value.strip()
        match = _CRON.fullmatch(value)
        if value and (match is None or int(match[1]) > 59 or int(match[2]) > 23):
            msg = "must be a cron line with one minute and one hour, like '30 12 * * 0', or empty"
            raise ValueError(msg)
        if match is not None and int(match[2]) < 3:
            msg = "runs in the hours of clock changes, which come twice or not at all; choose 3 o'clock or later"
            raise ValueError(msg)
        return value
