"""Asking the register of systems: which system a host of the logs is."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field

from breachwatch.errors import DataError
from breachwatch.model.systems import System
from breachwatch.register.reading import RegisterProblem, read_register
from breachwatch.workspace import Workspace

_SHOWN = 3


@dataclass(frozen=True)
class Register:
    """The systems by their names. `problems` are those of systems that were left out."""

    systems: tuple[System, ...] = ()
    problems: tuple[RegisterProblem, ...] = ()
    fault: str = ""  # why the register could not be used at all, where it could not
    _by_name: dict[str, System] = field(default_factory=dict, repr=False)
    _by_short: dict[str, System] = field(default_factory=dict, repr=False)
    _by_dataset: dict[str, list[System]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for system in self.systems:
            for name in (system.host, *system.also):
                self._by_name.setdefault(name.casefold(), system)
                self._by_short.setdefault(_short(name), system)
            for dataset in system.datasets:
                self._by_dataset.setdefault(dataset, []).append(system)

    @property
    def incomplete(self) -> str:
        """What is wrong with it, in a sentence; "" where nothing is."""
        if self.fault:
            return f"the register of systems is not used: {self.fault}"
        if not self.problems:
            return ""
        more = f" and {len(self.problems) - _SHOWN} more" if len(self.problems) > _SHOWN else ""
        told = "; ".join(str(problem) for problem in self.problems[:_SHOWN])
        return f"the register of systems has entries that are left out: {told}{more}"

    def of(self, hosts: Iterable[str], datasets: Iterable[str] = ()) -> tuple[System, ...]:
        """The systems that these hosts, and logs of these datasets, are of; in the order of the register."""
        found = {self._host(name) for name in hosts}
        found.update(system for dataset in datasets for system in self._by_dataset.get(dataset, ()))
        return tuple(system for system in self.systems if system in found)

    def _host(self, name: str) -> System | None:
        """`db01.city.example` in the register is `db01` in a log, and the other way round; other domains differ."""
        name = name.casefold()
        short = _short(name)
        return self._by_name.get(name) or (self._by_short if name == short else self._by_name).get(short)


def load(ws: Workspace) -> Register:
    """The register that the settings name; an empty one where they name none, or where it cannot be used (`fault`)."""
    settings = ws.settings.systems
    if not settings.file:
        return Register()
    try:
        systems, problems = read_register(ws.path(settings.file), settings.most)
    except DataError as error:
        return Register(fault=str(error))
    return Register(tuple(systems), tuple(problems))


def _short(name: str) -> str:
    """The first label of a host's name; an address stays whole."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.casefold().partition(".")[0]
    return name.casefold()
