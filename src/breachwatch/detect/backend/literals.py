"""Rule text as SQL: literals, identifiers, JSON pointers. Every character of a rule reaches SQL through here."""

from __future__ import annotations

import re

_NUL = "\0"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_@:-]+")


def quoted(text: str) -> str:
    """`text` as a DuckDB string literal; a NUL is written chr(0), because not every SQL tool reads past one.

    Raises SigmaValueError for lone surrogates, which no UTF-8 text (and so no log) can hold.
    """
    _refuse_surrogates(text)
    pieces = ["'" + piece.replace("'", "''") + "'" for piece in text.split(_NUL)]
    if len(pieces) == 1:
        return pieces[0]
    return "(" + " || chr(0) || ".join(pieces) + ")"


def lowered(text: str) -> str:
    """`text` in lower case as SQL. DuckDB itself lowers what is not ASCII, so that both sides fold alike."""
    return quoted(text.lower()) if text.isascii() else f"lower({quoted(text)})"


def identifier(name: str) -> str:
    """`name` as a quoted identifier. Raises SigmaValueError for names that no column can have."""
    if not name or _NUL in name:
        raise _refused(f"{name!r} cannot be a column's name")
    _refuse_surrogates(name)
    return '"' + name.replace('"', '""') + '"'


def json_member(column: str, name: str, *, of_list: bool = False) -> str:
    """The text of member `name` of the JSON object in `column`, as SQL (RFC 6901 pointers, which know no wildcard).

    A dotted name also reaches into nested objects: `userIdentity.type` is the member of that name, else the member
    `type` of the object `userIdentity`. Where a list lies on the way (or is the column's value, with `of_list`) the
    texts of its elements' members are joined by newlines.
    """
    ways = [quoted("/" + _pointer(name))]
    parts = name.split(".")
    if len(parts) > 1:
        ways.append(quoted("/" + "/".join(_pointer(part) for part in parts)))
    found = [f"json_extract_string({column}, {way})" for way in ways]
    found += [
        f"nullif(array_to_string(json_extract_string({column}, {quoted(path)}), chr(10)), '')"
        for path in _paths_through_lists(parts, 0 if of_list else 1)
    ]
    return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"


def _paths_through_lists(parts: list[str], first: int) -> list[str]:
    """JSON paths with a list before one of the parts, from `first` on, or before all of them; none for odd names."""
    if not all(_PLAIN_NAME.fullmatch(part) for part in parts):
        return []
    places = [{place} for place in range(first, len(parts))]
    if len(places) > 1:
        places.append(set(range(first, len(parts))))
    return [
        "$" + "".join(("[*]" if number in at else "") + f'."{part}"' for number, part in enumerate(parts))
        for at in places
    ]


def _pointer(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _refuse_surrogates(text: str) -> None:
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise _refused("the rule holds a lone surrogate, which is no character")


def _refused(reason: str) -> ValueError:
    from sigma.exceptions import SigmaValueError

    return SigmaValueError(reason)
