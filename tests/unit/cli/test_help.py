"""Help is complete and quick, because nothing heavy is imported for it."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer.main

from breachwatch.cli.app import app

HEAVY = (
    "alembic", "altair", "cryptography", "duckdb", "evtx", "numpy", "pandas", "prefect", "pyarrow", "pydantic", "rich",
    "sigma", "sqlalchemy", "yaml", "zstandard",
)  # fmt: skip


def commands() -> Iterator[tuple[str, ...]]:
    def walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield path
        for name, child in getattr(command, "commands", {}).items():
            yield from walk(child, (*path, name))

    return walk(typer.main.get_command(app), ())


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_command_explains_itself(call: Callable[..., Any], path: tuple[str, ...]) -> None:
    ended = call(*path, "--help")
    assert ended.code == 0
    assert ended.err == ""
    assert ended.out.startswith(f"Usage: {' '.join(('breachwatch', *path))}")
    about = ended.out.split("\n\n")[1].strip()
    assert about.endswith((".", ")"))
    options = [row.split() for row in ended.out.splitlines() if row.startswith("  -")]
    assert [row for row in options if len(row) < 2] == []


def test_the_commands_stand_in_the_order_one_meets_them(call: Callable[..., Any]) -> None:
    listed = call("--help").out.split("Commands:")[1].split("Exit codes")[0].split("\n")
    names = [row.split()[0] for row in listed if row.strip()]
    assert names == [
        "init", "run", "hunt", "sources", "rules", "queue", "incident", "alert", "report", "referral",
        "request", "retention", "evidence", "hold", "notify", "digest", "keys", "ledger", "jurisdiction",
        "assess", "duty", "clocks", "paper", "contacts", "closure", "metrics",
        "register", "lake", "sql", "simulate", "example", "schedule",
    ]  # fmt: skip


def test_nothing_heavy_is_imported_for_help() -> None:
    code = (
        "import sys; from breachwatch.cli.app import main; code = main(['--help'])\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_help_answers_at_once() -> None:
    """Beside the library that it needs, the list of the commands costs little, however many they are."""

    def seconds(*words: str) -> float:
        """Processor time: on an idle machine what one waits, on a busy one still the same."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *words], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    floor = min(seconds("-c", "import typer.main") for _ in range(4))
    assert min(seconds("-m", "breachwatch.cli.app", "--help") for _ in range(4)) < 2 * floor


def test_version_and_no_arguments(call: Callable[..., Any]) -> None:
    assert call("--version").out.startswith("breachwatch 0.")
    ended = call()
    assert (ended.code, "Commands:" in ended.err) == (2, True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete(shell: str) -> None:
    environment = {
        "_BREACHWATCH_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "breachwatch que",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "breachwatch que",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    code = "import sys; from breachwatch.cli.app import main; sys.exit(main([]))"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert "queue" in done.stdout, done.stderr
