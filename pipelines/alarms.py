"""Automations that raise the alarm: no nightly run in 26 hours, one that failed or was partial, altered evidence.

They live on the Prefect server, so that they speak up when the machine's flow processes do not. State hooks run inside
the process that died and cannot.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

from prefect.automations import Automation, EventTrigger, Posture
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.events.actions import DoNothing, SendNotification

from breachwatch.errors import BreachwatchError, SettingsError
from breachwatch.settings import Alarm
from breachwatch.workspace import Workspace
from pipelines._flowkit import open_for_flow, workspace_root

BLOCK = "breachwatch-alarm"
SILENT = "breachwatch: no nightly run"
BROKEN = "breachwatch: the nightly run failed or was partial"
ALTERED = "breachwatch: evidence or ledgers do not verify"
ENDED = {"prefect.flow-run.Completed", "prefect.flow-run.Partial"}
TROUBLED = {"prefect.flow-run.Failed", "prefect.flow-run.Crashed", "prefect.flow-run.Partial"}
TRUST = {"prefect.resource.role": "flow", "prefect.resource.name": ["verify evidence", "ledger"]}
NIGHTLY = {"prefect.resource.role": "flow", "prefect.resource.name": "nightly"}


def set_alarms(ws: Workspace) -> str:
    """Create the automations on the server, or bring them up to date. Returns where the alarm goes, for people."""
    alarm = ws.settings.alarm
    url = webhook_url(ws, alarm)
    hours = timedelta(hours=alarm.hours)
    _put(
        SILENT,
        f"No nightly run of {ws.settings.city.name} completed in {alarm.hours:g} hours.",
        EventTrigger(
            expect=ENDED,
            match_related=NIGHTLY,
            posture=Posture.Proactive,
            threshold=1,
            within=hours,
        ),
        url,
    )
    _put(
        BROKEN,
        f"A nightly run of {ws.settings.city.name} failed or left something out.",
        EventTrigger(
            expect=TROUBLED,
            match_related=NIGHTLY,
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        url,
    )
    _put(
        ALTERED,
        f"Evidence or a ledger of {ws.settings.city.name} does not verify, or the check itself failed.",
        EventTrigger(
            expect=TROUBLED,
            match_related=TRUST,
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        url,
    )
    if url:
        return "the alarm goes to the webhook of the settings"
    return "no alarm.webhook_url is set: the alarm shows only in Prefect's event feed"


def webhook_url(ws: Workspace, alarm: Alarm) -> str:
    """The alarm's address, from the environment or the file that the settings name; empty: none."""
    if alarm.webhook_url_file:
        path = ws.path(alarm.webhook_url_file)
        try:
            return path.read_text(encoding="utf-8").strip()
        except OSError as error:
            msg = f"alarm.webhook_url_file: cannot read {path}: {error.strerror}"
            raise SettingsError(msg) from error
    return alarm.webhook_url.get_secret_value()


def _put(name: str, sentence: str, trigger: EventTrigger, url: str) -> None:
    actions: list[Any] = [DoNothing()]
    if url:
        # The address is a secret: it goes into the block's encrypted part and is put in place when a message is sent.
        block: Any = CustomWebhookNotificationBlock(
            name=BLOCK,
            url="{{address}}",
            json_data={"text": "{{subject}}\n{{body}}"},
            secrets={"address": url},
        )
        document = block.save(BLOCK, overwrite=True)
        actions = [SendNotification(block_document_id=document, subject=name, body=sentence)]
    try:
        known: Any = Automation.read(name=name)
    except ValueError:
        Automation(name=name, description=sentence, trigger=trigger, actions=actions).create()
        return
    known.description, known.trigger, known.actions = sentence, trigger, actions
    known.update()


def main() -> int:
    """Set the alarms on the server that PREFECT_API_URL names, for sites that deploy with prefect.yaml."""
    try:
        ws = open_for_flow(str(workspace_root(sys.argv[1] if len(sys.argv) > 1 else None)))
        print(f"Alarms are set; {set_alarms(ws)}.", file=sys.stderr)
    except BreachwatchError as error:
        print(f"breachwatch: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
