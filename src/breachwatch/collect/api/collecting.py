"""Sources that are pulled from a cloud service: their streams one after the other, within the time a run may take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any, Protocol

from breachwatch.collect.api.budget import Budget
from breachwatch.collect.api.errors import ApiError, OutOfTimeError
from breachwatch.collect.api.pages import Page, State, StreamLog
from breachwatch.collect.work import Harvest, Work
from breachwatch.errors import EnvironmentFault
from breachwatch.settings_api import TABLES, Api
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace

_VENDORS = {
    "entra": ("breachwatch.collect.api.entra", "Entra", "cloud"),
    "m365": ("breachwatch.collect.api.m365", "M365", "cloud"),
    "okta": ("breachwatch.collect.api.okta", "Okta", "cloud"),
    "google-workspace": ("breachwatch.collect.api.google_workspace", "GoogleWorkspace", "cloud"),
    "cloudtrail": ("breachwatch.collect.api.cloudtrail", "CloudTrail", "aws"),
}
"""Module, class and the extra that brings its libraries, by kind of source."""

_SKEW_TOLD = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Stream:
    """One list of records of a service: its name, its address for people, and the account it belongs to."""

    name: str
    address: str
    account: str


class Vendor(Protocol):
    """One service with the settings of one source. Opened for one run, closed after it."""

    def streams(self) -> tuple[Stream, ...]: ...

    def pages(self, stream: Stream, state: State, budget: Budget) -> Iterator[Page]:
        """What is new in a stream since `state`. Raises ApiError and OutOfTimeError after any page."""
        ...

    @property
    def hint(self) -> str:
        """What an administrator must have granted, for when access is refused."""
        ...

    @property
    def skew(self) -> timedelta:
        """The service's clock less ours."""
        ...

    def notices(self) -> list[str]:
        """What was left out and cannot be had any more, told once."""
        ...

    def close(self) -> None: ...


def open_vendor(ws: Workspace, source: Source, budget: Budget) -> Vendor:
    """The service behind a source. Raises EnvironmentFault where a library is absent, SettingsError for a secret."""
    module, name, extra = _VENDORS[source.kind]
    try:
        maker: Any = getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("breachwatch"):
            raise
        msg = (
            f"source {source.name!r} of kind {source.kind!r} needs the library {error.name}. "
            f"Install breachwatch with its extra: pip install 'breachwatch[{extra}]'."
        )
        raise EnvironmentFault(msg) from None
    vendor: Vendor = maker(ws, source, budget)
    return vendor


def collect_api(ws: Workspace, source: Source) -> Harvest:
    """Pull what is new in a source. What the service refuses is a Problem; the next run goes on from the checkpoint.

    Raises EnvironmentFault where a library is absent or the store cannot be written, SettingsError for a secret.
    """
    table: Api = getattr(source, TABLES[source.kind])
    work = Work(ws, source)
    budget = Budget(table.max_minutes * 60)
    vendor = open_vendor(ws, source, budget)
    try:
        streams = vendor.streams()
        for number, stream in enumerate(streams):
            _pull(work, vendor, stream, budget.share(len(streams) - number))
        _tell_skew(work, vendor)
        for notice in vendor.notices():
            work.say(source.name, notice, lost_data=not source.optional)
    finally:
        vendor.close()
    return work.harvest


def _pull(work: Work, vendor: Vendor, stream: Stream, budget: Budget) -> None:
    """One stream, up to its end, its share of the time, or an error; the others go on."""
    log = StreamLog(work, stream.account, stream.name, stream.address)
    work.harvest.files.add(log.shown)
    pages = 0
    try:
        for page in vendor.pages(stream, log.state, budget):
            log.keep(page)
            pages += page.body is not None
    except OutOfTimeError as error:
        work.say(log.shown, f"{error}. {pages} pages were kept; the next run goes on from there (max_minutes).")
    except ApiError as error:
        hint = f" {vendor.hint}" if error.status in {400, 401, 403} else ""
        work.say(log.shown, f"{error}.{hint} The next run asks again.", lost_data=not work.source.optional)


def _tell_skew(work: Work, vendor: Vendor) -> None:
    if abs(vendor.skew) >= _SKEW_TOLD:
        seconds = abs(vendor.skew).total_seconds()
        way = "behind" if vendor.skew > timedelta(0) else "ahead of"
        what = f"this machine's clock is {seconds:.0f} s {way} the service's. Its clock was used; set ours (NTP)."
        work.say(work.source.name, what)
