"""What verifying says about evidence that was disposed of: that it is gone, by whose decision, and on record."""

from __future__ import annotations

import json
from collections.abc import Sequence

from breachwatch.evidence.custody import Deed
from breachwatch.evidence.disposed import Disposal
from breachwatch.model.evidence import Check, VerifyReport
from breachwatch.workspace import Workspace


def check_disposed(ws: Workspace, number: str, gone: Disposal, links: Sequence[str], chain: Check) -> VerifyReport:
    """The report on evidence that was disposed of: good where records, chain of custody and vault agree about it."""
    item = next(item for item in gone.items if item.evidence == number)
    place = ws.vault / number
    said = (
        f"disposed of {item.disposed_at:%Y-%m-%d} by {item.disposed_by}; {gone.number}, asked for by "
        f"{gone.requested_by}, approved by {gone.decided_by}, authority: {gone.authority}"
    )
    there = place.exists() or place.is_symlink()
    left = "a bag of this number lies in the vault, though it was taken out: somebody put one there" if there else ""
    told = any(_tells(line, item.tagmanifest_sha256) for line in links)
    custody = f"{len(links)} links tell of it, {'its disposal, too' if told else 'but not of its disposal'}"
    checks = (
        Check("disposed", True, said),
        Check("vault", not there, left or "nothing of it is in the vault"),
        Check("custody of this", told, custody),
        chain,
    )
    return VerifyReport(number, "", checks)


def _tells(line: str, tagmanifest_sha256: str) -> bool:
    """Whether a link of the chain tells of the disposal of just this bag. The chain itself is checked elsewhere."""
    try:
        link = json.loads(line)
    except (ValueError, RecursionError):
        return False
    told = isinstance(link, dict) and link.get("event") == Deed.DISPOSED.value
    return told and bool(link.get("tagmanifest_sha256") == tagmanifest_sha256)
