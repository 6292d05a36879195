"""Public-records requests: from receipt to the release of what may leave, with an index of what may not."""

from __future__ import annotations
