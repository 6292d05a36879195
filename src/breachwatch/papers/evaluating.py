"""A checked template's text with its conditions and loops worked out, and a mark wherever a value stands.

The marks keep values apart from the text: what is cut into headings, lists and tables is the template's own text only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jinja2 import nodes

from breachwatch.errors import LimitError, UsageError
from breachwatch.papers.template import Template
from breachwatch.papers.values import Blank, Shown, in_words
from breachwatch.papers.words import Language, language

LONGEST_PAPER = 1_000_000  # characters, values included
OPEN, CLOSE = "\ue000", "\ue001"

Item = Shown | Mapping[str, str]
"""A value, or one row of it."""


@dataclass(slots=True)
class Marked:
    """Text in which a mark (a number between two private characters) stands for each of `values`."""

    template: Template
    context: Mapping[str, Shown]
    values: list[Shown] = field(default_factory=list)
    size: int = 0

    @property
    def words(self) -> Language:
        return language(self.template.language)

    def title(self) -> str:
        """The title with its marks. Raises UsageError with the line, LimitError."""
        return "".join(self._text(self.template.title.body, self.context, 1))

    def text(self) -> str:
        """The text with its marks. Raises UsageError with the line, LimitError."""
        return "".join(self._text(self.template.parsed.body, self.context, self.template.first_line))

    def _text(self, found: Sequence[nodes.Node], context: Mapping[str, Item], first: int) -> Iterator[str]:
        for node in found:
            match node:
                case nodes.Output():
                    for part in node.nodes:
                        yield self._counted(
                            part.data if isinstance(part, nodes.TemplateData) else self._mark(part, context, first)
                        )
                case nodes.If():
                    yield from self._text(_branch(node, context), context, first)
                case nodes.For():
                    yield from self._loop(node, context, first)

    def _loop(self, node: nodes.For, context: Mapping[str, Item], first: int) -> Iterator[str]:
        assert isinstance(node.target, nodes.Name)  # noqa: S101 - checked
        over = _value(node.iter, context)
        if isinstance(over, str | bool | Mapping):
            msg = f"{self._at(node, first)}: this is no list, so no loop runs over it; print it as {{{{ field }}}}."
            raise UsageError(msg)
        if not isinstance(over, Blank) and not over:
            yield from self._text(node.else_, context, first)
            return
        for item in (over,) if isinstance(over, Blank) else over:
            yield from self._text(node.body, {**context, node.target.name: item}, first)

    def _mark(self, node: nodes.Node, context: Mapping[str, Item], first: int) -> str:
        try:
            value = _printed(_value(node, context))
            self._counted(in_words(value, self.words))
        except KeyError as error:
            msg = f"{self._at(node, first)}: these rows have no column {error.args[0]!r}; known: {error.args[1]}."
            raise UsageError(msg) from None
        except TypeError:
            msg = (
                f"{self._at(node, first)}: rows have columns; print them in a loop, as in {{% for row in field %}} and "
                "{{ row.column }}."
            )
            raise UsageError(msg) from None
        self.values.append(value)
        return f"{OPEN}{len(self.values) - 1}{CLOSE}"

    def _counted(self, text: str) -> str:
        self.size += len(text)
        if self.size > LONGEST_PAPER:
            msg = f"{self.template.path}: longer than {LONGEST_PAPER} characters when filled in. Attach lists instead."
            raise LimitError(msg)
        return text

    def _at(self, node: nodes.Node, first: int) -> str:
        return self.template.at(node.lineno + first - 1)


def _printed(value: Item) -> Shown:
    """A value that can be printed. Raises TypeError for a whole row."""
    if isinstance(value, Mapping):
        raise TypeError
    return value


def _branch(node: nodes.If, context: Mapping[str, Item]) -> Sequence[nodes.Node]:
    for branch in (node, *node.elif_):
        if _holds(branch.test, context):
            return branch.body
    return node.else_


def _holds(node: nodes.Node, context: Mapping[str, Item]) -> bool:
    match node:
        case nodes.Not():
            return not _holds(node.node, context)
        case nodes.And():
            return _holds(node.left, context) and _holds(node.right, context)
        case nodes.Or():
            return _holds(node.left, context) or _holds(node.right, context)
    try:
        value = _value(node, context)
    except KeyError:  # a column that this row lacks does not hold
        return False
    return not isinstance(value, Blank) and value != "0" and bool(value)


def _value(node: nodes.Node, context: Mapping[str, Item]) -> Item:
    """Raises KeyError with the column and those that there are, TypeError for what has no value here."""
    match node:
        case nodes.Name():
            return context[node.name]
        case nodes.Getattr():
            row = _value(node.node, context)
            if isinstance(row, Blank):
                return row
            if not isinstance(row, Mapping):
                raise TypeError
            if node.attr not in row:
                raise KeyError(node.attr, ", ".join(row))
            return row[node.attr] or Blank(node.attr, node.attr.replace("_", " "))
        case nodes.Filter() if node.node is not None:
            return _filtered(node.name, _value(node.node, context))
    raise TypeError


def _filtered(name: str, value: Item) -> Item:
    if isinstance(value, Blank):
        return value
    if name == "count":
        return str(1 if isinstance(value, str | bool) else len(value))
    if not isinstance(value, str):
        raise TypeError
    return value.upper() if name == "upper" else value.lower()
