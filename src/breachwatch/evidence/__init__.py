"""Evidence: sealed BagIt snapshots, the signing key, the chain of custody, verification and export."""

from __future__ import annotations

from breachwatch.evidence.adding import Given, Receipt, add_file
from breachwatch.evidence.export import export
from breachwatch.evidence.keys import create_key, load_key
from breachwatch.evidence.listing import listing
from breachwatch.evidence.orphans import sweep
from breachwatch.evidence.snapshot import preserve
from breachwatch.evidence.verification import verify, verify_all

__all__ = [
    "Given",
    "Receipt",
    "add_file",
    "create_key",
    "export",
    "listing",
    "load_key",
    "preserve",
    "sweep",
    "verify",
    "verify_all",
]
