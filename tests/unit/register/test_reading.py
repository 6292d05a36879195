"""The register of systems: what it may hold, and what is told about what it may not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.cli.app import main
from breachwatch.errors import DataError
from breachwatch.model.systems import Criticality, DataCategory, System
from breachwatch.register import load, read_register
from breachwatch.workspace import Workspace

GOOD = """\
host,also,owner,vendor,criticality,data,records,notes
db01,"db01.city.example; 10.20.1.11",Finance,,critical,"SSN; driver's licence",12 500,billing
# a remark
web01,,IT,Acme Web,normal,,,
Microsoft 365,,IT,Microsoft,high,personnel,,
"""


def written(folder: Path, text: str | bytes, name: str = "systems.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def wrong(path: Path) -> list[str]:
    return [str(problem) for problem in read_register(path, 100)[1]]


def test_a_good_register_is_read(tmp_path: Path) -> None:
    systems, problems = read_register(written(tmp_path, GOOD), 100)
    assert problems == []
    assert systems[0] == System(
        host="db01",
        also=("db01.city.example", "10.20.1.11"),
        owner="Finance",
        criticality=Criticality.CRITICAL,
        data=(DataCategory.SSN, DataCategory.DRIVER_LICENCE),
        records=12_500,
        notes="billing",
        place="systems.csv, line 2",
    )
    assert [system.host for system in systems] == ["db01", "web01", "Microsoft 365"]


def test_toml_says_the_same(tmp_path: Path) -> None:
    text = (
        '[[systems]]\nhost = "db01"\ncriticality = "high"\ndata = ["ssn", "CJIS"]\nrecords = 9\n'
        'datasets = ["m365.audit"]\n'
    )
    systems, problems = read_register(written(tmp_path, text, "systems.toml"), 100)
    assert problems == []
    assert systems == [
        System(
            "db01",
            datasets=("m365.audit",),
            criticality=Criticality.HIGH,
            data=(DataCategory.SSN, DataCategory.CJIS),
            records=9,
            place="systems.toml, system 1",
        )
    ]


def test_what_is_wrong_is_told_with_its_place_and_how_to_mend_it(tmp_path: Path) -> None:
    text = "host;criticality;data;records\na;hihg;ssn;1\nb;low;healht;many\n;low;;\nA;low;;\nc;low;;5\n"
    path, known = written(tmp_path, text), ", ".join(DataCategory)
    assert wrong(path) == [
        "systems.csv, line 2: 'hihg' is no criticality. Did you mean high? There are: low, normal, high, critical.",
        f"systems.csv, line 3: 'healht' is no category of data. Did you mean health? There are: {known}.",
        "systems.csv, line 3: records is 'many'. Give a whole number, or nothing where nobody knows.",
        "systems.csv, line 4: the host is missing. Give the name that logs use for it, or of the service.",
    ]
    assert [system.host for system in read_register(path, 100)[0]] == ["A", "c"]
    mend = "keep one, or give each its own name"
    twice = written(tmp_path, "host,also\na,b\nB,\n", "twice.csv")
    assert wrong(twice) == [
        f"twice.csv, line 3: 'b' is named a second time. The first is in twice.csv, line 2; {mend}."
    ]


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (b"host\n" + b"x" * 9_000_000, "systems.csv", "larger than"),
        (b"host\n\xff\xfe", "systems.csv", "not UTF-8 in line 2"),
        (b"name of it,colour\n", "systems.csv", "names the column"),
        (b"owner\nx\n", "systems.csv", "names no column host"),
        (b"host,host\nx,y\n", "systems.csv", "names the column 'host' twice"),
        (b'host,notes\na,"' + b"y" * 5000 + b'"\n', "systems.csv", "cell of 5,000 characters"),
        (b'host\n"unfinished\n', "systems.csv", "is no CSV"),
        (b"host\na,b,c\n", "systems.csv", "has 3 cells"),
        (b"host\n" + b"\n".join(b"h%d" % n for n in range(200)), "systems.csv", "more than 100 systems"),
        (b"systems = 1", "systems.toml", "must hold [[systems]]"),
        (b"systems = [" + b"[" * 5000, "systems.toml", "not valid TOML"),
        (b"[[systems]\n", "systems.toml", "not valid TOML"),
        (b"systems = [1]", "systems.toml", "is no table"),
    ],
)
def test_a_hostile_or_damaged_register_is_refused(tmp_path: Path, content: bytes, name: str, told: str) -> None:
    with pytest.raises(DataError, match=told.replace("[", r"\[")):
        read_register(written(tmp_path, content, name), 100)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "systems.csv")
    with pytest.raises(DataError, match="there is no register"):
        read_register(tmp_path / "systems.csv", 100)


@settings(max_examples=150)
@given(st.binary(max_size=300), st.sampled_from([b"", b"host,data,records\n", b"host;also\n"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes, head: bytes) -> None:
    path = written(tmp_path_factory.getbasetemp(), head + content, "any.csv")
    try:
        systems, _ = read_register(path, 100)
    except DataError:
        return
    assert all(system.host.isprintable() and len(system.host) <= 253 for system in systems)


def test_hosts_are_found_by_their_short_and_long_names(make_ws: Callable[..., Workspace]) -> None:
    ws = make_ws('[systems]\nfile = "systems.csv"\n')
    written(ws.root, "host,also,datasets\ndb01.city.example,10.0.0.1,\nweb01,,\nOffice,,m365.audit\ndc01.a.example,,\n")
    register = load(ws)
    assert not register.incomplete

    def found(*hosts: str) -> list[str]:
        return [system.host for system in register.of(hosts)]

    assert found("DB01") == found("db01.city.example") == found("10.0.0.1") == ["db01.city.example"]
    assert found("WEB01.city.example", "db01") == ["db01.city.example", "web01"]
    assert found("dc01.b.example", "10.0.0.2", "10") == []
    assert [system.host for system in register.of((), ["m365.audit"])] == ["Office"]


def test_a_register_that_cannot_be_used_says_so(make_ws: Callable[..., Workspace]) -> None:
    ws = make_ws('[systems]\nfile = "systems.csv"\n')
    assert "there is no register of systems" in load(ws).incomplete
    written(ws.root, "host,data\na,teeth\nb,ssn\n")
    assert "'teeth' is no category of data" in load(ws).incomplete
    assert len(load(ws).systems) == 1


def test_the_command_checks_and_shows(
    make_ws: Callable[..., Workspace], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    ws = make_ws('[systems]\nfile = "systems.csv"\n')
    written(ws.root, GOOD)
    assert main(["register", "check", "-w", str(ws.root)]) == 0
    assert "3 systems can be used, 0 problems" in capsys.readouterr().out
    assert main(["register", "show", "db01", "--json", "-w", str(ws.root)]) == 0
    assert '"ssn"' in capsys.readouterr().out
    assert main(["register", "show", "-w", str(ws.root)]) == 0
    assert "Social Security numbers" in " ".join(capsys.readouterr().out.split())
    written(ws.root, "host,data\na\x1b[31m,teeth\n")
    assert main(["register", "check", "-w", str(ws.root)]) == 1
    assert "\x1b" not in capsys.readouterr().out
