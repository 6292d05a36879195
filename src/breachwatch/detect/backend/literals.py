"""Rule text as SQL: literals, identifiers, JSON pointers. Every character of a rule reaches SQL through here."""

from __future__ import annotations

from sigma.exceptions import SigmaValueError

_NUL = "\0"


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
        msg = f"{name!r} cannot be a column's name"
        raise SigmaValueError(msg)
    _refuse_surrogates(name)
    return '"' + name.replace('"', '""') + '"'


def json_member(column: str, name: str) -> str:
    """The text of member `name` of the JSON object in `column`, as SQL (RFC 6901 pointers, which know no wildcard).

    A dotted name also reaches into nested objects: `userIdentity.type` is the member of that name, else the member
    `type` of the object `userIdentity`.
    """
    direct = f"json_extract_string({column}, {quoted('/' + _pointer(name))})"
    if "." not in name:
        return direct
    nested = "/".join(_pointer(part) for part in name.split("."))
    return f"coalesce({direct}, json_extract_string({column}, {quoted('/' + nested)}))"


def _pointer(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _refuse_surrogates(text: str) -> None:
    if any("\ud800" <= char <= "\udfff" for char in text):
        msg = "the rule holds a lone surrogate, which is no character"
        raise SigmaValueError(msg)
