"""The tree of commands, of which only the asked-for branch is built.

Typer makes the parameters of every command of every group before it looks at the first word. With some hundred and
forty commands that is most of what a short command costs. Here a group knows its commands by name and by the first
sentence of their help; the rest of a command is made when somebody asks for it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from importlib import import_module
from inspect import cleandoc, getdoc
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command_from_info, get_command_name, get_group_from_info, solve_typer_info_help
from typer.models import CommandInfo, TyperInfo

if TYPE_CHECKING:
    # Typer carries a click of its own, and names its classes only here.
    from typer._click import Command, Context, HelpFormatter
    from typer._click.shell_completion import CompletionItem


@dataclass(frozen=True, slots=True)
class Later:
    """A command that is not built yet: its help, of which the first sentence is listed, and how it is made."""

    help: str
    make: Callable[[], Command]


class Tree(TyperGroup):
    """A group whose commands are built when they are asked for; lists and completion need only their first words."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self._later: Mapping[str, Later] = {}

    def plant(self, later: Mapping[str, Later]) -> None:
        """Take these commands, in their order."""
        self._later = later
        self.commands = _WhenAsked(later)

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002
        """The names in their order; Typer's own way to them would build all."""
        return list(self._later)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """List the commands as Typer does, from their first sentences alone."""
        names = self.list_commands(ctx)
        width = formatter.width - 6 - max(map(len, names))
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._first_words(name, width)) for name in names])

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        """Complete names as Typer does, from their first sentences alone; then options."""
        from typer._click.shell_completion import CompletionItem

        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        found = [CompletionItem(name, help=self._first_words(name)) for name in names]
        return [*found, *super(TyperGroup, self).shell_complete(ctx, incomplete)]

    def _first_words(self, name: str, width: int = 45) -> str:
        """The first sentence of a command's help, cut to a width as click cuts it; 45 is what completion has there."""
        return TyperCommand(name, help=self._later[name].help).get_short_help_str(width)


class _WhenAsked(MutableMapping[str, "Command"]):
    """Commands by name, each built at its first look-up."""

    def __init__(self, later: Mapping[str, Later]) -> None:
        self._commands: dict[str, Command | Later] = dict(later)

    def __getitem__(self, name: str) -> Command:
        found = self._commands[name]
        if isinstance(found, Later):
            found = self._commands[name] = found.make()
        return found

    def __setitem__(self, name: str, command: Command) -> None:
        self._commands[name] = command

    def __delitem__(self, name: str) -> None:
        del self._commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)

    def __contains__(self, name: object) -> bool:
        return name in self._commands


def elsewhere(name: str, place: str, help: str) -> Later:  # noqa: A002 - the word that Typer has for it
    """A command or group of a module that is imported when it is asked for; `place` is `module:attribute`."""

    def make() -> Command:
        module, _, attribute = place.partition(":")
        found = getattr(import_module(f"{__package__}.{module}"), attribute)
        return _group(found, name) if isinstance(found, typer.Typer) else _command(CommandInfo(name, callback=found))

    return Later(help, make)


def _group(app: typer.Typer, name: str) -> Tree:
    """What Typer makes of an app, but for the commands: those are built later."""
    bare = copy.copy(app)
    bare.registered_commands, bare.registered_groups = [], []
    group = get_group_from_info(
        TyperInfo(bare, name=name, cls=Tree),
        pretty_exceptions_short=False,
        suggest_commands=True,
        rich_markup_mode=None,
    )
    if not isinstance(group, Tree):
        raise TypeError(f"{name} has a class of its own.")
    group.plant(dict([*map(_later_command, app.registered_commands), *map(_later_group, app.registered_groups)]))
    return group


def _later_command(info: CommandInfo) -> tuple[str, Later]:
    callback: Any = info.callback
    name = info.name or get_command_name(callback.__name__)
    return name, Later(cleandoc(info.help or getdoc(callback) or ""), lambda: _command(info))


def _later_group(info: TyperInfo) -> tuple[str, Later]:
    app, name = info.typer_instance, info.name
    if app is None or not isinstance(name, str):
        raise TypeError("A group of commands needs a name.")
    return name, Later(solve_typer_info_help(info), lambda: _group(app, name))


def _command(info: CommandInfo) -> Command:
    return get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)
