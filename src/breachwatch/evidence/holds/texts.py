"""Whether a file that somebody handed over can be searched for names: plain text, and nothing wrapped in it."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO

from breachwatch.evidence.bag import CHUNK

# What carries other bytes in letters: mail (RFC 2045), `data:` addresses (RFC 2397), and any long run of Base64.
_WRAPPED = re.compile(r"content-transfer-encoding|;base64,|[A-Za-z0-9+/=]{200}", re.IGNORECASE)
_BINARY = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffe\uffff]")  # no text has these; ESC colours terminals
_OVERLAP = 256  # characters of a chunk that are looked at with the next one again


def is_plain_text(file: BinaryIO) -> bool:
    """Whether a file is UTF-8, or UTF-16 as Windows writes it, and hides nothing. Reads it in chunks.

    In doubt it is not: a document, an image, an archive or a mail may name somebody where no search sees it.
    """
    begin = file.read(2)
    decoder = codecs.getincrementaldecoder("utf-16-le" if begin == codecs.BOM_UTF16_LE else "utf-8")()
    tail, chunk = "", begin
    try:
        while chunk:
            text = tail + decoder.decode(chunk)
            if _BINARY.search(text) or _WRAPPED.search(text):
                return False
            tail = text[-_OVERLAP:]
            chunk = file.read(CHUNK)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
