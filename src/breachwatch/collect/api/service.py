"""What the services have in common: their settings, the host they are on, what they say of time and permission."""

from __future__ import annotations

from datetime import timedelta

from breachwatch.collect.api.budget import Budget
from breachwatch.collect.api.exchange import Exchange
from breachwatch.collect.secrets import read_secret
from breachwatch.settings_api import Api
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace


class Service:
    """Base of every vendor's class: opens exchanges and closes them."""

    hint = ""
    """What an administrator must have granted, for when access is refused."""

    def __init__(self, ws: Workspace, source: Source) -> None:
        self.ws = ws
        self.source = source
        self.exchanges: list[Exchange] = []
        self._notices: list[str] = []

    def opened(self, exchange: Exchange) -> Exchange:
        """Close it with the others in the end."""
        self.exchanges.append(exchange)
        return exchange

    def secret(self, key: str, file: str) -> str:
        """The secret `key` of the source. Raises SettingsError."""
        return read_secret(self.ws, self.source.name, key, file)

    def first(self) -> timedelta:
        """How far back the first run reads."""
        return timedelta(hours=self.source.since_hours)

    def overlap(self, table: Api) -> timedelta:
        return timedelta(hours=table.overlap_hours)

    def share(self, budget: Budget) -> None:
        """From now on the exchanges have this much time."""
        for exchange in self.exchanges:
            exchange.budget = budget

    @property
    def skew(self) -> timedelta:
        """The service's clock less ours, the largest that was heard."""
        return max((exchange.skew for exchange in self.exchanges), key=abs, default=timedelta(0))

    def notice(self, what: str) -> None:
        """Note that something cannot be had any more."""
        if what not in self._notices:
            self._notices.append(what)

    def notices(self) -> list[str]:
        return list(self._notices)

    def close(self) -> None:
        for exchange in self.exchanges:
            exchange.close()
