r"""Making log content harmless before it is shown. Everything that came from a log passes `visible`.

Terminal escapes can retitle a window, move the cursor or hide lines; bidirectional controls and zero-width characters
make text read as something else (Unicode Technical Report 36). They are shown as what they are: `\x1b`, `\u202e`.
"""

from __future__ import annotations

import re
import unicodedata

from rich.text import Text

# Control, format (bidi, zero-width, tags), surrogate, private use, line and paragraph separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_PLAIN = re.compile(r"[\x20-\x7e]*")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&:@/])")
_FORMULA = ("=", "+", "-", "@")


def visible(text: str, longest: int | None = None) -> str:
    """The text with everything invisible or steering written out, on one line, cut to `longest` characters."""
    if _PLAIN.fullmatch(text) is None:
        text = "".join(_escaped(char) if unicodedata.category(char) in _HIDDEN else char for char in text)
    return text if longest is None or len(text) <= longest else text[: max(longest - 1, 0)] + "…"


def safe(text: str, style: str = "", longest: int | None = None) -> Text:
    """Log content for rich: a Text, in which `[markup]` means nothing."""
    return Text(visible(text, longest), style=style)


def markdown(text: str, longest: int | None = None) -> str:
    """Text as one Markdown cell or word: no markup, no link, no HTML, no cell border."""
    return _MARKDOWN.sub(r"\\\1", visible(text, longest))


def csv_cell(text: str) -> str:
    """Text as a CSV cell that a spreadsheet does not take for a formula (OWASP, CSV injection)."""
    shown = visible(text)
    return f"'{shown}" if shown.lstrip(" ").startswith(_FORMULA) else shown


def _escaped(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
