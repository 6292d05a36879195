"""Evidence: sealed BagIt snapshots, the signing key, the chain of custody, verification and export."""

from __future__ import annotations

from breachwatch.evidence.export import export
from breachwatch.evidence.keys import create_key, load_key
from breachwatch.evidence.listing import listing
from breachwatch.evidence.snapshot import preserve
from breachwatch.evidence.verification import verify, verify_all

__all__ = ["create_key", "export", "listing", "load_key", "preserve", "verify", "verify_all"]
