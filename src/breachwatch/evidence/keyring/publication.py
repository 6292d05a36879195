"""What a city publishes about its keys, for the council's minutes or the website: a folder or a zip.

KEYS.txt, KEYS.html     fingerprints, from when to when each key was the city's, how to check that
signing-0001.pub ...    the public keys in PEM, for openssl
allowed_signers         the same for ssh-keygen, each key valid for its time
history/                how each key was endorsed by the one before
Nothing in it is secret. The same keys give the same bytes.
"""

from __future__ import annotations

import html
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from breachwatch.durable import sync_folder
from breachwatch.errors import EnvironmentFault, EvidenceError, UsageError
from breachwatch.evidence.bag import one_line
from breachwatch.evidence.keyring.history import FOLDER, Tenure, signers, tenures
from breachwatch.evidence.keys import NAMESPACE, PRINCIPAL, SIGNERS_NAME
from breachwatch.workspace import Workspace

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that zip knows: publishing twice gives the same bytes

_TEXT = """\
PUBLIC KEYS FOR THE EVIDENCE OF {organization}

Evidence and ledgers of this organization are signed with the keys below (Ed25519, RFC 8032). Whoever receives evidence
compares the fingerprint in it with this page. Times are UTC.

{keys}
TO COMPARE a key file with its fingerprints:

    openssl pkey -pubin -in {current} -outform DER | sha256sum

TO VERIFY an old signature, say at what time it was made (here: a bag's tag manifest, sealed in March 2026):

    ssh-keygen -Y verify -f allowed_signers -I {principal} -n {namespace} -O verify-time=20260315120000Z \
-s tagmanifest-sha256.txt.sig < tagmanifest-sha256.txt
{endorsements}"""
_ENDORSED = """
TO VERIFY that each key was endorsed by the one before, while that one still was the organization's (every command
prints "Good"; those who trusted the first key need to trust nobody else):

{commands}
"""
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Public keys for the evidence of {organization}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ border: 1px solid #767676; padding: .4rem; text-align: left; vertical-align: top; }}
code {{ overflow-wrap: anywhere; }}
</style>
</head>
<body>
<main>
<h1>Public keys for the evidence of {organization}</h1>
<p>Evidence and ledgers of this organization are signed with these keys (Ed25519, RFC 8032). Whoever receives evidence
compares the fingerprint in it with this page. Times are UTC. How to verify an old signature, and that each key was
endorsed by the one before, stands in <a href="KEYS.txt">KEYS.txt</a>.</p>
<table>
<caption>Keys, oldest first</caption>
<thead>
<tr><th scope="col">Key</th><th scope="col">From</th><th scope="col">Until</th><th scope="col">Fingerprints</th></tr>
</thead>
<tbody>
{rows}
</tbody>
</table>
</main>
</body>
</html>
"""


def publish(ws: Workspace, target: Path) -> tuple[str, ...]:
    """Write what is to be published to a new folder, or to a new file that ends in .zip; returns the files' names.

    Raises EvidenceError where there is no key or its history is broken, UsageError where the target exists,
    EnvironmentFault where it cannot be written.
    """
    found = tenures(ws.keys)
    if not found:
        msg = f"there is no key in {ws.keys} to publish. `breachwatch keys create` makes one."
        raise EvidenceError(msg)
    if target.exists() or target.is_symlink():
        msg = f"{target} exists already and is not overwritten. Choose another name."
        raise UsageError(msg)
    files = _files(ws, found)
    try:
        if target.suffix == ".zip":
            _write_zip(target, files)
        else:
            for name, content in files.items():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                (target / name).write_bytes(content)
    except OSError as error:
        msg = f"cannot write {target}: {error.strerror}"
        raise EnvironmentFault(msg) from error
    return tuple(files)


def _files(ws: Workspace, found: Sequence[Tenure]) -> Mapping[str, bytes]:
    names = [f"signing-{position:04d}.pub" for position in range(1, len(found) + 1)]
    organization = one_line(ws.settings.city.name)
    files = {name: item.key.pem for name, item in zip(names, found, strict=True)}
    history = ws.keys / FOLDER
    entries = [item.number for item in found if item.number]
    for number in entries:
        for name in (f"{number:04d}.json", f"{number:04d}.json.sig"):
            files[f"{FOLDER}/{name}"] = (history / name).read_bytes()
    files[SIGNERS_NAME] = signers(found)
    files["KEYS.txt"] = _text(organization, found, names).encode()
    files["KEYS.html"] = _page(organization, found, names).encode()
    return dict(sorted(files.items()))


def _text(organization: str, found: Sequence[Tenure], names: Sequence[str]) -> str:
    keys = "".join(
        f"{name}\n    from {_said(item.begins, 'the beginning')} until {_said(item.ends, 'further notice')}\n"
        f"    SHA-256 of the key (openssl)   {item.key.spki_sha256}\n"
        f"    fingerprint (ssh-keygen)       {item.key.fingerprint}\n"
        + (f"    why: {one_line(item.reason)}\n" if item.reason else "")
        + "\n"
        for name, item in zip(names, found, strict=True)
    )
    commands = "\n".join(_endorsement(before, item) for before, item in _successions(found))
    return _TEXT.format(
        organization=organization,
        keys=keys,
        current=names[-1],
        principal=PRINCIPAL,
        namespace=NAMESPACE,
        endorsements=_ENDORSED.format(commands=commands) if commands else "",
    )


def _successions(found: Sequence[Tenure]) -> Iterator[tuple[Tenure, Tenure]]:
    return pairwise(item for item in found if item.number)


def _endorsement(before: Tenure, item: Tenure) -> str:
    """The command that checks one endorsement, at the second before the old key's end."""
    name = f"{FOLDER}/{item.number:04d}.json"
    last = f" -O verify-time={before.ends:%Y%m%d%H%M%SZ}" if before.ends else ""
    return f"    ssh-keygen -Y verify -f {SIGNERS_NAME} -I {PRINCIPAL} -n {NAMESPACE}{last} -s {name}.sig < {name}"


def _page(organization: str, found: Sequence[Tenure], names: Sequence[str]) -> str:
    rows = "\n".join(
        f'<tr><th scope="row"><a href="{name}">{name}</a></th><td>{_said(item.begins, "the beginning")}</td>'
        f"<td>{_said(item.ends, 'further notice')}</td><td>openssl: <code>{item.key.spki_sha256}</code><br>"
        f"ssh-keygen: <code>{html.escape(item.key.fingerprint)}</code></td></tr>"
        for name, item in zip(names, found, strict=True)
    )
    return _PAGE.format(organization=html.escape(organization), rows=rows)


def _said(at: datetime | None, otherwise: str) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else otherwise


def _write_zip(target: Path, files: Mapping[str, bytes]) -> None:
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with zipfile.ZipFile(partial, "x") as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), content)
        os.link(partial, target)  # a link, unlike a rename, fails where the target exists
        sync_folder(target.parent)
    finally:
        partial.unlink(missing_ok=True)
