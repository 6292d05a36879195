"""`breachwatch sources add|test|list` for places elsewhere: what is asked, how a key is accepted, ten records."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import stamina

from breachwatch import run
from breachwatch.settings_file import load_settings
from breachwatch.workspace import Workspace
from tests.unit.cli.conftest import Call, Ended
from tests.unit.cli.test_sources import LINE
from tests.unit.collect.far.s3 import S3
from tests.unit.collect.far.sshd import Sshd

MakeWs = Callable[..., Workspace]


@pytest.fixture(autouse=True)
def _no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "auth.log"
    path.write_text(LINE * 15, encoding="utf-8")
    return path


@pytest.fixture
def answer(call: Call, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Run a command at a terminal on which these lines are typed."""

    class Typed(io.StringIO):
        def isatty(self) -> bool:
            return True

    def run(answers: list[str], *arguments: object) -> Ended:
        monkeypatch.setattr(sys, "stdin", Typed("\n".join(answers) + "\n"))
        return call(*arguments)

    return run


def in_toml(table: str, values: dict[str, object]) -> str:
    return f"[sources.{table}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


def test_a_host_is_tried_listed_and_collected(call: Call, make_ws: MakeWs, sshd: Sshd, log: Path) -> None:
    ws = make_ws(f'[[sources]]\nname = "far"\nkind = "ssh"\npaths = ["{log}"]\n' + in_toml("ssh", sshd.settings()))
    shown = call("-w", ws.root, "sources", "test", "far")
    assert (shown.code, shown.out.count("root from 203.0.113.9")) == (0, 10), shown.out
    tried = json.loads(call("-w", ws.root, "sources", "test", "far", "--json").out)
    assert (tried["files"], tried["problems"]) == ([f"sftp://127.0.0.1:{sshd.port}{log}"], [])
    run.ingest(ws, "far")
    (row,) = json.loads(call("-w", ws.root, "sources", "list", "--json").out)
    assert (row["kind"], row["records"], row["rows"], row["rejects"]) == ("ssh", 15, 15, 0)


def test_a_host_that_refuses_is_said_with_the_remedy(call: Call, make_ws: MakeWs, sshd: Sshd, log: Path) -> None:
    table = in_toml("ssh", sshd.settings(key_file=str(sshd.other_key())))
    ws = make_ws(f'[[sources]]\nname = "far"\nkind = "ssh"\npaths = ["{log}"]\n{table}')
    shown = call("-w", ws.root, "sources", "test", "far")
    assert (shown.code, "authorized_keys" in shown.out) == (1, True)


def test_only_the_newest_objects_are_looked_into(call: Call, make_ws: MakeWs, s3: S3) -> None:
    for number in range(6):
        s3.put(f"fw/{number}.log", (LINE * 15).replace("sshd[811]", f"sshd[{number}]").encode())
    ws = make_ws('[[sources]]\nname = "fw"\nkind = "objects"\n' + in_toml("objects", s3.settings()))
    tried = json.loads(call("-w", ws.root, "sources", "test", "fw", "--json").out)
    assert (tried["rows"], len(tried["records"]), tried["problems"]) == (45, 10, [])
    assert tried["files"] == [f"s3://{s3.bucket}/{key}" for key in s3.gets()]
    assert len(tried["files"]) == 3


def test_a_host_is_added_at_a_terminal(make_ws: MakeWs, sshd: Sshd, log: Path) -> None:
    """With a real pseudo-terminal: the key of the host is trusted because a person says that it is the host's."""
    ws = make_ws()
    ssh = sshd.settings()
    answers = ["far", "ssh", "127.0.0.1", str(sshd.port), ssh["user"], str(sshd.client_key), "y", str(log), "", "y"]
    ours, theirs = pty.openpty()
    main = "import sys; from breachwatch.cli.app import main; sys.exit(main(sys.argv[1:]))"
    environment = {**os.environ, "TERM": "dumb", "COLUMNS": "160"}
    command = [sys.executable, "-c", main, "-w", str(ws.root), "sources", "add"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        os.write(ours, "".join(f"{line}\n" for line in answers).encode())
        shown = b""
        try:
            while data := os.read(ours, 65536):
                shown += data
        except OSError:
            pass  # a pseudo-terminal whose other end is closed
    os.close(ours)
    text = shown.decode()
    assert process.returncode == 0, text
    assert "SHA256:" in text
    (source,) = load_settings(ws.root / "breachwatch.toml").sources
    assert source.ssh is not None
    assert (source.kind, source.paths, source.ssh.port) == ("ssh", (str(log),), sshd.port)
    assert source.ssh.host_key == sshd.host_key
    assert text.count("root from 203.0.113.9") == 10


def test_a_key_that_nobody_vouches_for_is_not_trusted(
    answer: Callable[..., Ended], make_ws: MakeWs, sshd: Sshd, log: Path
) -> None:
    ws, ssh = make_ws(), sshd.settings()
    answers = ["far", "ssh", "127.0.0.1", str(sshd.port), ssh["user"], str(sshd.client_key), "n", str(log), "", "n"]
    ended = answer(answers, "-w", ws.root, "sources", "add")
    assert ended.code != 0
    assert "then it is not trusted" in ended.err
    assert "203.0.113.9" not in ended.out
    assert load_settings(ws.root / "breachwatch.toml").sources == ()


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (
            ["o", "objects", "s3://trail-of-city/AWSLogs", "", "us-east-1", "", "", "%Y/%m/%d/*.json.gz", "", "y"],
            {"url": "s3://trail-of-city/AWSLogs", "region": "us-east-1"},
        ),
        (
            ["o", "objects", "az://insights/x", "", "citylogs", "keys/az", "", "", "", "y"],
            {"url": "az://insights/x", "account": "citylogs", "account_key_file": "keys/az"},
        ),
        (
            ["o", "objects", "gs://city-logs", "", "keys/gs.json", "", "", "y"],
            {"url": "gs://city-logs", "service_account_file": "keys/gs.json"},
        ),
        (["o", "okta", "https://city.okta.com", "keys/okta", "y"], {"url": "https://city.okta.com"}),
        (["o", "entra", "city.example", "app", "keys/entra", "", "y"], {"client_secret_file": "keys/entra"}),
        (["o", "m365", "city.example", "app", "", "keys/m365.pem", "gcc", "y"], {"cloud": "gcc"}),
        (["o", "google-workspace", "a@city.example", "keys/g.json", "y"], {"key_file": "keys/g.json"}),
        (["o", "cloudtrail", "us-east-1, us-gov-west-1", "", "y"], {"regions": ("us-east-1", "us-gov-west-1")}),
    ],
)
def test_each_kind_asks_for_what_it_needs(
    answer: Callable[..., Ended],
    make_ws: MakeWs,
    answers: list[str],
    expected: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from breachwatch.model.tried import Tried

    nothing = Tried("o", "", (), (), (), (), 0, 0, ())
    monkeypatch.setattr("breachwatch.dry_run.try_source", lambda ws, source: nothing)  # no such service is there
    ws = make_ws()
    ended = answer(answers, "-w", ws.root, "sources", "add")
    assert ended.code == 0, ended
    (source,) = load_settings(ws.root / "breachwatch.toml").sources
    table = getattr(source, source.kind.replace("-", "_"))
    assert {key: getattr(table, key) for key in expected} == expected


def test_what_was_given_is_not_asked_for(answer: Callable[..., Ended], make_ws: MakeWs, s3: S3) -> None:
    s3.put("fw/a.log", (LINE * 3).encode())
    ws = make_ws()
    given = [f"objects.{key}={json.dumps(value)}" for key, value in s3.settings().items()]
    arguments = [part for item in given for part in ("--set", item)]
    ended = answer(
        ["", "", "", "", "y"], "-w", ws.root, "sources", "add", "--name", "fw", "--kind", "objects", *arguments,
        "--time-zone", "UTC", "--set", "objects.access_key_id=''", "--set", "objects.secret_access_key_file=''",
    )  # fmt: skip
    assert ended.code == 0, ended
    (source,) = load_settings(ws.root / "breachwatch.toml").sources
    assert source.objects.model_dump(include=set(s3.settings())) == s3.settings()


def test_options_alone_are_enough_for_scripts(call: Call, make_ws: MakeWs, sshd: Sshd, log: Path) -> None:
    ws = make_ws()
    given = [f"ssh.{key}={json.dumps(value)}" for key, value in sshd.settings().items()]
    arguments = [part for item in given for part in ("--set", item)]
    ended = call("-w", ws.root, "sources", "add", "--name", "far", "--kind", "ssh", "--path", log, *arguments, "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["tried"]["rows"] == 15
    missing = call("-w", ws.root, "sources", "add", "--name", "b", "--kind", "ssh", "--path", log, "--yes")
    assert (missing.code, "[sources.ssh]" in missing.err) == (2, True)
