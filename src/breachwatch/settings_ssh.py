"""Settings of sources of kind "ssh": which host, who we are there, and how we know that it is that host."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from breachwatch.settings_base import Section


class Ssh(Section):
    """Another host, reached over SSH (SFTP) with a key; there is no password login."""

    address: Annotated[str, Field(pattern=r"^[A-Za-z0-9_:][A-Za-z0-9_.:%-]{0,252}$")]  # name or IP address
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    user: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@\\-]{0,63}$")]
    key_file: Annotated[str, Field(min_length=1)]  # private key without a passphrase; relative to the workspace
    known_hosts: str = ""  # file in OpenSSH's form (sshd(8)); empty: known_hosts in the workspace
    host_key: Annotated[str, Field(pattern=r"^(|[a-z0-9@.-]{3,64} [A-Za-z0-9+/=]{16,4096})$")] = (
        ""  # the host's only key
    )
    timeout_seconds: Annotated[float, Field(ge=1, le=600)] = 60.0  # of one request
    max_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 60.0  # what is not reached by then is taken the next night

    @model_validator(mode="after")
    def _one_proof(self) -> Ssh:
        if self.host_key and self.known_hosts:
            msg = "ssh: give host_key (the host's public key itself) or known_hosts (a file that lists it), not both"
            raise ValueError(msg)
        return self
