"""What the night does for the lake: retention and merging, with what goes wrong told in the summary."""

from __future__ import annotations

from typing import Any

import pytest

from breachwatch import lake, run
from breachwatch.evidence.holds import place
from breachwatch.lake.care import holds, tending
from breachwatch.model.summary import RunState, RunSummary, Upkeep, Vouched
from breachwatch.report.problems import troubles
from breachwatch.report.summary import summary_page
from breachwatch.report.terminal import output
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY
from tests.unit.lake.care.site import later, searched, with_settings

PERIOD = "[lake]\nretention = {default = 10, segments = 20}\n"


def summary(ws: Workspace, upkeep: Upkeep) -> RunSummary:
    searched_now = run.Searched(0, (), 0, 0, (), (), ())
    return run.finish(ws, run.begin(ws), [], searched_now, [], (upkeep, Vouched()))


def shown(done: RunSummary, ws: Workspace) -> str:
    console = output()
    with console.capture() as captured:
        console.print(summary_page(done, ws.settings.city.zone))
    return " ".join(captured.get().split())


def test_small_files_are_merged_and_what_is_past_its_period_goes(site: Workspace) -> None:
    searched(site)
    files = len(lake.files(site))
    ws = with_settings(site, PERIOD)
    done = run.tend(ws)
    assert (done.merged_files, done.merged_into, done.disposed_files) == (files, len(lake.files(ws)), 0)
    place(ws, [("source", "web01")], reason="a request", by=SOMEBODY)
    assert len(holds(ws)) == 1
    late = later(ws, 11)
    held = run.tend(late)
    assert (held.kept_files, held.disposed_files, held.problems) == (len(lake.files(ws)), 0, ())
    done = summary(late, held)
    assert done.state is RunState.COMPLETED
    assert "past their period kept by holds and open incidents" in shown(done, late)


def test_nothing_is_done_that_the_settings_do_not_ask_for(site: Workspace) -> None:
    searched(site)
    before = lake.files(site)
    assert run.tend(with_settings(site, "[lake]\ncompact = false\n")) == Upkeep()
    assert lake.files(site) == before


def test_what_goes_wrong_is_told_and_stops_nothing(site: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    searched(site)

    def breaks(*arguments: Any, **named: Any) -> Any:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(tending, "retain", breaks)
    ws = with_settings(site, PERIOD)
    done = summary(ws, run.tend(ws))
    assert done.upkeep.merged_files > 0
    assert done.state is RunState.PARTIAL
    assert [(item.about, item.serious) for item in troubles(done)] == [("lake", True)]
    assert "Input/output error" in shown(done, ws)


def test_a_changed_file_makes_the_night_partial(site: Workspace) -> None:
    searched(site)
    path = site.lake / lake.files(site)[0].path
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    done = summary(site, run.tend(site))
    assert done.state is RunState.PARTIAL
    assert "is not what was written" in done.upkeep.problems[0]
