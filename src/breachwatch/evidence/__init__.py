"""Sealed snapshots, custody, signatures and their verification."""
