"""Rules and logs that attackers wrote, followed through every output: they are shown, and steer nothing."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import zipfile
from pathlib import Path

import pytest

from breachwatch import evidence, run
from breachwatch.model.finding import Outcome
from breachwatch.report.markdown import summary_markdown
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY
from tests.spine.site import Site, line

NAMES = (
    "\x1b]0;owned\x07\x1b[2Jeve",
    "eve\u202egnp.exe",
    "<script>alert(1)</script>",
    "<img/src=x/onerror=alert(1)>",
    "=cmd|'/c_calc'!A0",
    "@SUM(1+1)*9",
    "x';DROP/**/TABLE/**/alert;--",
    'x"OR"1"="1',
    "{{7*7}}${7*7}<%=7*7%>",
    "../../../../etc/passwd",
    "[bold_red]eve[/bold_red]",
    "%s%n%x",
    "`id`$(id);id",
)
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


def attack() -> bytes:
    return b"".join(
        line(n, f"Failed password for {name} from 203.0.113.7 port 4000 ssh2") for n, name in enumerate(NAMES)
    )


@pytest.fixture
def attacked(site: Site) -> Workspace:
    """A night in which every account name is an attack, and one incident that is full of them."""
    site.write("auth.log", attack())
    site.source("auth", "auth.log")
    summary, reports = site.run()
    assert (reports["auth"].records, reports["auth"].rows) == (len(NAMES), len(NAMES))
    assert summary.new_alerts == len(NAMES)
    assert not summary.failures
    return site.open()


def test_names_in_a_log_reach_every_output_and_steer_none(site: Site, attacked: Workspace) -> None:
    shown = ""
    for number in [item.incident for item in evidence.listing(attacked, by=SOMEBODY)]:
        shown += site.command("incident", "show", number).stdout
        assert json.loads(site.command("incident", "show", number, "--json").stdout)
    assert json.loads(site.command("queue", "--json").stdout)
    query = 'SELECT "user", message FROM linux_auth ORDER BY time'
    rows = json.loads(site.command("sql", "--json", query).stdout)
    assert {row["user"] for row in rows} == set(NAMES)
    table = site.command("sql", query).stdout
    for text in (shown, table, site.command("queue").stdout, site.command("run").stdout):
        assert not STEERING.search(text)
    assert "[bold_red]eve[/bold_red]" in table
    assert "\\x1b]0;owned" in table
    for row in list(csv.reader(io.StringIO(site.command("sql", "--csv", query).stdout)))[1:]:
        assert not row[0].startswith(("=", "@", "+", "-"))
        assert not STEERING.search("".join(row))
    assert site.command("evidence", "list").returncode == 0
    assert site.command("rules", "list").returncode == 0
    # The tables that the names wanted to drop are there.
    assert json.loads(site.command("queue", "--json", "--all").stdout)


def test_names_in_a_log_stay_inside_the_evidence_and_the_summary(site: Site, attacked: Workspace) -> None:
    seen: set[str] = set()
    for item in evidence.listing(attacked, by=SOMEBODY):
        bag = Path(item.path)
        assert bag.resolve().is_relative_to(attacked.vault.resolve())
        with (bag / "data/events.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                seen.add(row["user"])
                assert not any(STEERING.search(cell) or cell.startswith(("=", "@")) for cell in row.values())
        names = [path.relative_to(bag).as_posix() for path in bag.rglob("*")]
        assert all(re.fullmatch(r"[A-Za-z0-9._/-]+", name) and ".." not in name for name in names)
        assert evidence.verify(attacked, item.number).ok
    assert len(seen) == len(NAMES)
    markdown = summary_markdown(run.run(attacked))
    for name in NAMES:
        assert name not in markdown
    assert not STEERING.search(markdown)


@pytest.mark.slow
def test_names_in_a_log_are_text_in_a_notebook(
    attacked: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.notebooks.test_notebooks import NOTEBOOKS, offline
    from tests.notebooks.test_notebooks import run as execute

    for notebook in NOTEBOOKS:
        _, page = execute(notebook, attacked, tmp_path, monkeypatch)
        offline(page)
        assert "<script>alert(1)" not in page
        assert "<img/src" not in page
        assert "\x1b" not in page


SIGMA = """
title: {title}
id: 00000000-0000-4000-8000-0000000000{number:02d}
level: high
logsource: {{product: linux, service: auth}}
detection: {{s: {{{field}: {value}}}, condition: s}}
"""


def rule(number: int, title: str = "A rule", field: str = "user", value: str = "nobody") -> str:
    return SIGMA.format(
        number=number, title=json.dumps(title), field=json.dumps(field), value=json.dumps(value, ensure_ascii=False)
    )


def bomb() -> str:
    """YAML whose aliases stand for a billion nodes."""
    grown = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    return grown + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)) + rule(99)


def test_hostile_rules_run_as_text_or_are_named(site: Site) -> None:
    site.write("auth.log", attack())
    site.source("auth", "auth.log")
    site.open()
    folder = site.root / "rules"
    names = [name for name in NAMES if "\x1b" not in name]
    rules = {f"value-{n}.yml": rule(10 + n, value=name.replace("*", "\\*")) for n, name in enumerate(names)}
    rules |= {f"field-{n}.yml": rule(30 + n, field=name.split("|")[0]) for n, name in enumerate(names)}
    rules |= {"title.yml": rule(50, title="".join(NAMES), value="../../../../etc/passwd")}
    rules |= {
        "bomb.yml": bomb(),
        "deep.yml": "[" * 50_000,
        "steps.yml": "- " * 50_000 + "x",
        "python.yml": "!!python/object/apply:os.system ['touch /x']",
    }
    for name, text in rules.items():
        (folder / name).write_text(text, encoding="utf-8")
    os.mkfifo(folder / "pipe.yml")
    with zipfile.ZipFile(site.root / "pack.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../../escaped.yml", rule(60))
        archive.writestr("/etc/cron.d/x.yml", rule(61))
        archive.writestr("bomb.yml", b"\0" * 200_000_000)
    (site.root / "damaged.zip").write_bytes((site.root / "pack.zip").read_bytes()[:-80])
    os.mkfifo(site.root / "pipe.zip")
    with zipfile.ZipFile(site.root / "corrupt.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.yml", rule(62) * 20)
    data = bytearray((site.root / "corrupt.zip").read_bytes())
    data[45:70] = b"\xff" * 25
    (site.root / "corrupt.zip").write_bytes(data)
    more = ", ".join(f'"{name}.zip"' for name in ("pack", "damaged", "corrupt", "pipe"))
    settings = site.root / "breachwatch.toml"
    settings.write_text(settings.read_text().replace(f'"{site.root}/rules"', f'"{site.root}/rules", {more}'))
    from breachwatch.clock import FixedClock
    from breachwatch.workspace import open_workspace
    from tests.spine.small_city import NOW

    before = sorted(site.root.parent.rglob("*.yml"))
    summary = run.run(open_workspace(site.root, FixedClock(NOW)))
    sealed = list((site.root / "vault").rglob("*.yml"))
    assert sorted({*site.root.parent.rglob("*.yml")} - {*sealed}) == before
    assert sealed
    outcomes = {item.rule_id[-2:]: item for item in summary.outcomes}
    for number, name in enumerate(names):
        assert (outcomes[f"{10 + number}"].outcome, outcomes[f"{10 + number}"].findings) == (Outcome.MATCHED, 1), name
        assert outcomes[f"{30 + number}"].findings == 0
    assert outcomes["50"].findings == 1
    assert outcomes["60"].outcome is outcomes["61"].outcome is Outcome.NO_MATCH
    broken = " ".join(item.reason for item in summary.outcomes if item.outcome is Outcome.COULD_NOT_RUN)
    for name in (
        "bomb.yml",
        "deep.yml",
        "steps.yml",
        "python.yml",
        "pack.zip",
        "damaged.zip",
        "corrupt.zip",
        "pipe.zip",
    ):
        assert name in broken, name
    assert not summary.failures
    assert not Path("/x").exists()
    for command in (["rules", "list"], ["queue"], ["evidence", "list"]):
        done = site.command(*command)
        assert done.returncode == 0
        assert not STEERING.search(done.stdout)
