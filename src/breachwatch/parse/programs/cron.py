"""cron, crontab, anacron and atd. Messages: Debian cron and cronie do_command.c, crontab.c, misc.c (`log_it`); cron(8).

A line is `(USER) EVENT (DETAIL)`. A job that ran is `scheduled-job-run`; a crontab that was put in place is
`scheduled-task-created`. Reading or editing a crontab (LIST, BEGIN EDIT) changes nothing and has no action.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.programs.meaning import CRON, Values, pattern

_LINE = pattern(r"\((?P<user>.{0,256}?)\)[ ](?P<event>[A-Z][A-Za-z ]*?)[ ]\((?P<detail>.*)\)")
_AT = pattern(
    r"Starting[ ]job[ ](?P<job>\d+)[ ]\((?P<file>.*?)\)[ ]for[ ]user[ ]'(?P<user>.{0,256})'[ ]\((?P<uid>\d+)\)"
)
_ANACRON = pattern(r"Job[ ][`'](?P<job>.*)'[ ]started")


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of cron and its like."""
    found = _LINE.fullmatch(message)
    if found is not None:
        values["user"] = found["user"]
        event, detail = found["event"], found["detail"]
        if event == "CMD":
            values["action"], values["command"] = actions.JOB_RUN, detail
        elif event == "REPLACE":
            values["action"], values["outcome"] = actions.TASK_CREATED, actions.SUCCESS
            extra["crontab_of"] = detail
        else:
            extra["event"], extra["detail"] = event, detail
    elif found := _AT.fullmatch(message):
        values["action"], values["user"], values["command"] = actions.JOB_RUN, found["user"], found["file"]
        values["service"] = "atd"
    elif found := _ANACRON.fullmatch(message):
        values["action"], values["command"] = actions.JOB_RUN, found["job"]
        values["service"] = "anacron"
    return CRON


READERS: Final = dict.fromkeys(("cron", "crond", "crontab", "anacron", "atd"), read)
