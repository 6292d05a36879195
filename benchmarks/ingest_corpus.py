"""Logs to measure ingestion with: written anew each time, the same for the same seed and size.

A log host of a city, once as a syslog file and once as journal JSON (`ingest_events.tsv`: how often of a thousand,
program, facility, severity, words); the records of CloudTrail; the sign-ins of the simulated city
(`breachwatch.simulate`), its hosts renamed and repeated. EVTX files: `benchmarks.ingest_evtx`.
"""

from __future__ import annotations

import gzip
import json
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

UNTIL = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
_FILE_BYTES = 256 * 1024 * 1024
_BLOCK_BYTES = 32 * 1024 * 1024
_CLOUDTRAIL_RECORDS = 4000  # a file; CloudTrail closes one every five minutes

_SITES = ("permits", "parcels", "payments", "records", "library", "courts", "water", "gis")
_WORDS = ("admin", "test", "oracle", "postgres", "ubuntu", "git", "steam", "ftpuser", "guest", "backup", "pi", "deploy")
_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HOSTS = tuple(f"srv{number:02d}" for number in range(40))


def _events(dice: random.Random) -> Iterator[tuple[str, str, int, int, int, str]]:
    """(host, program, process id, facility, severity, message), without end.

    In braces in the words: n, n2, n4 numbers, h, h2, h3, h4 hexadecimal digits, u an account, w a name that is guessed,
    a an outside and i an inside address, p a port, s a site, m the host's own MAC address.
    """
    text = (Path(__file__).parent / "ingest_events.tsv").read_text(encoding="utf-8")
    lines = [line.split("\t") for line in text.splitlines()[1:]]
    kinds = [(program, int(facility), int(severity), words) for _, program, facility, severity, words in lines]
    weights = [int(line[0]) for line in lines]
    people = [f"staff{number:03d}" for number in range(260)]
    while True:
        for program, facility, severity, words in dice.choices(kinds, weights, k=1000):
            bits = dice.getrandbits(96)
            site = _SITES[bits & 7]
            host = _HOSTS[(bits >> 80) % len(_HOSTS)]
            parts = {
                "n": bits % 9_999_991, "n2": bits % 60, "n4": 1000 + bits % 260, "u": people[bits % 260], "s": site,
                "h": f"{bits & 0xFFFFFFFFFF:010X}", "h2": f"{bits >> 8 & 255:02x}", "h3": f"{bits >> 16 & 255:02x}",
                "h4": f"{bits >> 24 & 255:02x}", "w": _WORDS[bits % len(_WORDS)], "p": 1024 + (bits >> 40) % 64_000,
                "a": f"203.0.{bits >> 30 & 127}.{bits >> 50 & 255}", "i": f"10.20.{bits >> 60 & 15}.{bits >> 70 & 255}",
                "m": f"52:54:00:07:1c:{host[-2:]}",
            }  # fmt: skip
            yield (
                host,
                program.format(s=site),
                1 if program == "systemd" else bits % 32_000 + 2,
                facility,
                severity,
                (words.format_map(parts)),
            )


def make_syslog(folder: Path, size: int, seed: int) -> None:
    """Files of `size` bytes together in the traditional form of rsyslog, some 20 lines a second, up to UNTIL."""
    folder.mkdir(parents=True)
    written = number = 0
    dice = random.Random(seed)
    events = _events(dice)
    at = UNTIL - timedelta(hours=36)
    step = timedelta(hours=35) / max(1, size // 115)
    while written < size:
        with (folder / f"messages-{number}.log").open("wb") as out:
            limit = min(size, written + _FILE_BYTES)
            while written < limit:
                lines = []
                for host, program, process, _, _, message in _some(events):
                    at += step
                    stamp = f"{_MONTHS[at.month]} {at.day:2d} {at.hour:02d}:{at.minute:02d}:{at.second:02d}"
                    tag = program if program == "kernel" else f"{program}[{process}]"
                    lines.append(f"{stamp} {host} {tag}: {message}\n")
                text = "".join(lines).encode()
                out.write(text)
                written += len(text)
        number += 1


def make_large(folder: Path, size: int, seed: int) -> None:
    """The same with the lines of a few minutes over and over, because making each anew takes longer than reading it."""
    make_syslog(folder, min(size, _BLOCK_BYTES), seed)
    (first,) = folder.iterdir()
    block = first.read_bytes()
    first.unlink()
    written = number = 0
    while written < size:
        with (folder / f"messages-{number}.log").open("wb") as out:
            out.write(b"Nov 20 22:15:00 srv00 syslogd[1]: begins file %d\n" % number)
            for _ in range(_FILE_BYTES // _BLOCK_BYTES):
                out.write(block)
                written += len(block)
        number += 1


def _some(events: Iterator[Any], count: int = 4000) -> Iterator[Any]:
    for _ in range(count):
        yield next(events)


def make_journal(folder: Path, size: int, seed: int) -> None:
    """One file of journal JSON: the same kinds of event with the fields that journald adds."""
    folder.mkdir(parents=True)
    dice = random.Random(seed)
    events = _events(dice)
    machine, boot, log = (f"{dice.getrandbits(128):032x}" for _ in range(3))
    start = int((UNTIL - timedelta(hours=36)).timestamp()) * 1_000_000
    step = 35 * 3_600_000_000 // max(1, size // 830)
    written = number = 0
    with (folder / "journal.jsonl").open("wb") as out:
        while written < size:
            lines = []
            for host, program, process, facility, severity, message in _some(events):
                number += 1
                micros = start + number * step
                name = program.partition("/")[0]
                entry = {
                    "__CURSOR": (
                        f"s={log};i={number:x};b={boot};m={number * step:x};t={micros:x};x={dice.getrandbits(64):016x}"
                    ),
                    "__REALTIME_TIMESTAMP": str(micros), "__MONOTONIC_TIMESTAMP": str(number * step),
                    "_BOOT_ID": boot, "_MACHINE_ID": machine, "_HOSTNAME": host, "_TRANSPORT": "syslog",
                    "PRIORITY": str(severity), "SYSLOG_FACILITY": str(facility), "SYSLOG_IDENTIFIER": program,
                    "_PID": str(process), "SYSLOG_PID": str(process), "_UID": "0", "_GID": "0", "_COMM": name[:15],
                    "_EXE": f"/usr/sbin/{name}", "_CMDLINE": f"/usr/sbin/{name} -D", "_SYSTEMD_UNIT": f"{name}.service",
                    "_SYSTEMD_CGROUP": f"/system.slice/{name}.service", "MESSAGE": message,
                }  # fmt: skip
                lines.append(json.dumps(entry, separators=(",", ":")) + "\n")
            text = "".join(lines).encode()
            out.write(text)
            written += len(text)


_CALLS = (
    ("DescribeInstances", "ec2.amazonaws.com", True), ("AssumeRole", "sts.amazonaws.com", True),
    ("GetObject", "s3.amazonaws.com", True), ("PutObject", "s3.amazonaws.com", False),
    ("ListBuckets", "s3.amazonaws.com", True), ("Decrypt", "kms.amazonaws.com", True),
    ("DescribeLogGroups", "logs.amazonaws.com", True), ("CreateLogStream", "logs.amazonaws.com", False),
    ("GetSecretValue", "secretsmanager.amazonaws.com", True), ("ConsoleLogin", "signin.amazonaws.com", False),
)  # fmt: skip


def make_cloudtrail(folder: Path, size: int, seed: int) -> int:
    """Gzip files as CloudTrail delivers them; gives the bytes of their text."""
    folder.mkdir(parents=True)
    dice = random.Random(seed)
    written = number = 0
    while written < size:
        at = UNTIL - timedelta(hours=30) + timedelta(minutes=5 * number)
        records = [_call(dice, at + timedelta(milliseconds=70 * count)) for count in range(_CLOUDTRAIL_RECORDS)]
        text = json.dumps({"Records": records}, separators=(",", ":")).encode()
        name = f"123456789012_CloudTrail_us-east-1_{at:%Y%m%dT%H%MZ}_{number:04d}.json.gz"
        (folder / name).write_bytes(gzip.compress(text, 6, mtime=0))
        written += len(text)
        number += 1
    return written


def _call(dice: random.Random, at: datetime) -> dict[str, Any]:
    name, service, read = dice.choice(_CALLS)
    bits = dice.getrandbits(128)
    role = f"city-{dice.choice(_SITES)}"
    session = f"i-{bits & (1 << 68) - 1:017x}"
    made = f"{bits:032x}"
    return {
        "eventVersion": "1.09",
        "userIdentity": {
            "type": "AssumedRole", "principalId": f"AROAEXAMPLE{role.upper()}:{session}",
            "arn": f"arn:aws:sts::123456789012:assumed-role/{role}/{session}", "accountId": "123456789012",
            "accessKeyId": f"ASIA{made[:16].upper()}",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role", "principalId": f"AROAEXAMPLE{role.upper()}",
                    "arn": f"arn:aws:iam::123456789012:role/{role}", "accountId": "123456789012", "userName": role,
                },
                "attributes": {"creationDate": f"{at:%Y-%m-%dT%H:00:00Z}", "mfaAuthenticated": "false"},
            },
        },
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}", "eventSource": service, "eventName": name, "awsRegion": "us-east-1",
        "sourceIPAddress": f"10.20.{bits & 15}.{bits >> 4 & 255}",
        "userAgent": "aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#amd64",
        "requestParameters": {"bucketName": f"{role}-data", "key": f"exports/{bits % 100_000}.parquet", "max": 9},
        "responseElements": None, "requestID": made,
        "eventID": f"{made[:8]}-{made[8:12]}-{made[12:16]}-{made[16:20]}-{made[20:]}",
        "readOnly": read, "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": "123456789012",
        "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "host": service},
    }  # fmt: skip


def make_sign_ins(folder: Path, size: int, seed: int) -> None:
    """auth.log files of the simulated city; each time they are repeated the hosts have other names."""
    from breachwatch.simulate import simulate

    city = folder.parent / "city"
    simulate(city, days=10, seed=seed, scale=1.0)
    logs = [path.read_bytes() for path in sorted(city.glob("logs/*/auth.log*")) if path.suffix != ".gz"]
    shutil.rmtree(city)
    folder.mkdir(parents=True)
    written = number = 0
    while written < size:
        for text in logs:
            host = text[16 : text.index(b" ", 16)]
            renamed = text.replace(b" " + host + b" ", b" %s-%02d " % (host, number))
            (folder / f"{host.decode()}-{number}-{written}.log").write_bytes(renamed)
            written += len(renamed)
        number += 1
