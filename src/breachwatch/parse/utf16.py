"""Lines of text in UTF-16, as PowerShell 5 and some exports write it (RFC 2781).

Records are split at the byte 0x0A. In little endian its second byte, a NUL, stands at the start of the next record; in
big endian its first byte stands at the end of the record before. Both belong to the line's ending and are taken off.
"""

from __future__ import annotations

from typing import Literal

Order = Literal["utf-16-le", "utf-16-be"]


def order_of(raw: bytes) -> Order | None:
    """The byte order of a line of UTF-16, by its mark or by the zero bytes of Latin letters; else None."""
    if raw.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if raw.startswith(b"\xfe\xff"):
        return "utf-16-be"
    if raw.count(b"\0") * 3 < len(raw) or len(raw) < 4:
        return None
    # Counted from the start of the line's text: after the second byte of the line feed before, in little endian.
    if raw.startswith(b"\0") and raw[1:2] != b"\0" and raw[2:3] == b"\0":
        return "utf-16-le" if len(raw) % 2 or raw.endswith(b"\r\0") else "utf-16-be"
    return "utf-16-le" if raw[1:2] == b"\0" else "utf-16-be"


def decoded(raw: bytes, order: Order) -> str:
    """The line's text, without what belongs to line feeds; what is no UTF-16 is replaced."""
    if order == "utf-16-le":
        raw = raw.removeprefix(b"\0")
    elif len(raw) % 2:
        raw = raw.removesuffix(b"\0")
    return raw.decode(order, "backslashreplace").removeprefix("\ufeff").rstrip("\r")


def of_object(raw: bytes, order: Order) -> str:
    """The text of a JSON object that was cut from its first brace to its last, one byte each."""
    return (b"\0" + raw if order == "utf-16-be" else raw + b"\0").decode(order, "backslashreplace")
