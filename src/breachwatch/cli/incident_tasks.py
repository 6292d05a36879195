"""`breachwatch incident task`: what is to be done, by playbook or by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from breachwatch.cli.incident_options import NumberArgument, ReasonOption, case_number, chosen, tell, time_of
from breachwatch.cli.options import JsonOption, WorkspaceOption, actor, open_workspace, show, show_json

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Tasks: planned from playbooks, or added by hand.")
TaskArgument = Annotated[int, typer.Argument(metavar="TASK", help="Its number, from the list.")]


@app.command("list")
def list_tasks(
    ctx: typer.Context, number: NumberArgument, as_json: JsonOption = False, workspace: WorkspaceOption = None
) -> None:
    """List the tasks of an incident, what is open first."""
    from breachwatch.incidents.casework import tasks
    from breachwatch.report.casework import tasks_page

    ws = open_workspace(ctx, workspace)
    found = tasks.tasks(ws, case_number(ws, number), by=actor(ctx, ws))
    if as_json:
        show_json(found)
    else:
        show(tasks_page(found, ws.clock.now(), ws.settings.city.zone))


@app.command("plan")
def plan(
    ctx: typer.Context, number: NumberArgument, as_json: JsonOption = False, workspace: WorkspaceOption = None
) -> None:
    """Add the tasks that the playbooks ask for and that are not there yet."""
    from breachwatch.incidents.casework import tasks

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    new = tasks.plan(ws, number, by=actor(ctx, ws))
    tell(ws, number, f"{new} tasks planned", as_json=as_json)


@app.command("add")
def add(
    ctx: typer.Context,
    number: NumberArgument,
    title: Annotated[str, typer.Argument(metavar="WHAT", help="What is to be done.")],
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help="Whose part it is.")] = "analyst",
    who: Annotated[str, typer.Option("--who", metavar="WHO", help="Who does it.")] = "",
    due: Annotated[str, typer.Option("--due", metavar="TIME", help="By when.")] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Add a task by hand."""
    from breachwatch.incidents.casework import tasks
    from breachwatch.model.people import Role

    ws = open_workspace(ctx, workspace)
    number, when = case_number(ws, number), time_of(ws, due) if due else None
    made = tasks.add(ws, number, title, by=actor(ctx, ws), role=chosen(Role, role, "role"), assignee=who, due_at=when)
    tell(ws, number, f"task {made} added", as_json=as_json)


@app.command("done")
def done(
    ctx: typer.Context,
    number: NumberArgument,
    task: TaskArgument,
    reason: Annotated[str, typer.Option("--result", metavar="TEXT", help="What came of it.")] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record that a task is done."""
    from breachwatch.incidents.casework import tasks

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    tasks.done(ws, number, task, by=actor(ctx, ws), reason=reason)
    tell(ws, number, f"task {task} done", as_json=as_json)


@app.command("skip")
def skip(
    ctx: typer.Context,
    number: NumberArgument,
    task: TaskArgument,
    reason: ReasonOption,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record why a task does not apply."""
    from breachwatch.incidents.casework import tasks

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    tasks.not_applicable(ws, number, task, by=actor(ctx, ws), reason=reason)
    tell(ws, number, f"task {task} does not apply", as_json=as_json)


@app.command("block")
def block(
    ctx: typer.Context,
    number: NumberArgument,
    task: TaskArgument,
    reason: ReasonOption,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record what a task waits for."""
    from breachwatch.incidents.casework import tasks

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    tasks.block(ws, number, task, by=actor(ctx, ws), reason=reason)
    tell(ws, number, f"task {task} waits", as_json=as_json)


@app.command("reopen")
def reopen(
    ctx: typer.Context,
    number: NumberArgument,
    task: TaskArgument,
    reason: ReasonOption,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Open a task again."""
    from breachwatch.incidents.casework import tasks

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    tasks.reopen(ws, number, task, by=actor(ctx, ws), reason=reason)
    tell(ws, number, f"task {task} is open again", as_json=as_json)


@app.command("assign")
def assign(
    ctx: typer.Context,
    number: NumberArgument,
    task: TaskArgument,
    who: Annotated[str, typer.Argument(metavar="WHO", help="Who does it.")],
    as_json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Say who does a task."""
    from breachwatch.incidents.casework import tasks

    ws = open_workspace(ctx, workspace)
    number = case_number(ws, number)
    tasks.assign(ws, number, task, who, by=actor(ctx, ws))
    tell(ws, number, f"task {task} is for {who}", as_json=as_json)
