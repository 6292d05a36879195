"""A rule text read: its YAML parsed, and what a pack needs to know of it before anything is compiled.

Of a rule that is compiled already only the `Head` is needed, which is kept from run to run (`cache`): a second start
parses no YAML. A text is hostile: nesting, aliases and double keys are bounded, and whatever is wrong becomes one
ValueError that says so.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from breachwatch.detect.cache import Cache
from breachwatch.detect.loading import RuleText
from breachwatch.detect.nesting import refuse_deep
from breachwatch.model.finding import Level
from breachwatch.settings_incidents import read_join_by

CUSTOM_KEY = "breachwatch"
"""The custom attribute of a rule that holds what Sigma has no word for (`first_seen`, `entities`)."""

_CUSTOM_KEYS = frozenset(
    {"first_seen", "dormant", "impossible_travel", "gap", "backwards", "silence", "entities", "guide", "join_by"}
)
_BODY = frozenset({"detection", "description", "falsepositives", "references", "fields"})
"""What a head leaves out: the search itself, and prose."""

_PARTS_OF_A_RULE = frozenset({"id", "level", "status", "logsource", "detection", "correlation", "filter"})

_NAME_CHARS = 60

Kind = Literal["rule", "correlation", "filter"]


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a rule without its detection.

    `id` is the rule's id; its name where it has none; else a hash of its text, which changes with every edit. `said`
    holds the document's other keys as JSON has them (dates as ISO 8601 text).
    """

    kind: Kind
    id: str
    title: str
    level: Level
    said: Mapping[str, Any]


def head_of(text: RuleText, kept: Cache) -> tuple[Head, dict[str, Any] | None]:
    """The head of a rule text from the cache; else it is read, and the document comes with it.

    Raises ValueError that says what is wrong with the text.
    """
    revision = text.revision
    found = kept.get(revision)
    if isinstance(found, str):
        raise ValueError(found)  # noqa: TRY004 - see parse_document
    if isinstance(found, dict):
        raise NoRuleError(found["no rule"])
    if found is not None:
        kind, rule_id, title, level, said = found
        return Head(kind, rule_id, title, Level(level), said), None
    try:
        document = parse_document(text)
        head = _head(text, document)
    except ValueError as error:
        kept.put(revision, {"no rule": str(error)} if isinstance(error, NoRuleError) else str(error))
        raise
    kept.put(revision, [head.kind, head.id, head.title, int(head.level), head.said])
    return head, document


class NoRuleError(ValueError):
    """A text that has nothing of a rule, such as a pack's own configuration."""


def parse_document(text: RuleText) -> dict[str, Any]:
    """The YAML mapping of a rule or filter text. Raises ValueError that says what is wrong."""
    document = _yaml(text.text)
    if not isinstance(document, dict):
        msg = "is no Sigma rule: a mapping with title and detection is expected"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for all that is wrong with a text
    if "action" in document:
        msg = "uses rule collections (`action: ...`), which Sigma 2 no longer has; write each rule out"
        raise ValueError(msg)
    if not any(isinstance(document.get(key), dict) for key in ("detection", "correlation", "filter")):
        msg = "is no Sigma rule: it has neither detection nor correlation nor filter"
        raise NoRuleError(msg) if _PARTS_OF_A_RULE.isdisjoint(map(str, document)) else ValueError(msg)
    return document


def _yaml(text: str) -> object:
    import yaml
    from sigma.exceptions import SigmaError
    from sigma.rule.base import SigmaYAMLLoader, check_alias_expansion

    try:
        refuse_deep(text)
        document = yaml.load(text, Loader=SigmaYAMLLoader)  # noqa: S506 - a safe loader that refuses double keys
        if "&" in text:  # else there is nothing that an alias could stand for
            check_alias_expansion(document)
    # PyYAML's constructors of typed values (!!bool, !!timestamp, a list as a key) raise whatever they stumble over.
    except (yaml.YAMLError, SigmaError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError) as error:
        msg = f"is not valid YAML: {' '.join(str(error).split()) or type(error).__name__}"
        raise ValueError(msg) from error
    except RecursionError as error:
        msg = "is not valid YAML: it is nested too deeply"
        raise ValueError(msg) from error
    return document


def _head(text: RuleText, document: Mapping[str, Any]) -> Head:
    said = {str(key): _plain(value) for key, value in document.items() if key not in _BODY}
    if "filter" in document:
        return Head("filter", f"text-{text.revision[:16]}", str(document.get("title")), Level.MEDIUM, said)
    title = document.get("title")
    if not isinstance(title, str) or not title.strip():
        msg = "has no title"
        raise ValueError(msg)
    level = document.get("level")
    if level is not None and str(level).upper() not in Level.__members__:
        msg = f"has the unknown level {level!r}"
        raise ValueError(msg)
    if not isinstance(document.get("tags") or [], list):
        msg = "`tags` is no list"
        raise ValueError(msg)  # noqa: TRY004 - see parse_document
    _check_logsource(document.get("logsource", {}))
    _check_correlation(document)
    _check_custom(document.get(CUSTOM_KEY))
    kind: Kind = "correlation" if "correlation" in document else "rule"
    return Head(kind, _identity(text, document), title.strip(), Level.parse(level), said)


def _check_logsource(given: object) -> None:
    """What routes are chosen by, before pySigma has a look: else the rule would seem to ask for another log."""
    if not isinstance(given, dict):
        msg = "`logsource` is no mapping"
        raise ValueError(msg)  # noqa: TRY004 - see parse_document
    odd = [key for key in ("product", "category", "service") if not isinstance(given.get(key, ""), str | None)]
    if odd:
        msg = f"`logsource.{odd[0]}` is no text"
        raise ValueError(msg)


def _check_correlation(document: Mapping[str, Any]) -> None:
    """The keys that are read before pySigma has a look: which rules a correlation is over."""
    if "correlation" not in document:
        return
    asked = document["correlation"]
    if not isinstance(asked, dict):
        msg = "`correlation` is no mapping"
        raise ValueError(msg)  # noqa: TRY004 - see parse_document
    if not isinstance(asked.get("rules") or [], str | list):
        msg = "`correlation.rules` is neither a name nor a list of names"
        raise ValueError(msg)  # noqa: TRY004 - see parse_document


def _check_custom(custom: object) -> None:
    if custom is None:
        return
    if not isinstance(custom, dict):
        msg = f"`{CUSTOM_KEY}` is no mapping"
        raise ValueError(msg)  # noqa: TRY004 - see parse_document
    unknown = sorted(str(key) for key in set(custom) - _CUSTOM_KEYS)
    if unknown:
        msg = f"`{CUSTOM_KEY}` has the unknown key {unknown[0]!r} (known: {', '.join(sorted(_CUSTOM_KEYS))})"
        raise ValueError(msg)
    if "join_by" in custom:
        read_join_by(custom["join_by"])


def _identity(text: RuleText, document: Mapping[str, Any]) -> str:
    given = document.get("id")
    if given is not None:
        try:
            return str(uuid.UUID(str(given)))
        except ValueError:
            msg = f"has the id {str(given)[:60]!r}, which is no UUID"
            raise ValueError(msg) from None
    name = document.get("name")
    if isinstance(name, str) and 0 < len(name) <= _NAME_CHARS:
        return name
    return f"text-{text.revision[:16]}"


def _plain(value: Any) -> Any:
    """A value of YAML as JSON keeps it: read from the cache or from the text, it is the same."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, date):  # and datetime
        return value.isoformat()
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)
