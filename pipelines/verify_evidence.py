"""`evidence verify --all` as a flow, on a schedule of its own: all sealed evidence, or a share of it.

Each result is entered into the chain of custody. A flow run in which something does not verify ends as Failed, which
raises the alarm; which evidence it is stands in its message and its artifact, never what is in it.
"""

from __future__ import annotations

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, StateType

from breachwatch.evidence import vouching
from breachwatch.evidence.ledger import verifying
from pipelines._flowkit import discreet, open_for_flow, workspace_root


@task(name="verify evidence", task_run_name="verify evidence", cache_policy=NO_CACHE)
@discreet
def evidence(root: str, share: float) -> tuple[int, list[str]]:
    """How many pieces were verified, and the numbers of those that are not what was sealed."""
    reports = vouching.recheck(open_for_flow(root), share)
    return len(reports), [report.number for report in reports if not report.ok]


@task(name="verify ledgers", task_run_name="verify ledgers", cache_policy=NO_CACHE)
@discreet
def ledgers(root: str, reread: bool) -> list[str]:
    """The names of the ledgers that do not verify, and `all ledgers` for what concerns all of them."""
    return [report.number for report in verifying.verify(open_for_flow(root), reread=reread) if not report.ok]


@flow(name="verify evidence", flow_run_name="verify evidence", retries=0, persist_result=False)
def verify_evidence(
    workspace: str | None = None, share: float = 1.0, read_segments: bool = False
) -> State[dict[str, list[str]]]:
    """Verify a share of the evidence (1.0: all of it) and all ledgers; with `read_segments` the stored logs too."""
    root = str(workspace_root(workspace))
    count, bad = evidence(root, share)
    wrong = ledgers(root, read_segments)
    told = (
        f"{count} pieces of evidence verified, {len(bad)} are not what was sealed. {len(wrong)} ledgers do not verify."
    )
    lines = [f"- {name}" for name in (*bad, *wrong)]
    create_markdown_artifact("\n".join([told, "", *lines]), key="evidence-verified", description="Evidence verified")
    found = {"evidence": bad, "ledgers": wrong}
    if lines:
        return State(type=StateType.FAILED, name="Failed", message=f"{told} {', '.join((*bad, *wrong))}", data=found)
    return State(type=StateType.COMPLETED, name="Completed", message=told, data=found)
