"""Lines that other projects labelled as sign-ins: fail2ban's, CrowdSec's, and those of OSSEC and Wazuh."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from benchmarks.labelled import fail2ban, ini
from benchmarks.labelled.signins import UNREAD, Case, SignIn
from benchmarks.labelled.trying import form_of, of_lines
from breachwatch.detect.trial import TrialLog

NOT_ABOUT_SIGN_INS: Final = {
    "apache-noscript": "requests for scripts that are not there",
    "apache-overflows": "malformed requests",
    "apache-shellshock": "an attack on CGI",
    "nginx-botsearch": "requests of scanners",
    "xinetd-fail": "connections refused before any sign-in",
    "zzz-generic-example": "invented lines of no program",
}
"""fail2ban's files whose lines are to be counted for another reason than a refused sign-in."""

_NO_ATTEMPT: Final = re.compile(r"client denied by server configuration|SSL_do_handshake|no host in request")


def fail2ban_cases(logs: Path) -> Iterator[Case]:
    """`match` true is a refused sign-in by `host` (and `user`, where the label names one), false is none."""
    for folder in fail2ban.FOLDERS:
        for path in sorted(path for path in (logs / folder).iterdir() if path.is_file()):
            lines = list(fail2ban.labelled(path))
            if not lines or path.name in NOT_ABOUT_SIGN_INS:
                continue
            case, places = _of_lines(path, logs, [line.text for line in lines])
            for index, line in enumerate(lines):
                place = places.get(index)
                if line.match and not _NO_ATTEMPT.search(line.text):
                    case.signins.append(SignIn("failure", line.user, line.host, place or (UNREAD, index)))
                elif place and not line.match:
                    case.quiet.append(place)
            yield case


_ACTING_AS: Final = ("su ", "sudo", "doas", "PIX: enable")  # no sign-ins


def ini_cases(logs: Path) -> Iterator[Case]:
    """The rule of a line says that somebody was refused; of user and address it says nothing."""
    for path in sorted((*logs.glob("*/ossec/*.ini"), *logs.glob("*/wazuh-ruleset/*.ini"))):
        lines = list(ini.labelled(path))
        case, places = _of_lines(path, logs, [line.text for line in lines])
        for index, line in enumerate(lines):
            meaning = ini.meanings().get(line.rule, "") if line.level >= ini.LEAST else ""
            if meaning and not meaning.startswith(_ACTING_AS):
                case.signins.append(SignIn("failure", place=places.get(index) or (UNREAD, index)))
        yield case


def _of_lines(path: Path, logs: Path, lines: list[str]) -> tuple[Case, dict[int, tuple[str, int]]]:
    name = f"{path.parent.name}/{path.name}"
    found, index_of = of_lines(name, lines)
    places = {index: place for place, index in index_of.items()}
    return Case(path.relative_to(logs).parts[0], name, found, unread=len(lines) - len(places)), places


_OUTCOMES: Final = {
    "auth_success": "success",
    "pbs_success-auth": "success",
    "auth_failed": "failure",
    "ADMIN_LOGIN_FAILED": "failure",
    "pterodactly_wings_invalid_format": "failure",
    "imap": "failure",
    "postfix": "failure",
    "llng_auth_fail": "failure",
    "ts3_fail_auth": "failure",
    "mail_auth": "failure",
    "dovecot_logs": "failure",
}
"""CrowdSec's log types that tell of sign-ins; so does each with `failed_auth` and the like in its name."""
_FAILED: Final = re.compile(r"failed[_-](auth|login|password|totp)|fail_auth|auth_fail")
_META: Final = re.compile(r'\[(\d+)\]\.Evt\.Meta\["(\w+)"\] == "(.*)"$')
_EVENT: Final = re.compile(r'results\[(\d+)\]\.Overflow\.Alert\.Events\[(\d+)\]\.GetMeta\("(\w+)"\) == "(.*)"$')
_USERS: Final = ("username", "target_user", "user")


def crowdsec_cases(logs: Path) -> Iterator[Case]:
    """What CrowdSec's parsers must find in each line, or its scenarios in the events they count."""
    for config in sorted(logs.glob("*/crowdsec-hub/*/config.yaml")):
        settings = yaml.safe_load(config.read_text(encoding="utf-8"))
        path = config.parent / str(settings.get("log_file"))
        if not path.is_file():
            continue
        name, data = f"crowdsec-hub/{path.parent.name}", path.read_bytes()
        form = form_of(data)
        case = Case(path.relative_to(logs).parts[0], name, [TrialLog(name, form, data)] if form else [])
        case.unread = 0 if form else sum(bool(line.strip()) for line in data.split(b"\n"))
        case.signins = list(_asserted(config.parent, name, data))
        yield case


def _asserted(folder: Path, name: str, data: bytes) -> Iterator[SignIn]:
    parser, scenario = folder / "parser.assert", folder / "scenario.assert"
    numbers = [number for number, line in enumerate(data.split(b"\n"), 1) if line.strip()]
    metas: dict[tuple[int, int], dict[str, str]] = defaultdict(dict)
    if parser.is_file():
        for line in parser.read_text(encoding="utf-8").splitlines():
            if found := _META.search(line):
                metas[0, int(found[1])][found[2]] = found[3]
        lines = data.split(b"\n")
        for (_, index), meta in sorted(metas.items()):
            label = _signin(meta)
            if label is None:
                continue
            # Most parsers give one result a line, in their order; where they do not, the values alone tell.
            number = numbers[index] if index < len(numbers) else 0
            there = number and (label.source or "").encode() in lines[number - 1]
            yield SignIn(label.outcome, label.user, label.source, (name, number) if there else None)
    elif scenario.is_file():
        for line in scenario.read_text(encoding="utf-8").splitlines():
            if found := _EVENT.search(line):
                metas[int(found[1]), int(found[2])][found[3]] = found[4]
        # One line may be counted by several scenarios: only the first that counts it says that it is there.
        first = min((number for number, _ in metas), default=0)
        yield from (
            label for (number, _), meta in sorted(metas.items()) if number == first and (label := _signin(meta))
        )


def _signin(meta: dict[str, str]) -> SignIn | None:
    kind = meta.get("log_type", "")
    outcome = _OUTCOMES.get(kind) or ("failure" if _FAILED.search(kind) else None)
    if outcome is None or meta.get("extra_log_type") == "ssh_bad_banner":  # who talks no SSH does not sign in
        return None
    user = next((meta[name] for name in _USERS if meta.get(name)), None)
    return SignIn(outcome, user, meta.get("source_ip"))
