"""Network shares: one that hangs must not hold up a run, and one that is not mounted must not look like deleted logs.

A read from a share whose server is gone blocks in the kernel, for ever where it is mounted `hard` (nfs(5)), and nothing
ends it. So a program of its own asks the share first; that may hang, and is left behind.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from breachwatch.collect.paths import shown
from breachwatch.collect.places import Found, Place
from breachwatch.collect.work import Work

ANSWER_SECONDS = 30.0
_MOUNTS = Path("/proc/self/mountinfo")  # proc(5); reading it asks no server
_REMOTE = re.compile(r"(nfs|nfs4|cifs|smb3|smbfs|9p|afs|ceph|glusterfs|lustre|ncpfs|fuse(\..+)?)\Z")
_MAGIC = re.compile(r"[*?[]")


def answering(work: Work, patterns: Iterable[str]) -> list[str]:
    """The absolute patterns without those on network shares that do not answer; these are said."""
    shares = {pattern: _share_of(fixed_folder(pattern)) for pattern in patterns}
    silent = {share for share in set(shares.values()) if share and not _answers(share)}
    for share in sorted(silent):
        work.unreadable = True
        what = f"the network share does not answer within {ANSWER_SECONDS:.0f} s. Nothing on it was looked at"
        work.say(shown(share), f"{what}; the next run tries again.", lost_data=not work.source.optional)
    return [pattern for pattern, share in shares.items() if share not in silent]


def fixed_folder(pattern: str) -> str:
    """The folder above the first wildcard of an absolute pattern."""
    parts = pattern.split("/")
    magic = next((number for number, part in enumerate(parts) if _MAGIC.search(part)), len(parts) - 1)
    return "/".join(parts[:magic]) or "/"


def say_missing(work: Work, place: Place, found: Found) -> None:
    """Say where logs were collected before and nothing is now: more likely a share that is gone than deleted logs."""
    for pattern in found.unmatched:
        folder = fixed_folder(pattern)
        above = f"{folder.rstrip('/')}/"
        if any(path.startswith(above) for path in found.paths):
            continue
        before = sum(log.path.startswith(place.show(above)) for log in work.logs.values())
        if before:
            work.unreadable = True
            what = (
                f"nothing is there, where {before} log(s) had been collected. Is the share mounted? Nothing is given up"
            )
            work.say(place.show(pattern), f"{what}; the next run looks again.", lost_data=not work.source.optional)


def _share_of(folder: str) -> str:
    """The mount point of the network share that a folder is on; empty where it is on a disk."""
    best = ("", "")
    try:
        lines = _MOUNTS.read_bytes().decode("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    for line in lines:
        mount, _, system = line.partition(" - ")
        point = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), mount.split(" ")[4])
        inside = folder == point or folder.startswith(f"{point.rstrip('/')}/")
        if inside and len(point) >= len(best[0]):  # a later mount covers an earlier one
            best = point, system.split(" ")[0]
    return best[0] if _REMOTE.match(best[1]) else ""


def _answers(share: str) -> bool:
    # statfs(2) asks the server where stat(2) may answer from a cache.
    process = subprocess.Popen(
        ["stat", "--file-system", "--format=", "--", share],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(ANSWER_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()  # takes effect when the share answers again
        return False
    return True
