"""VERIFY.txt: how a stranger verifies a bag with programs that every Linux machine has, and what the bag holds."""

from __future__ import annotations

import json
import re
import shlex

from breachwatch.evidence.blocks import BLOCK
from breachwatch.evidence.keys import NAMESPACE, PRINCIPAL, PublicKey
from breachwatch.evidence.signing import PAYLOAD_TYPE

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

4. Neither was a tag file: prints "nothing added".

    test "$(ls -A | grep -vcx 'attestation.ts[qr]')" -eq {entries} && echo "nothing added"

5. The attestation is signed: prints "Signature Verified Successfully".

    openssl pkeyutl -verify -pubin -inkey signing.pub -rawin -in attestation.pae -sigfile attestation.sig

6. The attestation is about these tag files: prints 1.

    grep -c "$(sha256sum tagmanifest-sha256.txt | cut -d ' ' -f 1)" attestation.pae

7. attestation.dsse.json repeats these two for programs: prints "the same".

    {same}

8. The second signature, with another program and another form of the same key: prints "Good".

    ssh-keygen -Y verify -f allowed_signers -I {principal} -n {namespace} -s tagmanifest-sha256.txt.sig \
< tagmanifest-sha256.txt

9. The key is the city's. Compare this with what {organization} has published or tells you by another way:

    openssl pkey -pubin -in signing.pub -outform DER | sha256sum

   It must print {spki}
   (as ssh-keygen writes it: {fingerprint})

10. Only where there is a file attestation.tsr: an independent authority's statement of the time at which the
   attestation existed already (RFC 3161). tsa-roots.pem beside the folder of this file is the authority's root
   certificate; compare it with what the authority publishes. Prints "Verification: OK":

     openssl ts -verify -in attestation.tsr -data attestation.dsse.json -CAfile ../tsa-roots.pem \
-untrusted ../tsa-roots.pem

   And this prints the time:

     openssl ts -reply -in attestation.tsr -text

{about}
The log of custody is kept outside, because it grows; an export carries it. The layout is BagIt 1.0 (RFC 8493). The
attestation is an in-toto Statement v1 in a DSSE envelope; attestation.pae holds the exact bytes that are signed, and
attestation.sig the bare signature. The SSH signature follows OpenSSH's PROTOCOL.sshsig. Both are Ed25519 (RFC 8032).
"""


_OF_LOGS = """\
11. A matching record is where data/matches.jsonl says. The first one, cut out of the original bytes:

    tail -c +{tail} {file} | head -c {length} | sha256sum

   It must print {sha256}
   For the others put file_offset + 1, file and length of their line in data/matches.jsonl in place.

12. These bytes are part of the whole log, also where the bag holds parts of it only. The block of {block_bytes} bytes
   in which the first match lies, joined with the hashes of its line in data/proofs.jsonl, leads to the Merkle root of
   the segment in data/sources.json (RFC 6962). Prints "part of the whole".

    {proof}

WHAT IT HOLDS

data/raw/           the original bytes of the logs, exactly as collected: a whole segment of a log, or byte ranges of
                    it (START-END in the file name, counted in the uncompressed log) with what matched and what stood
                    around it
data/sources.json   where each of them came from: host, path, byte range, SHA-256 of the segment (sha256) and of the
                    whole log up to the segment's end (file_sha256), taken when it was collected; the Merkle root over
                    the segment's blocks
data/matches.jsonl  one line for each matching record: where its original bytes are, and their SHA-256
data/proofs.jsonl   one line for each block with a match: the way to the Merkle root
data/events.parquet the matching records as rows, with all fields
data/events.csv     the same for a spreadsheet. A cell that a spreadsheet would run as a formula has an apostrophe (')
                    in front, control characters are written as \\x1b or \\u202e; the exact values are in
                    events.parquet, the exact bytes in raw/. Times are UTC
data/detection/     for each rule: its text, the filters in force, the SQL that ran (query.sql) and the settings of the
                    search (params.json), what it found (result.csv, finding.json), how much was searched (stats.json)
data/context/       what the accounts, hosts and addresses of the case did before, during and after it
data/incident.json  the incident for which this was sealed
data/acquisition.json, clock.json, environment.json
                    who sealed it, when, why and how; which clock and time zones; which programs and versions
"""


ABOUT_FILES = """\
WHAT IT HOLDS

data/files/         the files as they were received, byte for byte. The names are made harmless: bytes other than
                    letters, digits, _, - and . are written as =XX
data/item.json      from whom, when, by whom and what for they were received, the names they came under (name, and
                    name_bytes in hexadecimal), size and SHA-256 of each at receipt
data/acquisition.json, environment.json
                    who sealed it, when and how; which programs and versions
"""

_SAME = (
    r"""printf '{\n "payload": "%s",\n "payloadType": "@type",\n "signatures": [\n  {\n   "keyid": "%s",\n"""
    r"""   "sig": "%s"\n  }\n ]\n}\n' "$(sed 's/^[^{]*//' attestation.pae | openssl base64 -A)" @key """
    r""""$(openssl base64 -A -in attestation.sig)" | cmp - attestation.dsse.json && echo "the same" """
).strip()
"""Makes attestation.dsse.json anew from the signature and attestation.pae, whose payload begins at the first brace."""

_PROOF = (
    r"""h=$({ printf '\0'; tail -c +@tail @file | head -c @block; } | openssl dgst -sha256 -binary """
    r"""| openssl base64 -A); for s in @path; do d="${s#*:}"; """
    r"""case "$s" in left:*) a="$d" b="$h";; *) a="$h" b="$d";; esac; """
    r"""h=$({ printf '\1'; printf %s "$a" | openssl base64 -A -d; printf %s "$b" | openssl base64 -A -d; } """
    r"""| openssl dgst -sha256 -binary | openssl base64 -A); done; """
    r"""grep -q "\"merkle_root\": \"$(printf %s "$h" | openssl base64 -A -d | od -An -v -tx1 | tr -d ' \n')\"" """
    r"""data/sources.json && echo "part of the whole" """
).strip()
"""The proof of a block: its leaf hash, then one join for each step, left or right; hashes are passed on in base64."""


def instructions(number: str, organization: str, key: PublicKey, entries: int, about: str) -> bytes:
    """The text for one bag, of `entries` files and folders at its top; `about` says what its payload is."""
    return _TEXT.format(
        number=number,
        organization=organization,
        principal=PRINCIPAL,
        namespace=NAMESPACE,
        payload_type=PAYLOAD_TYPE,
        spki=key.spki_sha256,
        fingerprint=key.fingerprint,
        entries=entries,
        same=_filled(_SAME, type=PAYLOAD_TYPE, key=key.fingerprint),
        about=about,
    ).encode()


def about_logs(first_match: bytes, first_proof: bytes) -> str:
    """What a snapshot of logs holds; by the first lines of its data/matches.jsonl and data/proofs.jsonl."""
    match, proof = json.loads(first_match), json.loads(first_proof)
    return _OF_LOGS.format(
        tail=match["file_offset"] + 1,
        file=shlex.quote(match["file"]),
        length=match["length"],
        sha256=match["sha256"],
        block_bytes=BLOCK,
        proof=_filled(
            _PROOF,
            tail=str(proof["file_offset"] + 1),
            file=shlex.quote(proof["file"]),
            block=str(BLOCK),
            path=" ".join(proof["path"]),
        ),
    )


def _filled(command: str, **values: str) -> str:
    """A command with its `@name`s filled in; braces and per cent signs are the shell's own."""
    return re.sub(r"@(\w+)", lambda found: values[found[1]], command)


def commands(text: str) -> list[str]:
    """The commands of a VERIFY.txt: its lines indented by four spaces."""
    return [line.strip() for line in text.splitlines() if line.startswith("    ") and not line.startswith("     ")]
