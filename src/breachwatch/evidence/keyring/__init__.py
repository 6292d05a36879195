"""The keys of a workspace over the years: from when to when each was the city's, rotation, publication."""

from __future__ import annotations

from breachwatch.evidence.keyring.current import signing_key
from breachwatch.evidence.keyring.history import Tenure, tenure_of, tenures
from breachwatch.evidence.keyring.publication import publish
from breachwatch.evidence.keyring.rotation import create, rotate

__all__ = ["Tenure", "create", "publish", "rotate", "signing_key", "tenure_of", "tenures"]
