"""VERIFY.txt: how a stranger verifies a bag with programs that every Linux machine has, and what the bag holds."""

from __future__ import annotations

import json
import shlex

from breachwatch.evidence.keys import NAMESPACE, PRINCIPAL, PublicKey

_TEXT = """\
HOW TO VERIFY THIS EVIDENCE ({number})

You need sha256sum, openssl 3 and ssh-keygen 8.2 or later, and not the program that made this. Open a terminal in the
folder of this file and run each command that stands on an indented line. Every one ends with success (exit status 0)
on an unchanged bag, and prints what is said below it.

1. The tag files are unchanged: every line says OK.

    sha256sum --strict -c tagmanifest-sha256.txt

2. The payload is unchanged: every line says OK.

    sha256sum --strict -c manifest-sha256.txt

3. No file was added to the payload: prints "nothing added".

    test "$(find data ! -type d | wc -l)" -eq "$(wc -l < manifest-sha256.txt)" && echo "nothing added"

4. The attestation is signed: prints "Signature Verified Successfully".

    openssl pkeyutl -verify -pubin -inkey signing.pub -rawin -in attestation.pae -sigfile attestation.sig

5. The attestation is about these tag files: prints 1.

    grep -c "$(sha256sum tagmanifest-sha256.txt | cut -d ' ' -f 1)" attestation.pae

6. The second signature, with another program and another form of the same key: prints "Good".

    ssh-keygen -Y verify -f allowed_signers -I {principal} -n {namespace} -s tagmanifest-sha256.txt.sig \
< tagmanifest-sha256.txt

7. The key is the city's. Compare this with what {organization} has published or tells you by another way:

    openssl pkey -pubin -in signing.pub -outform DER | sha256sum

   It must print {spki}
   (as ssh-keygen writes it: {fingerprint})

8. A matching record is where data/matches.jsonl says. The first one, cut out of the original bytes:

    tail -c +{tail} {file} | head -c {length} | sha256sum

   It must print {sha256}
   For the others put file_offset + 1, file and length of their line in data/matches.jsonl in place.

WHAT IT HOLDS

data/raw/           the original bytes of the logs, exactly as collected: a whole segment of a log, or byte ranges of
                    it (START-END in the file name, counted in the uncompressed log) with what matched and what stood
                    around it
data/sources.json   where each of them came from: host, path, byte range, SHA-256 of the segment (sha256) and of the
                    whole log up to the segment's end (file_sha256), taken when it was collected
data/matches.jsonl  one line for each matching record: where its original bytes are, and their SHA-256
data/events.parquet the matching records as rows, with all fields
data/events.csv     the same for a spreadsheet. A cell that a spreadsheet would run as a formula has an apostrophe (')
                    in front, control characters are written as \\x1b or \\u202e; the exact values are in
                    events.parquet, the exact bytes in raw/. Times are UTC
data/detection/     for each rule: its text, the SQL that ran, and what it found
data/incident.json  the incident for which this was sealed
data/acquisition.json, clock.json, environment.json
                    who sealed it, when, why and how; which clock and time zones; which programs and versions

The log of custody is kept outside, because it grows; an export carries it. The layout is BagIt 1.0 (RFC 8493). The
attestation is an in-toto Statement v1 in a DSSE envelope; attestation.pae holds the exact bytes that are signed, and
attestation.sig the bare signature. The SSH signature follows OpenSSH's PROTOCOL.sshsig. Both are Ed25519 (RFC 8032).
"""


def instructions(number: str, organization: str, key: PublicKey, first_match: bytes) -> bytes:
    """The text for one bag; `first_match` is the first line of its data/matches.jsonl."""
    match = json.loads(first_match)
    return _TEXT.format(
        number=number,
        organization=organization,
        principal=PRINCIPAL,
        namespace=NAMESPACE,
        spki=key.spki_sha256,
        fingerprint=key.fingerprint,
        tail=match["file_offset"] + 1,
        file=shlex.quote(match["file"]),
        length=match["length"],
        sha256=match["sha256"],
    ).encode()


def commands(text: str) -> list[str]:
    """The commands of a VERIFY.txt: its lines indented by four spaces."""
    return [line.strip() for line in text.splitlines() if line.startswith("    ") and not line.startswith("     ")]
