"""All commands and groups by name: where each stands, and the first sentence of its help.

They stand in the order in which one meets them, and the list of commands shows them so. The sentences are repeated
here because to ask the modules for them would import and build every one of them.
"""

from __future__ import annotations

COMMANDS = {
    "init": ("init:init", "Lay out a workspace."),
    "run": ("run:run", "Do one night, from logs to sealed evidence."),
    "hunt": ("hunt:hunt", "Search the past of the lake with some rules."),
    "sources": ("sources:app", "List the sources and what came of them, try one, add one."),
    "rules": ("rules:app", "List, check and test detection rules."),
    "queue": ("queue:queue", "List the incidents that wait for you."),
    "incident": ("incident:app", "Look at one incident, and work on it."),
    "alert": ("alert:app", "Look at alerts that no incident has, and close them."),
    "report": ("report:app", "What staff, vendors and residents report: take it in, look at it, answer it."),
    "referral": (
        "referral:app",
        "Referrals to police, attorneys, regulators, court, human resources, vendors and insurers.",
    ),
    "request": ("request:app", "Answer requests for public records: the City Clerk's desk."),
    "retention": ("retention:app", "Dispose of the files of closed incidents, with a certificate."),
    "evidence": ("evidence:app", "Verify, list and hand on sealed evidence."),
    "hold": ("hold:app", "Place, acknowledge and release preservation orders."),
    "notify": ("notify:app", "Tell people what waits; acknowledge it."),
    "digest": ("digest:digest", "Say what waits, what failed and what runs out."),
    "keys": ("keys:app", "The keys that sign evidence."),
    "ledger": ("ledger:app", "The ledger of each night."),
    "jurisdiction": ("jurisdiction:app", "What the law asks of a city after a breach, with citations."),
    "assess": (
        "assess:assess",
        "Weigh facts against the law: obligations that are triggered, undetermined or not, and what decides each.",
    ),
    "duty": ("duty:app", "What the law asks in an incident: proposals, counsel's decisions, steps, deadlines."),
    "clocks": (
        "duty:clocks",
        "Show all open legal clocks, of incidents and of requests for public records, the most urgent first.",
    ),
    "paper": ("paper:app", "Letters, notices, reports and orders: drafted, approved by counsel, sent."),
    "contacts": (
        "contacts:contacts",
        "Show the directory of people and contacts with the official forms, and what is missing in it.",
    ),
    "closure": ("closure:app", "Close an incident: what is met, what is missing, the after-action report."),
    "metrics": (
        "metrics:app",
        "Measure response: times, legal clocks, false positives, nights; the monthly report to council.",
    ),
    "register": ("register:app", "The register of systems: what they are worth and hold."),
    "lake": ("lake:app", "Check and tend the lake."),
    "sql": ("sql:sql", "Run a DuckDB query over the lake."),
    "simulate": ("simulate:simulate", "Write the logs of a made-up city."),
    "example": (
        "example:example",
        "Play a worked example: logs, detection, evidence, assessment, clocks, papers, closing.",
    ),
    "schedule": ("schedule:schedule", "Serve the nightly schedule until stopped."),
}
"""name: (module of this package and what it calls the command, the first sentence of the help)"""
