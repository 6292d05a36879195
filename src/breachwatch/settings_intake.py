"""Settings of intake: how much one report may bring, how many nobody stands behind, when a reporter is answered."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from breachwatch.settings_base import Section


class Intake(Section):
    """What is taken in. Nobody of the house stands behind what comes by the web form or from a mailbox."""

    unvouched_per_hour: Annotated[int, Field(ge=1, le=10_000)] = 30
    unvouched_per_day: Annotated[int, Field(ge=1, le=100_000)] = 200
    most_files: Annotated[int, Field(ge=0, le=500)] = 20
    most_mib: Annotated[int, Field(ge=1, le=100_000)] = 200  # of all attachments of one report
    answer_days: Annotated[int, Field(ge=0, le=365)] = (
        7  # after which a reporter is owed the next answer; 0: none is set
    )
