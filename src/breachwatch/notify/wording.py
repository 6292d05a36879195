r"""What may stand in a message that leaves the house.

Values from logs, rules and records are written by anybody. Services read messages as Markdown, HTML or a language of
their own (`*bold*`, `<!channel>`, `@everyone`, `[text](address)`), and programs make links of whatever looks like one.
So every character that some service takes for markup is shown in its full-width form (U+FF01 to U+FF5E), which reads
the same and means nothing; names and addresses are written so that nobody clicks them (`city[.]gov`, `hxxp`); controls
and invisible characters are shown as what they are. Then whatever is a secret of the settings is struck out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from breachwatch.report.text import visible

LONGEST_VALUE = 120
LONGEST_TITLE = 160
LONGEST_BODY = 4000
STRUCK_OUT = "(struck out)"

_MARKUP = str.maketrans({char: chr(ord(char) + 0xFEE0) for char in "`*~|<>[](){}#\\!&^=$@\"'"})
_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_+|_+(?![A-Za-z0-9])")  # between letters it is plain in every dialect
_DOT = re.compile(r"(?<=\w)\.(?=\w)")
_SCHEME = re.compile(r"(?i)\bh(tt)(ps?)\b")
_COLON = re.compile(r"(?<=[A-Za-z]):(?=\S)")


def outgoing(value: str, longest: int = LONGEST_VALUE) -> str:
    """A value from outside as it may stand in a message: one line, nothing to click, no markup, bounded."""
    shown = visible(value[: 4 * longest], longest).translate(_MARKUP)
    shown = _UNDERSCORE.sub(lambda found: "\uff3f" * len(found[0]), shown)
    shown = _SCHEME.sub(r"hxx\2", shown)
    return _COLON.sub("[:]", _DOT.sub("[.]", shown))


def without(secrets: Iterable[str], text: str) -> str:
    """The text with every secret struck out, the longest first."""
    for secret in sorted(set(secrets), key=lambda item: (-len(item), item)):
        text = text.replace(secret, STRUCK_OUT)
    return text


def bounded(text: str, longest: int) -> str:
    """The text cut to `longest` characters, at its end a mark that it was cut."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
