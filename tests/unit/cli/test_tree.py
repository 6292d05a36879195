"""Commands are built when asked for, and nobody can tell by what they say."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
import typer
import typer.main
from typer.models import TyperInfo

from breachwatch.cli.app import app
from breachwatch.cli.commands import COMMANDS
from breachwatch.cli.tree import Later, Tree


def _module_and_what(name: str) -> Any:
    module, _, attribute = COMMANDS[name][0].partition(":")
    return getattr(import_module(f"breachwatch.cli.{module}"), attribute)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_listed_sentence_is_the_first_of_the_commands_own_help(name: str) -> None:
    tree: Any = typer.main.get_command(app)
    assert tree.commands[name].get_short_help_str(1000) == COMMANDS[name][1]


@pytest.mark.parametrize("name", [name for name, (place, _) in COMMANDS.items() if place.endswith(":app")])
def test_a_group_is_what_typer_itself_makes_of_it(name: str) -> None:
    """The same commands in the same order, with the same help of their parameters, all the way down."""

    def told(command: Any) -> list[Any]:
        context = typer.Context(command, info_name=command.name)
        children = getattr(command, "commands", {})
        listed = [(child, told(children[child])) for child in (command.list_commands(context) if children else [])]
        return [command.get_help(context), *((item.name, item.required) for item in command.params), *listed]

    tree: Any = typer.main.get_command(app)
    whole = typer.main.get_group_from_info(
        TyperInfo(_module_and_what(name), name=name),
        pretty_exceptions_short=False,
        suggest_commands=True,
        rich_markup_mode=None,
    )
    assert told(tree.commands[name]) == told(whole)


def test_only_what_is_asked_for_is_imported() -> None:
    def imported(*words: str) -> set[str]:
        code = (
            "import sys; from breachwatch.cli.app import main; main(sys.argv[1:])\n"
            "print(*(name for name in sys.modules if name.startswith('breachwatch.')), file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
        assert done.stdout.startswith("Usage: ")
        return {name.removeprefix("breachwatch.cli.") for name in done.stderr.split()}

    groups = {place.partition(":")[0] for place, _ in COMMANDS.values()}
    assert imported("--help") & groups == set()
    assert imported("ledger", "list", "--help") & groups == {"ledger"}


def test_a_command_is_built_once_and_not_before() -> None:
    built = []

    def make() -> Any:
        built.append(1)
        return typer.core.TyperCommand("night", help="The night. It is dark.")

    tree = Tree(name="day", rich_markup_mode=None)
    tree.plant({"night": Later("The night. It is dark.", make)})
    context: Any = typer.Context(tree)
    listed = tree.get_help(context)
    assert "night  The night.\n" in f"{listed}\n"
    assert [(found.value, found.help) for found in tree.shell_complete(context, "ni")] == [("night", "The night.")]
    assert ("night" in tree.commands, "noon" in tree.commands, len(tree.commands), built) == (True, False, 1, [])
    assert tree.get_command(context, "night") is tree.get_command(context, "night")
    assert tree.get_command(context, "noon") is None
    assert built == [1]


def test_what_is_mistyped_is_told_as_ever(call: Callable[..., Any]) -> None:
    for words, said in (
        (["incidnt"], "No such command 'incidnt'. Did you mean 'incident', 'init'?"),
        (["frobnicate"], "No such command 'frobnicate'."),
        (["incident", "shw"], "No such command 'shw'. Did you mean 'show'?"),
        (["rules", "filters", "aprove"], "No such command 'aprove'. Did you mean 'approve'"),
    ):
        ended = call(*words)
        assert (ended.code, said in ended.err) == (2, True), ended.err
