"""What `breachwatch sources add` asks for each kind of source: the keys of its own table, and who another host is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from breachwatch.cli.options import remark

if TYPE_CHECKING:
    from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Question:
    """One key of a table. An empty answer, where the default is empty, leaves it out."""

    key: str
    text: str
    default: str | None = None  # None: it must be answered
    several: bool = False  # answers are separated by commas


_MICROSOFT = (
    Question("tenant", "Tenant (id or domain)"),
    Question("client_id", "Client id of the registered application"),
    Question("client_secret_file", "File with its secret (empty: a certificate, or the environment)", ""),
    Question("certificate_file", "File with its private key and certificate, PEM (empty: none)", ""),
    Question("cloud", "Cloud", "worldwide"),
)

QUESTIONS: dict[str, tuple[Question, ...]] = {
    "ssh": (
        Question("address", "Host (name or IP address)"),
        Question("port", "Port", "22"),
        Question("user", "Account there, which may read the logs"),
        Question("key_file", "Private key without a passphrase (a path)", "keys/collect_ed25519"),
    ),
    "objects": (
        Question("url", "Address (s3://BUCKET/PREFIX, az://CONTAINER/PREFIX or gs://BUCKET/PREFIX)"),
        Question("endpoint", "S3-compatible server, like https://minio.example.gov:9000 (empty: the vendor's)", ""),
    ),
    "s3": (
        Question("region", "Region (empty: from the environment)", ""),
        Question("access_key_id", "Access key id (empty: the environment's, or the machine's role)", ""),
        Question("secret_access_key_file", "File with its secret access key (empty: as above)", ""),
    ),
    "az": (
        Question("account", "Storage account"),
        Question("account_key_file", "File with its key (empty: a token, or the environment)", ""),
        Question("sas_token_file", "File with a SAS token (empty: none)", ""),
    ),
    "gs": (Question("service_account_file", "The service account's JSON key (empty: the environment's)", ""),),
    "entra": _MICROSOFT,
    "m365": _MICROSOFT,
    "okta": (
        Question("url", "Address, like https://city.okta.com"),
        Question("token_file", "File with an API token (empty: the environment)", ""),
    ),
    "google-workspace": (
        Question("subject", "Administrator in whose name it asks (an e-mail address)"),
        Question("key_file", "The service account's JSON key (a path)"),
    ),
    "cloudtrail": (
        Question("regions", "Regions, separated by commas", "us-east-1", several=True),
        Question("profile", "Profile of the AWS tools (empty: none)", ""),
    ),
}
"""By kind; of object stores also by the scheme of their address."""

PATHS = {
    "files": ("Files (a pattern, such as /srv/logs/vpn01/auth.log*)", None),
    "ssh": ("Files there (a pattern, such as /var/log/auth.log*)", None),
    "objects": ("Objects below that address (a pattern, such as %Y/%m/%d/*.json.gz; empty: all)", ""),
}
"""How kinds of sources that consist of files ask for them, and what may be left out."""


def table_of(kind: str) -> str:
    """The name of a kind's own table; empty where it has none."""
    from breachwatch.settings_api import TABLES

    return kind if kind in {"ssh", "objects"} else TABLES.get(kind, "")


def ask_table(ws: Workspace, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a kind's own table: those that are given, and answers to the questions for the rest."""
    values = dict(given) | _answers(QUESTIONS.get(kind, ()), given)
    if kind == "objects":
        values |= _answers(QUESTIONS.get(str(values["url"]).partition("://")[0], ()), values)
        if str(values.get("endpoint", "")).startswith("http://") and "allow_http" not in values:
            values["allow_http"] = typer.confirm("Without encryption others can read along. Is that so wanted?")
    if kind == "ssh" and not {"host_key", "known_hosts"} & set(values):
        values |= _ask_host_key(ws, values)
    return values


def _answers(questions: tuple[Question, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for question in questions:
        if question.key in given or ("client_secret_file" in answers and question.key == "certificate_file"):
            continue
        said = str(typer.prompt(question.text, default=question.default, show_default=bool(question.default))).strip()
        if question.several:
            answers[question.key] = [part.strip() for part in said.split(",") if part.strip()]
        elif (said and said != question.default) or question.key == "key_file":
            answers[question.key] = int(said) if said.isdecimal() and question.key == "port" else said
    return answers


def _ask_host_key(ws: Workspace, values: Mapping[str, Any]) -> dict[str, Any]:
    """Show the key that the host offers; it is taken only where a person says that it is the host's."""
    from breachwatch.collect.patience import Patience
    from breachwatch.collect.places import LostError
    from breachwatch.collect.ssh_login import offered_key
    from breachwatch.settings_ssh import Ssh

    try:
        ssh = Ssh.model_validate(values)
        key, words = offered_key(ssh, Patience(0.5).left)
    except (LostError, ValueError) as error:
        remark(f"the host shows no key now ({error}). List it in {ws.root / 'known_hosts'}, or set ssh.host_key.")
        return {}
    remark(f"the host shows the key {words}")
    remark("compare it with what `ssh-keygen -l -f` prints of its own /etc/ssh/ssh_host_*_key.pub, on the host itself.")
    if typer.confirm("Is it the same?", default=False):
        return {"host_key": key}
    remark(f"then it is not trusted. List the right one in {ws.root / 'known_hosts'}, or set ssh.host_key.")
    return {}
