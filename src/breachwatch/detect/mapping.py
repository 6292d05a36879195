"""Which tables a rule searches: log sources mapped to datasets and field names, as data (`detections/mappings/*.yml`).

A rule runs only where a route says so, and on its rows alone: a rule for PowerShell never fires on a firewall log. One
log source may have several routes (process creation is in Sysmon and in the Security log, under different names).
The format is described in `detections/mappings/README.md`.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from breachwatch.detect.backend import LocalTime, Scope, Table, table_of
from breachwatch.detect.builtin import builtin_folder
from breachwatch.detect.cache import NO_CACHE, Cache
from breachwatch.errors import DataError
from breachwatch.lake.authentication import AUTHENTICATION_SCHEMA
from breachwatch.model.datasets import DATASETS

if TYPE_CHECKING:
    from sigma.rule import SigmaRule

AUTHENTICATION = "authentication"
"""The view over the sign-ins of all datasets; a route names it like a dataset."""

_KEYS = ("product", "category", "service")
_ROUTE_KEYS = {"logsource", "table", "where", "fields", "values"}


@dataclass(frozen=True)
class Route:
    """One way from a log source to a table.

    `logsource` holds product, category and service; "" where the log source has none, "any" where it may have any.
    `where` is a Sigma detection that picks the rows; `fields` and `values` translate what the table calls otherwise.
    """

    logsource: tuple[str, str, str]
    dataset: str
    where: Mapping[str, Any] | list[Mapping[str, Any]] | None  # a list: any of them
    fields: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]

    @property
    def view(self) -> str:
        """Name of the SQL view."""
        return self.dataset.replace(".", "_")

    def fits(self, asked: tuple[str, str, str]) -> bool:
        """True for exactly this log source: a rule that says more or less than the route is not meant by it."""
        if self.logsource == asked:
            return True
        return "any" in self.logsource and all(
            mine in ("any", theirs) for mine, theirs in zip(self.logsource, asked, strict=True)
        )

    def picks(self) -> SigmaRule | None:
        """`where` as a rule of its own, for the backend to turn into SQL."""
        if self.where is None:
            return None
        from sigma.rule import SigmaRule

        return SigmaRule.from_dict(
            {
                "title": "rows of a route",
                "logsource": {"product": "breachwatch"},
                "detection": {"rows": copy.deepcopy(self.where), "condition": "rows"},
            }
        )


@dataclass(frozen=True)
class Mappings:
    """All routes, the tables they lead to, and the hash of the text they came from."""

    routes: tuple[Route, ...]
    tables: Mapping[str, Table]
    revision: str
    _known: dict[tuple[str, str, str], list[Route]] = field(default_factory=dict, repr=False, compare=False)

    def for_rule(self, rule: SigmaRule) -> list[Route]:
        """The routes of a rule's log source, in the order of the files."""
        source = rule.logsource
        return self.for_logsource(source.product, source.category, source.service)

    def for_logsource(self, *logsource: str | None) -> list[Route]:
        """The routes of a product, category and service."""
        product, category, service = ((name or "").lower() for name in logsource)
        asked = (product, category, service)
        if asked not in self._known:
            self._known[asked] = [route for route in self.routes if route.fits(asked)]
        return self._known[asked]

    def scope(self, route: Route) -> Scope:
        """What the backend needs to convert a condition for this route."""
        return Scope(self.tables[route.dataset], route.fields, route.values)


_LOADED: dict[LocalTime, Mappings] = {}


def load_mappings(local: LocalTime = LocalTime(), kept: Cache = NO_CACHE) -> Mappings:  # noqa: B008 - a frozen value
    """The mappings that come with breachwatch. Raises DataError that names file and entry where one is wrong.

    They are read once in a process, because every scan asks for them and nothing changes them; `kept` keeps their
    routes from run to run.
    """
    texts = _builtin_texts()
    name = hashlib.sha256("\0".join(text for named in texts for text in named).encode()).hexdigest()
    if local not in _LOADED:
        said = kept.get(name)
        routes = _routes_of(texts) if said is None else [Route(tuple(logsource), *more) for logsource, *more in said]
        _LOADED[local] = _mappings(texts, routes, local)
    if name not in kept:
        kept.put(name, [_said(route) for route in _LOADED[local].routes])
    return _LOADED[local]


def mappings_from(texts: Iterable[tuple[str, str]], local: LocalTime) -> Mappings:
    """Mappings from (file name, YAML text) pairs. Raises DataError."""
    texts = tuple(texts)
    return _mappings(texts, _routes_of(texts), local)


def _said(route: Route) -> list[Any]:
    return [list(route.logsource), route.dataset, route.where, route.fields, route.values]


def _mappings(texts: Iterable[tuple[str, str]], routes: Iterable[Route], local: LocalTime) -> Mappings:
    digest = hashlib.sha256(repr(local).encode())
    for _, text in texts:
        digest.update(text.encode())
    for dataset in DATASETS.values():
        digest.update(str(dataset.schema).encode())
    tables = {name: table_of(item.view, item.schema, local) for name, item in DATASETS.items()}
    tables[AUTHENTICATION] = table_of(AUTHENTICATION, AUTHENTICATION_SCHEMA, local)
    routes = tuple(routes)
    for route in routes:
        if route.dataset not in tables:
            msg = f"a mapping leads to the dataset {route.dataset!r}, which does not exist"
            raise DataError(msg)
    return Mappings(routes, tables, digest.hexdigest())


@lru_cache(maxsize=1)
def _builtin_texts() -> tuple[tuple[str, str], ...]:
    folder = builtin_folder() / "mappings"
    return tuple((path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yml")))


def _routes_of(texts: Iterable[tuple[str, str]]) -> list[Route]:
    return [route for name, text in texts for route in _routes(name, text)]


def _routes(name: str, text: str) -> Iterable[Route]:
    import yaml
    from sigma.exceptions import SigmaError

    document = yaml.load(text, Loader=yaml.CSafeLoader)
    try:
        for number, entry in enumerate(document["routes"], 1):
            where = f"{name}, route {number}"
            unknown = set(entry) - _ROUTE_KEYS | set(entry["logsource"]) - set(_KEYS)
            if unknown:
                msg = f"{where}: unknown key {min(unknown)!r}"
                raise DataError(msg)
            # `tables` and lists in `logsource` spare repetition: one entry may stand for several routes.
            for logsource in _logsources(entry["logsource"]):
                route = Route(
                    logsource, entry["table"], entry.get("where"), entry.get("fields", {}), entry.get("values", {})
                )
                route.picks()
                yield route
    except (KeyError, TypeError, AttributeError, SigmaError) as error:
        msg = f"the mapping {name} is not as detections/mappings/README.md says: {error!r}"
        raise DataError(msg) from error


def _logsources(asked: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
    """One log source, or one for each service of a list."""
    services = asked.get("service", "")
    for service in services if isinstance(services, list) else [services]:
        yield asked.get("product", ""), asked.get("category", ""), service
