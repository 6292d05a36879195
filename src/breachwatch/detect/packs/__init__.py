"""Rule packs: sets of Sigma rules from elsewhere, kept in the workspace with where they came from."""

from __future__ import annotations

from breachwatch.detect.packs.licence import NOT_STATED, Licence
from breachwatch.detect.packs.manifest import Manifest, PackProblem, Selection, product_of, status_of
from breachwatch.detect.packs.stored import Pack, PackFault, installed, pack_at

__all__ = [
    "NOT_STATED",
    "Licence",
    "Manifest",
    "Pack",
    "PackFault",
    "PackProblem",
    "Selection",
    "installed",
    "pack_at",
    "product_of",
    "status_of",
]
