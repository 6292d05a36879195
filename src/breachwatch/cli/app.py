"""`breachwatch`: the command line. Commands are thin; their work is in the package.

Exit codes: 0 done; 1 the input is damaged; 2 wrong usage or settings; 3 the machine refuses (permission, space, lock);
4 evidence is missing or altered; 5 a run that left something out; 70 an error in breachwatch itself; 77 not permitted
to this role; 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from breachwatch.cli.commands import COMMANDS
from breachwatch.cli.options import Common, remark, was_interrupted
from breachwatch.cli.tree import Tree, elsewhere
from breachwatch.errors import BreachwatchError, EnvironmentFault

UNEXPECTED = 70
"""EX_SOFTWARE of sysexits.h."""
INTERRUPTED = 130
"""128 and SIGINT, as shells have it."""


class _All(Tree):
    """Every command, each imported and built only when it is asked for."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.plant({name: elsewhere(name, place, words) for name, (place, words) in COMMANDS.items()})


# Plain help: rich's would cost as much again as everything else that `--help` needs.
app = typer.Typer(
    name="breachwatch",
    cls=_All,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 damaged input, 2 wrong usage or settings, 3 the machine refuses, 4 evidence is "
    "missing or altered, 5 a run that left something out, 70 an error in breachwatch itself, 77 not permitted to "
    "this role, 130 interrupted.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"breachwatch {version('breachwatch')}")
        raise typer.Exit


@app.callback()
def start(
    ctx: typer.Context,
    workspace: Annotated[
        Path | None,
        typer.Option("--workspace", "-w", metavar="DIR", help="The workspace's folder; also after a command."),
    ] = None,
    login: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="LOGIN", help="Act as this person of the settings; the log names the account too."
        ),
    ] = None,
    show_traceback: Annotated[
        bool, typer.Option("--traceback", help="Show the traceback of an unexpected error.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Nightly detection over a city's logs, with incidents and evidence that a stranger can verify.

    Start with `breachwatch init`, then `breachwatch run`, then `breachwatch queue`.
    """
    del version
    common = ctx.ensure_object(Common)
    common.workspace = workspace
    common.login = login
    common.traceback = common.traceback or show_traceback


def main(arguments: list[str] | None = None, common: Common | None = None) -> int:
    """Run one command and return its exit code. What a user can cause ends in one sentence, not in a traceback."""
    _prepare_streams()
    common = common or Common()
    try:
        code = _command()(arguments, prog_name="breachwatch", obj=common, standalone_mode=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001  the one place where every error ends
        code = INTERRUPTED if was_interrupted(error) else _ended(error, common)
    if code == INTERRUPTED:
        remark("interrupted. What was finished is kept; the next run goes on from there.")
    return code if isinstance(code, int) else 0


@cache
def _command() -> Callable[..., object]:
    """The tree of commands; making it costs more than most commands, so that it is made once in a process."""
    command: Callable[..., object] = typer.main.get_command(app)
    return command


def _ended(error: Exception, common: Common) -> int:
    """Tell a person what ended the command, and find the exit code."""
    match error:
        case BreachwatchError():
            remark(f"breachwatch: {error}")
            return error.exit_code
        case typer.Abort():
            return INTERRUPTED
        case typer.TyperException():
            return _usage(error)
        case BrokenPipeError():
            return _quiet_end()
    if common.traceback:
        raise error
    refusal = _refusal(error)
    if refusal:
        remark(f"breachwatch: the machine refuses: {refusal}.")
        return EnvironmentFault.exit_code
    return _unexpected(error, common)


def _refusal(error: Exception) -> str:
    """What the system, or the records database, would not do; empty for any other error."""
    if isinstance(error, OSError):
        return f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''}"
    if type(error).__module__.startswith("sqlalchemy.") and type(error).__name__ in {
        "OperationalError",
        "DatabaseError",
    }:
        return f"records database: {getattr(error, 'orig', error)}"
    return ""


def _prepare_streams() -> None:
    """A character that the terminal's encoding lacks is written out, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _usage(error: Exception) -> int:
    shown = getattr(error, "show", None)
    if shown is not None:
        shown()
    else:
        remark(f"breachwatch: {error}")
    return int(getattr(error, "exit_code", 2))


def _quiet_end() -> int:
    """Whoever read our output has seen enough; Python must not complain about that at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _unexpected(error: Exception, common: Common) -> int:
    """The details go to a file that only the owner can read, because they may quote log content."""
    details = "".join(traceback.format_exception(error))
    sentence = f"breachwatch: an unexpected {type(error).__name__} ended this; that is an error in breachwatch."
    try:
        if common.opened is None:
            raise FileNotFoundError
        place = common.opened / "last-error.txt"
        place.unlink(missing_ok=True)
        place.touch(mode=0o600)
        place.write_text(details, encoding="utf-8", errors="backslashreplace")
    except OSError:
        remark(f"{sentence}\n{details}")
    else:
        remark(f"{sentence} The details are in {place}.")
    return UNEXPECTED


if __name__ == "__main__":
    sys.exit(main())
