"""What messages of one shape mean, learnt from their parser: which columns are the same in all, which hold what varies.

The parser reads the shape twice with made-up numbers and addresses in its open places. Where one of these turns up in a
column, the column holds what stands there; all other columns must say the same both times. A shape of which that cannot
be told has no template: its messages are read one by one. Only for parsers to which any number means what another means
(`breachwatch.parse.screens.BY_MESSAGE_ALONE`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from breachwatch.parse.assembling import row_columns
from breachwatch.parse.base import Row
from breachwatch.parse.varying import ADDRESS, LONG_NUMBER, NUMBER

Meaning = tuple[str, dict[str, Any], dict[str, Any]]
"""Dataset, values, extra."""

_LONGEST: Final = 240  # characters of a message as it is tried: parsers bound names at 256
_MOST_PLACES: Final = 12
_PLACES: Final = re.compile(f"[{chr(ADDRESS)}{chr(NUMBER)}{chr(LONG_NUMBER)}]")
_MADE_UP: Final = {ADDRESS: "233.252.{0}.1{0}", NUMBER: "6{0}17", LONG_NUMBER: "9{0}8172"}  # of a length each


@dataclass(frozen=True, slots=True)
class Template:
    """The columns of messages of one shape, `extra` as its JSON text among them.

    `parts` are columns made of constant texts and of what varies, given by its number in the message.
    """

    dataset: str
    constants: dict[str, str | int]
    items: dict[str, int]  # by column, which of what varies it holds
    parts: dict[str, tuple[str | int, ...]]


def learn(read: Callable[[str], Meaning], shape: str, fixed: frozenset[str]) -> Template | None:
    """The template of a shape; None where none can be told, and where the meaning says anything of `fixed` columns."""
    kinds = [ord(place) for place in _PLACES.findall(shape)]
    if len(kinds) > _MOST_PLACES:
        return None
    first, second = (_tried(read, shape, kinds, variant, fixed) for variant in (0, 1))
    return first if first is not None and first == second else None


def _tried(
    read: Callable[[str], Meaning], shape: str, kinds: list[int], variant: int, fixed: frozenset[str]
) -> Template | None:
    made_up = [_MADE_UP[kind].format(10 + 2 * number + variant) for number, kind in enumerate(kinds)]
    following = iter(made_up)
    text = _PLACES.sub(lambda _: next(following), shape)
    if len(text) > _LONGEST or any(item in shape for item in made_up):
        return None
    try:
        dataset, values, extra = read(text)
    except Exception:  # noqa: BLE001 - whatever reading such a message does, it does where they are read one by one
        return None
    if not fixed.isdisjoint(values):
        return None
    found = Template(dataset, {}, {}, {})
    for column, value in row_columns(Row(dataset, 0, 0, 0, values, extra)).items():
        pieces = _taken_apart(value, made_up)
        if len(pieces) == 1 and isinstance(pieces[0], int):
            found.items[column] = pieces[0]
        elif any(isinstance(piece, int) for piece in pieces):
            found.parts[column] = pieces
        else:
            found.constants[column] = value
    return found


def _taken_apart(value: str | int, made_up: list[str]) -> tuple[str | int, ...]:
    """A value as constant texts and the numbers of the made-up ones that stand in it."""
    if isinstance(value, int):
        return (made_up.index(str(value)),) if str(value) in made_up else (str(value),)
    found = [item for item in made_up if item in value]
    if not found:
        return (value,)
    pieces = re.split(f"({'|'.join(map(re.escape, found))})", value)
    return tuple(made_up.index(piece) if number % 2 else piece for number, piece in enumerate(pieces) if piece)
