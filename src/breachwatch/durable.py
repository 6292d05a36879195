"""What makes names in a folder outlast a power cut."""

from __future__ import annotations

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: a rename or a new file is lasting only then (fsync(2)). Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)  # closed on exec by Python itself (PEP 446)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
