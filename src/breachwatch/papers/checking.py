"""What a template may say: fields, three filters, conditions and one level of loops. Everything else is refused.

Jinja2 only parses; nothing that it could compile is ever made, and `evaluating` knows no other kinds of nodes than are
listed here. So a template cannot call, reach into Python, load another file or do arithmetic, and a loop runs over a
given list once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches

from jinja2 import Environment, TemplateSyntaxError, nodes

from breachwatch.errors import DataError

FILTERS = ("upper", "lower", "count")
_LONGEST_TAG = 200  # characters
_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Filter),
    *(nodes.If, nodes.For, nodes.Not, nodes.And, nodes.Or),
)
_MENDS = "A template has {{ field }}, {% if field %}, {% else %}, {% endif %}, {% for item in field %}, {% endfor %}."
_STATEMENT = re.compile(r"\{%.*?%\}", re.DOTALL)
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_KINDS = {
    nodes.Call: "a call",
    nodes.Getitem: "reaching into a value",
    nodes.Const: "a value written in the template",
    nodes.Include: "another file",
    nodes.Import: "another file",
    nodes.FromImport: "another file",
    nodes.Extends: "another file",
    nodes.Macro: "a macro",
    nodes.Assign: "an assignment",
}


def checked(text: str, fields: Collection[str], where: str, first_line: int) -> nodes.Template:
    """The parsed text of a template whose first line is `first_line` of its file. Raises DataError with the line."""
    _refuse_inline(text, where, first_line)
    try:
        tree = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=True).parse(text)  # parsed, never compiled
        _walk(tree, frozenset(fields), frozenset(), where, first_line)
    except TemplateSyntaxError as error:
        msg = f"{where}, line {error.lineno + first_line - 1}: {error.message}. {_MENDS}"
        raise DataError(msg) from None
    except RecursionError:
        msg = f"{where}: conditions or brackets are nested too deep. Split it into simpler ones."
        raise DataError(msg) from None
    return tree


def _refuse_inline(text: str, where: str, first_line: int) -> None:
    for found in _TAG.finditer(text):
        if len(found[0]) > _LONGEST_TAG:
            line = text[: found.start()].count("\n") + first_line
            msg = f"{where}, line {line}: this goes on for {len(found[0])} characters. {_MENDS}"
            raise DataError(msg)
    for number, line_text in enumerate(text.split("\n"), first_line):
        found_tag = _STATEMENT.search(line_text)
        if found_tag and line_text.strip() != found_tag[0]:
            msg = f"{where}, line {number}: {found_tag[0]} stands alone on its line; put what is beside it elsewhere."
            raise DataError(msg)


def _walk(node: nodes.Node, fields: frozenset[str], items: frozenset[str], where: str, first_line: int) -> None:
    """Refuse what is not allowed; `items` are the variables of the loop around the node."""
    line = node.lineno + first_line - 1
    if not isinstance(node, _ALLOWED):
        what = next(
            (words for kind, words in _KINDS.items() if isinstance(node, kind)), f"{type(node).__name__.lower()!r}"
        )
        msg = f"{where}, line {line}: {what} is not possible in a template. {_MENDS}"
        raise DataError(msg)
    for problem in _problems(node, fields, items):
        msg = f"{where}, line {line}: {problem}"
        raise DataError(msg)
    if isinstance(node, nodes.For):
        assert isinstance(node.target, nodes.Name)  # noqa: S101 - _problems refused others
        inner = items | {node.target.name}
        _walk(node.iter, fields, items, where, first_line)
        for child in (*node.body, *node.else_):
            _walk(child, fields, inner, where, first_line)
        return
    for child in node.iter_child_nodes():
        _walk(child, fields, items, where, first_line)


def _problems(node: nodes.Node, fields: frozenset[str], items: frozenset[str]) -> Iterator[str]:
    match node:
        case nodes.Name() if node.name not in fields and node.name not in items:
            near = get_close_matches(node.name, fields, n=1)
            hint = f"Did you mean {near[0]!r}? Else add" if near else "Add"
            yield f"the field {node.name!r} is not declared. {hint} `{node.name}: what it is` under `fields`."
        case nodes.Getattr():
            if not isinstance(node.node, nodes.Name) or node.node.name not in items:
                yield f"'.{node.attr}' is not possible here: only the rows of a loop have columns. {_MENDS}"
            elif node.attr.startswith("_"):
                yield f"no column is named {node.attr!r}."
        case nodes.Filter():
            if node.name not in FILTERS:
                yield f"there is no filter {node.name!r}; known: {', '.join(FILTERS)}."
            elif node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
                yield f"the filter {node.name!r} takes nothing in brackets."
        case nodes.For():
            yield from _loop_problems(node, fields, items)


def _loop_problems(node: nodes.For, fields: frozenset[str], items: frozenset[str]) -> Iterator[str]:
    if items:
        yield "a loop within a loop is not possible; write the inner list as a field of its own."
    elif node.test is not None or node.recursive or not isinstance(node.target, nodes.Name):
        yield f"a loop is `{{% for item in field %}}` and no more. {_MENDS}"
    elif not isinstance(node.iter, nodes.Name):
        yield "a loop runs over a field. Write `{% for item in field %}`."
    elif node.target.name in fields:
        yield f"{node.target.name!r} is a field already; call the item of the loop otherwise."
