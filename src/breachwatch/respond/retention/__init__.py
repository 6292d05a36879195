"""How long the files of incidents are kept, and their disposal by two persons with a certificate."""

from __future__ import annotations
