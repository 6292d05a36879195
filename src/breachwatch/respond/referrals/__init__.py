"""Referrals: handing an incident on to police, attorneys, regulators, courts, human resources, vendors, insurers."""

from __future__ import annotations
